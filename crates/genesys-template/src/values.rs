//! What goes into the holes.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::document::{Document, Found};
use crate::hole::Hole;
use crate::{Error, Part, Problem};

/// Values by root, and secrets by variable.
///
/// A look-up sees the members that a value has itself, and nothing else: no index into arrays, no inherited names.
///
/// ```
/// use genesys_template::Values;
/// use secrecy::SecretString;
///
/// let values = Values::new()
///     // Kept digit by digit, which no float could.
///     .with_text("input", r#"{"targetId": 12345678901234567890123}"#)?
///     .with_secret("credentials.token", SecretString::from("s3cr3t"));
/// assert!(!format!("{values:?}").contains("s3cr3t"));
/// # Ok::<(), genesys_template::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Values {
    documents: Vec<(Box<str>, Document)>,
    secrets: Vec<(Box<str>, SecretString)>,
}

/// What was found for a hole.
pub(crate) struct Source<'a> {
    pub(crate) found: Found<'a>,
    pub(crate) secret: bool,
}

impl Values {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of a root. The order of its members is kept as far as [`Value`] keeps it, and a number that went through a
    /// float is written as the shortest text of that float: use [`with_text`](Self::with_text) where digits matter.
    #[must_use]
    pub fn with_json(self, root: &str, value: &Value) -> Self {
        self.with_document(root, Document::from_value(value))
    }

    /// Sets the value of a root from its JSON text, for instance of a `RawValue`. Numbers keep their text, and so do objects and
    /// arrays.
    ///
    /// # Errors
    /// When the text is not one JSON value, holds a surrogate alone, or has an object with the same key twice; with the offset.
    pub fn with_text(self, root: &str, json: &str) -> Result<Self, Error> {
        match Document::parse(json) {
            Ok(document) => Ok(self.with_document(root, document)),
            Err(fault) => Err(Problem::new(fault.kind, &Part::Values(root.into()))
                .at(fault.offset)
                .because(fault.reason)
                .into()),
        }
    }

    /// Sets a secret: of a variable such as `credentials.token`, or of a root.
    ///
    /// It wins over a member of that name, and whatever it renders to is redacted, also where its variable is not declared to be
    /// secret.
    #[must_use]
    pub fn with_secret(mut self, variable: &str, secret: SecretString) -> Self {
        self.secrets.retain(|(name, _)| **name != *variable);
        self.secrets.push((variable.into(), secret));
        self
    }

    fn with_document(mut self, root: &str, document: Document) -> Self {
        self.documents.retain(|(name, _)| **name != *root);
        self.documents.push((root.into(), document));
        self
    }

    pub(crate) fn find(&self, hole: &Hole) -> Option<Source<'_>> {
        let variable = hole.variable.as_str();
        if let Some((_, secret)) = self.secrets.iter().find(|(name, _)| **name == *variable) {
            return Some(Source {
                found: Found::Text(secret.expose_secret()),
                secret: true,
            });
        }
        let (_, document) = self.documents.iter().find(|(name, _)| *name == hole.root)?;
        Some(Source {
            found: document.get(&hole.path)?,
            secret: false,
        })
    }
}

/// Names only: a value may be anybody's.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots: Vec<&str> = self.documents.iter().map(|(name, _)| &**name).collect();
        let secrets: Vec<&str> = self.secrets.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("Values")
            .field("roots", &roots)
            .field("secrets", &secrets)
            .finish()
    }
}
