//! The limit of the whole.

use std::time::Duration;

use futures_util::FutureExt;
use genesys_core::test_util::Reply;
use genesys_routing::resolver::{IdempotencyKey, ResolveErrorKind, Stage};

use super::{Endpoint, options, page, route, stage};

#[tokio::test]
async fn a_slow_endpoint_ends_at_the_deadline_and_the_others_have_their_results() {
    // errata EVR-17, EVR-18
    let stage = stage();
    stage.check.set("hooks.example.com", Endpoint::Hangs);
    let route = route();
    let options = options().with_deadline(Duration::from_secs(2));
    let error = stage.resolve(&route, &options).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.stage(), error.status().as_u16()),
        (ResolveErrorKind::Deadline, Stage::Probe, 504)
    );
    assert!(!error.is_outcome_unknown());
    let reachable: Vec<bool> = error.endpoints().iter().map(|one| one.reachable).collect();
    assert_eq!(reachable, [false, true]);
    assert_eq!(error.endpoints()[0].reasons[0].code, "deadline");
    assert_eq!(stage.world.calls(), [] as [String; 0]);
}

#[tokio::test]
async fn a_deadline_during_the_submission_says_that_the_outcome_is_unknown() {
    let stage = stage();
    stage.world.push_all([page(&[]), Reply::hang()]);
    let route = route();
    let options = options().with_deadline(Duration::from_secs(5));
    let error = stage.resolve(&route, &options).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.stage()),
        (ResolveErrorKind::Deadline, Stage::Submit)
    );
    assert!(error.is_outcome_unknown());
    assert_eq!(error.endpoints().len(), 2);
}

#[tokio::test]
async fn a_dry_run_leaves_nothing_unknown() {
    let stage = stage();
    stage.world.push_all([Reply::hang()]);
    let route = route();
    let options = options()
        .with_dry_run(true)
        .with_deadline(Duration::from_secs(5));
    let error = stage.resolve(&route, &options).await.unwrap_err();
    assert_eq!(error.kind(), ResolveErrorKind::Deadline);
    assert!(!error.is_outcome_unknown());
}

#[tokio::test]
async fn waiting_for_another_caller_has_the_same_limit() {
    let stage = stage();
    stage.check.set("hooks.example.com", Endpoint::Hangs);
    let route = route();
    let key = IdempotencyKey::new("k").unwrap();
    let patient = options()
        .with_idempotency_key(key)
        .with_deadline(Duration::MAX);
    let mut first = stage.resolver.resolve(&route, &patient).boxed();
    assert!(futures_util::poll!(&mut first).is_pending());
    let hasty = patient.clone().with_deadline(Duration::from_secs(1));
    let error = stage
        .world
        .drive(stage.resolver.resolve(&route, &hasty))
        .await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.stage()),
        (ResolveErrorKind::Deadline, Stage::Wait)
    );
}
