//! The platform profile. Every answer is checked against the contract, see `contract`.

use std::time::Duration;

use genesys_sandbox::{Activation, ExternalReply, Object, Profile, Sandbox, Verb};
use reqwest::Method;
use serde_json::{Value, json};

use crate::contract;
use crate::support::{Answer, Setup};

const BASE: &str = "/api/v2/integrations";

async fn call(setup: &Setup, method: Method, path: &str, body: Option<Value>) -> Answer {
    let answer = setup.send(method.clone(), path, body).await;
    let correlation = answer.header("inin-correlation-id");
    let entry = setup
        .sandbox
        .ledger()
        .into_iter()
        .find(|entry| entry.correlation_id == correlation)
        .unwrap();
    contract::check(
        method.as_str(),
        &entry.route.unwrap(),
        answer.status.as_u16(),
        &answer.body,
    );
    answer
}

async fn get(setup: &Setup, path: &str) -> Answer {
    call(setup, Method::GET, path, None).await
}

async fn post(setup: &Setup, path: &str, body: Value) -> Answer {
    call(setup, Method::POST, path, Some(body)).await
}

async fn start() -> Setup {
    Setup::with(Sandbox::builder().with_profile(Profile::Platform)).await
}

async fn credential(setup: &Setup, name: &str) -> String {
    let body = json!({"name": name, "type": {"name": "basicAuth"}, "credentialFields": {"userName": "crm", "password": "crm-password"}});
    let answer = post(setup, &format!("{BASE}/credentials"), body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.id()
}

async fn integration(setup: &Setup) -> String {
    let answer = post(
        setup,
        BASE,
        json!({"name": "crm", "integrationType": {"id": "custom-rest-actions"}}),
    )
    .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.id()
}

fn configuration(version: u64, credential: Option<&str>) -> Value {
    let credentials = credential.map_or(json!({}), |id| json!({"basicAuth": {"id": id}}));
    json!({"name": "crm", "version": version, "properties": {}, "advanced": {}, "notes": "", "credentials": credentials})
}

fn action(integration: &str) -> Value {
    json!({
        "name": "Sync case",
        "category": "CRM",
        "integrationId": integration,
        "secure": false,
        "contract": {
            "input": {"inputSchema": {"type": "object", "required": ["caseId"], "properties": {"caseId": {"type": "string"}}}},
            "output": {"successSchema": {"type": "object", "required": ["genesys_case_id"], "properties": {
                "genesys_case_id": {"type": "string"}, "genesys_priority": {"type": "integer"},
            }}},
        },
        "config": {
            "timeoutSeconds": 1,
            "request": {
                "requestUrlTemplate": "https://api.example.com/v1/cases/$esc.uriEncode(${input.caseId})",
                "requestType": "POST",
                "headers": {"Authorization": "Basic $encoding.base64(\"${credentials.userName}:${credentials.password}\")"},
                "requestTemplate": "${input.rawRequest}",
            },
            "response": {
                "translationMap": {"case": "$.case.id", "priority": "$.case.priority"},
                "translationMapDefaults": {"priority": "3"},
                "successTemplate": "{\"genesys_case_id\": ${case}, \"genesys_priority\": ${priority}}",
            },
        },
    })
}

fn answers(setup: &Setup, replies: impl IntoIterator<Item = ExternalReply>) {
    setup
        .sandbox
        .external()
        .script("https://api.example.com/v1/cases/", replies)
        .unwrap();
}

#[tokio::test]
async fn the_whole_workflow_creates_configures_tests_enables_and_leaves_nothing() {
    let setup = start().await;
    let credential = credential(&setup, "crm").await;
    let integration = integration(&setup).await;
    let path = format!("{BASE}/{integration}");
    let current = get(&setup, &format!("{path}/config/current")).await;
    assert_eq!(current.body["version"], 1);
    let config = call(
        &setup,
        Method::PUT,
        &format!("{path}/config/current"),
        Some(configuration(1, Some(&credential))),
    )
    .await;
    assert_eq!(
        (config.status.as_u16(), config.body["version"].as_u64()),
        (200, Some(2))
    );
    let action = post(&setup, &format!("{BASE}/actions"), action(&integration)).await;
    assert_eq!(
        (action.status.as_u16(), action.body["version"].as_u64()),
        (200, Some(1)),
        "{action:?}"
    );
    answers(
        &setup,
        [ExternalReply::status(200).with_body(json!({"case": {"id": "C/1"}}))],
    );
    setup
        .sandbox
        .external()
        .require_basic("https://api.example.com/v1/cases/", "crm", "crm-password")
        .unwrap();
    let test = post(
        &setup,
        &format!("{BASE}/actions/{}/test", action.id()),
        json!({"caseId": "C/1"}),
    )
    .await;
    assert_eq!(test.body["success"], true, "{}", test.body);
    assert_eq!(
        test.body["finalResult"],
        json!({"genesys_case_id": "C/1", "genesys_priority": 3})
    );

    let enabled = call(
        &setup,
        Method::PATCH,
        &path,
        Some(json!({"intendedState": "ENABLED"})),
    )
    .await;
    assert_eq!(enabled.body["reportedState"]["code"], "ACTIVATING");
    let codes = [get(&setup, &path).await, get(&setup, &path).await]
        .map(|a| a.body["reportedState"]["code"].clone());
    assert_eq!(codes, ["ACTIVATING", "ACTIVE"]);
    let result = post(
        &setup,
        &format!("{BASE}/actions/{}/execute", action.id()),
        json!({"caseId": "C/1"}),
    )
    .await;
    assert_eq!(
        result.body,
        json!({"genesys_case_id": "C/1", "genesys_priority": 3})
    );

    assert_eq!(
        call(
            &setup,
            Method::DELETE,
            &format!("{BASE}/credentials/{credential}"),
            None
        )
        .await
        .status,
        409
    );
    let deleted = call(&setup, Method::DELETE, &path, None).await;
    assert_eq!(
        (
            deleted.status.as_u16(),
            deleted.body["intendedState"].as_str()
        ),
        (200, Some("DELETED"))
    );
    assert_eq!(
        get(&setup, &format!("{BASE}/actions/{}", action.id()))
            .await
            .status,
        404
    );
    assert_eq!(
        call(
            &setup,
            Method::DELETE,
            &format!("{BASE}/credentials/{credential}"),
            None
        )
        .await
        .status,
        204
    );
    assert!(setup.sandbox.state().is_empty());
    let counts = setup.sandbox.counts();
    assert_eq!(
        (
            counts.effect(Object::Action, Verb::Deleted),
            counts.effect(Object::Integration, Verb::Created)
        ),
        (1, 1)
    );
}

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
async fn credentials_take_their_types_fields_and_never_give_them_back() {
    let setup = start().await;
    let path = format!("{BASE}/credentials");
    let id = credential(&setup, "a").await;
    let shown = get(&setup, &format!("{path}/{id}")).await;
    assert!(
        !shown.body.to_string().contains("crm-password")
            && shown.body.get("credentialFields").is_none()
    );
    let changed = json!({"name": "b", "type": {"name": "basicAuth"}, "credentialFields": {"userName": "u", "password": "p"}});
    assert_eq!(
        call(
            &setup,
            Method::PUT,
            &format!("{path}/{id}"),
            Some(changed.clone())
        )
        .await
        .body["name"],
        "b"
    );
    let mut other = changed.clone();
    other["type"]["name"] = json!("userDefined");
    assert_eq!(
        call(&setup, Method::PUT, &format!("{path}/{id}"), Some(other))
            .await
            .status,
        400
    );
    for (member, value) in [
        ("type", json!({"name": "none"})),
        ("credentialFields", json!({"userName": "u"})),
        (
            "credentialFields",
            json!({"userName": "u", "password": "p", "more": "m"}),
        ),
        ("credentialFields", json!({"userName": "u", "password": 7})),
        ("name", json!("")),
    ] {
        let mut body = changed.clone();
        body[member] = value;
        assert_eq!(post(&setup, &path, body).await.status, 400, "{member}");
    }
    assert_eq!(get(&setup, &path).await.body["total"], 1);
}

#[tokio::test]
async fn a_cursor_walks_forth_and_back_and_survives_deletions_in_between() {
    let setup = start().await;
    let path = format!("{BASE}/credentials");
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(credential(&setup, &format!("c{n}")).await);
    }
    let ids_of = |page: &Value| -> Vec<String> {
        page["entities"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let first = get(&setup, &format!("{path}/listing?pageSize=2"))
        .await
        .body;
    assert!(first.get("total").is_none() && first.get("previousUri").is_none());
    call(&setup, Method::DELETE, &format!("{path}/{}", ids[1]), None).await;
    let second = get(&setup, first["nextUri"].as_str().unwrap()).await.body;
    assert_eq!(ids_of(&second), ids[2..4]);
    let last = get(&setup, second["nextUri"].as_str().unwrap()).await.body;
    assert_eq!(
        (ids_of(&last), last.get("nextUri")),
        (ids[4..].to_vec(), None)
    );
    let back = get(&setup, second["previousUri"].as_str().unwrap())
        .await
        .body;
    assert_eq!(ids_of(&back), ids[..1]);
    for bad in ["pageSize=201", "after=x", "after=aXRlbTox&before=aXRlbTox"] {
        assert_eq!(
            get(&setup, &format!("{path}/listing?{bad}")).await.status,
            400,
            "{bad}"
        );
    }
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
