//! A token with the instants at which it is renewed and given up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use genesys_core::Token;
use resilience::Random;

/// The longest time before its expiry at which a token is no longer handed out.
const MAX_MARGIN: Duration = Duration::from_secs(30);

/// How long before its expiry a token is given up: `min(30 s, life / 10)`, so that the shortest life has some use.
pub(super) fn margin(life: Duration) -> Duration {
    (life / 10).min(MAX_MARGIN)
}

/// What readers see. Immutable; replaced as a whole.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) token: Arc<Token>,
    /// When this cache got it.
    pub(super) since: Instant,
    /// When its renewal is due.
    pub(super) soft: Instant,
    /// When it is no longer handed out.
    pub(super) hard: Instant,
}

impl Snapshot {
    /// A token that lapses at `expires_at` after a whole `life`. Renewal is due 10–20 % of the life before that, at a
    /// point of its own, so that the processes of a fleet do not renew together.
    pub(super) fn new(
        token: Arc<Token>,
        since: Instant,
        expires_at: Instant,
        life: Duration,
        random: &dyn Random,
    ) -> Self {
        let before = |lead: Duration| expires_at.checked_sub(lead).unwrap_or(expires_at);
        let tenth = life / 10;
        Self {
            token,
            since,
            soft: before(tenth + random.duration_up_to(tenth)),
            hard: before(margin(life)),
        }
    }

    /// The same token with its renewal due at `soft`, or when it is given up if that is earlier.
    pub(super) fn due_at(&self, soft: Instant) -> Self {
        Self {
            token: Arc::clone(&self.token),
            since: self.since,
            soft: soft.min(self.hard),
            hard: self.hard,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use resilience::{Clock, SeededRandom, SystemClock};
    use secrecy::SecretString;

    fn snapshot(life: Duration, seed: u64) -> (Instant, Snapshot) {
        let token = Arc::new(Token::new(SecretString::from("t")).unwrap());
        let now = SystemClock.now();
        (
            now,
            Snapshot::new(token, now, now + life, life, &SeededRandom::new(seed)),
        )
    }

    #[test]
    fn lives_of_1_30_and_31_seconds_are_not_lapsed_from_the_start() {
        // errata WID-03
        for (life, margin) in [
            (1.0, 0.1),
            (30.0, 3.0),
            (31.0, 3.1),
            (300.0, 30.0),
            (86_400.0, 30.0),
        ] {
            let life = Duration::from_secs_f64(life);
            let (now, snapshot) = snapshot(life, 1);
            assert_eq!(snapshot.hard, now + life - Duration::from_secs_f64(margin));
            assert!(snapshot.soft > now, "{life:?}");
        }
    }

    proptest! {
        #[test]
        fn renewal_is_due_at_80_to_90_percent_of_any_life(millis in 1_u64..31_622_400_000, seed: u64) {
            let life = Duration::from_millis(millis);
            let (now, snapshot) = snapshot(life, seed);
            prop_assert!(snapshot.soft >= now + life * 8 / 10);
            prop_assert!(snapshot.soft <= now + life * 9 / 10 + Duration::from_nanos(10));
            prop_assert!(snapshot.soft <= snapshot.hard);
            prop_assert!(snapshot.hard > now);
        }
    }
}
