//! Replays check results against the health rules and prints what they lead to.
//!
//! ```sh
//! echo 'web 2 3 PPFFFDP' | cargo run --package endpoint-probe --example health_replay
//! ```
//!
//! A line is a name, `rise`, `fall` and results: `P` passed, `D` degraded, `F` failed. `--intervals MS MS MS` sets the
//! interval and the fast and the down one. As in HAProxy, an endpoint is up until its first check fails. For each check one
//! line comes out: the name, the progress, the state, and the wait for the next check in milliseconds.

#![allow(clippy::print_stdout, reason = "a program")]

use std::error::Error;
use std::time::Duration;

use endpoint_probe::{CheckResult, HealthConfig, HealthTracker, InitialHealth};
use resilience::{Clock, SeededRandom, SystemClock};

fn main() -> Result<(), Box<dyn Error>> {
    let config = configured(std::env::args().skip(1).collect())?;
    for line in std::io::stdin().lines() {
        let line = line?;
        let [name, rise, fall, results] = *line.split_whitespace().collect::<Vec<_>>() else {
            return Err(format!("not NAME RISE FALL RESULTS: {line}").into());
        };
        let config = config
            .clone()
            .with_rise(rise.parse()?)
            .with_fall(fall.parse()?)
            .validate()?;
        replay(name, config, results)?;
    }
    Ok(())
}

fn configured(arguments: Vec<String>) -> Result<HealthConfig, Box<dyn Error>> {
    let config = HealthConfig::new()
        .with_initial(InitialHealth::Up)
        .with_jitter(0.0);
    match arguments.as_slice() {
        [] => Ok(config),
        [option, normal, fast, down] if option == "--intervals" => {
            let time = |text: &str| text.parse().map(Duration::from_millis);
            Ok(config
                .with_interval(time(normal)?)
                .with_fast_interval(time(fast)?)
                .with_down_interval(time(down)?))
        }
        _ => Err("usage: health_replay [--intervals INTERVAL FAST DOWN] < SCRIPTS".into()),
    }
}

fn replay(name: &str, config: HealthConfig, results: &str) -> Result<(), Box<dyn Error>> {
    let random = SeededRandom::new(0);
    // Every check ends at the instant that it is due: no time passes in a replay.
    let mut now = SystemClock.now();
    let mut health = HealthTracker::new(config, now, &random);
    for letter in results.chars() {
        let result = match letter {
            'P' => CheckResult::Passed,
            'D' => CheckResult::Degraded,
            'F' => CheckResult::Failed,
            other => return Err(format!("no result: {other}").into()),
        };
        let update = health.observe(result, now, &random);
        let wait = update.next_check.duration_since(now);
        let progress = health.progress();
        println!(
            "{name} {}/{} {} {}",
            progress.count,
            progress.of,
            update.state,
            wait.as_millis()
        );
        now = update.next_check;
    }
    Ok(())
}
