use std::time::Duration;

use endpoint_probe::{
    CheckResult::{self, Degraded, Failed, Passed},
    HealthCause, HealthConfig, HealthState, HealthTracker, InitialHealth,
};
use resilience::{Clock, SeededRandom, test_util::FakeClock};

const SECOND: Duration = Duration::from_secs(1);

fn config() -> HealthConfig {
    HealthConfig::new().with_interval(SECOND).with_jitter(0.0)
}

/// The transitions that results lead to, as the number of the check, the new state and the cause.
fn transitions(
    config: HealthConfig,
    results: &[CheckResult],
) -> Vec<(usize, HealthState, HealthCause)> {
    let clock = FakeClock::new();
    let random = SeededRandom::new(7);
    let mut health = HealthTracker::new(config, clock.now(), &random);
    let mut seen = Vec::new();
    for (number, result) in (1..).zip(results) {
        clock.advance_to(health.next_check());
        let update = health.observe(*result, clock.now(), &random);
        seen.extend(
            update
                .transition
                .map(|change| (number, change.to, change.cause)),
        );
    }
    seen
}

#[test]
fn nothing_is_trusted_before_its_first_check_and_the_first_check_decides() {
    let rose = (1, HealthState::Up, HealthCause::Rose { checks: 1 });
    assert_eq!(transitions(config(), &[Passed]), [rose]);
    assert_eq!(transitions(config(), &[Failed, Passed]), []);
}

#[test]
fn each_initial_state_takes_its_own_number_of_checks() {
    let starting = |initial| config().with_rise(2).with_fall(3).with_initial(initial);
    let when = |initial, result| {
        transitions(starting(initial), &[result; 5])
            .first()
            .map(|(number, ..)| *number)
    };
    assert_eq!(when(InitialHealth::FullyUp, Failed), Some(3));
    assert_eq!(when(InitialHealth::Up, Failed), Some(1));
    assert_eq!(when(InitialHealth::Down, Passed), Some(1));
    assert_eq!(when(InitialHealth::FullyDown, Passed), Some(2));
}

#[test]
fn one_answer_of_the_other_kind_starts_the_count_again() {
    let config = config()
        .with_rise(3)
        .with_fall(3)
        .with_initial(InitialHealth::FullyUp);
    let results = [
        Failed, Failed, Passed, Failed, Failed, Failed, // Down at the sixth.
        Passed, Passed, Failed, Passed, Passed, Passed, // Up at the twelfth.
    ];
    let seen = transitions(config, &results);
    assert_eq!(
        seen,
        [
            (6, HealthState::Down, HealthCause::Fell { checks: 3 }),
            (12, HealthState::Up, HealthCause::Rose { checks: 3 }),
        ]
    );
}

#[test]
fn a_degraded_answer_keeps_an_endpoint_up_and_brings_none_back() {
    let results = [
        Passed, Degraded, Failed, Passed, Degraded, Failed, Failed, Failed, Degraded, Degraded,
        Degraded,
    ];
    let seen = transitions(config(), &results);
    assert_eq!(
        seen,
        [
            (1, HealthState::Up, HealthCause::Rose { checks: 1 }),
            (2, HealthState::Degraded, HealthCause::Degraded),
            (4, HealthState::Up, HealthCause::Restored),
            (5, HealthState::Degraded, HealthCause::Degraded),
            (8, HealthState::Down, HealthCause::Fell { checks: 3 }),
        ]
    );
}

#[test]
fn the_interval_follows_the_doubt() {
    let config = HealthConfig::new()
        .with_jitter(0.0)
        .with_interval(SECOND * 10)
        .with_fast_interval(SECOND)
        .with_down_interval(SECOND * 30);
    let clock = FakeClock::new();
    let random = SeededRandom::new(7);
    let mut health = HealthTracker::new(config, clock.now(), &random);
    let mut waits = Vec::new();
    for result in [Passed, Failed, Failed, Failed, Passed, Passed] {
        clock.advance_to(health.next_check());
        let update = health.observe(result, clock.now(), &random);
        waits.push((update.next_check - clock.now()).as_secs());
    }
    assert_eq!(waits, [10, 1, 1, 30, 1, 10]);
    assert!(!health.is_due(clock.now()));
    assert!(health.is_due(clock.now() + SECOND * 10));
}

#[test]
fn jitter_spreads_checks_to_both_sides_and_the_first_one_too() {
    let clock = FakeClock::new();
    let random = SeededRandom::new(7);
    let config = config().with_jitter(0.5);
    let (mut early, mut late) = (0, 0);
    for _ in 0..200 {
        let now = clock.now();
        let mut health = HealthTracker::new(config.clone(), now, &random);
        assert!(health.next_check() <= now + SECOND / 2);
        let wait = health.observe(Passed, now, &random).next_check - now;
        assert!((SECOND / 2..=SECOND * 3 / 2).contains(&wait));
        if wait < SECOND * 9 / 10 {
            early += 1;
        } else if wait > SECOND * 11 / 10 {
            late += 1;
        }
    }
    assert!(early > 40 && late > 40, "{early} early, {late} late");
}

#[test]
fn an_endpoint_that_flaps_is_out_until_the_window_is_empty() {
    let config = config()
        .with_rise(1)
        .with_fall(1)
        .with_flap_detection(4, SECOND * 10);
    // Changes at 0, 1, 2 and 3 s; then up without a change.
    let mut results = vec![Passed, Failed, Passed, Failed, Passed];
    results.extend([Passed; 12]);
    let seen = transitions(config, &results);
    assert_eq!(
        seen[3..],
        [
            (
                4,
                HealthState::Flapping,
                HealthCause::Flapping { changes: 4 }
            ),
            // The last change is the fifth check's, at 4 s; the check at 14 s is the fifteenth.
            (15, HealthState::Up, HealthCause::Calm),
        ]
    );
}

#[test]
fn changes_that_are_far_apart_are_no_flapping() {
    let config = config()
        .with_rise(1)
        .with_fall(1)
        .with_flap_detection(3, SECOND * 4);
    let results = [Passed, Passed, Failed, Failed, Passed, Passed, Failed];
    assert!(
        transitions(config, &results)
            .iter()
            .all(|(_, state, _)| *state != HealthState::Flapping)
    );
}

#[test]
fn slow_start_is_for_those_that_came_up_only() {
    let clock = FakeClock::new();
    let random = SeededRandom::new(7);
    let config = config()
        .with_rise(1)
        .with_fall(1)
        .with_slow_start(SECOND * 100);
    let from_the_start = config.clone().with_initial(InitialHealth::Up);
    let mut old = HealthTracker::new(from_the_start, clock.now(), &random);
    let _ = old.observe(Passed, clock.now(), &random);
    assert_eq!(old.weight(clock.now()), 1.0);

    let mut new = HealthTracker::new(config, clock.now(), &random);
    assert_eq!(new.weight(clock.now()), 0.0);
    let _ = new.observe(Passed, clock.now(), &random);
    let weights = [0, 25, 50, 100, 200].map(|after| new.weight(clock.now() + SECOND * after));
    assert_eq!(weights, [0.01, 0.25, 0.5, 1.0, 1.0]);
}

#[test]
fn progress_counts_as_haproxy_writes_it() {
    let clock = FakeClock::new();
    let random = SeededRandom::new(7);
    let config = config().with_rise(2).with_fall(3);
    let mut health = HealthTracker::new(config, clock.now(), &random);
    let mut told = Vec::new();
    for result in [Passed, Failed, Failed, Failed, Passed, Passed] {
        let _ = health.observe(result, clock.now(), &random);
        let progress = health.progress();
        told.push(format!(
            "{}/{} {}",
            progress.count,
            progress.of,
            health.state()
        ));
    }
    assert_eq!(
        told,
        [
            "3/3 up", "2/3 up", "1/3 up", "0/2 down", "1/2 down", "3/3 up"
        ]
    );
}

#[test]
fn every_wrong_setting_is_named_and_clamp_repairs_them() {
    let wrong = HealthConfig::new()
        .with_rise(0)
        .with_fall(5000)
        .with_interval(Duration::ZERO)
        .with_fast_interval(Duration::MAX)
        .with_down_interval(Duration::ZERO)
        .with_jitter(f64::INFINITY)
        .with_flap_detection(1, SECOND)
        .with_slow_start(Duration::MAX);
    let error = wrong.clone().validate().unwrap_err();
    let fields: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| problem.field)
        .collect();
    assert_eq!(
        fields,
        [
            "rise",
            "fall",
            "interval",
            "fast_interval",
            "down_interval",
            "jitter",
            "flap_detection",
            "slow_start"
        ]
    );
    let text = error.to_string();
    assert!(fields.iter().all(|field| text.contains(field)), "{text}");
    for config in [wrong, HealthConfig::new().with_jitter(f64::NAN)] {
        assert!(config.clamp().validate().is_ok());
    }
    assert!(HealthConfig::new().validate().is_ok());
}

#[test]
fn a_transition_is_serialized_with_its_evidence() {
    let clock = FakeClock::new();
    let random = SeededRandom::new(7);
    let mut health = HealthTracker::new(config(), clock.now(), &random);
    let change = health.observe(Passed, clock.now(), &random).transition;
    assert_eq!(
        serde_json::to_value(change).unwrap(),
        serde_json::json!({"from": "down", "to": "up", "cause": {"kind": "rose", "checks": 1}})
    );
}
