//! Broken documents: a finding each, never a panic.

use proptest::prelude::*;
use widget_validate::{
    Finding, Level, Policy, PolicyBuilder, RuleSet, Severity, Subject, Suppression, Validator,
    codes,
};

use crate::support::{
    TUTORIAL, assert_found, clean_headers, codes as found_codes, tutorial, validator, with_settings,
};

#[test]
fn every_prefix_of_a_document_is_a_finding() {
    let validator = tutorial();
    for cut in 0..TUTORIAL.len() {
        let report = validator.validate(&TUTORIAL.as_bytes()[..cut]);
        let broken = report
            .findings()
            .iter()
            .filter(|finding| finding.code == codes::structure::JSON_SYNTAX)
            .count();
        assert_eq!(
            (broken, report.findings().len()),
            (1, 1),
            "cut at {cut}: {:?}",
            report.findings()
        );
    }
}

#[test]
fn encodings_other_than_plain_utf8_are_findings() {
    let rules = tutorial();
    let latin1 = TUTORIAL
        .replace("Agent", "\u{1}")
        .into_bytes()
        .into_iter()
        .map(|byte| if byte == 1 { 0xE9 } else { byte })
        .collect::<Vec<u8>>();
    let at = latin1.iter().position(|byte| *byte == 0xE9).unwrap();
    let report = rules.validate(latin1.as_slice());
    assert_eq!(report.findings().len(), 1);
    assert_eq!(
        (report.findings()[0].code, report.findings()[0].span.start),
        (codes::structure::NOT_UTF8, at)
    );
    let utf16: Vec<u8> = [0xFF, 0xFE]
        .into_iter()
        .chain(TUTORIAL.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_found(&rules, utf16.as_slice(), &[("W002", "")]);
    let cut = &"é".as_bytes()[..1];
    assert_found(&rules, cut, &[("W002", "")]);
    let overlong = b"{\"name\": \"\xC0\xAF\"}".as_slice();
    assert_found(&rules, overlong, &[("W002", "")]);
    let surrogate = b"{\"name\": \"\xED\xA0\x80\"}".as_slice();
    assert_found(&rules, surrogate, &[("W002", "")]);
    let marked = format!("\u{feff}{TUTORIAL}");
    assert_found(&rules, marked.as_str(), &[("W003", "")]);
}

#[test]
fn numbers_that_are_not_finite_are_findings_at_their_place() {
    let rules = tutorial();
    for number in [
        "NaN",
        "nan",
        "-NaN",
        "Infinity",
        "-Infinity",
        "+Infinity",
        "inf",
        "1e309",
        "-1e999",
    ] {
        let document = TUTORIAL.replace("750", number);
        assert_found(
            &rules,
            document.as_str(),
            &[("W006", "/settings/dimensions/width")],
        );
    }
}

#[test]
fn spellings_that_only_look_like_json_are_findings_at_their_place() {
    let rules = tutorial();
    for number in [
        "0750", "+750", ".5", "750.", "7_50", "0x2EE", "750e", "--750", "750px",
    ] {
        let document = TUTORIAL.replace("750", number);
        assert_found(
            &rules,
            document.as_str(),
            &[("W001", "/settings/dimensions/width")],
        );
    }
    for (from, to, pointer) in [
        ("5000", "5000,", "/settings"),
        ("\"webapp\",", "\"webapp\"", ""),
        ("\"webapp\",", "\"webapp\", // kind\n", ""),
        ("\"webapp\",", "\"webapp\", /* kind */", ""),
        ("Agent", "Agent\\x", "/name"),
        ("Agent", "Agent\\u12", "/name"),
        ("Agent", "Agent\t", "/name"),
    ] {
        assert_found(
            &rules,
            TUTORIAL.replacen(from, to, 1).as_str(),
            &[("W001", pointer)],
        );
    }
    for fatal in [
        "",
        " ",
        "{",
        "[",
        "\"",
        "tru",
        "undefined",
        "{'name': 1}",
        "{name: 1}",
        "{\"a\" 1}",
        "{\"a\": }",
        "[1 2]",
        "\u{0}",
        "#",
    ] {
        let found = found_codes(&rules, fatal);
        assert_eq!(found.len(), 1, "{fatal:?}: {found:?}");
        assert_eq!(found[0].0, "W001", "{fatal:?}");
    }
    for other in ["null", "7", "\"text\"", "[]", "true"] {
        assert_found(&rules, other, &[("W009", "")]);
    }
}

#[test]
fn halves_of_surrogate_pairs_are_findings() {
    let rules = tutorial();
    for (escape, lone) in [
        ("\\ud83d", 1),
        ("\\ude00", 1),
        ("\\ud83d\\ud83d", 2),
        ("\\ud83dx\\ude00", 2),
        ("\\ud83d\\ude00", 0),
        ("\\uD83D\\uDE00", 0),
        ("\\u00e9", 0),
    ] {
        let document = TUTORIAL.replace("Agent", escape);
        assert_found(&rules, document.as_str(), &vec![("W007", "/name"); lone]);
    }
}

#[test]
fn repeated_names_are_found_in_small_and_large_objects_and_behind_escapes() {
    let rules = tutorial();
    assert_found(
        &rules,
        TUTORIAL
            .replace("\"status\"", "\"type\"")
            .replace("inactive", "webapp")
            .as_str(),
        &[("W004", "/type")],
    );
    assert_found(
        &rules,
        TUTORIAL
            .replace("\"status\": \"inactive\"", "\"t\\u0079pe\": \"webapp\"")
            .as_str(),
        &[("W004", "/type")],
    );
    let many: Vec<String> = (0..40)
        .map(|index| format!("\"s{index}\":0"))
        .chain(["\"s\\u0037\":1".to_owned()])
        .collect();
    let found = found_codes(
        &validator(RuleSet::Tutorial),
        with_settings(&many.join(",")).as_str(),
    );
    assert!(
        found.contains(&("W004".to_owned(), "/settings/s7".to_owned())),
        "{found:?}"
    );
    assert_eq!(found.iter().filter(|(code, _)| code == "W004").count(), 1);
}

#[test]
fn nesting_is_limited_by_the_policy_and_never_by_the_stack() {
    let rules = tutorial();
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(1_000_000);
        let found = found_codes(&rules, deep.as_str());
        let codes: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
        assert_eq!(codes, ["W005", "W008"]);
    }
    let nested = |levels: usize| {
        with_settings(&format!(
            "\"refresh_interval_ms\":{}1{}",
            "[".repeat(levels),
            "]".repeat(levels)
        ))
    };
    let deepest = found_codes(&validator(RuleSet::Tutorial), nested(30).as_str());
    assert_eq!(
        deepest,
        [(
            "W012".to_owned(),
            "/settings/refresh_interval_ms".to_owned()
        )]
    );
    let deeper = found_codes(&validator(RuleSet::Tutorial), nested(31).as_str());
    assert_eq!(deeper.len(), 1);
    assert_eq!(deeper[0].0, "W005");
}

#[test]
fn rubbish_of_megabytes_gives_a_bounded_report() {
    let controls = format!("{{\"name\": \"{}\"}}", "\u{1}".repeat(3_000_000));
    let report = tutorial().validate(controls.as_str());
    assert!(report.findings().len() <= 10_001);
    assert!(report.omitted() > 2_900_000);
    assert!(
        report
            .to_text("w.json", controls.as_bytes())
            .contains("more findings are not shown")
    );
    let members: Vec<String> = (0..100_000)
        .map(|index| format!("\"m{index}\":0"))
        .collect();
    let report = tutorial().validate(format!("{{{}}}", members.join(",")).as_str());
    assert_eq!(report.findings().len() + report.omitted(), 100_000 + 5);
}

/// 10,100 notes fill the report before the error is found.
#[test]
fn findings_that_are_only_counted_have_a_severity() {
    let members: String = (0..10_100)
        .map(|index| format!(",\"m{index}\":0"))
        .collect();
    let document = TUTORIAL
        .replace("\"type\": \"webapp\"", "\"type\": \"web page\"")
        .trim_end_matches('}')
        .to_owned()
        + &members
        + "}";
    let policy = || {
        Policy::builder(RuleSet::Tutorial)
            .with_severity(codes::structure::UNKNOWN_MEMBER, Severity::Info)
            .with_severity(codes::structure::TOO_LARGE, Level::Off)
            .with_severity(codes::policy::SUPPRESSION_UNUSED, Severity::Warning)
    };
    let validate =
        |policy: PolicyBuilder| Validator::new(policy.build().unwrap()).validate(document.as_str());

    let report = validate(policy());
    let kept = report.findings();
    assert!(
        kept.iter()
            .all(|finding| finding.severity == Severity::Info)
    );
    assert_eq!((kept.len(), report.omitted()), (10_000, 101));
    assert_eq!(report.worst(), Some(Severity::Error));
    assert!(!report.is_clean_at(Severity::Error));
    assert_eq!(
        (report.count(Severity::Error), report.count(Severity::Info)),
        (1, 10_100)
    );

    // A suppression of the notes takes those out that are only counted, too; one that may be about some of them does not.
    let unknown = codes::structure::UNKNOWN_MEMBER;
    let everywhere = Suppression::new(unknown, "a generator writes them");
    let report = validate(policy().with_suppression(everywhere.clone()));
    assert_eq!((report.findings().len(), report.omitted()), (0, 1));
    assert_eq!(report.worst(), Some(Severity::Error));
    let report = validate(policy().with_suppression(everywhere.with_pointer("/m10099")));
    assert_eq!((report.findings().len(), report.omitted()), (10_000, 101));
    let is_unused = |note: &Finding| note.code == codes::policy::SUPPRESSION_UNUSED;
    assert!(!report.policy_findings().any(is_unused));

    // A rule that is off finds nothing beyond the limit, either.
    let report = validate(policy().with_severity(codes::structure::UNKNOWN_VALUE, Level::Off));
    assert_eq!((report.omitted(), report.count(Severity::Error)), (100, 0));
    let broken = document.replace(":0", ":NaN");
    let report = Validator::new(
        policy()
            .with_severity(codes::structure::NON_FINITE_NUMBER, Level::Off)
            .build()
            .unwrap(),
    )
    .validate(broken.as_str());
    assert_eq!((report.findings().len(), report.omitted()), (10_000, 101));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    /// Any bytes at all, with every renderer and every fix.
    #[test]
    fn any_bytes_give_a_report(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        judge(&bytes);
    }

    /// Documents with bytes changed at random: closer to the real thing than noise.
    #[test]
    fn damaged_documents_give_a_report(damage in proptest::collection::vec((0..TUTORIAL.len(), any::<u8>()), 1..6)) {
        let mut bytes = TUTORIAL.as_bytes().to_vec();
        for (at, byte) in damage {
            bytes[at] = byte;
        }
        judge(&bytes);
    }

    /// Any text where a URL, a sandbox, permissions or a header is expected.
    #[test]
    fn any_text_in_any_place_gives_a_report(text in "\\PC{0,40}", tokens in "[a-z ,*'{}%:/.\\-]{0,40}") {
        for text in [text, tokens] {
            let quoted = serde_json::to_string(&text).unwrap();
            let document = with_settings(&format!("\"sandbox\":{quoted},\"permissions\":{quoted}")).replace("\"https://cdn.example.com/w.json\"", &quoted);
            let headers = clean_headers().with_header("Content-Security-Policy", text.clone()).with_header("X-Frame-Options", text.clone()).with_header("Permissions-Policy", text.clone()).with_header("Strict-Transport-Security", text);
            let report = validator(RuleSet::Strict).validate(Subject::new(document.as_bytes()).with_headers(&headers));
            render(&report, document.as_bytes());
        }
    }
}

fn judge(bytes: &[u8]) {
    let validator = validator(RuleSet::Strict);
    let report = validator.validate(bytes);
    render(&report, bytes);
    let well_formed = serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
    let broken = report.findings().iter().any(|finding| {
        matches!(
            finding.code.as_str(),
            "W001" | "W002" | "W003" | "W005" | "W006" | "W007"
        )
    });
    assert_eq!(
        well_formed,
        !broken,
        "{:?}: {:?}",
        String::from_utf8_lossy(bytes),
        report.findings()
    );
    let fixed = validator.fix(bytes);
    assert!(fixed.report.count(Severity::Error) <= report.count(Severity::Error));
}

fn render(report: &widget_validate::Report, bytes: &[u8]) {
    report.to_text("w.json", bytes);
    serde_json::from_str::<serde_json::Value>(&report.to_json("w.json")).unwrap();
    let artifact = widget_validate::Artifact {
        path: "w.json",
        bytes,
        report,
    };
    serde_json::from_str::<serde_json::Value>(&widget_validate::to_sarif(&[artifact])).unwrap();
    for finding in report.findings() {
        assert!(
            finding.source != widget_validate::Source::Payload || finding.span.end <= bytes.len()
        );
        assert!(!finding.message.contains('\n') && !finding.hint.contains('\n'));
    }
}
