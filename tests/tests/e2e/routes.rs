//! Event routes in both profiles, and the resolver over real TLS.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use endpoint_probe::{
    EgressPolicy, Guard, Probe, Resolution, ResolveError, Resolver as Names, Roots, TcpConnector,
};
use genesys_core::{Client, ErrorKind, Profile};
use genesys_routing::resolver::{
    IdempotencyKey, Required, ResolveErrorKind, ResolveOptions, ResolveOutcome, Resolver,
};
use genesys_routing::{
    Change, DataFormat, DeliveryRetry, EventBridgeTarget, EventRoute, EventRoutes, MatchCriterion,
    MatchOperator, RouteState, WorkflowTarget, for_profile,
};
use genesys_sandbox::{
    CLIENT_ID, CLIENT_SECRET, DestinationKind, Destinations, Fault, OauthClient, Sandbox,
    WORKFLOW_ID,
};
use genesys_tests::contract::Contract;
use genesys_tests::recording::Recording;
use http::Method;
use serde_json::json;

use crate::support;

const TOPIC: &str = "v2.detail.events.conversation.{id}.customer.end";
const OTHER_TOPIC: &str = "v2.detail.events.conversation.{id}.acd.start";

fn https(retries: u32) -> EventRoute {
    EventRoute::https("orders", "https://hooks.example.com/orders?tenant=7")
        .with_uri("https://standby.example.net/orders")
        .with_event_fields("routing.queue.updated", ["queueId"])
        .with_event(TOPIC)
        .with_retry(
            DeliveryRetry::default()
                .with_max_retries(retries)
                .with_interval(Duration::from_millis(1_250))
                .with_backoff_factor(1.1),
        )
        .with_header("X-Team", "integration")
        .build()
        .unwrap()
}

fn workflow(description: &str) -> EventRoute {
    let target = WorkflowTarget::new(WORKFLOW_ID)
        .with_data_format(DataFormat::Json)
        .with_criterion(MatchCriterion::new(
            "mediaType",
            MatchOperator::Equal,
            "VOICE",
        ))
        .with_time_to_live(Duration::from_secs(60))
        .with_description(description);
    EventRoute::workflow("calls", target)
        .with_event(TOPIC)
        .build()
        .unwrap()
}

fn bridge(suffix: &str) -> EventRoute {
    let target = EventBridgeTarget::new("123456789012", "eu-west-1", suffix);
    EventRoute::event_bridge("conversations", target)
        .with_event(TOPIC)
        .with_event(OTHER_TOPIC)
        .build()
        .unwrap()
}

/// The life of one route: created, unchanged, changed, unchanged, found, deleted.
async fn life(routes: &dyn EventRoutes, first: EventRoute, second: EventRoute) {
    let dry_run = routes.dry_run(&first, None).await.unwrap();
    assert_eq!((dry_run.change, dry_run.current), (Change::Created, None));
    let mut changes = Vec::new();
    for route in [&first, &first, &second, &second] {
        let ensured = routes.ensure(route).await.unwrap();
        assert!(ensured.deployed.matches(route), "{ensured:?}");
        changes.push(ensured.change);
    }
    use Change::{Created, Unchanged, Updated};
    assert_eq!(changes, [Created, Unchanged, Updated, Unchanged]);
    let dry_run = routes.dry_run(&first, None).await.unwrap();
    assert_eq!(dry_run.change, Updated);

    let found = routes.find(first.name()).await.unwrap().unwrap();
    assert_eq!(routes.get(&found.id).await.unwrap().unwrap(), found);
    assert_eq!(routes.list().await.unwrap(), std::slice::from_ref(&found));
    // Whoever read it before somebody changed it hears of it.
    let stale = found.clone();
    routes.update(&found, &first).await.unwrap();
    let error = routes.update(&stale, &second).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);

    assert!(routes.delete(&found.id).await.unwrap());
    assert!(!routes.delete(&found.id).await.unwrap());
    assert_eq!(routes.find(first.name()).await.unwrap(), None);
}

#[tokio::test]
async fn a_route_lives_the_same_life_in_both_profiles() {
    // errata EVR-04, EVR-25, EVR-26, EVR-40, ALL-18
    let sandbox = Sandbox::start().await.unwrap();
    let client = support::client(&sandbox).build().unwrap();
    let guide = for_profile(Profile::Guide, &client);
    life(&*guide, https(2), https(3)).await;
    sandbox.set_profile(genesys_sandbox::Profile::Platform);
    let platform = for_profile(Profile::Platform, &client);
    life(&*platform, workflow("a"), workflow("b")).await;
    life(&*platform, bridge("a"), bridge("b")).await;
}

#[tokio::test]
async fn a_lost_answer_leaves_one_route() {
    // errata EVR-30, ALL-07, ALL-18
    for lost in [
        Fault::reset().after_effect(),
        Fault::cut(),
        Fault::malformed_json(),
    ] {
        let sandbox = Sandbox::start().await.unwrap();
        sandbox.set_profile(genesys_sandbox::Profile::Platform);
        let client = support::client(&sandbox).build().unwrap();
        for (profile, route) in [
            (Profile::Guide, https(1)),
            (Profile::Platform, workflow("a")),
            (Profile::Platform, bridge("a")),
        ] {
            let fault = lost.clone().with_method(Method::POST).with_path("/api/**");
            sandbox.faults().add(fault.with_count(1)).unwrap();
            let routes = for_profile(profile, &client);
            let ensured = routes.ensure(&route).await.unwrap();
            assert_eq!(ensured.change, Change::Created);
            assert!(ensured.deployed.matches(&route));
            let named = routes.list().await.unwrap();
            let named = named.iter().filter(|one| one.name == route.name());
            assert_eq!(named.count(), 1, "{route:?}");
        }
    }
}

#[tokio::test]
async fn what_the_platform_refuses_is_told() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = support::client(&sandbox).build().unwrap();
    let routes = for_profile(Profile::Platform, &client);
    routes.ensure(&workflow("a")).await.unwrap();
    // The topic of a trigger is fixed.
    let other = EventRoute::workflow("calls", WorkflowTarget::new(WORKFLOW_ID))
        .with_event(OTHER_TOPIC)
        .build()
        .unwrap();
    let error = routes.ensure(&other).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    // A flow that is not published cannot be a target.
    sandbox.flows().set_published(WORKFLOW_ID, false).unwrap();
    let new = EventRoute::workflow("new", WorkflowTarget::new(WORKFLOW_ID))
        .with_event(TOPIC)
        .build()
        .unwrap();
    let error = routes.ensure(&new).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadRequest, "{error}");
    // A role without the permission.
    sandbox.put_client(
        OauthClient::new(CLIENT_ID, CLIENT_SECRET).with_permissions(["none:none:none"]),
    );
    sandbox.expire_tokens();
    let error = routes.ensure(&bridge("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn a_dry_run_tries_an_event_and_starts_nothing() {
    let sandbox = Sandbox::start().await.unwrap();
    let client = support::client(&sandbox).build().unwrap();
    let routes = for_profile(Profile::Platform, &client);
    let route = workflow("a");
    let call = json!({"eventTime": 1, "conversationId": "c-1", "participantId": "p-1", "sessionId": "s-1",
        "disconnectType": "PEER", "mediaType": "VOICE", "provider": "x", "direction": "INBOUND"});
    let before = routes.dry_run(&route, Some(&call)).await.unwrap();
    assert_eq!(before.change, Change::Created);
    assert_eq!(before.test.unwrap().matched_triggers, [] as [String; 0]);
    routes.ensure(&route).await.unwrap();
    let after = routes.dry_run(&route, Some(&call)).await.unwrap();
    assert_eq!(after.test.unwrap().matches, Some(true));
    let mut chat = call;
    chat["mediaType"] = json!("CHAT");
    let after = routes.dry_run(&route, Some(&chat)).await.unwrap();
    let test = after.test.unwrap();
    assert_eq!(
        (after.change, test.matches),
        (Change::Unchanged, Some(false))
    );
    assert!(
        test.details.iter().any(|text| text.contains("mediaType")),
        "{test:?}"
    );
}

#[tokio::test]
async fn every_platform_call_and_answer_of_routes_keeps_the_published_contract() {
    // errata EVR-04
    let Some(contract) = Contract::from_env() else {
        println!("GENESYS_OPENAPI is not set: nothing was checked");
        return;
    };
    let sandbox = Sandbox::start().await.unwrap();
    sandbox.set_profile(genesys_sandbox::Profile::Platform);
    let transport: Arc<dyn genesys_core::Transport> = support::transport();
    let recording = Recording::new(Arc::clone(&transport));
    let client = Client::builder(support::hosts(&sandbox))
        .with_token_source(support::tokens(&sandbox, transport))
        .with_transport(Arc::new(recording.clone()))
        .build()
        .unwrap();
    let routes = for_profile(Profile::Platform, &client);
    life(&*routes, workflow("a"), workflow("b")).await;
    life(&*routes, bridge("a"), bridge("b")).await;
    let event = json!({"mediaType": "VOICE"});
    routes.dry_run(&workflow("a"), Some(&event)).await.unwrap();
    let delayed = WorkflowTarget::new(WORKFLOW_ID).with_delay(Duration::from_secs(60));
    let delayed = EventRoute::workflow("calls", delayed).with_event(TOPIC);
    routes.ensure(&delayed.build().unwrap()).await.unwrap();
    let test = routes.dry_run(&workflow("a"), Some(&event)).await.unwrap();
    assert!(test.test.is_some());

    let mut problems = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for exchange in recording.exchanges() {
        let verdict = contract.check(&exchange);
        for problem in &verdict.problems {
            problems.push(format!("{}: {problem}", verdict.operation));
        }
        seen.insert(verdict.operation);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    println!("{seen:?}");
    for needed in [
        "postProcessautomationTriggers",
        "getProcessautomationTriggers",
        "getProcessautomationTrigger",
        "putProcessautomationTrigger",
        "deleteProcessautomationTrigger",
        "postProcessautomationTriggerTest",
        "postProcessautomationTriggersTopicTest",
        "putIntegrationConfigCurrent",
    ] {
        assert!(seen.contains(needed), "{needed} is not covered: {seen:?}");
    }
}

/// The names of the sandbox's destinations, and no others.
struct SandboxNames<F>(F);

impl<F> std::fmt::Debug for SandboxNames<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SandboxNames")
    }
}

#[async_trait]
impl<F: Fn(&str) -> Option<IpAddr> + Send + Sync> Names for SandboxNames<F> {
    async fn resolve(&self, host: &str) -> Result<Resolution, ResolveError> {
        match (self.0)(host) {
            Some(address) => Ok(Resolution::new([address])),
            None => Err(ResolveError::NotFound),
        }
    }
}

/// A probe that knows the destinations and trusts their authority alone.
fn probe(destinations: &Destinations) -> Probe {
    let policy = EgressPolicy::new().allow_loopback().allow_any_port();
    let names = SandboxNames(destinations.resolver());
    let guard = Guard::new(policy, Arc::new(names), Arc::new(TcpConnector));
    let roots = Roots::from_der([destinations.ca_certificate().to_vec()]).unwrap();
    Probe::new(guard, roots)
}

fn to(destinations: &Destinations, kinds: &[DestinationKind]) -> EventRoute {
    let url = |kind: &DestinationKind| destinations.get(*kind).url();
    let (primary, others) = kinds.split_first().unwrap();
    let route = EventRoute::https("orders", url(primary)).with_event("routing.queue.updated");
    let route = others
        .iter()
        .map(url)
        .fold(route, |route, uri| route.with_uri(uri));
    route.build().unwrap()
}

#[tokio::test]
async fn the_resolver_deploys_what_answers_and_says_what_is_wrong_with_the_rest() {
    // errata EVR-15, EVR-20, EVR-21, EVR-22, EVR-23
    use DestinationKind::{
        Expired, Healthy, Redirecting, SelfSigned, Tls11, Unavailable, WrongName,
    };

    let destinations = Destinations::start().await.unwrap();
    let sandbox = Sandbox::start().await.unwrap();
    let client = support::client(&sandbox).build().unwrap();
    let routes = for_profile(Profile::Guide, &client);
    let check = Arc::new(probe(&destinations));
    let resolver = Resolver::new(&client, Arc::clone(&routes), check);

    let bad = [
        Expired,
        WrongName,
        SelfSigned,
        Tls11,
        Unavailable,
        Redirecting,
    ];
    let mut kinds = vec![Healthy];
    kinds.extend(bad);
    let route = to(&destinations, &kinds);
    let options = ResolveOptions::new();
    let error = resolver.resolve(&route, &options).await.unwrap_err();
    assert_eq!(error.kind(), ResolveErrorKind::Unreachable);
    let codes: Vec<&str> = error.endpoints()[1..]
        .iter()
        .map(|one| {
            one.reasons
                .iter()
                .find(|reason| reason.error)
                .unwrap()
                .code
                .as_str()
        })
        .collect();
    assert_eq!(
        codes,
        ["tls", "tls", "tls", "tls", "status", "status"],
        "{error:?}"
    );
    assert!(error.endpoints()[0].reachable);
    assert_eq!(routes.list().await.unwrap(), []);
    // Nothing is asked over a connection that is not valid.
    assert_eq!(destinations.get(Expired).requests(), 0);
    assert_eq!(destinations.get(Healthy).requests(), 1);

    let primary = resolver.clone().with_required(Required::Primary);
    let report = primary.resolve(&route, &options).await.unwrap();
    assert_eq!(report.outcome, ResolveOutcome::Created);
    assert_eq!(
        report.endpoints.iter().filter(|one| one.reachable).count(),
        1
    );
    let deployed = routes
        .get(report.id.as_ref().unwrap())
        .await
        .unwrap()
        .unwrap();
    assert!(deployed.matches(&route));

    let good = to(&destinations, &[Healthy]);
    let options = options.with_idempotency_key(IdempotencyKey::new("k-1").unwrap());
    let all = (0..50).map(|_| resolver.resolve(&good, &options));
    let reports = futures_util::future::join_all(all).await;
    let updated = reports
        .iter()
        .filter(|report| report.as_ref().unwrap().outcome == ResolveOutcome::Updated);
    assert_eq!(updated.count(), 1);
    assert!(reports[0].as_ref().unwrap().endpoints[0].latency.unwrap() > Duration::ZERO);
    let listed = routes.list().await.unwrap();
    assert_eq!((listed.len(), listed[0].version), (1, Some(2)));
    assert_eq!(listed[0].state, RouteState::Active);
}
