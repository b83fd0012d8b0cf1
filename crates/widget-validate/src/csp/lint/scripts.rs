//! Ways to run a script that the policy leaves open.

use super::Lint;
use super::words::{CODE, SCRIPTS, is_hash, is_nonce, is_scheme, without_scheme};
use crate::code::csp as codes;
use crate::finding::shown;

impl Lint<'_> {
    pub(super) fn scripts(&mut self) {
        for directive in self.governing_all(SCRIPTS) {
            for value in self.values_of(directive).to_vec() {
                let (code, message) = match value.text.as_str() {
                    "'unsafe-inline'" => (codes::CSP_UNSAFE_INLINE, "inline scripts are allowed"),
                    "'unsafe-hashes'" => (
                        codes::CSP_UNSAFE_HASHES,
                        "event handlers are allowed by hash",
                    ),
                    "'unsafe-eval'" => (codes::CSP_UNSAFE_EVAL, "code from strings is allowed"),
                    _ => continue,
                };
                self.issue(
                    code,
                    directive,
                    Some(&value.text),
                    value.span,
                    format!("{message} by {directive}"),
                    "use nonces or hashes, and move handlers into scripts",
                );
            }
        }
        for directive in self.governing_all(CODE) {
            for value in self.values_of(directive).to_vec() {
                let text = value.text.as_str();
                if matches!(text, "data:" | "http:" | "https:") {
                    let message = format!("{directive} allows everything of the scheme {text}");
                    self.issue(
                        codes::CSP_PLAIN_SCHEME,
                        directive,
                        Some(text),
                        value.span,
                        message,
                        "name the hosts, or use nonces",
                    );
                }
                if without_scheme(text) == "*" {
                    self.issue(
                        codes::CSP_WILDCARD,
                        directive,
                        Some(text),
                        value.span,
                        format!("{directive} allows every host"),
                        "name the hosts, or use nonces",
                    );
                }
            }
        }
    }

    pub(super) fn missing(&mut self) {
        let whole = self.policy.span();
        let restricts = |directive: &str| !self.values_of(directive).is_empty();
        let objects = if self.has("object-src") {
            restricts("object-src")
        } else {
            restricts("default-src")
        };
        if !objects {
            self.issue(
                codes::CSP_NO_OBJECT_SRC,
                "object-src",
                None,
                whole,
                "plugins are not restricted".to_owned(),
                "add object-src 'none'",
            );
        }
        if !self.has("script-src") && !self.has("default-src") {
            self.issue(
                codes::CSP_NO_SCRIPT_SRC,
                "script-src",
                None,
                whole,
                "scripts are not restricted".to_owned(),
                "add script-src or default-src",
            );
        }
        let scripts = self.values_of(self.governing("script-src"));
        let nonces = scripts.iter().any(|value| is_nonce(&value.text));
        let hashes = scripts.iter().any(|value| is_hash(&value.text));
        let dynamic = scripts.iter().any(|value| value.text == "'strict-dynamic'");
        if (nonces || (hashes && dynamic)) && !self.has("base-uri") {
            self.issue(
                codes::CSP_NO_BASE_URI,
                "base-uri",
                None,
                whole,
                "the base address is not restricted".to_owned(),
                "add base-uri 'none'",
            );
        }
    }

    pub(super) fn allowlists(&mut self) {
        for directive in self.governing_all(&["script-src", "script-src-elem"]) {
            let values = self.values_of(directive).to_vec();
            if values.iter().any(|value| value.text == "'none'") {
                continue;
            }
            for value in values {
                let text = value.text.as_str();
                let host = !text.starts_with('\'') && !is_scheme(text) && text.contains('.');
                if text == "'self'" || host {
                    let message = format!("scripts are allowed from {}", shown(text));
                    self.issue(codes::CSP_SCRIPT_ALLOWLIST, directive, Some(text), value.span, message, "make sure it serves no JSONP, no old frameworks and no uploads; or use nonces");
                }
            }
        }
        let plugins = self.values_of("plugin-types");
        let no_flash = self.has("plugin-types")
            && !plugins
                .iter()
                .any(|value| value.text == "application/x-shockwave-flash");
        let objects = self.values_of("object-src").to_vec();
        if no_flash || objects.iter().any(|value| value.text == "'none'") {
            return;
        }
        for value in objects {
            self.issue(
                codes::CSP_OBJECT_ALLOWLIST,
                "object-src",
                Some(&value.text),
                value.span,
                format!("plugins are allowed from {}", shown(&value.text)),
                "write object-src 'none'",
            );
        }
    }
}
