//! What a drill is going to do, and whether it may.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::health::{HealthConfig, InitialHealth};

const MAX_STEPS: usize = 1000;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum DrillAction {
    /// Gives the endpoint traffic.
    TurnOn,
    /// Checks the endpoint until it is up.
    AwaitUp,
    /// Takes the endpoint's traffic away.
    TurnOff,
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DrillStep {
    /// What it does.
    pub action: DrillAction,
    /// To which endpoint.
    pub endpoint: String,
}

impl fmt::Display for DrillStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            DrillAction::TurnOn => "turn on",
            DrillAction::AwaitUp => "await",
            DrillAction::TurnOff => "turn off",
        };
        write!(f, "{action} {}", self.endpoint)
    }
}

/// The steps of a switch, and the rule that no step may break.
///
/// [`validate`](Self::validate) walks through the steps in memory. Only what passes becomes a [`Drill`], and only that can run.
///
/// | setting | default |
/// | --- | --- |
/// | endpoints that serve at any time | at least 1 |
/// | time for a step | 60 s |
/// | time for one call of the switch | 10 s |
/// | checks of [`await_up`](Self::await_up) | [`HealthConfig::new`], starting fully down |
///
/// ```
/// use endpoint_probe::DrillPlan;
///
/// // Standby on, wait for it, primary off.
/// assert!(DrillPlan::failover("primary", "standby").validate().is_ok());
///
/// // The other order leaves nobody for a while.
/// let hasty = DrillPlan::new([("primary", true), ("standby", false)])
///     .turn_off("primary")
///     .turn_on("standby")
///     .await_up("standby");
/// let refused = hasty.clone().validate().unwrap_err().to_string();
/// assert_eq!(refused, "drill refused: step 1 leaves 0 endpoints serving, at least 1 is required");
/// // For the rehearsal of a primary that died, that is the point.
/// assert!(hasty.with_min_serving(0).validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct DrillPlan {
    pub(super) endpoints: Vec<(String, bool)>,
    pub(super) steps: Vec<DrillStep>,
    pub(super) min_serving: usize,
    pub(super) step_timeout: Duration,
    pub(super) call_timeout: Duration,
    pub(super) health: HealthConfig,
}

impl DrillPlan {
    /// A plan without steps over endpoints that are on or off at the start. One that is on at the start is taken to serve.
    pub fn new<N: Into<String>>(endpoints: impl IntoIterator<Item = (N, bool)>) -> Self {
        Self {
            endpoints: endpoints
                .into_iter()
                .map(|(name, on)| (name.into(), on))
                .collect(),
            steps: Vec::new(),
            min_serving: 1,
            step_timeout: Duration::from_secs(60),
            call_timeout: Duration::from_secs(10),
            health: HealthConfig::new().with_initial(InitialHealth::FullyDown),
        }
    }

    /// From `primary`, which is on, to `standby`, which is off: turn the standby on, wait until it is up, turn the primary off.
    pub fn failover(primary: impl Into<String>, standby: impl Into<String>) -> Self {
        let (primary, standby) = (primary.into(), standby.into());
        Self::new([(primary.clone(), true), (standby.clone(), false)])
            .turn_on(standby.clone())
            .await_up(standby)
            .turn_off(primary)
    }

    /// Adds a step that gives an endpoint traffic.
    pub fn turn_on(self, endpoint: impl Into<String>) -> Self {
        self.step(DrillAction::TurnOn, endpoint)
    }

    /// Adds a step that checks an endpoint until it is up. From then on it counts as one that serves, once it is on.
    pub fn await_up(self, endpoint: impl Into<String>) -> Self {
        self.step(DrillAction::AwaitUp, endpoint)
    }

    /// Adds a step that takes an endpoint's traffic away.
    pub fn turn_off(self, endpoint: impl Into<String>) -> Self {
        self.step(DrillAction::TurnOff, endpoint)
    }

    /// How many endpoints have to serve after every step: on, and either on from the start or awaited since they were last off by
    /// a step.
    pub fn with_min_serving(mut self, endpoints: usize) -> Self {
        self.min_serving = endpoints;
        self
    }

    /// How long a step may take. A step that takes longer has failed.
    pub fn with_step_timeout(mut self, timeout: Duration) -> Self {
        self.step_timeout = timeout;
        self
    }

    /// How long one call of the switch may take.
    pub fn with_call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = timeout;
        self
    }

    /// How an awaited endpoint is checked: rise, intervals and jitter. Use a fully-down initial state, unless one passed check is
    /// enough of a proof.
    pub fn with_health(mut self, health: HealthConfig) -> Self {
        self.health = health;
        self
    }

    fn step(mut self, action: DrillAction, endpoint: impl Into<String>) -> Self {
        self.steps.push(DrillStep {
            action,
            endpoint: endpoint.into(),
        });
        self
    }

    /// Walks through the steps in memory; nothing is switched.
    ///
    /// # Errors
    /// Every problem of the plan, of all its steps.
    pub fn validate(self) -> Result<Drill, DrillRefused> {
        let mut problems = Vec::new();
        let mut state: BTreeMap<&str, Phase> = BTreeMap::new();
        for (name, on) in &self.endpoints {
            if state.insert(name, Phase::at_start(*on)).is_some() {
                problems.push(DrillProblem::DuplicateEndpoint {
                    endpoint: name.clone(),
                });
            }
        }
        if self.steps.is_empty() {
            problems.push(DrillProblem::NoSteps);
        }
        if self.steps.len() > MAX_STEPS {
            problems.push(DrillProblem::TooManySteps { limit: MAX_STEPS });
        }
        if self.step_timeout.is_zero() || self.call_timeout.is_zero() {
            problems.push(DrillProblem::NoTime);
        }
        if let Err(error) = self.health.clone().validate() {
            let text = error.to_string();
            problems.push(DrillProblem::Health { text });
        } else if self.health.starts_up() {
            let text = "initial must be down: nothing would be proven".to_owned();
            problems.push(DrillProblem::Health { text });
        }
        let serving =
            |state: &BTreeMap<&str, Phase>| state.values().filter(|phase| phase.serves()).count();
        let begun = serving(&state);
        if begun < self.min_serving {
            problems.push(DrillProblem::TooFewAtStart {
                serving: begun,
                needed: self.min_serving,
            });
        }
        let mut simulation = Vec::new();
        for (number, step) in (1..).zip(self.steps.iter().take(MAX_STEPS)) {
            let endpoint = step.endpoint.as_str();
            let Some(before) = state.get(endpoint).copied() else {
                problems.push(DrillProblem::UnknownEndpoint {
                    step: number,
                    endpoint: endpoint.to_owned(),
                });
                continue;
            };
            let after = before.after(step.action);
            if after.on == before.on && step.action != DrillAction::AwaitUp {
                problems.push(DrillProblem::Pointless {
                    step: number,
                    endpoint: endpoint.to_owned(),
                });
            }
            state.insert(endpoint, after);
            let left = serving(&state);
            if before.serves() && !after.serves() && left < self.min_serving {
                problems.push(DrillProblem::Unsafe {
                    step: number,
                    serving: left,
                    needed: self.min_serving,
                });
            }
            simulation.push(left);
        }
        if problems.is_empty() {
            Ok(Drill {
                plan: self,
                simulation,
            })
        } else {
            Err(DrillRefused { problems })
        }
    }
}

/// Where an endpoint stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phase {
    pub(super) on: bool,
    pub(super) proven: bool,
}

impl Phase {
    /// What is on at the start is taken to work: it has the traffic.
    pub(super) const fn at_start(on: bool) -> Self {
        Self { on, proven: on }
    }

    pub(super) const fn serves(self) -> bool {
        self.on && self.proven
    }

    pub(super) const fn after(self, action: DrillAction) -> Self {
        match action {
            DrillAction::TurnOn => Self { on: true, ..self },
            DrillAction::AwaitUp => Self {
                proven: true,
                ..self
            },
            // Whoever comes back later has to prove itself again.
            DrillAction::TurnOff => Self {
                on: false,
                proven: false,
            },
        }
    }
}

/// A plan that breaks no rule. Made by [`DrillPlan::validate`].
#[derive(Debug, Clone, PartialEq)]
pub struct Drill {
    pub(super) plan: DrillPlan,
    simulation: Vec<usize>,
}

impl Drill {
    /// The steps, each with the number of endpoints that serve after it when all goes well.
    pub fn simulation(&self) -> impl Iterator<Item = (&DrillStep, usize)> {
        self.plan.steps.iter().zip(self.simulation.iter().copied())
    }
}

/// What is wrong with a plan. Steps count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DrillProblem {
    /// It does nothing.
    NoSteps,
    /// It has more steps than this.
    TooManySteps {
        /// The limit.
        limit: usize,
    },
    /// A time limit is zero.
    NoTime,
    /// The health settings cannot be used.
    Health {
        /// Why.
        text: String,
    },
    /// An endpoint is listed twice.
    DuplicateEndpoint {
        /// Which.
        endpoint: String,
    },
    /// Too few endpoints are on before the first step.
    TooFewAtStart {
        /// How many are.
        serving: usize,
        /// How many have to be.
        needed: usize,
    },
    /// A step is about an endpoint that is not listed.
    UnknownEndpoint {
        /// The step.
        step: usize,
        /// The endpoint.
        endpoint: String,
    },
    /// A step turns on what is on, or turns off what is off: the plan is not what its author thinks.
    Pointless {
        /// The step.
        step: usize,
        /// The endpoint.
        endpoint: String,
    },
    /// A step breaks the safety rule.
    Unsafe {
        /// The step.
        step: usize,
        /// How many endpoints serve after it.
        serving: usize,
        /// How many have to.
        needed: usize,
    },
}

impl fmt::Display for DrillProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSteps => f.write_str("the plan has no steps"),
            Self::TooManySteps { limit } => write!(f, "the plan has more than {limit} steps"),
            Self::NoTime => f.write_str("a time limit is zero"),
            Self::Health { text } => f.write_str(text),
            Self::DuplicateEndpoint { endpoint } => write!(f, "{endpoint} is listed twice"),
            Self::TooFewAtStart { serving, needed } => {
                write!(
                    f,
                    "{serving} endpoints serve at the start, at least {needed} is required"
                )
            }
            Self::UnknownEndpoint { step, endpoint } => {
                write!(f, "step {step} is about {endpoint}, which is not listed")
            }
            Self::Pointless { step, endpoint } => {
                write!(
                    f,
                    "step {step} cannot do anything to {endpoint} as it is then"
                )
            }
            Self::Unsafe {
                step,
                serving,
                needed,
            } => write!(
                f,
                "step {step} leaves {serving} endpoints serving, at least {needed} is required"
            ),
        }
    }
}

/// A [`DrillPlan`] was refused. Nothing was switched. Holds every problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrillRefused {
    problems: Vec<DrillProblem>,
}

impl DrillRefused {
    /// Every problem.
    pub fn problems(&self) -> &[DrillProblem] {
        &self.problems
    }
}

impl fmt::Display for DrillRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("drill refused")?;
        for (index, problem) in self.problems.iter().enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for DrillRefused {}
