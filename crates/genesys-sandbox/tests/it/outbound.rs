//! The guide profile's outbound integrations, and what is delivered to them.

use std::time::Duration;

use genesys_sandbox::{DeliveryOutcome, Fault, OauthClient, Object, Sandbox, Verb};
use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::{Receiver, receiver};
use crate::support::{Answer, Setup, token};

const LIST: &str = "/api/v2/outbound/integrations";
const WAIT: Duration = Duration::from_secs(10);

/// The source document's payload.
fn route(name: &str) -> Value {
    json!({
        "name": name,
        "type": "webhook",
        "uri": "https://events.example.com/hook",
        "uris": ["https://standby.example.com/hook"],
        "retryPolicy": {"maxRetries": 3, "retryInterval": 5.0, "backoffFactor": 2.0},
        "eventFilters": [{"eventType": "integration.status.changed"}],
        "headers": {"Content-Type": "application/json", "X-Genesys-Source": "event-resolver"},
    })
}

/// The fields that a refusal names, in order.
fn fields(answer: &Answer) -> Vec<&str> {
    let mut fields: Vec<&str> = answer.body["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|detail| detail["fieldName"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    fields
}

async fn put(setup: &Setup, path: &str, body: &Value) -> Answer {
    setup.send(Method::PUT, path, Some(body.clone())).await
}

#[tokio::test]
async fn a_route_is_created_read_found_replaced_and_deleted() {
    // errata EVR-40: the resource comes back with id and version.
    let setup = Setup::new().await;
    let created = setup.post(LIST, route("a")).await;
    assert_eq!(created.status, 201);
    let mut expected = route("a");
    expected["id"] = created.body["id"].clone();
    expected["version"] = json!(1);
    assert_eq!(created.body, expected);
    let path = format!("{LIST}/{}", created.id());
    assert_eq!(setup.get(&path).await.body, expected);

    // What was read can be sent back, and every replacement counts on.
    expected["uris"] = json!([]);
    let replaced = put(&setup, &path, &expected).await;
    expected["version"] = json!(2);
    assert_eq!((replaced.status.as_u16(), &replaced.body), (200, &expected));
    assert_eq!(setup.get(&path).await.body, expected);
    assert_eq!(setup.sandbox.state().outbound_integrations, [expected]);

    assert_eq!(setup.send(Method::DELETE, &path, None).await.status, 204);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(setup.send(method, &path, None).await.status, 404);
    }
    assert_eq!(put(&setup, &path, &route("a")).await.status, 404);
    let counts = setup.sandbox.counts();
    let effects = [Verb::Created, Verb::Updated, Verb::Deleted]
        .map(|verb| counts.effect(Object::OutboundIntegration, verb));
    assert_eq!(effects, [1, 1, 1]);
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn a_replacement_needs_the_current_version_and_changes_nothing_without_it() {
    // errata EVR-25: change is by the version that was read; a stale one is a conflict.
    let setup = Setup::new().await;
    setup.post(LIST, route("other")).await;
    let path = format!("{LIST}/{}", setup.post(LIST, route("a")).await.id());
    let before = setup.sandbox.state();
    let mut body = route("a");
    for (version, status, code) in [
        (json!(null), 400, "bad.request"),
        (json!("1"), 400, "bad.request"),
        (json!(0), 409, "general.conflict"),
        (json!(2), 409, "general.conflict"),
    ] {
        body["version"] = version;
        let answer = put(&setup, &path, &body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["code"].as_str()),
            (status, Some(code))
        );
    }
    let stale = put(&setup, &path, &body).await;
    assert!(
        stale.body["message"]
            .as_str()
            .unwrap()
            .contains("does not match the current version")
    );
    body["version"] = json!(1);
    body["name"] = json!("other");
    assert_eq!(
        put(&setup, &path, &body).await.body["code"],
        "duplicate.name"
    );
    assert_eq!(setup.sandbox.state(), before);
    assert_eq!(
        setup
            .sandbox
            .counts()
            .effect(Object::OutboundIntegration, Verb::Updated),
        0
    );
    // Its own name is no duplicate.
    body["name"] = json!("a");
    assert_eq!(put(&setup, &path, &body).await.body["version"], 2);
}

#[tokio::test]
async fn a_list_has_numbered_pages_and_finds_by_name_which_is_unique() {
    let setup = Setup::new().await;
    for name in ["a", "b", "c"] {
        assert_eq!(setup.post(LIST, route(name)).await.status, 201);
    }
    let again = setup.post(LIST, route("b")).await;
    assert_eq!(
        (again.status.as_u16(), again.body["code"].as_str()),
        (409, Some("duplicate.name"))
    );
    let page = setup
        .get(&format!("{LIST}?pageSize=2&pageNumber=2"))
        .await
        .body;
    assert_eq!(
        (
            &page["total"],
            &page["pageCount"],
            &page["entities"][0]["name"]
        ),
        (&json!(3), &json!(2), &json!("c"))
    );
    let found = setup.get(&format!("{LIST}?name=b")).await.body;
    assert_eq!(
        (&found["total"], &found["entities"][0]["name"]),
        (&json!(1), &json!("b"))
    );
    assert_eq!(setup.get(&format!("{LIST}?name=B")).await.body["total"], 0);
    assert_eq!(setup.get(&format!("{LIST}?pageSize=0")).await.status, 400);
}

#[tokio::test]
async fn every_violation_of_a_route_is_named_at_once() {
    // errata EVR-14, ALL-25
    let setup = Setup::new().await;
    let body = json!({
        "name": " ",
        "type": "queue",
        "uri": "",
        "uris": ["http://events.example.com/", "", 7, "https://u:p@events.example.com/", "https://events.example.com/#x"],
        "retryPolicy": {"maxRetries": 6, "retryInterval": 0.05, "backoffFactor": 0.5, "jitter": true},
        "eventFilters": [
            {"eventType": ""},
            {"eventType": "integration.status.chnaged"},
            {"eventType": "routing.queue.updated", "fields": ["", "a", "a"], "more": 1},
            {"eventType": "routing.queue.updated"},
            "routing.queue.updated",
        ],
        "headers": {
            "Authorization": "Bearer x", "Host": "h", "Transfer-Encoding": "chunked",
            "bad name": "v", "X-Split": "a\r\nX-Evil: b", "X-Number": 1,
            "X-Twice": "a", "x-twice": "b", "Content-Type": "text/plain",
        },
        "colour": "red",
    });
    let answer = setup.post(LIST, body).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        fields(&answer),
        [
            "colour",
            "eventFilters[0].eventType",
            "eventFilters[1].eventType",
            "eventFilters[2].fields",
            "eventFilters[2].fields[0]",
            "eventFilters[2].more",
            "eventFilters[3].eventType",
            "eventFilters[4]",
            "headers.X-Number",
            "headers[\"Authorization\"]",
            "headers[\"Content-Type\"]",
            "headers[\"Host\"]",
            "headers[\"Transfer-Encoding\"]",
            "headers[\"X-Split\"]",
            "headers[\"bad name\"]",
            "headers[\"x-twice\"]",
            "name",
            "retryPolicy.backoffFactor",
            "retryPolicy.jitter",
            "retryPolicy.maxRetries",
            "retryPolicy.retryInterval",
            "type",
            "uri",
            "uris[0]",
            "uris[1]",
            "uris[2]",
            "uris[3]",
            "uris[4]",
        ]
    );
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn each_limit_holds_at_its_edge() {
    // errata EVR-05, EVR-06, EVR-07, EVR-08, EVR-10, EVR-11, EVR-12, EVR-13
    let setup = Setup::new().await;
    let others = |count: usize| -> Value {
        (0..count)
            .map(|n| json!(format!("https://standby-{n}.example.com/")))
            .collect()
    };
    let policy = |retries: u32, interval: f64, factor: f64| json!({"maxRetries": retries, "retryInterval": interval, "backoffFactor": factor});
    let cases: [(&str, Value, &[&str]); 26] = [
        ("uris", others(9), &[]),
        ("uris", others(10), &["uris"]),
        ("uris", json!(null), &[]),
        ("uris", json!("https://standby.example.com/"), &["uris"]),
        // The same destination, though not in the same letters.
        (
            "uris",
            json!(["https://EVENTS.example.com:443/hook"]),
            &["uris"],
        ),
        ("uri", json!(null), &["uri"]),
        ("uri", json!("https://"), &["uri"]),
        ("uri", json!("events.example.com"), &["uri"]),
        ("uri", json!("HTTPS://Events.example.com/"), &[]),
        ("uri", json!("http://127.0.0.1:9/"), &[]),
        ("uri", json!("http://10.0.0.1/"), &["uri"]),
        ("retryPolicy", json!(null), &[]),
        ("retryPolicy", json!({}), &[]),
        ("retryPolicy", policy(0, 0.1, 1.0), &[]),
        ("retryPolicy", policy(5, 3_600.0, 1.0), &[]),
        (
            "retryPolicy",
            policy(1, 3_600.1, 1.0),
            &["retryPolicy.retryInterval"],
        ),
        (
            "retryPolicy",
            policy(1, 3_600.0, 10.1),
            &["retryPolicy.backoffFactor"],
        ),
        // 3,600 s + 36,000 s stay within a day; with another 360,000 s they do not.
        ("retryPolicy", policy(2, 3_600.0, 10.0), &[]),
        ("retryPolicy", policy(3, 3_600.0, 10.0), &["retryPolicy"]),
        ("eventFilters", json!([]), &["eventFilters"]),
        ("eventFilters", json!(null), &["eventFilters"]),
        (
            "eventFilters",
            json!([{"eventType": "v2.architect.dependencytracking.build", "fields": ["a"]}]),
            &[],
        ),
        (
            "eventFilters",
            json!([{"eventType": "v2..build"}]),
            &["eventFilters[0].eventType"],
        ),
        (
            "headers",
            json!({"Content-Type": "application/json; charset=utf-8"}),
            &[],
        ),
        ("headers", json!(null), &[]),
        (
            "headers",
            json!({"X-Long": "x".repeat(4_097)}),
            &["headers[\"X-Long\"]"],
        ),
    ];
    for (n, (member, value, wanted)) in cases.into_iter().enumerate() {
        let mut body = route(&format!("route {n}"));
        body[member] = value;
        let answer = setup.post(LIST, body.clone()).await;
        if wanted.is_empty() {
            assert_eq!(answer.status, 201, "{body}: {answer:?}");
        } else {
            assert_eq!(answer.status, 400, "{body}");
            assert_eq!(fields(&answer), wanted, "{body}");
        }
    }
    let many: Value = (0..33)
        .map(|n| (format!("x-{n}"), json!("v")))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let mut body = route("headers");
    body["headers"] = many;
    assert_eq!(fields(&setup.post(LIST, body).await), ["headers"]);
}

#[tokio::test]
async fn a_route_wants_the_permissions_of_integrations() {
    let reader =
        OauthClient::new("reader", "r").with_permissions(["integrations:integration:view"]);
    let mut setup = Setup::with(Sandbox::builder().with_client(reader)).await;
    let path = format!("{LIST}/{}", setup.post(LIST, route("a")).await.id());
    setup.token = token(&setup.http, &setup.sandbox, "reader", "r").await;
    for path in [LIST, path.as_str()] {
        assert_eq!(setup.get(path).await.status, 200);
    }
    for (method, path, missing) in [
        (Method::POST, LIST, "add"),
        (Method::PUT, path.as_str(), "edit"),
        (Method::DELETE, path.as_str(), "delete"),
    ] {
        let answer = setup.send(method, path, Some(route("b"))).await;
        assert_eq!(answer.status, 403);
        assert_eq!(
            answer.body["messageParams"]["permissions"],
            format!("integrations:integration:{missing}")
        );
    }
    setup.token = "none".into();
    assert_eq!(setup.get(LIST).await.status, 401);
}

#[tokio::test]
async fn routes_meet_the_quota_the_faults_and_the_rules_of_every_body() {
    let setup = Setup::with(Sandbox::builder().with_quota(5, Duration::from_secs(60))).await;
    setup
        .sandbox
        .faults()
        .add(Fault::status(503).with_path(LIST).with_count(1))
        .unwrap();
    assert_eq!(setup.get(LIST).await.status, 503);
    let text = async |content_type: &str, body: &'static str| {
        let request = setup
            .request(Method::POST, LIST)
            .header("content-type", content_type);
        let answer = crate::support::read(request.body(body).send().await.unwrap()).await;
        (answer.status.as_u16(), answer.body["code"].to_string())
    };
    assert_eq!(
        text("text/plain", "{}").await,
        (415, "\"unsupported.media.type\"".into())
    );
    for body in ["{", "{} {}", "[]"] {
        assert_eq!(text("application/json", body).await.0, 400, "{body}");
    }
    assert_eq!(
        setup
            .send(Method::PATCH, LIST, Some(json!({})))
            .await
            .status,
        405
    );
    let over = setup.get(LIST).await;
    assert_eq!(over.status, 429);
    assert!(!over.header("retry-after").is_empty());
}

/// A stored route to these receivers, and what `change` makes of it.
async fn routed(setup: &Setup, targets: &[&Receiver], change: impl FnOnce(&mut Value)) -> String {
    let mut body = route("watch");
    body["uri"] = json!(targets[0].url);
    body["uris"] = targets[1..]
        .iter()
        .map(|target| json!(target.url))
        .collect();
    body["retryPolicy"] = json!({"maxRetries": 1, "retryInterval": 0.1, "backoffFactor": 1.0});
    change(&mut body);
    let answer = setup.post(LIST, body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.id()
}

async fn enable(setup: &Setup, id: &str) {
    let path = format!("/api/v2/integrations/{id}");
    let active = Some(json!({"status": "active"}));
    assert_eq!(setup.send(Method::PATCH, &path, active).await.status, 200);
}

#[tokio::test]
async fn an_event_that_a_filter_names_arrives_with_the_headers_and_the_members_asked_for() {
    let setup = Setup::new().await;
    let target = receiver(&[204]).await;
    let id = routed(&setup, &[&target], |body| {
        body["eventFilters"][0]["fields"] = json!(["newStatus", "integrationId"]);
    })
    .await;
    let watched = setup.create("x").await;
    enable(&setup, &watched).await;
    let delivery = setup
        .sandbox
        .wait_for_delivery(|_| true, WAIT)
        .await
        .unwrap();
    assert_eq!(
        (delivery.outcome, delivery.webhook_id, delivery.attempts),
        (DeliveryOutcome::Delivered { status: 204 }, id, 1)
    );
    let inbox = target.inbox.lock().await;
    assert_eq!(
        inbox[0].body,
        json!({"event": "integration.status.changed", "integrationId": watched, "newStatus": "active"})
    );
    let head = inbox[0].head.to_ascii_lowercase();
    assert!(
        head.contains("x-genesys-source: event-resolver\r\n"),
        "{head}"
    );
    assert_eq!(head.matches("content-type:").count(), 1, "{head}");
}

#[tokio::test]
async fn an_event_goes_to_the_next_destination_when_one_fails_and_round_again_as_the_policy_says() {
    let setup = Setup::new().await;
    let (primary, standby) = (receiver(&[500]).await, receiver(&[503, 200]).await);
    routed(&setup, &[&primary, &standby], |_| {}).await;
    let watched = setup.create("x").await;
    enable(&setup, &watched).await;
    let delivery = setup
        .sandbox
        .wait_for_delivery(|_| true, WAIT)
        .await
        .unwrap();
    assert_eq!(
        (delivery.outcome, delivery.attempts),
        (DeliveryOutcome::Delivered { status: 200 }, 4)
    );
    assert!(standby.url.starts_with(&delivery.target));
    assert_eq!(
        (
            primary.inbox.lock().await.len(),
            standby.inbox.lock().await.len()
        ),
        (2, 2)
    );
}

#[tokio::test]
async fn a_policy_without_retries_gives_up_after_the_first_round() {
    let setup = Setup::new().await;
    let target = receiver(&[500]).await;
    routed(&setup, &[&target], |body| {
        body["retryPolicy"]["maxRetries"] = json!(0);
    })
    .await;
    enable(&setup, &setup.create("x").await).await;
    let delivery = setup
        .sandbox
        .wait_for_delivery(|_| true, WAIT)
        .await
        .unwrap();
    assert_eq!(delivery.attempts, 1);
    assert!(matches!(delivery.outcome, DeliveryOutcome::Failed { .. }));
    assert_eq!(target.inbox.lock().await.len(), 1);
}

#[tokio::test]
async fn what_no_filter_names_is_not_sent_and_other_machines_are_not_dialled() {
    let setup = Setup::new().await;
    let target = receiver(&[200]).await;
    routed(&setup, &[&target], |body| {
        body["eventFilters"] = json!([{"eventType": "routing.queue.updated"}]);
    })
    .await;
    // Both destinations are elsewhere.
    assert_eq!(setup.post(LIST, route("elsewhere")).await.status, 201);
    let mut mixed = route("mixed");
    mixed["uris"] = json!([target.url]);
    assert_eq!(setup.post(LIST, mixed).await.status, 201);
    enable(&setup, &setup.create("x").await).await;
    let taken = setup
        .sandbox
        .wait_for_delivery(|delivery| delivery.is_delivered(), WAIT)
        .await
        .unwrap();
    assert!(target.url.starts_with(&taken.target));
    let deliveries = setup.sandbox.deliveries();
    assert_eq!(deliveries.len(), 2);
    assert_eq!(
        (deliveries[0].attempts, &deliveries[0].outcome),
        (0, &DeliveryOutcome::NotLoopback)
    );
    assert_eq!(deliveries[0].target, "https://events.example.com/hook");
    assert_eq!(target.inbox.lock().await.len(), 1);
}
