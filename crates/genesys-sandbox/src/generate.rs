//! Organisations of any size, with known faults: something to judge a dependency mapper by.
//!
//! A [`Plan`] says how large the organisation is and what is wrong with it; [`Plan::build`] makes the
//! [`Organisation`] and the [`Truth`] about it. The same plan with the same seed makes the same
//! organisation, ids included.
//!
//! References go from call routes to flows to queues to whatever queues need, and among queues from earlier to later ones.
//! So the only cycles are those that were planted, and the truth about them is exact:
//!
//! ```
//! use genesys_sandbox::Sandbox;
//! use genesys_sandbox::generate::Plan;
//!
//! # async fn example() -> Result<(), genesys_sandbox::SandboxError> {
//! let made = Plan::new(7).with_queues(200).with_cycles([2, 3, 5]).with_dangling(4).with_single_points(2).build();
//! let lengths: Vec<usize> = made.truth.cycles.iter().map(Vec::len).collect();
//! assert_eq!(lengths, [2, 3, 5]);
//! assert_eq!(made.truth.dangling.len(), 4);
//!
//! let sandbox = Sandbox::builder().with_organisation(made.organisation).start().await?;
//! # sandbox.shutdown().await;
//! # Ok(()) }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
//! ```

use crate::organisation::Organisation;

mod background;
mod draft;
mod planted;
mod truth;

pub use truth::{Node, Reference, SinglePoint, Truth};

use draft::Draft;

/// An organisation and the truth about it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Generated {
    /// What to seed the sandbox with.
    pub organisation: Organisation,
    /// What a reader should find.
    pub truth: Truth,
}

/// How large an organisation is, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Plan {
    seed: u64,
    queues: usize,
    members: usize,
    density: usize,
    cycles: Vec<usize>,
    flow_cycles: usize,
    self_references: usize,
    diamonds: usize,
    dangling: usize,
    single_points: usize,
    orphans: usize,
    without_id: usize,
    duplicates: usize,
    hostile_names: bool,
}

impl Plan {
    /// An organisation of 50 queues with nothing wrong about it.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            queues: 50,
            members: 5,
            density: 4,
            cycles: Vec::new(),
            flow_cycles: 0,
            self_references: 0,
            diamonds: 0,
            dangling: 0,
            single_points: 0,
            orphans: 0,
            without_id: 0,
            duplicates: 0,
            hostile_names: false,
        }
    }

    /// Sets how many queues it has beside the planted ones, at least 4. Default 50. Objects of the other kinds are in
    /// proportion: about five objects a queue in all.
    pub fn with_queues(mut self, queues: usize) -> Self {
        self.queues = queues.max(4);
        self
    }

    /// Sets how many members a queue has, at least 1. Default 5.
    pub fn with_members(mut self, members: usize) -> Self {
        self.members = members.max(1);
        self
    }

    /// Sets how many groups of agents, skills and libraries a queue refers to beside everything else. Default 4.
    pub fn with_density(mut self, references: usize) -> Self {
        self.density = references;
        self
    }

    /// Plants a ring of queues of each of these lengths, at least 2.
    pub fn with_cycles(mut self, lengths: impl IntoIterator<Item = usize>) -> Self {
        self.cycles = lengths.into_iter().map(|length| length.max(2)).collect();
        self
    }

    /// Plants pairs of flows that use each other, as flows lawfully do.
    pub fn with_flow_cycles(mut self, pairs: usize) -> Self {
        self.flow_cycles = pairs;
        self
    }

    /// Plants queues that name themselves as their backup.
    pub fn with_self_references(mut self, queues: usize) -> Self {
        self.self_references = queues;
        self
    }

    /// Plants diamonds of four queues: two ways from the first to the last, and no cycle.
    pub fn with_diamonds(mut self, diamonds: usize) -> Self {
        self.diamonds = diamonds;
        self
    }

    /// Plants references to objects that do not exist: flows, prompts, queues, and prompts that a flow used.
    pub fn with_dangling(mut self, references: usize) -> Self {
        self.dangling = references;
        self
    }

    /// Plants flows on which several call routes depend entirely. See [`Truth::single_points`].
    pub fn with_single_points(mut self, flows: usize) -> Self {
        self.single_points = flows;
        self
    }

    /// Plants data tables that nothing refers to.
    pub fn with_orphans(mut self, tables: usize) -> Self {
        self.orphans = tables;
        self
    }

    /// Adds queues that have no id.
    pub fn with_objects_without_id(mut self, queues: usize) -> Self {
        self.without_id = queues;
        self
    }

    /// Lists that many queues twice.
    pub fn with_duplicates(mut self, queues: usize) -> Self {
        self.duplicates = queues;
        self
    }

    /// Gives planted objects names that have to be escaped wherever they are shown.
    pub fn with_hostile_names(mut self) -> Self {
        self.hostile_names = true;
        self
    }

    /// Makes it.
    #[must_use]
    pub fn build(&self) -> Generated {
        let mut draft = Draft::new(self.seed, self.hostile_names);
        background::fill(&mut draft, self);
        planted::fill(&mut draft, self);
        draft.finish()
    }
}
