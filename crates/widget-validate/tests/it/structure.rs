//! Members, types, sizes and the frame.

use widget_validate::{
    Area, Checked, Kind, Level, Policy, RuleSet, Severity, Source, Subject, Validator, codes,
};

use crate::support::{
    TUTORIAL, assert_found, codes as found_codes, embedder, tutorial, validator, with_settings,
};

fn dimensions(text: &str) -> String {
    format!(
        r#"{{"name":"W","type":"webapp","manifestUrl":"https://cdn.example.com/w.json","settings":{{"dimensions":{text}}}}}"#
    )
}

#[test]
fn the_tutorial_document_passes_the_tutorial_rules() {
    let report = tutorial().validate(TUTORIAL);
    assert!(report.findings().is_empty(), "{:?}", report.findings());
    assert_eq!(report.kind(), Kind::Guide);
    assert_eq!(report.size(), TUTORIAL.len());
    let shared: Vec<&str> = report
        .policy_findings()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(shared, ["W204", "W204"]);
}

// errata WID-16
#[test]
fn a_dimension_of_another_type_is_a_finding_and_never_a_pass() {
    let rules = validator(RuleSet::Tutorial);
    for wrong in ["\"750\"", "null", "true", "[750]", "{}"] {
        let document = dimensions(&format!("{{\"width\":{wrong},\"height\":500}}"));
        assert_found(
            &rules,
            document.as_str(),
            &[("W302", "/settings/dimensions/width")],
        );
    }
    for integer_or_float in ["900", "900.0", "9e2"] {
        let document = dimensions(&format!("{{\"width\":{integer_or_float},\"height\":500}}"));
        assert_found(
            &rules,
            document.as_str(),
            &[("W306", "/settings/dimensions/width")],
        );
    }
}

// errata WID-17
#[test]
fn dimensions_are_present_finite_and_within_bounds() {
    let rules = validator(RuleSet::Tutorial);
    let width = "/settings/dimensions/width";
    for (text, expected) in [
        ("{\"height\":500}", vec![("W301", width)]),
        ("{\"width\":0,\"height\":500}", vec![("W304", width)]),
        ("{\"width\":-1,\"height\":500}", vec![("W304", width)]),
        ("{\"width\":NaN,\"height\":500}", vec![("W006", width)]),
        ("{\"width\":Infinity,\"height\":500}", vec![("W006", width)]),
        ("{\"width\":1e400,\"height\":500}", vec![("W006", width)]),
        (
            "{\"width\":800.5,\"height\":500}",
            vec![("W303", width), ("W306", width)],
        ),
        ("{\"width\":800,\"height\":600}", vec![]),
        ("{\"width\":1,\"height\":1}", vec![]),
        (
            "{}",
            vec![("W301", "/settings/dimensions/height"), ("W301", width)],
        ),
        ("7", vec![("W012", "/settings/dimensions")]),
    ] {
        assert_found(&rules, dimensions(text).as_str(), &expected);
    }
    let none = r#"{"name":"W","type":"webapp","manifestUrl":"https://cdn.example.com/w.json"}"#;
    assert_found(&rules, none, &[("W301", "/settings")]);
    let empty = r#"{"name":"W","type":"webapp","manifestUrl":"https://cdn.example.com/w.json","settings":{}}"#;
    assert_found(&rules, empty, &[("W301", "/settings/dimensions")]);
}

// errata WID-18
#[test]
fn the_size_is_that_of_the_exact_bytes() {
    let compact: serde_json::Value = serde_json::from_str(TUTORIAL).unwrap();
    let compact = serde_json::to_string(&compact).unwrap();
    let limit = compact.len() + 1;
    let policy = Policy::builder(RuleSet::Tutorial)
        .adjust_limits(|limits| limits.max_bytes = limit)
        .build()
        .unwrap();
    let rules = Validator::new(policy);
    assert_found(&rules, compact.as_str(), &[]);
    assert_found(&rules, format!("{compact} ").as_str(), &[]);
    let indented = rules.validate(TUTORIAL);
    let finding = &indented.findings()[0];
    assert_eq!(
        (finding.code, finding.pointer.as_str()),
        (codes::structure::TOO_LARGE, "")
    );
    assert_eq!(
        (finding.span.start, finding.span.end),
        (limit, TUTORIAL.len())
    );
}

// errata WID-39
#[test]
fn texts_and_settings_have_limits_and_unknown_members_are_listed() {
    let rules = validator(RuleSet::Recommended);
    let long = "n".repeat(257);
    let document =
        with_settings("\"refreshIntervalMs\":1").replace("\"W\"", &format!("\"{long}\""));
    assert_found(
        &rules,
        document.as_str(),
        &[("W015", "/name"), ("W017", "/settings/refreshIntervalMs")],
    );
    let many: Vec<String> = (0..65).map(|index| format!("\"s{index}\":0")).collect();
    let report = rules.validate(with_settings(&many.join(",")).as_str());
    assert_eq!(
        report
            .findings()
            .iter()
            .filter(|finding| finding.code == codes::structure::UNKNOWN_SETTING)
            .count(),
        65
    );
    assert_eq!(
        report.count(Severity::Error),
        1,
        "66 settings, the limit is 64"
    );
    // 257 bytes, 129 characters: the limit counts characters.
    let accented = with_settings("\"refresh_interval_ms\":5000")
        .replace("\"W\"", &format!("\"n{}\"", "é".repeat(128)));
    assert_found(&rules, accented.as_str(), &[]);
}

// errata WID-29
#[test]
fn type_and_state_are_words_of_a_fixed_set() {
    let rules = tutorial();
    let document = TUTORIAL
        .replace("webapp", "embedded-client-app")
        .replace("inactive", "paused");
    assert_found(
        &rules,
        document.as_str(),
        &[("W013", "/type"), ("W013", "/status")],
    );
    let platform = r#"{"integrationType":{"id":"embedded-client-app"},"intendedState":"enabled","name":"W","version":1,
        "properties":{"url":"https://cdn.example.com/"},"advanced":{},"notes":"","credentials":{}}"#;
    let report = validator(RuleSet::Recommended).validate(platform);
    assert_eq!(report.kind(), Kind::ClientApp);
    assert_eq!(report.findings()[0].pointer, "/intendedState");
    assert!(report.findings()[0].hint.contains("ENABLED"));
}

#[test]
fn secrets_in_settings_are_named_and_not_repeated() {
    let report =
        validator(RuleSet::Strict).validate(with_settings("\"api_key\":\"hunter2\"").as_str());
    assert_eq!(report.findings().len(), 1);
    assert!(report.findings()[0].message.contains("api_key"));
    let document = with_settings("\"api_key\":\"hunter2\"");
    assert!(!report.to_json("w.json").contains("hunter2"));
    assert!(!format!("{report:?}").contains("hunter2"));
    // The excerpt of the text form is the document's own line, for the eyes of whoever has the document.
    assert!(
        report
            .to_text("w.json", document.as_bytes())
            .contains("W019")
    );
}

#[test]
fn spans_are_the_bytes_of_the_value() {
    let document = with_settings(
        "\"sandbox\":\"allow-scripts,allow-frms\",\"permissions\":\"c\\u0061mera,mikrophone\"",
    );
    let report = validator(RuleSet::Recommended).validate(document.as_str());
    let text = |code: &str| {
        let finding = report
            .findings()
            .iter()
            .find(|finding| finding.code.as_str() == code)
            .unwrap();
        &document[finding.span.start..finding.span.end]
    };
    assert_eq!(text("W401"), "allow-frms");
    // With escapes in the string, the whole value is the place.
    assert_eq!(text("W501"), "\"c\\u0061mera,mikrophone\"");
}

#[test]
fn severities_follow_the_rule_set_and_its_overrides() {
    let document =
        with_settings("\"refresh_interval_ms\":5000").replace("cdn.example", "CDN.example");
    let severity = |rules| validator(rules).validate(document.as_str()).worst();
    assert_eq!(severity(RuleSet::Recommended), Some(Severity::Warning));
    assert_eq!(severity(RuleSet::Strict), Some(Severity::Error));
    let build = |level: Level| {
        let policy = Policy::builder(RuleSet::Strict)
            .with_origin("cdn.example.com")
            .with_severity(codes::url::REPAIRED_SPELLING, level)
            .build()
            .unwrap();
        Validator::new(policy)
            .with_embedder(embedder())
            .validate(document.as_str())
    };
    assert_eq!(build(Severity::Info.into()).worst(), Some(Severity::Info));
    assert!(build(Level::Off).findings().is_empty());
    assert!(build(Severity::Info.into()).is_clean_at(Severity::Warning));
}

#[test]
fn what_was_not_looked_at_is_said() {
    let report = tutorial().validate(TUTORIAL);
    let unchecked: Vec<Area> = report
        .coverage()
        .unchecked()
        .map(|(area, _)| area)
        .collect();
    assert_eq!(
        unchecked,
        [
            Area::Sandbox,
            Area::Permissions,
            Area::Csp,
            Area::Framing,
            Area::Cors,
            Area::Headers,
            Area::Schema
        ]
    );
    assert_eq!(report.coverage().of(Area::Origin), Checked::Yes);
    let no_origins = Validator::new(Policy::builder(RuleSet::Recommended).build().unwrap());
    let report = no_origins.validate(TUTORIAL);
    assert_eq!(
        report.coverage().of(Area::Origin),
        Checked::No("the policy names no origins")
    );
    let broken = no_origins.validate("{");
    assert!(matches!(
        broken.coverage().of(Area::Structure),
        Checked::No(_)
    ));
}

#[test]
fn findings_are_ordered_by_place() {
    let document = r#"{"zeta":1,"name":"","type":"x","manifestUrl":"http://a","alpha":2}"#;
    let report = validator(RuleSet::Recommended).validate(Subject::new(document.as_bytes()));
    let starts: Vec<usize> = report
        .findings()
        .iter()
        .map(|finding| finding.span.start)
        .collect();
    assert!(starts.is_sorted());
    assert!(
        report
            .findings()
            .iter()
            .all(|finding| finding.source == Source::Payload)
    );
    assert_eq!(
        found_codes(&validator(RuleSet::Recommended), document),
        found_codes(&validator(RuleSet::Recommended), document)
    );
}
