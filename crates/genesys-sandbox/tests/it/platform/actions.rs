//! Actions and drafts.

use super::*;

#[tokio::test]
async fn an_action_is_changed_under_its_version_and_not_in_its_contract() {
    let setup = start().await;
    let integration = integration(&setup).await;
    let id = post(&setup, &format!("{BASE}/actions"), action(&integration))
        .await
        .id();
    let path = format!("{BASE}/actions/{id}");
    let bare = get(&setup, &path).await.body;
    assert!(bare.get("contract").is_none() && bare.get("config").is_none());
    let full = get(
        &setup,
        &format!("{path}?expand=contract&includeConfig=true"),
    )
    .await
    .body;
    assert_eq!(
        (&full["contract"], &full["config"]),
        (
            &action(&integration)["contract"],
            &action(&integration)["config"]
        )
    );
    let patch = async |body: Value| call(&setup, Method::PATCH, &path, Some(body)).await;
    assert_eq!(
        patch(json!({"version": 1, "name": "Renamed"})).await.body["version"],
        2
    );
    let stale = patch(json!({"version": 1, "name": "Again"})).await;
    assert_eq!(stale.status, 409);
    assert!(
        stale.body["message"]
            .as_str()
            .unwrap()
            .contains("does not match the current version")
    );
    assert_eq!(
        patch(json!({"version": 2, "contract": {}})).await.status,
        400
    );
    assert_eq!(
        patch(json!({"version": 2, "secure": true})).await.status,
        400
    );
    assert_eq!(patch(json!({"name": "x"})).await.status, 400);

    let list = async |query: &str| {
        get(&setup, &format!("{BASE}/actions?{query}")).await.body["total"].clone()
    };
    assert_eq!(
        [
            list("name=renam").await,
            list("category=CRM").await,
            list("secure=true").await,
            list(&format!("ids={id}")).await
        ],
        [json!(1), json!(1), json!(0), json!(1)]
    );
    assert_eq!(
        get(&setup, &format!("{BASE}/actions/categories"))
            .await
            .body["entities"],
        json!([{"name": "CRM"}])
    );
    for (member, value) in [
        ("integrationId", json!("none")),
        (
            "config",
            json!({"timeoutSeconds": 61, "request": {"requestUrlTemplate": "x", "requestType": "GET"}}),
        ),
        (
            "config",
            json!({"request": {"requestUrlTemplate": "x", "requestType": "FETCH"}}),
        ),
        (
            "contract",
            json!({"input": {"inputSchema": {"type": 7}}, "output": {"successSchema": {}}}),
        ),
        ("name", json!("x".repeat(257))),
    ] {
        let mut body = action(&integration);
        body[member] = value;
        assert_eq!(
            post(&setup, &format!("{BASE}/actions"), body).await.status,
            400,
            "{member}"
        );
    }
    assert_eq!(call(&setup, Method::DELETE, &path, None).await.status, 204);
    assert!(setup.sandbox.state().actions.is_empty());
}

#[tokio::test]
async fn a_draft_is_changed_validated_tested_and_published_under_its_version() {
    let setup = start().await;
    let integration = integration(&setup).await;
    let mut unfinished = action(&integration);
    unfinished["config"] = json!({});
    let id = post(&setup, &format!("{BASE}/actions/drafts"), unfinished)
        .await
        .id();
    let path = format!("{BASE}/actions/{id}");
    assert_eq!(get(&setup, &path).await.status, 404);
    assert_eq!(
        get(&setup, &format!("{BASE}/actions/drafts")).await.body["total"],
        1
    );
    let validation = get(&setup, &format!("{path}/draft/validation")).await.body;
    assert_eq!(
        (
            validation["valid"].as_bool(),
            validation["errors"].as_array().unwrap().len()
        ),
        (Some(false), 1)
    );
    assert_eq!(
        post(
            &setup,
            &format!("{path}/draft/publish"),
            json!({"version": 1})
        )
        .await
        .status,
        400
    );

    let finished = json!({"version": 1, "config": action(&integration)["config"]});
    let patched = call(
        &setup,
        Method::PATCH,
        &format!("{path}/draft"),
        Some(finished.clone()),
    )
    .await;
    assert_eq!(
        (patched.status.as_u16(), patched.body["version"].as_u64()),
        (200, Some(2))
    );
    assert_eq!(
        call(
            &setup,
            Method::PATCH,
            &format!("{path}/draft"),
            Some(finished)
        )
        .await
        .status,
        409
    );
    assert_eq!(
        get(&setup, &format!("{path}/draft/validation")).await.body["valid"],
        true
    );
    answers(
        &setup,
        [ExternalReply::status(200).with_body(json!({"case": {"id": "1", "priority": 1}}))],
    );
    assert_eq!(
        post(
            &setup,
            &format!("{path}/draft/test"),
            json!({"caseId": "1"})
        )
        .await
        .body["success"],
        true
    );
    let early = post(
        &setup,
        &format!("{path}/draft/publish"),
        json!({"version": 3}),
    )
    .await;
    assert_eq!(
        early.body["message"],
        "Supplied version 3 does not match latest draft version 2"
    );
    assert_eq!(
        post(
            &setup,
            &format!("{path}/draft/publish"),
            json!({"version": 2})
        )
        .await
        .status,
        200
    );
    assert_eq!(
        (
            get(&setup, &path).await.status.as_u16(),
            get(&setup, &format!("{path}/draft")).await.status.as_u16()
        ),
        (200, 404)
    );

    let next = call(&setup, Method::POST, &format!("{path}/draft"), None).await;
    assert_eq!(next.body["version"], 3);
    assert_eq!(
        call(&setup, Method::POST, &format!("{path}/draft"), None)
            .await
            .status,
        409
    );
    assert_eq!(
        get(&setup, &format!("{path}/draft?expand=contract"))
            .await
            .body["contract"],
        action(&integration)["contract"]
    );
    assert_eq!(
        call(&setup, Method::DELETE, &format!("{path}/draft"), None)
            .await
            .status,
        204
    );
    assert_eq!(
        setup
            .sandbox
            .counts()
            .effect(Object::Action, Verb::Published),
        1
    );
}
