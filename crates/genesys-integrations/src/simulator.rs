//! Runs REST nodes as a flow would, by name, with an account of every attempt.
//!
//! A [`Simulator`] is the engine alone: no HTTP server is in it. Its transport decides what it runs against: the external systems
//! themselves, [recorded answers](ReplayingTransport), or [faults](FaultyTransport).

use std::collections::BTreeMap;
use std::fmt;

pub mod cassette;
mod faults;
mod simulation;
mod status;

pub use cassette::{
    CassetteError, CassetteErrorKind, CassetteLimits, RecordingTransport, ReplayingTransport,
};
pub use faults::{Fault, Faults, FaultyTransport, RetryAfterForm};
pub use simulation::Simulation;
pub use status::http_status;

use crate::executor::{Executor, NodeCall, PrepareError, PreparedNode};
use crate::nodes::RestNode;

/// Nodes by name, and what runs them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Simulator {
    executor: Executor,
    nodes: std::sync::Arc<BTreeMap<String, PreparedNode>>,
}

impl Simulator {
    /// Starts without nodes.
    pub fn builder(executor: Executor) -> SimulatorBuilder {
        SimulatorBuilder {
            executor,
            nodes: Vec::new(),
        }
    }

    /// Runs the node `name` once. It never fails: a failure is an answer like any other.
    pub async fn simulate(&self, name: &str, call: NodeCall) -> Simulation {
        match self.nodes.get(name) {
            Some(node) => self.executor.execute(node, call).await.into(),
            None => Simulation::unknown(name),
        }
    }

    /// The nodes, by name.
    pub fn nodes(&self) -> impl Iterator<Item = &PreparedNode> {
        self.nodes.values()
    }

    /// The node `name`.
    pub fn node(&self, name: &str) -> Option<&PreparedNode> {
        self.nodes.get(name)
    }
}

/// Builds a [`Simulator`].
#[derive(Debug)]
#[must_use]
pub struct SimulatorBuilder {
    executor: Executor,
    nodes: Vec<RestNode>,
}

impl SimulatorBuilder {
    /// Adds a node.
    pub fn with_node(mut self, node: RestNode) -> Self {
        self.nodes.push(node);
        self
    }

    /// Adds nodes.
    pub fn with_nodes(mut self, nodes: impl IntoIterator<Item = RestNode>) -> Self {
        self.nodes.extend(nodes);
        self
    }

    /// Prepares every node.
    ///
    /// # Errors
    /// Everything that is wrong at once: no node at all, two with one name, schemas that cannot be used.
    pub fn build(self) -> Result<Simulator, SimulatorError> {
        let (mut nodes, mut problems) = (BTreeMap::new(), Vec::new());
        if self.nodes.is_empty() {
            problems.push(SimulatorProblem::NoNodes);
        }
        for node in self.nodes {
            let name = node.name().to_owned();
            if nodes.contains_key(&name) {
                problems.push(SimulatorProblem::SameName(name));
                continue;
            }
            match PreparedNode::new(&node) {
                Ok(node) => drop(nodes.insert(name, node)),
                Err(error) => problems.push(SimulatorProblem::Node { name, error }),
            }
        }
        if problems.is_empty() {
            Ok(Simulator {
                executor: self.executor,
                nodes: std::sync::Arc::new(nodes),
            })
        } else {
            Err(SimulatorError { problems })
        }
    }
}

/// One thing that is wrong with the nodes of a simulator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SimulatorProblem {
    /// There is none.
    NoNodes,
    /// Two have this name.
    SameName(String),
    /// One cannot be prepared.
    Node {
        /// Its name.
        name: String,
        /// Why.
        error: PrepareError,
    },
}

/// A simulator was refused. Holds every problem, and never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatorError {
    problems: Vec<SimulatorProblem>,
}

impl SimulatorError {
    /// Every problem, in the order of the nodes.
    pub fn problems(&self) -> &[SimulatorProblem] {
        &self.problems
    }
}

impl fmt::Display for SimulatorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unusable nodes")?;
        for (index, problem) in self.problems.iter().enumerate() {
            f.write_str(if index == 0 { ": " } else { "; " })?;
            match problem {
                SimulatorProblem::NoNodes => f.write_str("there is none")?,
                SimulatorProblem::SameName(name) => write!(f, "two are called {name}")?,
                SimulatorProblem::Node { name, error } => {
                    write!(f, "{name} {}: {}", error.member(), error.schema().reason())?;
                }
            }
        }
        Ok(())
    }
}

impl std::error::Error for SimulatorError {}
