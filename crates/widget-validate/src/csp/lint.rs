//! The judgement of one policy: mistakes of writing, and ways around it.
//!
//! The checks are those of Google's csp-evaluator, with which a script compares ours over generated policies. Lists of hosts with
//! known bypasses are not kept here: every allowed host is reported, at the lowest severity.

mod hardening;
mod scripts;
mod words;
mod writing;

use self::words::{FETCH, KEYWORDS, SCRIPTS, is_hash, is_nonce, is_scheme};
use super::{Directive, Policy};
use crate::code::{Code, csp as codes};
use crate::finding::shown;
use crate::span::Span;

/// One thing to say about a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issue {
    /// The rule.
    pub code: Code,
    /// The directive it is about, in lower case; for something missing, the directive to add.
    pub directive: String,
    /// The value it is about.
    pub value: Option<String>,
    /// The bytes of the value, the directive's name, or the policy.
    pub span: Span,
    /// What is wrong, in one line.
    pub message: String,
    /// What to do, in one line.
    pub hint: String,
}

/// Everything to say about a policy, in the order of its text.
pub fn lint(policy: &Policy<'_>) -> Vec<Issue> {
    let mut lint = Lint {
        policy,
        effective: Vec::new(),
        issues: Vec::new(),
    };
    lint.characters();
    for directive in policy.repeated() {
        lint.issue(
            codes::CSP_REPEATED_DIRECTIVE,
            &directive.name,
            None,
            directive.span,
            format!("{} is repeated and ignored", shown(&directive.name)),
            "merge it into the first one",
        );
    }
    lint.compute_effective();
    lint.syntax();
    lint.scripts();
    lint.missing();
    lint.sources();
    lint.allowlists();
    lint.hardening();
    lint.issues.sort_by(|one, other| {
        (one.span, one.code, &one.directive).cmp(&(other.span, other.code, &other.directive))
    });
    lint.issues.dedup();
    lint.issues
}

/// A value after normalisation: keywords and bare schemes in lower case.
#[derive(Debug, Clone)]
struct Value {
    text: String,
    span: Span,
}

/// A directive as a current browser sees it: ignored values removed.
#[derive(Debug)]
struct Effective {
    name: String,
    span: Span,
    values: Vec<Value>,
}

impl Effective {
    fn has(&self, value: &str) -> bool {
        self.values.iter().any(|own| own.text == value)
    }
}

struct Lint<'p> {
    policy: &'p Policy<'p>,
    effective: Vec<Effective>,
    issues: Vec<Issue>,
}

impl Lint<'_> {
    fn issue(
        &mut self,
        code: Code,
        directive: &str,
        value: Option<&str>,
        span: Span,
        message: String,
        hint: impl Into<String>,
    ) {
        self.issues.push(Issue {
            code,
            directive: directive.to_owned(),
            value: value.map(str::to_owned),
            span,
            message,
            hint: hint.into(),
        });
    }

    fn values_of(&self, directive: &str) -> &[Value] {
        self.effective
            .iter()
            .find(|own| own.name == directive)
            .map_or(&[], |own| &own.values)
    }

    fn has(&self, directive: &str) -> bool {
        self.effective.iter().any(|own| own.name == directive)
    }

    /// The directive that governs: itself, `script-src` for its two halves, else `default-src` for fetch directives.
    fn governing(&self, directive: &'static str) -> &'static str {
        let halves = [
            ("script-src-attr", "script-src"),
            ("script-src-elem", "script-src"),
            ("style-src-attr", "style-src"),
            ("style-src-elem", "style-src"),
        ];
        if self.policy.directive(directive).is_some() {
            return directive;
        }
        if let Some((_, whole)) = halves
            .iter()
            .find(|(half, whole)| *half == directive && self.policy.directive(whole).is_some())
        {
            return whole;
        }
        if FETCH.contains(&directive) {
            "default-src"
        } else {
            directive
        }
    }

    fn governing_all(&self, directives: &[&'static str]) -> Vec<&'static str> {
        let mut governing: Vec<&'static str> = directives
            .iter()
            .map(|directive| self.governing(directive))
            .collect();
        governing.sort_unstable();
        governing.dedup();
        governing
    }

    fn compute_effective(&mut self) {
        self.effective = self.policy.directives().iter().map(normalised).collect();
        for directive in self.governing_all(SCRIPTS) {
            let Some(index) = self.effective.iter().position(|own| own.name == directive) else {
                continue;
            };
            let own = &mut self.effective[index];
            let protected = own
                .values
                .iter()
                .any(|value| is_nonce(&value.text) || is_hash(&value.text));
            let dynamic = own.has("'strict-dynamic'");
            let mut ignored = Vec::new();
            own.values.retain(|value| {
                let inline = value.text == "'unsafe-inline'";
                let by_dynamic =
                    dynamic && (!value.text.starts_with('\'') || value.text == "'self'" || inline);
                let gone = by_dynamic || (protected && inline);
                if gone {
                    ignored.push((value.clone(), by_dynamic));
                }
                !gone
            });
            for (value, by_dynamic) in ignored {
                let cause = if by_dynamic {
                    "'strict-dynamic'"
                } else {
                    "a nonce or hash"
                };
                let message = format!("{} is ignored because of {cause}", shown(&value.text));
                self.issue(
                    codes::CSP_IGNORED_VALUE,
                    directive,
                    Some(&value.text),
                    value.span,
                    message,
                    "keep it for old browsers only",
                );
            }
        }
    }

    /// Runs over every value in force.
    fn each_value(&self) -> Vec<(String, Value)> {
        self.effective
            .iter()
            .flat_map(|own| {
                own.values
                    .iter()
                    .map(|value| (own.name.clone(), value.clone()))
            })
            .collect()
    }
}

fn normalised(directive: &Directive<'_>) -> Effective {
    let mut values: Vec<Value> = Vec::with_capacity(directive.values.len());
    let mut seen = std::collections::HashSet::new();
    for (text, span) in &directive.values {
        let lower = text.to_ascii_lowercase();
        let keyword = lower
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''))
            .is_some_and(|word| KEYWORDS.contains(&word));
        let text = if keyword || is_scheme(text) {
            lower
        } else {
            (*text).to_owned()
        };
        if seen.insert(text.clone()) {
            values.push(Value { text, span: *span });
        }
    }
    Effective {
        name: directive.name.to_string(),
        span: directive.span,
        values,
    }
}
