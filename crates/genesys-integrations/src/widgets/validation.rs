//! What the rules say about a widget before it is sent.

use std::fmt;
use std::sync::Arc;

use genesys_core::{Error, ErrorKind};
use widget_validate::{Finding, Report, Severity};

/// What the rules say about everything that a deployment is about to send.
#[derive(Debug, Clone)]
pub struct Validation {
    documents: Vec<Validated>,
    unsent: Vec<String>,
}

/// One document that was validated.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Validated {
    /// `definition`, or `configuration` for what it becomes on the platform.
    pub name: &'static str,
    /// The bytes that the report is about.
    pub bytes: Arc<[u8]>,
    /// The findings, and what was not looked at.
    pub report: Report,
}

impl Validated {
    pub(super) fn new(name: &'static str, bytes: Arc<[u8]>, report: Report) -> Self {
        Self {
            name,
            bytes,
            report,
        }
    }
}

impl fmt::Display for Validated {
    /// The report for people, with an excerpt a finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.report.to_text(self.name, &self.bytes))
    }
}

impl Validation {
    pub(super) fn of(definition: Validated) -> Self {
        Self {
            documents: vec![definition],
            unsent: Vec::new(),
        }
    }

    pub(super) fn with(mut self, document: Validated) -> Self {
        self.documents.push(document);
        self
    }

    pub(super) fn with_unsent(mut self, names: Vec<String>) -> Self {
        self.unsent = names;
        self
    }

    /// Each document: the definition, then what it becomes where that is something else.
    pub fn documents(&self) -> &[Validated] {
        &self.documents
    }

    /// Every finding about the widget, document by document.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.documents
            .iter()
            .flat_map(|document| document.report.findings())
    }

    /// The codes of the findings, such as `W306`, in their order.
    pub fn codes(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.findings().map(|finding| finding.code.as_str())
    }

    /// The names of settings that are checked and not sent, because the profile has no member for them.
    pub fn unsent(&self) -> &[String] {
        &self.unsent
    }

    /// True when no finding is an error.
    pub fn is_accepted(&self) -> bool {
        self.documents
            .iter()
            .all(|document| document.report.is_clean_at(Severity::Error))
    }

    /// Itself when no finding is an error.
    ///
    /// # Errors
    ///
    /// Every finding otherwise.
    pub fn accepted(self) -> Result<Self, WidgetError> {
        if self.is_accepted() {
            Ok(self)
        } else {
            Err(WidgetError::from(self))
        }
    }
}

/// A widget was refused. Holds every finding, not only the first.
#[derive(Debug, Clone)]
pub struct WidgetError(Box<Refusal>);

#[derive(Debug, Clone)]
struct Refusal {
    validation: Validation,
    unreadable: Option<Arc<serde_json::Error>>,
}

impl WidgetError {
    /// Rules that were switched off let through what cannot be read.
    pub(super) fn unreadable(validation: Validation, error: serde_json::Error) -> Self {
        let unreadable = Some(Arc::new(error));
        Self(Box::new(Refusal {
            validation,
            unreadable,
        }))
    }

    /// What the rules say.
    pub fn validation(&self) -> &Validation {
        &self.0.validation
    }

    /// True when some finding has this code, such as `W306`.
    pub fn has(&self, code: &str) -> bool {
        self.validation().codes().any(|found| found == code)
    }
}

impl From<Validation> for WidgetError {
    fn from(validation: Validation) -> Self {
        Self(Box::new(Refusal {
            validation,
            unreadable: None,
        }))
    }
}

impl fmt::Display for WidgetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid widget")?;
        let errors = self
            .validation()
            .findings()
            .filter(|finding| finding.severity == Severity::Error);
        for (index, finding) in errors.enumerate() {
            let separator = if index == 0 { ": " } else { "; " };
            write!(
                f,
                "{separator}{} {} {}",
                finding.code, finding.pointer, finding.message
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for WidgetError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let error = self.0.unreadable.as_deref()?;
        Some(error)
    }
}

impl From<WidgetError> for Error {
    fn from(error: WidgetError) -> Self {
        // The codes alone: messages name texts of the definition, which errors do not repeat.
        let errors = error
            .validation()
            .findings()
            .filter(|finding| finding.severity == Severity::Error);
        let mut codes: Vec<&str> = errors.map(|finding| finding.code.as_str()).collect();
        codes.dedup();
        let message = format!("the rules refuse the widget ({})", codes.join(", "));
        Error::new(ErrorKind::InvalidRequest, message).with_source(error)
    }
}
