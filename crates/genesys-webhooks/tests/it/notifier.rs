//! Sending signed notifications.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::audit::AuditPhase;
use genesys_core::error::Stop;
use genesys_core::test_util::{Reply, SentRequest};
use genesys_core::transport::TransportErrorKind;
use genesys_core::{Error, ErrorKind};
use genesys_webhooks::{MessageId, Notification, Notifier, Receipt, TargetUrl, Verifier};
use resilience::Clock;
use resilience::RetryPolicy;
use serde_json::json;

use crate::support::{World, key, world};

const URL: &str = "https://monitor.example.com/genesys?tenant=7";

fn notification() -> Notification {
    Notification::json(&json!({"event": "architecture.dependency.mapped", "orgId": "o-1"})).unwrap()
}

async fn send(world: &World, notifier: &Notifier) -> Result<Receipt, Error> {
    let target = TargetUrl::parse(URL).unwrap();
    world
        .clock
        .drive(notifier.send(&target, &notification()))
        .await
}

fn header<'a>(request: &'a SentRequest, name: &str) -> &'a str {
    request.headers[name].to_str().unwrap()
}

#[tokio::test]
async fn each_attempt_is_signed_for_its_own_time_under_one_id() {
    // errata INT-31, ALL-12
    let world = world();
    world.push_all([
        Reply::status(503).with_header("retry-after", "120"),
        Reply::fail(TransportErrorKind::Reset),
        Reply::status(202),
    ]);
    let notifier = Notifier::for_client(&world.client, key(1))
        .with_key(key(2))
        .with_deadline(Duration::from_secs(600));
    let receipt = send(&world, &notifier).await.unwrap();
    assert_eq!((receipt.status.as_u16(), receipt.attempts), (202, 3));
    assert!(receipt.elapsed >= Duration::from_secs(120));

    let sent = world.transport.sent();
    assert_eq!(sent.len(), 3);
    for request in &sent {
        assert_eq!(
            (request.method.as_str(), request.uri.to_string().as_str()),
            ("POST", URL)
        );
        assert_eq!(header(request, "content-type"), "application/json");
        assert_eq!(header(request, "webhook-id"), receipt.id.as_str());
        assert!(!request.headers.contains_key("authorization"));
        assert_eq!(request.body, sent[0].body);
        for (one_key, ok) in [(key(1), true), (key(2), true), (key(3), false)] {
            let verifier = Verifier::new([one_key])
                .unwrap()
                .with_clock(Arc::new(world.clock.clone()));
            assert_eq!(verifier.verify(&request.headers, &request.body).is_ok(), ok);
        }
    }
    assert_ne!(
        header(&sent[0], "webhook-timestamp"),
        header(&sent[1], "webhook-timestamp")
    );
    assert_ne!(
        header(&sent[0], "webhook-signature"),
        header(&sent[1], "webhook-signature")
    );
}

#[tokio::test]
async fn what_the_receiver_refuses_is_not_sent_again() {
    // errata ALL-14, ALL-07
    for (status, kind) in [
        (301, ErrorKind::Redirect),
        (307, ErrorKind::Redirect),
        (400, ErrorKind::BadRequest),
        (401, ErrorKind::Unauthenticated),
        (404, ErrorKind::NotFound),
        (410, ErrorKind::UnexpectedStatus),
        (501, ErrorKind::Server),
    ] {
        let world = world();
        world.push_all([Reply::status(status).with_header("location", "https://evil.example/")]);
        let error = send(&world, &Notifier::for_client(&world.client, key(1)))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.status().unwrap().as_u16(), error.stop()),
            (kind, status, Some(Stop::Final))
        );
        assert_eq!(world.transport.sent().len(), 1);
        assert!(error.was_sent());
    }
}

#[tokio::test]
async fn attempts_are_bounded_and_told() {
    // errata ALL-11, ALL-08
    let world = world();
    world.push_all([
        Reply::status(500),
        Reply::fail(TransportErrorKind::Timeout),
        Reply::status(429),
    ]);
    let notifier = Notifier::for_client(&world.client, key(1))
        .with_retry(RetryPolicy::default().with_max_attempts(3));
    let error = send(&world, &notifier).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.stop()),
        (ErrorKind::RateLimited, Some(Stop::AttemptsSpent))
    );
    let causes: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.summary.as_str())
        .collect();
    assert_eq!(causes, ["status 500", "attempt timed out", "status 429"]);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_fails_at_once_and_says_how_long() {
    // errata ALL-09
    let world = world();
    world.push_all([Reply::status(429).with_header("retry-after", "90")]);
    let started = world.clock.now();
    let error = send(&world, &Notifier::for_client(&world.client, key(1)))
        .await
        .unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(90)));
    assert!(
        matches!(error.stop(), Some(Stop::Deadline { .. })),
        "{:?}",
        error.stop()
    );
    assert_eq!(world.clock.now(), started);
}

#[tokio::test]
async fn a_receiver_that_never_answers_ends_with_the_deadline() {
    // errata ALL-10
    let world = world();
    world.transport.handle(|_| async { Reply::hang() });
    let notifier = Notifier::for_client(&world.client, key(1))
        .with_attempt_timeout(Duration::from_secs(15))
        .with_deadline(Duration::from_secs(40));
    let started = world.clock.now();
    let error = send(&world, &notifier).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert_eq!(world.clock.now() - started, Duration::from_secs(40));
    assert_eq!(world.transport.sent().len(), 3);
    assert!(error.was_sent());
}

#[tokio::test]
async fn nothing_that_reached_nobody_counts_as_sent() {
    let world = world();
    let error = send(&world, &Notifier::for_client(&world.client, key(1)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.was_sent()),
        (ErrorKind::Connect, false)
    );
    assert_eq!(error.attempts().len(), 4);
}

#[tokio::test]
async fn the_callers_id_is_kept_and_made_up_ones_differ() {
    let world = world();
    world.transport.handle(|_| async { Reply::status(200) });
    let notifier = Notifier::for_client(&world.client, key(1));
    let target = TargetUrl::parse(URL).unwrap();
    let mine = notification().with_id(MessageId::new("msg_mine").unwrap());
    assert_eq!(
        notifier.send(&target, &mine).await.unwrap().id.as_str(),
        "msg_mine"
    );
    let first = notifier.send(&target, &notification()).await.unwrap().id;
    assert_ne!(
        first,
        notifier.send(&target, &notification()).await.unwrap().id
    );
}

#[tokio::test]
async fn a_delivery_is_audited_and_nothing_shows_key_or_query() {
    // errata ALL-16, INT-34
    let world = world();
    world.push_all([Reply::status(200), Reply::status(400)]);
    let notifier = Notifier::for_client(&world.client, key(b'k'));
    let target =
        TargetUrl::parse_with_query_credentials("https://monitor.example.com/x?sig=hunter2")
            .unwrap();
    notifier.send(&target, &notification()).await.unwrap();
    let error = notifier.send(&target, &notification()).await.unwrap_err();
    let entries = world.audit.entries();
    let phases: Vec<_> = entries
        .iter()
        .map(|entry| (&*entry.action, entry.phase))
        .collect();
    let pair = [
        ("NOTIFY", AuditPhase::Intent),
        ("NOTIFY", AuditPhase::Outcome),
    ];
    assert_eq!(phases, [pair, pair].concat());
    assert_eq!(entries[1].attributes["attempts"], 1);
    assert_eq!(
        entries[0].target.as_deref(),
        Some("https://monitor.example.com/x?sig=[redacted]")
    );
    let shown = format!(
        "{entries:?} {error} {error:?} {notifier:?} {:?}",
        notification()
    );
    assert!(
        !shown.contains("hunter2") && !shown.contains("kkkk") && !shown.contains("orgId"),
        "{shown}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_guarded_notifier_blocks_a_name_that_resolves_into_a_private_network() {
    // errata INT-31, ALL-27
    use endpoint_probe::test_util::{ScriptedConnector, ScriptedResolver};
    use endpoint_probe::{EgressPolicy, Guard, GuardedClient};
    use genesys_core::transport::GuardedTransport;

    let names = ScriptedResolver::new()
        .with_answer("monitor.example.com", ["10.0.0.7".parse().unwrap()])
        .with_answer("monitor.example.com", ["93.184.216.34".parse().unwrap()]);
    let (names, wire) = (Arc::new(names), Arc::new(ScriptedConnector::refusing()));
    let guard = Guard::new(
        EgressPolicy::new(),
        Arc::clone(&names) as _,
        Arc::clone(&wire) as _,
    );
    let client = GuardedClient::builder(guard).build().unwrap();
    let notifier = Notifier::new(Arc::new(GuardedTransport::new(client)), key(1));
    let target = TargetUrl::parse(URL).unwrap();

    let error = notifier.send(&target, &notification()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert_eq!(
        (error.attempts().len(), names.lookups("monitor.example.com")),
        (1, 1)
    );
    assert!(wire.dialled().is_empty());

    // A public address that refuses is tried as often as the policy says, with a look-up each.
    let error = notifier.send(&target, &notification()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts().len()),
        (ErrorKind::Connect, 4)
    );
    assert_eq!(
        (wire.dialled().len(), names.lookups("monitor.example.com")),
        (4, 5)
    );
}
