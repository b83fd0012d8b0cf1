//! What a gate holds of a shared window. Pure: time comes in with every call.
#![cfg_attr(
    not(feature = "tokio"),
    allow(dead_code, reason = "only a runtime can carry messages to a store")
)]

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::outbox::Outbox;
use super::slot::Fate;
use super::{LeaseAnswer, LeaseReport, QuotaConfig};

/// How long a store that failed is left alone.
const AWAY: Duration = Duration::from_secs(1);

/// The longest wait for slots that others hold.
const MAX_BUSY: Duration = Duration::from_millis(250);

/// The shortest wait that a store can ask for.
const MIN_WAIT: Duration = Duration::from_millis(1);

/// How a gate gets on with its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct StoreHealth {
    /// The store failed or took too long: for now the gate decides alone.
    pub is_away: bool,
    /// Visits to the store that succeeded.
    pub visits: u64,
    /// Visits that failed or took too long.
    pub failures: u64,
    /// Slots that the gate granted alone, because the store was away.
    pub granted_alone: u64,
}

/// The lease that a slot was granted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    id: u64,
    expires: Instant,
}

#[derive(Debug)]
struct Held {
    lease: Lease,
    slots: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The store may be asked.
    Open,
    /// It has none before then.
    Spent(Instant),
    /// Others hold what is left; it may be asked again then, or when an answer of ours comes.
    Busy(Instant),
    /// It does not answer; it may be tried again then.
    Away(Instant),
}

/// What a gate may grant from its leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtHand {
    Slots(u64),
    /// None; the store must be asked.
    Ask,
    Spent(Instant),
    Busy(Instant),
    /// The store has no say.
    Away,
}

/// What a gate's callers need.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// Callers in the queue.
    pub(super) waiting: u64,
    /// Requests under way.
    pub(super) in_flight: u64,
    /// The server has said that there is nothing to be had.
    pub(super) is_futile: bool,
}

struct Plan {
    /// Slots to ask for; 0 for none.
    want: u32,
    gives_back: bool,
}

/// What is to be done at the store, in this order.
#[derive(Debug, Clone)]
pub(super) struct Errand {
    /// The server refuses the token until then.
    pub(super) throttled: Option<Instant>,
    pub(super) reports: Vec<(u64, LeaseReport)>,
    pub(super) returns: Vec<(u64, u32)>,
    pub(super) want: u32,
    /// Before the store can grant anything.
    pub(super) begun: Instant,
}

#[derive(Debug)]
pub(super) struct Pool {
    /// Oldest first.
    held: VecDeque<Held>,
    outbox: Outbox,
    phase: Phase,
    busy_for: Duration,
    /// Somebody is on the way to the store.
    pub(super) is_visited: bool,
    health: StoreHealth,
    lease_size: u32,
    max_wait: Duration,
}

impl Pool {
    pub(super) fn new(config: &QuotaConfig) -> Self {
        Self {
            held: VecDeque::new(),
            outbox: Outbox::default(),
            phase: Phase::Open,
            busy_for: Duration::ZERO,
            is_visited: false,
            health: StoreHealth::default(),
            lease_size: config.lease_size,
            max_wait: config.max_throttle,
        }
    }

    pub(super) fn at_hand(&mut self, now: Instant) -> AtHand {
        match self.phase {
            Phase::Away(_) => return AtHand::Away,
            Phase::Spent(until) | Phase::Busy(until) if until <= now => self.phase = Phase::Open,
            Phase::Open | Phase::Spent(_) | Phase::Busy(_) => {}
        }
        match (self.slots(now), self.phase) {
            (0, Phase::Spent(until)) => AtHand::Spent(until),
            (0, Phase::Busy(until)) => AtHand::Busy(until),
            (0, _) => AtHand::Ask,
            (slots, _) => AtHand::Slots(slots),
        }
    }

    /// Slots held. What has expired is the store's again.
    fn slots(&mut self, now: Instant) -> u64 {
        self.held.retain(|held| held.lease.expires > now);
        self.held.iter().map(|held| u64::from(held.slots)).sum()
    }

    /// Takes one slot, if there is one. A gate that decides alone has granted it all the same.
    pub(super) fn take(&mut self, now: Instant) -> Option<Lease> {
        if matches!(self.phase, Phase::Away(_)) {
            self.health.granted_alone += 1;
        }
        let _ = self.slots(now);
        let held = self.held.front_mut()?;
        let lease = held.lease;
        held.slots -= 1;
        if held.slots == 0 {
            self.held.pop_front();
        }
        Some(lease)
    }

    /// Notes what became of a slot.
    pub(super) fn settle(&mut self, lease: Option<Lease>, fate: Fate, sent: Instant, now: Instant) {
        match (fate, lease) {
            (Fate::Unused, None) => {}
            (Fate::Unused, Some(lease)) => {
                match self.held.iter_mut().find(|held| held.lease == lease) {
                    Some(held) => held.slots += 1,
                    None => self.held.push_front(Held { lease, slots: 1 }),
                }
            }
            (_, lease) => {
                let lease = lease.map_or(0, |lease| lease.id);
                self.outbox.add(lease, fate, sent, now);
            }
        }
        // What the store waits for may just have come.
        if matches!(self.phase, Phase::Busy(_)) {
            self.phase = Phase::Open;
        }
    }

    /// The server refuses the whole token.
    pub(super) fn throttled(&mut self, until: Instant) {
        self.outbox.throttled(until);
    }

    /// True when somebody should visit the store now.
    pub(super) fn wants_visit(&mut self, demand: Demand, now: Instant) -> bool {
        !self.is_visited && self.plan(demand, now).is_some()
    }

    /// What to do at the store now.
    pub(super) fn errand(&mut self, demand: Demand, now: Instant) -> Option<Errand> {
        let Plan { want, gives_back } = self.plan(demand, now)?;
        let mut errand = self.outbox.take(now);
        errand.want = want;
        if gives_back {
            let returns = self.held.drain(..);
            errand.returns = returns.map(|held| (held.lease.id, held.slots)).collect();
        }
        Some(errand)
    }

    fn plan(&mut self, demand: Demand, now: Instant) -> Option<Plan> {
        let (may_ask, recovers) = match self.phase {
            Phase::Open => (true, false),
            Phase::Spent(until) | Phase::Busy(until) => (until <= now, false),
            Phase::Away(until) if now < until => return None,
            Phase::Away(_) => (true, true),
        };
        let held = self.slots(now);
        let rests = demand.waiting == 0 && demand.in_flight == 0;
        let lacks = demand.waiting > held || recovers;
        let want = if may_ask && lacks && !rests && !demand.is_futile {
            // One for each who waits, and one for each whose request is under way: they will be back.
            let wanted = demand.waiting.saturating_add(demand.in_flight) - held.min(demand.waiting);
            u32::try_from(wanted)
                .unwrap_or(u32::MAX)
                .clamp(1, self.lease_size)
        } else {
            0
        };
        let gives_back = (rests || demand.is_futile) && held > 0;
        // Without a request under way, there may be nobody to tell them later.
        let soon = demand.in_flight == 0 || demand.is_futile || want > 0;
        let tells = self.outbox.is_due(soon, now);
        (want > 0 || gives_back || tells).then_some(Plan { want, gives_back })
    }

    /// The store took everything, and answered if it was asked.
    pub(super) fn visited(&mut self, answer: Option<LeaseAnswer>, begun: Instant, now: Instant) {
        let after = |wait: Duration| now.checked_add(wait).unwrap_or(now);
        let wait = |wait: Duration| wait.clamp(MIN_WAIT, self.max_wait);
        let phase = match answer {
            None if matches!(self.phase, Phase::Away(_)) => Phase::Open,
            None => self.phase,
            Some(LeaseAnswer::Granted(granted)) => {
                // Counted from before the store granted it: never longer than the store believes.
                let expires = begun.checked_add(granted.expires_in);
                let Some(expires) = expires.filter(|at| *at > now && granted.slots > 0) else {
                    return self.failed(None, now);
                };
                self.held.push_back(Held {
                    lease: Lease {
                        id: granted.id,
                        expires,
                    },
                    slots: granted.slots,
                });
                Phase::Open
            }
            Some(LeaseAnswer::Spent(time)) => Phase::Spent(after(wait(time))),
            Some(LeaseAnswer::Busy(time)) => {
                // Who was busy already is left alone for longer.
                let longer = self.busy_for.saturating_mul(2).min(MAX_BUSY);
                self.busy_for = wait(time).max(longer);
                Phase::Busy(after(self.busy_for))
            }
        };
        if matches!(
            answer,
            Some(LeaseAnswer::Granted(_) | LeaseAnswer::Spent(_))
        ) {
            self.busy_for = Duration::ZERO;
        }
        self.phase = phase;
        self.health.visits += 1;
    }

    /// The store failed or took too long. It may have heard what it was told or not: it is not told again, and has the
    /// slots back when their lease expires. That the token is refused can be told twice.
    pub(super) fn failed(&mut self, throttled: Option<Instant>, now: Instant) {
        self.health.failures += 1;
        self.phase = Phase::Away(now.checked_add(AWAY).unwrap_or(now));
        if let Some(until) = throttled {
            self.outbox.throttled(until);
        }
    }

    pub(super) fn health(&self) -> StoreHealth {
        StoreHealth {
            is_away: matches!(self.phase, Phase::Away(_)),
            ..self.health
        }
    }
}
