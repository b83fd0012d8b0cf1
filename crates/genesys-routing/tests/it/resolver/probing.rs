//! Every endpoint, before anything is submitted.

use std::sync::atomic::Ordering;
use std::time::Duration;

use endpoint_probe::test_util::{ScriptedConnector, ScriptedResolver};
use endpoint_probe::{EgressPolicy, Guard, Probe, Roots};
use genesys_core::test_util::Reply;
use genesys_routing::resolver::{EndpointCheck, Required, ResolveErrorKind, ResolveOutcome};
use genesys_routing::{Change, EventRoute, RouteRules};
use tokio::sync::Barrier;

use super::{Endpoint, PRIMARY, STANDBY, TOPIC, options, page, route, seen, stage, stage_with};

#[tokio::test]
async fn a_route_whose_endpoints_answer_is_created_and_reported() {
    // errata EVR-15, EVR-40
    let stage = stage();
    stage.script_creation();
    let report = stage.resolve(&route(), &options()).await.unwrap();
    assert_eq!(report.outcome, ResolveOutcome::Created);
    assert_eq!(report.change, Change::Created);
    assert_eq!(report.id.as_ref().unwrap().as_str(), "r-1");
    assert_eq!(report.version, Some(1));
    let uris: Vec<&str> = report
        .endpoints
        .iter()
        .map(|one| one.uri.as_str())
        .collect();
    assert_eq!(
        uris,
        [
            "https://hooks.example.com/orders?tenant=[redacted]",
            STANDBY
        ]
    );
    assert_eq!(report.endpoints[1].latency, Some(Duration::from_millis(7)));
    assert_eq!(report.elapsed, Duration::from_millis(7));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["outcome"], "created");
    assert_eq!(json["endpoints"][0]["latencyMs"], 7.0);
    assert!(!json.to_string().contains("hunter2"), "{json}");
}

#[tokio::test]
async fn a_second_resolve_changes_nothing_and_another_route_updates() {
    // errata EVR-25
    let stage = stage();
    let other = EventRoute::https("orders", STANDBY)
        .with_event(TOPIC)
        .build()
        .unwrap();
    stage.world.push_all([
        page(&[seen(&route(), 1)]),
        page(&[seen(&route(), 1)]),
        Reply::json(200, &seen(&other, 2)),
    ]);
    for (route, outcome) in [
        (route(), ResolveOutcome::Unchanged),
        (other, ResolveOutcome::Updated),
    ] {
        let report = stage.resolve(&route, &options()).await.unwrap();
        assert_eq!(report.outcome, outcome);
    }
}

#[tokio::test]
async fn all_endpoints_are_probed_at_the_same_time() {
    // errata EVR-15
    let stage = stage_with(|mut script| {
        // Nobody is answered before everybody has asked.
        script.together = Some(Barrier::new(10));
        script
    });
    let mut route = EventRoute::https("orders", PRIMARY).with_event(TOPIC);
    for index in 1..10 {
        route = route.with_uri(format!("https://h{index}.example.com/"));
    }
    let options = options().with_dry_run(true);
    stage.world.push_all([page(&[])]);
    let route = route.build().unwrap();
    let report = stage.resolve(&route, &options).await.unwrap();
    assert_eq!(report.endpoints.len(), 10);
    // In the route's order, whatever the order of the answers.
    assert!(report.endpoints[3].uri.contains("h3"), "{report:?}");
}

#[tokio::test]
async fn one_unreachable_endpoint_stops_the_submission_and_all_are_reported() {
    // errata EVR-15, EVR-16
    let stage = stage();
    stage
        .check
        .set("standby.example.net", Endpoint::Fails("tls"));
    let error = stage.resolve(&route(), &options()).await.unwrap_err();
    assert_eq!(error.kind(), ResolveErrorKind::Unreachable);
    assert_eq!(error.status().as_u16(), 502);
    let reachable: Vec<bool> = error.endpoints().iter().map(|one| one.reachable).collect();
    assert_eq!(reachable, [true, false]);
    assert_eq!(
        error.to_string(),
        "state not reached: too few endpoints are reachable: https://standby.example.net/orders (tls)"
    );
    assert_eq!(stage.world.calls(), [] as [String; 0]);
}

#[tokio::test]
async fn how_many_must_be_reachable_is_the_callers_word() {
    for (required, primary, standby, deployed) in [
        (Required::Primary, true, false, true),
        (Required::Primary, false, true, false),
        (Required::AtLeast(1), false, true, true),
        (Required::AtLeast(2), false, true, false),
        (Required::AtLeast(9), true, true, true),
        (Required::AtLeast(1), false, false, false),
        (Required::All, true, true, true),
    ] {
        let stage = stage();
        for (host, reachable) in [
            ("hooks.example.com", primary),
            ("standby.example.net", standby),
        ] {
            if !reachable {
                stage.check.set(host, Endpoint::Fails("status"));
            }
        }
        stage.script_creation();
        let resolver = stage.resolver.clone().with_required(required);
        let result = stage
            .world
            .drive(resolver.resolve(&route(), &options()))
            .await;
        assert_eq!(result.is_ok(), deployed, "{required:?} {primary} {standby}");
        assert_eq!(stage.check.calls.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_dry_run_probes_and_compares_and_writes_nothing() {
    let stage = stage();
    stage.world.push_all([page(&[seen(&route(), 3)])]);
    let options = options().with_dry_run(true);
    let report = stage.resolve(&route(), &options).await.unwrap();
    assert_eq!(
        (report.outcome, report.change, report.version),
        (ResolveOutcome::DryRun, Change::Unchanged, Some(3))
    );
    assert_eq!(
        (stage.check.calls(), stage.world.methods().as_str()),
        (2, "GET")
    );
}

#[tokio::test]
async fn a_route_is_read_from_json_under_the_resolvers_rules() {
    // errata ALL-25
    let stage = stage();
    let json = br#"{"name": "orders", "uri": "https://localhost/", "eventFilters": [{"eventType": "routing.queue.updated"}]}"#;
    let error = stage
        .resolver
        .resolve_json(json, &options())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (ResolveErrorKind::Rules, 422)
    );
    assert_eq!(error.violations()[0].pointer, "/uri");
    assert_eq!(stage.check.calls(), 0);

    stage.world.push_all([page(&[])]);
    let rules = RouteRules::default().with_loopback(true);
    let resolver = stage.resolver.clone().with_rules(rules);
    let options = options().with_dry_run(true);
    let resolving = resolver.resolve_json(json, &options);
    assert!(stage.world.drive(resolving).await.is_ok());

    let error = resolver
        .resolve_json(b"{\"name\": ", &options)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status().as_u16()),
        (ResolveErrorKind::Syntax, 400)
    );
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[tokio::test]
async fn the_probe_is_a_check_that_connects_to_nothing_it_was_not_allowed() {
    // errata EVR-09, EVR-44, ALL-27
    let names = ScriptedResolver::new()
        .with_answer("hooks.example.com", ["10.0.0.5".parse().unwrap()])
        .with_answer("far.example.com", ["93.184.216.34".parse().unwrap()]);
    let connector = std::sync::Arc::new(ScriptedConnector::accepting());
    let guard = Guard::new(
        EgressPolicy::new(),
        std::sync::Arc::new(names),
        connector.clone(),
    );
    let key = rcgen::KeyPair::generate().unwrap();
    let root = rcgen::CertificateParams::new(vec![]).unwrap();
    let root = root.self_signed(&key).unwrap();
    let probe = Probe::new(guard, Roots::from_der([root.der().to_vec()]).unwrap());
    let check: &dyn EndpointCheck = &probe;
    let blocked = check.check(&PRIMARY.parse().unwrap()).await;
    assert!(!blocked.reachable);
    assert_eq!(blocked.reasons[0].code, "blocked");
    assert!(blocked.reasons[0].error);
    assert!(!format!("{blocked:?}").contains("hunter2"), "{blocked:?}");
    assert_eq!(connector.dialled().len(), 0);

    // A connection that says nothing: each phase has its limit, and the address is told.
    let far = probe.with_phase_timeout(Duration::from_millis(20));
    let far = EndpointCheck::check(&far, &"https://far.example.com/".parse().unwrap()).await;
    assert!(!far.reachable && far.latency.is_none());
    assert_eq!(
        far.addresses,
        ["93.184.216.34".parse::<std::net::IpAddr>().unwrap()]
    );
    assert_eq!(far.detail["verdict"], "unhealthy");
}
