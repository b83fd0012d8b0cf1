//! The JSON form.

use std::time::Duration;

use genesys_routing::{
    DataFormat, DeliveryRetry, EventBridgeTarget, EventRoute, MatchCriterion, MatchOperator,
    RouteError, RouteTarget, SyntaxError, ViolationCode, WorkflowTarget,
};
use serde_json::json;

const TOPIC: &str = "v2.detail.events.conversation.{id}.customer.end";

fn syntax(text: &str) -> SyntaxError {
    match EventRoute::parse(text.as_bytes()) {
        Err(RouteError::Syntax(error)) => error,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_webhook_has_the_documents_payload() {
    let route = EventRoute::https("orders", "https://a.example.com/x")
        .with_uri("https://b.example.com/x")
        .with_event_fields(TOPIC, ["conversationId", "queue.id"])
        .with_event("routing.queue.updated")
        .with_retry(
            DeliveryRetry::default()
                .with_max_retries(2)
                .with_interval(Duration::from_millis(1_500)),
        )
        .build()
        .unwrap();
    let document = json!({
        "name": "orders",
        "type": "webhook",
        "uri": "https://a.example.com/x",
        "uris": ["https://b.example.com/x"],
        "retryPolicy": {"maxRetries": 2, "retryInterval": 1.5, "backoffFactor": 2.0},
        "eventFilters": [
            {"eventType": "routing.queue.updated"},
            {"eventType": TOPIC, "fields": ["conversationId", "queue.id"]},
        ],
        "headers": {"Content-Type": "application/json", "X-Genesys-Source": "event-resolver"},
    });
    assert_eq!(route.to_json(), document);
    assert_eq!(serde_json::to_value(&route).unwrap(), document);
    assert_eq!(
        EventRoute::parse(document.to_string().as_bytes()).unwrap(),
        route
    );
}

#[test]
fn what_the_document_leaves_out_has_its_defaults() {
    let text = json!({"name": "n", "uri": "https://a.example.com/", "eventFilters": [{"eventType": TOPIC}]});
    let route = EventRoute::parse(text.to_string().as_bytes()).unwrap();
    let built = EventRoute::https("n", "https://a.example.com")
        .with_event(TOPIC)
        .build()
        .unwrap();
    assert_eq!(route, built);
    let RouteTarget::Https(target) = route.target() else {
        panic!("{route:?}")
    };
    assert_eq!(target.retry().max_retries(), 3);
    assert_eq!(target.retry().interval(), Duration::from_secs(5));
    assert_eq!(target.retry().total_delay(), Duration::from_secs(35));
}

#[test]
fn the_other_kinds_have_a_form_too() {
    let workflow = WorkflowTarget::new("f-1")
        .with_data_format(DataFormat::Json)
        .with_criterion(MatchCriterion::new(
            "mediaType",
            MatchOperator::Equal,
            "VOICE",
        ))
        .with_time_to_live(Duration::from_secs(60))
        .with_description("calls");
    let workflow = EventRoute::workflow("calls", workflow).with_event(TOPIC);
    let bridge = EventBridgeTarget::new("123456789012", "eu-west-1", "calls");
    let bridge = EventRoute::event_bridge("calls", bridge).with_event(TOPIC);
    for (route, document) in [
        (
            workflow.build().unwrap(),
            json!({"name": "calls", "type": "workflow", "flowId": "f-1", "dataFormat": "Json", "eventTTLSeconds": 60,
                "description": "calls", "eventFilters": [{"eventType": TOPIC}],
                "matchCriteria": [{"jsonPath": "mediaType", "operator": "Equal", "value": "VOICE"}]}),
        ),
        (
            bridge.build().unwrap(),
            json!({"name": "calls", "type": "eventbridge", "awsAccountId": "123456789012", "awsAccountRegion": "eu-west-1",
                "eventSourceSuffix": "calls", "eventFilters": [{"eventType": TOPIC}]}),
        ),
    ] {
        assert_eq!(route.to_json(), document);
        assert_eq!(
            EventRoute::parse(document.to_string().as_bytes()).unwrap(),
            route
        );
    }
}

#[test]
fn a_syntax_error_says_where() {
    // errata ALL-25
    for (text, line, path, message) in [
        ("", 1, "", "EOF while parsing a value"),
        ("{\n \"name\": \"n\",\n \"uri\" 1}", 3, "", "expected `:`"),
        ("{}\n{}", 2, "", "trailing characters"),
        ("[]", 1, "", "expected an object"),
        (
            "{\"retryPolicy\": [1, 2, 3]}",
            1,
            "retryPolicy",
            "expected an object",
        ),
        (
            "{\"eventFilters\": [[]]}",
            1,
            "eventFilters[0]",
            "expected an object",
        ),
        (
            "{\n\"nmae\": 1}",
            2,
            "nmae",
            "unknown field `nmae`, expected one of",
        ),
        ("{\"name\": 7}", 1, "name", "expected a string"),
        (
            "{\"name\": \"a\", \"name\": \"b\"}",
            1,
            "",
            "duplicate field `name`",
        ),
        (
            "{\"uris\": [\"a\", null]}",
            1,
            "uris[1]",
            "expected a string",
        ),
        (
            "{\"retryPolicy\": {\n\"maxRetries\": 1.5}}",
            2,
            "retryPolicy.maxRetries",
            "expected i64",
        ),
        (
            "{\"retryPolicy\": {\"retryInterval\": 1e999}}",
            1,
            "retryPolicy.retryInterval",
            "number out of range",
        ),
        (
            "{\"retryPolicy\": {\"interval\": 1}}",
            1,
            "retryPolicy.interval",
            "unknown field `interval`",
        ),
        (
            "{\"eventFilters\": [{\"event\": 1}]}",
            1,
            "eventFilters[0].event",
            "unknown field `event`",
        ),
        (
            "{\"headers\": {\"a\": 1}}",
            1,
            "headers.a",
            "expected a string",
        ),
        ("\u{feff}{}", 1, "", "expected value"),
        (
            "{\"name\": \"\\ud800\"}",
            1,
            "name",
            "unexpected end of hex escape",
        ),
    ] {
        let error = syntax(text);
        assert_eq!(
            (error.line, error.path.as_str()),
            (line, path),
            "{text}: {error}"
        );
        assert!(error.message.contains(message), "{text}: {error}");
    }
    let deep = "[".repeat(100_000);
    assert!(syntax(&format!("{{\"matchCriteria\": {deep}")).line == 1);
    let text = EventRoute::parse(b"\xff\xfe").unwrap_err().to_string();
    assert!(text.contains("line 1"), "{text}");
}

#[test]
fn a_syntax_error_repeats_no_value() {
    // errata ALL-16
    for text in [
        "{\"retryPolicy\": \"hunter2\"}",
        "{\"retryPolicy\": {\"maxRetries\": \"hunter2, expected x\"}}",
        "{\"uris\": \"hunter2\"}",
        "{\"headers\": \"hunter2\"}",
    ] {
        let error = syntax(text);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn an_empty_object_is_no_route_and_all_of_it_is_said() {
    // errata EVR-07
    let error = EventRoute::parse(b"{}").unwrap_err();
    let pointers: Vec<&str> = error
        .violations()
        .iter()
        .map(|violation| violation.pointer.as_str())
        .collect();
    assert_eq!(pointers, ["/name", "/uri", "/eventFilters"]);
    // Others alone do not make one of them the primary.
    let others = br#"{"name": "n", "uris": ["https://a.example.com/"], "eventFilters": [{"eventType": "routing.queue.updated"}]}"#;
    let error = EventRoute::parse(others).unwrap_err();
    assert_eq!(error.violations().len(), 1);
    assert_eq!(error.violations()[0].pointer, "/uri");
}

#[test]
fn members_of_another_kind_and_unknown_kinds_are_violations() {
    let mixed = json!({"name": "n", "type": "workflow", "flowId": "f", "uri": "https://a.example.com/",
        "awsAccountId": "1", "retryPolicy": {}, "headers": {"X-A": "1"}, "eventFilters": [{"eventType": TOPIC}]});
    let error = EventRoute::parse(mixed.to_string().as_bytes()).unwrap_err();
    let found: Vec<(&str, ViolationCode)> = error
        .violations()
        .iter()
        .map(|violation| (violation.pointer.as_str(), violation.code))
        .collect();
    let code = ViolationCode::NotApplicable;
    assert_eq!(
        found,
        [
            ("/retryPolicy", code),
            ("/headers", code),
            ("/uri", code),
            ("/awsAccountId", code)
        ]
    );
    let unknown =
        json!({"name": "n", "type": "carrier-pigeon", "eventFilters": [{"eventType": TOPIC}]});
    let error = EventRoute::parse(unknown.to_string().as_bytes()).unwrap_err();
    assert!(error.has(ViolationCode::UnknownValue), "{error}");
    let listed = serde_json::to_value(error.violations()).unwrap();
    assert_eq!(
        listed[0],
        json!({"pointer": "/type", "code": "unknown_value", "message": "must be webhook, workflow or eventbridge"})
    );
}

#[test]
fn equal_routes_give_equal_bytes() {
    // errata ALL-31
    let route = |events: [&str; 2], headers: [(&str, &str); 2]| {
        let mut route = EventRoute::https("n", "https://a.example.com/");
        for event in events {
            route = route.with_event(event);
        }
        for (name, value) in headers {
            route = route.with_header(name, value);
        }
        serde_json::to_string(&route.build().unwrap()).unwrap()
    };
    assert_eq!(
        route([TOPIC, "routing.queue.updated"], [("b", "1"), ("A", "2")]),
        route(["routing.queue.updated", TOPIC], [("A", "2"), ("b", "1")]),
    );
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = EventRoute::parse(&bytes);
    }

    #[test]
    // errata EVR-39
    fn whatever_is_accepted_reads_back_as_it_was(
        retries in 0u32..7,
        millis in 0u64..4_000_000,
        factor in 0.5f64..11.0,
        path in "[a-z%/.]{0,20}",
    ) {
        let retry = DeliveryRetry::default()
            .with_max_retries(retries)
            .with_interval(Duration::from_millis(millis))
            .with_backoff_factor(factor);
        let built = EventRoute::https("n", format!("https://a.example.com/{path}"))
            .with_event(TOPIC)
            .with_retry(retry)
            .build();
        if let Ok(route) = built {
            let text = serde_json::to_vec(&route).unwrap();
            proptest::prop_assert_eq!(EventRoute::parse(&text).unwrap(), route);
            proptest::prop_assert!(retry.total_delay() <= Duration::from_secs(86_400));
        }
    }
}
