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
