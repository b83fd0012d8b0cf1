//! The judgement of one policy: mistakes of writing, and ways around it.
//!
//! The checks are those that security reviews of policies share (the research names Google's evaluator as the reference; a
//! script compares the two over generated policies). Lists of hosts with known bypasses are not kept here: every allowed host is
//! reported, at the lowest severity.

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

const DIRECTIVES: &[&str] = &[
    "child-src",
    "connect-src",
    "default-src",
    "font-src",
    "frame-src",
    "img-src",
    "media-src",
    "object-src",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "prefetch-src",
    "manifest-src",
    "worker-src",
    "fenced-frame-src",
    "base-uri",
    "plugin-types",
    "sandbox",
    "disown-opener",
    "form-action",
    "frame-ancestors",
    "navigate-to",
    "report-to",
    "report-uri",
    "block-all-mixed-content",
    "upgrade-insecure-requests",
    "reflected-xss",
    "referrer",
    "require-sri-for",
    "trusted-types",
    "require-trusted-types-for",
    "webrtc",
];

const FETCH: &[&str] = &[
    "child-src",
    "connect-src",
    "default-src",
    "font-src",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "object-src",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "worker-src",
];

const KEYWORDS: &[&str] = &[
    "self",
    "none",
    "unsafe-inline",
    "unsafe-eval",
    "wasm-eval",
    "wasm-unsafe-eval",
    "strict-dynamic",
    "unsafe-hashed-attributes",
    "unsafe-hashes",
    "report-sample",
    "block",
    "allow",
    "inline-speculation-rules",
    "trusted-types-eval",
];

const SCRIPTS: &[&str] = &["script-src", "script-src-attr", "script-src-elem"];
const CODE: &[&str] = &[
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "object-src",
    "base-uri",
];

const DEPRECATED: &[(&str, &str)] = &[
    ("reflected-xss", "remove it"),
    ("referrer", "send a Referrer-Policy header"),
    ("disown-opener", "send a Cross-Origin-Opener-Policy header"),
    ("prefetch-src", "remove it; prefetches follow default-src"),
];

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

    fn characters(&mut self) {
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

    fn syntax(&mut self) {
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

    fn scripts(&mut self) {
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

    fn missing(&mut self) {
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

    fn sources(&mut self) {
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

    fn allowlists(&mut self) {
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

    /// Looks at the policy as written: fallbacks for old browsers count here.
    fn hardening(&mut self) {
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

fn is_known_quoted(directive: &str, text: &str) -> bool {
    match directive {
        "require-trusted-types-for" => text == "'script'",
        "trusted-types" => matches!(text, "'allow-duplicates'" | "'none'"),
        _ => {
            let word = text
                .strip_prefix('\'')
                .and_then(|rest| rest.strip_suffix('\''));
            word.is_some_and(|word| KEYWORDS.contains(&word)) || is_nonce(text) || is_hash(text)
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.strip_suffix(':').is_some_and(|scheme| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn is_base64(text: &str) -> bool {
    let body = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/_-".contains(&byte))
}

fn is_nonce(text: &str) -> bool {
    text.strip_prefix("'nonce-")
        .and_then(|rest| rest.strip_suffix('\''))
        .is_some_and(is_base64)
}

fn is_hash(text: &str) -> bool {
    let word = text
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    word.is_some_and(|word| {
        ["sha256-", "sha384-", "sha512-"]
            .iter()
            .any(|kind| word.strip_prefix(kind).is_some_and(is_base64))
    })
}

/// The expression without scheme or leading slashes.
fn without_scheme(text: &str) -> &str {
    let rest = match text.split_once("://") {
        Some((scheme, rest))
            if scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte))
                && !scheme.is_empty() =>
        {
            rest
        }
        _ => text,
    };
    rest.strip_prefix("//").unwrap_or(rest)
}

/// True when the host of the expression is an address, in whatever spelling a URL parser accepts.
fn is_address(text: &str) -> bool {
    let host = without_scheme(text).replacen(":*", "", 1);
    // Words without a digit or bracket cannot be addresses; this spares most values the parser.
    if !host
        .bytes()
        .any(|byte| byte.is_ascii_digit() || byte == b'[')
        || host.starts_with('\'')
    {
        return false;
    }
    url::Url::parse(&format!("https://{host}"))
        .is_ok_and(|url| matches!(url.host(), Some(url::Host::Ipv4(_) | url::Host::Ipv6(_))))
}
