//! Each rule, broken.

use super::*;
use ViolationCode::*;

fn definition(name: &str, endpoint: &str) -> DefinitionBuilder {
    IntegrationDefinition::builder(
        name,
        endpoint,
        Authentication::basic("user", "secret".into()),
    )
}

fn codes(builder: DefinitionBuilder) -> Vec<(String, ViolationCode)> {
    let error = builder.build().unwrap_err();
    error
        .violations()
        .iter()
        .map(|violation| (violation.field.clone(), violation.code))
        .collect()
}

#[test]
fn every_violation_is_in_one_error() {
    // errata INT-05, INT-06, INT-07, INT-38
    let builder = IntegrationDefinition::builder(
        "  ",
        "ftp://user:hunter2@example.com/#x",
        Authentication::basic("a:b", "".into()),
    )
    .with_mapping(DataMapping::direct("", "a"))
    .with_mapping(DataMapping::direct("x", "a"))
    .with_mapping(DataMapping::direct("x y", "b c"));
    let error = builder.build().unwrap_err();
    let found: Vec<_> = error
        .violations()
        .iter()
        .map(|v| (v.field.as_str(), v.code))
        .collect();
    assert_eq!(
        found,
        [
            ("name", Empty),
            ("endpoint", Scheme),
            ("endpoint", UserInfo),
            ("endpoint", Fragment),
            ("authentication.username", Characters),
            ("authentication.password", Empty),
            ("dataMapping[0].sourceField", Empty),
            ("dataMapping[1].targetField", Duplicate),
            ("dataMapping[2].sourceField", Characters),
            ("dataMapping[2].targetField", Characters),
        ]
    );
    // errata INT-13, ALL-16
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn an_endpoint_is_an_https_url_with_a_host_and_nothing_that_leaks() {
    // errata INT-06, EVR-08
    for (endpoint, code) in [
        ("", Empty),
        ("api.example.com/v1", Url),
        ("/v1/cases", Url),
        ("https://", Host),
        ("http://api.example.com", Scheme),
        ("file:///etc/passwd", Host),
        ("javascript:alert(1)", Host),
        ("https://user@api.example.com", UserInfo),
        ("https://api.example.com#x", Fragment),
        ("https://api.example.com/a b", Characters),
        ("https://api.example.com/\r\nX-Header: 1", Characters),
    ] {
        let found = codes(definition("CRM", endpoint));
        assert!(
            found.contains(&("endpoint".into(), code)),
            "{endpoint}: {found:?}"
        );
    }
    for endpoint in [
        "HTTPS://api.example.com/v1",
        "http://127.0.0.1:9/x",
        "http://[::1]/x",
        "http://localhost/x",
    ] {
        assert!(definition("CRM", endpoint).build().is_ok(), "{endpoint}");
    }
    assert!(
        codes(definition(
            "CRM",
            &format!("https://a.example/{}", "x".repeat(MAX_ENDPOINT))
        ))
        .contains(&("endpoint".into(), TooLong))
    );
}

#[test]
fn a_name_cannot_forge_a_line_or_a_header() {
    for (name, code) in [
        ("a\r\nb", Characters),
        (" a", Characters),
        ("a\u{202e}b", Characters),
        ("", Empty),
    ] {
        assert_eq!(
            codes(definition(name, "https://api.example.com")),
            [("name".to_owned(), code)],
            "{name:?}"
        );
    }
    assert_eq!(
        codes(definition(&"x".repeat(257), "https://api.example.com")),
        [("name".to_owned(), TooLong)]
    );
    assert!(
        definition(&"ü".repeat(256), "https://api.example.com")
            .build()
            .is_ok()
    );
}

#[test]
fn targets_are_checked_against_the_receiving_system() {
    // errata INT-09
    let known = |builder: DefinitionBuilder| builder.with_target_fields(["genesys_case_id"]);
    let base = || known(definition("CRM", "https://api.example.com"));
    assert!(
        base()
            .with_mapping(DataMapping::direct("caseId", "genesys_case_id"))
            .build()
            .is_ok()
    );
    let unknown = codes(base().with_mapping(DataMapping::direct("caseId", "genesys_caseid")));
    assert_eq!(
        unknown,
        [("dataMapping[0].targetField".to_owned(), UnknownTarget)]
    );
    assert_eq!("Direct".parse(), Ok(super::super::Transformation::Direct));
    assert!("direct".parse::<super::super::Transformation>().is_err());
}

#[test]
fn later_calls_add_and_never_replace() {
    // errata INT-08
    let definition = definition("CRM", "https://api.example.com")
        .with_target_fields(["a"])
        .with_mapping(DataMapping::direct("x", "a"))
        .with_target_fields(["b"])
        .with_mappings([DataMapping::direct("y", "b")])
        .build()
        .unwrap();
    let targets: Vec<_> = definition
        .mapping()
        .iter()
        .map(|entry| entry.target_field.as_str())
        .collect();
    assert_eq!(targets, ["a", "b"]);
}

#[test]
fn a_target_cannot_take_the_place_of_a_template_name() {
    for name in RESERVED {
        let found = codes(
            definition("CRM", "https://a.example").with_mapping(DataMapping::direct("x", name)),
        );
        assert_eq!(found, [("dataMapping[0].targetField".to_owned(), Reserved)]);
    }
}
