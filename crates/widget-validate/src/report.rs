//! The outcome of a validation, and its forms: text, JSON and SARIF.

mod json;
mod sarif;
mod text;

pub use sarif::{Artifact, to_sarif};

use crate::coverage::Coverage;
use crate::date::Date;
use crate::finding::Finding;
use crate::kind::Kind;
use crate::policy::Policy;
use crate::severity::Severity;
use crate::tally::Tally;

/// A finding that a suppression of the policy took out of the count.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
    /// Until when.
    pub expires: Option<Date>,
}

/// Everything that was found, and what was not looked at.
///
/// The order is stable: by input, place, code and pointer. The same input always gives the same bytes in every form.
#[derive(Debug, Clone)]
pub struct Report {
    pub(crate) findings: Vec<Finding>,
    pub(crate) suppressed: Vec<Suppressed>,
    pub(crate) policy: Policy,
    pub(crate) notes: Vec<Finding>,
    pub(crate) coverage: Coverage,
    pub(crate) kind: Kind,
    pub(crate) bytes: usize,
    pub(crate) omitted: Tally,
    pub(crate) work: u64,
}

impl Report {
    /// The findings about the widget, in order.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Findings that the policy suppresses.
    pub fn suppressed(&self) -> &[Suppressed] {
        &self.suppressed
    }

    /// Findings about the policy itself: what was noticed while loading it, and suppressions that are expired or unused.
    pub fn policy_findings(&self) -> impl Iterator<Item = &Finding> {
        self.policy.findings().iter().chain(&self.notes)
    }

    /// Which areas were looked at. An area that was not says why.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The format that the document was checked as.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The size of the document in bytes, as it was handed in.
    pub fn size(&self) -> usize {
        self.bytes
    }

    /// Findings beyond the first 10,000, which are counted and not kept. A suppression without a pointer takes them out of the count;
    /// one with a pointer cannot, since their places are not known.
    pub fn omitted(&self) -> usize {
        self.omitted.total()
    }

    /// Severity and number of the findings that are only counted.
    fn omitted_severities(&self) -> impl Iterator<Item = (Severity, usize)> + '_ {
        self.omitted
            .iter()
            .filter_map(|(code, count)| Some((self.policy.level(code).severity()?, count)))
    }

    /// The worst severity among the findings about the widget, [omitted](Report::omitted) ones included.
    pub fn worst(&self) -> Option<Severity> {
        let kept = self.findings.iter().map(|finding| finding.severity);
        kept.chain(self.omitted_severities().map(|(severity, _)| severity))
            .max()
    }

    /// True when no finding about the widget has this severity or a worse one.
    pub fn is_clean_at(&self, severity: Severity) -> bool {
        self.worst().is_none_or(|worst| worst < severity)
    }

    /// Number of findings of a severity, [omitted](Report::omitted) ones included.
    pub fn count(&self, severity: Severity) -> usize {
        let kept = self
            .findings
            .iter()
            .filter(|finding| finding.severity == severity);
        let omitted = self
            .omitted_severities()
            .filter(|(of, _)| *of == severity)
            .map(|(_, count)| count);
        kept.count() + omitted.sum::<usize>()
    }

    /// Steps taken: bytes read, values visited, names compared. Proportional to time, and the same on every machine, so that a test
    /// can show that effort grows with size and not with its square.
    pub fn work(&self) -> u64 {
        self.work
    }

    /// For people: each finding with line, column, excerpt and hint. `name` stands for the document, `bytes` are its bytes.
    pub fn to_text(&self, name: &str, bytes: &[u8]) -> String {
        text::render(self, name, bytes)
    }

    /// For programs: one JSON object. See the crate documentation for its members.
    pub fn to_json(&self, name: &str) -> String {
        json::render(self, name)
    }
}
