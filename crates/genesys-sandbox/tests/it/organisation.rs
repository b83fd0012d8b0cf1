//! Queues, their members, locations and the organisation itself.

use std::time::Duration;

use genesys_sandbox::{
    Fault, HOME_DIVISION_ID, Kind, OauthClient, Object, Organisation, Sandbox, SandboxErrorKind,
    Verb,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::receiver;
use crate::support::{Answer, Setup, token};

const QUEUES: &str = "/api/v2/routing/queues";

fn queue(id: &str) -> Value {
    json!({"id": id, "name": format!("Queue {id}"), "division": {"id": HOME_DIVISION_ID, "name": "Home"}})
}

fn organisation(queues: usize) -> Organisation {
    let people = Organisation::new("Acme")
        .with_object(
            Kind::User,
            json!({"id": "u-1", "name": "Ann", "version": 1}),
        )
        .with_object(
            Kind::User,
            json!({"id": "u-2", "name": "Bob", "version": 1}),
        );
    (0..queues).fold(people, |all, n| {
        all.with_object(Kind::Queue, queue(&format!("q-{n}")))
    })
}

async fn start(organisation: Organisation) -> Setup {
    Setup::with(Sandbox::builder().with_organisation(organisation)).await
}

fn ids(answer: &Answer) -> Vec<&str> {
    let entities = answer.body["entities"].as_array().unwrap();
    entities
        .iter()
        .map(|one| one["id"].as_str().unwrap_or("none"))
        .collect()
}

#[tokio::test]
async fn pages_of_queues_hold_up_to_500_and_end_in_an_empty_one() {
    // errata DEP-04
    let setup = start(organisation(612)).await;
    let first = setup.get(&format!("{QUEUES}?pageSize=500")).await;
    assert_eq!(
        (
            ids(&first).len(),
            &first.body["total"],
            &first.body["pageCount"]
        ),
        (500, &json!(612), &json!(2))
    );
    let last = setup
        .get(&format!("{QUEUES}?pageSize=500&pageNumber=2"))
        .await;
    assert_eq!(
        (ids(&last).len(), &last.body["nextUri"]),
        (112, &Value::Null)
    );
    let beyond = setup
        .get(&format!("{QUEUES}?pageSize=500&pageNumber=3"))
        .await;
    assert_eq!(
        (ids(&beyond).len(), &beyond.body["pageNumber"]),
        (0, &json!(3))
    );
    let refused = setup.get(&format!("{QUEUES}?pageSize=501")).await;
    assert_eq!(refused.status, 400);
    let default = setup.get(QUEUES).await;
    assert_eq!(ids(&default).len(), 25);
    let named = setup.get(&format!("{QUEUES}?name=queue%20q-61*")).await;
    assert_eq!(ids(&named), ["q-61", "q-610", "q-611"]);
}

#[tokio::test]
async fn a_queue_is_created_read_replaced_changed_and_deleted() {
    let setup = start(organisation(0)).await;
    let body = json!({"name": "Support", "description": "first line", "queueFlow": {"id": "f-1"}});
    let created = setup.post(QUEUES, body.clone()).await;
    assert_eq!(created.status, 200, "{created:?}");
    assert_eq!(created.body["division"]["id"], HOME_DIVISION_ID);
    assert_eq!(created.body["division"]["name"], "Home");
    let path = format!("{QUEUES}/{}", created.id());
    assert_eq!(setup.get(&path).await.body, created.body);

    assert_eq!(setup.post(QUEUES, body).await.status, 409);
    let other = json!({"name": "Sales", "division": {"id": "nowhere"}, "queueflow": {"id": "f-1"}});
    let refused = setup.post(QUEUES, other).await;
    let fields: Vec<&str> = refused.body["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|detail| detail["fieldName"].as_str().unwrap())
        .collect();
    assert_eq!(
        (refused.status.as_u16(), fields),
        (400, vec!["queueflow", "division.id"])
    );

    // What was read can be sent back.
    let mut whole = created.body.clone();
    whole["description"] = json!("second line");
    let replaced = setup.send(Method::PUT, &path, Some(whole)).await;
    assert_eq!(
        (replaced.status.as_u16(), &replaced.body["description"]),
        (200, &json!("second line"))
    );
    assert_eq!(replaced.body["dateCreated"], created.body["dateCreated"]);
    let fewer = setup
        .send(Method::PUT, &path, Some(json!({"name": "Support"})))
        .await;
    assert_eq!(fewer.body["queueFlow"], Value::Null);
    let changed = setup
        .send(
            Method::PATCH,
            &path,
            Some(json!({"whisperPrompt": {"id": "p"}, "description": null})),
        )
        .await;
    assert_eq!(
        (
            &changed.body["whisperPrompt"]["id"],
            &changed.body["description"]
        ),
        (&json!("p"), &Value::Null)
    );
    let unknown = setup
        .send(Method::PATCH, &path, Some(json!({"wisperPrompt": {}})))
        .await;
    assert_eq!(unknown.status, 400);

    assert_eq!(setup.send(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(setup.get(&path).await.status, 404);
    let counts = setup.sandbox.counts();
    let count = |verb| counts.effect(Object::Queue, verb);
    assert_eq!(
        (
            count(Verb::Created),
            count(Verb::Updated),
            count(Verb::Deleted)
        ),
        (1, 3, 1)
    );
}

#[tokio::test]
async fn members_come_in_pages_without_totals_and_count_in_the_queue() {
    let setup = start(
        organisation(1)
            .with_member("q-0", "u-1")
            .with_member("q-0", "gone"),
    )
    .await;
    let path = format!("{QUEUES}/q-0/members");
    let first = setup.get(&format!("{path}?pageSize=1")).await;
    assert_eq!(ids(&first), ["gone"]);
    assert_eq!(
        (&first.body["total"], &first.body["pageCount"]),
        (&Value::Null, &Value::Null)
    );
    let next = first.body["nextUri"].as_str().unwrap();
    let second = setup.get(next).await;
    assert_eq!(
        (ids(&second), &second.body["nextUri"]),
        (vec!["u-1"], &Value::Null)
    );
    assert_eq!(setup.get(&format!("{path}?pageSize=101")).await.status, 400);

    let add = setup.post(&path, json!([{"id": "u-2"}])).await;
    assert_eq!(add.status, 204);
    assert_eq!(
        setup.post(&path, json!([{"id": "nobody"}])).await.status,
        404
    );
    assert_eq!(
        setup.post(&path, json!([{"name": "Ann"}])).await.status,
        400
    );
    let joined = format!("{path}/u-2");
    let left = setup
        .send(Method::PATCH, &joined, Some(json!({"joined": false})))
        .await;
    assert_eq!(left.status, 204);
    let queue = setup.get(&format!("{QUEUES}/q-0")).await.body;
    assert_eq!(
        (
            &queue["memberCount"],
            &queue["joinedMemberCount"],
            &queue["members"]["total"]
        ),
        (&json!(3), &json!(2), &json!(3))
    );
    let remaining = setup.get(&format!("{path}?joined=true")).await;
    assert_eq!(ids(&remaining), ["gone", "u-1"]);
    let removed = setup
        .post(&format!("{path}?delete=true"), json!([{"id": "u-1"}]))
        .await;
    assert_eq!(removed.status, 204);
    assert_eq!(setup.send(Method::DELETE, &joined, None).await.status, 204);
    assert_eq!(setup.send(Method::DELETE, &joined, None).await.status, 404);
    assert_eq!(ids(&setup.get(&path).await), ["gone"]);
}

#[tokio::test]
async fn reads_take_the_published_permissions() {
    let setup = start(organisation(1)).await;
    let client = OauthClient::new("reader", "r").with_permissions(["routing:queue:view"]);
    setup.sandbox.put_client(client);
    let mut reader = setup;
    reader.token = token(&reader.http, &reader.sandbox, "reader", "r").await;
    for (path, status) in [
        (QUEUES, 200),
        ("/api/v2/routing/queues/q-0/members", 200),
        ("/api/v2/locations", 200),
        ("/api/v2/organizations/me", 200),
        #[cfg(feature = "platform")]
        ("/api/v2/authorization/divisions", 200),
        #[cfg(feature = "platform")]
        ("/api/v2/flows", 403),
        #[cfg(feature = "platform")]
        ("/api/v2/architect/prompts", 403),
        #[cfg(feature = "platform")]
        ("/api/v2/architect/dependencytracking/build", 403),
    ] {
        assert_eq!(reader.get(path).await.status, status, "{path}");
    }
    assert_eq!(reader.post(QUEUES, json!({"name": "x"})).await.status, 403);
}

#[tokio::test]
async fn a_page_can_lie_about_the_pages_repeat_the_first_one_and_lose_an_id() {
    // errata DEP-05
    let setup = start(organisation(5)).await;
    let page = |number: u32| format!("{QUEUES}?pageSize=2&pageNumber={number}");
    let fault = |fault: Fault| setup.sandbox.faults().add(fault.with_count(1)).unwrap();

    fault(Fault::page_count(99));
    assert_eq!(setup.get(&page(1)).await.body["pageCount"], 99);
    fault(Fault::repeated_page(false));
    let repeated = setup.get(&page(2)).await;
    assert_eq!(
        (ids(&repeated), &repeated.body["pageNumber"]),
        (vec!["q-0", "q-1"], &json!(1))
    );
    fault(Fault::repeated_page(true));
    let repeated = setup.get(&page(2)).await;
    assert_eq!(
        (ids(&repeated), &repeated.body["pageNumber"]),
        (vec!["q-0", "q-1"], &json!(2))
    );
    fault(Fault::without_id());
    assert_eq!(ids(&setup.get(&page(2)).await), ["none", "q-3"]);
    // What is no list stays as it is.
    fault(Fault::without_id());
    assert_eq!(setup.get(&format!("{QUEUES}/q-0")).await.body["id"], "q-0");
    assert_eq!(ids(&setup.get(&page(2)).await), ["q-2", "q-3"]);

    let spoil = setup
        .sandbox
        .faults()
        .add(Fault::page_count(1).before_effect());
    assert_eq!(spoil.unwrap_err().kind(), SandboxErrorKind::Script);
}

#[tokio::test]
async fn a_seed_may_be_wrong_but_not_senseless() {
    let seed = Organisation::new("Acme")
        .with_object(Kind::Queue, json!({"name": "nameless"}))
        .with_object(Kind::Queue, queue("twice"))
        .with_object(Kind::Queue, queue("twice"));
    let setup = start(seed).await;
    let all = setup.get(QUEUES).await;
    assert_eq!(
        (ids(&all), &all.body["total"]),
        (vec!["none", "twice", "twice"], &json!(3))
    );

    let senseless = Organisation::new("").with_object(Kind::Queue, json!([]));
    let refused = setup
        .sandbox
        .set_organisation(senseless.clone())
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the organisation has no id or no name; queue 0 is no JSON object"
    );
    let refused = Sandbox::builder()
        .with_organisation(senseless)
        .start()
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), SandboxErrorKind::Settings);
    assert_eq!(ids(&setup.get(QUEUES).await).len(), 3);
    setup.sandbox.set_organisation(organisation(1)).unwrap();
    assert_eq!(ids(&setup.get(QUEUES).await), ["q-0"]);
}

#[tokio::test]
async fn the_organisation_and_its_locations_can_be_read() {
    let seed = organisation(0).with_id("org-1").with_object(
        Kind::Location,
        json!({"id": "l-1", "name": "Berlin", "state": "active"}),
    );
    let setup = start(seed).await;
    let me = setup.get("/api/v2/organizations/me").await.body;
    assert_eq!((&me["id"], &me["name"]), (&json!("org-1"), &json!("Acme")));
    let locations = setup.get("/api/v2/locations").await;
    assert_eq!(ids(&locations), ["l-1"]);
    let one = setup.get("/api/v2/locations/l-1").await.body;
    assert_eq!(one["selfUri"], "/api/v2/locations/l-1");
    assert_eq!(setup.get("/api/v2/locations/l-2").await.status, 404);
}

#[tokio::test]
async fn a_changed_queue_is_told_to_the_webhooks_that_asked() {
    // errata DEP-32
    let setup = start(organisation(1)).await;
    let target = receiver(&[200]).await;
    let template = r#"{"orgId":"{{org.id}}","connectionLimits":{{queue.memberCount}}}"#;
    let webhook = json!({
        "name": "iac-architecture-sync", "description": "d", "enabled": true, "type": "REST",
        "url": target.url, "method": "POST", "contentType": "application/json",
        "events": ["architecture.dependency.mapped", "routing.queue.updated"], "payload": template,
    });
    let registered = setup.post("/api/v2/webhooks", webhook).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    setup
        .post(&format!("{QUEUES}/q-0/members"), json!([{"id": "u-1"}]))
        .await;
    let delivery = setup
        .sandbox
        .wait_for_delivery(
            |one| one.event == "routing.queue.updated",
            Duration::from_secs(10),
        )
        .await
        .unwrap();
    assert!(delivery.is_delivered(), "{delivery:?}");
    assert_eq!(
        delivery.payload,
        json!({"orgId": genesys_sandbox::ORGANISATION_ID, "connectionLimits": 1})
    );
}
