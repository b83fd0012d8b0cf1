//! 100,000 writes to embedded clouds that reset, cut, stall, refuse and fail: what the SDK says of each against what the cloud
//! holds.
//!
//! Everything goes over real sockets, in many small organisations with several writers each. After every write its object is
//! looked up in the cloud itself:
//!
//! - `Ok`: it is there once, as written.
//! - A definite failure: it is as it was before.
//! - `OutcomeUnknown`: it is as before or as written, and after the same definition was ensured again it is there once.
//!
//! At the end of an organisation the ledger decides: as many creations as objects, so no duplicate was made and removed.
//! A creation of several parts that fails may leave parts behind, which the next call finishes; they are counted. A write that
//! takes effect after its answer was given up is a case of its own: `late.rs`.
//!
//! `stress_writes [--seed N] [--count N]`; without a seed that of `STRESS_SEED`, or a fresh one, which is printed. It fixes the
//! writes and what each request of an organisation meets; which writer's request comes first is up to the machine. Exit status 1
//! when a rule was broken, 2 for a wrong argument.

#![allow(clippy::print_stdout, reason = "a stress program reports on stdout")]

use std::process::ExitCode;

use futures_util::{StreamExt as _, stream};
use genesys_benches::seed::{part, seed};
use resilience::{Clock as _, SystemClock};

mod cloud;
mod late;
mod organisation;
mod subject;
mod tally;

use tally::Tally;

/// Any error ends the run: what cannot be set up proves nothing.
type Failed = Box<dyn std::error::Error + Send + Sync>;

const COUNT: u64 = 100_000;
/// Writes of one organisation: small, so that its lists are.
const ORGANISATION: u64 = 100;
/// Organisations at a time.
const PARALLEL: usize = 24;
/// One organisation in so many speaks the platform's form, where one definition is three objects.
const PLATFORM_EACH: u64 = 4;

fn main() -> ExitCode {
    let (seed, count) = match arguments(std::env::args().skip(1)) {
        Ok((named, count)) => (named.unwrap_or_else(|| seed("stress_writes")), count),
        Err(problem) => {
            println!("{problem}\nusage: stress_writes [--seed N] [--count N]");
            return ExitCode::from(2);
        }
    };
    println!("stress_writes: --seed {seed} --count {count}");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime.block_on(run(seed, count)),
        Err(error) => Err(error.into()),
    };
    match result {
        Ok(tally) => {
            print!("{tally}");
            ExitCode::from(u8::from(!tally.holds()))
        }
        Err(error) => {
            println!("stress_writes could not run: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(args: impl Iterator<Item = String>) -> Result<(Option<u64>, u64), String> {
    let (mut seed, mut count) = (None, COUNT);
    let mut args = args;
    while let Some(name) = args.next() {
        let value = args.next().and_then(|text| text.parse().ok());
        match (name.as_str(), value) {
            ("--seed", Some(number)) => seed = Some(number),
            ("--count", Some(number)) if number > 0 => count = number,
            _ => return Err(format!("{name} is not understood")),
        }
    }
    Ok((seed, count))
}

/// `count` writes in organisations of a hundred, and the late ones.
async fn run(seed: u64, count: u64) -> Result<Tally, Failed> {
    let started = SystemClock.now();
    let organisations = count.div_ceil(ORGANISATION);
    let runs = (0..organisations).map(|index| async move {
        let writes = ORGANISATION.min(count - index * ORGANISATION);
        let form = if index % PLATFORM_EACH == PLATFORM_EACH - 1 {
            subject::Form::Platform
        } else {
            subject::Form::Guide
        };
        // One task each, so that both threads have work.
        tokio::spawn(organisation::run(form, part(seed, index), writes)).await?
    });
    let mut total = Tally::default();
    let mut runs = stream::iter(runs).buffer_unordered(PARALLEL);
    while let Some(tally) = runs.next().await {
        total.add(tally?);
    }
    total.late = late::run(part(seed, u64::MAX), (count / 100).clamp(20, 500)).await?;
    total.elapsed = SystemClock.now().saturating_duration_since(started);
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_400_writes_every_ok_is_once_every_failure_not_at_all_and_every_unknown_can_be_settled() {
        // errata ALL-18, ALL-07, ALL-19
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let tally = runtime.block_on(run(20_260_131, 400)).unwrap();
        assert!(tally.holds(), "{tally}");
        let total = tally.total();
        assert_eq!(total.writes(), 400);
        // The run met what it is about.
        assert!(
            total.unknown > 0 && total.definite > 0 && tally.faults() > 50,
            "{tally}"
        );
        assert!(tally.late.doubled > 0 && tally.late.absorbed > 0, "{tally}");
    }

    #[test]
    fn a_wrong_argument_is_refused() {
        let parse = |line: &str| arguments(line.split_whitespace().map(str::to_owned));
        assert_eq!(parse("--seed 7 --count 9"), Ok((Some(7), 9)));
        assert_eq!(parse(""), Ok((None, COUNT)));
        for line in ["--seed", "--seed x", "--count 0", "--sed 7"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
