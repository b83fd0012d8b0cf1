//! Tests and executions of actions.

use super::*;

#[tokio::test]
async fn a_failed_test_names_its_step_and_shows_no_credential() {
    let setup = start().await;
    let credential = credential(&setup, "crm").await;
    let integration = integration(&setup).await;
    call(
        &setup,
        Method::PUT,
        &format!("{BASE}/{integration}/config/current"),
        Some(configuration(1, Some(&credential))),
    )
    .await;
    let id = post(&setup, &format!("{BASE}/actions"), action(&integration))
        .await
        .id();
    let case = json!({"caseId": "1"});
    let test = async |input: &Value| {
        post(&setup, &format!("{BASE}/actions/{id}/test"), input.clone())
            .await
            .body
    };
    let failed_at = |report: &Value| -> (usize, String) {
        assert_eq!(report["success"], false, "{report}");
        let last = report["operations"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (last["success"].as_bool(), &last["error"]),
            (Some(false), &report["error"])
        );
        (
            usize::try_from(last["step"].as_u64().unwrap()).unwrap(),
            last["error"]["message"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(failed_at(&test(&json!({})).await).0, 1);
    let ok = json!({"case": {"id": "1", "priority": 2}});
    answers(
        &setup,
        [
            ExternalReply::status(500),
            ExternalReply::status(200)
                .with_body(ok.clone())
                .with_latency(Duration::from_millis(1_500)),
            ExternalReply::status(200).with_body(json!({})),
            ExternalReply::status(200).with_body(json!({"case": {"id": "1", "priority": null}})),
            ExternalReply::status(200).with_body(json!({"case": {"id": 1}})),
            ExternalReply::status(200).with_body(ok),
        ],
    );
    let (step, message) = failed_at(&test(&case).await);
    assert!(step == 3 && message.contains("500"));
    let (step, message) = failed_at(&test(&case).await);
    assert!(step == 3 && message.contains("timed out"));
    let (step, message) = failed_at(&test(&case).await);
    assert!(step == 4 && message.contains("case"));
    // A null that is found is no reason for the default, and the schema wants a number.
    assert_eq!(failed_at(&test(&case).await).0, 6);
    assert_eq!(failed_at(&test(&case).await).0, 6);
    let good = test(&case).await;
    assert_eq!(good["operations"].as_array().unwrap().len(), 6);
    assert_eq!(
        good["operations"][1]["result"]["url"],
        "https://api.example.com/v1/cases/1"
    );
    assert!(!good.to_string().contains("crm-password"));
    assert!(!good.to_string().contains("Y3JtOmNybS1wYXNzd29yZA"));

    let broken = json!({"version": 1, "config": {"request": {"requestUrlTemplate": "https://x/", "requestType": "GET"},
        "response": {"successTemplate": "{"}}});
    call(
        &setup,
        Method::PATCH,
        &format!("{BASE}/actions/{id}"),
        Some(broken),
    )
    .await;
    let (step, message) = failed_at(&test(&case).await);
    assert!(
        step == 5 && message.contains("Transform failed to process result using 'successTemplate'")
    );
    let directive = json!({"version": 2, "config": {"request": {"requestUrlTemplate": "https://x/#if($input.a)a#end", "requestType": "GET"}}});
    call(
        &setup,
        Method::PATCH,
        &format!("{BASE}/actions/{id}"),
        Some(directive),
    )
    .await;
    let (step, message) = failed_at(&test(&case).await);
    assert!(step == 2 && message.contains("#if"));
}

#[tokio::test]
async fn an_execution_wants_an_enabled_integration_and_passes_the_failure_on() {
    let setup = start().await;
    let integration = integration(&setup).await;
    let id = post(&setup, &format!("{BASE}/actions"), action(&integration))
        .await
        .id();
    let execute = async || {
        post(
            &setup,
            &format!("{BASE}/actions/{id}/execute"),
            json!({"caseId": "1"}),
        )
        .await
    };
    assert_eq!(execute().await.body["code"], "integration.disabled");
    call(
        &setup,
        Method::PATCH,
        &format!("{BASE}/{integration}"),
        Some(json!({"intendedState": "ENABLED"})),
    )
    .await;
    answers(
        &setup,
        [ExternalReply::status(503), ExternalReply::status(404)],
    );
    assert_eq!(execute().await.status, 503);
    assert_eq!(execute().await.status, 400);
    assert_eq!(
        setup
            .sandbox
            .counts()
            .effect(Object::Action, Verb::Executed),
        0
    );
}

/// The source document's node as an action, calling the sandbox's resource server.
fn resource_action(setup: &Setup, integration: &str) -> Value {
    let mut body = action(integration);
    body["contract"]["input"]["inputSchema"] = json!({
        "type": "object",
        "required": ["targetId"],
        "properties": {"targetId": {"type": "string"}, "requestPayload": {"type": "object"}},
    });
    body["contract"]["output"]["successSchema"] = json!({
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"type": "string"}, "resultId": {"type": "string"}},
    });
    body["config"]["request"] = json!({
        "requestUrlTemplate": format!(
            "{}/v1/resources/$esc.uriEncode($input.targetId)",
            setup.sandbox.resources().url()
        ),
        "requestType": "POST",
        "headers": {"Authorization": format!("Bearer {RESOURCE_TOKEN}"), "X-Target": "${input.targetId}"},
        "requestTemplate": "{\"resourceId\":\"$esc.jsonString($input.targetId)\",\"data\":${input.requestPayload}}",
    });
    body["config"]["response"] = json!({});
    body
}

#[tokio::test]
async fn an_action_really_calls_the_resource_server() {
    // Each value arrives in its place and as itself, however it looks.
    let setup = start().await;
    let integration = integration(&setup).await;
    let body = resource_action(&setup, &integration);
    let id = post(&setup, &format!("{BASE}/actions"), body).await.id();
    let target = "../a b/\"?x=${input.y}\\{{input.z}}";
    let input = json!({"targetId": target, "requestPayload": {"a": [1, {"b": null}]}});
    let report = post(&setup, &format!("{BASE}/actions/{id}/test"), input.clone()).await;
    let result = &report.body["finalResult"];
    assert_eq!(
        result["body"],
        json!({"resourceId": target, "data": input["requestPayload"]}),
        "{}",
        report.body
    );
    assert_eq!(
        (
            &result["resourceId"],
            &result["method"],
            &result["headers"]["x-target"],
            &result["headers"]["content-type"]
        ),
        (
            &json!(target),
            &json!("POST"),
            &json!(target),
            &json!("application/json")
        )
    );
    let server = setup.sandbox.resources();
    assert_eq!(server.counts().requests, 1);
    // A script still comes first.
    let reply = ExternalReply::status(200).with_body(json!({"status": "scripted"}));
    setup
        .sandbox
        .external()
        .script(server.url(), [reply])
        .unwrap();
    let report = post(&setup, &format!("{BASE}/actions/{id}/test"), input).await;
    assert_eq!(report.body["finalResult"]["status"], "scripted");
    assert_eq!(server.counts().requests, 1);
}

#[tokio::test]
async fn each_fault_of_the_resource_server_fails_the_step_that_meets_it() {
    let setup = start().await;
    let integration = integration(&setup).await;
    let path = format!("{BASE}/actions");
    let id = post(&setup, &path, resource_action(&setup, &integration))
        .await
        .id();
    let input = json!({"targetId": "1", "requestPayload": {}});
    let test = async || {
        post(&setup, &format!("{path}/{id}/test"), input.clone())
            .await
            .body
    };
    let faults = setup.sandbox.resources().faults();
    for (fault, step, status, part) in [
        (
            Fault::retry_after(429, Duration::from_secs(1)),
            3,
            503,
            "429",
        ),
        (Fault::status(500), 3, 503, "500"),
        (Fault::status(404), 3, 400, "404"),
        (Fault::cut(), 3, 503, "did not answer"),
        (Fault::reset(), 3, 503, "did not answer"),
        (
            Fault::drip(1, Duration::from_millis(50)),
            3,
            504,
            "timed out",
        ),
        (Fault::status(204), 5, 400, "successTemplate"),
        (Fault::html_page(200), 5, 400, "successTemplate"),
        (Fault::malformed_json(), 5, 400, "successTemplate"),
        (Fault::wrong_schema(), 6, 400, "/status"),
    ] {
        let kind = fault.kind().name();
        faults.add(fault.with_count(1)).unwrap();
        let report = test().await;
        let last = report["operations"].as_array().unwrap().last().unwrap();
        assert_eq!(
            (
                &report["success"],
                &last["step"],
                &report["error"]["status"]
            ),
            (&json!(false), &json!(step), &json!(status)),
            "{kind}: {report}"
        );
        let message = report["error"]["message"].as_str().unwrap();
        assert!(message.contains(part), "{kind}: {message}");
    }
    assert_eq!(test().await["success"], true);

    // An answer without a body is good enough for a result that needs none.
    let config = json!({
        "timeoutSeconds": 1,
        "request": resource_action(&setup, &integration)["config"]["request"],
        "response": {"successTemplate": "{\"status\": \"done\"}"},
    });
    let body = json!({"version": 1, "config": config});
    call(&setup, Method::PATCH, &format!("{path}/{id}"), Some(body)).await;
    faults.add(Fault::status(204)).unwrap();
    assert_eq!(test().await["finalResult"], json!({"status": "done"}));
}
