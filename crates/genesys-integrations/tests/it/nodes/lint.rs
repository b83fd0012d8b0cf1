//! Reports on node documents.

use genesys_integrations::nodes::{EXAMPLE_DOCUMENT, NodeHole, NodeRule, RestNode, Severity, lint};
use serde_json::{Value, json};

#[test]
fn the_source_documents_node_is_reported_whole() {
    // errata RST-09
    let report = lint(EXAMPLE_DOCUMENT.as_bytes());
    assert!(report.is_valid() && report.data_action.is_some());
    assert_eq!(
        (
            report.count(Severity::Error),
            report.count(Severity::Warning)
        ),
        (0, 2)
    );
    let holes: Vec<(&str, &str, String, bool)> = report
        .holes
        .iter()
        .map(|hole: &NodeHole| {
            (
                hole.variable.as_str(),
                hole.member.as_str(),
                hole.position.to_string(),
                hole.secret,
            )
        })
        .collect();
    assert_eq!(
        holes,
        [
            (
                "input.targetId",
                "/requestUrl",
                "path segment".to_owned(),
                false
            ),
            (
                "credentials.authToken",
                "/requestHeaders/Authorization",
                "header value".to_owned(),
                true
            ),
            (
                "input.targetId",
                "/requestBody",
                "json string".to_owned(),
                false
            ),
            (
                "input.requestPayload",
                "/requestBody",
                "json value".to_owned(),
                false
            ),
        ]
    );
    for hole in &report.holes {
        let name = hole.variable.split('.').nth(1).unwrap();
        let written = &EXAMPLE_DOCUMENT[hole.span.start..];
        assert!(
            written.starts_with(&format!("{{{{input.{name}}}}}")),
            "{hole:?}"
        );
    }
    let text = report.to_string();
    for part in [
        "ExternalRESTNode: 0 errors, 2 warnings, 2 remarks",
        "warning[secret_moved] /requestHeaders/Authorization at byte 7: input.authToken is a secret",
        "${esc.jsonString(${input.targetId})}",
        "Authorization: Bearer ${credentials.authToken}",
        "of 100000",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn places_behind_a_rewritten_secret_are_those_of_the_document() {
    let text = r#"{
        "name": "n", "type": "REST", "requestMethod": "POST", "requestUrl": "https://a.example/x",
        "requestHeaders": {"Authorization": "{{input.key}} {{input.key}} {{input.who}}"},
        "requestBody": "{\"é\": \"{{input.key}}\", \"b\": {{input.what}}}",
        "inputSchema": {"type": "object", "properties": {"what": {}}}
    }"#;
    let report = lint(text.as_bytes());
    for hole in &report.holes {
        let name = hole.variable.split('.').nth(1).unwrap();
        let written = &text[hole.span.start..];
        assert!(
            written.starts_with(&format!("{{{{input.{name}}}}}")),
            "{hole:?}"
        );
    }
    let bare = report
        .findings
        .iter()
        .find(|found| found.rule == NodeRule::Lowering);
    let bare = bare.unwrap_or_else(|| panic!("{:?}", report.findings));
    assert!(text[bare.span.clone().unwrap().start..].starts_with("{{input.what}}"));
    // What the platform cannot say is no error of the node.
    assert!(report.is_valid() && report.data_action.is_none());
    assert!(report.to_string().contains("no data action"));
}

#[test]
fn sarif_has_a_region_for_every_finding() {
    let text = "{\n  \"name\": \"é\", \"nmae\": 1,\n  \"type\": \"REST\", \"requestMethod\": \"GET\",\n  \"requestUrl\": \"https://a.example/{{input.x\"\n}";
    let report = lint(text.as_bytes());
    assert!(!report.is_valid());
    let log: Value =
        serde_json::from_str(&report.to_sarif("my nodes/a.json", text.as_bytes())).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.findings.len());
    for (result, finding) in results.iter().zip(&report.findings) {
        assert_eq!(result["ruleId"], finding.rule.as_str());
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(
            run["tool"]["driver"]["rules"][index]["id"],
            finding.rule.as_str()
        );
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "my%20nodes/a.json");
        let span = finding.span.clone().unwrap();
        assert_eq!(place["region"]["byteOffset"], span.start);
    }
    let unclosed = results
        .iter()
        .find(|result| result["ruleId"] == "placeholder")
        .unwrap();
    let region = &unclosed["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        (&region["startLine"], &region["startColumn"]),
        (&json!(4), &json!(36))
    );
    let unknown = results
        .iter()
        .find(|result| result["ruleId"] == "unknown_member")
        .unwrap();
    let region = &unknown["locations"][0]["physicalLocation"]["region"];
    assert_eq!(
        (&region["startLine"], &region["startColumn"]),
        (&json!(2), &json!(24))
    );
}

#[test]
fn the_machine_form_names_everything() {
    let report = serde_json::to_value(lint(EXAMPLE_DOCUMENT.as_bytes())).unwrap();
    assert_eq!(report["node"]["name"], "ExternalRESTNode");
    let findings = report["findings"].as_array().unwrap();
    let moved = findings
        .iter()
        .find(|found| found["rule"] == "secret_moved")
        .unwrap();
    assert_eq!(
        (&moved["severity"], &moved["offset"]),
        (&json!("warning"), &json!(7))
    );
    assert_eq!(report["holes"][0]["position"], "path segment");
    assert_eq!(
        report["dataAction"]["config"]["request"]["requestType"],
        "POST"
    );
    let refused = serde_json::to_value(lint(b"{")).unwrap();
    assert_eq!(refused["node"], Value::Null);
    assert_eq!(refused["findings"][0]["rule"], "json");
}

#[test]
fn hostile_documents_are_refused_with_the_reason() {
    let node = |more: &str| {
        format!(
            r#"{{"name": "n", "type": "REST", "requestMethod": "POST", "requestUrl": "https://a.example/{{{{input.a}}}}"{more}}}"#
        )
    };
    let long = node(&format!(r#", "requestBody": "{}""#, "x".repeat(10 << 20)));
    let deep = node(&format!(
        r#", "responseSchema": {}1{}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    ));
    let holes = node(&format!(
        r#", "requestBody": "[{}1]""#,
        "{{input.a}},".repeat(1_001)
    ));
    let cases = [
        (long, NodeRule::TooLong),
        (deep, NodeRule::TooDeep),
        (holes, NodeRule::Placeholder),
        (node(r#", "requestBody": "\ud800""#), NodeRule::Json),
        (
            node(r#", "requestBody": "{\"a\": \"\\ud800\"}""#),
            NodeRule::Body,
        ),
        (
            node(r#", "requestBody": "{\"{{input.{{input.a}}}}\": 1}""#),
            NodeRule::Placeholder,
        ),
        (
            node(r#", "requestHeaders": {"X-A": "a\r\nX-B: c"}"#),
            NodeRule::Header,
        ),
        (
            node(r#", "requestHeaders": {"X-A": "a\u0000"}"#),
            NodeRule::Header,
        ),
        (
            node(r#", "requestHeaders": {"x-a": "1", "X-A": "2"}"#),
            NodeRule::Header,
        ),
        (node(r#", "__proto__": {}"#), NodeRule::UnknownMember),
        (node(r#", "constructor": {}"#), NodeRule::UnknownMember),
        (
            node(r#", "responseSchema": {"$ref": "http://169.254.169.254/"}"#),
            NodeRule::RemoteReference,
        ),
        (
            node(r#", "inputSchema": {"type": "object", "properties": {"__proto__": {}}}"#),
            NodeRule::Undeclared,
        ),
        (
            node(r#", "retryConfig": {"maxRetries": 1e400}"#),
            NodeRule::MemberType,
        ),
        (
            node(r#", "retryConfig": {"maxRetries": 4294967296}"#),
            NodeRule::Retry,
        ),
        (
            node(r#", "requestBody": "{\"a\": 1, \"a\": 2}""#),
            NodeRule::Body,
        ),
    ];
    for (text, rule) in cases {
        let report = lint(text.as_bytes());
        let found = report.findings.iter().find(|found| found.rule == rule);
        let found = found.unwrap_or_else(|| panic!("{rule}: {:?}", report.findings));
        assert_eq!(found.severity, Severity::Error);
        assert!(found.span.as_ref().unwrap().end <= text.len());
        assert!(!report.is_valid());
    }
    // A name that means something elsewhere is only a name here.
    let named =
        RestNode::from_document(node(r#", "requestBody": "{{input.__proto__}}""#).as_bytes());
    assert!(
        named.unwrap().input_schema()["properties"]
            .get("__proto__")
            .is_some()
    );
}

#[test]
fn a_document_of_any_bytes_is_reported_and_never_panics() {
    let mut random = fastrand::Rng::with_seed(3);
    for _ in 0..3_000 {
        let mut bytes = EXAMPLE_DOCUMENT.as_bytes().to_vec();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            match random.u8(..4) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, random.u8(..)),
                2 => bytes[at] = b"{}[]\",:\\$#.0e"[random.usize(..13)],
                _ => bytes.truncate(at.max(1)),
            }
        }
        let report = lint(&bytes);
        let _ = (report.to_string(), report.to_sarif("x", &bytes));
        for finding in &report.findings {
            assert!(
                finding.span.as_ref().unwrap().end <= bytes.len().max(1),
                "{finding:?}"
            );
        }
    }
}
