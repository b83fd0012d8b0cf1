//! The sandbox's own endpoints.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Setup, definition, read};

async fn ask(setup: &Setup, method: Method, path: &str, body: Option<Value>) -> Answer {
    let mut request = setup.http.request(
        method,
        format!("{}/_sandbox/{path}", setup.sandbox.api_url()),
    );
    if let Some(body) = body {
        request = request.json(&body);
    }
    read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn faults_are_added_listed_and_removed_without_a_token() {
    let setup = Setup::new().await;
    let rule = json!({"kind": "status", "status": 503, "headers": {"Retry-After": "2"}, "method": "GET", "path": "/api/v2/**", "count": 1});
    let added = ask(&setup, Method::POST, "faults", Some(rule)).await;
    assert_eq!(
        (added.status.as_u16(), added.body["id"].as_u64()),
        (201, Some(1))
    );
    let struck = setup.get("/api/v2/integrations").await;
    assert_eq!(
        (struck.status.as_u16(), struck.header("retry-after")),
        (503, "2")
    );
    let listed = ask(&setup, Method::GET, "faults", None).await.body;
    assert_eq!(
        (&listed[0]["fired"], &listed[0]["kind"], &listed[0]["path"]),
        (&json!(1), &json!("status"), &json!("/api/v2/**"))
    );
    assert_eq!(
        ask(&setup, Method::DELETE, "faults/1", None).await.status,
        204
    );
    assert_eq!(
        ask(&setup, Method::DELETE, "faults/1", None).await.status,
        404
    );
    for kind in [
        "reset",
        "cut",
        "stall",
        "expiredToken",
        "malformedJson",
        "wrongContentType",
    ] {
        let rule = json!({"kind": kind, "probability": 0.5, "host": "login", "skip": 2});
        assert_eq!(
            ask(&setup, Method::POST, "faults", Some(rule)).await.status,
            201,
            "{kind}"
        );
    }
    assert_eq!(
        ask(
            &setup,
            Method::POST,
            "faults",
            Some(json!({"kind": "latency", "delayMs": 5, "when": "after"}))
        )
        .await
        .status,
        201
    );
    assert_eq!(
        ask(&setup, Method::DELETE, "faults", None).await.status,
        204
    );
    assert!(setup.sandbox.faults().list().is_empty());
}

#[tokio::test]
async fn a_rule_that_is_misspelt_is_refused_and_not_widened() {
    let setup = Setup::new().await;
    for rule in [
        json!({"kind": "reset", "pathPattern": "/x"}),
        json!({"kind": "explode"}),
        json!({"kind": "status"}),
        json!({"kind": "status", "status": 700}),
        json!({"kind": "reset", "host": "moon"}),
        json!({"kind": "reset", "probability": 2}),
        json!([]),
    ] {
        let answer = ask(&setup, Method::POST, "faults", Some(rule.clone())).await;
        assert_eq!(answer.status, 400, "{rule}");
        assert!(answer.body["contextId"].is_string());
    }
    assert!(setup.sandbox.faults().list().is_empty());
}

#[tokio::test]
async fn ledger_counts_state_and_tokens_can_be_asked_from_outside_and_leave_no_trace() {
    let setup = Setup::new().await;
    setup.create("x").await;
    let ledger = ask(&setup, Method::GET, "ledger", None).await.body;
    assert_eq!(ledger["entries"].as_array().unwrap().len(), 2);
    assert_eq!(
        (
            &ledger["entries"][1]["method"],
            &ledger["entries"][1]["effects"][0]["verb"]
        ),
        (&json!("POST"), &json!("created"))
    );
    let counts = ask(&setup, Method::GET, "counts", None).await.body;
    assert_eq!(
        (
            &counts["requests"],
            &counts["effects"]["integration.created"]
        ),
        (&json!(2), &json!(1))
    );
    let state = ask(&setup, Method::GET, "state", None).await.body;
    assert_eq!(state["integrations"][0]["name"], "x");
    assert_eq!(state["outboundIntegrations"], json!([]));
    assert_eq!(
        ask(&setup, Method::GET, "deliveries", None).await.body,
        json!({"deliveries": []})
    );
    assert_eq!(
        ask(&setup, Method::DELETE, "tokens", None).await.body,
        json!({"expired": 1})
    );
    assert_eq!(setup.get("/api/v2/integrations").await.status, 401);
    assert_eq!(setup.sandbox.ledger().len(), 3);
    assert_eq!(
        ask(&setup, Method::DELETE, "ledger", None).await.status,
        204
    );
    assert!(setup.sandbox.ledger().is_empty());
}

#[tokio::test]
async fn quota_profile_and_external_systems_can_be_set_from_outside() {
    let setup = Setup::new().await;
    let id = setup.create("x").await;
    let script =
        json!({"prefix": "https://api.example.com/", "replies": [{"status": 500, "latencyMs": 1}]});
    assert_eq!(
        ask(&setup, Method::POST, "external", Some(script))
            .await
            .status,
        204
    );
    let test = async || {
        setup
            .send(
                Method::POST,
                &format!("/api/v2/integrations/{id}/test"),
                None,
            )
            .await
            .body["status"]
            .clone()
    };
    assert_eq!(test().await, "Failed");
    assert_eq!(
        ask(&setup, Method::DELETE, "external", None).await.status,
        204
    );
    assert_eq!(test().await, "Success");
    assert_eq!(
        ask(
            &setup,
            Method::POST,
            "profile",
            Some(json!({"profile": "sideways"}))
        )
        .await
        .status,
        400
    );
    #[cfg(feature = "platform")]
    {
        assert_eq!(
            ask(
                &setup,
                Method::POST,
                "profile",
                Some(json!({"profile": "platform"}))
            )
            .await
            .status,
            204
        );
        assert_eq!(setup.get("/api/v2/integrations").await.body["total"], 0);
    }
    assert_eq!(
        ask(
            &setup,
            Method::POST,
            "quota",
            Some(json!({"allowed": 1, "windowMs": 600_000}))
        )
        .await
        .status,
        204
    );
    assert_eq!(
        setup
            .post("/api/v2/integrations", definition("y"))
            .await
            .status,
        201
    );
    assert_eq!(
        setup
            .post("/api/v2/integrations", definition("z"))
            .await
            .status,
        429
    );
    assert_eq!(ask(&setup, Method::GET, "nowhere", None).await.status, 404);
}

#[cfg(feature = "platform")]
#[tokio::test]
async fn activations_can_be_paced_and_failed_from_outside() {
    let setup = Setup::new().await;
    let body = json!({"polls": 0, "failNext": "no route"});
    assert_eq!(
        ask(&setup, Method::POST, "activation", Some(body))
            .await
            .status,
        204
    );
    let created = setup
        .post(
            "/api/v2/integrations",
            json!({"integrationType": {"id": "webhook"}}),
        )
        .await;
    let path = format!("/api/v2/integrations/{}", created.id());
    let enabled = setup
        .send(
            Method::PATCH,
            &path,
            Some(json!({"intendedState": "ENABLED"})),
        )
        .await;
    assert_eq!(
        enabled.body["reportedState"]["detail"]["message"],
        "no route"
    );
    let both = json!({"polls": 1, "afterMs": 1});
    assert_eq!(
        ask(&setup, Method::POST, "activation", Some(both))
            .await
            .status,
        400
    );
}
