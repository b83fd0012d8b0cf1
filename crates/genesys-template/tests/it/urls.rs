//! URLs: structure, hosts, places.

use genesys_template::{ErrorKind as K, Position as P, Scope, Template};
use serde_json::json;

use crate::{input, problems, url};

#[test]
fn the_place_of_a_hole_follows_from_the_structure_around_it() {
    let text = "https://h.example/a/{{input.a}}-{{input.b}}/?{{input.c}}&x={{input.d}}={{input.e}}?/&{{input.f}}={{input.g}}";
    let positions: Vec<P> = url(text)
        .unwrap()
        .holes()
        .map(|hole| hole.position())
        .collect();
    assert_eq!(
        positions,
        [
            P::PathSegment,
            P::PathSegment,
            P::QueryName,
            P::QueryValue,
            P::QueryValue,
            P::QueryName,
            P::QueryValue
        ]
    );
    let spans: Vec<_> = url(text)
        .unwrap()
        .holes()
        .map(|hole| text[hole.source_span()].to_owned())
        .collect();
    assert_eq!(spans[1], "{{input.b}}");
}

#[test]
fn the_origin_is_written_as_a_parser_writes_it_and_the_rest_as_it_is() {
    for (text, rendered) in [
        ("https://h.example", "https://h.example/"),
        ("HTTPS://H.Example:443", "https://h.example/"),
        ("http://h.example:8080/a//b/", "http://h.example:8080/a//b/"),
        ("https://h.example?", "https://h.example/?"),
        (
            "https://h.example?a&&b=%2F&",
            "https://h.example/?a&&b=%2F&",
        ),
        (
            "https://bücher.example/%C3%BC",
            "https://xn--bcher-kva.example/%C3%BC",
        ),
        ("https://[::1]:8443/x;y=1,2", "https://[::1]:8443/x;y=1,2"),
    ] {
        let template = url(text).unwrap();
        assert_eq!(template.render(&input(json!({}))).unwrap().text(), rendered);
        let parsed = url::Url::parse(rendered).unwrap();
        assert_eq!(parsed.as_str(), rendered, "a parser changes nothing");
    }
}

#[test]
// errata RST-13
fn what_a_parser_would_repair_is_refused_at_its_byte() {
    for (text, kind, offset) in [
        ("", K::InvalidUrl, 0),
        ("ftp://h.example/", K::InvalidUrl, 0),
        ("//h.example/", K::InvalidUrl, 0),
        ("https:/h.example/", K::InvalidUrl, 0),
        ("https:///a", K::InvalidUrl, 8),
        ("https://*.example/", K::InvalidUrl, 8),
        ("https://h{a}.example/", K::InvalidUrl, 8),
        ("https://h.ex ample/", K::InvalidUrl, 12),
        ("https://h.example:99999/", K::InvalidUrl, 8),
        ("https://h.exa\tmple/", K::InvalidUrl, 13),
        ("https://u@h.example/", K::InvalidUrl, 9),
        ("https://u:p@h.example/", K::InvalidUrl, 11),
        ("https://h.example/a b", K::InvalidUrl, 19),
        ("https://h.example/a\nb", K::InvalidUrl, 19),
        ("https://h.example/é", K::InvalidUrl, 18),
        ("https://h.example/%zz", K::InvalidUrl, 18),
        ("https://h.example/%4", K::InvalidUrl, 18),
        ("https://h.example/a#b", K::InvalidUrl, 19),
        ("https://h.example/#{{input.a}}", K::InvalidUrl, 18),
        ("https://h.example/{a}", K::InvalidUrl, 18),
        ("https://h.example/a/../b", K::DotSegment, 20),
        ("https://h.example/%2e/b", K::DotSegment, 18),
        ("https://h.example/.", K::DotSegment, 18),
        ("{{input.a}}https://h.example/", K::PlaceNotAllowed, 0),
        ("https://{{input.a}}/", K::PlaceNotAllowed, 8),
        ("https://h.example:{{input.a}}/", K::PlaceNotAllowed, 18),
    ] {
        let error = url(text).unwrap_err();
        assert_eq!(problems(&error), [(kind, Some(offset))], "{text}: {error}");
        assert!(!error.is_value());
    }
}

#[test]
// errata RST-13
fn a_declared_host_is_one_of_those_letter_by_letter() {
    let scope =
        Scope::node().with_hosts(["api.use1.example.com", "api.euw1.example.com:8443", "[::1]"]);
    let template = Template::url("https://api.{{input.r}}/v1", &scope).unwrap();
    assert_eq!(template.holes().next().unwrap().position(), P::Host);
    for good in ["use1.example.com", "euw1.example.com:8443"] {
        let rendered = template.render(&input(json!({ "r": good }))).unwrap();
        assert_eq!(rendered.text(), format!("https://api.{good}/v1"));
    }
    for bad in [
        "",
        "USE1.example.com",
        "use1.example.com.",
        "use1.example.com:443",
        "euw1.example.com",
        "evil.example",
        "use1.example.com@evil.example",
        "use1.example.com/x",
        "use1.example.com\n",
        "use1.example.com#",
    ] {
        let error = template.render(&input(json!({ "r": bad }))).unwrap_err();
        assert_eq!(error.kind(), K::HostNotListed, "{bad}");
    }
    for host in [
        "H.example",
        "h.example:443",
        "u@h.example",
        "h.example/x",
        "",
        "a b",
        "h.example?",
        "{{input.a}}",
    ] {
        let scope = Scope::node().with_hosts([host]);
        let error = Template::url("https://{{input.r}}/", &scope).unwrap_err();
        assert_eq!(error.kind(), K::InvalidScope, "{host}");
    }
    assert!(
        Template::url("{{input.r}}://h.example/", &scope).is_err(),
        "never the scheme"
    );
}

#[test]
// errata RST-13, RST-17
fn segments_and_parameters_take_scalars_that_leave_something() {
    let template = url("https://h.example/{{input.a}}?b={{input.b}}").unwrap();
    for (a, b, kind) in [
        (json!(""), json!(""), K::EmptySegment),
        (json!(null), json!(1), K::Null),
        (json!("x"), json!(null), K::Null),
        (json!([1]), json!(1), K::NotScalar),
        (json!("x"), json!({}), K::NotScalar),
    ] {
        let error = template
            .render(&input(json!({"a": a, "b": b})))
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{a} {b}");
    }
    let rendered = template
        .render(&input(json!({"a": true, "b": ""})))
        .unwrap();
    assert_eq!(rendered.text(), "https://h.example/true?b=");
    let beside = url("https://h.example/a{{input.a}}").unwrap();
    assert!(beside.render(&input(json!({"a": ""}))).is_ok());
}
