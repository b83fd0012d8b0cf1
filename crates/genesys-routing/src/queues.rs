//! Routing queues, to be read.

use std::fmt;

use async_trait::async_trait;
use genesys_core::{Profile, Result};
use serde_json::Value;

use crate::read::{Document, Entity, ReadOptions, Snapshot};

genesys_core::id_type! {
    /// Names a queue.
    pub struct QueueId;
}

genesys_core::id_type! {
    /// Names a division.
    pub struct DivisionId;
}

/// The queues of an organisation.
#[async_trait]
pub trait Queues: fmt::Debug + Send + Sync {
    /// The wire form.
    fn profile(&self) -> Profile;

    /// Every queue. What could not be read is a gap of the snapshot.
    ///
    /// # Errors
    ///
    /// As [`Collection::read`](crate::read::Collection::read).
    async fn queues(&self, options: &ReadOptions) -> Result<Snapshot<Queue>>;

    /// Reads what is missing from a snapshot.
    ///
    /// # Errors
    ///
    /// As [`Collection::resume`](crate::read::Collection::resume).
    async fn resume_queues(
        &self,
        options: &ReadOptions,
        snapshot: Snapshot<Queue>,
    ) -> Result<Snapshot<Queue>>;

    /// One queue; none when there is none of this id.
    async fn queue(&self, id: &QueueId) -> Result<Option<Queue>>;
}

/// A queue: what most readers want of it, and its whole document for the rest.
///
/// Only the id is always there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Queue {
    /// Its id.
    pub id: QueueId,
    /// Its name.
    pub name: Option<String>,
    /// Its division.
    pub division: Option<Division>,
    /// How many members it has: the platform's `memberCount`, or the `members.total` of the source document.
    pub member_count: Option<u64>,
    document: Document,
}

/// A division, as far as an object in it says.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Division {
    /// Its id.
    pub id: DivisionId,
    /// Its name.
    pub name: Option<String>,
}

impl Division {
    pub(crate) fn of(document: &Value) -> Option<Self> {
        let division = &document["division"];
        Some(Self {
            id: DivisionId::new(division["id"].as_str()?).ok()?,
            name: division["name"].as_str().map(str::to_owned),
        })
    }
}

impl Queue {
    /// The JSON document, whose field paths tell what the queue refers to. Bounded by
    /// [`ReadOptions::with_largest_document`].
    pub fn document(&self) -> &Value {
        self.document.value()
    }
}

impl Entity for Queue {
    fn from_document(document: Document) -> Result<Self> {
        let value = document.value();
        let count = value["memberCount"]
            .as_u64()
            .or_else(|| value["members"]["total"].as_u64());
        Ok(Self {
            id: QueueId::new(document.id())?,
            name: document.name().map(str::to_owned),
            division: Division::of(value),
            member_count: count,
            document,
        })
    }

    fn as_document(&self) -> &Document {
        &self.document
    }

    fn into_document(self) -> Document {
        self.document
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn queue(value: Value) -> Queue {
        Queue::from_document(Document::new(value).unwrap()).unwrap()
    }

    #[test]
    fn either_form_of_the_member_count_is_read_and_none_is_needed() {
        // errata DEP-08, ALL-15
        assert_eq!(
            queue(json!({"id": "q", "memberCount": 3})).member_count,
            Some(3)
        );
        let guide = queue(json!({"id": "q", "members": {"total": 4}}));
        assert_eq!(guide.member_count, Some(4));
        let both = queue(json!({"id": "q", "memberCount": 3, "members": {"total": 4}}));
        assert_eq!(both.member_count, Some(3));
        let bare = queue(json!({"id": "q"}));
        assert_eq!(
            (bare.name, bare.division, bare.member_count),
            (None, None, None)
        );
        let odd = queue(
            json!({"id": "q", "name": 7, "division": {"id": ""}, "memberCount": -1, "members": []}),
        );
        assert_eq!(
            (odd.name, odd.division, odd.member_count),
            (None, None, None)
        );
    }
}
