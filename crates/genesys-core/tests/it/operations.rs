//! The operation guard: one intent, one outcome, on every path.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::audit::AuditPhase;
use genesys_core::observe::Outcome;
use genesys_core::test_util::{RecordedEvent, RecordingAudit};
use genesys_core::{Error, ErrorKind};

use crate::support::Fixture;

#[tokio::test]
async fn every_path_leaves_one_intent_and_one_outcome() {
    // errata ALL-22, INT-34, WID-34
    let fixture = Fixture::new();
    let audit = RecordingAudit::new();
    let client = fixture
        .builder()
        .with_audit(Arc::new(audit.clone()), "client-1")
        .build()
        .unwrap();
    let recorder = client.recorder();

    let mut operation = recorder.begin("CREATE", "name").await.unwrap();
    operation.set_target("id-1");
    operation.set_attribute("change", "created");
    operation.succeed().await.unwrap();

    let operation = recorder.begin("TEST", "id-1").await.unwrap();
    let error = operation
        .fail(Error::new(ErrorKind::Unavailable, "down").with_correlation_id(Some("corr".into())))
        .await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);

    drop(recorder.begin("ENABLE", "id-1").await.unwrap());

    let entries = audit.entries();
    assert_eq!(entries.len(), 6);
    for pair in entries.chunks(2) {
        assert_eq!(
            (pair[0].phase, pair[1].phase),
            (AuditPhase::Intent, AuditPhase::Outcome)
        );
        assert_eq!(pair[0].operation_id, pair[1].operation_id);
        assert_eq!(pair[0].actor, "client-1");
        assert!(pair[0].outcome.is_none() && pair[1].latency.is_some());
    }
    let outcomes: Vec<_> = entries.iter().filter_map(|entry| entry.outcome).collect();
    assert_eq!(
        outcomes,
        [
            Outcome::Success,
            Outcome::Failure(ErrorKind::Unavailable),
            Outcome::Cancelled
        ]
    );
    assert_eq!(entries[1].target.as_deref(), Some("id-1"));
    assert_eq!(entries[3].correlation_id.as_deref(), Some("corr"));
    let heard = fixture
        .observer
        .events()
        .iter()
        .filter(|event| matches!(event, RecordedEvent::Operation(..)))
        .count();
    assert_eq!(heard, 3);
}

/// Takes an entry and then makes its caller wait for ever, as a slow disk does.
#[derive(Debug, Default)]
struct SlowAudit(RecordingAudit);

#[async_trait::async_trait]
impl genesys_core::audit::AuditSink for SlowAudit {
    async fn record(&self, entry: genesys_core::audit::AuditEntry) -> Result<(), Error> {
        self.0.record(entry).await?;
        std::future::pending().await
    }

    fn try_record(&self, entry: genesys_core::audit::AuditEntry) -> Result<(), Error> {
        self.0.try_record(entry)
    }

    async fn flush(&self) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_while_the_intent_is_written_still_leaves_an_outcome() {
    // errata ALL-22
    let audit = Arc::new(SlowAudit::default());
    let client = Fixture::new()
        .builder()
        .with_audit(audit.clone(), "client-1")
        .build()
        .unwrap();
    let begun = client.recorder().begin("CREATE", "name");
    assert!(
        tokio::time::timeout(Duration::from_secs(1), begun)
            .await
            .is_err()
    );
    let outcomes: Vec<_> = audit
        .0
        .entries()
        .iter()
        .map(|entry| entry.outcome)
        .collect();
    assert_eq!(outcomes, [None, Some(Outcome::Cancelled)]);
}
