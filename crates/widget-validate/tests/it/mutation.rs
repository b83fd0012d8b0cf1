//! Planted faults: every one is found where it was planted, and nothing else is.

use std::collections::BTreeMap;

use widget_validate::{HeaderSet, RuleSet, Source, Subject, Validator};

use crate::support::{Random, clean_headers, validator};

/// A widget in parts, each as the JSON text that will be written.
#[derive(Debug, Clone)]
struct Widget {
    members: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    dimensions: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    before: Vec<u8>,
    after: String,
    indent: usize,
}

type Expected = (Source, &'static str, &'static str);

fn member(name: &str, value: &str) -> (String, String) {
    (format!("\"{name}\""), value.to_owned())
}

impl Widget {
    fn clean(random: &mut Random) -> Widget {
        let headers = clean_headers();
        let names = [
            "Content-Security-Policy",
            "Access-Control-Allow-Origin",
            "Vary",
            "X-Content-Type-Options",
            "Referrer-Policy",
            "Strict-Transport-Security",
        ];
        let header = |name: &&str| {
            headers
                .get(name)
                .map(|value| ((*name).to_owned(), value.to_owned()))
                .collect::<Vec<_>>()
        };
        Widget {
            members: vec![
                member("name", random.pick(&["\"Widget\"", "\"Agent \\u2014 Übersicht\"", "\"x\""])),
                member("description", "\"Shows metrics\""),
                member("type", random.pick(&["\"webapp\"", "\"integration\""])),
                member("status", "\"inactive\""),
                member("manifestUrl", random.pick(&["\"https://cdn.example.com/a/w.json\"", "\"https://a.b.widgets.example.com/?v=1&o={{gcHostOrigin}}&e={{gcTargetEnv}}\""])),
            ],
            settings: vec![member("refresh_interval_ms", "5000")],
            dimensions: vec![member("width", "750"), member("height", "5e2")],
            headers: names.iter().flat_map(header).collect(),
            before: Vec::new(),
            after: String::new(),
            indent: random.below(3),
        }
    }

    fn set(list: &mut Vec<(String, String)>, name: &str, value: &str) {
        let name = format!("\"{name}\"");
        match list.iter_mut().find(|(of, _)| *of == name) {
            Some((_, old)) => *old = value.to_owned(),
            None => list.push((name, value.to_owned())),
        }
    }

    fn drop(list: &mut Vec<(String, String)>, name: &str) {
        list.retain(|(of, _)| *of != format!("\"{name}\""));
    }

    fn header(&mut self, name: &str, value: Option<&str>) {
        self.headers
            .retain(|(of, _)| !of.eq_ignore_ascii_case(name));
        self.headers
            .extend(value.map(|value| (name.to_owned(), value.to_owned())));
    }

    fn object(&self, members: &[(String, String)]) -> String {
        let separator = [",", ", ", ",\n    "][self.indent];
        let colon = [":", ": ", " : "][self.indent];
        let members: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("{name}{colon}{value}"))
            .collect();
        format!("{{{}}}", members.join(separator))
    }

    fn bytes(&self) -> Vec<u8> {
        let mut settings = self.settings.clone();
        settings.push(member("dimensions", &self.object(&self.dimensions)));
        let mut members = self.members.clone();
        members.push(member("settings", &self.object(&settings)));
        [
            self.before.as_slice(),
            self.object(&members).as_bytes(),
            self.after.as_bytes(),
        ]
        .concat()
    }

    fn header_set(&self) -> HeaderSet {
        self.headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect()
    }
}

/// One fault: how it is planted, and the findings it must cause.
struct Fault {
    plant: Box<dyn Fn(&mut Widget)>,
    expected: Vec<Expected>,
}

fn fault(plant: impl Fn(&mut Widget) + 'static, expected: &[Expected]) -> Fault {
    Fault {
        plant: Box::new(plant),
        expected: expected.to_vec(),
    }
}

fn payload(code: &'static str, pointer: &'static str) -> Expected {
    (Source::Payload, code, pointer)
}

fn of_member(
    name: &'static str,
    value: &'static str,
    code: &'static str,
    pointer: &'static str,
) -> Fault {
    fault(
        move |widget| Widget::set(&mut widget.members, name, value),
        &[payload(code, pointer)],
    )
}

fn of_setting(
    name: &'static str,
    value: &'static str,
    expected: &[(&'static str, &'static str)],
) -> Fault {
    let expected: Vec<Expected> = expected
        .iter()
        .map(|(code, pointer)| payload(code, pointer))
        .collect();
    fault(
        move |widget| Widget::set(&mut widget.settings, name, value),
        &expected,
    )
}

fn of_header(
    name: &'static str,
    value: Option<&'static str>,
    expected: &[(&'static str, &'static str)],
) -> Fault {
    let expected: Vec<Expected> = expected
        .iter()
        .map(|(code, pointer)| (Source::Headers, *code, *pointer))
        .collect();
    fault(move |widget| widget.header(name, value), &expected)
}

fn of_length(name: &'static str, pointer: &'static str) -> Vec<Fault> {
    let with = |value: &'static str, code| {
        fault(
            move |widget: &mut Widget| Widget::set(&mut widget.dimensions, name, value),
            &[payload(code, pointer)],
        )
    };
    vec![
        fault(
            move |widget| Widget::drop(&mut widget.dimensions, name),
            &[payload("W301", pointer)],
        ),
        with("\"300\"", "W302"),
        with("\"wide\"", "W302"),
        with("null", "W302"),
        with("[300]", "W302"),
        with("300.5", "W303"),
        with("0", "W304"),
        with("-0.0", "W304"),
        with("-40", "W304"),
        with("7", "W305"),
        with("801", "W306"),
        with("1e300", "W306"),
        with("NaN", "W006"),
        with("-Infinity", "W006"),
        with("1e999", "W006"),
        with("0300", "W001"),
        with("+300", "W001"),
        with("3_00", "W001"),
    ]
}

/// Places that are independent of each other; each takes one fault at a time.
fn slots() -> Vec<Vec<Fault>> {
    let url = |value, code| of_member("manifestUrl", value, code, "/manifestUrl");
    let sandbox = |value, more: &[&'static str]| {
        let expected: Vec<(&str, &str)> = more
            .iter()
            .map(|code| (*code, "/settings/sandbox"))
            .collect();
        of_setting("sandbox", value, &expected)
    };
    let permissions = |value, codes: &[&'static str]| {
        let expected: Vec<(&str, &str)> = codes
            .iter()
            .map(|code| (*code, "/settings/permissions"))
            .collect();
        of_setting("permissions", value, &expected)
    };
    let without_scripts = |tokens: &'static str, code| {
        let plant = move |widget: &mut Widget| {
            Widget::set(&mut widget.settings, "sandbox", tokens);
            Widget::set(&mut widget.settings, "permissions", "\"camera\"");
        };
        fault(
            plant,
            &[
                payload(code, "/settings/sandbox"),
                payload("W505", "/settings/permissions"),
            ],
        )
    };
    const CSP: &str = "/content-security-policy/0";
    let csp = |value, codes: &[&'static str]| {
        let expected: Vec<(&str, &str)> = codes.iter().map(|code| (*code, CSP)).collect();
        of_header("Content-Security-Policy", Some(value), &expected)
    };
    let cors = |value, codes: &[&'static str]| {
        let expected: Vec<(&str, &str)> = codes
            .iter()
            .map(|code| (*code, "/access-control-allow-origin/0"))
            .collect();
        of_header("Access-Control-Allow-Origin", Some(value), &expected)
    };
    let long_name: &'static str = Box::leak(format!("\"{}\"", "n".repeat(257)).into_boxed_str());
    let long_text: &'static str = Box::leak(format!("\"{}\"", "d".repeat(1_001)).into_boxed_str());
    let listing: &'static str = Box::leak(format!("\"{}\"", "é".repeat(76)).into_boxed_str());
    vec![
        vec![
            fault(
                |widget| Widget::drop(&mut widget.members, "name"),
                &[payload("W010", "/name")],
            ),
            of_member("name", "\" \\t\"", "W014", "/name"),
            of_member("name", "42", "W012", "/name"),
            of_member("name", long_name, "W015", "/name"),
            of_member("name", "\"cut \\ud83d\"", "W007", "/name"),
            of_member("name", "\"bad \\x escape\"", "W001", "/name"),
            fault(
                |widget| widget.members.push(member("name", "\"again\"")),
                &[payload("W004", "/name")],
            ),
            fault(
                |widget| widget.members.push(member("n\\u0061me", "\"again\"")),
                &[payload("W004", "/name")],
            ),
        ],
        vec![
            of_member("description", "null", "W012", "/description"),
            of_member("description", long_text, "W015", "/description"),
            of_member("description", listing, "W016", "/description"),
            of_member("description", "\"two\nlines\"", "W001", "/description"),
        ],
        vec![
            fault(
                |widget| Widget::drop(&mut widget.members, "type"),
                &[payload("W010", "/type")],
            ),
            of_member("type", "\"WebApp\"", "W013", "/type"),
            of_member("type", "\"gadget\"", "W013", "/type"),
            of_member("type", "{}", "W012", "/type"),
        ],
        vec![
            of_member("status", "\"actve\"", "W013", "/status"),
            of_member("status", "true", "W012", "/status"),
            of_member("status", "\"\"", "W014", "/status"),
        ],
        vec![
            fault(
                |widget| Widget::drop(&mut widget.members, "manifestUrl"),
                &[payload("W010", "/manifestUrl")],
            ),
            url("\"\"", "W014"),
            url("7", "W012"),
            url("\"w.json\"", "W101"),
            url("\"https://\"", "W101"),
            url("\"http://cdn.example.com/w.json\"", "W102"),
            url("\"javascript://cdn.example.com/%0aalert(1)\"", "W102"),
            url("\"data:text/html,x\"", "W102"),
            url("\"blob:https://cdn.example.com/1\"", "W102"),
            url("\"https://cdn.example.com@cdn.example.com/\"", "W103"),
            url("\"https://a.widgets.example.com:8443/\"", "W104"),
            url("\"https://203.0.113.7/\"", "W105"),
            url("\"https://[2001:db8::1]/\"", "W105"),
            url("\"https://localhost/\"", "W106"),
            url("\"https://widgets/\"", "W106"),
            url("\"https://cdn.example.com./w.json\"", "W107"),
            url("\"https://CDN.example.com/w.json\"", "W108"),
            url("\"https:\\\\\\\\cdn.example.com/w.json\"", "W108"),
            url("\"https://cdn.example.com:443/w.json\"", "W108"),
            url("\" https://cdn.example.com/w.json\"", "W108"),
            url("\"https://cdn.examp1e.com/w.json\"", "W109"),
            url("\"https://cdn.xn--xample-2of.com/w.json\"", "W109"),
            url("\"https://evil.example/w.json\"", "W110"),
            url("\"https://widgets.example.com/w.json\"", "W110"),
            url("\"https://cdn.example.com:8443/w.json\"", "W110"),
            url("\"https://a_b.widgets.example.com/w.json\"", "W111"),
            url("\"https://cdn.example.com/?o={{gcHostOrigni}}\"", "W901"),
            url("\"https://cdn.example.com/?o={{gcHostOrigin}}\"", "W902"),
            url("\"https://cdn.example.com/{{gcLangTag}}/\"", "W903"),
            url("\"https://{{gcLangTag}}.widgets.example.com/\"", "W904"),
            url("\"https://cdn.example.com/?o={{gcLangTag\"", "W905"),
            url("\"https://cdn.example.com/?o={{gc-LangTag}}\"", "W905"),
            url("\"https://cdn.example.com/?o={{pcLangTag}}\"", "W906"),
            url(
                "\"https://cdn.example.com/?o=%7b%7BgcLangTag%7D%7d\"",
                "W907",
            ),
        ],
        of_length("width", "/settings/dimensions/width"),
        of_length("height", "/settings/dimensions/height"),
        vec![
            of_setting(
                "refresh_interval_ms",
                "0",
                &[("W018", "/settings/refresh_interval_ms")],
            ),
            of_setting(
                "refresh_interval_ms",
                "1000.5",
                &[("W018", "/settings/refresh_interval_ms")],
            ),
            of_setting(
                "refresh_interval_ms",
                "\"5000\"",
                &[("W012", "/settings/refresh_interval_ms")],
            ),
            of_setting(
                "refresh_interval_ms",
                "1e12",
                &[("W018", "/settings/refresh_interval_ms")],
            ),
        ],
        vec![
            of_setting("theme", "\"dark\"", &[("W017", "/settings/theme")]),
            of_setting("a/b~c", "1", &[("W017", "/settings/a~1b~0c")]),
        ],
        vec![
            of_setting("apiKey", "\"hunter2\"", &[("W019", "/settings/apiKey")]),
            of_setting(
                "Client-Secret",
                "\"hunter2\"",
                &[("W019", "/settings/Client-Secret")],
            ),
        ],
        vec![
            fault(
                |widget| widget.members.push(member("manifestURI", "1")),
                &[payload("W011", "/manifestURI")],
            ),
            fault(
                |widget| {
                    widget
                        .members
                        .insert(0, member("colour", "{\"a\": [1, {}]}"))
                },
                &[payload("W011", "/colour")],
            ),
            fault(
                |widget| widget.members.push(member("", "1")),
                &[payload("W011", "/")],
            ),
        ],
        vec![
            sandbox("\"allow-scripts,allow-same-origin\"", &["W406"]),
            sandbox("\"allow-scripts allow-forms\"", &["W408"]),
            sandbox("\"allow-scripts,allow-script\"", &["W401", "W408"]),
            sandbox("\"allow-scripts,allow-frms\"", &["W401", "W408"]),
            sandbox("\"allow-scripts,allow-pointer-lock\"", &["W402", "W408"]),
            sandbox("\"allow-scripts,Allow-Scripts\"", &["W403", "W408"]),
            sandbox(
                "\"allow-scripts allow-forms,allow-modals\"",
                &["W404", "W408"],
            ),
            sandbox(
                "\"allow-scripts,allow-top-navigation-by-user-activation\"",
                &["W408", "W409"],
            ),
            sandbox(
                "\"allow-scripts,allow-popups,allow-popups-to-escape-sandbox\"",
                &["W408", "W410"],
            ),
            sandbox("[]", &["W012"]),
            // The sandbox decides whether permissions are of use, so the two share a slot.
            permissions("\"camera,mikrophone\"", &["W501"]),
            permissions("\"camera,usb\"", &["W502"]),
            permissions("\"camera,camera\"", &["W503"]),
            permissions("\"camera *\"", &["W504"]),
            permissions("\"camera,microphone,geolocation,fullscreen\"", &["W506"]),
            permissions("{}", &["W012"]),
            without_scripts("\"allow-forms,allow-same-origin\"", "W407"),
            without_scripts("\"\"", "W412"),
        ],
        vec![
            csp(
                "script-src 'self'; object-src 'none'; scripts-src *; frame-ancestors https://apps.example.org",
                &["W601"],
            ),
            csp(
                "script-src 'self' object-src 'none'; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W602"],
            ),
            csp(
                "script-src self; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W603"],
            ),
            csp(
                "script-src 'self'; script-src *; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W604"],
            ),
            csp(
                "script-src 'self'; object-src 'none'; referrer x; frame-ancestors https://apps.example.org",
                &["W605"],
            ),
            csp(
                "script-src 'self' b\u{fc}cher.example; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W606"],
            ),
            csp(
                "script-src 'unsafe-inline'; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W610"],
            ),
            csp(
                "script-src 'unsafe-eval'; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W611"],
            ),
            csp(
                "script-src 'unsafe-hashes'; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W612"],
            ),
            csp(
                "script-src https:; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W613"],
            ),
            csp(
                "script-src *; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W614"],
            ),
            csp(
                "object-src 'none'; frame-ancestors https://apps.example.org",
                &["W615"],
            ),
            csp(
                "script-src 'self'; frame-ancestors https://apps.example.org",
                &["W616"],
            ),
            csp(
                "script-src 'nonce-4AEemGb0xJpt'; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W617"],
            ),
            csp(
                "script-src 'self'; object-src 'none'; img-src http://i.example; frame-ancestors https://apps.example.org",
                &["W618"],
            ),
            csp(
                "script-src 'self'; object-src 'none'; img-src 203.0.113.7; frame-ancestors https://apps.example.org",
                &["W619"],
            ),
            csp(
                "script-src 'nonce-abc'; object-src 'none'; base-uri 'none'; frame-ancestors https://apps.example.org",
                &["W620"],
            ),
            csp(
                "script-src 'self'; object-src cdn.example.com; frame-ancestors https://apps.example.org",
                &["W623"],
            ),
            csp(
                "script-src 'strict-dynamic'; object-src 'none'; frame-ancestors https://apps.example.org",
                &["W624"],
            ),
            csp(
                "script-src 'self'; object-src 'none'; frame-ancestors 'self'",
                &["W640"],
            ),
            csp(
                "script-src 'self'; object-src 'none'; frame-ancestors https:",
                &["W641"],
            ),
            csp(
                "default-src 'self'; frame-ancestors https://apps.example.org",
                &["W644"],
            ),
        ],
        vec![
            cors("*", &[]),
            cors("null", &["W702"]),
            cors("https://apps.example.org, https://b.example", &["W703"]),
            cors("https://other.example", &["W706"]),
            cors("https://apps.example.org/", &["W710"]),
            of_header(
                "Access-Control-Allow-Origin",
                None,
                &[("W709", "/access-control-allow-origin")],
            ),
            of_header(
                "Access-Control-Allow-Credentials",
                Some("TRUE"),
                &[("W708", "/access-control-allow-credentials/0")],
            ),
        ],
        vec![
            of_header(
                "X-Frame-Options",
                Some("DENY"),
                &[("W802", "/x-frame-options/0")],
            ),
            of_header(
                "X-Frame-Options",
                Some("ALLOW-FROM https://apps.example.org"),
                &[("W803", "/x-frame-options/0")],
            ),
        ],
        vec![of_header(
            "Cross-Origin-Resource-Policy",
            Some("same-site"),
            &[("W804", "/cross-origin-resource-policy/0")],
        )],
        vec![of_header(
            "Cross-Origin-Opener-Policy",
            Some("same-origin"),
            &[("W805", "/cross-origin-opener-policy/0")],
        )],
        vec![of_header(
            "X-Content-Type-Options",
            None,
            &[("W807", "/x-content-type-options")],
        )],
        vec![
            of_header("Referrer-Policy", None, &[("W808", "/referrer-policy")]),
            of_header(
                "Referrer-Policy",
                Some("no-referrer, unsafe-url"),
                &[("W810", "/referrer-policy/0")],
            ),
        ],
        vec![of_header(
            "Strict-Transport-Security",
            Some("max-age=0"),
            &[("W809", "/strict-transport-security")],
        )],
        vec![
            fault(
                |widget| widget.before = b"\xEF\xBB\xBF".to_vec(),
                &[payload("W003", "")],
            ),
            fault(
                |widget| widget.before = b"/* note */ ".to_vec(),
                &[payload("W001", "")],
            ),
        ],
        vec![
            fault(
                |widget| widget.after = " ".repeat(10_241),
                &[payload("W008", "")],
            ),
            fault(
                |widget| widget.after = "}".to_owned(),
                &[payload("W001", "")],
            ),
        ],
    ]
}

fn tally(
    expected: impl IntoIterator<Item = (Source, String, String)>,
) -> BTreeMap<(Source, String, String), usize> {
    let mut tally = BTreeMap::new();
    for entry in expected {
        *tally.entry(entry).or_default() += 1;
    }
    tally
}

fn found(
    validator: &Validator,
    bytes: &[u8],
    headers: &HeaderSet,
) -> BTreeMap<(Source, String, String), usize> {
    let report = validator.validate(Subject::new(bytes).with_headers(headers));
    tally(report.findings().iter().map(|finding| {
        (
            finding.source,
            finding.code.to_string(),
            finding.pointer.clone(),
        )
    }))
}

#[test]
fn every_planted_fault_is_found_where_it_is_and_nothing_else() {
    let validator = validator(RuleSet::Recommended);
    let slots = slots();
    let (mut planted, mut offered, mut removed) = (0, 0, 0);
    let mut stubborn: BTreeMap<String, usize> = BTreeMap::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..1_000_u64 {
        let mut random = Random(seed);
        let mut widget = Widget::clean(&mut random);
        let clean = found(&validator, &widget.bytes(), &widget.header_set());
        assert!(
            clean.is_empty(),
            "seed {seed}: a clean widget has {clean:?}"
        );
        let mut order: Vec<usize> = (0..slots.len()).collect();
        let mut expected = Vec::new();
        let faults = 1 + random.below(12);
        for round in 0..faults {
            let at = round + random.below(order.len() - round);
            order.swap(round, at);
            let slot = &slots[order[round]];
            let fault = &slot[random.below(slot.len())];
            (fault.plant)(&mut widget);
            for (source, code, pointer) in &fault.expected {
                expected.push((*source, (*code).to_owned(), (*pointer).to_owned()));
                *seen.entry(code).or_default() += 1;
            }
        }
        planted += expected.len();
        let (bytes, headers) = (widget.bytes(), widget.header_set());
        let before = found(&validator, &bytes, &headers);
        assert_eq!(
            before,
            tally(expected),
            "seed {seed}: {}",
            String::from_utf8_lossy(&bytes)
        );
        for finding in validator
            .validate(Subject::new(&bytes).with_headers(&headers))
            .findings()
        {
            let Some(fix) = &finding.fix else { continue };
            offered += 1;
            let patched = fix.apply(&bytes).unwrap();
            let after = found(&validator, &patched, &headers);
            let key = (
                finding.source,
                finding.code.to_string(),
                finding.pointer.clone(),
            );
            let gone = after.get(&key).copied().unwrap_or(0) < before[&key];
            let harmless = after.iter().all(|(key, count)| {
                key.1 == "W408" || before.get(key).is_some_and(|old| old >= count)
            });
            if gone && harmless {
                removed += 1;
            } else {
                *stubborn.entry(finding.code.to_string()).or_default() += 1;
            }
        }
    }
    assert!(seen.len() >= 80, "only {} codes were planted", seen.len());
    assert!(planted > 5_000, "{planted}");
    assert!(offered > 1_000, "{offered}");
    assert!(
        removed * 100 >= offered * 95,
        "{removed} of {offered} fixes removed their finding; stubborn: {stubborn:?}"
    );
}
