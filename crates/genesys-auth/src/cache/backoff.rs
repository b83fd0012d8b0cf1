//! What a failed renewal does to the next callers.

use std::time::{Duration, Instant};

use genesys_core::{Error, ErrorKind};
use resilience::{Backoff, Jitter, Random};

/// The longest `Retry-After` that is obeyed, so that one wrong header cannot silence a process for good.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

/// The pause after failed renewals: 1 s, doubled up to 60 s, of which the second half is random.
const RENEWALS: Backoff = Backoff::clamp(
    Duration::from_secs(1),
    2.0,
    Duration::from_secs(60),
    Jitter::None,
);

/// A token that is invalidated at this age or later has served; a younger one was hardly ever accepted.
pub(super) const YOUNG: Duration = Duration::from_secs(60);
/// How many young tokens in a row may be invalidated before renewals are paused.
const REJECTIONS: u32 = 3;

/// `backoff`'s bound number `index`, its second half left to chance. Full jitter would now and then mean no pause.
pub(super) fn half_jittered(backoff: &Backoff, index: u32, random: &dyn Random) -> Duration {
    let half = backoff.bound(index) / 2;
    half + random.duration_up_to(half)
}

/// When the next renewal may start after failure number `failures`.
///
/// While a token serves until `hard`, the pause ends there at the latest: its expiry is reason enough to try again.
/// What the server asked for is not shortened by that.
pub(super) fn next_try(
    error: &Error,
    failures: u32,
    now: Instant,
    hard: Option<Instant>,
    refusal_memory: Duration,
    random: &dyn Random,
) -> Instant {
    let own = if error.is_transient() {
        half_jittered(&RENEWALS, failures.saturating_sub(1), random)
    } else {
        refusal_memory
    };
    let own = after(now, own);
    let own = hard.map_or(own, |hard| own.min(hard.max(now)));
    match error.retry_after() {
        Some(asked) => own.max(after(now, asked.min(MAX_RETRY_AFTER))),
        None => own,
    }
}

fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait).unwrap_or(now)
}

/// A failure that callers are told about instead of causing the next one.
#[derive(Debug)]
pub(super) struct Setback {
    pub(super) until: Instant,
    pub(super) cause: Error,
}

impl Setback {
    /// What keeps an API that refuses every token, because it is another region's, from causing a login for each call.
    pub(super) fn rejected(count: u32, now: Instant, random: &dyn Random) -> Option<Self> {
        let beyond = count.checked_sub(REJECTIONS)?;
        Some(Self {
            until: after(now, half_jittered(&RENEWALS, beyond, random)),
            cause: Error::new(
                ErrorKind::Unauthenticated,
                "one fresh token after the other was refused: is the client of this region, and enabled?",
            ),
        })
    }

    /// A refusal as it was; after a transient failure, that the renewal is backing off and how long.
    pub(super) fn error(&self, now: Instant) -> Error {
        if !self.cause.is_transient() {
            return self.cause.clone();
        }
        let left = self.until.saturating_duration_since(now);
        let left = Duration::from_millis(
            u64::try_from(left.as_millis())
                .unwrap_or(u64::MAX)
                .saturating_add(1),
        );
        Error::new(
            ErrorKind::LoginThrottled,
            "the last token renewal failed and the next one is not due yet",
        )
        .with_retry_after(Some(left))
        .with_source(self.cause.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use resilience::{Clock, SeededRandom, SystemClock};

    const MEMORY: Duration = Duration::from_secs(5);

    fn pause(error: &Error, failures: u32, hard: Option<Duration>, seed: u64) -> Duration {
        let now = SystemClock.now();
        let hard = hard.map(|hard| now + hard);
        next_try(error, failures, now, hard, MEMORY, &SeededRandom::new(seed)) - now
    }

    #[test]
    fn a_retry_after_is_never_shortened_and_at_most_an_hour() {
        let asked = |seconds| {
            Error::new(ErrorKind::LoginThrottled, "")
                .with_retry_after(Some(Duration::from_secs(seconds)))
        };
        assert_eq!(pause(&asked(100), 1, None, 1), Duration::from_secs(100));
        assert_eq!(
            pause(&asked(100), 1, Some(Duration::from_secs(2)), 1),
            Duration::from_secs(100)
        );
        assert_eq!(
            pause(&asked(1_000_000_000_000), 1, None, 1),
            MAX_RETRY_AFTER
        );
        assert!(pause(&asked(0), 1, None, 1) >= Duration::from_millis(500));
    }

    #[test]
    fn a_refusal_is_remembered_for_its_time_whatever_the_count() {
        let error = Error::new(ErrorKind::Login, "");
        assert_eq!(pause(&error, 1, None, 1), MEMORY);
        assert_eq!(pause(&error, 99, None, 1), MEMORY);
    }

    proptest! {
        #[test]
        fn pauses_grow_never_vanish_and_end_with_the_tokens_validity(failures in 1_u32.., hard in 1_u64..1_000, seed: u64) {
            let error = Error::new(ErrorKind::Connect, "");
            let bound = RENEWALS.bound(failures - 1);
            let free = pause(&error, failures, None, seed);
            prop_assert!(free >= bound / 2 && free <= bound);
            let hard = Duration::from_secs(hard);
            prop_assert!(pause(&error, failures, Some(hard), seed) <= hard);
        }
    }
}
