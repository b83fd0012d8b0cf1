//! Lists of what an organisation holds, and dependency tracking.

use genesys_sandbox::{HOME_DIVISION_ID, Kind, Organisation, TrackingStatus, WORKFLOW_ID};

use super::*;

const TRACKING: &str = "/api/v2/architect/dependencytracking";

fn organisation() -> Organisation {
    let division = json!({"id": HOME_DIVISION_ID, "name": "Home"});
    Organisation::new("Acme")
        .with_object(Kind::User, json!({"id": "u-1", "name": "Ann", "version": 1}))
        .with_object(Kind::Skill, json!({"id": "s-1", "name": "Billing"}))
        .with_object(Kind::WrapUpCode, json!({"id": "w-1", "name": "Done"}))
        .with_object(
            Kind::Queue,
            json!({"id": "q-1", "name": "Support", "division": division, "directRouting": {"backupQueueId": "q-1"}}),
        )
        .with_object(
            Kind::Flow,
            json!({"id": "f-1", "name": "Main", "type": "INBOUNDCALL", "division": division, "publishedVersion": {"id": "7.0"}}),
        )
        .with_member("q-1", "u-1")
        .with_wrap_up_code("q-1", "w-1")
        .with_wrap_up_code("q-1", "gone")
        .with_use("f-1", "QUEUE", "q-1")
        .with_use("f-1", "USERPROMPT", "p-gone")
}

async fn start_with(organisation: Organisation) -> Setup {
    let builder = Sandbox::builder().with_profile(Profile::Platform);
    Setup::with(builder.with_organisation(organisation)).await
}

fn ids(answer: &Answer) -> Vec<&str> {
    let entities = answer.body["entities"].as_array().unwrap();
    entities
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn lists_and_objects_keep_the_contract() {
    let setup = start_with(organisation()).await;
    for (path, expected) in [
        ("/api/v2/authorization/divisions", vec![HOME_DIVISION_ID]),
        ("/api/v2/routing/queues", vec!["q-1"]),
        ("/api/v2/routing/queues/q-1/members", vec!["u-1"]),
        ("/api/v2/routing/queues/q-1/wrapupcodes", vec!["w-1"]),
        ("/api/v2/routing/skills", vec!["s-1"]),
        ("/api/v2/routing/wrapupcodes", vec!["w-1"]),
        ("/api/v2/locations", vec![]),
        (
            "/api/v2/flows?type=inboundcall&name=ma*&divisionId=5d0f6c1e-3b52-4a39-9b7e-0a4c1f2d8e10",
            vec!["f-1"],
        ),
    ] {
        assert_eq!(ids(&get(&setup, path).await), expected, "{path}");
    }
    let me = get(&setup, "/api/v2/organizations/me").await;
    assert_eq!(me.body["name"], "Acme");
    for path in [
        "/api/v2/routing/queues/q-1",
        "/api/v2/routing/skills/s-1",
        "/api/v2/flows/f-1",
    ] {
        assert_eq!(get(&setup, path).await.status, 200, "{path}");
        assert_eq!(get(&setup, &format!("{path}0")).await.status, 404, "{path}");
    }
    // The flows of every sandbox come first.
    let flows = get(&setup, "/api/v2/flows").await;
    assert_eq!(
        (ids(&flows).len(), ids(&flows)[0], ids(&flows)[4]),
        (5, WORKFLOW_ID, "f-1")
    );
    let queue = post(&setup, "/api/v2/routing/queues", json!({"name": "Sales"})).await;
    assert_eq!(queue.status, 200);
    // The guide's member is not in the published shape.
    assert_eq!(queue.body["members"], Value::Null);
}

#[tokio::test]
async fn lists_outside_the_published_excerpt_are_served_alike() {
    let seed = Kind::ALL
        .into_iter()
        .fold(Organisation::new("Acme"), |all, kind| {
            let id = format!("{kind:?}");
            all.with_object(kind, json!({"id": id, "name": id}))
        });
    let setup = start_with(seed).await;
    for kind in Kind::ALL {
        let id = format!("{kind:?}");
        let list = setup.get(&format!("{}?name={id}", kind.path())).await;
        assert_eq!(ids(&list), [id.as_str()], "{kind:?}");
        let one = setup.get(&format!("{}/{id}", kind.path())).await;
        assert_eq!(one.body["name"], id, "{kind:?}");
    }
    let teams = setup.get("/api/v2/teams").await.body;
    assert_eq!(
        (&teams["total"], &teams["nextUri"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn tracking_tells_one_step_of_who_uses_what() {
    // errata DEP-09
    let setup = start_with(organisation()).await;
    let status = get(&setup, &format!("{TRACKING}/build")).await;
    assert_eq!(status.body["status"], "OPERATIONAL");
    let path = format!("{TRACKING}/consumedresources?id=f-1&objectType=INBOUNDCALLFLOW");
    let consumed = get(&setup, &format!("{path}&version=7.0")).await;
    assert_eq!(ids(&consumed), ["q-1", "p-gone"]);
    let second = &consumed.body["entities"][1];
    assert_eq!(
        (&second["deleted"], &second["type"]),
        (&json!(true), &json!("USERPROMPT"))
    );
    let queues = get(&setup, &format!("{path}&version=7.0&resourceType=QUEUE")).await;
    assert_eq!(ids(&queues), ["q-1"]);
    assert_eq!(get(&setup, &path).await.status, 400);
    assert_eq!(
        get(&setup, &format!("{path}&version=8.0")).await.status,
        404
    );

    let users = get(
        &setup,
        &format!("{TRACKING}/consumingresources?id=q-1&objectType=QUEUE"),
    )
    .await;
    assert_eq!(
        (ids(&users), &users.body["entities"][0]["version"]),
        (vec!["f-1"], &json!("7.0"))
    );
    let object = get(
        &setup,
        &format!("{TRACKING}/object?id=q-1&consumingResources=true"),
    )
    .await;
    assert_eq!(object.body["consumingResources"][0]["id"], "f-1");
    let found = get(
        &setup,
        &format!("{TRACKING}?name=*in&objectType=INBOUNDCALLFLOW"),
    )
    .await;
    assert_eq!(ids(&found), ["f-1"]);
    let types = get(&setup, &format!("{TRACKING}/types?pageSize=100")).await;
    assert!(ids(&types).contains(&"WORKFLOW"));
    let one = get(&setup, &format!("{TRACKING}/types/USERPROMPT")).await;
    assert_eq!(one.body["versioned"], false);
    assert_eq!(
        get(&setup, &format!("{TRACKING}/types/NONE")).await.status,
        404
    );
}

#[tokio::test]
async fn what_is_deleted_is_known_to_who_uses_it() {
    // errata DEP-21
    let setup = start_with(organisation()).await;
    let path = "/api/v2/routing/queues/q-1";
    assert_eq!(call(&setup, Method::DELETE, path, None).await.status, 204);
    let path = format!("{TRACKING}/deletedresourceconsumers?consumedResources=true");
    let consumers = get(&setup, &path).await;
    assert_eq!(ids(&consumers), ["f-1"]);
    let gone = consumers.body["entities"][0]["consumedResources"]
        .as_array()
        .unwrap();
    assert_eq!(gone.len(), 2);
    // The deleted one is still asked about by its id.
    let users = get(
        &setup,
        &format!("{TRACKING}/consumingresources?id=q-1&objectType=QUEUE"),
    )
    .await;
    assert_eq!(ids(&users), ["f-1"]);
}

#[tokio::test]
async fn tracking_is_empty_until_it_was_built() {
    let setup = start_with(organisation().with_tracking(TrackingStatus::NotBuilt)).await;
    let path =
        format!("{TRACKING}/consumedresources?id=f-1&objectType=INBOUNDCALLFLOW&version=7.0");
    assert_eq!(ids(&get(&setup, &path).await), Vec::<&str>::new());
    let build = format!("{TRACKING}/build");
    assert_eq!(call(&setup, Method::POST, &build, None).await.status, 204);
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(get(&setup, &build).await.body["status"].clone());
    }
    assert_eq!(seen, ["BUILDINPROGRESS", "OPERATIONAL"]);
    assert_eq!(ids(&get(&setup, &path).await).len(), 2);
    assert_eq!(
        setup
            .sandbox
            .counts()
            .effect(Object::DependencyTracking, Verb::Updated),
        1
    );
}
