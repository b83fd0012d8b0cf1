//! What is allowed: a rule set, its numbers, the origins, and exceptions.

mod builder;
mod file;
mod suppression;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

pub use builder::{PolicyBuilder, PolicyError};
pub use suppression::Suppression;

use crate::code::Code;
use crate::finding::Finding;
use crate::origin::{OriginPattern, OriginSet};
use crate::severity::{Level, RuleSet};

/// The numbers of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the document exactly as it is sent. Default 10,240.
    pub max_bytes: usize,
    /// Nesting of objects and arrays. Default 32, at most 512.
    pub max_depth: usize,
    /// Width of the frame in CSS pixels. Default 1 to 800 in `tutorial`, else 100 to 800.
    pub width: RangeInclusive<u32>,
    /// Height of the frame in CSS pixels. Default 1 to 600 in `tutorial`, else 50 to 600.
    pub height: RangeInclusive<u32>,
    /// Characters of a name. Default 256.
    pub max_name: usize,
    /// Characters of a description. Default 1,000.
    pub max_description: usize,
    /// Members of `settings`. Default 64.
    pub max_settings: usize,
    /// Entries of a list of ids. Default 100.
    pub max_items: usize,
    /// The refresh interval. Default 250 ms to one day.
    pub refresh: RangeInclusive<Duration>,
}

impl Limits {
    /// The numbers that a rule set starts with.
    pub fn of(rules: RuleSet) -> Limits {
        let (min_width, min_height) = if rules == RuleSet::Tutorial {
            (1, 1)
        } else {
            (100, 50)
        };
        Limits {
            max_bytes: 10_240,
            max_depth: 32,
            width: min_width..=800,
            height: min_height..=600,
            max_name: 256,
            max_description: 1_000,
            max_settings: 64,
            max_items: 100,
            refresh: Duration::from_millis(250)..=Duration::from_secs(86_400),
        }
    }
}

/// A policy that has been checked and can be used. Cheap to clone.
///
/// ```
/// use widget_validate::{Policy, RuleSet, Severity, codes};
///
/// let policy = Policy::builder(RuleSet::Recommended)
///     .with_origin("*.widgets.example.com")
///     .with_severity(codes::frame::FRAME_TOO_LARGE, Severity::Warning)
///     .build()?;
/// assert_eq!(policy.origins().len(), 1);
///
/// let refused = Policy::builder(RuleSet::Recommended).with_origin("*.co.uk").build();
/// assert!(refused.is_err_and(|error| error.to_string().contains("*.co.uk")));
/// # Ok::<(), widget_validate::PolicyError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Policy {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    rules: RuleSet,
    limits: Limits,
    origins: OriginSet,
    severities: Vec<(Code, Level)>,
    suppressions: Vec<Suppression>,
    findings: Vec<Finding>,
}

impl Policy {
    /// Starts a policy from a rule set. `tutorial` brings the two origins of the tutorial; the others admit none until told.
    pub fn builder(rules: RuleSet) -> PolicyBuilder {
        PolicyBuilder::new(rules)
    }

    /// Reads a policy file. See the crate documentation for its members.
    ///
    /// # Errors
    /// Names every unusable entry with its place and reason. Nothing is loaded then.
    pub fn from_json(bytes: &[u8]) -> Result<Policy, PolicyError> {
        file::read(bytes, None)
    }

    /// Reads a policy file under another rule set than the one it names. The numbers, levels and origins that the file gives count as
    /// before; those it does not give are the rule set's.
    ///
    /// ```
    /// use widget_validate::{Policy, RuleSet};
    ///
    /// let file = br#"{"rules": "tutorial", "origins": ["cdn.example.com"], "maxWidth": 400}"#;
    /// let policy = Policy::from_json_with_rules(file, RuleSet::Strict)?;
    /// assert_eq!(policy.rules(), RuleSet::Strict);
    /// assert_eq!(policy.limits().width, 100..=400);
    /// # Ok::<(), widget_validate::PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// As [`Policy::from_json`]; a rule set of the file that does not exist is refused, too.
    pub fn from_json_with_rules(bytes: &[u8], rules: RuleSet) -> Result<Policy, PolicyError> {
        file::read(bytes, Some(rules))
    }

    /// The rule set it started from.
    pub fn rules(&self) -> RuleSet {
        self.inner.rules
    }

    /// Its numbers.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The origins it admits.
    pub fn origins(&self) -> &[OriginPattern] {
        &self.inner.origins.patterns
    }

    /// What was noticed while loading, such as an entry that admits every customer of a shared host.
    pub fn findings(&self) -> &[Finding] {
        &self.inner.findings
    }

    /// What this policy makes of a rule.
    pub fn level(&self, code: Code) -> Level {
        level(self.inner.rules, &self.inner.severities, code)
    }

    pub(crate) fn origin_set(&self) -> &OriginSet {
        &self.inner.origins
    }

    pub(crate) fn suppressions(&self) -> &[Suppression] {
        &self.inner.suppressions
    }
}

/// An override, the last one given, or the rule set's own level.
fn level(rules: RuleSet, severities: &[(Code, Level)], code: Code) -> Level {
    let overridden = severities
        .iter()
        .rev()
        .find(|(of, _)| *of == code)
        .map(|(_, level)| *level);
    overridden.unwrap_or_else(|| code.rule().level(rules))
}
