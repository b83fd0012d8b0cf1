//! The members of queues, to be read.

use std::fmt;

use async_trait::async_trait;
use genesys_core::Result;
use serde_json::Value;

use crate::queues::QueueId;
use crate::read::{Document, Entity, ReadOptions, Snapshot};

genesys_core::id_type! {
    /// Names a person.
    pub struct UserId;
}

/// Who is a member of which queue.
#[async_trait]
pub trait QueueMembers: fmt::Debug + Send + Sync {
    /// Every member of a queue. The list does not say how long it is, so whether it changed meanwhile stays
    /// [unknown](crate::read::Consistency::Unknown).
    ///
    /// # Errors
    ///
    /// As [`Collection::read`](crate::read::Collection::read).
    async fn members(&self, queue: &QueueId, options: &ReadOptions) -> Result<Snapshot<Member>>;
}

/// A member of a queue.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Member {
    /// The user.
    pub id: UserId,
    /// The user's name.
    pub name: Option<String>,
    /// Whether the user takes part at the moment.
    pub joined: Option<bool>,
    /// How the user came to be a member.
    pub member_by: MemberBy,
    document: Document,
}

/// How a user came to be a member of a queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MemberBy {
    /// By name.
    User,
    /// Through a group that is a member.
    Group,
    /// In a way that this version does not know; empty when nothing is said.
    Other(String),
}

impl MemberBy {
    fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "user" => Self::User,
            "group" => Self::Group,
            _ => Self::Other(text.to_owned()),
        }
    }
}

impl Member {
    /// The JSON document.
    pub fn document(&self) -> &Value {
        self.document.value()
    }
}

impl Entity for Member {
    fn from_document(document: Document) -> Result<Self> {
        let value = document.value();
        Ok(Self {
            id: UserId::new(document.id())?,
            name: document.name().map(str::to_owned),
            joined: value["joined"].as_bool(),
            member_by: MemberBy::parse(value["memberBy"].as_str().unwrap_or_default()),
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
