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
    // errata RST-07
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

#[tokio::test]
async fn a_built_in_action_runs_and_cannot_be_changed() {
    let setup = start().await;
    let body = json!({"name": "own", "integrationType": {"id": "purecloud-data-actions"}});
    let integration = post(&setup, BASE, body).await.id();
    let listed = get(&setup, &format!("{BASE}/actions?name=presence"))
        .await
        .body;
    assert_eq!(listed["total"], 1);
    let id = listed["entities"][0]["id"].as_str().unwrap();
    assert!(id.starts_with("static"));
    let path = format!("{BASE}/actions/{id}");
    let before = get(
        &setup,
        &format!("{path}?expand=contract&includeConfig=true"),
    )
    .await
    .body;
    let change = json!({"version": 1, "name": "Mine"});
    for (method, path, body) in [
        (Method::PATCH, path.clone(), Some(change)),
        (Method::DELETE, path.clone(), None),
        (Method::POST, format!("{path}/draft"), None),
    ] {
        let refused = call(&setup, method, &path, body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.body["code"].as_str()),
            (400, Some("action.built.in"))
        );
    }
    let after = get(
        &setup,
        &format!("{path}?expand=contract&includeConfig=true"),
    )
    .await
    .body;
    assert_eq!(before, after);

    let user = "https://api.mypurecloud.com/api/v2/users/a%20b/presences/PURECLOUD";
    let reply = ExternalReply::status(200).with_body(json!({"presenceDefinition": {"id": "p"}}));
    setup.sandbox.external().script(user, [reply]).unwrap();
    let report = post(&setup, &format!("{path}/test"), json!({"USER_ID": "a b"})).await;
    assert_eq!(
        report.body["finalResult"],
        json!({"presenceDefinition": {"id": "p"}})
    );
    assert!(setup.sandbox.state().actions.is_empty());
    let gone = call(
        &setup,
        Method::DELETE,
        &format!("{BASE}/{integration}"),
        None,
    )
    .await;
    assert_eq!(gone.status, 200);
    assert_eq!(get(&setup, &path).await.status, 404);
    assert!(setup.sandbox.state().is_empty());
    assert_eq!(
        setup.sandbox.counts().effect(Object::Action, Verb::Deleted),
        0
    );
}

#[tokio::test]
async fn the_schemas_of_a_contract_are_checked_and_the_reason_is_said() {
    // errata RST-38
    let setup = start().await;
    let integration = integration(&setup).await;
    let with = |input: Value, output: Value| {
        let mut body = action(&integration);
        body["contract"] =
            json!({"input": {"inputSchema": input}, "output": {"successSchema": output}});
        body
    };
    let object = json!({"type": "object"});
    for (input, output, field, reason) in [
        (
            json!({"type": "array"}),
            object.clone(),
            "input.inputSchema",
            "of type object",
        ),
        (
            json!({"type": ["object", "null"]}),
            object.clone(),
            "input.inputSchema",
            "of one type",
        ),
        (
            object.clone(),
            json!([]),
            "output.successSchema",
            "must be an object",
        ),
        (
            object.clone(),
            json!({"$ref": "https://example.com/s.json"}),
            "output.successSchema",
            "example.com",
        ),
        (
            object.clone(),
            json!({"$ref": "file:///etc/hosts"}),
            "output.successSchema",
            "etc/hosts",
        ),
        (
            json!({"properties": {"a": {"pattern": "(?<=a)b"}}}),
            object.clone(),
            "input.inputSchema",
            "a",
        ),
        (
            json!({"properties": {"a": {"type": "text"}}}),
            object.clone(),
            "input.inputSchema",
            "/properties/a/type",
        ),
    ] {
        let refused = post(&setup, &format!("{BASE}/actions"), with(input, output)).await;
        assert_eq!(refused.status, 400);
        assert_eq!(
            refused.body["details"][0]["fieldName"],
            format!("contract.{field}")
        );
        let message = refused.body["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    // A draft may be unusable, and says so when it is asked.
    let draft = with(
        json!({"properties": {"a": {"$ref": "#/missing"}}}),
        object.clone(),
    );
    let id = post(&setup, &format!("{BASE}/actions/drafts"), draft)
        .await
        .id();
    let path = format!("{BASE}/actions/{id}/draft");
    let validation = get(&setup, &format!("{path}/validation")).await.body;
    assert_eq!(
        (
            &validation["valid"],
            &validation["errors"][0]["details"][0]["fieldName"]
        ),
        (&json!(false), &json!("contract.input.inputSchema"))
    );
    assert_eq!(
        get(&setup, &format!("{path}?expand=contract&flatten=true"))
            .await
            .body["code"],
        "not.supported"
    );
}

#[tokio::test]
async fn a_published_version_names_one_content_even_when_a_draft_comes_late() {
    let setup = start().await;
    let integration = integration(&setup).await;
    let id = post(&setup, &format!("{BASE}/actions"), action(&integration))
        .await
        .id();
    let path = format!("{BASE}/actions/{id}");
    let draft = call(&setup, Method::POST, &format!("{path}/draft"), None).await;
    assert_eq!(draft.body["version"], 2);
    for version in [1, 2] {
        let body = json!({"version": version, "name": format!("after {version}")});
        let patched = call(&setup, Method::PATCH, &path, Some(body)).await;
        assert_eq!(patched.body["version"], version + 1);
    }
    let publish = |version: u64| {
        let path = format!("{path}/draft/publish");
        let setup = &setup;
        async move { post(setup, &path, json!({"version": version})).await }
    };
    // The version to name is the draft's, not the published one's.
    let refused = publish(3).await;
    assert_eq!(
        (refused.status.as_u16(), refused.body["message"].as_str()),
        (
            409,
            Some("Supplied version 3 does not match latest draft version 2")
        )
    );
    let published = publish(2).await;
    assert_eq!(
        (&published.body["version"], &published.body["name"]),
        (&json!(4), &json!("Sync case"))
    );
    assert_eq!(publish(2).await.status, 404);
}

#[tokio::test]
async fn templates_are_read_as_files() {
    let setup = start().await;
    let integration = integration(&setup).await;
    let id = post(
        &setup,
        &format!("{BASE}/actions/drafts"),
        action(&integration),
    )
    .await
    .id();
    let path = format!("{BASE}/actions/{id}");
    let file = async |path: String| {
        let answer = setup.request(Method::GET, &path).send().await.unwrap();
        let kind = answer.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        (
            answer.status().as_u16(),
            kind.starts_with("text/plain"),
            answer.text().await.unwrap(),
        )
    };
    let config = &action(&integration)["config"];
    let request = config["request"]["requestTemplate"].as_str().unwrap();
    let success = config["response"]["successTemplate"].as_str().unwrap();
    let draft = format!("{path}/draft/templates");
    assert_eq!(
        file(format!("{draft}/requesttemplate.vm")).await,
        (200, true, request.to_owned())
    );
    assert_eq!(file(format!("{draft}/other.vm")).await.0, 404);
    let published = format!("{path}/templates/successtemplate.vm");
    assert_eq!(file(published.clone()).await.0, 404);
    let body = json!({"version": 1});
    assert_eq!(
        post(&setup, &format!("{path}/draft/publish"), body)
            .await
            .status,
        200
    );
    assert_eq!(file(published).await, (200, true, success.to_owned()));
}
