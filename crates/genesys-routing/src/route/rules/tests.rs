use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::route::{DataFormat, EventBridgeTarget, MatchCriterion, MatchOperator, WorkflowTarget};

const TOPIC: &str = "v2.detail.events.conversation.{id}.customer.end";
const URI: &str = "https://hooks.example.com/orders";

fn https() -> RouteBuilder {
    EventRoute::https("orders", URI).with_event("routing.queue.updated")
}

/// The pointers and codes of everything that is wrong.
fn wrong(result: Result<EventRoute, RouteError>) -> Vec<(String, Code)> {
    match result {
        Ok(_) => Vec::new(),
        Err(error) => error
            .violations()
            .iter()
            .map(|found| (found.pointer.clone(), found.code))
            .collect(),
    }
}

fn wrong_is(result: Result<EventRoute, RouteError>, expected: &[(&str, Code)]) {
    let found = wrong(result);
    let found: Vec<(&str, Code)> = found.iter().map(|(p, c)| (p.as_str(), *c)).collect();
    assert_eq!(found, expected);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    // errata EVR-05, EVR-07, EVR-13, EVR-14
    let route = EventRoute::https(" ", "")
        .with_uri("")
        .with_uri("ftp://user:hunter2@10.0.0.1/?api_key=hunter2#x")
        .with_event("no.such.event")
        .with_event("")
        .with_retry(
            DeliveryRetry::default()
                .with_max_retries(6)
                .with_backoff_factor(f64::NAN),
        )
        .with_header("Host", "x")
        .with_header("X-A", "a\r\nX-Evil: 1");
    let error = route.build().unwrap_err();
    let text = error.to_string();
    assert!(!text.contains("hunter2") && !text.contains('\n'), "{text}");
    wrong_is(
        Err(error),
        &[
            ("/name", Code::Empty),
            ("/uri", Code::Empty),
            ("/uris/0", Code::Empty),
            ("/uris/1", Code::Scheme),
            ("/uris/1", Code::Secret),
            ("/uris/1", Code::Fragment),
            ("/uris/1", Code::Secret),
            ("/uris/1", Code::Host),
            ("/retryPolicy/maxRetries", Code::Range),
            ("/retryPolicy/backoffFactor", Code::Range),
            ("/headers/Host", Code::Reserved),
            ("/headers/X-A", Code::Characters),
            ("/eventFilters/0/eventType", Code::UnknownEvent),
            ("/eventFilters/1/eventType", Code::Empty),
        ],
    );
}

#[test]
fn ten_destinations_are_the_most_with_the_primary_counted() {
    // errata EVR-06
    let with_others = |count: usize| {
        (0..count).fold(https(), |route, index| {
            route.with_uri(format!("https://h{index}.example.com/"))
        })
    };
    assert_eq!(with_others(9).build().unwrap().uris().count(), 10);
    wrong_is(with_others(10).build(), &[("/uris", Code::TooMany)]);
    // A flood is refused in bounded work.
    assert!(wrong(with_others(100_000).build()).contains(&("/uris".into(), Code::TooMany)));
}

#[test]
fn a_destination_is_parsed_and_not_compared_by_its_beginning() {
    // errata EVR-08, EVR-16, EVR-19
    let one = |uri: &str| {
        EventRoute::https("orders", uri)
            .with_event("routing.queue.updated")
            .build()
    };
    for good in [
        "HTTPS://Hooks.Example.COM/x",
        "https://hooks.example.com:8443/x?tenant=7",
        "https://[2606:4700::1111]/x",
        "https://93.184.216.34/",
    ] {
        assert_eq!(wrong(one(good)), [], "{good}");
    }
    let hooks = one("HTTPS://Hooks.Example.COM").unwrap();
    assert_eq!(
        hooks.uris().next().unwrap().as_str(),
        "https://hooks.example.com/"
    );
    for (bad, code) in [
        ("https://", Code::Host),
        ("hooks.example.com", Code::Url),
        ("/relative", Code::Url),
        ("https://host:99999/", Code::Url),
        ("http://hooks.example.com/", Code::Scheme),
        ("javascript:alert(1)", Code::Scheme),
        (" https://hooks.example.com/", Code::Characters),
        ("https:\\\\hooks.example.com", Code::Characters),
        ("https://hooks.example.com:0/", Code::Host),
        ("https://user@hooks.example.com/", Code::Secret),
        ("https://hooks.example.com/?Access-Token=1", Code::Secret),
        ("https://hooks.example.com/?s%69g=1", Code::Secret),
        ("https://hooks.example.com/#x", Code::Fragment),
    ] {
        let found = wrong(one(bad));
        assert!(found.contains(&("/uri".into(), code)), "{bad}: {found:?}");
    }
    let long = format!("https://hooks.example.com/{}", "x".repeat(3_000));
    wrong_is(one(&long), &[("/uri", Code::TooLong)]);
}

#[test]
fn destinations_that_the_cloud_cannot_or_must_not_reach_are_refused() {
    // errata EVR-09, ALL-27
    for bad in [
        "https://localhost/",
        "https://a.localhost./",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://0x7f.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://intranet/",
        "https://metadata.google.internal/",
        "https://printer.local/",
    ] {
        let route = EventRoute::https("orders", bad).with_event("routing.queue.updated");
        wrong_is(route.clone().build(), &[("/uri", Code::Host)]);
        let allowed = route.with_rules(RouteRules::default().with_loopback(true));
        let own = ["localhost", "127.0.0.1", "[::1]", "0x7f"].iter();
        assert_eq!(
            allowed.build().is_ok(),
            own.into_iter().any(|name| bad.contains(name)),
            "{bad}"
        );
    }
    let plain = EventRoute::https("orders", "http://127.0.0.1:9/").with_event(TOPIC);
    assert!(plain.clone().build().is_err());
    let rules = RouteRules::default().with_loopback(true);
    assert!(plain.with_rules(rules).build().is_ok());
}

#[test]
fn two_spellings_of_one_destination_are_a_duplicate() {
    // errata EVR-05
    for same in [
        "https://HOOKS.example.com/orders",
        "https://hooks.example.com:443/orders",
        "https://hooks.example.com/a/../orders",
        "https://hooks.example.com./orders",
        "https://hooks.example.com/%6frders",
    ] {
        let found = wrong(https().with_uri(same).build());
        let encoded = same.contains("%6f");
        // An unreserved character in its encoded form may be another resource to a careless server.
        assert_eq!(found.is_empty(), encoded, "{same}: {found:?}");
    }
    let two = https()
        .with_uri("https://b.example.com/%2fa%e4%ff%")
        .with_uri("https://b.example.com/%2Fa%E4%fF%");
    wrong_is(two.build(), &[("/uris/1", Code::Duplicate)]);
}

#[test]
fn numbers_of_the_retry_policy_are_finite_and_bounded() {
    // errata EVR-10, EVR-11, EVR-12
    let with = |members: Value| {
        let route = json!({"name": "n", "uri": URI, "retryPolicy": members,
            "eventFilters": [{"eventType": "routing.queue.updated"}]});
        EventRoute::parse(route.to_string().as_bytes())
    };
    for good in [
        json!({}),
        json!({"maxRetries": 0, "retryInterval": 0.1, "backoffFactor": 1}),
        json!({"maxRetries": 5, "retryInterval": 3600, "backoffFactor": 1.5}),
    ] {
        assert_eq!(wrong(with(good.clone())), [], "{good}");
    }
    for (bad, pointer) in [
        (json!({"maxRetries": -1}), "/retryPolicy/maxRetries"),
        (json!({"maxRetries": 6}), "/retryPolicy/maxRetries"),
        (json!({"retryInterval": 0}), "/retryPolicy/retryInterval"),
        (json!({"retryInterval": 0.09}), "/retryPolicy/retryInterval"),
        (
            json!({"retryInterval": 3600.1}),
            "/retryPolicy/retryInterval",
        ),
        (json!({"retryInterval": -5}), "/retryPolicy/retryInterval"),
        (json!({"backoffFactor": 0.99}), "/retryPolicy/backoffFactor"),
        (json!({"backoffFactor": 10.5}), "/retryPolicy/backoffFactor"),
        (
            json!({"maxRetries": 5, "retryInterval": 3600, "backoffFactor": 10}),
            "/retryPolicy",
        ),
    ] {
        wrong_is(with(bad), &[(pointer, Code::Range)]);
    }
    for factor in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let retry = DeliveryRetry::default().with_backoff_factor(factor);
        wrong_is(
            https().with_retry(retry).build(),
            &[("/retryPolicy/backoffFactor", Code::Range)],
        );
    }
    // 3600 s five times over is 5 h; growing by 2 it is 31 h.
    let day = |factor| {
        DeliveryRetry::default()
            .with_max_retries(5)
            .with_interval(Duration::from_secs(3_600))
            .with_backoff_factor(factor)
    };
    assert!(https().with_retry(day(1.0)).build().is_ok());
    wrong_is(
        https().with_retry(day(2.0)).build(),
        &[("/retryPolicy", Code::Range)],
    );
}

#[test]
fn events_are_named_once_and_known() {
    // errata EVR-13
    wrong_is(
        EventRoute::https("n", URI).build(),
        &[("/eventFilters", Code::Empty)],
    );
    wrong_is(
        https().with_event("routing.queue.updated").build(),
        &[("/eventFilters/1/eventType", Code::Duplicate)],
    );
    wrong_is(
        https().with_event("a b").build(),
        &[("/eventFilters/1/eventType", Code::Format)],
    );
    let unlisted = https().with_event("v2.new.thing");
    wrong_is(
        unlisted.clone().build(),
        &[("/eventFilters/1/eventType", Code::UnknownEvent)],
    );
    let rules = RouteRules::default().with_unlisted_events(true);
    assert!(unlisted.with_rules(rules.clone()).build().is_ok());
    assert!(https().with_event("a b").with_rules(rules).build().is_err());
    wrong_is(
        https()
            .with_event_fields(TOPIC, ["a.b", "", "a.b", "9"])
            .build(),
        &[
            ("/eventFilters/1/fields/1", Code::Empty),
            ("/eventFilters/1/fields/2", Code::Duplicate),
            ("/eventFilters/1/fields/3", Code::Format),
        ],
    );
    let flood = (0..101).fold(https(), |route, _| route.with_event(TOPIC));
    wrong_is(flood.build(), &[("/eventFilters", Code::TooMany)]);
}

#[test]
fn headers_of_the_connection_and_credentials_are_refused() {
    // errata EVR-14
    for name in [
        "Authorization",
        "host",
        "Connection",
        "Transfer-Encoding",
        "Content-Length",
        "COOKIE",
        "te",
        "Upgrade",
        "Proxy-Authorization",
    ] {
        let pointer = format!("/headers/{name}");
        wrong_is(
            https().with_header(name, "x").build(),
            &[(pointer.as_str(), Code::Reserved)],
        );
    }
    for (name, value, code) in [
        ("X A", "x", Code::Characters),
        ("X\r\nY", "x", Code::Characters),
        ("", "x", Code::Empty),
        ("X-A", "ü", Code::Characters),
        ("X-A", " x", Code::Characters),
        ("X-A", "a\nb", Code::Characters),
    ] {
        let error = https().with_header(name, value).build().unwrap_err();
        assert!(error.has(code), "{name:?} {value:?}: {error}");
    }
    wrong_is(
        https()
            .with_header("X-A", "1")
            .with_header("x-a", "2")
            .build(),
        &[("/headers/x-a", Code::Duplicate)],
    );
    let flood = (0..33).fold(https(), |route, i| route.with_header(format!("X-{i}"), "1"));
    wrong_is(flood.build(), &[("/headers", Code::TooMany)]);
    let long = https().with_header("X-A", "x".repeat(65_536));
    wrong_is(long.build(), &[("/headers/X-A", Code::TooLong)]);

    let route = https()
        .with_header("content-type", "application/cloudevents+json")
        .build()
        .unwrap();
    let RouteTarget::Https(target) = route.target() else {
        panic!("{route:?}")
    };
    let headers: Vec<_> = target
        .headers()
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect();
    assert_eq!(
        headers,
        [
            ("content-type", "application/cloudevents+json"),
            ("X-Genesys-Source", "event-resolver"),
        ]
    );
}

#[test]
fn a_workflow_keeps_the_platforms_rules() {
    let route = |target: WorkflowTarget| EventRoute::workflow("n", target).with_event(TOPIC);
    let flow = || WorkflowTarget::new("f-1");
    let secs = Duration::from_secs;
    for good in [
        flow(),
        flow().with_time_to_live(secs(10)),
        flow().with_delay(secs(60)),
        flow()
            .with_delay(secs(900))
            .with_data_format(DataFormat::Json),
        flow().with_description("x".repeat(512)),
    ] {
        assert_eq!(wrong(route(good).build()), []);
    }
    wrong_is(
        route(WorkflowTarget::new("")).build(),
        &[("/flowId", Code::Empty)],
    );
    for (bad, expected) in [
        (
            flow().with_time_to_live(secs(9)),
            ("/eventTTLSeconds", Code::Range),
        ),
        (
            flow().with_time_to_live(Duration::from_millis(10_500)),
            ("/eventTTLSeconds", Code::Range),
        ),
        (
            flow().with_delay(secs(59)),
            ("/delayBySeconds", Code::Range),
        ),
        (
            flow().with_delay(secs(901)),
            ("/delayBySeconds", Code::Range),
        ),
        (
            flow().with_delay(secs(60)).with_time_to_live(secs(10)),
            ("/delayBySeconds", Code::Exclusive),
        ),
        (
            flow().with_description("x".repeat(513)),
            ("/description", Code::TooLong),
        ),
    ] {
        wrong_is(route(bad).build(), &[expected]);
    }
    wrong_is(
        route(flow())
            .with_event("v2.flows.{id}")
            .with_uri(URI)
            .with_retry(DeliveryRetry::default())
            .with_header("X-A", "1")
            .build(),
        &[
            ("/retryPolicy", Code::NotApplicable),
            ("/headers", Code::NotApplicable),
            ("/uris", Code::NotApplicable),
            ("/eventFilters", Code::TooMany),
        ],
    );
    wrong_is(
        EventRoute::workflow("n", flow())
            .with_event_fields("routing.queue.updated", ["a"])
            .build(),
        &[
            ("/eventFilters/0/fields", Code::NotApplicable),
            ("/eventFilters/0/eventType", Code::NotApplicable),
        ],
    );
}

#[test]
fn a_condition_has_an_operator_and_what_it_compares_with() {
    let with = |criterion: Value| {
        let route = json!({"name": "n", "type": "workflow", "flowId": "f-1", "matchCriteria": [criterion],
            "eventFilters": [{"eventType": TOPIC}]});
        EventRoute::parse(route.to_string().as_bytes())
    };
    for good in [
        json!({"jsonPath": "mediaType", "operator": "Equal", "value": "VOICE"}),
        json!({"jsonPath": "mediaType", "operator": "equal", "value": null}),
        json!({"jsonPath": "a", "operator": "In", "values": ["x", 1, true]}),
        json!({"jsonPath": "a", "operator": "Exists", "value": false}),
        json!({"jsonPath": "a", "operator": "Size", "value": 0}),
        json!({"jsonPath": "a", "operator": "GreaterThan", "value": 1.5}),
    ] {
        assert_eq!(wrong(with(good.clone())), [], "{good}");
    }
    for (bad, pointer, code) in [
        (
            json!({"operator": "Equal", "value": 1}),
            "jsonPath",
            Code::Empty,
        ),
        (
            json!({"jsonPath": "a", "operator": "Like", "value": 1}),
            "operator",
            Code::UnknownValue,
        ),
        (
            json!({"jsonPath": "a", "operator": "Equal"}),
            "value",
            Code::Empty,
        ),
        (
            json!({"jsonPath": "a", "operator": "In"}),
            "values",
            Code::Empty,
        ),
        (
            json!({"jsonPath": "a", "operator": "In", "values": []}),
            "values",
            Code::Empty,
        ),
        (
            json!({"jsonPath": "a", "operator": "In", "value": 1}),
            "value",
            Code::Format,
        ),
        (
            json!({"jsonPath": "a", "operator": "Equal", "values": [1]}),
            "values",
            Code::Format,
        ),
        (
            json!({"jsonPath": "a", "operator": "Equal", "value": 1, "values": [1]}),
            "values",
            Code::Exclusive,
        ),
        (
            json!({"jsonPath": "a", "operator": "All", "values": [{}]}),
            "values/0",
            Code::Format,
        ),
        (
            json!({"jsonPath": "a", "operator": "Exists", "value": 1}),
            "value",
            Code::Format,
        ),
        (
            json!({"jsonPath": "a", "operator": "Size", "value": -1}),
            "value",
            Code::Format,
        ),
        (
            json!({"jsonPath": "a", "operator": "LessThan", "value": true}),
            "value",
            Code::Format,
        ),
    ] {
        let pointer = format!("/matchCriteria/0/{pointer}");
        wrong_is(with(bad), &[(pointer.as_str(), code)]);
    }
    let criterion = MatchCriterion::any_of("q", MatchOperator::NotIn, ["a"]);
    let target = WorkflowTarget::new("f-1").with_criterion(criterion.clone());
    let route = EventRoute::workflow("n", target).with_event(TOPIC).build();
    let RouteTarget::Workflow(target) = route.unwrap().target else {
        panic!()
    };
    assert_eq!(target.criteria(), [criterion]);
}

#[test]
fn an_event_bridge_source_keeps_the_platforms_grammar() {
    // errata EVR-04
    let route = |account: &str, region: &str, suffix: &str| {
        EventRoute::event_bridge("n", EventBridgeTarget::new(account, region, suffix))
            .with_event(TOPIC)
            .with_event("v2.flows.{id}")
            .build()
    };
    let (account, region) = ("123456789012", "eu-west-1");
    for good in ["us-east-1", "us-gov-west-1", "eusc-de-east-1"] {
        assert_eq!(wrong(route(account, good, "a.B-c_9")), []);
    }
    for bad in [
        "",
        "12345678901",
        "1234567890123",
        "12345678901x",
        "１２３４５６７８９０１２",
    ] {
        wrong_is(route(bad, region, "s"), &[("/awsAccountId", Code::Format)]);
    }
    for bad in [
        "",
        "mars",
        "us-east",
        "us-east-x",
        "US-EAST-1",
        "us--1",
        "us-1",
        "us-east-123",
    ] {
        wrong_is(
            route(account, bad, "s"),
            &[("/awsAccountRegion", Code::Format)],
        );
    }
    for bad in ["", "a b", "a/b", &"x".repeat(65)] {
        wrong_is(
            route(account, region, bad),
            &[("/eventSourceSuffix", Code::Format)],
        );
    }
}

#[test]
fn what_is_printed_holds_no_header_value_and_no_query() {
    // errata ALL-16, EVR-37
    let builder = EventRoute::https("orders", "https://hooks.example.com/?tenant=hunter2")
        .with_event(TOPIC)
        .with_header("X-Api-Key", "hunter2");
    assert!(!format!("{builder:?}").contains("hunter2"));
    let route = builder.build().unwrap();
    assert!(!format!("{route:?}").contains("hunter2"), "{route:?}");
    assert!(route.to_json().to_string().contains("hunter2"));
}
