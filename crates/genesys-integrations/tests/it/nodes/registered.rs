//! Nodes in both profiles against the embedded cloud, over real sockets.

use genesys_core::{ErrorKind, Profile};
use genesys_integrations::Change;
use genesys_integrations::TestRequest;
use genesys_integrations::nodes::{PlannedStep, deploy};
use genesys_sandbox::Fault;
use http::Method;
use serde_json::json;

use super::world::{NAME, PROFILES, World, builder, node};

#[tokio::test]
async fn a_node_is_created_kept_changed_and_removed_and_each_is_told_beforehand() {
    // errata RST-07, RST-49, ALL-18
    for profile in PROFILES {
        let world = World::new(profile).await;
        let nodes = world.nodes();
        assert_eq!(nodes.profile(), profile);
        assert_eq!(nodes.find(NAME).await.unwrap(), None);
        let plan = nodes.plan(&node()).await.unwrap();
        assert_eq!((plan.step, plan.current), (PlannedStep::Create, None));
        world.assert_none("planned");

        let created = nodes.register(&node()).await.unwrap();
        assert_eq!(created.change, Change::Created);
        world.assert_one("created");
        let before = world.sandbox.state();
        let plan = nodes.plan(&node()).await.unwrap();
        assert_eq!(plan.step, PlannedStep::Keep, "{profile}");
        let again = nodes.register(&node()).await.unwrap();
        assert_eq!(again.change, Change::Unchanged, "{profile}");
        assert_eq!(again.node.id, created.node.id);
        assert_eq!(world.sandbox.state(), before, "{profile}");

        let changed = builder().with_header("X-Source", "flow").build().unwrap();
        let plan = nodes.plan(&changed).await.unwrap();
        assert_eq!(plan.step, PlannedStep::Update, "{profile}");
        assert_eq!(plan.current, Some(created.node.id.clone()));
        let updated = nodes.register(&changed).await.unwrap();
        assert_eq!(updated.change, Change::Updated);
        assert_eq!(updated.node.id, created.node.id, "{profile}");
        assert!(updated.node.version > created.node.version);
        world.assert_one("updated");

        let found = nodes.find(NAME).await.unwrap().unwrap();
        assert_eq!(nodes.get(&found.id).await.unwrap().as_ref(), Some(&found));
        let read = found.node.unwrap();
        assert_eq!(read.url(), changed.url());
        assert_eq!(read.body(), changed.body());
        assert_eq!(read.method(), changed.method());
        assert_eq!(read.headers().len(), 3);
        assert_eq!(nodes.list().await.unwrap().len(), 1);

        assert!(nodes.remove(&created.node.id).await.unwrap());
        assert!(!nodes.remove(&created.node.id).await.unwrap());
        assert_eq!(nodes.get(&created.node.id).await.unwrap(), None);
        world.assert_none("removed");
    }
}

#[tokio::test]
async fn the_guide_sends_the_documents_members_and_no_others() {
    let world = World::new(Profile::Guide).await;
    let node = builder()
        .with_memoise(std::time::Duration::from_secs(300))
        .with_timeout(std::time::Duration::from_secs(2))
        .build()
        .unwrap();
    let registered = world.nodes().register(&node).await.unwrap();
    let mut stored = world.sandbox.state().nodes.remove(0);
    let members = stored.as_object_mut().unwrap();
    assert_eq!(members.remove("id"), Some(json!(registered.node.id)));
    assert_eq!(members.remove("version"), Some(json!(1)));
    assert_eq!(
        stored,
        json!({
            "name": NAME,
            "description": "Custom REST node with dynamic injection",
            "type": "REST",
            "requestUrl": "https://api.external-system.com/v1/resources/{{input.targetId}}",
            "requestMethod": "POST",
            "requestHeaders": {"Authorization": "Bearer {{credentials.authToken}}", "Content-Type": "application/json"},
            "requestBody": "{\"resourceId\":\"{{input.targetId}}\",\"data\":{{input.requestPayload}}}",
            "inputSchema": node.input_schema(),
            "responseSchema": {"type": "object", "properties": {"status": {"type": "string"}, "resultId": {"type": "string"}}},
            "retryConfig": {"maxRetries": 3, "backoffType": "exponential", "initialDelay": 1000, "maxDelay": 10000},
        })
    );
    let seen = registered.node.node.unwrap();
    assert_eq!((seen.memoise(), seen.name()), (None, NAME));
}

/// What happens to a request, and its name.
type Named = (&'static str, fn() -> Fault);

#[tokio::test]
async fn a_lost_answer_of_any_request_leaves_one_node() {
    // errata ALL-18, ALL-07
    for profile in PROFILES {
        let faults: [Named; 3] = [
            ("cut answer", || Fault::cut().after_effect()),
            ("reset after request", || Fault::reset().after_effect()),
            ("reset before request", || Fault::reset().before_effect()),
        ];
        for (place, make) in faults {
            let mut number = 0;
            loop {
                let context = format!("{place} {number}");
                let world = World::new(profile).await;
                let fault = make()
                    .with_path("/api/v2/**")
                    .with_skip(number)
                    .with_count(1);
                world.sandbox.faults().add(fault).unwrap();
                let first = world.nodes().register(&node()).await;
                let struck = world.sandbox.faults().list()[0].fired;
                world.sandbox.faults().clear();
                match first {
                    Ok(_) => world.assert_one(&context),
                    // What could not be settled is settled by doing it again.
                    Err(error) => {
                        assert!(error.is_outcome_unknown(), "{profile} {context}: {error:?}");
                        world.nodes().register(&node()).await.unwrap();
                        world.assert_one(&context);
                    }
                }
                let changed = builder().with_header("X-Source", "flow").build().unwrap();
                let fault = make()
                    .with_path("/api/v2/**")
                    .with_skip(number)
                    .with_count(1);
                world.sandbox.faults().add(fault).unwrap();
                let second = world.nodes().register(&changed).await;
                let struck = struck + world.sandbox.faults().list()[0].fired;
                world.sandbox.faults().clear();
                if second.is_err() {
                    world.nodes().register(&changed).await.unwrap();
                }
                world.assert_one(&context);
                let last = world.nodes().register(&changed).await.unwrap();
                assert_eq!(last.change, Change::Unchanged, "{profile} {context}");
                if struck == 0 {
                    break;
                }
                number += 1;
            }
            assert!(number >= 2, "{profile}: {number} requests");
        }
    }
}

#[tokio::test]
async fn a_run_that_is_dropped_after_any_request_is_finished_by_the_next() {
    // errata ALL-19
    for profile in PROFILES {
        for number in 0.. {
            let world = World::new(profile).await;
            let fault = Fault::stall()
                .after_effect()
                .with_path("/api/v2/**")
                .with_skip(number)
                .with_count(1);
            world.sandbox.faults().add(fault).unwrap();
            let (nodes, node) = (world.nodes(), node());
            let mut run = Box::pin(nodes.register(&node));
            let finished = loop {
                tokio::select! {
                    result = &mut run => break Some(result),
                    () = tokio::task::yield_now() => {}
                }
                if world.sandbox.faults().list()[0].fired == 1 {
                    break None;
                }
            };
            drop(run);
            world.sandbox.faults().clear();
            world.nodes().register(&node).await.unwrap();
            world.assert_one(&format!("request {number}"));
            if finished.is_some() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_refusal_writes_nothing_and_is_not_repeated() {
    for profile in PROFILES {
        let world = World::new(profile).await;
        let fault = Fault::status(400).with_method(Method::POST).with_count(1);
        world.sandbox.faults().add(fault).unwrap();
        let error = world.nodes().register(&node()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadRequest, "{profile}");
        world.assert_none("refused");
    }
}

#[tokio::test]
async fn a_stale_version_is_read_again() {
    let world = World::new(Profile::Guide).await;
    world.nodes().register(&node()).await.unwrap();
    let fault = Fault::status(409).with_method(Method::PUT).with_count(2);
    world.sandbox.faults().add(fault).unwrap();
    let changed = builder().with_description("another").build().unwrap();
    let updated = world.nodes().register(&changed).await.unwrap();
    assert_eq!(updated.change, Change::Updated);
    assert_eq!(world.sandbox.state().nodes[0]["description"], "another");
}

#[tokio::test]
async fn a_description_that_was_taken_away_is_taken_away() {
    let world = World::new(Profile::Guide).await;
    world.nodes().register(&node()).await.unwrap();
    let mut document: serde_json::Value = serde_json::to_value(node()).unwrap();
    document.as_object_mut().unwrap().remove("description");
    let bytes = serde_json::to_vec(&document).unwrap();
    let without = genesys_integrations::RestNode::from_document(&bytes).unwrap();
    let updated = world.nodes().register(&without).await.unwrap();
    assert_eq!(updated.change, Change::Updated);
    assert_eq!(world.sandbox.state().nodes[0].get("description"), None);
}

#[tokio::test]
async fn what_was_registered_by_others_is_shown_with_what_is_wrong() {
    let world = World::new(Profile::Guide).await;
    // The sandbox takes what our rules refuse: a body that is no JSON by its media type.
    let body = json!({
        "name": "text", "type": "REST", "requestUrl": "https://a.example/x", "requestMethod": "POST",
        "requestHeaders": {"Content-Type": "text/plain"}, "requestBody": "hello",
    });
    let call = world
        .client
        .post("/api/v2/custom-integrations/nodes")
        .with_json(&body);
    call.empty().await.unwrap();
    let found = world.nodes().find("text").await.unwrap().unwrap();
    assert_eq!(found.node, None);
    assert!(!found.findings.is_empty());
}

#[tokio::test]
async fn a_deployment_is_one_audited_operation() {
    for profile in PROFILES {
        let world = World::new(profile).await;
        deploy(&world.client, &*world.nodes(), &node())
            .await
            .unwrap();
        let entries = world.audit.entries();
        assert_eq!(entries.len(), 2, "{profile}: {entries:?}");
        assert!(
            entries
                .iter()
                .all(|entry| entry.action == "node_registered")
        );
        assert_eq!(entries[1].attributes["change"], "created");
        let error = world
            .nodes()
            .test(
                &genesys_integrations::NodeId::new("x").unwrap(),
                &TestRequest::once(),
            )
            .await;
        let expected = match profile {
            Profile::Guide => ErrorKind::Unsupported,
            Profile::Platform => ErrorKind::NotFound,
        };
        assert_eq!(error.unwrap_err().kind(), expected);
    }
}
