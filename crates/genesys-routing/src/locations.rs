//! Locations, to be read.

use std::fmt;

use async_trait::async_trait;
use genesys_core::Result;
use serde_json::Value;

use crate::read::{Document, Entity, ReadOptions, Snapshot};

genesys_core::id_type! {
    /// Names a location.
    pub struct LocationId;
}

/// The locations of an organisation.
#[async_trait]
pub trait Locations: fmt::Debug + Send + Sync {
    /// Every location, all pages of them.
    ///
    /// # Errors
    ///
    /// As [`Collection::read`](crate::read::Collection::read).
    async fn locations(&self, options: &ReadOptions) -> Result<Snapshot<Location>>;

    /// One location; none when there is none of this id.
    async fn location(&self, id: &LocationId) -> Result<Option<Location>>;
}

/// A place where people of an organisation work.
///
/// It has no region: tutorials read one, the platform has none. The region of an endpoint comes from configuration or from
/// its host.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Location {
    /// Its id.
    pub id: LocationId,
    /// Its name.
    pub name: Option<String>,
    /// Whether it is in use.
    pub state: LocationState,
    /// The locations that it is within, outermost first.
    pub path: Vec<LocationId>,
    /// The city of its address.
    pub city: Option<String>,
    /// The country of its address.
    pub country: Option<String>,
    document: Document,
}

/// Whether a location is in use.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LocationState {
    /// It is.
    Active,
    /// It was deleted.
    Deleted,
    /// A word that this version does not know; empty when nothing is said.
    Other(String),
}

impl LocationState {
    fn parse(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "active" => Self::Active,
            "deleted" => Self::Deleted,
            _ => Self::Other(text.to_owned()),
        }
    }
}

impl Location {
    /// The JSON document.
    pub fn document(&self) -> &Value {
        self.document.value()
    }
}

impl Entity for Location {
    fn from_document(document: Document) -> Result<Self> {
        let value = document.value();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let path = value["path"].as_array().into_iter().flatten();
        let path = path.filter_map(|id| LocationId::new(id.as_str()?).ok());
        Ok(Self {
            id: LocationId::new(document.id())?,
            name: document.name().map(str::to_owned),
            state: LocationState::parse(value["state"].as_str().unwrap_or_default()),
            path: path.collect(),
            city: text(&value["address"]["city"]),
            country: text(&value["address"]["country"]),
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
