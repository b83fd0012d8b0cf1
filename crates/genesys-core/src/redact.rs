//! What may be printed, by allow-list.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use http::HeaderMap;
use url::Url;

/// What stands in for a text that is not printed.
pub const REDACTED: &str = "[redacted]";

/// Headers whose values may be printed; every other value is redacted.
const PRINTED_HEADERS: &[&str] = &[
    "accept",
    "content-length",
    "content-type",
    "date",
    "inin-correlation-id",
    "inin-ratelimit-allowed",
    "inin-ratelimit-count",
    "inin-ratelimit-reset",
    "retry-after",
    "user-agent",
];

/// Query parameters whose values may be printed.
const PRINTED_QUERY: &[&str] = &["pagenumber", "pagesize", "sortby", "sortorder", "expand"];

/// Query parameters that carry credentials by their name, compared without case, `-` and `_`.
const SECRET_PARAMETERS: &[&str] = &[
    "accesskey",
    "accesstoken",
    "apikey",
    "auth",
    "authorization",
    "clientsecret",
    "credential",
    "key",
    "passwd",
    "password",
    "pwd",
    "secret",
    "sig",
    "signature",
    "token",
];

/// Whether a query parameter carries a credential by its name: `token`, `api_key`, `sig` and the like, without case, `-` and `_`.
/// Every proxy on the way logs queries, so a target with such a parameter is refused rather than redacted.
///
/// ```
/// use genesys_core::redact::names_a_secret;
///
/// assert!(names_a_secret("Access-Token"));
/// assert!(!names_a_secret("tokens_per_page"));
/// ```
pub fn names_a_secret(parameter: &str) -> bool {
    let name: String = parameter
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .flat_map(char::to_lowercase)
        .collect();
    SECRET_PARAMETERS.contains(&name.as_str())
}

/// A URL for logs: no user info, no fragment, and only listed query values.
///
/// ```
/// let url = "https://user:pw@api.example.com/v2/x?pageSize=25&token=abc#f".parse()?;
/// assert_eq!(genesys_core::redact::url(&url), "https://api.example.com/v2/x?pageSize=25&token=[redacted]");
/// # Ok::<(), url::ParseError>(())
/// ```
pub fn url(url: &Url) -> String {
    let mut out = format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default());
    if let Some(port) = url.port() {
        out.push_str(&format!(":{port}"));
    }
    out.push_str(url.path());
    for (index, (key, value)) in url.query_pairs().enumerate() {
        let printed = PRINTED_QUERY.contains(&key.to_ascii_lowercase().as_str());
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(&printable(&key));
        out.push('=');
        out.push_str(if printed { &value } else { REDACTED });
    }
    printable(&out)
}

/// Headers for logs, in order: listed values as they are, every other one redacted.
pub fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let shown = if PRINTED_HEADERS.contains(&name.as_str()) && !value.is_sensitive() {
                printable(&String::from_utf8_lossy(value.as_bytes()))
            } else {
                REDACTED.to_owned()
            };
            (name.as_str().to_owned(), shown)
        })
        .collect()
}

/// Replaces control characters and the marks that reverse the direction of text, so that a text from outside cannot
/// forge a log line.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// Secrets shorter than this are blanked out as whole words only: inside other words they are chance.
const SHORT: usize = 6;

/// As [`external_text`] where no secret can be in it: borrowed when it is fit as it is.
pub(crate) fn short_text(text: &str, max: usize) -> Cow<'_, str> {
    if text.len() <= max && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(external_text(text, &[], max))
    }
}

/// A text from outside, fit for an error or an audit line: [`printable`], at most `max` characters, and `secrets` blanked out as
/// they are, as JSON, as forms and queries and within base64, because what refuses a request may quote it.
pub fn external_text(text: &str, secrets: &[&str], max: usize) -> String {
    let mut out = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        for form in forms(secret) {
            out = blank(&out, &form);
        }
        for needle in encoded(secret) {
            out = blank_run(&out, &needle);
        }
    }
    let out = printable(&out);
    match out.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &out[..end]),
        None => out,
    }
}

/// A secret as it is, as JSON, and as forms and queries carry it; each different one once.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let form = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let mut forms = vec![secret.to_owned(), json[1..json.len() - 1].to_owned(), form];
    forms.dedup();
    forms
}

/// What is the same in every base64 text that holds the secret, such as a Basic header: one text for each of the three
/// places where a byte can begin. Short secrets give texts that are chance, so they have none.
fn encoded(secret: &str) -> Vec<String> {
    if secret.len() < SHORT {
        return Vec::new();
    }
    [(0, 0), (1, 2), (2, 3)]
        .into_iter()
        .map(|(offset, unsure)| {
            let mut bytes = vec![0; offset];
            bytes.extend_from_slice(secret.as_bytes());
            let text = STANDARD_NO_PAD.encode(&bytes);
            // The characters at either end depend on the neighbours.
            let end = text.len() - usize::from(bytes.len() % 3 != 0);
            text[unsure..end].to_owned()
        })
        .collect()
}

/// Blanks out every base64 text that holds the needle.
fn blank_run(text: &str, needle: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    let outside = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='));
    while let Some(found) = text[rest..].find(needle) {
        let at = rest + found;
        let start = text[rest..at].rfind(outside).map_or(rest, |before| {
            rest + before
                + text[rest + before..]
                    .chars()
                    .next()
                    .map_or(0, char::len_utf8)
        });
        let end = text[at..]
            .find(outside)
            .map_or(text.len(), |after| at + after);
        out.push_str(&text[rest..start]);
        out.push_str(REDACTED);
        rest = end;
    }
    out.push_str(&text[rest..]);
    out
}

fn blank(text: &str, secret: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for (start, _) in text.match_indices(secret) {
        let end = start + secret.len();
        let inside_a_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let chance = secret.len() < SHORT
            && (inside_a_word(text[..start].chars().next_back())
                || inside_a_word(text[end..].chars().next()));
        if !chance {
            out.push_str(&text[rest..start]);
            out.push_str(REDACTED);
            rest = end;
        }
    }
    out.push_str(&text[rest..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn headers_are_redacted_unless_listed() {
        // errata ALL-16, EVR-37
        let mut map = HeaderMap::new();
        map.insert("authorization", HeaderValue::from_static("Bearer abc"));
        map.insert("content-type", HeaderValue::from_static("application/json"));
        map.insert("x-new-secret", HeaderValue::from_static("abc"));
        let shown = headers(&map);
        assert!(
            shown.iter().all(|(_, value)| !value.contains("abc")),
            "{shown:?}"
        );
        assert!(shown.contains(&("content-type".into(), "application/json".into())));
    }

    #[test]
    fn a_text_from_outside_cannot_forge_a_line() {
        // errata ALL-21
        let text = external_text("a\r\n2026-01-01 | CREATE | forged \u{202e}txt", &[], 200);
        assert!(!text.contains(['\r', '\n', '\u{202e}']));
        assert_eq!(
            external_text("hunter2hunter2", &["hunter2"], 12),
            "[redacted][r…"
        );
    }

    #[test]
    fn a_secret_is_blanked_out_in_every_form_in_which_a_request_carries_it() {
        // errata ALL-16, INT-11
        let secret = "hunter2\"&+=%ü\\x";
        let basic = |user: &str| {
            base64::engine::general_purpose::STANDARD.encode(format!("{user}:{secret}"))
        };
        for form in [
            secret.to_owned(),
            r#"hunter2\"&+=%ü\\x"#.to_owned(),
            "hunter2%22%26%2B%3D%25%C3%BC%5Cx".to_owned(),
            basic("u"),
            basic("us"),
            basic("use"),
        ] {
            let text = external_text(&format!("refused: {form}, sorry"), &[secret], 200);
            assert_eq!(text, "refused: [redacted], sorry", "{form}");
        }
        assert_eq!(external_text("pw cHc=", &["pw"], 200), "[redacted] cHc=");
    }

    #[test]
    fn a_short_secret_is_blanked_out_where_it_stands_alone() {
        assert_eq!(
            external_text("password pw, endpwoint", &["pw"], 200),
            "password [redacted], endpwoint"
        );
        assert_eq!(
            external_text("pw=pw", &["pw"], 200),
            "[redacted]=[redacted]"
        );
        assert_eq!(
            external_text("xhunter2x", &["hunter2"], 200),
            "x[redacted]x"
        );
    }
}
