//! Nodes as data actions: contracts, drafts, versions.

use std::error::Error as _;

use genesys_core::{ErrorKind, Profile};
use genesys_integrations::nodes::{
    ContractChange, DraftRefused, Method, NodeError, NodeRule, Nodes, PlannedStep, RestNode,
};
use genesys_integrations::{Change, TestRequest};
use genesys_sandbox::{ExternalReply, Fault};
use serde_json::json;

use super::world::{NAME, World, builder, node};

fn other_contract() -> RestNode {
    let mut schema = node().input_schema().clone();
    schema["properties"]["region"] = json!({"type": "string"});
    schema["required"] = json!(["region", "requestPayload", "targetId"]);
    builder()
        .with_header("X-Region", "{{input.region}}")
        .with_input_schema(schema)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_change_of_contract_is_said_before_and_takes_a_new_action_only_when_allowed() {
    // errata RST-07
    let world = World::new(Profile::Platform).await;
    let nodes = world.platform();
    let first = nodes.register(&node()).await.unwrap();
    let before = world.sandbox.state();

    let plan = nodes.plan(&other_contract()).await.unwrap();
    assert_eq!(plan.step, PlannedStep::Replace);
    assert_eq!(plan.current, Some(first.node.id.clone()));
    let error = nodes.register(&other_contract()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<ContractChange>());
    assert_eq!(source.map(|change| &change.id), Some(&first.node.id));
    assert_eq!(world.sandbox.state(), before);

    let nodes = nodes.with_replacement(true);
    let second = nodes.register(&other_contract()).await.unwrap();
    assert_eq!(second.change, Change::Updated);
    assert_eq!(second.replaced, Some(first.node.id.clone()));
    assert_ne!(second.node.id, first.node.id);
    world.assert_one("replaced");
    let again = nodes.register(&other_contract()).await.unwrap();
    assert_eq!((again.change, again.replaced), (Change::Unchanged, None));
}

#[tokio::test]
async fn an_interrupted_replacement_is_finished() {
    // errata ALL-19
    for number in 0.. {
        let world = World::new(Profile::Platform).await;
        let nodes = world.platform().with_replacement(true);
        nodes.register(&node()).await.unwrap();
        let fault = Fault::status(403)
            .with_path("/api/v2/integrations/**")
            .with_skip(number)
            .with_count(1);
        world.sandbox.faults().add(fault).unwrap();
        let outcome = nodes.register(&other_contract()).await;
        let struck = world.sandbox.faults().list()[0].fired;
        world.sandbox.faults().clear();
        assert_eq!(outcome.is_err(), struck == 1, "{number}");
        // At every moment at least one of the two can be used.
        assert!(!world.sandbox.state().actions.is_empty());
        let nodes = world.platform().with_replacement(true);
        nodes.register(&other_contract()).await.unwrap();
        world.assert_one(&format!("request {number}"));
        let found = nodes.find(NAME).await.unwrap().unwrap();
        assert_eq!(found.node.unwrap().headers().len(), 3);
        if struck == 0 {
            assert!(number > 6, "{number} requests");
            break;
        }
    }
}

#[tokio::test]
async fn a_draft_is_validated_and_tested_before_it_is_published() {
    let world = World::new(Profile::Platform).await;
    let external = world.sandbox.external();
    let reply = |status, body| ExternalReply::status(status).with_body(body);
    external
        .script(
            "https://api.external-system.com",
            [reply(200, json!({"status": 7}))],
        )
        .unwrap();
    let request = TestRequest::once()
        .with_input("targetId", "t-1")
        .with_input("requestPayload", json!({"a": 1}));
    let nodes = world.platform().with_draft_test(request.clone());
    let error = nodes.register(&node()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::State, "{error:?}");
    let refused = error
        .source()
        .and_then(|source| source.downcast_ref::<DraftRefused>());
    assert!(refused.unwrap().test.is_some());
    world.assert_none("the answer does not fit the response schema");

    external
        .script(
            "https://api.external-system.com",
            [reply(200, json!({"status": "done"}))],
        )
        .unwrap();
    let registered = nodes.register(&node()).await.unwrap();
    world.assert_one("tested");
    let report = nodes.test(&registered.node.id, &request).await.unwrap();
    assert!(report.is_success(), "{report:?}");

    // Exclusive bounds are numbers in later drafts and flags in draft 4.
    let schema = json!({"type": "object", "properties": {"n": {"exclusiveMinimum": 5}}});
    let changed = builder()
        .with_name("Another")
        .with_response_schema(schema)
        .build()
        .unwrap();
    let error = world.platform().register(&changed).await.unwrap_err();
    let refused = error
        .source()
        .and_then(|source| source.downcast_ref::<DraftRefused>());
    assert!(!refused.unwrap().problems.is_empty(), "{error:?}");
    world.assert_one("refused by validation");
}

#[tokio::test]
async fn an_input_is_checked_before_the_external_system_is_called() {
    // errata RST-08, RST-13, RST-15
    let world = World::new(Profile::Platform).await;
    world
        .sandbox
        .external()
        .script(
            "https://api.external-system.com",
            [ExternalReply::status(200)],
        )
        .unwrap();
    let nodes = world.platform();
    let registered = nodes.register(&node()).await.unwrap();
    for input in [
        json!({"requestPayload": {}}),
        json!({"targetId": "t"}),
        json!({"targetId": "..", "requestPayload": {}}),
        json!({"targetId": "", "requestPayload": {}}),
        json!({"targetId": "a/../b", "requestPayload": {}}),
        json!({"targetId": "a\nb", "requestPayload": {}}),
        json!({"targetId": null, "requestPayload": {}}),
        json!({"targetId": "t", "requestPayload": "text"}),
    ] {
        let members = input.as_object().unwrap().clone();
        let request = members
            .into_iter()
            .fold(TestRequest::once(), |request, (name, value)| {
                request.with_input(name, value)
            });
        let report = nodes.test(&registered.node.id, &request).await.unwrap();
        assert!(!report.is_success(), "{input}");
        assert_eq!(report.steps.len(), 1, "{input}: {report:?}");
    }
}

#[tokio::test]
async fn a_node_that_velocity_cannot_say_is_refused_before_any_call() {
    let world = World::new(Profile::Platform).await;
    let before = world.sandbox.counts().requests;
    let node = RestNode::builder("n", Method::POST, "https://a.example/x")
        .with_body("{\"a\": {{input.a}}}")
        .build()
        .unwrap();
    let error = world.platform().register(&node).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    let source = error
        .source()
        .and_then(|source| source.downcast_ref::<NodeError>());
    assert!(source.unwrap().has(NodeRule::Lowering));
    assert_eq!(world.sandbox.counts().requests, before);
}

#[tokio::test]
async fn actions_of_other_integrations_are_left_alone() {
    let world = World::new(Profile::Platform).await;
    let body = json!({"name": "Others", "integrationType": {"id": "custom-rest-actions"}});
    let created: serde_json::Value = world
        .client
        .post("/api/v2/integrations")
        .with_json(&body)
        .json()
        .await
        .unwrap();
    let others = genesys_integrations::PlatformNodes::new(
        world.client.clone(),
        genesys_integrations::IntegrationId::new(created["id"].as_str().unwrap()).unwrap(),
    );
    let theirs = others.register(&node()).await.unwrap();
    let ours = world.platform().register(&node()).await.unwrap();
    assert_eq!(ours.change, Change::Created);
    assert_ne!(ours.node.id, theirs.node.id);
    assert_eq!(world.platform().get(&theirs.node.id).await.unwrap(), None);
    assert_eq!(others.list().await.unwrap().len(), 1);
}
