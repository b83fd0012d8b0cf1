//! The execution.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use resilience::{Clock, Random, timeout_at};

use super::Switch;
use super::plan::{Drill, DrillAction, DrillPlan, DrillStep, Phase};
use super::report::{DrillOutcome, DrillReport, StepReport, StepResult};
use crate::health::{CheckResult, HealthTracker};
use crate::serial::shown;

impl Drill {
    /// Executes the plan against `switch`, measured with `clock`.
    ///
    /// 1. Every endpoint is asked whether it is on. When one is not as the plan says, nothing is switched.
    /// 2. The steps are done in order. One that fails, or takes longer than its time, ends that.
    /// 3. After a failure all that was done is taken back in reverse order, the failed step included, because it may have
    ///    happened. A step back that would leave too few endpoints that serve is left out and told.
    ///
    /// Each check that takes too long or gives an error counts as failed. `random` is for the jitter between checks.
    ///
    /// **Dropping the future leaves the endpoints as they are at that moment**, without a rollback: give it a task of its own.
    ///
    /// ```
    /// use endpoint_probe::{DrillPlan, DrillOutcome, test_util::FakeSwitch};
    /// use resilience::{SeededRandom, test_util::FakeClock};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let clock = FakeClock::new();
    /// let switch = FakeSwitch::new([("eu", true), ("us", false)])
    ///     .with_clock(clock.clone())
    ///     .with_latency(Duration::from_millis(200));
    /// let drill = DrillPlan::failover("eu", "us").validate()?;
    /// let report = clock.drive(drill.run(&switch, &clock, &SeededRandom::new(1))).await;
    /// assert_eq!(report.outcome, DrillOutcome::Completed);
    /// assert_eq!(report.on, ["us"]);
    /// assert_eq!(report.outage, Duration::ZERO);
    /// assert!(report.rto.unwrap() > Duration::from_secs(2)); // Two checks, 2 s apart.
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn run(
        &self,
        switch: &dyn Switch,
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> DrillReport {
        let mut run = Run::new(&self.plan, switch, clock, random);
        let refusals = run.refusals().await;
        if !refusals.is_empty() {
            return run.report(DrillOutcome::NotStarted, refusals, Vec::new(), Vec::new());
        }
        // What was asked before belongs to no outage.
        run.begin();
        let mut steps = Vec::new();
        for step in &self.plan.steps {
            let report = run.forward(step).await;
            let done = report.result == StepResult::Done;
            steps.push(report);
            if !done {
                break;
            }
        }
        let failed = steps
            .last()
            .is_some_and(|step| step.result != StepResult::Done);
        if !failed {
            return run.report(DrillOutcome::Completed, Vec::new(), steps, Vec::new());
        }
        let rollback = run.back(steps.len()).await;
        let outcome = if rollback.iter().all(|step| step.result == StepResult::Done) {
            DrillOutcome::RolledBack
        } else {
            DrillOutcome::RollbackFailed
        };
        run.report(outcome, Vec::new(), steps, rollback)
    }
}

/// A drill that runs.
struct Run<'a> {
    plan: &'a DrillPlan,
    switch: &'a dyn Switch,
    clock: &'a dyn Clock,
    random: &'a dyn Random,
    start: Instant,
    phases: BTreeMap<&'a str, Phase>,
    uncertain: BTreeSet<&'a str>,
    /// How each endpoint stood before each step.
    before: Vec<Phase>,
    /// Since when nobody serves.
    dark_since: Option<Instant>,
    outage: Duration,
    last_served: Option<Instant>,
}

impl<'a> Run<'a> {
    fn new(
        plan: &'a DrillPlan,
        switch: &'a dyn Switch,
        clock: &'a dyn Clock,
        random: &'a dyn Random,
    ) -> Self {
        let phases = plan.endpoints.iter();
        Self {
            phases: phases
                .map(|(name, on)| (name.as_str(), Phase::at_start(*on)))
                .collect(),
            plan,
            switch,
            clock,
            random,
            start: clock.now(),
            uncertain: BTreeSet::new(),
            before: Vec::new(),
            dark_since: None,
            outage: Duration::ZERO,
            last_served: None,
        }
    }

    /// In what the endpoints differ from the plan.
    async fn refusals(&self) -> Vec<String> {
        let mut refusals = Vec::new();
        for (name, expected) in &self.plan.endpoints {
            let deadline = self.clock.now() + self.plan.call_timeout;
            let word = |on: bool| if on { "on" } else { "off" };
            match timeout_at(self.clock, deadline, self.switch.is_on(name)).await {
                Ok(Ok(on)) if on == *expected => {}
                Ok(Ok(on)) => refusals.push(format!(
                    "{name} is {}, the plan says {}",
                    word(on),
                    word(*expected)
                )),
                Ok(Err(error)) => refusals.push(format!("{name}: {}", shown(&error.to_string()))),
                Err(_) => refusals.push(format!("{name}: no answer in time")),
            }
        }
        refusals
    }

    fn begin(&mut self) {
        self.start = self.clock.now();
        self.dark_since = (self.serving() == 0).then_some(self.start);
    }

    fn serving(&self) -> usize {
        self.phases.values().filter(|phase| phase.serves()).count()
    }

    /// Notes how an endpoint stands from now on, and what that means for the outage.
    fn enter(&mut self, endpoint: &'a str, phase: Phase) {
        let now = self.clock.now();
        let before = self.phases.insert(endpoint, phase);
        if phase.serves() && !before.is_some_and(Phase::serves) {
            self.last_served = Some(now);
        }
        match (self.serving(), self.dark_since) {
            (0, None) => self.dark_since = Some(now),
            (1.., Some(since)) => {
                self.outage += now.saturating_duration_since(since);
                self.dark_since = None;
            }
            _ => {}
        }
    }

    async fn forward(&mut self, step: &'a DrillStep) -> StepReport {
        let endpoint = step.endpoint.as_str();
        let before = self.phase(endpoint);
        self.before.push(before);
        let started = self.clock.now();
        let (result, checks) = match step.action {
            DrillAction::TurnOn => (self.set(endpoint, before.after(step.action)).await, 0),
            DrillAction::TurnOff => (self.set(endpoint, before.after(step.action)).await, 0),
            DrillAction::AwaitUp => self.await_up(endpoint, started).await,
        };
        if result == StepResult::Done && step.action == DrillAction::AwaitUp {
            self.enter(endpoint, before.after(step.action));
        }
        self.step_report(step.clone(), result, checks, started)
    }

    fn phase(&self, endpoint: &str) -> Phase {
        let phase = self.phases.get(endpoint).copied();
        phase.unwrap_or(Phase::at_start(false))
    }

    /// Turns an endpoint on or off, so that it stands at `target` then.
    async fn set(&mut self, endpoint: &'a str, target: Phase) -> StepResult {
        if !target.on {
            self.enter(endpoint, target);
        }
        let deadline = self.clock.now() + self.plan.call_timeout.min(self.plan.step_timeout);
        let call = self.switch.set(endpoint, target.on);
        let answer = timeout_at(self.clock, deadline, call).await;
        match answer {
            Ok(Ok(())) => {
                self.uncertain.remove(endpoint);
                self.enter(endpoint, target);
                StepResult::Done
            }
            Ok(Err(error)) => {
                self.uncertain.insert(endpoint);
                StepResult::Failed(shown(&error.to_string()))
            }
            Err(_) => {
                self.uncertain.insert(endpoint);
                StepResult::Failed("no answer in time".to_owned())
            }
        }
    }

    /// Checks until the endpoint is up; stops as soon as the next check would come too late.
    async fn await_up(&self, endpoint: &str, started: Instant) -> (StepResult, u32) {
        let deadline = started + self.plan.step_timeout;
        let mut health = HealthTracker::new(self.plan.health.clone(), started, self.random);
        let mut checks = 0;
        while health.next_check() < deadline {
            self.clock.sleep_until(health.next_check()).await;
            let limit = (self.clock.now() + self.plan.call_timeout).min(deadline);
            let answer = timeout_at(self.clock, limit, self.switch.check(endpoint)).await;
            let result = match answer {
                Ok(Ok(result)) => result,
                Ok(Err(_)) | Err(_) => CheckResult::Failed,
            };
            checks += 1;
            let update = health.observe(result, self.clock.now(), self.random);
            if update.state.is_up() {
                return (StepResult::Done, checks);
            }
        }
        let reason = format!("{} after {checks} checks", health.state());
        (StepResult::Failed(reason), checks)
    }

    /// Takes back the first `count` steps, the last one first.
    async fn back(&mut self, count: usize) -> Vec<StepReport> {
        let plan = self.plan;
        let mut reports = Vec::new();
        for index in (0..count).rev() {
            let step = &plan.steps[index];
            let action = match step.action {
                DrillAction::TurnOn => DrillAction::TurnOff,
                DrillAction::TurnOff => DrillAction::TurnOn,
                DrillAction::AwaitUp => continue,
            };
            let endpoint = step.endpoint.as_str();
            let target = self.before[index];
            let started = self.clock.now();
            let others = self.serving() - usize::from(self.phase(endpoint).serves());
            let result = if !target.on && others < plan.min_serving {
                StepResult::Skipped
            } else {
                self.set(endpoint, target).await
            };
            let step = DrillStep {
                action,
                endpoint: step.endpoint.clone(),
            };
            reports.push(self.step_report(step, result, 0, started));
        }
        reports
    }

    fn step_report(
        &self,
        step: DrillStep,
        result: StepResult,
        checks: u32,
        started: Instant,
    ) -> StepReport {
        StepReport {
            step,
            result,
            checks,
            started: started.saturating_duration_since(self.start),
            elapsed: self.clock.now().saturating_duration_since(started),
        }
    }

    fn report(
        self,
        outcome: DrillOutcome,
        refusals: Vec<String>,
        steps: Vec<StepReport>,
        rollback: Vec<StepReport>,
    ) -> DrillReport {
        let now = self.clock.now();
        let dark = self
            .dark_since
            .map(|since| now.saturating_duration_since(since));
        let rto = self
            .last_served
            .filter(|_| outcome == DrillOutcome::Completed)
            .map(|at| at.saturating_duration_since(self.start));
        let certain = |name: &&str| !self.uncertain.contains(*name);
        let on = self.phases.iter().filter(|(_, phase)| phase.on);
        DrillReport {
            outcome,
            refusals,
            steps,
            rollback,
            rto,
            outage: self.outage + dark.unwrap_or_default(),
            elapsed: now.saturating_duration_since(self.start),
            on: on
                .map(|(name, _)| *name)
                .filter(certain)
                .map(str::to_owned)
                .collect(),
            uncertain: self
                .uncertain
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
        }
    }
}
