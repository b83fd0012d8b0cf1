//! Policies: entries, files, suppressions.

use proptest::prelude::*;
use widget_validate::{
    Date, Finding, Level, OriginPattern, Policy, PolicyError, RuleSet, Severity, Suppression,
    Validator, codes,
};

use crate::support::{TUTORIAL, found, origin, tutorial};

fn refused(entry: &str) -> String {
    OriginPattern::parse(entry).unwrap_err().code.to_string()
}

fn warnings(entry: &str) -> Vec<String> {
    let policy = Policy::builder(RuleSet::Recommended)
        .with_origin(entry)
        .build()
        .unwrap();
    policy
        .findings()
        .iter()
        .map(|finding| finding.code.to_string())
        .collect()
}

// errata WID-25
#[test]
fn a_wildcard_over_a_public_suffix_refuses_the_policy() {
    for entry in [
        "*.com",
        "*.co.uk",
        "*.uk",
        "*.example",
        "*.ck",
        "*.localhost",
        "*.kawasaki.jp",
        "*.xn--p1ai",
    ] {
        assert_eq!(refused(entry), "W203", "{entry}");
        let policy = Policy::builder(RuleSet::Tutorial)
            .with_origins(["cdn.example.com", entry])
            .build();
        assert!(policy.unwrap_err().to_string().contains(entry));
    }
    for entry in ["*.example.co.uk", "*.a.com", "co.uk", "*.city.kawasaki.jp"] {
        assert!(OriginPattern::parse(entry).is_ok(), "{entry}");
    }
}

// errata WID-26
#[test]
fn shared_hosts_load_with_a_warning_and_entries_take_no_path() {
    for entry in [
        "s3.amazonaws.com",
        "*.cloudfront.net",
        "*.s3.amazonaws.com",
        "*.github.io",
        "*.amazonaws.com",
        "storage.googleapis.com",
    ] {
        assert_eq!(warnings(entry), ["W204"], "{entry}");
    }
    for entry in [
        "my-bucket.s3.amazonaws.com",
        "d111.cloudfront.net",
        "cdn.example.com",
        "*.example.com",
    ] {
        assert!(warnings(entry).is_empty(), "{entry}");
    }
    let loaded = tutorial();
    let named: Vec<(&str, Severity)> = loaded
        .policy()
        .findings()
        .iter()
        .map(|finding| (finding.pointer.as_str(), finding.severity))
        .collect();
    assert_eq!(
        named,
        [
            ("/origins/0", Severity::Warning),
            ("/origins/1", Severity::Warning)
        ]
    );
    assert!(
        loaded.policy().findings()[0]
            .message
            .contains("s3.amazonaws.com")
    );
    for entry in [
        "s3.amazonaws.com/my-bucket",
        "https://cdn.example.com/",
        "cdn.example.com?x",
        "cdn.example.com#x",
        "cdn.example.com\\x",
    ] {
        assert_eq!(refused(entry), "W206", "{entry}");
    }
    let strictly = Policy::builder(RuleSet::Strict)
        .with_origin("*.cloudfront.net")
        .with_severity(codes::policy::SHARED_TENANT, Severity::Error);
    assert!(strictly.build().is_err());
}

#[test]
fn entries_outside_the_grammar_are_refused_with_their_code() {
    for (entry, code) in [
        ("*", "W201"),
        ("https:", "W201"),
        ("https://", "W201"),
        ("https://*", "W201"),
        ("*:443", "W201"),
        ("a.*.example.com", "W202"),
        ("*a.example.com", "W202"),
        ("**.example.com", "W202"),
        ("*.*.example.com", "W202"),
        ("example.*", "W202"),
        ("*.[::1]", "W202"),
        ("http://cdn.example.com", "W205"),
        ("wss://cdn.example.com", "W205"),
        ("javascript:alert(1)", "W205"),
        ("data:text/html", "W205"),
        ("blob:https://a.example", "W206"),
        ("", "W207"),
        ("user@cdn.example.com", "W207"),
        ("cdn.example.com:", "W207"),
        ("cdn.example.com:0", "W207"),
        ("cdn.example.com:65536", "W207"),
        ("cdn.example.com:+1", "W207"),
        ("cdn.example.com:https", "W207"),
        ("a..example.com", "W207"),
        (".example.com", "W207"),
        ("a_b.example.com", "W207"),
        ("-a.example.com", "W207"),
        ("cdn.example.com.", "W207"),
        ("a b.example.com", "W207"),
        ("cdn.example.com\n", "W207"),
        ("a,b", "W207"),
        ("[::1", "W207"),
    ] {
        assert_eq!(refused(entry), code, "{entry:?}");
    }
}

#[test]
fn strict_refuses_spellings_that_a_parser_repairs() {
    for entry in [
        "CDN.example.com",
        "HTTPS://cdn.example.com",
        "cdn.example.com:443",
        "cdn.example.com:08443",
        "b\u{fc}cher.example.com",
        "cdn%2eexample.com",
        "0x7f.1",
    ] {
        assert!(warnings(entry).contains(&"W209".to_owned()), "{entry}");
        assert!(
            Policy::builder(RuleSet::Strict)
                .with_origin(entry)
                .build()
                .is_err(),
            "{entry}"
        );
    }
    assert!(
        Policy::builder(RuleSet::Strict)
            .with_origin("cdn.example.com")
            .build()
            .is_ok()
    );
}

#[test]
fn covered_entries_are_pointed_out() {
    let policy = Policy::builder(RuleSet::Recommended)
        .with_origins([
            "*.example.com",
            "a.example.com",
            "*.b.example.com",
            "example.com",
            "a.example.com:8443",
            "example.com",
        ])
        .build()
        .unwrap();
    let redundant: Vec<&str> = policy
        .findings()
        .iter()
        .map(|finding| finding.pointer.as_str())
        .collect();
    assert_eq!(redundant, ["/origins/1", "/origins/2", "/origins/5"]);
}

proptest! {
    /// What a pattern admits, it admits again after a round through its own text.
    #[test]
    fn a_pattern_reads_back_what_it_writes(host in "[a-z]{1,5}(\\.[a-z]{1,5}){1,3}", wildcard: bool, port in proptest::option::of(1_u16..)) {
        let entry = format!("{}{host}{}", if wildcard { "*." } else { "" }, port.map(|port| format!(":{port}")).unwrap_or_default());
        if let Ok(pattern) = OriginPattern::parse(&entry) {
            prop_assert_eq!(OriginPattern::parse(&pattern.to_string()).ok(), Some(pattern.clone()));
            let port = port.unwrap_or(443);
            prop_assert_eq!(pattern.admits(&origin(&format!("https://{host}:{port}"))), !wildcard);
            let below = origin(&format!("https://x.{host}:{port}"));
            prop_assert_eq!(pattern.admits(&below), wildcard);
            let other = origin(&format!("https://x{host}:{port}"));
            prop_assert!(!pattern.admits(&other));
        }
    }

    /// Whatever an entry is, reading it does not panic, and the loaded policy never admits another scheme.
    #[test]
    fn any_text_is_read_without_panic(entry in "\\PC{0,30}") {
        if let Ok(pattern) = OriginPattern::parse(&entry) {
            let http = origin(&format!("http://{}:{}", pattern.host(), pattern.port()));
            prop_assert!(!pattern.admits(&http));
        }
    }
}

const FILE: &str = r#"{
  "rules": "strict",
  "origins": ["cdn.example.com", "*.widgets.example.com:8443"],
  "maxBytes": 2048, "maxDepth": 16, "minWidth": 10, "maxWidth": 1024, "minHeight": 10, "maxHeight": 768,
  "maxName": 40, "maxDescription": 80, "maxSettings": 5, "maxItems": 3, "minRefreshMs": 1000, "maxRefreshMs": 60000,
  "severities": {"W406": "off", "frame-too-large": "warning"},
  "suppressions": [{"code": "W110", "pointer": "/manifestUrl", "reason": "moves in March", "expires": "2027-03-31"}]
}"#;

#[test]
fn a_policy_file_sets_everything() {
    let policy = Policy::from_json(FILE.as_bytes()).unwrap();
    assert_eq!(policy.rules(), RuleSet::Strict);
    assert_eq!(
        policy.origins()[1].to_string(),
        "*.widgets.example.com:8443"
    );
    let limits = policy.limits();
    assert_eq!(
        (limits.max_bytes, limits.max_depth, limits.max_items),
        (2048, 16, 3)
    );
    assert_eq!(
        (limits.width.clone(), limits.height.clone()),
        (10..=1024, 10..=768)
    );
    assert_eq!(limits.refresh.start().as_secs(), 1);
    assert_eq!(
        policy.level(codes::sandbox::SANDBOX_ORIGIN_ONLY),
        Level::Off
    );
    assert_eq!(
        policy.level(codes::frame::FRAME_TOO_LARGE),
        Level::On(Severity::Warning)
    );
    assert!(policy.findings().is_empty());
}

#[test]
fn a_policy_file_is_read_under_another_rule_set() {
    let file = br#"{"rules": "tutorial", "origins": ["cdn.example.com"], "maxWidth": 400, "severities": {"W406": "info"}}"#;
    let policy = Policy::from_json_with_rules(file, RuleSet::Strict).unwrap();
    assert_eq!(policy.rules(), RuleSet::Strict);
    assert_eq!(policy.origins().len(), 1);
    // The width is the file's, what it does not say is the rule set's.
    let limits = policy.limits();
    assert_eq!(
        (limits.width.clone(), limits.height.clone()),
        (100..=400, 50..=600)
    );
    assert_eq!(
        policy.level(codes::sandbox::SANDBOX_ORIGIN_ONLY),
        Level::On(Severity::Info)
    );

    // Without a word about origins, the rule set's own count, whatever the file's rule set has.
    let silent = br#"{"rules": "strict"}"#;
    let policy = Policy::from_json_with_rules(silent, RuleSet::Tutorial).unwrap();
    assert_eq!(policy.origins().len(), 2);

    let wrong = br#"{"rules": "lenient"}"#;
    let error = Policy::from_json_with_rules(wrong, RuleSet::Strict).unwrap_err();
    assert_eq!(error.findings()[0].pointer, "/rules");
}

fn problems(file: &str) -> Vec<(String, String)> {
    let error: PolicyError = Policy::from_json(file.as_bytes()).unwrap_err();
    let severe = error
        .findings()
        .iter()
        .filter(|finding| finding.severity == Severity::Error);
    severe
        .map(|finding: &Finding| (finding.code.to_string(), finding.pointer.clone()))
        .collect()
}

#[test]
fn a_bad_policy_file_names_every_bad_entry_and_loads_nothing() {
    let file = FILE
        .replace("cdn.example.com", "*.co.uk")
        .replace("\"maxWidth\"", "\"maxWidht\"")
        .replace("\"W110\"", "\"W999\"")
        .replace("\"moves in March\"", "\" \"")
        .replace("60000", "5");
    let expected = [
        ("W203", "/origins/0"),
        ("W211", "/maxWidht"),
        ("W211", "/maxRefreshMs"),
        ("W211", "/suppressions/0/code"),
    ];
    let mut found = problems(&file);
    found.sort();
    let mut expected: Vec<(String, String)> = expected
        .iter()
        .map(|(code, pointer)| ((*code).to_owned(), (*pointer).to_owned()))
        .collect();
    expected.sort();
    assert_eq!(found, expected);
    let error = Policy::from_json(file.as_bytes()).unwrap_err().to_string();
    assert!(
        error.contains("*.co.uk")
            && error.contains("public suffix")
            && error.contains("/maxWidht")
            && !error.contains('\n'),
        "{error}"
    );
    for (file, expected) in [
        ("", vec![("W001", "")]),
        ("[]", vec![("W211", "")]),
        ("{\"rules\": \"loose\"}", vec![("W211", "/rules")]),
        (
            "{\"origins\": \"cdn.example.com\"}",
            vec![("W211", "/origins")],
        ),
        ("{\"origins\": [7]}", vec![("W211", "/origins/0")]),
        ("{\"maxBytes\": 1.5}", vec![("W211", "/maxBytes")]),
        ("{\"maxBytes\": 0}", vec![("W211", "/maxBytes")]),
        ("{\"maxDepth\": 100000}", vec![("W211", "/maxDepth")]),
        ("{\"minWidth\": 900}", vec![("W211", "/maxWidth")]),
        (
            "{\"severities\": {\"W306\": \"fatal\"}}",
            vec![("W211", "/severities/W306")],
        ),
        (
            "{\"suppressions\": [{\"code\": \"W306\"}]}",
            vec![("W211", "/suppressions/0/reason")],
        ),
        (
            "{\"suppressions\": [{\"reason\": \"x\"}]}",
            vec![("W211", "/suppressions/0")],
        ),
        (
            "{\"suppressions\": [{\"code\": \"W306\", \"reason\": \"x\", \"expires\": \"2027-02-30\"}]}",
            vec![("W211", "/suppressions/0/expires")],
        ),
        (
            "{\"suppressions\": [{\"code\": \"W306\", \"reason\": \"x\", \"untill\": \"\"}]}",
            vec![("W211", "/suppressions/0/untill")],
        ),
        (
            "{\"origins\": [], \"origins\": [\"*\"]}",
            vec![("W004", "/origins"), ("W201", "/origins/0")],
        ),
        ("{\"rules\": \"strict\",}", vec![("W001", "")]),
    ] {
        let expected: Vec<(String, String)> = expected
            .into_iter()
            .map(|(code, pointer): (&str, &str)| (code.to_owned(), pointer.to_owned()))
            .collect();
        let mut found = problems(file);
        found.sort();
        assert_eq!(found, expected, "{file}");
    }
}

fn suppressing(suppression: Suppression, today: Option<Date>) -> Validator {
    let policy = Policy::builder(RuleSet::Recommended)
        .with_origin("s3.amazonaws.com")
        .with_suppression(suppression)
        .build()
        .unwrap();
    let validator = Validator::new(policy);
    match today {
        Some(today) => validator.with_date(today),
        None => validator,
    }
}

#[test]
fn suppressions_count_until_their_last_day_and_are_missed_when_unused() {
    let document = TUTORIAL.replace("500\n", "900\n");
    let too_large = || {
        Suppression::new(codes::frame::FRAME_TOO_LARGE, "new layout in March")
            .with_pointer("/settings/dimensions")
    };
    let last = Date::new(2027, 3, 31).unwrap();
    let day = |text| Some(Date::parse(text).unwrap());
    let notes = |validator: &Validator, document: &str| -> Vec<String> {
        let report = validator.validate(document);
        report
            .policy_findings()
            .map(|finding| finding.code.to_string())
            .filter(|code| code != "W204")
            .collect()
    };
    for (suppression, today, suppressed, note) in [
        (too_large(), None, true, vec![]),
        (
            too_large().with_expiry(last),
            day("2027-03-31"),
            true,
            vec![],
        ),
        (
            too_large().with_expiry(last),
            day("2027-04-01"),
            false,
            vec!["W212"],
        ),
        (too_large().with_expiry(last), None, false, vec![]),
        (
            too_large().with_pointer("/settings/dim"),
            None,
            false,
            vec!["W213"],
        ),
        (
            Suppression::new(codes::frame::FRAME_TOO_SMALL, "x"),
            None,
            false,
            vec!["W213"],
        ),
    ] {
        let validator = suppressing(suppression, today);
        let report = validator.validate(document.as_str());
        assert_eq!(found(&report).is_empty(), suppressed);
        assert_eq!(report.suppressed().len(), usize::from(suppressed));
        assert_eq!(notes(&validator, &document), note);
    }
    assert_eq!(notes(&suppressing(too_large(), None), TUTORIAL), ["W213"]);
}
