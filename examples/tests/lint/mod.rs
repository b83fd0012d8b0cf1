//! `widget_lint` as a user runs it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use widget_validate::reference_markdown;

use crate::program;

const DASHBOARD: &str = "widgets/dashboard.json";
const FAULTY: &str = "widgets/faulty.json";
const POLICY: &str = "widgets/policy.json";

/// Runs the linter with these bytes on standard input.
fn lint_bytes(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program("widget_lint"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses its arguments does not wait for input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn lint(arguments: &[&str]) -> Output {
    lint_bytes(arguments, b"")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Code and pointer of every finding about the first document of a JSON report.
fn found(output: &Output) -> Vec<(String, String)> {
    let page: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(output)));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = page["reports"][0]["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| (text(&finding["code"]), text(&finding["pointer"])))
        .collect()
}

fn codes(output: &Output) -> Vec<String> {
    found(output).into_iter().map(|(code, _)| code).collect()
}

/// A definition without fault, but for its URL.
fn with_url(url: &str) -> String {
    format!(
        r#"{{"name":"W","type":"webapp","manifestUrl":"{url}","settings":{{"dimensions":{{"width":750,"height":500}}}}}}"#
    )
}

#[test]
fn the_tutorials_own_widget_is_clean_under_every_rule_set() {
    for rules in ["tutorial", "recommended", "strict"] {
        let output = lint(&[DASHBOARD, "--rules", rules]);
        assert_eq!(output.status.code(), Some(0), "{}", shown(&output));
        assert!(
            shown(&output).contains("not checked: csp"),
            "silence is not approval"
        );
    }
    // The tutorial's own entries admit strangers, which is said and does not fail the widget.
    let output = lint(&[DASHBOARD, "--rules", "tutorial"]);
    assert_eq!(
        shown(&output)
            .matches("warning[W204 shared-tenant]")
            .count(),
        2
    );
}

#[test]
fn every_fault_of_a_widget_is_found_in_one_run() {
    let output = lint(&[FAULTY, "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let found = found(&output);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(code, pointer)| (code.as_str(), pointer.as_str()))
        .collect();
    let expected = [
        ("W010", "/name"),
        ("W011", "/nmae"),
        ("W012", "/description"),
        ("W013", "/type"),
        ("W004", "/status"),
        ("W013", "/status"),
        ("W102", "/manifestUrl"),
        ("W302", "/settings/dimensions/width"),
        ("W306", "/settings/dimensions/height"),
        ("W404", "/settings/sandbox"),
        ("W406", "/settings/sandbox"),
        ("W401", "/settings/sandbox"),
        ("W018", "/settings/refresh_interval_ms"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_level_to_fail_on_decides_the_exit_status() {
    let warned = with_url("https://CDN.example.com/w.json");
    for (level, status) in [("info", 1), ("warning", 1), ("error", 0)] {
        let output = lint_bytes(&["-", "--json", "--fail-on", level], warned.as_bytes());
        assert_eq!(codes(&output), ["W108"]);
        assert_eq!(output.status.code(), Some(status), "{level}");
        let page: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&page["failOn"], &page["clean"]),
            (&Value::from(level), &Value::from(status == 0))
        );
    }
}

#[test]
fn several_files_make_one_log() {
    let output = lint(&[DASHBOARD, FAULTY, "--format", "sarif"]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let log: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(log["runs"].as_array().unwrap().len(), 1);
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 13);
    let at = |result: &Value| {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone()
    };
    assert!(results.iter().all(|result| at(result) == FAULTY));

    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let again = lint(&[DASHBOARD, FAULTY, "--format", "sarif", "--out", out]);
    assert_eq!(
        std::fs::read(folder.path().join("widget_lint.sarif")).unwrap(),
        again.stdout
    );
    assert_eq!(
        again.stdout, output.stdout,
        "the same input gives the same bytes"
    );
}

#[test]
fn a_policy_file_decides_origins_limits_severities_and_exceptions() {
    let admitted = with_url("https://a.widgets.example.com/w.json");
    let output = lint_bytes(&["-", "--json", "--policy", POLICY], admitted.as_bytes());
    assert_eq!((codes(&output), output.status.code()), (vec![], Some(0)));

    // Suppressed up to the last day, and back on the next one.
    let suppressed = lint(&[
        DASHBOARD,
        "--json",
        "--policy",
        POLICY,
        "--date",
        "2099-12-31",
    ]);
    assert_eq!(
        (codes(&suppressed), suppressed.status.code()),
        (vec![], Some(0))
    );
    let expired = lint(&[
        DASHBOARD,
        "--json",
        "--policy",
        POLICY,
        "--date",
        "2100-01-01",
    ]);
    assert_eq!(
        (codes(&expired), expired.status.code()),
        (vec!["W110".to_owned()], Some(1))
    );
}

#[test]
fn a_policy_file_is_applied_under_the_rule_set_that_is_asked_for() {
    // Only the strict rules refuse what a parser repairs; the origins stay the file's.
    let repaired = with_url("https://A.widgets.example.com/w.json");
    let lint = |rules: &str| {
        let arguments = [
            "-",
            "--json",
            "--policy",
            POLICY,
            "--rules",
            rules,
            "--fail-on",
            "error",
        ];
        let output = lint_bytes(&arguments, repaired.as_bytes());
        (codes(&output), output.status.code())
    };
    assert_eq!(lint("recommended"), (vec!["W108".to_owned()], Some(0)));
    assert_eq!(lint("strict"), (vec!["W108".to_owned()], Some(1)));
}

#[test]
fn a_bad_entry_of_a_policy_is_named_and_nothing_is_checked() {
    // errata WID-25, WID-26
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.json");
    let policy = r#"{"origins": ["*.co.uk", "s3.amazonaws.com/my-bucket", "cdn.example.com"], "maxWidht": 800}"#;
    std::fs::write(&path, policy).unwrap();
    let output = lint(&[DASHBOARD, "--policy", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(shown(&output), "");
    for part in [
        "policy.json",
        "error[W203] /origins/0: ",
        "error[W206] /origins/1: ",
        "error[W211] /maxWidht: ",
        "maxWidth",
    ] {
        assert!(
            told(&output).contains(part),
            "{part} is not in {}",
            told(&output)
        );
    }
}

#[test]
fn bad_bytes_are_findings_and_never_a_crash() {
    let deep = "[".repeat(1_000_000);
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(10_000_000));
    let members = format!(r#"{{{}"name":"W"}}"#, r#""a":1,"#.repeat(100_000));
    let cases: [(&str, &[u8], &str); 10] = [
        ("nothing", b"", "W001"),
        ("cut", br#"{"name":"W""#, "W001"),
        ("deep", deep.as_bytes(), "W005"),
        ("huge", long.as_bytes(), "W008"),
        ("duplicates beyond what is kept", members.as_bytes(), "W004"),
        ("not UTF-8", b"{\"name\":\"\xff\xfe\"}", "W002"),
        ("byte order mark", b"\xef\xbb\xbf{}", "W003"),
        (
            "no number",
            br#"{"settings":{"dimensions":{"width":NaN}}}"#,
            "W006",
        ),
        (
            "no finite number",
            br#"{"settings":{"dimensions":{"width":1e999,"height":1}}}"#,
            "W006",
        ),
        ("lone surrogate", br#"{"name":"\ud800"}"#, "W007"),
    ];
    for (what, bytes, code) in cases {
        let output = lint_bytes(&["-", "--json"], bytes);
        assert_eq!(output.status.code(), Some(1), "{what}: {}", told(&output));
        assert!(
            codes(&output).iter().any(|found| found == code),
            "{what}: {:?}",
            codes(&output).first()
        );
    }
}

#[test]
fn an_input_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.json");
    std::fs::write(&large, vec![b' '; 10 * 1024 * 1024 + 1]).unwrap();
    let output = lint(&["absent.json", DASHBOARD, large.to_str().unwrap()]);
    assert_eq!(
        (output.status.code(), shown(&output).as_str()),
        (Some(2), "")
    );
    for part in ["absent.json: ", "large.json: larger than 10485760 bytes"] {
        assert!(
            told(&output).contains(part),
            "{part} is not in {}",
            told(&output)
        );
    }
}

#[test]
fn wrong_usage_ends_with_status_2() {
    let wrong: [&[&str]; 9] = [
        &[],
        &["-", "-"],
        &[DASHBOARD, "--rules", "lenient"],
        &[DASHBOARD, "--fail-on", "never"],
        &[DASHBOARD, "--json", "--format", "text"],
        &[DASHBOARD, FAULTY, "--fix"],
        &[DASHBOARD, "--date", "2026-02-29"],
        &["--explain", "W999"],
        &["--reference", DASHBOARD],
    ];
    for arguments in wrong {
        let output = lint(arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            told(&output)
        );
        assert_eq!(shown(&output), "", "{arguments:?}");
    }
}

#[test]
fn the_fixed_definition_has_no_fixable_finding_left() {
    let fixed = lint(&[FAULTY, "--fix"]);
    assert_eq!(
        fixed.status.code(),
        Some(1),
        "a duplicate member is not repaired by guessing"
    );
    let output = lint_bytes(&["-", "--json"], &fixed.stdout);
    assert_eq!(codes(&output), ["W012", "W004", "W013", "W104", "W406"]);
    let page: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = page["reports"][0]["findings"].as_array().unwrap();
    assert!(
        findings.iter().all(|finding| finding["fix"].is_null()),
        "{findings:?}"
    );

    // What no fix touches stays byte for byte.
    let untouched = lint(&[DASHBOARD, "--fix"]);
    assert_eq!(
        untouched.stdout,
        std::fs::read(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/widgets/dashboard.json"
        ))
        .unwrap()
    );
    assert_eq!(untouched.status.code(), Some(0));
}

#[test]
fn headers_are_judged_for_the_region_that_shows_the_widget() {
    // errata WID-28
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("headers.txt");
    let policy = "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors https://apps.mypurecloud.ie";
    let text = format!(
        "HTTP/2 200\r\ncontent-security-policy: {policy}\r\naccess-control-allow-origin: https://apps.mypurecloud.ie\r\n\
         vary: Origin\r\nx-content-type-options: nosniff\r\nreferrer-policy: no-referrer\r\nstrict-transport-security: max-age=31536000\r\n\r\n"
    );
    std::fs::write(&path, text).unwrap();
    let headers = path.to_str().unwrap();
    let fitting = lint(&[
        DASHBOARD,
        "--json",
        "--headers",
        headers,
        "--region",
        "eu-west-1",
        "--fail-on",
        "error",
    ]);
    assert_eq!(fitting.status.code(), Some(0), "{:?}", found(&fitting));
    let other = lint(&[
        DASHBOARD,
        "--json",
        "--headers",
        headers,
        "--region",
        "us-east-1",
        "--fail-on",
        "error",
    ]);
    assert_eq!(other.status.code(), Some(1));
    let place = ("W640".to_owned(), "/content-security-policy/0".to_owned());
    assert!(found(&other).contains(&place), "{:?}", found(&other));
}

#[test]
fn a_schema_holds_the_properties() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("schema.json");
    std::fs::write(&path, r#"{"type": "object", "required": ["displayType"]}"#).unwrap();
    let widget = br#"{"properties": {"url": "https://cdn.example.com/w"}}"#;
    let output = lint_bytes(&["-", "--json", "--schema", path.to_str().unwrap()], widget);
    let place = ("W020".to_owned(), "/properties".to_owned());
    assert!(found(&output).contains(&place), "{:?}", found(&output));

    std::fs::write(&path, r#"{"$ref": "https://example.com/schema.json"}"#).unwrap();
    let output = lint_bytes(&["-", "--schema", path.to_str().unwrap()], widget);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output).contains("schema.json: unusable json schema"),
        "{}",
        told(&output)
    );
}

#[test]
fn rules_are_explained_and_the_reference_on_disk_is_theirs() {
    let (by_code, by_name) = (
        lint(&["--explain", "W306"]),
        lint(&["--explain", "frame-too-large"]),
    );
    assert_eq!(by_code.status.code(), Some(0));
    assert!(
        shown(&by_code).contains("Bad:") && shown(&by_code).contains("Good:"),
        "{}",
        shown(&by_code)
    );
    assert_eq!(by_code.stdout, by_name.stdout);

    let reference = lint(&["--reference"]);
    assert_eq!(shown(&reference), reference_markdown());
    assert_eq!(
        shown(&reference),
        include_str!("../../../docs/widget-rules.md"),
        "run .ci/widget-rules --write"
    );
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let mut child = Command::new(program("widget_lint"))
        .arg("--reference")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), told(&output).as_str()),
        (Some(0), "")
    );
}
