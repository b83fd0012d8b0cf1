//! Operations of the core crate, recorded.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::audit::{AuditPhase, AuditSink};
use genesys_core::{Error, ErrorKind, Recorder};
use genesys_telemetry::audit::{AuditOutcome, Tee};
use genesys_telemetry::{FileAudit, MemoryAudit, Metrics};
use resilience::SeededRandom;
use resilience::test_util::FakeClock;

use crate::support::{entry, folder, lines};

fn recorder(metrics: &Metrics, audit: Arc<dyn AuditSink>, clock: &FakeClock) -> Recorder {
    Recorder::new(
        Arc::new(metrics.clone()),
        audit,
        "client-1",
        Arc::new(clock.clone()),
        Arc::new(SeededRandom::new(7)),
    )
}

#[tokio::test]
async fn every_way_to_end_is_one_outcome_joined_to_its_intent() {
    // errata ALL-22, INT-34, WID-34, EVR-32, DEP-37
    let (_folder, path) = folder();
    let clock = FakeClock::new();
    let metrics = Metrics::new();
    let file = Arc::new(
        FileAudit::builder(&path)
            .with_clock(Arc::new(clock.clone()))
            .open()
            .unwrap(),
    );
    let memory = MemoryAudit::default().with_clock(Arc::new(clock.clone()));
    let both = Tee::new().with(file.clone()).with(Arc::new(memory.clone()));
    let recorder = recorder(&metrics, Arc::new(both), &clock);

    let operation = recorder.begin("CREATE", "crm").await.unwrap();
    clock.advance(Duration::from_micros(1500));
    operation.succeed().await.unwrap();
    let operation = recorder.begin("CREATE", "crm").await.unwrap();
    operation
        .fail(Error::new(ErrorKind::Conflict, "taken"))
        .await;
    drop(recorder.begin("CREATE", "crm").await.unwrap());
    file.close().await.unwrap();

    let lines = lines(&path);
    assert_eq!(lines, memory.entries());
    assert_eq!(lines.len(), 6);
    for pair in lines.chunks(2) {
        assert_eq!(
            (pair[0].phase, pair[1].phase),
            (AuditPhase::Intent, AuditPhase::Outcome)
        );
        assert_eq!(pair[0].operation_id, pair[1].operation_id);
        assert_eq!(pair[0].outcome, None);
    }
    let outcomes: Vec<_> = lines.iter().filter_map(|line| line.outcome).collect();
    assert_eq!(
        outcomes,
        [
            AuditOutcome::Success,
            AuditOutcome::Failure,
            AuditOutcome::Cancelled
        ]
    );
    assert_eq!(lines[1].latency, Some(Duration::from_micros(1500)));
    assert_eq!(lines[3].error.as_ref().unwrap().kind, "conflict");

    let create = &metrics.snapshot().operations["CREATE"].outcomes;
    assert_eq!(
        (
            create.success,
            create.failure,
            create.cancelled,
            create.total
        ),
        (1, 1, 1, 3)
    );
}

#[tokio::test]
async fn an_operation_whose_intent_cannot_be_written_does_not_start() {
    // errata INT-34
    let (_folder, path) = folder();
    let clock = FakeClock::new();
    let metrics = Metrics::new();
    let file = Arc::new(FileAudit::open(&path).unwrap());
    file.close().await.unwrap();
    let error = recorder(&metrics, file, &clock)
        .begin("CREATE", "crm")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Audit);
    assert!(metrics.snapshot().operations.is_empty());
}

#[tokio::test]
async fn a_sink_that_fails_in_a_tee_keeps_none_from_the_next() {
    let (_folder, path) = folder();
    let closed = Arc::new(FileAudit::open(&path).unwrap());
    closed.close().await.unwrap();
    let memory = MemoryAudit::default();
    let tee = Tee::new().with(closed).with(Arc::new(memory.clone()));
    assert_eq!(
        tee.record(entry(1)).await.unwrap_err().kind(),
        ErrorKind::Audit
    );
    assert_eq!(
        tee.try_record(entry(2)).unwrap_err().kind(),
        ErrorKind::Audit
    );
    assert_eq!(tee.flush().await.unwrap_err().kind(), ErrorKind::Audit);
    assert_eq!(memory.entries().len(), 2);
}

#[tokio::test]
async fn the_memory_keeps_the_newest() {
    // errata ALL-20
    let memory = MemoryAudit::new(3);
    for id in 1..=10 {
        memory.record(entry(id)).await.unwrap();
    }
    let numbers: Vec<u64> = memory.entries().iter().map(|line| line.seq).collect();
    assert_eq!((numbers, memory.dropped()), (vec![8, 9, 10], 7));
}

/// What every sink must do, as a function over the trait.
async fn contract(sink: &dyn AuditSink, read: impl Fn() -> Vec<String>) {
    sink.record(entry("a")).await.unwrap();
    sink.try_record(entry("b")).unwrap();
    sink.record(entry("c")).await.unwrap();
    sink.flush().await.unwrap();
    assert_eq!(
        read(),
        ["a", "b", "c"],
        "in order, all of them, once flushed"
    );
}

#[tokio::test]
async fn the_sinks_keep_the_contract() {
    let ids = |lines: Vec<genesys_telemetry::AuditLine>| {
        lines.into_iter().map(|line| line.operation_id).collect()
    };
    let memory = MemoryAudit::default();
    contract(&memory, || ids(memory.entries())).await;
    let (_folder, path) = folder();
    contract(&FileAudit::open(&path).unwrap(), || ids(lines(&path))).await;
    let memory = MemoryAudit::default();
    contract(&Tee::new().with(Arc::new(memory.clone())), || {
        ids(memory.entries())
    })
    .await;
}
