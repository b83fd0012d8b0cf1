//! The entry point: bytes in, report out.

use crate::check::{self, Scan};
use crate::date::Date;
use crate::embedder::Embedder;
use crate::finding::{Finding, Source};
use crate::json::Document;
use crate::kind::Kind;
use crate::policy::Policy;
use crate::report::{Report, Suppressed};
use crate::response::HeaderSet;
use crate::severity::Severity;

/// What is validated: the exact bytes that will be sent, and what else is known about the widget.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) kind: Option<Kind>,
    pub(crate) headers: Option<&'a HeaderSet>,
}

impl<'a> Subject<'a> {
    /// The document. Its kind is told from its members; headers are not checked.
    pub fn new(bytes: &'a [u8]) -> Subject<'a> {
        Subject {
            bytes,
            kind: None,
            headers: None,
        }
    }

    /// Says which format the document has, instead of telling it from its members.
    pub fn with_kind(mut self, kind: Kind) -> Subject<'a> {
        self.kind = Some(kind);
        self
    }

    /// Hands in the headers of the response that serves the widget.
    pub fn with_headers(mut self, headers: &'a HeaderSet) -> Subject<'a> {
        self.headers = Some(headers);
        self
    }

    /// The document.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<'a> From<&'a [u8]> for Subject<'a> {
    fn from(bytes: &'a [u8]) -> Subject<'a> {
        Subject::new(bytes)
    }
}

impl<'a> From<&'a str> for Subject<'a> {
    fn from(text: &'a str) -> Subject<'a> {
        Subject::new(text.as_bytes())
    }
}

/// A policy, the facts about the embedder, and the day: everything that decides what a finding is.
///
/// Validation never fails and never panics: whatever the bytes are, the answer is a report. Time and memory grow with the size of
/// the document; at most 10,000 findings are kept and the rest is counted.
#[derive(Debug, Clone)]
pub struct Validator {
    pub(crate) policy: Policy,
    pub(crate) embedder: Embedder,
    today: Option<Date>,
    #[cfg(feature = "jsonschema")]
    pub(crate) schemas: Vec<(String, crate::schema::Schema)>,
}

impl Validator {
    /// A validator for widgets of Genesys Cloud under this policy. Hand in the embedder's origins with
    /// [`Validator::with_embedder`] to have framing and CORS judged.
    pub fn new(policy: Policy) -> Validator {
        Validator {
            policy,
            embedder: Embedder::default(),
            today: None,
            #[cfg(feature = "jsonschema")]
            schemas: Vec::new(),
        }
    }

    /// Replaces the facts about the embedder.
    pub fn with_embedder(mut self, embedder: Embedder) -> Validator {
        self.embedder = embedder;
        self
    }

    /// Says which day it is. Without it, suppressions that have a last day do not count.
    pub fn with_date(mut self, today: Date) -> Validator {
        self.today = Some(today);
        self
    }

    /// Checks the value at `pointer` (such as `/properties`, or the empty text for the whole document) against a schema too.
    #[cfg(feature = "jsonschema")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jsonschema")))]
    pub fn with_schema(
        mut self,
        pointer: impl Into<String>,
        schema: crate::schema::Schema,
    ) -> Validator {
        self.schemas.push((pointer.into(), schema));
        self
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Finds every violation, in one pass over the document.
    pub fn validate<'a>(&self, subject: impl Into<Subject<'a>>) -> Report {
        let subject = subject.into();
        let document = Document::parse(subject.bytes, self.policy.limits().max_depth);
        let mut scan = Scan::new(self, &document, subject);
        check::run(&mut scan, subject.kind);
        let Scan {
            mut findings,
            omitted,
            coverage,
            kind,
            ..
        } = scan;
        sort(&mut findings);
        let mut report = Report {
            findings,
            suppressed: Vec::new(),
            policy: self.policy.clone(),
            notes: Vec::new(),
            coverage,
            kind,
            bytes: subject.bytes.len(),
            omitted,
            work: document.work(),
        };
        if !self.policy.suppressions().is_empty() {
            self.suppress(&mut report);
        }
        report
    }

    fn suppress(&self, report: &mut Report) {
        for suppression in self.policy.suppressions() {
            let in_force = suppression.is_in_force(self.today);
            let (covered, kept): (Vec<Finding>, Vec<Finding>) =
                std::mem::take(&mut report.findings)
                    .into_iter()
                    .partition(|finding| suppression.covers(finding));
            report.findings = kept;
            // Findings that are only counted may be among those it is for.
            let used = !covered.is_empty() || report.omitted.has(suppression.code());
            if in_force {
                if suppression.is_everywhere() {
                    report.omitted.forget(suppression.code());
                }
                let reason = suppression.reason();
                report
                    .suppressed
                    .extend(covered.into_iter().map(|finding| Suppressed {
                        finding,
                        reason: reason.to_owned(),
                        expires: suppression.expires(),
                    }));
            } else {
                report.findings.extend(covered);
            }
            let expired = self.today.is_some() && !in_force;
            let note = match (expired, used) {
                (true, _) => Some((
                    crate::code::policy::SUPPRESSION_EXPIRED,
                    "has expired",
                    "repair the finding, or extend the suppression",
                )),
                (false, false) => Some((
                    crate::code::policy::SUPPRESSION_UNUSED,
                    "suppressed nothing",
                    "remove it",
                )),
                (false, true) => None,
            };
            let Some((code, what, hint)) = note else {
                continue;
            };
            let Some(severity) = self.policy.level(code).severity() else {
                continue;
            };
            let (pointer, span) = suppression.place.clone();
            let message = format!("the suppression of {} {what}", suppression.code());
            report.notes.push(Finding {
                code,
                severity,
                source: Source::Policy,
                pointer,
                span,
                message,
                hint: hint.to_owned(),
                fix: None,
            });
        }
        sort(&mut report.findings);
    }

    /// Applies the fixes that the report offers, validates again, and goes on until no fix is left that helps.
    ///
    /// Two fixes of the same value cannot both be applied in one round; the guard of each patch notices, and the next round offers
    /// the second one again. Ends after at most 32 rounds, and as soon as a round changes nothing.
    pub fn fix<'a>(&self, subject: impl Into<Subject<'a>>) -> Fixed {
        const ROUNDS: usize = 32;
        let subject = subject.into();
        let mut bytes = subject.bytes.to_vec();
        let mut applied = Vec::new();
        for _ in 0..ROUNDS {
            let report = self.validate(Subject {
                bytes: &bytes,
                ..subject
            });
            let mut next = bytes.clone();
            let before = applied.len();
            // From the end, so that earlier pointers stay right when an item of a list goes.
            for finding in report.findings().iter().rev() {
                let Some(fix) = &finding.fix else { continue };
                if let Ok(patched) = fix.apply(&next) {
                    next = patched;
                    applied.push(finding.clone());
                }
            }
            if applied.len() == before || next == bytes {
                break;
            }
            bytes = next;
        }
        let report = self.validate(Subject {
            bytes: &bytes,
            ..subject
        });
        Fixed {
            bytes,
            applied,
            report,
        }
    }
}

/// The order of reports. A report without findings does not pay for it.
fn sort(findings: &mut [Finding]) {
    if findings.len() < 2 {
        return;
    }
    let place = |finding: &Finding| (finding.source, finding.span, finding.code);
    findings.sort_by(|one, other| {
        place(one)
            .cmp(&place(other))
            .then_with(|| one.pointer.cmp(&other.pointer))
    });
}

/// What [`Validator::fix`] made of a document.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fixed {
    /// The document after the fixes; everything that no fix touched is byte for byte as before.
    pub bytes: Vec<u8>,
    /// The findings whose fixes were applied, in the order of application.
    pub applied: Vec<Finding>,
    /// The report on the new document.
    pub report: Report,
}

impl Fixed {
    /// True when no finding of this severity or worse is left.
    pub fn is_clean_at(&self, severity: Severity) -> bool {
        self.report.is_clean_at(severity)
    }
}
