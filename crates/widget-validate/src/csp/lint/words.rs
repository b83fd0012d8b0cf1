//! The words of policies: directives, keywords, and the forms of values.

pub(super) const DIRECTIVES: &[&str] = &[
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

pub(super) const FETCH: &[&str] = &[
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

pub(super) const KEYWORDS: &[&str] = &[
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

pub(super) const SCRIPTS: &[&str] = &["script-src", "script-src-attr", "script-src-elem"];
pub(super) const CODE: &[&str] = &[
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "object-src",
    "base-uri",
];

pub(super) const DEPRECATED: &[(&str, &str)] = &[
    ("reflected-xss", "remove it"),
    ("referrer", "send a Referrer-Policy header"),
    ("disown-opener", "send a Cross-Origin-Opener-Policy header"),
    ("prefetch-src", "remove it; prefetches follow default-src"),
];

pub(super) fn is_known_quoted(directive: &str, text: &str) -> bool {
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

pub(super) fn is_scheme(text: &str) -> bool {
    text.strip_suffix(':').is_some_and(|scheme| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

pub(super) fn is_base64(text: &str) -> bool {
    let body = text
        .strip_suffix("==")
        .or_else(|| text.strip_suffix('='))
        .unwrap_or(text);
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/_-".contains(&byte))
}

pub(super) fn is_nonce(text: &str) -> bool {
    text.strip_prefix("'nonce-")
        .and_then(|rest| rest.strip_suffix('\''))
        .is_some_and(is_base64)
}

pub(super) fn is_hash(text: &str) -> bool {
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
pub(super) fn without_scheme(text: &str) -> &str {
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
pub(super) fn is_address(text: &str) -> bool {
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
