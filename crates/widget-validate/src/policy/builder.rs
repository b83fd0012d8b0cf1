//! Building a policy, and everything that can be wrong with one.

use std::fmt;
use std::sync::Arc;

use super::{Inner, Limits, Policy, Suppression, level};
use crate::code::{Code, policy};
use crate::finding::{Draft, Finding, Source};
use crate::origin::{OriginPattern, OriginSet};
use crate::patch::child_pointer;
use crate::severity::{Level, RuleSet, Severity};
use crate::span::Span;

/// The policy cannot be used. Names every bad entry with its reason.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct PolicyError {
    findings: Vec<Finding>,
}

impl PolicyError {
    /// Every finding, warnings included, in the order of the policy.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unusable policy")?;
        let errors = self
            .findings
            .iter()
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

/// The origins of the tutorial's own policy.
const TUTORIAL_ORIGINS: [&str; 2] = ["s3.amazonaws.com", "*.cloudfront.net"];

/// Collects a policy; [`PolicyBuilder::build`] reports every problem at once.
#[derive(Debug, Clone)]
pub struct PolicyBuilder {
    pub(super) rules: RuleSet,
    pub(super) limits: Limits,
    /// Entries with their places; `None` keeps the rule set's own.
    pub(super) origins: Option<Vec<(String, Place)>>,
    pub(super) severities: Vec<(Code, Level)>,
    pub(super) suppressions: Vec<Suppression>,
    pub(super) problems: Vec<(Draft, Place)>,
}

/// A pointer into the policy file, and the bytes there.
pub(super) type Place = (String, Span);

impl PolicyBuilder {
    pub(super) fn new(rules: RuleSet) -> PolicyBuilder {
        PolicyBuilder {
            rules,
            limits: Limits::of(rules),
            origins: None,
            severities: Vec::new(),
            suppressions: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Admits an origin, `[https://][*.]host[:port]`. The first call replaces the rule set's own origins.
    pub fn with_origin(mut self, entry: impl Into<String>) -> PolicyBuilder {
        let origins = self.origins.get_or_insert_default();
        let place = (format!("/origins/{}", origins.len()), Span::default());
        origins.push((entry.into(), place));
        self
    }

    /// Admits several origins. An empty list admits nothing and leaves the origin unchecked, which the report says.
    pub fn with_origins(
        mut self,
        entries: impl IntoIterator<Item = impl Into<String>>,
    ) -> PolicyBuilder {
        self.origins.get_or_insert_default();
        entries.into_iter().fold(self, PolicyBuilder::with_origin)
    }

    /// Replaces the numbers.
    pub fn with_limits(mut self, limits: Limits) -> PolicyBuilder {
        self.limits = limits;
        self
    }

    /// Changes the numbers in place.
    pub fn adjust_limits(mut self, adjust: impl FnOnce(&mut Limits)) -> PolicyBuilder {
        adjust(&mut self.limits);
        self
    }

    /// Overrides the level of a rule. The last call for a rule counts.
    pub fn with_severity(mut self, code: Code, level: impl Into<Level>) -> PolicyBuilder {
        self.severities.push((code, level.into()));
        self
    }

    /// Adds an exception.
    pub fn with_suppression(mut self, mut suppression: Suppression) -> PolicyBuilder {
        if suppression.place.0.is_empty() {
            suppression.place.0 = format!("/suppressions/{}", self.suppressions.len());
        }
        self.suppressions.push(suppression);
        self
    }

    /// Checks everything and makes the policy.
    ///
    /// # Errors
    /// When any entry has a finding of severity *error*: all of them are named.
    pub fn build(mut self) -> Result<Policy, PolicyError> {
        let entries = self.origins.take().unwrap_or_else(|| match self.rules {
            RuleSet::Tutorial => {
                let place = |index| (format!("/origins/{index}"), Span::default());
                TUTORIAL_ORIGINS
                    .iter()
                    .enumerate()
                    .map(|(index, entry)| ((*entry).to_owned(), place(index)))
                    .collect()
            }
            RuleSet::Recommended | RuleSet::Strict => Vec::new(),
        });
        let mut problems = std::mem::take(&mut self.problems);
        let patterns = read_origins(&entries, &mut problems);
        self.check_limits(&mut problems);
        for suppression in &self.suppressions {
            if suppression.reason().trim().is_empty() {
                let place = (
                    child_pointer(&suppression.place.0, "reason"),
                    suppression.place.1,
                );
                problems.push((
                    Draft::new(
                        policy::POLICY_MEMBER,
                        format!("the suppression of {} has no reason", suppression.code()),
                        "say why the finding is acceptable",
                    ),
                    place,
                ));
            }
        }
        let mut findings: Vec<Finding> = problems
            .into_iter()
            .filter_map(|(draft, (pointer, span))| {
                let severity = level(self.rules, &self.severities, draft.code).severity()?;
                Some(Finding {
                    code: draft.code,
                    severity,
                    source: Source::Policy,
                    pointer,
                    span,
                    message: draft.message,
                    hint: draft.hint,
                    fix: draft.fix,
                })
            })
            .collect();
        findings.sort_by(|one, other| {
            (one.span, one.code, &one.pointer).cmp(&(other.span, other.code, &other.pointer))
        });
        if findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
        {
            return Err(PolicyError { findings });
        }
        let PolicyBuilder {
            rules,
            limits,
            severities,
            suppressions,
            ..
        } = self;
        Ok(Policy {
            inner: Arc::new(Inner {
                rules,
                limits,
                origins: OriginSet { patterns },
                severities,
                suppressions,
                findings,
            }),
        })
    }

    fn check_limits(&self, problems: &mut Vec<(Draft, Place)>) {
        let limits = &self.limits;
        let mut refuse = |member: &str, bad: bool, reason: &str| {
            if bad {
                let draft = Draft::new(
                    policy::POLICY_MEMBER,
                    format!("{member}: {reason}"),
                    "choose numbers that some document can meet",
                );
                problems.push((draft, (format!("/{member}"), Span::default())));
            }
        };
        refuse("maxBytes", limits.max_bytes == 0, "no document is empty");
        refuse(
            "maxDepth",
            !(1..=512).contains(&limits.max_depth),
            "must be from 1 to 512",
        );
        refuse(
            "maxWidth",
            limits.width.is_empty() || *limits.width.end() == 0,
            "is below the minimum",
        );
        refuse(
            "maxHeight",
            limits.height.is_empty() || *limits.height.end() == 0,
            "is below the minimum",
        );
        refuse(
            "maxRefreshMs",
            limits.refresh.is_empty(),
            "is below the minimum",
        );
    }
}

/// Reads the entries that can be used; everything noticed goes to `problems`.
fn read_origins(
    entries: &[(String, Place)],
    problems: &mut Vec<(Draft, Place)>,
) -> Vec<OriginPattern> {
    let mut patterns: Vec<OriginPattern> = Vec::with_capacity(entries.len());
    let mut places: Vec<&Place> = Vec::new();
    for (entry, place) in entries {
        match OriginPattern::parse_with_warnings(entry) {
            Ok((pattern, warnings)) => {
                problems.extend(warnings.into_iter().map(|draft| (draft, place.clone())));
                patterns.push(pattern);
                places.push(place);
            }
            Err(draft) => problems.push((draft, place.clone())),
        }
    }
    for (index, pattern) in patterns.iter().enumerate() {
        let covering = patterns.iter().enumerate().find(|(other, by)| {
            *other != index && by.covers(pattern) && (*other < index || !pattern.covers(by))
        });
        if let Some((_, by)) = covering {
            let draft = Draft::new(
                policy::REDUNDANT_ENTRY,
                format!("`{pattern}` is covered by `{by}`"),
                "remove it",
            );
            problems.push((draft, places[index].clone()));
        }
    }
    patterns
}
