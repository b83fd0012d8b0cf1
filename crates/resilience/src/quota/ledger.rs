//! What is known about one window. Pure: time comes in with every call.

use std::time::{Duration, Instant};

use super::{QuotaConfig, QuotaReport};

/// Servers report whole seconds.
const GRAIN: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Ledger {
    phase: Phase,
    /// The last limit the server named.
    allowed: Option<u64>,
    /// Granted and not settled yet.
    in_flight: u64,
    /// The end of the previous window, as far as it was known.
    turned: Option<Instant>,
    /// The server refuses everything until then.
    throttled_until: Option<Instant>,
    /// The server was seen to round its reset down.
    rounds_down: bool,
    probing: u64,
    max_window: Duration,
    max_throttle: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing is known about the window that runs now.
    Unknown,
    /// The server answers without saying anything about quota.
    Silent,
    /// `used` of the window that ends at `ends_at` are gone.
    Known { ends_at: Instant, used: u64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Availability {
    /// This many slots can be granted now.
    Slots(u64),
    /// None, until an answer comes back or, at the latest, that instant.
    Pending(Option<Instant>),
    /// None before that instant.
    Spent(Instant),
}

impl Ledger {
    pub(super) fn new(config: &QuotaConfig) -> Self {
        Self {
            phase: Phase::Unknown,
            allowed: None,
            in_flight: 0,
            turned: None,
            throttled_until: None,
            rounds_down: false,
            probing: config.probing,
            max_window: config.max_window,
            max_throttle: config.max_throttle,
        }
    }

    pub(super) fn available(&mut self, now: Instant) -> Availability {
        self.roll(now);
        if let Some(until) = self.throttled_until {
            return Availability::Spent(until);
        }
        match self.phase {
            Phase::Silent => Availability::Slots(u64::MAX),
            // What others of the same token did with this window is not known either: a few at a time
            // until the first answer says.
            Phase::Unknown => {
                let limit = self
                    .allowed
                    .map_or(self.probing, |allowed| allowed.min(self.probing));
                match limit.saturating_sub(self.in_flight) {
                    0 => Availability::Pending(None),
                    free => Availability::Slots(free),
                }
            }
            Phase::Known { ends_at, used } => {
                let allowed = self.allowed.unwrap_or(1);
                // The server may have counted what is still in flight already. Until the answers are
                // back, count it twice: that can cost a little time and never a refusal.
                match allowed.saturating_sub(used.saturating_add(self.in_flight)) {
                    0 if used >= allowed => Availability::Spent(ends_at),
                    0 => Availability::Pending(Some(ends_at)),
                    free => Availability::Slots(free),
                }
            }
        }
    }

    /// Grants up to `want` slots.
    pub(super) fn take(&mut self, want: u64, now: Instant) -> Result<u64, Availability> {
        match self.available(now) {
            Availability::Slots(free) => {
                let granted = free.min(want);
                self.in_flight = self.in_flight.saturating_add(granted);
                Ok(granted)
            }
            other => Err(other),
        }
    }

    /// A request that was granted at `sent` was answered with `report`.
    pub(super) fn report(&mut self, report: QuotaReport, sent: Instant, now: Instant) {
        self.settle(1);
        self.roll(now);
        let reset = report.reset.min(self.max_window);
        // Sent before the window turned and still speaking of the old one.
        let (Some(earliest), Some(latest)) = (sent.checked_add(reset), now.checked_add(reset))
        else {
            return;
        };
        if let Some(turned) = self.turned {
            let same_as_before = earliest <= later(turned, GRAIN);
            if sent < turned && same_as_before {
                return;
            }
            // Sent after the end that we believed in, and the server still speaks of the same window.
            if same_as_before && self.phase == Phase::Unknown && report.count >= report.allowed {
                self.rounds_down = true;
            }
        }
        let slack = if self.rounds_down {
            GRAIN
        } else {
            Duration::ZERO
        };
        let latest = later(latest, slack);
        self.allowed = Some(report.allowed.max(1));
        self.phase = match self.phase {
            // The window ends after `earliest - 1 s`, however the reset was rounded.
            Phase::Known { ends_at, used } if earliest <= later(ends_at, GRAIN) => Phase::Known {
                ends_at: ends_at.min(latest),
                used: used.max(report.count),
            },
            _ => Phase::Known {
                ends_at: latest,
                used: report.count,
            },
        };
    }

    /// A request was answered without a report.
    pub(super) fn silent(&mut self, now: Instant) {
        self.settle(1);
        self.roll(now);
        match &mut self.phase {
            Phase::Known { used, .. } => *used = used.saturating_add(1),
            phase => *phase = Phase::Silent,
        }
    }

    /// Nobody knows whether a request was counted: assume that it was.
    pub(super) fn lost(&mut self, now: Instant) {
        self.settle(1);
        self.roll(now);
        if let Phase::Known { used, .. } = &mut self.phase {
            *used = used.saturating_add(1);
        }
    }

    /// Slots that were granted and not used.
    pub(super) fn give_back(&mut self, slots: u64) {
        self.settle(slots);
    }

    /// The server refuses the whole token for `wait`.
    pub(super) fn throttle(&mut self, wait: Duration, now: Instant) {
        self.roll(now);
        let turned_early = self.phase == Phase::Unknown
            && self
                .turned
                .is_some_and(|turned| now.saturating_duration_since(turned) < GRAIN);
        if turned_early && wait <= GRAIN {
            self.rounds_down = true;
        }
        let until = later(now, wait.min(self.max_throttle));
        self.throttled_until = self.throttled_until.max(Some(until));
    }

    fn settle(&mut self, slots: u64) {
        self.in_flight = self.in_flight.saturating_sub(slots);
    }

    /// Lets time pass.
    fn roll(&mut self, now: Instant) {
        if let Some(until) = self.throttled_until.filter(|until| *until <= now) {
            self.throttled_until = None;
            self.turn(until);
        }
        if let Phase::Known { ends_at, .. } = self.phase
            && ends_at <= now
        {
            self.turn(ends_at);
        }
    }

    fn turn(&mut self, at: Instant) {
        self.turned = self.turned.max(Some(at));
        self.phase = Phase::Unknown;
    }
}

fn later(at: Instant, by: Duration) -> Instant {
    at.checked_add(by).unwrap_or(at)
}
