//! The audit report of widget deployments.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::audit::AuditSink;
use genesys_core::observe::NoObserver;
use genesys_core::{Error, ErrorKind, Operation, Recorder};
use genesys_telemetry::widgets::WidgetStatus;
use genesys_telemetry::{MemoryAudit, Tee, WidgetAudit};
use resilience::SeededRandom;
use resilience::test_util::FakeClock;
use serde_json::{Value, json};

struct Setup {
    clock: FakeClock,
    audit: WidgetAudit,
    recorder: Recorder,
}

impl Setup {
    fn new(capacity: usize) -> Self {
        let clock = FakeClock::new();
        let audit = WidgetAudit::new(capacity).with_clock(Arc::new(clock.clone()));
        let both = Tee::new()
            .with(Arc::new(MemoryAudit::default()))
            .with(Arc::new(audit.clone()));
        let recorder = Recorder::new(
            Arc::new(NoObserver),
            Arc::new(both) as Arc<dyn AuditSink>,
            "client-1",
            Arc::new(clock.clone()),
            Arc::new(SeededRandom::new(7)),
        );
        Self {
            clock,
            audit,
            recorder,
        }
    }

    async fn begin(&self, name: &str) -> Operation {
        let attributes = [("widget_name".to_owned(), name.into())].into();
        self.recorder
            .begin_with("DEPLOY", name, attributes)
            .await
            .unwrap()
    }

    fn pass(&self, millis: u64) {
        self.clock.advance(Duration::from_millis(millis));
    }

    async fn succeed(&self, name: &str, id: &str, millis: u64) {
        let mut operation = self.begin(name).await;
        self.pass(millis);
        operation.set_attribute("id", id);
        operation.succeed().await.unwrap();
    }

    async fn fail(&self, name: &str, millis: u64) {
        let operation = self.begin(name).await;
        self.pass(millis);
        operation
            .fail(Error::new(ErrorKind::BadRequest, "refused"))
            .await;
    }
}

#[tokio::test]
async fn every_deployment_is_one_entry_and_failures_lower_the_rate() {
    // errata WID-34, ALL-22
    let setup = Setup::new(10);
    setup.succeed("one", "w-1", 100).await;
    setup.fail("two", 5_000).await;
    drop(setup.begin("three").await);
    setup.succeed("four", "w-4", 300).await;
    // Other operations are not deployments of widgets.
    let other = setup.recorder.begin("DEPLOY", "an integration").await;
    other.unwrap().succeed().await.unwrap();

    let report = setup.audit.report();
    let seen: Vec<_> = report
        .entries
        .iter()
        .map(|entry| {
            (
                &*entry.widget_name,
                entry.widget_id.as_deref(),
                entry.status,
            )
        })
        .collect();
    let (success, failure) = (WidgetStatus::Success, WidgetStatus::Failure);
    assert_eq!(
        seen,
        [
            ("one", Some("w-1"), success),
            ("two", None, failure),
            ("three", None, failure),
            ("four", Some("w-4"), success),
        ]
    );
    assert_eq!(
        (report.summary.total, report.summary.success_rate),
        (4, Some(0.5))
    );
}

#[tokio::test]
async fn latencies_are_kept_by_outcome() {
    // errata WID-37, ALL-23
    let setup = Setup::new(10);
    for millis in [100, 200, 300] {
        setup.succeed("w", "w-1", millis).await;
    }
    setup.fail("w", 30_000).await;
    let summary = setup.audit.report().summary;
    assert_eq!(summary.avg_latency, Some(Duration::from_millis(200)));
    assert!(summary.p99.unwrap() <= Duration::from_millis(300));
    assert_eq!(summary.failures.unwrap().max, Duration::from_secs(30));
}

#[tokio::test]
async fn the_json_form_has_the_documents_members_and_no_aggregate_in_an_entry() {
    // errata WID-36
    let setup = Setup::new(10);
    let nothing = serde_json::to_value(setup.audit.report()).unwrap();
    assert_eq!(
        nothing,
        json!({"entries": [], "summary": {
            "total": 0, "success_rate": null, "avg_latency_ms": null,
            "p50_ms": null, "p90_ms": null, "p99_ms": null, "failures": null,
        }})
    );
    setup.succeed("Dashboard\nforged", "w-1", 250).await;
    let report = serde_json::to_value(setup.audit.report()).unwrap();
    let entry = report["entries"][0].as_object().unwrap();
    let names: Vec<_> = entry.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "latency_ms",
            "status",
            "timestamp",
            "widget_id",
            "widget_name"
        ]
    );
    assert_eq!(
        (&entry["status"], &entry["latency_ms"]),
        (&json!("success"), &json!(250.0))
    );
    assert!(!entry["widget_name"].as_str().unwrap().contains('\n'));
    assert!(entry["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(report["summary"]["avg_latency_ms"], Value::from(250.0));
}

#[tokio::test]
async fn memory_is_bounded_and_the_summary_counts_all() {
    // errata WID-35, ALL-20
    let setup = Setup::new(3);
    for number in 0..5_000 {
        setup.succeed(&format!("w-{number}"), "id", 10).await;
    }
    let report = setup.audit.report();
    assert_eq!((report.entries.len(), report.summary.total), (3, 5_000));
    assert_eq!(report.entries[0].widget_name, "w-4997");
    assert_eq!(report.summary.avg_latency, Some(Duration::from_millis(10)));
}
