//! What would make the policy stronger, or kinder to old browsers.

use super::words::{is_hash, is_nonce};
use super::{Lint, normalised};
use crate::code::{Code, csp as codes};
use crate::span::Span;

impl Lint<'_> {
    /// Looks at the policy as written: fallbacks for old browsers count here.
    pub(super) fn hardening(&mut self) {
        let governing = self.governing("script-src");
        let whole = self.policy.span();
        let written = self.policy.directive(governing).map(normalised);
        let (values, span) = written
            .as_ref()
            .map_or((&[][..], whole), |own| (&own.values, own.span));
        let has = |value: &str| values.iter().any(|own| own.text == value);
        let protected = values
            .iter()
            .any(|value| is_nonce(&value.text) || is_hash(&value.text));
        let dynamic = has("'strict-dynamic'");
        let mut found: Vec<(Code, &str, Span, &str, &str)> = Vec::new();
        if values.iter().any(|value| !value.text.starts_with('\'')) && !dynamic {
            found.push((
                codes::CSP_NO_STRICT_DYNAMIC,
                governing,
                span,
                "hosts are allowed instead of 'strict-dynamic'",
                "use 'strict-dynamic' with nonces or hashes",
            ));
        }
        if dynamic && !protected {
            found.push((
                codes::CSP_STRICT_DYNAMIC_ALONE,
                governing,
                span,
                "'strict-dynamic' without nonce or hash blocks every script",
                "add a nonce or hash",
            ));
        }
        if protected && !has("'unsafe-inline'") {
            found.push((
                codes::CSP_NO_INLINE_FALLBACK,
                governing,
                span,
                "old browsers have no fallback for the nonce or hash",
                "add 'unsafe-inline', which current browsers ignore here",
            ));
        }
        if dynamic
            && !values.iter().any(|value| {
                matches!(value.text.as_str(), "http:" | "https:" | "*") || value.text.contains('.')
            })
        {
            found.push((
                codes::CSP_NO_HOST_FALLBACK,
                governing,
                span,
                "old browsers have no fallback for 'strict-dynamic'",
                "add https:, which current browsers ignore here",
            ));
        }
        if !self
            .values_of("require-trusted-types-for")
            .iter()
            .any(|value| value.text == "'script'")
        {
            found.push((
                codes::CSP_NO_TRUSTED_TYPES,
                "require-trusted-types-for",
                whole,
                "trusted types are not required",
                "add require-trusted-types-for 'script'",
            ));
        }
        if self.values_of("report-uri").is_empty() {
            let directive = if self.values_of("report-to").is_empty() {
                "report-uri"
            } else {
                "report-to"
            };
            found.push((
                codes::CSP_NO_REPORTING,
                directive,
                whole,
                "violations are not reported to every browser's reader",
                "add report-uri",
            ));
        }
        for (code, directive, span, message, hint) in found {
            self.issue(code, directive, None, span, message.to_owned(), hint);
        }
    }
}
