//! Drills against a switch in memory, in virtual time.

use std::time::Duration;

use endpoint_probe::test_util::FakeSwitch;
use endpoint_probe::{
    CheckResult, Drill, DrillAction, DrillOutcome, DrillPlan, DrillProblem, DrillReport,
    HealthConfig, InitialHealth, StepResult,
};
use proptest::prelude::*;
use resilience::{SeededRandom, test_util::FakeClock};

const SECOND: Duration = Duration::from_secs(1);

fn health() -> HealthConfig {
    HealthConfig::new()
        .with_initial(InitialHealth::FullyDown)
        .with_rise(2)
        .with_interval(SECOND)
        .with_jitter(0.0)
}

fn failover() -> DrillPlan {
    DrillPlan::failover("eu", "us").with_health(health())
}

fn switch(clock: &FakeClock) -> FakeSwitch {
    FakeSwitch::new([("eu", true), ("us", false)]).with_clock(clock.clone())
}

/// What is on, told as the switch does.
async fn run(drill: &Drill, switch: &FakeSwitch, clock: &FakeClock) -> DrillReport {
    let random = SeededRandom::new(3);
    clock.drive(drill.run(switch, clock, &random)).await
}

fn results(report: &DrillReport) -> Vec<String> {
    let steps = report.steps.iter().chain(&report.rollback);
    steps
        .map(|step| {
            let result = match &step.result {
                StepResult::Done => "done",
                StepResult::Failed(_) => "failed",
                StepResult::Skipped => "skipped",
                _ => "?",
            };
            format!("{}: {result}", step.step)
        })
        .collect()
}

fn calls(switch: &FakeSwitch) -> Vec<String> {
    let calls = switch.calls();
    let texts = calls.iter().map(|(name, on)| format!("{name} {on}"));
    texts.collect()
}

#[tokio::test]
async fn the_time_to_switch_is_measured() {
    let clock = FakeClock::new();
    let switch = switch(&clock)
        .with_latency(SECOND / 10)
        .with_checks("us", [CheckResult::Failed, CheckResult::Passed]);
    let report = run(&failover().validate().unwrap(), &switch, &clock).await;
    assert_eq!(report.outcome, DrillOutcome::Completed);
    assert_eq!(
        results(&report),
        ["turn on us: done", "await us: done", "turn off eu: done"]
    );
    // 0.1 s for the call; three checks of 0.1 s each, 1 s apart.
    assert_eq!(report.rto, Some(Duration::from_millis(100 + 300 + 2000)));
    assert_eq!(report.elapsed, Duration::from_millis(2500));
    assert_eq!(report.outage, Duration::ZERO);
    assert_eq!(report.steps[1].checks, 3);
    assert_eq!(report.steps[2].started, Duration::from_millis(2400));
    assert_eq!(
        (report.on, switch.on()),
        (vec!["us".to_owned()], vec!["us".to_owned()])
    );
    assert_eq!(switch.fewest_on(), Some(1));
}

#[tokio::test]
async fn the_outage_of_a_dead_primary_is_measured() {
    let clock = FakeClock::new();
    let switch = switch(&clock).with_latency(SECOND / 10);
    let drill = DrillPlan::new([("eu", true), ("us", false)])
        .turn_off("eu")
        .turn_on("us")
        .await_up("us")
        .with_min_serving(0)
        .with_health(health())
        .validate()
        .unwrap();
    let report = run(&drill, &switch, &clock).await;
    assert_eq!(report.outcome, DrillOutcome::Completed);
    // From the moment that the primary is told to go.
    assert_eq!(report.outage, Duration::from_millis(100 + 100 + 200 + 1000));
    assert_eq!(report.rto, Some(report.outage));
}

#[tokio::test]
async fn a_standby_that_does_not_come_up_is_taken_back() {
    let clock = FakeClock::new();
    let switch = switch(&clock).with_checks("us", [CheckResult::Passed, CheckResult::Failed]);
    let drill = failover()
        .with_step_timeout(SECOND * 10)
        .validate()
        .unwrap();
    let report = run(&drill, &switch, &clock).await;
    assert_eq!(report.outcome, DrillOutcome::RolledBack);
    assert_eq!(
        results(&report),
        ["turn on us: done", "await us: failed", "turn off us: done"]
    );
    assert_eq!(
        calls(&switch),
        ["us true", "us false"],
        "the primary was never touched"
    );
    assert_eq!(
        report.steps[1].result,
        StepResult::Failed("down after 10 checks".into())
    );
    assert!(report.elapsed <= SECOND * 10, "no wait that could not help");
    assert_eq!((report.rto, report.outage), (None, Duration::ZERO));
    assert_eq!(switch.on(), ["eu"]);
}

#[tokio::test]
async fn a_degraded_standby_does_not_count_as_up() {
    let clock = FakeClock::new();
    let switch = switch(&clock).with_checks("us", [CheckResult::Degraded]);
    let drill = failover().with_step_timeout(SECOND * 5).validate().unwrap();
    let report = run(&drill, &switch, &clock).await;
    assert_eq!(report.outcome, DrillOutcome::RolledBack);
}

#[tokio::test]
async fn a_step_that_may_have_happened_is_taken_back_too() {
    let clock = FakeClock::new();
    // It turns the primary off and never says so.
    let hanging = switch(&clock).with_hang("eu", false);
    let report = run(&failover().validate().unwrap(), &hanging, &clock).await;
    assert_eq!(report.outcome, DrillOutcome::RolledBack);
    assert_eq!(
        calls(&hanging),
        ["us true", "eu false", "eu true", "us false"]
    );
    assert_eq!(
        report.steps[2].result,
        StepResult::Failed("no answer in time".into())
    );
    assert_eq!(
        (hanging.on(), report.uncertain.len()),
        (vec!["eu".to_owned()], 0)
    );
    assert_eq!(hanging.fewest_on(), Some(1));
}

#[tokio::test]
async fn the_way_back_keeps_the_safety_rule_and_says_what_is_left() {
    let clock = FakeClock::new();
    // The primary goes, silently, and cannot be brought back: the standby has to stay.
    let switch = switch(&clock)
        .with_hang("eu", false)
        .with_refusal("eu", true);
    let report = run(&failover().validate().unwrap(), &switch, &clock).await;
    assert_eq!(report.outcome, DrillOutcome::RollbackFailed);
    assert_eq!(
        results(&report)[2..],
        [
            "turn off eu: failed",
            "turn on eu: failed",
            "turn off us: skipped"
        ]
    );
    assert_eq!(report.uncertain, ["eu"]);
    assert_eq!(
        (report.on, switch.on()),
        (vec!["us".to_owned()], vec!["us".to_owned()])
    );
}

#[tokio::test]
async fn a_world_that_is_not_as_planned_is_left_alone() {
    let clock = FakeClock::new();
    let switch = FakeSwitch::new([("eu", true), ("us", true)]).with_clock(clock.clone());
    let plan = DrillPlan::new([("eu", true), ("us", false), ("ap", false)])
        .turn_on("us")
        .await_up("us")
        .turn_off("eu");
    let report = run(&plan.validate().unwrap(), &switch, &clock).await;
    assert_eq!(report.outcome, DrillOutcome::NotStarted);
    assert_eq!(
        report.refusals,
        ["us is on, the plan says off", "ap: no such endpoint"]
    );
    assert_eq!(calls(&switch), Vec::<String>::new());
}

#[test]
fn a_plan_that_breaks_the_rule_is_refused_with_every_problem() {
    let plan = DrillPlan::new([("eu", true), ("us", false), ("us", false)])
        .turn_off("eu")
        .turn_off("us")
        .await_up("mars")
        .with_step_timeout(Duration::ZERO)
        .with_health(HealthConfig::new().with_rise(0))
        .with_min_serving(2);
    let refused = plan.validate().unwrap_err();
    let texts: Vec<_> = refused.problems().iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "us is listed twice",
            "a time limit is zero",
            "invalid health settings: rise must be between 1 and 1000 checks",
            "1 endpoints serve at the start, at least 2 is required",
            "step 1 leaves 0 endpoints serving, at least 2 is required",
            "step 2 cannot do anything to us as it is then",
            "step 3 is about mars, which is not listed",
        ]
    );
    assert!(
        refused
            .to_string()
            .starts_with("drill refused: us is listed twice; ")
    );
    let empty = DrillPlan::new([("eu", true)]).validate().unwrap_err();
    assert_eq!(empty.problems(), [DrillProblem::NoSteps]);
}

#[test]
fn on_is_not_enough_to_let_the_other_go() {
    let hasty = DrillPlan::new([("eu", true), ("us", false)])
        .turn_on("us")
        .turn_off("eu");
    assert!(matches!(
        hasty.validate().unwrap_err().problems(),
        [DrillProblem::Unsafe {
            step: 2,
            serving: 0,
            needed: 1
        }]
    ));
    // Whoever went has to prove itself again before it counts.
    let back = failover().turn_on("eu").turn_off("us");
    assert!(matches!(
        back.clone().validate().unwrap_err().problems(),
        [DrillProblem::Unsafe { step: 5, .. }]
    ));
    let proven = failover().turn_on("eu").await_up("eu").turn_off("us");
    let drill = proven.validate().unwrap();
    let serving: Vec<_> = drill.simulation().map(|(_, serving)| serving).collect();
    assert_eq!(serving, [1, 2, 1, 1, 2, 1]);
    let trusting = failover().with_health(HealthConfig::new().with_initial(InitialHealth::Up));
    assert!(trusting.validate().is_err(), "nothing would be proven");
}

#[tokio::test]
async fn a_report_is_serialized_in_milliseconds() {
    // errata EVR-35
    let clock = FakeClock::new();
    let switch = switch(&clock).with_latency(SECOND / 4);
    let drill = failover()
        .with_health(health().with_rise(1))
        .validate()
        .unwrap();
    let report = run(&drill, &switch, &clock).await;
    let json = serde_json::to_value(report).unwrap();
    assert_eq!(json["rtoMs"], 500);
    assert_eq!(json["outageMs"], 0);
    assert_eq!(
        json["steps"][1],
        serde_json::json!({
            "action": "awaitUp", "endpoint": "us", "result": "done", "checks": 1, "startedMs": 250, "elapsedMs": 250,
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever goes wrong on the way: what was validated never leaves fewer endpoints on than the rule says.
    #[test]
    fn no_drill_leaves_too_few(
        flips in prop::collection::vec(0..4_usize, 1..8),
        faults in prop::collection::vec((0..4_usize, any::<bool>(), any::<bool>()), 0..4),
        ill in prop::collection::vec(0..4_usize, 0..2),
        needed in 0..3_usize,
    ) {
        const NAMES: [&str; 4] = ["a", "b", "c", "d"];
        let start = [("a", true), ("b", true), ("c", false), ("d", false)];
        let mut plan = DrillPlan::new(start).with_min_serving(needed).with_health(health());
        let mut on = start.map(|(_, on)| on);
        for endpoint in flips {
            let name = NAMES[endpoint];
            plan = if on[endpoint] {
                plan.turn_off(name)
            } else {
                plan.turn_on(name).await_up(name)
            };
            on[endpoint] = !on[endpoint];
        }
        let Ok(drill) = plan.validate() else {
            return Err(TestCaseError::reject("breaks the rule"));
        };
        let clock = FakeClock::new();
        let mut switch = FakeSwitch::new(start).with_clock(clock.clone());
        for (endpoint, on, hang) in faults {
            switch = if hang {
                switch.with_hang(NAMES[endpoint], on)
            } else {
                switch.with_refusal(NAMES[endpoint], on)
            };
        }
        for endpoint in ill {
            switch = switch.with_checks(NAMES[endpoint], [CheckResult::Failed]);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let report = runtime.block_on(run(&drill, &switch, &clock));
        prop_assert!(switch.fewest_on().is_none_or(|fewest| fewest >= needed));
        match report.outcome {
            DrillOutcome::Completed => {
                prop_assert_eq!(report.steps.len(), drill.simulation().count());
                prop_assert_eq!(&report.on, &switch.on());
            }
            DrillOutcome::RolledBack => {
                prop_assert_eq!(switch.on(), ["a", "b"]);
                prop_assert_eq!(&report.on, &["a", "b"]);
                prop_assert_eq!(report.steps.last().map(|s| &s.result) == Some(&StepResult::Done), false);
            }
            DrillOutcome::RollbackFailed => {
                // Nothing is claimed that is not so.
                let on = switch.on();
                prop_assert!(report.on.iter().all(|name| on.contains(name)));
                let off = NAMES.iter().filter(|name| !on.contains(&(**name).to_owned()));
                for name in off {
                    prop_assert!(!report.on.iter().any(|known| known == name));
                }
            }
            other => prop_assert!(false, "{:?}", other),
        }
        let backwards = report.rollback.iter().all(|step| step.step.action != DrillAction::AwaitUp);
        prop_assert!(backwards, "nothing is awaited on the way back");
    }
}
