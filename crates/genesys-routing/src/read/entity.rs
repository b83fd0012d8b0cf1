//! One object of a list, with the document that the platform gave.

use std::fmt;

use genesys_core::Result;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// One object of a list: its id, which is never empty, and its JSON document.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    id: String,
    value: Value,
    trimmed: bool,
}

/// What of an object remains when its document is too large.
const KEPT: [&str; 4] = ["id", "name", "division", "type"];

impl Document {
    /// The document of an object.
    ///
    /// # Errors
    ///
    /// The reason why it is none: no JSON object, or no `id` that is a text.
    pub fn new(value: Value) -> std::result::Result<Self, RejectReason> {
        let Some(object) = value.as_object() else {
            return Err(RejectReason::NotAnObject);
        };
        match object.get("id").and_then(Value::as_str) {
            Some(id) if !id.is_empty() => Ok(Self {
                id: id.to_owned(),
                value,
                trimmed: false,
            }),
            _ => Err(RejectReason::NoId),
        }
    }

    pub(super) fn read(raw: &RawValue, largest: usize) -> std::result::Result<Self, RejectReason> {
        let text = raw.get();
        if text.len() <= largest {
            let value = serde_json::from_str(text).map_err(|_| RejectReason::Unreadable)?;
            return Self::new(value);
        }
        if !text.starts_with('{') {
            return Err(RejectReason::NotAnObject);
        }
        let parts: Large<'_> = serde_json::from_str(text).map_err(|_| RejectReason::Unreadable)?;
        let mut kept = Map::new();
        for (name, part) in KEPT
            .into_iter()
            .zip([parts.id, parts.name, parts.division, parts.kind])
        {
            // A part that is itself beyond all measure is not what the document is kept for.
            if let Some(part) = part.filter(|part| part.get().len() <= 4_096)
                && let Ok(value) = serde_json::from_str(part.get())
            {
                kept.insert(name.to_owned(), value);
            }
        }
        let mut document = Self::new(Value::Object(kept))?;
        document.trimmed = true;
        Ok(document)
    }

    /// The object's id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The object's name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.value["name"].as_str()
    }

    /// All of it as the platform gave it.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// All of it as the platform gave it.
    pub fn into_value(self) -> Value {
        self.value
    }

    /// True when the document was larger than
    /// [`with_largest_document`](super::ReadOptions::with_largest_document) allows, so that only its `id`, `name`, `division`
    /// and `type` are here. References may be missing from it.
    pub fn is_trimmed(&self) -> bool {
        self.trimmed
    }
}

#[derive(Deserialize)]
struct Large<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    name: Option<&'a RawValue>,
    #[serde(borrow, default)]
    division: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<&'a RawValue>,
}

/// What a list can be a list of: a [`Document`], or a type that keeps one.
pub trait Entity: Sized {
    /// Reads what is needed from the document and keeps it.
    ///
    /// # Errors
    ///
    /// When the document cannot be one of these. An absent or odd member is no reason for that.
    fn from_document(document: Document) -> Result<Self>;

    /// The document, as it was.
    fn as_document(&self) -> &Document;

    /// The document, as it was.
    fn into_document(self) -> Document;
}

impl Entity for Document {
    fn from_document(document: Document) -> Result<Self> {
        Ok(document)
    }

    fn as_document(&self) -> &Document {
        self
    }

    fn into_document(self) -> Document {
        self
    }
}

/// An entry of a list that is not among the items of the snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejected {
    /// The page that it was on, from 1.
    pub page: u32,
    /// Its place on that page, from 0.
    pub index: usize,
    /// Why it is no item.
    pub reason: RejectReason,
}

impl Rejected {
    pub(super) fn new(page: u32, index: usize, reason: RejectReason) -> Self {
        Self {
            page,
            index,
            reason,
        }
    }
}

/// Why an entry of a list is no item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectReason {
    /// It has no `id`, or one that is empty or no text. Nothing can refer to it.
    NoId,
    /// It is no JSON object.
    NotAnObject,
    /// It is nested too deeply to be read.
    Unreadable,
}

impl fmt::Display for RejectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoId => "no id",
            Self::NotAnObject => "no object",
            Self::Unreadable => "nested too deeply",
        })
    }
}
