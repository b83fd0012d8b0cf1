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
    /// Nobody knows whether these were sent. They count as spent until the answer to a later request says.
    doubtful: u64,
    /// When the last of them became so.
    doubtful_since: Option<Instant>,
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
    Known(Window),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    ends_at: Instant,
    /// The largest count the server reported, and what was lost without a report since.
    used: u64,
    /// The first count that it reported in this window.
    first: u64,
    /// Our own answers after that one.
    answered: u64,
}

impl Window {
    /// How many requests reach the server for each one of ours, at least: 1 when we are alone.
    fn share(&self, in_flight: u64) -> f64 {
        let ours = self.answered.saturating_add(in_flight);
        let others = self.used.saturating_sub(self.first).saturating_sub(ours);
        1.0 + others as f64 / self.answered.max(1) as f64
    }

    fn count_unreported(&mut self, requests: u64) {
        self.used = self.used.saturating_add(requests);
        self.answered = self.answered.saturating_add(requests);
    }

    /// Slots that can be granted on top of those in flight.
    fn free(&self, allowed: u64, in_flight: u64, doubtful: u64) -> u64 {
        let left = allowed.saturating_sub(self.used);
        let certain = left.saturating_sub(doubtful);
        // While ours are on their way, others' are too: leave room for both.
        let share = self.share(in_flight.saturating_add(doubtful));
        let ours = (certain as f64 / share) as u64;
        match ours.min(certain).saturating_sub(in_flight) {
            0 if in_flight == 0 => left.min(1),
            free => free,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Availability {
    /// This many slots can be granted now.
    Slots(u64),
    /// None, until an answer comes back or, at the latest, that instant.
    Pending(Option<Instant>),
    /// None before that instant.
    Spent(Instant),
    /// None, until a store has answered.
    Asked,
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
            doubtful: 0,
            doubtful_since: None,
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
            Phase::Known(window) => {
                let allowed = self.allowed.unwrap_or(1);
                // The server may have counted what is still in flight already. Until the answers are
                // back, count it twice: that can cost a little time and never a refusal.
                match window.free(allowed, self.in_flight, self.doubtful) {
                    0 if window.used >= allowed => Availability::Spent(window.ends_at),
                    0 => Availability::Pending(Some(window.ends_at)),
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

    /// Grants one slot whatever is known here, because somebody who knows more granted it.
    pub(super) fn take_granted(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    /// A request that was granted at `sent` was answered with `report`.
    pub(super) fn report(&mut self, report: QuotaReport, sent: Instant, now: Instant) {
        self.settle(1);
        self.learn(report, sent, now, 1, now);
    }

    /// `answers` requests were answered. The newest of them was sent at `sent`, and answered at `heard` with `report`.
    pub(super) fn learn(
        &mut self,
        report: QuotaReport,
        sent: Instant,
        heard: Instant,
        answers: u64,
        now: Instant,
    ) {
        self.roll(now);
        let reset = report.reset.min(self.max_window);
        // Sent before the window turned and still speaking of the old one.
        let (Some(earliest), Some(latest)) = (sent.checked_add(reset), heard.checked_add(reset))
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
        // The server's count holds what was sent a while before this request, whoever sent it.
        let settled = match self.doubtful_since {
            Some(since) if sent >= later(since, GRAIN) => self.forget_doubts(),
            _ => 0,
        };
        self.phase = Phase::Known(match self.phase {
            // The window ends after `earliest - 1 s`, however the reset was rounded.
            Phase::Known(window) if earliest <= later(window.ends_at, GRAIN) => Window {
                ends_at: window.ends_at.min(latest),
                used: window.used.max(report.count),
                first: window.first,
                answered: window
                    .answered
                    .saturating_add(answers)
                    .saturating_add(settled),
            },
            _ => Window {
                ends_at: latest,
                used: report.count,
                first: report.count,
                answered: 0,
            },
        });
    }

    /// A request was answered without a report.
    pub(super) fn silent(&mut self, now: Instant) {
        self.settle(1);
        self.learn_silence(1, now);
    }

    /// The server answers without a word; `answers` requests have not been counted here yet.
    pub(super) fn learn_silence(&mut self, answers: u64, now: Instant) {
        self.roll(now);
        match &mut self.phase {
            Phase::Known(window) => window.count_unreported(answers),
            phase => *phase = Phase::Silent,
        }
    }

    /// Nobody knows whether a request was counted: assume that it was.
    pub(super) fn lost(&mut self, now: Instant) {
        self.settle(1);
        self.roll(now);
        if let Phase::Known(window) = &mut self.phase {
            window.count_unreported(1);
        }
    }

    /// Nobody knows whether these requests were sent. Unlike what was [`lost`](Self::lost), they may never have been:
    /// they count until a later answer says.
    pub(super) fn doubt(&mut self, requests: u64, now: Instant) {
        self.settle(requests);
        self.roll(now);
        if requests > 0 && matches!(self.phase, Phase::Known(_)) {
            self.doubtful = self.doubtful.saturating_add(requests);
            self.doubtful_since = Some(now);
        }
    }

    /// Granted and not settled.
    #[cfg(feature = "tokio")]
    pub(super) const fn in_flight(&self) -> u64 {
        self.in_flight
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

    /// These slots are out no more.
    pub(super) fn settle(&mut self, slots: u64) {
        self.in_flight = self.in_flight.saturating_sub(slots);
    }

    fn forget_doubts(&mut self) -> u64 {
        self.doubtful_since = None;
        std::mem::take(&mut self.doubtful)
    }

    /// Lets time pass.
    fn roll(&mut self, now: Instant) {
        if let Some(until) = self.throttled_until.filter(|until| *until <= now) {
            self.throttled_until = None;
            self.turn(until);
        }
        if let Phase::Known(window) = self.phase
            && window.ends_at <= now
        {
            self.turn(window.ends_at);
        }
    }

    fn turn(&mut self, at: Instant) {
        self.turned = self.turned.max(Some(at));
        self.phase = Phase::Unknown;
        self.forget_doubts();
    }
}

fn later(at: Instant, by: Duration) -> Instant {
    at.checked_add(by).unwrap_or(at)
}
