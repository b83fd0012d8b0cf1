//! Text, JSON and SARIF.

use serde_json::Value;
use widget_validate::{Artifact, Code, Policy, RuleSet, Subject, Validator, explain, to_sarif};

use crate::support::{TUTORIAL, clean_headers, tutorial, validator, with_settings};

const BAD: &str = "{\n  \"name\": \"Ünï\",\n  \"type\": \"webapp\", \"typo\": 1,\n  \"manifestUrl\": \"https://evil.example/w.json\",\n  \"settings\": {\"dimensions\": {\"width\": 750, \"height\": 900}}\n}\n";

#[test]
fn the_text_form_shows_the_place() {
    let report = tutorial().validate(BAD);
    let text = report.to_text("widgets/w.json", BAD.as_bytes());
    // What is said about schemas depends on the features of the build.
    let text: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("not checked: schema"))
        .collect();
    insta::assert_snapshot!(text.join("\n"), @r###"
    warning[W011 unknown-member]: `typo` is not part of the format
      --> widgets/w.json:3:21 /typo
    3 |   "type": "webapp", "typo": 1,
      |                     ^^^^^^
      = remove it (can be fixed automatically)

    error[W110 origin-not-allowed]: https://evil.example is not among the allowed origins
      --> widgets/w.json:4:18 /manifestUrl
    4 |   "manifestUrl": "https://evil.example/w.json",
      |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      = the policy admits s3.amazonaws.com, *.cloudfront.net

    error[W306 frame-too-large]: height 900 exceeds the maximum of 600
      --> widgets/w.json:5:55 /settings/dimensions/height
    5 |   "settings": {"dimensions": {"width": 750, "height": 900}}
      |                                                       ^^^
      = choose a number from 1 to 600 (can be fixed automatically)

    warning[W204 shared-tenant]: `s3.amazonaws.com` is shared: the content of every customer of that host is admitted
      --> policy /origins/0
      = put a host name of your own in front, or list your own name below it

    warning[W204 shared-tenant]: `*.cloudfront.net` is shared: the content of every customer of that host is admitted
      --> policy /origins/1
      = put a host name of your own in front, or list your own name below it

    not checked: sandbox (the settings name no sandbox)
    not checked: permissions (the settings name no permissions)
    not checked: csp (no response headers were handed in)
    not checked: framing (no response headers were handed in)
    not checked: cors (no response headers were handed in)
    not checked: headers (no response headers were handed in)
    widgets/w.json: 162 bytes, 2 errors, 1 warning, 0 notes
    "###);
}

#[test]
fn the_json_form_has_every_member() {
    let headers = clean_headers().with_header("X-Frame-Options", "DENY");
    let report =
        validator(RuleSet::Strict).validate(Subject::new(BAD.as_bytes()).with_headers(&headers));
    let json: Value = serde_json::from_str(&report.to_json("w.json")).unwrap();
    assert_eq!(json["name"], "w.json");
    assert_eq!(json["kind"], "guide");
    assert_eq!(json["rules"], "strict");
    assert_eq!(json["bytes"], BAD.len());
    assert_eq!(
        json["findings"].as_array().unwrap().len(),
        report.findings().len()
    );
    let finding = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["code"] == "W306")
        .unwrap();
    assert_eq!(finding["pointer"], "/settings/dimensions/height");
    assert_eq!(finding["severity"], "error");
    let (start, end) = (
        finding["start"].as_u64().unwrap() as usize,
        finding["end"].as_u64().unwrap() as usize,
    );
    assert_eq!(&BAD[start..end], "900");
    assert_eq!(finding["fix"][1]["value"], 600);
    let framed = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|finding| finding["source"] == "headers")
        .unwrap();
    assert!(framed["pointer"].as_str().unwrap().starts_with('/'));
    assert_eq!(json["coverage"]["csp"], "checked");
    assert!(
        json["coverage"]["sandbox"]
            .as_str()
            .unwrap()
            .starts_with("not checked: ")
    );
}

#[test]
fn sarif_has_rules_regions_fixes_and_notifications() {
    let report = tutorial().validate(BAD);
    let log = to_sarif(&[Artifact {
        path: "widgets/my widget.json",
        bytes: BAD.as_bytes(),
        report: &report,
    }]);
    let log: Value = serde_json::from_str(&log).unwrap();
    let run = &log["runs"][0];
    assert_eq!(
        run["tool"]["driver"]["rules"].as_array().unwrap().len(),
        Code::all().count()
    );
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.findings().len());
    let large = results
        .iter()
        .find(|result| result["ruleId"] == "W306")
        .unwrap();
    let location = &large["locations"][0]["physicalLocation"];
    assert_eq!(
        location["artifactLocation"]["uri"],
        "widgets/my%20widget.json"
    );
    assert_eq!(
        (
            location["region"]["startLine"].as_u64(),
            location["region"]["startColumn"].as_u64()
        ),
        (Some(5), Some(55))
    );
    let rule = large["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], "W306");
    let replacement = &large["fixes"][0]["artifactChanges"][0]["replacements"][0];
    let offset = replacement["deletedRegion"]["byteOffset"].as_u64().unwrap() as usize;
    let length = replacement["deletedRegion"]["byteLength"].as_u64().unwrap() as usize;
    let inserted = replacement["insertedContent"]["text"].as_str().unwrap();
    let repaired = [&BAD[..offset], inserted, &BAD[offset + length..]].concat();
    assert_eq!(repaired, BAD.replace("900", "600"));
    assert_eq!(
        run["invocations"][0]["toolConfigurationNotifications"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let unchecked = run["invocations"][0]["toolExecutionNotifications"]
        .as_array()
        .unwrap();
    assert!(unchecked.iter().any(|note| {
        note["message"]["text"]
            .as_str()
            .unwrap()
            .contains("csp was not checked")
    }));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let headers = clean_headers();
    let run = || {
        let report = validator(RuleSet::Strict)
            .validate(Subject::new(BAD.as_bytes()).with_headers(&headers));
        let sarif = to_sarif(&[Artifact {
            path: "w.json",
            bytes: BAD.as_bytes(),
            report: &report,
        }]);
        (
            report.to_text("w.json", BAD.as_bytes()),
            report.to_json("w.json"),
            sarif,
        )
    };
    assert_eq!(run(), run());
}

#[test]
fn invisible_letters_are_shown_as_escapes() {
    let document = with_settings("\"refresh_interval_ms\":5000")
        .replace("cdn.example.com", "cdn.\u{202e}example.com");
    let report = validator(RuleSet::Recommended).validate(document.as_str());
    let text = report
        .findings()
        .iter()
        .map(ToString::to_string)
        .collect::<String>();
    assert!(
        !text.contains('\u{202e}') && text.contains("\\u{202e}"),
        "{text}"
    );
}

#[test]
fn a_finding_prints_as_one_line() {
    let report = tutorial().validate(TUTORIAL.replace("webapp", "web").as_str());
    assert_eq!(
        report.findings()[0].to_string(),
        "error[W013] /type: `web` is not allowed here"
    );
    assert_eq!(explain(report.findings()[0].code).name, "unknown-value");
}

/// The examples of the reference are the rules' own: where the bad one is a JSON document or a URL, it is found.
#[test]
fn bad_examples_of_urls_are_found_and_good_ones_are_not() {
    let origins = [
        "cdn.example.com",
        "cdn.example.com:8443",
        "my-bucket.cdn.example.com",
    ];
    let policy = Policy::builder(RuleSet::Strict)
        .with_origins(origins)
        .build()
        .unwrap();
    let rules = Validator::new(policy);
    let judge = |url: &str| {
        let url = url.split("  ").next().unwrap_or("");
        let document = crate::support::with_url(url);
        rules
            .validate(document.as_str())
            .findings()
            .iter()
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };
    for code in widget_validate::codes::url::ALL {
        let rule = code.rule();
        assert!(
            judge(rule.bad).contains(code),
            "{code}: {:?}",
            judge(rule.bad)
        );
        assert!(
            !judge(rule.good).contains(code),
            "{code}: {:?}",
            judge(rule.good)
        );
    }
    for code in widget_validate::codes::placeholders::ALL {
        let full = |example: &str| {
            if example.starts_with('?') {
                format!("https://cdn.example.com/{example}")
            } else {
                example.to_owned()
            }
        };
        let rule = code.rule();
        assert!(judge(&full(rule.bad)).contains(code), "{code}");
        assert!(!judge(&full(rule.good)).contains(code), "{code}");
    }
}

/// The same for policies and content security policies.
#[test]
fn bad_examples_of_policies_are_found_and_good_ones_are_not() {
    use widget_validate::csp::{self, lint};
    for code in widget_validate::codes::csp::ALL
        .iter()
        .filter(|code| code.as_str() < "W640")
    {
        let rule = code.rule();
        let found = |text: &str| {
            lint(&csp::Policy::parse(text))
                .iter()
                .any(|issue| issue.code == *code)
        };
        assert!(found(rule.bad), "{code}");
        assert!(!found(rule.good) || code.as_str() == "W605", "{code}");
    }
}
