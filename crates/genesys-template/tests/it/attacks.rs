//! The known ways in which a value takes over a request, one test each.

use genesys_template::{ErrorKind as K, Missing, Scope, Template, Values};
use serde_json::{Value, json};
use url::Url;

use crate::{header, input, json, problems, url};

/// The path segments that a server sees, decoded once.
fn segments(url: &str) -> Vec<String> {
    let url = Url::parse(url).unwrap();
    let segments = url.path_segments().unwrap();
    segments.map(crate::model::decode).collect()
}

fn refused(template: &Template, value: Value, kind: K) {
    let error = template.render(&input(value.clone())).unwrap_err();
    assert_eq!(error.kind(), kind, "{value}");
    assert!(error.is_value(), "{value}");
}

#[test]
// errata RST-13
fn dot_segments_are_refused() {
    let template = url("https://h.example/v1/{{input.a}}/x").unwrap();
    for dots in [
        ".", "..", "../admin", "a/../b", "..\\b", "a\\..", "/..", "./",
    ] {
        refused(&template, json!({ "a": dots }), K::DotSegment);
    }
    let template = url("https://h.example/v1/.{{input.a}}").unwrap();
    refused(&template, json!({ "a": "." }), K::DotSegment);
    refused(&template, json!({ "a": "" }), K::DotSegment);
    let template = url("https://h.example/v1/%2E{{input.a}}").unwrap();
    refused(&template, json!({ "a": "." }), K::DotSegment);
}

#[test]
// errata RST-13
fn dot_segments_of_two_values_are_refused() {
    let template = url("https://h.example/v1/{{input.a}}{{input.b}}/x").unwrap();
    for (a, b) in [
        (".", "."),
        ("..", "/"),
        ("..", "/x"),
        ("", ".."),
        ("x/.", "."),
    ] {
        refused(&template, json!({ "a": a, "b": b }), K::DotSegment);
    }
    let rendered = template
        .render(&input(json!({"a": ".", "b": "x"})))
        .unwrap();
    assert_eq!(segments(rendered.text()), ["v1", ".x", "x"]);
}

#[test]
fn encoded_traversal_stays_text() {
    let template = url("https://h.example/v1/{{input.a}}/x").unwrap();
    for encoded in [
        "%2e%2e",
        "%2e%2e%2fadmin",
        "..%2fadmin",
        "%252e%252e%252f",
        "%c0%ae",
    ] {
        let rendered = template.render(&input(json!({ "a": encoded })));
        if encoded.starts_with("..") {
            // Only the percent sign makes it no dot segment, and it is encoded.
            assert_eq!(segments(rendered.unwrap().text())[1], encoded);
        } else {
            assert_eq!(segments(rendered.unwrap().text()), ["v1", encoded, "x"]);
        }
    }
    let error = url("https://h.example/v1/%2{{input.a}}").unwrap_err();
    assert_eq!(
        problems(&error),
        [(K::InvalidUrl, Some(21))],
        "an escape is not finished by a value"
    );
}

#[test]
fn a_backslash_is_no_slash() {
    let template = url("https://h.example/v1/{{input.a}}").unwrap();
    let rendered = template.render(&input(json!({"a": "a\\b"}))).unwrap();
    assert_eq!(rendered.text(), "https://h.example/v1/a%5Cb");
    assert_eq!(
        url("https://h.example\\{{input.a}}").unwrap_err().kind(),
        K::InvalidUrl
    );
    assert_eq!(
        url("https://h.example/a\\b").unwrap_err().kind(),
        K::InvalidUrl
    );
}

#[test]
// errata RST-14
fn line_breaks_nul_and_del_reach_neither_header_nor_path() {
    for bad in [
        "\r\nX-Evil: 1",
        "\n",
        "\r",
        "a\0b",
        "\u{7f}",
        "\u{1b}[0m",
        "\u{b}",
    ] {
        refused(
            &header("Bearer {{input.a}}").unwrap(),
            json!({ "a": bad }),
            K::NotHeaderText,
        );
        refused(
            &url("https://h.example/{{input.a}}").unwrap(),
            json!({ "a": bad }),
            K::ControlCharacter,
        );
    }
    let query = url("https://h.example/?a={{input.a}}").unwrap();
    let rendered = query.render(&input(json!({"a": "\r\n\0\u{7f}"}))).unwrap();
    assert_eq!(rendered.text(), "https://h.example/?a=%0D%0A%00%7F");
}

#[test]
fn characters_that_shrink_to_line_breaks_are_refused_in_headers() {
    // Their low bytes are those of CR and LF.
    for look_alike in [
        "\u{10a}", "\u{10d}", "\u{560a}", "\u{560d}", "\u{85}", "\u{2028}", "\u{a0}", "é",
    ] {
        refused(
            &header("{{input.a}}").unwrap(),
            json!({ "a": look_alike }),
            K::NotHeaderText,
        );
    }
    let rendered = url("https://h.example/{{input.a}}").unwrap();
    let rendered = rendered.render(&input(json!({"a": "\u{560a}"}))).unwrap();
    assert_eq!(rendered.text(), "https://h.example/%E5%98%8A");
}

#[test]
// errata RST-13
fn a_query_is_not_split() {
    let template = url("https://h.example/a?x={{input.a}}&{{input.b}}=1").unwrap();
    let nasty = "1&admin=true;b=2#f?g=+ %26";
    let rendered = template
        .render(&input(json!({"a": nasty, "b": nasty})))
        .unwrap();
    let parsed = Url::parse(rendered.text()).unwrap();
    let pairs: Vec<_> = parsed.query_pairs().collect();
    assert_eq!(
        pairs,
        [("x".into(), nasty.into()), (nasty.into(), "1".into())]
    );
    assert_eq!(parsed.fragment(), None);
    // A parameter that vanishes would change their number.
    refused(
        &url("https://h.example/?{{input.a}}").unwrap(),
        json!({"a": ""}),
        K::EmptyParameter,
    );
}

#[test]
// errata RST-13
fn the_authority_is_not_taken_over() {
    for text in [
        "{{input.a}}",
        "{{input.a}}://h.example/",
        "https{{input.a}}://h.example/",
        "https://{{input.a}}",
        "https://{{input.a}}/x",
        "https://h.example{{input.a}}/",
        "https://h.example:{{input.a}}/",
        "https://user@{{input.a}}/",
        "https://{{input.a}}@h.example/",
        "//{{input.a}}/",
    ] {
        assert!(url(text).is_err(), "{text}");
    }
    let template = url("https://h.example/{{input.a}}?b={{input.a}}").unwrap();
    for value in [
        "@evil.example",
        "//evil.example",
        ":80",
        "https://evil.example/",
        "?@evil.example/",
    ] {
        let rendered = template.render(&input(json!({ "a": value }))).unwrap();
        let parsed = Url::parse(rendered.text()).unwrap();
        assert_eq!(parsed.origin().ascii_serialization(), "https://h.example");
        assert_eq!(segments(rendered.text()), [value]);
    }
    for name in ["Host", "content-length", "Transfer-Encoding", "connection"] {
        let error = Template::header(name, "{{input.a}}", &Scope::node()).unwrap_err();
        assert_eq!(problems(&error), [(K::PlaceNotAllowed, Some(0))], "{name}");
    }
}

#[test]
// errata RST-11, RST-12, DEP-33
fn json_strings_are_not_broken_out_of() {
    let template = json(r#"{"a":"x{{input.a}}y","b":1}"#).unwrap();
    for value in [
        "\"",
        "\",\"admin\":true,\"z\":\"",
        "\\",
        "\\\"",
        "\n\r\t\u{8}\u{c}\0\u{1f}",
        "\\u0022",
        "</script>\u{2028}",
    ] {
        let rendered = template.render(&input(json!({ "a": value }))).unwrap();
        let parsed: Value = serde_json::from_str(rendered.text()).unwrap();
        assert_eq!(parsed, json!({"a": format!("x{value}y"), "b": 1}));
    }
}

#[test]
// errata RST-10, RST-11, RST-12, RST-53, DEP-33
fn bare_values_are_json_of_their_own() {
    let template = json(r#"{"a":{{input.a}},"b":1}"#).unwrap();
    for value in [
        json!("1,\"admin\":true"),
        json!("}"),
        json!({"b": 2, "c": [null, {}]}),
        json!([]),
        json!(null),
        json!(false),
        json!(-1.5),
        json!("__proto__"),
    ] {
        let rendered = template.render(&input(json!({ "a": value }))).unwrap();
        let parsed: Value = serde_json::from_str(rendered.text()).unwrap();
        assert_eq!(parsed, json!({"a": value, "b": 1}));
    }
}

#[test]
// errata RST-12
fn a_key_does_not_shadow_another() {
    let template =
        json(r#"{"role":"user","{{input.a}}":1,"x{{input.b}}":2,"n":{"{{input.a}}":3}}"#).unwrap();
    for (a, b) in [("role", "1"), ("x1", "1"), ("n", "")] {
        refused(&template, json!({ "a": a, "b": b }), K::DuplicateKey);
    }
    refused(&template, json!({"a": 1, "b": "2"}), K::NotString);
    let rendered = template
        .render(&input(json!({"a": "k\",\"role\":\"admin", "b": ""})))
        .unwrap();
    let parsed: Value = serde_json::from_str(rendered.text()).unwrap();
    let key = "k\",\"role\":\"admin";
    assert_eq!(
        parsed,
        json!({"role": "user", key: 1, "x": 2, "n": {key: 3}})
    );
    // Another spelling of the same key.
    let template = json(r#"{"r\u006fle":"user","{{input.a}}":1}"#).unwrap();
    refused(&template, json!({"a": "role"}), K::DuplicateKey);
}

#[test]
fn keys_twice_are_refused_wherever_they_come_from() {
    let error = json(r#"{"a":1,"b":{"c":1,"\u0063":2}}"#).unwrap_err();
    assert_eq!(problems(&error), [(K::DuplicateKey, Some(19))]);
    let error = Values::new()
        .with_text("input", r#"{"x":{"a":1,"a":2}}"#)
        .unwrap_err();
    assert_eq!(problems(&error), [(K::DuplicateKey, Some(5))]);
    assert!(error.is_value());
}

#[test]
fn lone_surrogates_are_refused() {
    for text in [
        r#""\ud800""#,
        r#""\udc00x""#,
        r#"{"a":"\ud800\u0041"}"#,
        r#"{"\udfff":1}"#,
    ] {
        assert_eq!(
            Values::new().with_text("input", text).unwrap_err().kind(),
            K::InvalidJson,
            "{text}"
        );
        assert_eq!(json(text).unwrap_err().kind(), K::InvalidJson, "{text}");
    }
    // Two halves around a hole would meet when it is empty.
    assert_eq!(
        json(r#""\ud83d{{input.a}}\ude00""#).unwrap_err().kind(),
        K::InvalidJson
    );
    let values = Values::new()
        .with_text("input", r#"{"a":"\ud83d\ude00"}"#)
        .unwrap();
    assert_eq!(
        json(r#""{{input.a}}""#)
            .unwrap()
            .render(&values)
            .unwrap()
            .text(),
        "\"\u{1f600}\""
    );
}

#[test]
// errata RST-19
fn values_are_not_expanded_again() {
    let values =
        input(json!({"a": "{{input.b}}", "b": "{{input.a}}", "c": "{{credentials.token}}"}));
    for place in ["{{input.a}}", "{{input.b}}", "{{input.c}}"] {
        let expected = values_text(place);
        let template = json(&format!("[\"{place}\",{place}]")).unwrap();
        let rendered = template.render(&values).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(rendered.text()).unwrap(),
            json!([expected, expected])
        );
        let rendered = header(place).unwrap().render(&values).unwrap();
        assert_eq!(rendered.text(), expected);
        let rendered = url(&format!("https://h.example/{place}"))
            .unwrap()
            .render(&values)
            .unwrap();
        assert_eq!(segments(rendered.text()), [expected]);
    }
}

fn values_text(place: &str) -> &'static str {
    match place {
        "{{input.a}}" => "{{input.b}}",
        "{{input.b}}" => "{{input.a}}",
        _ => "{{credentials.token}}",
    }
}

#[test]
// errata RST-19
fn no_placeholder_is_glued_from_two_values() {
    let values = input(json!({"a": "{", "b": "{credentials.token}", "c": "}"}));
    let template = json(r#""{{input.a}}{{input.b}}{{input.c}}""#).unwrap();
    assert_eq!(
        template.render(&values).unwrap().text(),
        r#""{{credentials.token}}""#
    );
    // Nor by a later rendering, when this one leaves placeholders.
    let scope = Scope::node().with_missing(Missing::Preserve);
    let text = r#"["{{input.a}}{{input.b}}{{input.c}}","{{{input.none}}",{{input.b}}]"#;
    assert!(
        Template::json(text, &scope).is_err(),
        "three braces are no placeholder"
    );
    let text = r#"["{{input.a}}{{input.b}}{{input.c}}","{{input.none}}",{{input.b}},{{input}}]"#;
    let first = Template::json(text, &scope)
        .unwrap()
        .render(&values)
        .unwrap();
    let second = Template::json(first.text(), &Scope::node()).unwrap();
    let names: Vec<&str> = second
        .variables()
        .iter()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(names, ["input.none"]);
    let header = Template::header("x", "{{input.a}}{{input.none}}", &scope).unwrap();
    assert_eq!(header.render(&values).unwrap_err().kind(), K::NotHeaderText);
}

#[test]
fn inherited_names_are_names_like_any_other() {
    let template = json(r#"["{{input.__proto__}}","{{input.constructor}}","{{input.toString}}","{{input.length}}"]"#).unwrap();
    let error = template.render(&input(json!({"a": [1]}))).unwrap_err();
    assert_eq!(error.missing().len(), 4);
    let error = json("{{input.a.length}}")
        .unwrap()
        .render(&input(json!({"a": [1]})))
        .unwrap_err();
    assert_eq!(error.missing().len(), 1);
    let own = input(json!({"__proto__": "a", "constructor": "b", "toString": "c", "length": "d"}));
    assert_eq!(
        template.render(&own).unwrap().text(),
        r#"["a","b","c","d"]"#
    );
}

#[test]
// errata RST-16
fn big_numbers_keep_every_digit() {
    let digits = "9".repeat(400);
    let exact = [
        digits.as_str(),
        "12345678",
        "9007199254740993",
        "1e+400",
        "-0.10",
        "1E5",
        "-0",
        "0.30000000000000004440",
    ];
    for number in exact {
        let values = Values::new()
            .with_text("input", &format!("{{\"n\":{number}}}"))
            .unwrap();
        let bare = json(r#"{"n":{{input.n}},"s":"{{input.n}}","all":{{input}}}"#).unwrap();
        let expected = format!("{{\"n\":{number},\"s\":\"{number}\",\"all\":{{\"n\":{number}}}}}");
        assert_eq!(bare.render(&values).unwrap().text(), expected);
        let path = url("https://h.example/{{input.n}}")
            .unwrap()
            .render(&values)
            .unwrap();
        assert_eq!(segments(path.text()), [number]);
        assert_eq!(
            header("{{input.n}}")
                .unwrap()
                .render(&values)
                .unwrap()
                .text(),
            number
        );
    }
    // Also the numbers of a `Value` that are no floats.
    let values = input(json!({"n": u64::MAX, "m": i64::MIN, "f": 12_345_678.0}));
    let rendered = json("[{{input.n}},{{input.m}},{{input.f}}]")
        .unwrap()
        .render(&values)
        .unwrap();
    assert_eq!(
        rendered.text(),
        "[18446744073709551615,-9223372036854775808,12345678.0]"
    );
}

#[test]
// errata RST-18
fn malformed_placeholders_are_refused_in_every_part() {
    for bad in [
        "{{}}",
        "{{input}",
        "{{ input.a",
        "{{input..a}}",
        "{{input.a-b}}",
        "{{input.a b}}",
        "{{{input.a}}}",
        "{{#if input.a}}",
        "{{input.a | raw}}",
        "{{{{input.a}}}}",
        "{{input.{{input.a}}}}",
        "{{input['a']}}",
        "{{other.a}}",
    ] {
        assert!(json(&format!("\"{bad}\"")).is_err(), "{bad}");
        assert!(header(bad).is_err(), "{bad}");
        assert!(url(&format!("https://h.example/{bad}")).is_err(), "{bad}");
    }
}
