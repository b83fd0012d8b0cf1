//! The organisation itself, to be read.

use std::fmt;

use async_trait::async_trait;
use genesys_core::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::read::{Document, Entity};

genesys_core::id_type! {
    /// Names an organisation.
    pub struct OrganizationId;
}

/// The organisation that a client's credentials belong to.
#[async_trait]
pub trait Organization: fmt::Debug + Send + Sync {
    /// Which one it is.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) for an answer without an id: an audit line names the real organisation or none.
    async fn organization(&self) -> Result<OrganizationDetails>;
}

/// What an organisation says of itself.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OrganizationDetails {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: Option<String>,
    /// Its short name, which people log in with.
    pub domain: Option<String>,
    /// `active`, `inactive` or `deleted`.
    pub state: Option<String>,
    document: Document,
}

impl OrganizationDetails {
    /// The JSON document.
    pub fn document(&self) -> &Value {
        self.document.value()
    }

    pub(crate) fn read(value: Value) -> Result<Self> {
        let document = Document::new(value)
            .map_err(|why| Error::new(ErrorKind::Decode, format!("the organisation has {why}")))?;
        Self::from_document(document)
    }
}

impl Entity for OrganizationDetails {
    fn from_document(document: Document) -> Result<Self> {
        let text = |name: &str| document.value()[name].as_str().map(str::to_owned);
        Ok(Self {
            id: OrganizationId::new(document.id())?,
            name: text("name"),
            domain: text("domain"),
            state: text("state"),
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
