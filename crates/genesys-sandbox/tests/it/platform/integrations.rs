//! Types, integrations and their configuration.

use super::*;

#[tokio::test]
async fn types_and_their_schemas_are_listed() {
    let setup = start().await;
    let page = get(&setup, &format!("{BASE}/types?pageSize=2")).await.body;
    assert_eq!(
        (
            page["total"].as_u64(),
            page["entities"].as_array().unwrap().len()
        ),
        (Some(6), 2)
    );
    let kind = get(&setup, &format!("{BASE}/types/custom-rest-actions"))
        .await
        .body;
    assert!(kind["credentials"]["basicAuth"].is_object());
    for config_type in ["properties", "advanced"] {
        assert_eq!(
            get(
                &setup,
                &format!("{BASE}/types/embedded-client-app/configschemas/{config_type}")
            )
            .await
            .status,
            200
        );
    }
    assert_eq!(get(&setup, &format!("{BASE}/types/none")).await.status, 404);
    assert_eq!(
        get(&setup, &format!("{BASE}/types/webhook/configschemas/none"))
            .await
            .status,
        404
    );
    let types = get(&setup, &format!("{BASE}/credentials/types")).await.body;
    assert_eq!(types[0]["required"], json!(["userName", "password"]));
}

#[tokio::test]
async fn a_configuration_wants_six_members_and_the_current_version() {
    let setup = start().await;
    let path = format!("{BASE}/{}/config/current", integration(&setup).await);
    let put = async |body: Value| call(&setup, Method::PUT, &path, Some(body)).await;
    for member in [
        "name",
        "version",
        "properties",
        "advanced",
        "notes",
        "credentials",
    ] {
        let mut body = configuration(1, None);
        body.as_object_mut().unwrap().remove(member);
        let answer = put(body).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.body["details"][0]["fieldName"].as_str()
            ),
            (400, Some(member))
        );
    }
    assert_eq!(put(configuration(1, None)).await.status, 200);
    let stale = put(configuration(1, None)).await;
    assert_eq!(stale.status, 409);
    assert!(
        stale.body["message"]
            .as_str()
            .unwrap()
            .contains("does not match the current version")
    );
    let mut renamed = configuration(2, None);
    renamed["name"] = json!("renamed");
    assert_eq!(put(renamed).await.body["version"], 3);
    assert_eq!(
        get(&setup, path.trim_end_matches("/config/current"))
            .await
            .body["name"],
        "renamed"
    );
    let mut bad = configuration(3, Some("nobody"));
    bad["properties"] = json!({"surplus": 1});
    bad["credentials"]["slot"] = json!({"id": "x"});
    let answer = put(bad).await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.body["details"].as_array().unwrap().len()
        ),
        (400, 3),
        "{answer:?}"
    );
    assert_eq!(
        setup
            .sandbox
            .counts()
            .effect(Object::Configuration, Verb::Updated),
        2
    );
}

#[tokio::test]
async fn properties_are_checked_by_the_schema_of_the_type() {
    let setup = start().await;
    let id = post(
        &setup,
        BASE,
        json!({"integrationType": {"id": "embedded-client-app"}}),
    )
    .await
    .id();
    let path = format!("{BASE}/{id}/config/current");
    let mut body = configuration(1, None);
    for (properties, status) in [
        (json!({}), 400),
        (json!({"url": "http://x"}), 400),
        (
            json!({"url": "https://app.example.com", "displayType": "cinema"}),
            400,
        ),
        (
            json!({"url": "https://app.example.com", "displayType": "widget"}),
            200,
        ),
    ] {
        body["properties"] = properties;
        assert_eq!(
            call(&setup, Method::PUT, &path, Some(body.clone()))
                .await
                .status,
            status
        );
    }
}

#[tokio::test]
async fn a_patch_writes_the_intended_state_alone_and_setting_it_again_is_no_effect() {
    let setup = start().await;
    let path = format!("{BASE}/{}", integration(&setup).await);
    let patch = async |body: Value| call(&setup, Method::PATCH, &path, Some(body)).await;
    for bad in [
        json!({}),
        json!({"intendedState": "DELETED"}),
        json!({"intendedState": "ENABLED", "colour": 1}),
    ] {
        assert_eq!(patch(bad).await.status, 400);
    }
    // What was read can be sent back; only the intended state is taken.
    let mut whole = get(&setup, &path).await.body;
    whole["intendedState"] = json!("ENABLED");
    whole["name"] = json!("other");
    assert_eq!(patch(whole).await.body["name"], "crm");
    patch(json!({"intendedState": "ENABLED"})).await;
    assert_eq!(
        setup
            .sandbox
            .counts()
            .effect(Object::Integration, Verb::Updated),
        1
    );
    patch(json!({"intendedState": "DISABLED"})).await;
    let codes = [get(&setup, &path).await, get(&setup, &path).await]
        .map(|a| a.body["reportedState"]["code"].clone());
    assert_eq!(codes, ["DEACTIVATING", "INACTIVE"]);
    assert_eq!(
        setup.send(Method::PUT, &path, Some(json!({}))).await.status,
        405
    );
}

#[tokio::test]
async fn an_activation_can_fail_be_immediate_or_take_time() {
    let setup = start().await;
    let path = format!("{BASE}/{}", integration(&setup).await);
    let enable = async |state: &str| {
        call(
            &setup,
            Method::PATCH,
            &path,
            Some(json!({"intendedState": state})),
        )
        .await
        .body["reportedState"]
            .clone()
    };
    let activations = setup.sandbox.activations();
    activations.set_pace(Activation::Polls(0));
    activations.fail_next("the endpoint is not reachable");
    let failed = enable("ENABLED").await;
    assert_eq!(
        (
            failed["code"].as_str(),
            failed["detail"]["message"].as_str()
        ),
        (Some("ERROR"), Some("the endpoint is not reachable"))
    );
    // Enabling again after a failure is a new attempt.
    assert_eq!(enable("ENABLED").await["code"], "ACTIVE");
    assert_eq!(enable("DISABLED").await["code"], "INACTIVE");
    activations.set_pace(Activation::After(Duration::from_millis(30)));
    assert_eq!(enable("ENABLED").await["code"], "ACTIVATING");
    while get(&setup, &path).await.body["reportedState"]["code"] != "ACTIVE" {}
}

#[tokio::test]
async fn lists_honour_the_contracts_parameters_and_the_profile() {
    let setup = Setup::new().await;
    setup.create("guide one").await;
    let credential = credential(&setup, "c").await;
    let with = integration(&setup).await;
    call(
        &setup,
        Method::PUT,
        &format!("{BASE}/{with}/config/current"),
        Some(configuration(1, Some(&credential))),
    )
    .await;
    let app = post(
        &setup,
        BASE,
        json!({"name": "app", "integrationType": {"id": "embedded-client-app"}}),
    )
    .await
    .id();
    assert_eq!(
        setup.get(BASE).await.body["entities"][0]["name"],
        "guide one"
    );
    let listed = setup
        .request(Method::GET, BASE)
        .header("X-Sandbox-Profile", "platform");
    assert_eq!(
        crate::support::read(listed.send().await.unwrap())
            .await
            .body["total"],
        2
    );
    setup.sandbox.set_profile(Profile::Platform);
    let ids = async |query: &str| -> Vec<String> {
        let page = get(&setup, &format!("{BASE}?{query}")).await.body;
        page["entities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids("").await, [with.clone(), app.clone()]);
    assert_eq!(ids("sortBy=name").await, [app.clone(), with.clone()]);
    assert_eq!(ids(&format!("ids={app}")).await, std::slice::from_ref(&app));
    assert_eq!(ids(&format!("ids={app}&ids={with}")).await.len(), 2);
    assert_eq!(
        ids("integrationType=embedded-client-app").await,
        std::slice::from_ref(&app)
    );
    assert_eq!(ids("reportedState=ACTIVE").await.len(), 0);
    assert_eq!(
        ids(&format!("credentialId={credential}")).await,
        std::slice::from_ref(&with)
    );
    // The contract has no filter by name, so there is none.
    assert_eq!(ids("name=app").await.len(), 2);
    assert_eq!(
        get(&setup, &format!("{BASE}?reportedState=ODD"))
            .await
            .status,
        400
    );
    let expanded = get(&setup, &format!("{BASE}/{with}?expand=config.current"))
        .await
        .body;
    assert_eq!(
        expanded["config"]["current"]["credentials"]["basicAuth"]["id"],
        json!(credential)
    );
}

#[tokio::test]
async fn a_webhook_integration_gets_its_address_when_it_is_first_enabled() {
    let setup = start().await;
    let id = post(&setup, BASE, json!({"integrationType": {"id": "webhook"}}))
        .await
        .id();
    let path = format!("{BASE}/{id}");
    assert_eq!(get(&setup, &path).await.body["attributes"], json!({}));
    let enabled = call(
        &setup,
        Method::PATCH,
        &path,
        Some(json!({"intendedState": "ENABLED"})),
    )
    .await;
    assert!(
        enabled.body["attributes"]["invocationUrl"]
            .as_str()
            .unwrap()
            .ends_with("/events")
    );
    for bad in [
        json!({"integrationType": {"id": "none"}}),
        json!({"integrationType": {}}),
        json!({"integrationType": {"id": "webhook"}, "x": 1}),
    ] {
        assert_eq!(post(&setup, BASE, bad).await.status, 400);
    }
}
