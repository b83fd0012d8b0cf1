//! What the organisation holds.

use std::collections::{BTreeMap, HashMap};

use http::HeaderMap;
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use crate::api_error::ApiError;
#[cfg(feature = "platform")]
use crate::platform::records::{Action, Credential, Installed};
#[cfg(feature = "platform")]
use crate::platform::triggers::Trigger;

/// Objects of one kind that fit.
const CAPACITY: usize = 10_000;

/// Objects in the order of their creation.
#[derive(Debug)]
pub(crate) struct Table<T> {
    kind: &'static str,
    rows: BTreeMap<u64, T>,
    keys: HashMap<String, u64>,
    next: u64,
    /// Rows that were there from the start, which leave the room as it is.
    seeded: usize,
}

impl<T> Table<T> {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self {
            kind,
            rows: BTreeMap::new(),
            keys: HashMap::new(),
            next: 1,
            seeded: 0,
        }
    }

    /// Refuses what would not fit.
    pub(crate) fn check_room(&self, more: usize) -> Result<(), ApiError> {
        if self.rows.len() + more > CAPACITY + self.seeded {
            return Err(ApiError::conflict(
                "limit.exceeded",
                format!("The sandbox holds {CAPACITY} objects of this kind."),
            ));
        }
        Ok(())
    }

    pub(crate) fn insert(&mut self, id: &str, row: T) -> Result<(), ApiError> {
        self.check_room(1)?;
        self.push(Some(id), row);
        Ok(())
    }

    /// A row that is there from the start. It may have no id, or one that an earlier row has; that one is then found.
    pub(crate) fn seed(&mut self, id: Option<&str>, row: T) {
        let id = id.filter(|id| !self.keys.contains_key(*id));
        self.push(id, row);
        self.seeded += 1;
    }

    fn push(&mut self, id: Option<&str>, row: T) {
        if let Some(id) = id {
            self.keys.insert(id.to_owned(), self.next);
        }
        self.rows.insert(self.next, row);
        self.next += 1;
    }

    pub(crate) fn get(&self, id: &str) -> Result<&T, ApiError> {
        let row = self.keys.get(id).and_then(|key| self.rows.get(key));
        row.ok_or_else(|| ApiError::unknown(self.kind, id))
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Result<&mut T, ApiError> {
        let row = self.keys.get(id).and_then(|key| self.rows.get_mut(key));
        row.ok_or_else(|| ApiError::unknown(self.kind, id))
    }

    pub(crate) fn remove(&mut self, id: &str) -> Result<T, ApiError> {
        let row = self.keys.remove(id).and_then(|key| self.rows.remove(&key));
        row.ok_or_else(|| ApiError::unknown(self.kind, id))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.values()
    }

    /// Rows with the number of their creation.
    pub(crate) fn rows(&self) -> impl Iterator<Item = (u64, &T)> {
        self.rows.iter().map(|(key, row)| (*key, row))
    }
}

/// Active or not, as the guide profile spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Active,
    Inactive,
}

impl Status {
    pub(crate) const NAMES: [&'static str; 2] = ["active", "inactive"];

    pub(crate) fn parse(text: &str) -> Self {
        if text == "active" {
            Self::Active
        } else {
            Self::Inactive
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
        }
    }
}

/// An integration definition with an endpoint (document 000).
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) endpoint: Url,
    pub(crate) username: String,
    pub(crate) password: SecretString,
    pub(crate) mapping: Value,
    pub(crate) status: Status,
    pub(crate) created: String,
}

/// An agent widget (document 001).
#[derive(Debug)]
pub(crate) struct Widget {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The members as they were sent, apart from the status.
    pub(crate) sent: Value,
    pub(crate) status: Status,
    pub(crate) created: String,
}

/// An integration in the shape in which it was created, which it keeps.
#[derive(Debug)]
pub(crate) enum Integration {
    Definition(Definition),
    Widget(Widget),
    #[cfg(feature = "platform")]
    Platform(Installed),
}

/// A webhook registration.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) target: Url,
    pub(crate) events: Vec<String>,
    pub(crate) enabled: bool,
    /// A template for what is delivered; without one the event itself is.
    pub(crate) payload: Option<Value>,
    /// The answer of the API.
    pub(crate) view: Value,
}

/// An outbound integration (document 002): events of these kinds, to the first of these destinations that takes them.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: u64,
    /// The primary first.
    pub(crate) destinations: Vec<Url>,
    pub(crate) retries: Retries,
    pub(crate) filters: Vec<EventFilter>,
    pub(crate) headers: HeaderMap,
    /// The answer of the API.
    pub(crate) view: Value,
}

/// A REST node (document 003).
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) version: u64,
    /// The answer of the API.
    pub(crate) view: Value,
}

/// How often and when a delivery is tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Retries {
    pub(crate) count: u32,
    /// Seconds before the first retry.
    pub(crate) interval: f64,
    /// By how much each pause is longer than the one before.
    pub(crate) factor: f64,
}

impl Retries {
    /// The pauses before the retries in seconds.
    pub(crate) fn pauses(self) -> impl Iterator<Item = f64> {
        std::iter::successors(Some(self.interval), move |pause| Some(pause * self.factor))
            .take(self.count as usize)
    }
}

/// One kind of event, and which of its members are wanted; none named means all.
#[derive(Debug)]
pub(crate) struct EventFilter {
    pub(crate) event: String,
    pub(crate) fields: Vec<String>,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) integrations: Table<Integration>,
    pub(crate) webhooks: Table<Webhook>,
    pub(crate) outbound: Table<Outbound>,
    pub(crate) nodes: Table<Node>,
    #[cfg(feature = "platform")]
    pub(crate) credentials: Table<Credential>,
    #[cfg(feature = "platform")]
    pub(crate) actions: Table<Action>,
    #[cfg(feature = "platform")]
    pub(crate) triggers: Table<Trigger>,
}

impl Default for Store {
    fn default() -> Self {
        Self {
            integrations: Table::new("integration"),
            webhooks: Table::new("webhook"),
            outbound: Table::new("outbound integration"),
            nodes: Table::new("node"),
            #[cfg(feature = "platform")]
            credentials: Table::new("credential"),
            #[cfg(feature = "platform")]
            actions: Table::new("action"),
            #[cfg(feature = "platform")]
            triggers: Table::new("trigger"),
        }
    }
}
