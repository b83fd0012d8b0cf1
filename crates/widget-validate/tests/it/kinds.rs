//! The platform's own formats, and schemas.

use widget_validate::{Area, Checked, Kind, RuleSet, Subject};

use crate::support::{assert_found, validator};

fn configuration(properties: &str, advanced: &str) -> String {
    format!(
        r#"{{"name":"W","version":3,"properties":{properties},"advanced":{advanced},"notes":"","credentials":{{}}}}"#
    )
}

const CLEAN: &str = r#"{"url":"https://cdn.example.com/?o={{gcHostOrigin}}&e={{gcTargetEnv}}","sandbox":"allow-scripts,allow-forms","permissions":"camera",
    "displayType":"widget","featureCategory":"","groups":["a1","b2"]}"#;

#[test]
fn the_kind_is_told_from_the_members_or_said() {
    let validator = validator(RuleSet::Recommended);
    let kind = |document: &str| validator.validate(document).kind();
    assert_eq!(kind("{}"), Kind::Guide);
    assert_eq!(kind("{\"properties\":{}}"), Kind::ClientApp);
    assert_eq!(
        kind("{\"properties\":{\"communicationTypeFilter\":\"call\"}}"),
        Kind::InteractionWidget
    );
    assert_eq!(
        kind("{\"integrationType\":{\"id\":\"embedded-client-app-interaction-widget\"}}"),
        Kind::InteractionWidget
    );
    assert_eq!(
        kind("{\"integrationType\":\"embedded-client-app\"}"),
        Kind::ClientApp
    );
    let said = Subject::new(b"{}").with_kind(Kind::ClientApp);
    assert_eq!(validator.validate(said).kind(), Kind::ClientApp);
}

#[test]
fn a_configuration_is_checked_member_by_member() {
    let rules = validator(RuleSet::Recommended);
    assert_found(
        &rules,
        configuration(CLEAN, "{}").as_str(),
        &[("W408", "/properties/sandbox")],
    );
    let advanced = r#"{"i10n":{"de":{"name":"Fenster"}},"lifecycle":{"ephemeral":false,"hooks":{"bootstrap":true,"stop":true}},
        "icon":{"vector":"https://cdn.example.com/i.svg","48x48":"https://img.example.net/i.png"},"monochromicIcon":{"vector":"https://cdn.example.com/m.svg"}}"#;
    assert_found(
        &rules,
        configuration(CLEAN, advanced).as_str(),
        &[("W408", "/properties/sandbox")],
    );
    let report = rules.validate(configuration(CLEAN, "{}").as_str());
    assert_eq!(
        report.coverage().of(Area::Frame),
        Checked::No("client apps have no dimensions")
    );

    let properties = r#"{"url":"http://cdn.example.com/","displayType":"Widget","featureCategory":"sales","groups":["a","","a",7],"sandBox":"","queueIdFilterList":[]}"#;
    let advanced = r#"{"i18n":{},"lifecycle":{"ephemeral":"no","hooks":{"start":true}},"icon":{"vector":"http://a.example/i.svg","32x32":"x"},"monochromicIcon":[]}"#;
    assert_found(
        &validator(RuleSet::Recommended).with_embedder(crate::support::embedder()),
        configuration(properties, advanced)
            .replace("\"version\":3", "\"version\":0")
            .as_str(),
        &[
            ("W018", "/version"),
            ("W102", "/properties/url"),
            ("W013", "/properties/displayType"),
            ("W013", "/properties/featureCategory"),
            ("W014", "/properties/groups/1"),
            ("W021", "/properties/groups/2"),
            ("W012", "/properties/groups/3"),
            ("W011", "/properties/sandBox"),
            ("W013", "/properties/queueIdFilterList"),
            ("W011", "/advanced/i18n"),
            ("W012", "/advanced/lifecycle/ephemeral"),
            ("W011", "/advanced/lifecycle/hooks/start"),
            ("W102", "/advanced/icon/vector"),
            ("W011", "/advanced/icon/32x32"),
            ("W012", "/advanced/monochromicIcon"),
        ]
        .map(|(code, pointer)| {
            if pointer == "/properties/queueIdFilterList" {
                ("W021", pointer)
            } else {
                (code, pointer)
            }
        })
        .into_iter()
        .filter(|(_, pointer)| *pointer != "/properties/queueIdFilterList")
        .collect::<Vec<_>>(),
    );
}

#[test]
fn all_members_that_a_configuration_is_written_with_are_required() {
    let rules = validator(RuleSet::Recommended);
    let missing = ["/name", "/version", "/advanced", "/notes", "/credentials"]
        .map(|pointer| ("W010", pointer));
    let mut expected: Vec<(&str, &str)> = missing.to_vec();
    expected.sort_by_key(|(_, pointer)| *pointer);
    expected.push(("W010", "/properties/url"));
    assert_found(&rules, "{\"properties\":{}}", &expected);
}

#[test]
fn interaction_widgets_have_filters_of_their_own() {
    let rules = validator(RuleSet::Recommended);
    let with = |filter: &str| {
        configuration(
            &format!(
                r#"{{"url":"https://cdn.example.com/","communicationTypeFilter":{filter},"queueIdFilterList":["q1"]}}"#
            ),
            "{}",
        )
    };
    assert_found(&rules, with("\"call,webmessaging, open\"").as_str(), &[]);
    assert_found(
        &rules,
        with("\"call,message\"").as_str(),
        &[("W013", "/properties/communicationTypeFilter")],
    );
    let report = rules.validate(with("\"call,message\"").as_str());
    assert!(report.findings()[0].hint.contains("webmessaging"));
    assert_found(
        &rules,
        with("\"\"").as_str(),
        &[("W014", "/properties/communicationTypeFilter")],
    );
}

#[test]
fn credentials_hold_ids_and_are_never_repeated() {
    let document = configuration(CLEAN, "{}").replace(
        "\"credentials\":{}",
        "\"credentials\":{\"basicAuth\":\"hunter2\",\"other\":{},\"good\":{\"id\":\"c1\"}}",
    );
    let report = validator(RuleSet::Recommended).validate(document.as_str());
    let found = crate::support::found(&report);
    assert!(found.contains(&("W012".to_owned(), "/credentials/basicAuth".to_owned())));
    assert!(found.contains(&("W010".to_owned(), "/credentials/other/id".to_owned())));
    assert!(!report.to_json("w.json").contains("hunter2"));
}

#[cfg(feature = "jsonschema")]
mod schemas {
    use widget_validate::{Area, Checked, RuleSet, Schema};

    use super::{CLEAN, configuration};
    use crate::support::{found, validator};

    const SCHEMA: &[u8] = br##"{
        "$schema": "http://json-schema.org/draft-07/schema#",
        "definitions": {"short": {"type": "string", "maxLength": 10}},
        "type": "object", "required": ["url", "extra"], "additionalProperties": false,
        "properties": {"url": {"type": "string"}, "sandbox": {"$ref": "#/definitions/short"}, "permissions": {}, "displayType": {}, "featureCategory": {}, "groups": {"maxItems": 1}, "extra": {}}
    }"##;

    #[test]
    fn a_schema_handed_in_is_applied_at_its_place() {
        let rules = validator(RuleSet::Recommended)
            .with_schema("/properties", Schema::parse(SCHEMA).unwrap());
        let report = rules.validate(
            configuration(
                &CLEAN.replace(
                    "\"displayType\"",
                    "\"secretWord\":\"hunter2\",\"displayType\"",
                ),
                "{}",
            )
            .as_str(),
        );
        let mut violations: Vec<String> = found(&report)
            .into_iter()
            .filter(|(code, _)| code == "W020")
            .map(|(_, pointer)| pointer)
            .collect();
        violations.sort();
        assert_eq!(
            violations,
            [
                "/properties",
                "/properties/groups",
                "/properties/sandbox",
                "/properties/secretWord"
            ]
        );
        assert_eq!(report.coverage().of(Area::Schema), Checked::Yes);
        assert!(
            report
                .findings()
                .iter()
                .all(|finding| !finding.message.contains("hunter2"))
        );
        let elsewhere = rules.validate("{}");
        assert!(matches!(
            elsewhere.coverage().of(Area::Schema),
            Checked::No(_)
        ));
    }

    #[test]
    fn references_to_other_documents_are_refused() {
        for reference in [
            "https://example.com/schema.json",
            "http://127.0.0.1:1/x",
            "file:///etc/passwd",
            "other.json",
        ] {
            let schema = format!("{{\"properties\": {{\"url\": {{\"$ref\": \"{reference}\"}}}}}}");
            assert!(Schema::parse(schema.as_bytes()).is_err(), "{reference}");
        }
        assert!(Schema::parse(b"{\"type\": 7}").is_err());
        assert!(Schema::parse(b"{").is_err());
    }

    #[test]
    fn a_pattern_cannot_run_away() {
        let rules = validator(RuleSet::Recommended).with_schema(
            "/name",
            Schema::parse(b"{\"pattern\": \"^(a+)+(?=$)$\"}").unwrap(),
        );
        let document =
            configuration(CLEAN, "{}").replace("\"W\"", &format!("\"{}b\"", "a".repeat(200)));
        assert!(
            rules
                .validate(document.as_str())
                .findings()
                .iter()
                .any(|finding| finding.code.as_str() == "W020")
        );
    }
}
