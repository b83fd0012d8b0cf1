//! The rules in force, and what they decide for a request.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;
use serde::Serialize;

use crate::entry::Host;
use crate::error::{SandboxError, SandboxErrorKind};
use crate::fault::{Fault, FaultKind, Stage};
use crate::seeded::Stream;

/// Rules held at once.
const RULES: usize = 1_000;

/// Names a rule, to remove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct FaultId(pub(crate) u64);

/// A rule and what it did so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FaultStatus {
    /// Its id.
    pub id: FaultId,
    /// Matching requests seen.
    pub seen: u64,
    /// Requests struck.
    pub fired: u64,
    /// The rule.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What the rules decided for one request.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) delay_before: Duration,
    pub(crate) delay_after: Duration,
    pub(crate) fault: Option<Fault>,
}

#[derive(Debug, Default)]
struct Book {
    rules: Vec<FaultStatus>,
    next: u64,
}

/// The rules in force. They can be changed while requests are under way; a request is judged when it arrives.
#[derive(Debug)]
pub struct Faults {
    book: Mutex<Book>,
    chance: Stream,
}

impl Faults {
    pub(crate) fn new(chance: Stream) -> Self {
        Self {
            book: Mutex::default(),
            chance,
        }
    }

    /// Adds a rule. Rules are asked in the order in which they were added; the first that strikes wins, except that
    /// latencies add up and join the winner.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Script`] for a status outside 200–599, an invalid header, method, path or probability, and
    /// when 1,000 rules are in force.
    pub fn add(&self, fault: Fault) -> Result<FaultId, SandboxError> {
        fault.check()?;
        let mut book = self.lock();
        if book.rules.len() >= RULES {
            return Err(SandboxError::new(
                SandboxErrorKind::Script,
                "too many fault rules are in force",
            ));
        }
        book.next += 1;
        let id = FaultId(book.next);
        book.rules.push(FaultStatus {
            id,
            seen: 0,
            fired: 0,
            fault,
        });
        Ok(id)
    }

    /// Removes a rule; false when there was none.
    pub fn remove(&self, id: FaultId) -> bool {
        let mut book = self.lock();
        let before = book.rules.len();
        book.rules.retain(|rule| rule.id != id);
        book.rules.len() != before
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.lock().rules.clear();
    }

    /// The rules and what each did so far.
    #[must_use]
    pub fn list(&self) -> Vec<FaultStatus> {
        self.lock().rules.clone()
    }

    pub(crate) fn judge(&self, host: Host, method: &Method, path: &str) -> Verdict {
        let mut verdict = Verdict::default();
        for rule in &mut self.lock().rules {
            let latency = match rule.fault.kind() {
                FaultKind::Latency { delay_ms } => Some(Duration::from_millis(*delay_ms)),
                _ => None,
            };
            if latency.is_none() && verdict.fault.is_some()
                || !rule.fault.concerns(host, method, path)
            {
                continue;
            }
            rule.seen += 1;
            let spent = rule.fault.count.is_some_and(|count| rule.fired >= count);
            if rule.seen <= rule.fault.skip || spent {
                continue;
            }
            if rule
                .fault
                .probability
                .is_some_and(|p| !self.chance.chance(p))
            {
                continue;
            }
            rule.fired += 1;
            match (latency, rule.fault.stage()) {
                (Some(delay), Stage::Before) => {
                    verdict.delay_before = verdict.delay_before.saturating_add(delay)
                }
                (Some(delay), Stage::After) => {
                    verdict.delay_after = verdict.delay_after.saturating_add(delay)
                }
                (None, _) => verdict.fault = Some(rule.fault.clone()),
            }
        }
        verdict
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(faults: &Faults, path: &str) -> bool {
        faults.judge(Host::Api, &Method::GET, path).fault.is_some()
    }

    #[test]
    fn skip_lets_pass_and_count_spends_the_rule() {
        let faults = Faults::new(Stream::new(1, 1));
        faults
            .add(Fault::reset().with_path("/x").with_skip(1).with_count(2))
            .unwrap();
        let struck: Vec<bool> = (0..5).map(|_| strikes(&faults, "/x")).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(!strikes(&faults, "/y"));
        assert_eq!((faults.list()[0].seen, faults.list()[0].fired), (5, 2));
    }

    #[test]
    fn probability_is_drawn_from_the_seed() {
        let run = || {
            let faults = Faults::new(Stream::new(9, 1));
            faults.add(Fault::reset().with_probability(0.5)).unwrap();
            (0..64).map(|_| strikes(&faults, "/")).collect::<Vec<_>>()
        };
        let first = run();
        assert_eq!(first, run());
        assert!(first.contains(&true) && first.contains(&false));
    }

    #[test]
    fn latencies_add_up_and_join_the_first_fault_that_strikes() {
        let faults = Faults::new(Stream::new(1, 1));
        for fault in [
            Fault::latency(Duration::from_millis(5)),
            Fault::status(503),
            Fault::status(500),
            Fault::latency(Duration::from_millis(7)),
        ] {
            faults.add(fault).unwrap();
        }
        let verdict = faults.judge(Host::Api, &Method::GET, "/");
        assert_eq!(verdict.delay_before, Duration::from_millis(12));
        assert_eq!(verdict.fault, Some(Fault::status(503)));
        assert_eq!(faults.list()[2].seen, 0);
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused() {
        let faults = Faults::new(Stream::new(1, 1));
        for fault in [
            Fault::status(99),
            Fault::status(503).with_header("bad name", "x"),
            Fault::reset().with_probability(1.5),
            Fault::reset().with_path("x"),
            Fault::expired_token().after_effect(),
            Fault::retry_after(99, Duration::from_secs(1)),
            Fault::retry_after_date(429, Duration::from_secs(31_536_001)),
            Fault::drip(0, Duration::ZERO),
        ] {
            assert_eq!(
                faults.add(fault).unwrap_err().kind(),
                SandboxErrorKind::Script
            );
        }
        assert!(faults.list().is_empty());
    }
}
