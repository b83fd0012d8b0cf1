use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use resilience::{Clock, test_util::FakeClock};

use crate::drill::{Switch, SwitchError};
use crate::health::CheckResult;

/// A switch in memory, which does and fails what it is told.
///
/// Every endpoint passes its checks, unless a script says otherwise, and every call succeeds at once.
#[derive(Debug, Default)]
pub struct FakeSwitch {
    clock: Option<FakeClock>,
    latency: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    on: BTreeMap<String, bool>,
    checks: BTreeMap<String, VecDeque<CheckResult>>,
    broken: Vec<(String, bool, Fault)>,
    calls: Vec<(String, bool)>,
    fewest_on: Option<usize>,
}

/// How a call of [`FakeSwitch`] goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Refused,
    HangsAfterwards,
}

impl FakeSwitch {
    /// Endpoints that are on or off.
    pub fn new<N: Into<String>>(endpoints: impl IntoIterator<Item = (N, bool)>) -> Self {
        let on = endpoints.into_iter().map(|(name, on)| (name.into(), on));
        let state = State {
            on: on.collect(),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            ..Self::default()
        }
    }

    /// The clock that calls take their time from.
    #[must_use]
    pub fn with_clock(mut self, clock: FakeClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How long every call takes. Needs a clock.
    #[must_use]
    pub fn with_latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// The results of an endpoint's checks, in order; the last one is repeated.
    #[must_use]
    pub fn with_checks(
        self,
        endpoint: impl Into<String>,
        results: impl IntoIterator<Item = CheckResult>,
    ) -> Self {
        let results = results.into_iter().collect();
        self.lock().checks.insert(endpoint.into(), results);
        self
    }

    /// Refuses to turn an endpoint on (or off): nothing happens, and the call is an error.
    #[must_use]
    pub fn with_refusal(self, endpoint: impl Into<String>, on: bool) -> Self {
        self.lock()
            .broken
            .push((endpoint.into(), on, Fault::Refused));
        self
    }

    /// Turns an endpoint on (or off) and never answers.
    #[must_use]
    pub fn with_hang(self, endpoint: impl Into<String>, on: bool) -> Self {
        let fault = (endpoint.into(), on, Fault::HangsAfterwards);
        self.lock().broken.push(fault);
        self
    }

    /// Every change that was asked for, in order.
    pub fn calls(&self) -> Vec<(String, bool)> {
        self.lock().calls.clone()
    }

    /// The endpoints that are on.
    pub fn on(&self) -> Vec<String> {
        let state = self.lock();
        let on = state.on.iter().filter(|(_, on)| **on);
        on.map(|(name, _)| name.clone()).collect()
    }

    /// The fewest endpoints that were on after a change; `None` when nothing was changed.
    pub fn fewest_on(&self) -> Option<usize> {
        self.lock().fewest_on
    }

    async fn wait(&self) {
        if let Some(clock) = &self.clock
            && !self.latency.is_zero()
        {
            clock.sleep_until(clock.now() + self.latency).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Switch for FakeSwitch {
    async fn is_on(&self, endpoint: &str) -> Result<bool, SwitchError> {
        self.wait().await;
        let on = self.lock().on.get(endpoint).copied();
        on.ok_or_else(|| "no such endpoint".into())
    }

    async fn set(&self, endpoint: &str, on: bool) -> Result<(), SwitchError> {
        self.wait().await;
        let fault = {
            let mut state = self.lock();
            state.calls.push((endpoint.to_owned(), on));
            let faults = state.broken.iter();
            let fault = faults
                .filter(|(name, when, _)| name == endpoint && *when == on)
                .map(|(.., fault)| *fault)
                .next();
            if fault != Some(Fault::Refused) {
                state.on.insert(endpoint.to_owned(), on);
                let now_on = state.on.values().filter(|on| **on).count();
                state.fewest_on = Some(state.fewest_on.map_or(now_on, |few| few.min(now_on)));
            }
            fault
        };
        match fault {
            None => Ok(()),
            Some(Fault::Refused) => Err("refused by script".into()),
            Some(Fault::HangsAfterwards) => std::future::pending().await,
        }
    }

    async fn check(&self, endpoint: &str) -> Result<CheckResult, SwitchError> {
        self.wait().await;
        let mut state = self.lock();
        let Some(script) = state.checks.get_mut(endpoint) else {
            return Ok(CheckResult::Passed);
        };
        let result = if script.len() > 1 {
            script.pop_front()
        } else {
            script.front().copied()
        };
        Ok(result.unwrap_or(CheckResult::Passed))
    }
}
