//! Response headers: content security policy, framing, CORS and the rest.

use widget_validate::{
    Area, Checked, Embedder, Embedding, HeaderSet, Policy, RuleSet, Severity, Subject, Validator,
    embedding,
};

use crate::support::{clean_headers, embedder, origin, validator, with_settings, with_url};

/// Codes about the headers, recommended rules.
fn judged(headers: &HeaderSet) -> Vec<String> {
    judged_by(&validator(RuleSet::Recommended), headers)
}

fn judged_by(validator: &Validator, headers: &HeaderSet) -> Vec<String> {
    let document = with_url("https://cdn.example.com/w.json");
    let report = validator.validate(Subject::new(document.as_bytes()).with_headers(headers));
    report
        .findings()
        .iter()
        .map(|finding| finding.code.to_string())
        .collect()
}

fn replacing(name: &str, values: &[&str]) -> HeaderSet {
    let clean = clean_headers();
    let names = [
        "content-security-policy",
        "access-control-allow-origin",
        "vary",
        "x-content-type-options",
        "referrer-policy",
        "strict-transport-security",
    ];
    let kept = names
        .iter()
        .filter(|of| !of.eq_ignore_ascii_case(name))
        .flat_map(|of| {
            clean
                .get(of)
                .map(|value| ((*of).to_owned(), value.to_owned()))
                .collect::<Vec<_>>()
        });
    kept.chain(
        values
            .iter()
            .map(|value| (name.to_owned(), (*value).to_owned())),
    )
    .collect()
}

const ADMITS: &str = "default-src 'none'; script-src 'self'; base-uri 'none'; connect-src https://api.example.org; frame-ancestors https://apps.example.org";

// errata WID-28
#[test]
fn csp_framing_and_cors_are_reported_or_said_to_be_unchecked() {
    let document = with_url("https://cdn.example.com/w.json");
    let validator = validator(RuleSet::Recommended);
    let without = validator.validate(document.as_str());
    for area in [Area::Csp, Area::Framing, Area::Cors, Area::Headers] {
        assert!(
            matches!(without.coverage().of(area), Checked::No(_)),
            "{area}"
        );
    }
    assert!(
        without
            .to_text("w.json", document.as_bytes())
            .contains("not checked: csp")
    );
    let headers = HeaderSet::new()
        .with_header(
            "Content-Security-Policy",
            "script-src *; object-src 'none'; frame-ancestors 'none'",
        )
        .with_header("X-Frame-Options", "DENY")
        .with_header("Access-Control-Allow-Origin", "null");
    let with = validator.validate(Subject::new(document.as_bytes()).with_headers(&headers));
    for area in [Area::Csp, Area::Framing, Area::Cors, Area::Headers] {
        assert_eq!(with.coverage().of(area), Checked::Yes, "{area}");
    }
    for code in ["W614", "W640", "W802", "W702"] {
        assert!(
            with.findings()
                .iter()
                .any(|finding| finding.code.as_str() == code),
            "{code}"
        );
    }
    assert!(judged(&clean_headers()).is_empty());
}

#[test]
fn without_an_embedder_framing_is_not_said_to_be_checked() {
    let validator = Validator::new(
        Policy::builder(RuleSet::Recommended)
            .with_origin("cdn.example.com")
            .build()
            .unwrap(),
    )
    .with_embedder(Embedder::genesys());
    let document = with_url("https://cdn.example.com/w.json");
    let headers = clean_headers();
    let report = validator.validate(Subject::new(document.as_bytes()).with_headers(&headers));
    assert!(matches!(
        report.coverage().of(Area::Framing),
        Checked::No(_)
    ));
}

#[test]
fn frame_ancestors_must_admit_every_origin_of_the_embedder() {
    let with = |value: &str| {
        judged(&replacing(
            "Content-Security-Policy",
            &[&ADMITS.replace("https://apps.example.org", value)],
        ))
    };
    for admitting in [
        "https://apps.example.org",
        "apps.example.org",
        "https://*.example.org",
        "'self' https://apps.example.org",
        "HTTPS://APPS.EXAMPLE.ORG",
        "https://apps.example.org:443",
        "http://apps.example.org",
    ] {
        assert!(!with(admitting).contains(&"W640".to_owned()), "{admitting}");
    }
    for refusing in [
        "'none'",
        "'self'",
        "https://example.org",
        "https://apps.example.org:8443",
        "https://apps.example.org/path",
        "https://other.example",
        "",
        "*.apps.example.org",
    ] {
        assert_eq!(with(refusing), ["W640"], "{refusing}");
    }
    for wide in [
        "*",
        "https:",
        "https://*",
        "*.org",
        "https://*.github.io https://apps.example.org",
    ] {
        assert_eq!(with(wide), ["W641"], "{wide}");
    }
    let two = validator(RuleSet::Recommended)
        .with_embedder(embedder().with_origin(origin("https://apps.other.example")));
    assert!(judged_by(&two, &clean_headers()).contains(&"W640".to_owned()));
    // All policies must admit, whether in one header or in two.
    assert_eq!(
        judged(&replacing(
            "Content-Security-Policy",
            &[&format!(
                "{ADMITS}, {}",
                ADMITS.replace("https://apps.example.org", "'self'")
            )]
        )),
        ["W640"]
    );
    assert_eq!(
        judged(&replacing(
            "Content-Security-Policy",
            &[
                ADMITS,
                &ADMITS.replace("https://apps.example.org", "'self'")
            ]
        )),
        ["W640"]
    );
    // No fallback to default-src, and no effect in a report-only header.
    assert_eq!(
        judged(&replacing(
            "Content-Security-Policy",
            &["default-src 'self' https://api.example.org"]
        )),
        ["W642"]
    );
    let reported = replacing("Content-Security-Policy", &[]).with_header(
        "Content-Security-Policy-Report-Only",
        "frame-ancestors 'none'",
    );
    assert_eq!(judged(&reported), ["W642", "W645"]);
}

#[test]
fn a_policy_in_the_document_has_no_say_about_framing() {
    let headers = clean_headers().with_meta_policy(
        "default-src https://api.example.org; frame-ancestors 'none'; sandbox; report-uri /x",
    );
    assert_eq!(judged(&headers), ["W643", "W643", "W643"]);
}

#[test]
fn frame_options_count_only_without_frame_ancestors() {
    let alone = |values: &[&str]| {
        let headers = values.iter().fold(
            replacing(
                "Content-Security-Policy",
                &["default-src 'self' https://api.example.org"],
            ),
            |headers, value| headers.with_header("X-Frame-Options", *value),
        );
        judged(&headers)
    };
    assert_eq!(alone(&["DENY"]), ["W801"]);
    assert_eq!(alone(&["sameorigin"]), ["W801"]);
    assert_eq!(alone(&["SAMEORIGIN", "DENY"]), ["W801"]);
    assert_eq!(
        alone(&["ALLOW-FROM https://apps.example.org"]),
        ["W642", "W803"]
    );
    assert_eq!(
        judged(&clean_headers().with_header("X-Frame-Options", "DENY")),
        ["W802"]
    );
}

/// Combinations whose outcome in Chromium is recorded by the conformance script.
#[test]
fn the_verdict_on_framing_is_the_browsers() {
    let (apps, widget) = (
        origin("http://apps.example.test:8080"),
        origin("http://cdn.widget.test:8080"),
    );
    let verdict = |headers: &[(&str, &str)], sandbox: Option<&str>| {
        embedding(
            &headers.iter().copied().collect(),
            sandbox,
            &widget,
            std::slice::from_ref(&apps),
        )
    };
    let shown = |scripts, own_origin| Embedding::Shown {
        scripts,
        own_origin,
    };
    const CSP: &str = "Content-Security-Policy";
    assert_eq!(verdict(&[], None), shown(true, true));
    assert_eq!(verdict(&[], Some("")), shown(false, false));
    assert_eq!(verdict(&[], Some("ALLOW-SCRIPTS")), shown(true, false));
    assert_eq!(
        verdict(
            &[(CSP, "sandbox allow-scripts")],
            Some("allow-scripts allow-same-origin")
        ),
        shown(true, false)
    );
    assert_eq!(verdict(&[(CSP, "sandbox")], None), shown(false, false));
    assert_eq!(
        verdict(&[(CSP, "frame-ancestors http:")], None),
        shown(true, true)
    );
    assert_eq!(
        verdict(&[(CSP, "frame-ancestors")], None),
        Embedding::BlockedByFrameAncestors
    );
    assert_eq!(
        verdict(&[(CSP, "frame-ancestors apps.example.test")], None),
        Embedding::BlockedByFrameAncestors
    );
    assert_eq!(
        verdict(&[(CSP, "frame-ancestors apps.example.test:8080/x")], None),
        Embedding::BlockedByFrameAncestors
    );
    assert_eq!(
        verdict(&[(CSP, "frame-ancestors *, frame-ancestors 'self'")], None),
        Embedding::BlockedByFrameAncestors
    );
    assert_eq!(
        verdict(
            &[(CSP, "frame-ancestors *"), ("X-Frame-Options", "DENY")],
            None
        ),
        shown(true, true)
    );
    assert_eq!(
        verdict(&[("X-Frame-Options", "SAMEORIGIN")], None),
        Embedding::BlockedByFrameOptions
    );
    assert_eq!(
        verdict(&[("X-Frame-Options", "ALLOWALL")], None),
        shown(true, true)
    );
    assert_eq!(
        verdict(&[("X-Frame-Options", "SAMEORIGIN, nonsense")], None),
        Embedding::BlockedByFrameOptions
    );
    assert_eq!(
        embedding(
            &[("X-Frame-Options", "SAMEORIGIN")].into_iter().collect(),
            None,
            &widget,
            std::slice::from_ref(&widget)
        ),
        shown(true, true)
    );
}

#[test]
fn cors_headers_are_judged_by_value_and_by_who_asked() {
    let with = |value: &str| judged(&replacing("Access-Control-Allow-Origin", &[value]));
    assert!(with("*").is_empty());
    assert_eq!(with("null"), ["W702"]);
    assert_eq!(with("https://apps.example.org https://b.example"), ["W703"]);
    assert_eq!(
        judged(&replacing(
            "Access-Control-Allow-Origin",
            &["https://apps.example.org", "https://apps.example.org"]
        )),
        ["W703"]
    );
    assert_eq!(with("https://other.example"), ["W706"]);
    assert_eq!(with("http://apps.example.org"), ["W705", "W706"]);
    for misspelled in [
        "https://apps.example.org/",
        "https://APPS.example.org",
        "https://apps.example.org:443",
        "https://*.example.org",
        "apps.example.org",
        "",
    ] {
        assert_eq!(with(misspelled), ["W710"], "{misspelled}");
    }
    assert_eq!(judged(&replacing("Vary", &["Accept"])), ["W704"]);
    assert_eq!(
        judged(
            &replacing("Access-Control-Allow-Origin", &["*"])
                .with_header("Access-Control-Allow-Credentials", "true")
        ),
        ["W701"]
    );
    assert_eq!(
        judged(&clean_headers().with_header("Access-Control-Allow-Credentials", "false")),
        ["W708"]
    );
    let reflected = replacing("Access-Control-Allow-Origin", &["https://stranger.example"])
        .with_request_origin(origin("https://stranger.example"));
    assert_eq!(judged(&reflected), ["W707"]);
    let answered = clean_headers().with_request_origin(origin("https://apps.example.org"));
    assert!(judged(&answered).is_empty());
}

#[test]
fn endpoints_of_the_embedder_must_be_reachable() {
    let socket = validator(RuleSet::Recommended)
        .with_embedder(embedder().with_endpoint("wss://streaming.example.org"));
    let with = |sources: &str| {
        judged_by(
            &socket,
            &replacing(
                "Content-Security-Policy",
                &[&ADMITS.replace("https://api.example.org", sources)],
            ),
        )
    };
    assert!(with("https://api.example.org wss://streaming.example.org").is_empty());
    assert!(with("*.example.org wss://*.example.org").is_empty());
    assert_eq!(with("https://api.example.org"), ["W644"]);
    assert_eq!(with("'self'"), ["W644"]);
    assert_eq!(
        with("https://api.example.org/v1/ wss://streaming.example.org"),
        ["W644"]
    );
}

#[test]
fn the_responses_own_sandbox_and_permissions_are_intersected() {
    let document = with_settings(
        "\"sandbox\":\"allow-scripts,allow-same-origin,allow-forms\",\"permissions\":\"camera,microphone\"",
    );
    let judged = |policy: &str, permissions: &str| {
        let headers = replacing("Content-Security-Policy", &[&format!("{ADMITS}; {policy}")])
            .with_header("Permissions-Policy", permissions);
        let report = validator(RuleSet::Recommended)
            .validate(Subject::new(document.as_bytes()).with_headers(&headers));
        report
            .findings()
            .iter()
            .map(|finding| (finding.code.to_string(), finding.pointer.clone()))
            .filter(|(code, _)| code != "W406")
            .collect::<Vec<_>>()
    };
    let own = |text: &str| text.to_owned();
    assert_eq!(
        judged(
            "sandbox allow-scripts allow-same-origin allow-forms",
            "camera=(self), microphone=*"
        ),
        []
    );
    assert_eq!(
        judged("sandbox allow-scripts allow-forms", "usb=()"),
        [(own("W413"), own("/settings/sandbox"))]
    );
    assert_eq!(
        judged("sandbox allow-same-origin allow-forms", ""),
        [(own("W414"), own("/content-security-policy/0"))]
    );
    assert_eq!(
        judged("", "geolocation=(), camera=( )"),
        [(own("W507"), own("/settings/permissions"))]
    );
}

#[test]
fn scripts_and_same_origin_are_an_escape_only_on_the_embedders_site() {
    let judged = |url: &str, domain: &str| {
        let policy = Policy::builder(RuleSet::Recommended)
            .with_origins(["*.example.org", "*.example.com", "*.example.net"])
            .build()
            .unwrap();
        let validator = Validator::new(policy).with_embedder(embedder().with_domain(domain));
        let document = with_settings("\"sandbox\":\"allow-scripts,allow-same-origin\"")
            .replace("https://cdn.example.com/w.json", url);
        let report = validator.validate(document.as_str());
        (report.findings()[0].code.to_string(), report.worst())
    };
    assert_eq!(
        judged("https://widgets.example.org/", "example.test"),
        ("W405".to_owned(), Some(Severity::Error))
    );
    assert_eq!(
        judged("https://widgets.example.net/", "example.net"),
        ("W405".to_owned(), Some(Severity::Error))
    );
    assert_eq!(
        judged("https://widgets.example.com/", "example.net"),
        ("W406".to_owned(), Some(Severity::Warning))
    );
}

#[test]
fn other_headers_are_judged() {
    for (name, values, expected) in [
        ("X-Content-Type-Options", vec!["sniff"], vec!["W807"]),
        ("Referrer-Policy", vec!["unsafe-url"], vec!["W810"]),
        ("Referrer-Policy", vec!["unsafe-url, same-origin"], vec![]),
        (
            "Strict-Transport-Security",
            vec!["max-age=\"0\""],
            vec!["W809"],
        ),
        (
            "Strict-Transport-Security",
            vec!["includeSubDomains"],
            vec!["W809"],
        ),
        ("Cross-Origin-Resource-Policy", vec!["cross-origin"], vec![]),
        (
            "Cross-Origin-Resource-Policy",
            vec!["same-origin"],
            vec!["W804"],
        ),
        (
            "Cross-Origin-Opener-Policy",
            vec!["same-origin-allow-popups"],
            vec![],
        ),
        (
            "Cross-Origin-Opener-Policy",
            vec!["same-origin; report-to=\"x\""],
            vec!["W805"],
        ),
        (
            "Cross-Origin-Embedder-Policy",
            vec!["require-corp"],
            vec!["W806"],
        ),
    ] {
        assert_eq!(
            judged(&replacing(name, &values)),
            expected,
            "{name}: {values:?}"
        );
    }
}
