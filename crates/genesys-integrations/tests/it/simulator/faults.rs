//! Every fault, and what a node makes of it.

use std::sync::Arc;
use std::time::Duration;

use genesys_core::test_util::ScriptedTransport;
use genesys_integrations::executor::{ExecutionErrorKind, Executor, NodeCall};
use genesys_integrations::simulator::{
    Fault, Faults, FaultyTransport, RetryAfterForm, Simulation, Simulator,
};
use resilience::SeededRandom;
use resilience::test_util::FakeClock;

use crate::executor::support::{get, ok};

struct Lab {
    clock: FakeClock,
    cloud: ScriptedTransport,
    faults: Faults,
    simulator: Simulator,
}

impl Lab {
    fn new() -> Self {
        let (clock, cloud, faults) = (FakeClock::new(), ScriptedTransport::new(), Faults::new());
        cloud.handle(|_| async { ok() });
        let clock_of = Arc::new(clock.clone());
        let transport = FaultyTransport::new(cloud.shared(), faults.clone(), clock_of.clone());
        let executor = Executor::builder(Arc::new(transport))
            .with_clock(clock_of)
            .with_random(Arc::new(SeededRandom::new(3)))
            .build();
        let node = get().with_timeout(Duration::from_secs(5)).build().unwrap();
        let simulator = Simulator::builder(executor)
            .with_node(node)
            .build()
            .unwrap();
        Self {
            clock,
            cloud,
            faults,
            simulator,
        }
    }

    async fn ask(&self) -> Simulation {
        let call = NodeCall::new(r#"{"id": "A-1"}"#);
        self.clock
            .drive(self.simulator.simulate("Find case", call))
            .await
    }
}

#[tokio::test]
async fn every_fault_shows_in_the_trace_and_is_got_over() {
    let seconds = Duration::from_secs;
    for (fault, kind, wait, reaches) in [
        (
            Fault::Throttled(RetryAfterForm::Silent),
            ExecutionErrorKind::RateLimited,
            None,
            false,
        ),
        (
            Fault::Throttled(RetryAfterForm::Seconds(4)),
            ExecutionErrorKind::RateLimited,
            Some(seconds(4)),
            false,
        ),
        (
            Fault::Throttled(RetryAfterForm::Date(seconds(6))),
            ExecutionErrorKind::RateLimited,
            Some(seconds(6)),
            false,
        ),
        (
            Fault::Status(503),
            ExecutionErrorKind::Unavailable,
            None,
            false,
        ),
        (
            Fault::Status(7),
            ExecutionErrorKind::Unavailable,
            None,
            false,
        ),
        (Fault::CutBody, ExecutionErrorKind::Truncated, None, true),
        (Fault::Reset, ExecutionErrorKind::Interrupted, None, true),
        (
            Fault::NoConnection,
            ExecutionErrorKind::Connect,
            None,
            false,
        ),
        (
            Fault::SlowDrip(seconds(60)),
            ExecutionErrorKind::Timeout,
            None,
            true,
        ),
    ] {
        let lab = Lab::new();
        lab.faults.inject([fault]);
        let done = lab.ask().await;
        assert!(done.is_success(), "{fault:?}: {:?}", done.error());
        let first = &done.trace()[0];
        assert_eq!(
            (done.retries(), first.error, first.retry_after),
            (1, Some(kind), wait),
            "{fault:?}"
        );
        assert!(first.delay >= wait.unwrap_or_default());
        assert_eq!(
            lab.cloud.sent().len(),
            1 + usize::from(reaches),
            "{fault:?}"
        );
        assert_eq!(lab.faults.waiting(), 0);
    }
}

#[tokio::test]
async fn a_wrong_schema_is_final_and_a_short_drip_is_none() {
    // errata RST-36
    let lab = Lab::new();
    lab.faults
        .inject([Fault::WrongSchema, Fault::SlowDrip(Duration::from_secs(2))]);
    let wrong = lab.ask().await;
    assert_eq!(
        (wrong.code().as_deref(), wrong.retries()),
        (Some("node.schema"), 0)
    );
    let slow = lab.ask().await;
    assert!(slow.is_success());
    assert_eq!(
        (slow.retries(), slow.trace()[0].latency),
        (0, Duration::from_secs(2))
    );
}

#[tokio::test]
async fn faults_that_go_on_use_up_the_attempts_and_can_be_taken_back() {
    let lab = Lab::new();
    lab.faults
        .inject(std::iter::repeat_n(Fault::Status(502), 10));
    let failed = lab.ask().await;
    assert_eq!(
        (failed.status(), failed.retries(), lab.faults.waiting()),
        (502, 3, 6)
    );
    lab.faults.clear();
    assert!(lab.ask().await.is_success());
}
