//! Exceptions from a rule, with a reason and a last day.

use crate::code::Code;
use crate::date::Date;
use crate::finding::Finding;
use crate::span::Span;

/// Takes findings of one rule out of the count, for a reason, for a time.
///
/// Suppressed findings stay in the report, apart from the others. A suppression counts up to and including its last day; on any
/// later day its findings are back, together with a note that it has expired. A validator that was given no date cannot tell
/// the day and does not apply suppressions that have a last one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    code: Code,
    pointer: Option<String>,
    reason: String,
    expires: Option<Date>,
    pub(crate) place: (String, Span),
}

impl Suppression {
    /// Suppresses a rule everywhere, without an end. An empty reason makes the policy unusable.
    pub fn new(code: Code, reason: impl Into<String>) -> Suppression {
        Suppression {
            code,
            pointer: None,
            reason: reason.into(),
            expires: None,
            place: (String::new(), Span::default()),
        }
    }

    /// Limits it to the value at this JSON pointer and everything below.
    pub fn with_pointer(mut self, pointer: impl Into<String>) -> Suppression {
        self.pointer = Some(pointer.into());
        self
    }

    /// Sets the last day on which it counts.
    pub fn with_expiry(mut self, last_day: Date) -> Suppression {
        self.expires = Some(last_day);
        self
    }

    /// The rule.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The last day, if it has one.
    pub fn expires(&self) -> Option<Date> {
        self.expires
    }

    /// True when no pointer limits it.
    pub(crate) fn is_everywhere(&self) -> bool {
        self.pointer.is_none()
    }

    pub(crate) fn covers(&self, finding: &Finding) -> bool {
        let below = |pointer: &String| {
            finding
                .pointer
                .strip_prefix(pointer.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.code == finding.code && self.pointer.as_ref().is_none_or(below)
    }

    pub(crate) fn is_in_force(&self, today: Option<Date>) -> bool {
        self.expires
            .is_none_or(|last| today.is_some_and(|today| today <= last))
    }
}
