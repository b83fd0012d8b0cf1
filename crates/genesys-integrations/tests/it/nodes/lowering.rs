//! Nodes in the platform's template language, and back.

use genesys_integrations::nodes::{
    Method, NodeRule, RestNode, RestNodeBuilder, Severity, velocity,
};
use serde_json::json;

use super::world::{builder, node};

fn post(url: &str) -> RestNodeBuilder {
    RestNode::builder("n", Method::POST, url)
}

#[test]
fn the_documents_node_has_the_escape_of_each_place() {
    // errata RST-10, RST-11, RST-13
    let lowered = velocity::lower(&node(), "REST nodes");
    let request = lowered.action.config.request;
    assert_eq!(
        request.request_url_template,
        "https://api.external-system.com/v1/resources/${esc.uriEncode(${input.targetId})}"
    );
    assert_eq!(
        request.headers["Authorization"],
        "Bearer ${credentials.authToken}"
    );
    assert_eq!(
        request.request_template.as_deref(),
        Some(
            r#"{"resourceId":"${esc.jsonString(${input.targetId})}","data":${input.requestPayload}}"#
        )
    );
    let rules: Vec<(NodeRule, Severity)> = lowered
        .findings
        .iter()
        .map(|found| (found.rule, found.severity))
        .collect();
    assert_eq!(rules, [(NodeRule::Lowering, Severity::Info); 2]);
    assert_eq!(lowered.action.config.timeout_seconds, Some(15));
}

#[test]
fn text_that_velocity_would_read_is_written_by_escapes() {
    let node = post("https://a.example/$x/{{input.a}}.json?$y=#".trim_end_matches('#'))
        .with_header("X-A", "\\{{input.a}} $!{b} #if")
        .with_body(r##"{"$ref": "#/a\\{{input.a}}\\$c", "k": "\\\\"}"##)
        .build()
        .unwrap();
    let request = velocity::lower(&node, "c").action.config.request;
    assert_eq!(
        request.request_url_template,
        "https://a.example/${esc.d}x/${esc.uriEncode(${input.a})}.json?${esc.d}y="
    );
    assert_eq!(
        request.headers["X-A"],
        "${esc.b}${input.a} ${esc.d}!{b} ${esc.h}if"
    );
    assert_eq!(
        request.request_template.as_deref(),
        Some(
            r##"{"${esc.d}ref": "${esc.h}/a${esc.b}${esc.b}${esc.jsonString(${input.a})}${esc.b}${esc.b}${esc.d}c", "k": "\\\\"}"##
        )
    );
}

#[test]
fn a_bare_value_is_quoted_when_it_is_a_string_and_refused_when_nobody_knows() {
    let with = |schema: serde_json::Value| {
        post("https://a.example/x")
            .with_body(r#"{"a": {{input.a}}}"#)
            .with_input_schema(
                json!({"type": "object", "properties": {"a": schema}, "required": ["a"]}),
            )
            .build()
            .unwrap()
    };
    let body = |schema| {
        let lowered = velocity::lower(&with(schema), "c");
        (
            lowered.action.config.request.request_template.unwrap(),
            lowered.findings,
        )
    };
    for schema in [
        json!({"type": "string"}),
        json!({"enum": ["a", "b"]}),
        json!({"const": "a"}),
    ] {
        assert_eq!(body(schema).0, r#"{"a": "${esc.jsonString(${input.a})}"}"#);
    }
    for schema in [
        json!({"type": "object"}),
        json!({"type": ["integer", "boolean"]}),
    ] {
        assert_eq!(body(schema).0, r#"{"a": ${input.a}}"#);
    }
    for schema in [json!({}), json!({"type": ["string", "number"]})] {
        let found = body(schema).1;
        assert!(
            found
                .iter()
                .any(|one| one.rule == NodeRule::Lowering && one.severity == Severity::Error)
        );
    }
    let found = body(json!({"type": ["object", "null"]})).1;
    assert!(
        found
            .iter()
            .any(|one| one.rule == NodeRule::Unchecked && one.offset == Some(6))
    );
}

#[test]
fn the_contract_requires_what_the_templates_need() {
    // errata RST-08, RST-15
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "description": "Case",
        "properties": {
            "a": {"type": "string", "pattern": "^x", "not": {"const": "xx"}},
            "deep": {"type": "object", "properties": {"b": {"type": "integer"}}},
            "c": {"type": "string", "default": "d"},
        },
    });
    let node = post("https://a.example/{{input.a}}/v{{input.deep.b}}?c={{input.c}}")
        .with_header("X-A", "{{input.a}}")
        .with_input_schema(schema)
        .build()
        .unwrap();
    let lowered = velocity::lower(&node, "c");
    let input = &lowered.action.contract.input.input_schema;
    assert_eq!(input["$schema"], "http://json-schema.org/draft-04/schema#");
    assert_eq!(input["required"], json!(["a", "c", "deep"]));
    assert_eq!(input["properties"]["deep"]["required"], json!(["b"]));
    let a = &input["properties"]["a"];
    assert_eq!((&a["pattern"], &a["minLength"]), (&json!("^x"), &json!(1)));
    assert!(a["allOf"][0]["not"]["pattern"].is_string());
    assert!(
        input["description"]
            .as_str()
            .unwrap()
            .starts_with("Case [contract ")
    );
    let messages: Vec<&str> = lowered
        .findings
        .iter()
        .map(|found| found.message.as_str())
        .collect();
    for part in ["no default", "segment with more", "draft 4"] {
        assert!(
            messages.iter().any(|message| message.contains(part)),
            "{part}: {messages:?}"
        );
    }
}

#[test]
fn what_a_contract_cannot_say_is_a_finding() {
    let schema = json!({
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/a"}, "o": {"$ref": "#/$defs/o"}},
        "required": ["a", "o"],
        "$defs": {"a": {"type": "string"}, "o": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}},
    });
    let node = post("https://a.example/{{input.o.x}}?a={{input.a}}")
        .with_input_schema(schema)
        .build()
        .unwrap();
    let lowered = velocity::lower(&node, "c");
    assert!(
        lowered
            .findings
            .iter()
            .any(|found| found.rule == NodeRule::Unchecked
                && found.variable.as_deref() == Some("input.o.x"))
    );
    assert!(
        lowered
            .findings
            .iter()
            .any(|found| found.member == "/inputSchema/$defs")
    );
    let nested = post("https://a.example/x")
        .with_header("X-A", "{{credentials.a.b}}")
        .build()
        .unwrap();
    assert!(velocity::lower(&nested, "c").is_refused());
    let raw = post("https://a.example/{{input.rawRequest}}")
        .build()
        .unwrap();
    assert!(velocity::lower(&raw, "c").is_refused());
}

#[test]
fn what_was_lowered_is_read_back_as_it_was() {
    let nodes = [
        node(),
        builder()
            .with_header("X-A", "$ # \\ {{input.targetId}}")
            .build()
            .unwrap(),
        RestNode::builder(
            "g",
            Method::GET,
            "https://a.example/{{input.a}}/x?q={{input.q}}&{{input.n}}=1",
        )
        .build()
        .unwrap(),
    ];
    for node in nodes {
        let lowered = velocity::lower(&node, "c");
        let imported = velocity::import(&lowered.action);
        let again = imported
            .node
            .unwrap_or_else(|| panic!("{:?}", imported.findings));
        assert_eq!((again.url(), again.body()), (node.url(), node.body()));
        assert_eq!(again.method(), node.method());
        assert_eq!(again.headers(), node.headers());
        let forgotten = |rule| imported.findings.iter().any(|found| found.rule == rule);
        assert!(!forgotten(NodeRule::MissingEscape) && !forgotten(NodeRule::WrongEscape));
        // Lowering what was imported changes nothing any more.
        let once = velocity::lower(&again, "c");
        assert_eq!(once.action.config.request, lowered.action.config.request);
    }
}

fn action(request: serde_json::Value) -> genesys_integrations::nodes::DataAction {
    serde_json::from_value(json!({
        "name": "An action",
        "contract": {
            "input": {"inputSchema": {
                "$schema": "http://json-schema.org/draft-04/schema#",
                "type": "object",
                "properties": {"a": {"type": "string"}, "b": {"type": "object"}},
                "required": ["a", "b"],
            }},
            "output": {"successSchema": {"type": "object"}},
        },
        "config": {"timeoutSeconds": 5, "request": request},
    }))
    .unwrap()
}

#[test]
fn each_missing_or_wrong_escape_of_an_action_is_told_with_its_place() {
    // errata RST-11, RST-13
    let body = r#"{"a": "${input.a}", "b": $input.b, "c": ${input.a}, "d": "$esc.url($input.a)", "e": "$esc.jsonString($input.a)"}"#;
    let url =
        "https://a.example/${input.a}/$esc.url(${input.a})?q=$esc.url($input.a)&x=$!{input.a}";
    let quiet = url.find("$!").unwrap();
    let imported = velocity::import(&action(json!({
        "requestUrlTemplate": url,
        "requestType": "POST",
        "headers": {"X-A": "$esc.jsonString($input.a)", "Authorization": "Bearer ${authResponse.token}"},
        "requestTemplate": body,
    })));
    let told: Vec<(NodeRule, Severity, &str, usize)> = imported
        .findings
        .iter()
        .filter_map(|found| {
            Some((
                found.rule,
                found.severity,
                found.member.as_str(),
                found.offset?,
            ))
        })
        .collect();
    assert_eq!(
        told,
        [
            (NodeRule::MissingEscape, Severity::Error, "/requestUrl", 18),
            (NodeRule::WrongEscape, Severity::Warning, "/requestUrl", 29),
            (
                NodeRule::MissingEscape,
                Severity::Error,
                "/requestUrl",
                quiet
            ),
            (
                NodeRule::MayBeMissing,
                Severity::Warning,
                "/requestUrl",
                quiet
            ),
            (
                NodeRule::NotImported,
                Severity::Warning,
                "/requestHeaders/Authorization",
                7
            ),
            (
                NodeRule::WrongEscape,
                Severity::Warning,
                "/requestHeaders/X-A",
                0
            ),
            (
                NodeRule::MissingEscape,
                Severity::Error,
                "/requestBody",
                body.find("${input.a}").unwrap()
            ),
            (
                NodeRule::MissingEscape,
                Severity::Error,
                "/requestBody",
                body.rfind("${input.a}").unwrap()
            ),
            (
                NodeRule::WrongEscape,
                Severity::Warning,
                "/requestBody",
                body.find("$esc.url").unwrap()
            ),
        ]
    );
    // The node is safe where the action was not.
    let node = imported.node.unwrap();
    assert_eq!(node.headers()[0].1, "Bearer {{credentials.token}}");
    assert_eq!(node.timeout().as_secs(), 5);
}

#[test]
fn what_has_no_place_in_a_node_is_told_and_gives_none() {
    for template in [
        "#if($input.a)1#end",
        "\"$input.a.trim()\"",
        "\"$encoding.base64(\\\"${credentials.u}\\\")\"",
        "{\"a\": \"{{input.a}}\"}",
        "\"$queue.name\"",
    ] {
        let imported = velocity::import(&action(json!({
            "requestUrlTemplate": "https://a.example/x", "requestType": "POST", "requestTemplate": template,
        })));
        assert!(imported.node.is_none(), "{template}");
        let first = imported
            .findings
            .iter()
            .find(|found| found.rule == NodeRule::NotImported);
        assert!(
            first.is_some_and(|found| found.offset.is_some()),
            "{template}"
        );
    }
}

#[test]
fn the_whole_input_becomes_its_declared_members_and_a_translated_answer_loses_its_schema() {
    let mut raw =
        action(json!({"requestUrlTemplate": "https://a.example/x", "requestType": "post"}));
    raw.config.response.success_template = "{\"x\": ${x}}".to_owned();
    let imported = velocity::import(&raw);
    let node = imported.node.unwrap();
    assert_eq!(node.body(), Some(r#"{"a":{{input.a}},"b":{{input.b}}}"#));
    assert_eq!(node.response_schema(), None);
    let left_out = imported
        .findings
        .iter()
        .filter(|found| found.rule == NodeRule::NotImported);
    assert_eq!(left_out.count(), 2);
}
