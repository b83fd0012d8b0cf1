//! How far a mapping is.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

/// What a mapping does, one after the other.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Signs in and asks which organisation it is.
    Connect,
    /// Reads every source.
    Read,
    /// Looks up what was referred to and not listed.
    Resolve,
    /// Merges, sorts and packs the graph.
    Build,
    /// Checks the graph against the policy.
    Validate,
    /// Finds single points of failure and checks failover paths.
    Analyse,
    /// Writes the snapshot to disk.
    Store,
    /// Notifies others.
    Notify,
    /// It is over.
    Done,
}

impl Phase {
    /// A stable lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Read => "read",
            Self::Resolve => "resolve",
            Self::Build => "build",
            Self::Validate => "validate",
            Self::Analyse => "analyse",
            Self::Store => "store",
            Self::Notify => "notify",
            Self::Done => "done",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a mapping is at one moment: enough for a progress bar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ProgressSnapshot {
    /// What it does.
    pub phase: Phase,
    /// Objects in the graph so far.
    pub objects: u64,
    /// References in the graph so far.
    pub references: u64,
    /// Every source, in the order given.
    pub sources: Vec<SourceProgress>,
}

/// How far one source is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SourceProgress {
    /// Its name.
    pub name: String,
    /// What it does.
    pub state: SourceState,
    /// Objects read.
    pub objects: u64,
    /// Objects to be read; none while that is not known.
    pub total: Option<u64>,
    /// Further lists read: one for each object, such as the members of each queue.
    pub lists: u64,
    /// Further lists to be read; none while that is not known, or without any.
    pub lists_total: Option<u64>,
}

/// What a source does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SourceState {
    /// It waits for its turn.
    Waiting,
    /// It is being read.
    Reading,
    /// It was read, perhaps with gaps.
    Read,
    /// It could not be read.
    Failed,
}

/// Tells how far a mapping is. Clones tell of the same one.
#[derive(Debug, Clone)]
pub struct Progress(Arc<watch::Sender<ProgressSnapshot>>);

impl Default for Progress {
    fn default() -> Self {
        let start = ProgressSnapshot {
            phase: Phase::Connect,
            objects: 0,
            references: 0,
            sources: Vec::new(),
        };
        Self(Arc::new(watch::Sender::new(start)))
    }
}

impl Progress {
    /// Of a mapping that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far it is now.
    pub fn snapshot(&self) -> ProgressSnapshot {
        self.0.borrow().clone()
    }

    /// Follows it from now on.
    pub fn watch(&self) -> ProgressWatch {
        ProgressWatch(self.0.subscribe())
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.0.send_modify(|now| now.phase = phase);
    }

    pub(crate) fn sources<'a>(&self, names: impl Iterator<Item = &'a str>) {
        let sources = names.map(|name| SourceProgress {
            name: name.to_owned(),
            state: SourceState::Waiting,
            objects: 0,
            total: None,
            lists: 0,
            lists_total: None,
        });
        let sources: Vec<SourceProgress> = sources.collect();
        self.0.send_modify(|now| now.sources = sources);
    }

    pub(crate) fn source(&self, place: usize, change: impl FnOnce(&mut SourceProgress)) {
        self.0.send_modify(|now| {
            if let Some(source) = now.sources.get_mut(place) {
                change(source);
            }
        });
    }

    pub(crate) fn graph(&self, objects: u64, references: u64) {
        self.0.send_modify(|now| {
            now.objects = objects;
            now.references = references;
        });
    }
}

/// Follows a mapping.
#[derive(Debug, Clone)]
pub struct ProgressWatch(watch::Receiver<ProgressSnapshot>);

impl ProgressWatch {
    /// Waits until something changed, and says how far it is then; none when nobody can change it any more. What changed
    /// several times in between is told once.
    pub async fn changed(&mut self) -> Option<ProgressSnapshot> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }
}
