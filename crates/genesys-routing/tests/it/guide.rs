//! Routes in the wire form of the source document.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use genesys_core::test_util::Reply;
use genesys_core::transport::TransportErrorKind;
use genesys_core::{Client, Error, ErrorKind, Profile, Region, Token, TokenSource};
use genesys_routing::{
    Change, DeliveryRetry, EventBridgeTarget, EventRoute, EventRoutes, GuideRoutes, RouteId,
    RouteState, TargetKind, WorkflowTarget, for_profile,
};
use serde_json::{Value, json};

use crate::support::{World, page, with, world};

const TOPIC: &str = "v2.detail.events.conversation.{id}.customer.end";

fn route() -> EventRoute {
    EventRoute::https("orders", "https://hooks.example.com/orders")
        .with_uri("https://standby.example.net/orders")
        .with_event(TOPIC)
        .build()
        .unwrap()
}

/// The route with other numbers.
fn patient() -> EventRoute {
    EventRoute::https("orders", "https://hooks.example.com/orders")
        .with_uri("https://standby.example.net/orders")
        .with_event(TOPIC)
        .with_retry(DeliveryRetry::default().with_max_retries(5))
        .build()
        .unwrap()
}

fn seen(route: &EventRoute, version: u64) -> Value {
    let more = json!({"id": "r-1", "version": version, "createdBy": "somebody", "selfUri": "/x"});
    let mut view = with(route.to_json(), more);
    view["retryPolicy"]["unknownMember"] = json!(1);
    view["eventFilters"][0]["unknownMember"] = json!(1);
    view
}

fn routes(world: &World) -> GuideRoutes {
    GuideRoutes::new(world.client.clone())
}

#[tokio::test]
async fn ensuring_creates_once_then_leaves_alone_then_updates() {
    // errata EVR-25, EVR-40, ALL-18
    let world = world();
    let routes = routes(&world);
    let other = with(seen(&route(), 7), json!({"id": "r-0", "name": "orders-2"}));
    world.push_all([
        page(&[]),
        Reply::json(201, &seen(&route(), 1)),
        page(&[other.clone(), seen(&route(), 1)]),
        page(&[other, seen(&route(), 1)]),
        Reply::json(200, &seen(&patient(), 2)),
    ]);
    let created = world.drive(routes.ensure(&route())).await.unwrap();
    assert_eq!(created.change, Change::Created);
    assert_eq!(created.deployed.id.as_str(), "r-1");
    assert_eq!(created.deployed.version, Some(1));
    assert_eq!(created.deployed.kind, TargetKind::Https);
    assert_eq!(created.deployed.state, RouteState::Active);
    assert_eq!(created.deployed.route, Some(route()));
    assert_eq!(
        world.drive(routes.ensure(&route())).await.unwrap().change,
        Change::Unchanged
    );
    let updated = world.drive(routes.ensure(&patient())).await.unwrap();
    assert_eq!(
        (updated.change, updated.deployed.version),
        (Change::Updated, Some(2))
    );
    let collection = "/api/v2/outbound/integrations";
    assert_eq!(
        world.calls(),
        [
            format!("GET {collection}"),
            format!("POST {collection}"),
            format!("GET {collection}"),
            format!("GET {collection}"),
            format!("PUT {collection}/r-1"),
        ]
    );
    // The document's payload, and the version that was read.
    assert_eq!(world.body(1), route().to_json());
    assert_eq!(
        world.body(4),
        with(patient().to_json(), json!({"version": 1}))
    );
    let query = world.transport.sent()[0].uri.query().unwrap().to_owned();
    assert!(query.contains("name=orders"), "{query}");
}

#[tokio::test]
async fn an_unknown_outcome_is_looked_up_before_it_is_sent_again() {
    // errata EVR-30, ALL-07, ALL-18
    for (lost, replies, methods, change) in [
        // It took effect, and is listed at the second look.
        (
            Reply::fail(TransportErrorKind::Reset),
            vec![page(&[]), page(&[seen(&route(), 1)])],
            "GET POST GET GET",
            Change::Created,
        ),
        // It did not.
        (
            Reply::status(500),
            vec![
                page(&[]),
                page(&[]),
                page(&[]),
                page(&[]),
                Reply::json(201, &seen(&route(), 1)),
            ],
            "GET POST GET GET GET GET POST",
            Change::Created,
        ),
        // Accepted, and the answer tells nothing.
        (
            Reply::body(201, "text/html", "<html>"),
            vec![page(&[seen(&route(), 1)])],
            "GET POST GET",
            Change::Created,
        ),
        // Another process was faster, with the same route.
        (
            Reply::status(409),
            vec![page(&[seen(&route(), 1)])],
            "GET POST GET",
            Change::Unchanged,
        ),
        // And with another one.
        (
            Reply::status(409),
            vec![
                page(&[seen(&patient(), 4)]),
                Reply::json(200, &seen(&route(), 5)),
            ],
            "GET POST GET PUT",
            Change::Updated,
        ),
    ] {
        let world = world();
        world.push_all([page(&[]), lost]);
        world.push_all(replies);
        let ensured = world.drive(routes(&world).ensure(&route())).await.unwrap();
        assert_eq!(ensured.change, change, "{methods}");
        assert_eq!(ensured.deployed.route, Some(route()));
        assert_eq!(world.methods(), methods);
    }
}

#[tokio::test]
async fn what_stays_unknown_is_said_and_never_sent_a_third_time() {
    // errata ALL-07
    let world = world();
    world.transport.handle(|request| {
        let reply = match request.method.as_str() {
            "GET" => page(&[]),
            _ => Reply::fail(TransportErrorKind::Reset),
        };
        async move { reply }
    });
    let error = world
        .drive(routes(&world).ensure(&route()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
    assert_eq!(world.methods().matches("POST").count(), 2);
}

#[tokio::test]
async fn throttling_and_refused_connections_are_waited_out() {
    // errata EVR-27, EVR-28, EVR-42, ALL-09, ALL-12
    let world = world();
    world.push_all([
        Reply::status(429).with_header("retry-after", "2"),
        page(&[]),
        Reply::status(429).with_header("retry-after", "1"),
        Reply::fail(TransportErrorKind::Connect),
        Reply::json(201, &seen(&route(), 1)),
    ]);
    let ensured = world.drive(routes(&world).ensure(&route())).await.unwrap();
    assert_eq!(ensured.change, Change::Created);
    assert_eq!(world.methods(), "GET GET POST POST POST");
    // Each attempt carries the whole body.
    for index in 2..5 {
        assert_eq!(world.body(index), route().to_json());
    }
}

#[tokio::test]
async fn a_refusal_is_an_error_with_its_status_and_is_not_repeated() {
    // errata EVR-30, EVR-31, ALL-07, ALL-11
    for (status, kind) in [
        (400, ErrorKind::BadRequest),
        (403, ErrorKind::PermissionDenied),
        (422, ErrorKind::Unprocessable),
    ] {
        let world = world();
        world.push_all([page(&[]), Reply::status(status)]);
        let error = world
            .drive(routes(&world).ensure(&route()))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.status().unwrap().as_u16()),
            (kind, status)
        );
        assert_eq!(error.attempts().len(), 1);
        assert_eq!(world.methods(), "GET POST");
    }
    // Three attempts, as the document has them.
    let world = world();
    world.push_all([
        page(&[]),
        Reply::status(429),
        Reply::status(429),
        Reply::status(429),
    ]);
    let error = world
        .drive(routes(&world).ensure(&route()))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts().len()),
        (ErrorKind::RateLimited, 3)
    );
}

#[tokio::test]
async fn a_stale_version_is_a_conflict_that_ensure_reads_again() {
    // errata EVR-25
    let world = world();
    let routes = routes(&world);
    world.push_all([
        page(&[seen(&route(), 1)]),
        Reply::status(409),
        Reply::json(200, &seen(&route(), 2)),
        Reply::json(200, &seen(&patient(), 3)),
    ]);
    let ensured = world.drive(routes.ensure(&patient())).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.deployed.version),
        (Change::Updated, Some(3))
    );
    assert_eq!(world.body(1)["version"], 1);
    assert_eq!(world.body(3)["version"], 2);

    // Somebody else made it what it should be.
    world.push_all([
        page(&[seen(&route(), 1)]),
        Reply::status(409),
        Reply::json(200, &seen(&patient(), 2)),
    ]);
    assert_eq!(
        world.drive(routes.ensure(&patient())).await.unwrap().change,
        Change::Unchanged
    );

    // Somebody else removed it.
    world.push_all([
        page(&[seen(&route(), 1)]),
        Reply::status(409),
        Reply::status(404),
        Reply::json(201, &seen(&patient(), 1)),
    ]);
    assert_eq!(
        world.drive(routes.ensure(&patient())).await.unwrap().change,
        Change::Created
    );

    // Whoever updates what was read hears of it.
    world.push_all([Reply::json(200, &seen(&route(), 1)), Reply::status(409)]);
    let id = RouteId::new("r-1").unwrap();
    let current = routes.get(&id).await.unwrap().unwrap();
    let error = routes.update(&current, &patient()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_replacement_whose_answer_is_lost_is_settled_by_reading() {
    // errata ALL-07
    for (there, settled) in [(patient(), true), (route(), false)] {
        let world = world();
        world.push_all([
            page(&[seen(&route(), 1)]),
            Reply::fail(TransportErrorKind::Reset),
            // The version that it names is no longer the current one.
            Reply::status(409),
            Reply::json(200, &seen(&there, 2)),
        ]);
        if !settled {
            world.push_all([Reply::json(200, &seen(&patient(), 3))]);
        }
        let result = world.drive(routes(&world).ensure(&patient())).await;
        match result {
            Ok(ensured) => {
                assert!(settled);
                assert_eq!(ensured.deployed.version, Some(2));
            }
            Err(error) => {
                assert!(!settled);
                assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
            }
        }
    }
}

#[tokio::test]
async fn a_missing_route_is_none_and_a_repeated_name_a_conflict() {
    // errata EVR-26
    let world = world();
    let routes = routes(&world);
    let id = RouteId::new("r/1").unwrap();
    world.push_all([
        Reply::status(404),
        page(&[]),
        page(&[
            seen(&route(), 1),
            with(seen(&route(), 1), json!({"id": "r-2"})),
        ]),
        Reply::status(204),
        Reply::status(404),
        page(&[seen(&route(), 1)]),
    ]);
    assert_eq!(routes.get(&id).await.unwrap(), None);
    // errata ALL-17
    assert_eq!(world.calls(), ["GET /api/v2/outbound/integrations/r%2F1"]);
    assert_eq!(routes.find("orders").await.unwrap(), None);
    let error = routes.find("orders").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(error.to_string().contains("r-1, r-2"), "{error}");
    assert!(routes.delete(&id).await.unwrap());
    assert!(!routes.delete(&id).await.unwrap());
    assert_eq!(routes.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_somebody_else_made_otherwise_is_listed_and_replaced() {
    let world = world();
    let routes = routes(&world);
    let odd = json!({"id": "r-1", "name": "orders", "version": 3, "uri": "gopher://x", "uris": 7});
    world.push_all([
        page(std::slice::from_ref(&odd)),
        page(&[odd]),
        Reply::json(200, &seen(&route(), 4)),
    ]);
    let listed = routes.list().await.unwrap();
    assert_eq!((&listed[0].route, listed[0].version), (&None, Some(3)));
    assert_eq!(
        world.drive(routes.ensure(&route())).await.unwrap().change,
        Change::Updated
    );
}

#[tokio::test]
async fn a_dry_run_reads_and_writes_nothing() {
    let world = world();
    let routes = routes(&world);
    for (there, change) in [
        (vec![], Change::Created),
        (vec![seen(&route(), 1)], Change::Unchanged),
        (vec![seen(&patient(), 1)], Change::Updated),
    ] {
        world.push_all([page(&there)]);
        let dry_run = routes.dry_run(&route(), None).await.unwrap();
        assert_eq!(dry_run.change, change);
        assert_eq!(dry_run.current.is_some(), !there.is_empty());
    }
    assert_eq!(world.methods(), "GET GET GET");
}

#[tokio::test]
async fn what_this_profile_cannot_do_is_unsupported_before_anything_is_sent() {
    // errata EVR-04
    let world = world();
    let routes = for_profile(Profile::Guide, &world.client);
    assert_eq!(routes.profile(), Profile::Guide);
    let workflow = EventRoute::workflow("n", WorkflowTarget::new("f")).with_event(TOPIC);
    let bridge = EventBridgeTarget::new("123456789012", "eu-west-1", "s");
    let bridge = EventRoute::event_bridge("n", bridge).with_event(TOPIC);
    for route in [workflow.build().unwrap(), bridge.build().unwrap()] {
        let error = world.drive(routes.ensure(&route)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("platform profile"), "{error}");
        assert!(routes.dry_run(&route, None).await.is_err());
    }
    assert_eq!(world.calls(), [] as [String; 0]);
}

#[tokio::test]
async fn a_header_that_the_server_quotes_is_not_repeated() {
    // errata ALL-16
    let world = world();
    let route = EventRoute::https(
        "orders",
        "https://hooks.example.com/?tenant=hunter3-hunter3",
    )
    .with_header("X-Api-Key", "hunter2-hunter2")
    .with_event(TOPIC)
    .build()
    .unwrap();
    let says = "not X-Api-Key: hunter2-hunter2 nor tenant=hunter3-hunter3";
    world.push_all([page(&[]), Reply::json(400, &json!({"message": says}))]);
    let error = world
        .drive(routes(&world).ensure(&route))
        .await
        .unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hunter"), "{text}");
}

/// Gives another token each time it is asked.
#[derive(Debug, Default)]
struct Rotating(AtomicU64);

#[async_trait]
impl TokenSource for Rotating {
    async fn token(&self) -> Result<Arc<Token>, Error> {
        let count = self.0.fetch_add(1, Ordering::SeqCst);
        Ok(Arc::new(Token::new(format!("token-{count}").into())?))
    }

    async fn invalidate(&self, _seen: &Token) {}
}

#[tokio::test]
async fn each_attempt_carries_the_token_of_its_moment() {
    // errata EVR-38
    let world = world();
    let client = Client::builder(Region::UsEast1)
        .with_token_source(Rotating::default())
        .with_transport(world.transport.shared())
        .with_clock(Arc::new(world.clock.clone()))
        .build()
        .unwrap();
    world.push_all([
        page(&[]),
        Reply::status(429),
        Reply::json(201, &seen(&route(), 1)),
    ]);
    let routes = GuideRoutes::new(client);
    world.drive(routes.ensure(&route())).await.unwrap();
    let sent = world.transport.sent();
    let tokens: Vec<&str> = sent
        .iter()
        .map(|request| request.headers["authorization"].to_str().unwrap())
        .collect();
    assert_eq!(
        tokens,
        ["Bearer token-0", "Bearer token-1", "Bearer token-2"]
    );
}
