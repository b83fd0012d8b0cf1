//! Fixes: what they repair, what they leave alone, and that they are JSON Patches.

use widget_validate::{Patch, PatchErrorKind, RuleSet, Severity};

use crate::support::{TUTORIAL, codes, validator, with_settings, with_url};

#[test]
fn fixing_repairs_what_it_can_and_leaves_every_other_byte() {
    let document = TUTORIAL
        .replace("s3.amazonaws.com/my-bucket", "CDN.example.com:443")
        .replace("\"webapp\"", "\"WebApp\"")
        .replace("\"inactive\"", "\"inactiv\"")
        .replace("750", "\"750\"")
        .replace("500\n", "950.5\n")
        .replace("\"status\"", "\"colour\": {\"a\": [1]},\n  \"status\"");
    let fixed = validator(RuleSet::Recommended).fix(document.as_str());
    assert!(
        fixed.report.findings().is_empty(),
        "{:?}",
        fixed.report.findings()
    );
    assert!(fixed.is_clean_at(Severity::Info));
    let expected = TUTORIAL
        .replace("s3.amazonaws.com/my-bucket", "cdn.example.com")
        .replace("500\n", "600\n");
    assert_eq!(String::from_utf8(fixed.bytes).unwrap(), expected);
    assert!(fixed.applied.len() >= 6);
}

#[test]
fn several_faults_of_one_value_are_fixed_in_rounds() {
    let document = with_settings(
        "\"sandbox\":\"allow-frms allow-script,allow-forms,Allow-Forms,allow-top-navigation\",\"permissions\":\"camera,kamera,usb,camera\"",
    );
    let fixed = validator(RuleSet::Recommended).fix(document.as_str());
    let text = String::from_utf8(fixed.bytes).unwrap();
    assert!(
        text.contains("\"sandbox\":\"allow-scripts,allow-forms\""),
        "{text}"
    );
    assert!(text.contains("\"permissions\":\"camera\""), "{text}");
    assert!(
        fixed.report.is_clean_at(Severity::Warning),
        "{:?}",
        fixed.report.findings()
    );
}

#[test]
fn nothing_is_fixed_by_guessing() {
    let validator = validator(RuleSet::Recommended);
    for document in [
        with_url("https://evil.example/"),
        with_url("https://cdn.examp1e.com/"),
        with_url("javascript:alert(1)"),
        with_url("https://{{gcLangTag}}.widgets.example.com/"),
        with_settings("\"sandbox\":\"allow-forms\""),
        with_settings("\"sandbox\":\"\""),
        with_settings("\"api_key\":\"x\""),
        TUTORIAL.replace("\"name\"", "\"type\""),
        TUTORIAL
            .replace("750", "-5")
            .replace("s3.amazonaws", "cdn.example"),
    ] {
        let report = validator.validate(document.as_str());
        let offered: Vec<_> = report
            .findings()
            .iter()
            .filter(|finding| finding.severity == Severity::Error && finding.fix.is_some())
            .collect();
        assert!(offered.is_empty(), "{document}: {offered:?}");
    }
}

#[test]
fn a_misspelled_member_is_renamed_and_an_unknown_one_removed() {
    let validator = validator(RuleSet::Recommended);
    let renamed = validator.fix(
        TUTORIAL
            .replace("\"manifestUrl\"", "\"manifestURL\"")
            .replace("s3.amazonaws", "cdn.example")
            .as_str(),
    );
    let text = String::from_utf8(renamed.bytes).unwrap();
    assert!(
        text.contains(
            "\"manifestUrl\": \"https://cdn.example.com/my-bucket/widget-manifest.json\""
        ),
        "{text}"
    );
    assert!(renamed.report.is_clean_at(Severity::Warning));
}

#[test]
fn a_fix_is_guarded_by_the_value_it_was_made_for() {
    let document = with_settings("\"refresh_interval_ms\":0");
    let report = validator(RuleSet::Recommended).validate(document.as_str());
    let fix: &Patch = report.findings()[0].fix.as_ref().unwrap();
    assert_eq!(
        fix.to_json(),
        r#"[{"op":"test","path":"/settings/refresh_interval_ms","value":0},{"op":"replace","path":"/settings/refresh_interval_ms","value":250}]"#
    );
    assert!(fix.apply(document.as_bytes()).is_ok());
    let changed = document.replace(":0}", ":1}");
    assert_eq!(
        fix.apply(changed.as_bytes()).unwrap_err().kind(),
        PatchErrorKind::Test
    );
}

#[test]
fn fixing_ends_and_never_makes_things_worse() {
    let validator = validator(RuleSet::Strict);
    for document in [
        "",
        "{",
        "[]",
        "{}",
        "{\"name\":\"\"}",
        TUTORIAL,
        "{\"a\":1,\"a\":2,\"b\":NaN}",
    ] {
        let before = codes(&validator, document).len();
        let fixed = validator.fix(document);
        assert!(fixed.report.findings().len() <= before, "{document}");
        let again = validator.fix(fixed.bytes.as_slice());
        assert_eq!(again.bytes, fixed.bytes);
    }
}
