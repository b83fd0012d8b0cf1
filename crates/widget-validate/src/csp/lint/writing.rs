//! Mistakes of writing: characters, names, keywords, sources.

use super::Lint;
use super::words::{DEPRECATED, DIRECTIVES, KEYWORDS, is_address, is_known_quoted, is_nonce};
use crate::code::csp as codes;
use crate::finding::shown;
use crate::span::Span;

impl Lint<'_> {
    pub(super) fn characters(&mut self) {
        let text = self.policy.text();
        let bad = text
            .char_indices()
            .find(|(_, letter)| !matches!(letter, ' '..='~' | '\t'));
        if let Some((at, letter)) = bad {
            let start = self.policy.span().start + at;
            let span = Span::new(start, start + letter.len_utf8());
            self.issue(
                codes::CSP_BAD_CHARACTER,
                "",
                None,
                span,
                format!("the policy holds U+{:04X}", letter as u32),
                "write ASCII only; international names as xn-- labels",
            );
        }
    }

    pub(super) fn syntax(&mut self) {
        let names: Vec<(String, Span)> = self
            .effective
            .iter()
            .map(|own| (own.name.clone(), own.span))
            .collect();
        for (name, span) in names {
            if !DIRECTIVES.contains(&name.as_str()) {
                let hint = match crate::similar::nearest(name.trim_end_matches(':'), DIRECTIVES) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "remove it".to_owned(),
                };
                self.issue(
                    codes::CSP_UNKNOWN_DIRECTIVE,
                    &name,
                    None,
                    span,
                    format!("{} is no directive", shown(&name)),
                    hint,
                );
            }
            if let Some((_, instead)) = DEPRECATED.iter().find(|(old, _)| *old == name) {
                self.issue(
                    codes::CSP_DEPRECATED,
                    &name,
                    None,
                    span,
                    format!("{name} is deprecated"),
                    *instead,
                );
            }
        }
        for (directive, value) in self.each_value() {
            let text = value.text.as_str();
            if DIRECTIVES.contains(&text) {
                let message = format!(
                    "{} is a directive and stands among the values of {directive}",
                    shown(text)
                );
                self.issue(
                    codes::CSP_MISSING_SEMICOLON,
                    &directive,
                    Some(text),
                    value.span,
                    message,
                    "put a semicolon before it",
                );
            }
            let bare = KEYWORDS.contains(&text)
                || text.starts_with("nonce-")
                || ["sha256-", "sha384-", "sha512-"]
                    .iter()
                    .any(|prefix| text.starts_with(prefix));
            if bare {
                let message = format!("{} lacks its single quotes", shown(text));
                self.issue(
                    codes::CSP_INVALID_KEYWORD,
                    &directive,
                    Some(text),
                    value.span,
                    message,
                    format!("write '{text}'"),
                );
            } else if text.starts_with('\'') && !is_known_quoted(&directive, text) {
                self.issue(
                    codes::CSP_INVALID_KEYWORD,
                    &directive,
                    Some(text),
                    value.span,
                    format!("{} is no keyword", shown(text)),
                    "remove it, or correct its spelling",
                );
            }
        }
    }

    pub(super) fn sources(&mut self) {
        for (directive, value) in self.each_value() {
            let text = value.text.as_str();
            if is_address(text) {
                self.issue(
                    codes::CSP_IP_SOURCE,
                    &directive,
                    Some(text),
                    value.span,
                    format!("{} is an IP address", shown(text)),
                    "name the host",
                );
            }
            if text
                .get(..7)
                .is_some_and(|start| start.eq_ignore_ascii_case("http://"))
            {
                self.issue(
                    codes::CSP_HTTP_SOURCE,
                    &directive,
                    Some(text),
                    value.span,
                    format!("{} is loaded without encryption", shown(text)),
                    "write https://",
                );
            }
            if let Some(nonce) = text
                .strip_prefix("'nonce-")
                .and_then(|rest| rest.strip_suffix('\''))
                .filter(|nonce| !nonce.is_empty())
            {
                if nonce.chars().count() < 8 {
                    self.issue(
                        codes::CSP_SHORT_NONCE,
                        &directive,
                        Some(text),
                        value.span,
                        "the nonce is shorter than eight characters".to_owned(),
                        "use 128 random bits a response",
                    );
                }
                if !is_nonce(text) {
                    self.issue(
                        codes::CSP_NONCE_CHARSET,
                        &directive,
                        Some(text),
                        value.span,
                        "the nonce is not base64".to_owned(),
                        "encode it as base64",
                    );
                }
            }
        }
    }
}
