//! Content Security Policy, level 3: parsing with places, matching, and judging.

mod lint;
mod source;

use std::borrow::Cow;

pub use lint::{Issue, lint};
pub use source::admits;
pub(crate) use source::{is_wide, reaches};

use crate::span::Span;

/// One directive: a name and its values.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Directive<'a> {
    /// The name in lower case.
    pub name: Cow<'a, str>,
    /// The bytes of the name.
    pub span: Span,
    /// The values with their bytes, in order, as written.
    pub values: Vec<(&'a str, Span)>,
}

/// One serialised policy of a header.
///
/// ```
/// use widget_validate::csp::Policy;
///
/// let policies = Policy::parse_header("script-src 'self'; SCRIPT-SRC *, frame-ancestors https://apps.example.com");
/// assert_eq!(policies.len(), 2);
/// let scripts = policies[0].directive("script-src").ok_or("no script-src")?;
/// assert_eq!(scripts.values[0].0, "'self'");
/// assert_eq!(policies[0].repeated().len(), 1);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy<'a> {
    text: &'a str,
    base: usize,
    directives: Vec<Directive<'a>>,
    repeated: Vec<Directive<'a>>,
}

impl<'a> Policy<'a> {
    /// Parses a header value: policies separated by commas, all of which are in force. Spans count bytes of the whole value.
    /// Policies without a directive are left out.
    pub fn parse_header(value: &'a str) -> Vec<Policy<'a>> {
        let mut base = 0;
        let mut policies = Vec::new();
        for text in value.split(',') {
            let policy = Policy::parse_at(text, base);
            base += text.len() + 1;
            if !policy.directives.is_empty() {
                policies.push(policy);
            }
        }
        policies
    }

    /// Parses one serialised policy, as a `<meta>` element holds it. The first directive of a name counts.
    pub fn parse(text: &'a str) -> Policy<'a> {
        Policy::parse_at(text, 0)
    }

    fn parse_at(text: &'a str, base: usize) -> Policy<'a> {
        let mut policy = Policy {
            text,
            base,
            ..Policy::default()
        };
        let mut known = std::collections::HashSet::new();
        let mut at = base;
        for part in text.split(';') {
            let mut words = words(part, at);
            at += part.len() + 1;
            let Some((name, span)) = words.next() else {
                continue;
            };
            let name = if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
                Cow::Owned(name.to_ascii_lowercase())
            } else {
                Cow::Borrowed(name)
            };
            let first = known.insert(name.clone());
            let directive = Directive {
                name,
                span,
                values: words.collect(),
            };
            if first {
                policy.directives.push(directive)
            } else {
                policy.repeated.push(directive)
            }
        }
        policy
    }

    /// The policy as written.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The bytes of the policy in its header value.
    pub fn span(&self) -> Span {
        Span::new(self.base, self.base + self.text.len())
    }

    /// The directives in force, in order.
    pub fn directives(&self) -> &[Directive<'a>] {
        &self.directives
    }

    /// Directives that are ignored because an earlier one has their name.
    pub fn repeated(&self) -> &[Directive<'a>] {
        &self.repeated
    }

    /// The directive of that name (in lower case).
    pub fn directive(&self, name: &str) -> Option<&Directive<'a>> {
        self.directives
            .iter()
            .find(|directive| directive.name == name)
    }
}

/// Words between ASCII white space, with their places.
fn words(text: &str, base: usize) -> impl Iterator<Item = (&str, Span)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'\x0c');
        let bytes = text.as_bytes();
        let start = rest + bytes[rest..].iter().position(|byte| !blank(byte))?;
        let end = bytes[start..]
            .iter()
            .position(blank)
            .map_or(bytes.len(), |length| start + length);
        rest = end;
        Some((&text[start..end], Span::new(base + start, base + end)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_point_into_the_whole_header_value() {
        let value = "default-src  'self' ;; img-src\t*, frame-ancestors https://a.example";
        let policies = Policy::parse_header(value);
        let at = |span: Span| &value[span.start..span.end];
        assert_eq!(at(policies[0].directives()[1].span), "img-src");
        assert_eq!(at(policies[0].directives()[1].values[0].1), "*");
        assert_eq!(
            at(policies[1].directives()[0].values[0].1),
            "https://a.example"
        );
        assert_eq!(at(policies[1].span()), " frame-ancestors https://a.example");
    }
}
