//! URLs as the WHATWG standard parses them.

use std::borrow::Cow;
use std::ops::Range;

use super::{Origin, default_port};

/// A parsed absolute URL.
///
/// Parsing follows the WHATWG URL standard through the `url` crate. Plain https URLs that are already written the way a parser
/// stores them take a short path without allocation; both ways give the same answer.
///
/// ```
/// use widget_validate::Location;
///
/// let location = Location::parse("https:\\\\CDN.example.com:443\\w.json").ok_or("not a URL")?;
/// assert_eq!(location.href(), "https://cdn.example.com/w.json");
/// assert_eq!(location.host(), Some("cdn.example.com"));
/// assert!(!location.is_spelled_canonically());
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone)]
pub struct Location<'a> {
    text: &'a str,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// `https`, no user info, port or dot segments, nothing to encode. The range is the host.
    Plain {
        host: Range<usize>,
    },
    Parsed {
        url: Box<url::Url>,
        canonical: bool,
    },
}

impl<'a> Location<'a> {
    /// Parses an absolute URL; `None` when the standard calls it a failure.
    pub fn parse(text: &'a str) -> Option<Location<'a>> {
        if let Some(host) = plain_https(text) {
            return Some(Location {
                text,
                form: Form::Plain { host },
            });
        }
        Some(Location::from_url(text, url::Url::parse(text).ok()?))
    }

    /// Parses a URL that may be relative to `base`.
    pub fn parse_with_base(text: &'a str, base: &Location<'_>) -> Option<Location<'a>> {
        if plain_https(text).is_some() {
            return Location::parse(text);
        }
        let base = url::Url::parse(&base.href()).ok()?;
        Some(Location::from_url(
            text,
            url::Url::options().base_url(Some(&base)).parse(text).ok()?,
        ))
    }

    fn from_url(text: &'a str, url: url::Url) -> Location<'a> {
        let href = url.as_str();
        let canonical = href == text || (url.path() == "/" && href.strip_suffix('/') == Some(text));
        Location {
            text,
            form: Form::Parsed {
                url: Box::new(url),
                canonical,
            },
        }
    }

    /// The URL as the parser stores it.
    pub fn href(&self) -> Cow<'_, str> {
        match &self.form {
            Form::Plain { host } if host.end == self.text.len() => {
                Cow::Owned(format!("{}/", self.text))
            }
            Form::Plain { .. } => Cow::Borrowed(self.text),
            Form::Parsed { url, .. } => Cow::Borrowed(url.as_str()),
        }
    }

    /// True when the text was written as the parser stores it; the slash after a bare host may be left out.
    pub fn is_spelled_canonically(&self) -> bool {
        match &self.form {
            Form::Plain { .. } => true,
            Form::Parsed { canonical, .. } => *canonical,
        }
    }

    /// The scheme in lower case, without colon.
    pub fn scheme(&self) -> &str {
        match &self.form {
            Form::Plain { .. } => "https",
            Form::Parsed { url, .. } => url.scheme(),
        }
    }

    /// The host: lower case, international names as `xn--` labels, IPv6 in brackets.
    pub fn host(&self) -> Option<&str> {
        match &self.form {
            Form::Plain { host } => Some(&self.text[host.clone()]),
            Form::Parsed { url, .. } => url.host_str().filter(|host| !host.is_empty()),
        }
    }

    /// The port, the scheme's own where the URL names none.
    pub fn port(&self) -> Option<u16> {
        match &self.form {
            Form::Plain { .. } => Some(443),
            Form::Parsed { url, .. } => url.port().or_else(|| default_port(url.scheme())),
        }
    }

    /// True when the URL names a user or a password.
    pub fn has_user_info(&self) -> bool {
        match &self.form {
            Form::Plain { .. } => false,
            Form::Parsed { url, .. } => !url.username().is_empty() || url.password().is_some(),
        }
    }

    /// The origin of the URL. `None` for opaque origins (`data:`, `javascript:`, …). A `blob:` URL has the origin of the URL inside.
    pub fn origin(&self) -> Option<Origin> {
        match &self.form {
            Form::Plain { host } => Some(Origin::new("https", &self.text[host.clone()], 443)),
            Form::Parsed { url, .. } => match url.origin() {
                url::Origin::Tuple(scheme, host, port) => {
                    Some(Origin::new(&scheme, &host.to_string(), port))
                }
                url::Origin::Opaque(_) => None,
            },
        }
    }

    /// The URL without user info, as text; `None` when there is nothing to remove.
    pub(crate) fn without_user_info(&self) -> Option<String> {
        let Form::Parsed { url, .. } = &self.form else {
            return None;
        };
        let mut url = (**url).clone();
        url.set_username("").ok()?;
        url.set_password(None).ok()?;
        Some(url.into())
    }

    /// The URL with another host, as text.
    pub(crate) fn with_host(&self, host: &str) -> Option<String> {
        let mut url = url::Url::parse(&self.href()).ok()?;
        url.set_host(Some(host)).ok()?;
        Some(url.into())
    }

    /// The URL with the https scheme, as text; `None` unless it is http.
    pub(crate) fn with_https(&self) -> Option<String> {
        let Form::Parsed { url, .. } = &self.form else {
            return None;
        };
        let mut url = (**url).clone();
        if url.scheme() != "http" {
            return None;
        }
        url.set_scheme("https").ok()?;
        Some(url.into())
    }
}

/// True for bytes that stay as they are in a path and in a query.
const UNCHANGED: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"/.?-_~!$&()*+,;=:@ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// True for bytes of a plain host name.
const OF_HOST: [bool; 256] = {
    let mut table = [false; 256];
    let bytes = b"-.abcdefghijklmnopqrstuvwxyz0123456789";
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
};

/// The host of a URL that is `https://`, a lower-case name of letters, digits and inner hyphens, and ASCII that no parser changes.
/// Anything unusual answers `None` and takes the full parser.
pub(crate) fn plain_https(text: &str) -> Option<Range<usize>> {
    let rest = text.strip_prefix("https://")?.as_bytes();
    let is_end = |byte: &u8| !OF_HOST[usize::from(*byte)];
    let end = rest.iter().position(is_end).unwrap_or(rest.len());
    let (host, tail) = rest.split_at(end);
    if host.len() > 253 || !matches!(tail, [] | [b'/', ..]) {
        return None;
    }
    let mut last_label: &[u8] = b"";
    for label in host.split(|byte| *byte == b'.') {
        if !is_plain_label(label) {
            return None;
        }
        last_label = label;
    }
    // A last label that starts with a digit may be part of an IPv4 address.
    let is_plain = !last_label.first()?.is_ascii_digit() && is_plain_path(text.as_bytes(), 8 + end);
    is_plain.then_some(8..8 + end)
}

/// True when no parser changes what stands behind the host, which ends at `at`. Eight bytes at a time; the last eight overlap the
/// ones before, and may reach back into the host, whose bytes all stay as they are.
fn is_plain_path(url: &[u8], mut at: usize) -> bool {
    while let Some(word) = url.get(at..).and_then(|rest| rest.first_chunk()) {
        if !is_plain_word(url[at - 1], word) {
            return false;
        }
        at += 8;
    }
    match url.split_last_chunk() {
        Some(([.., before], word)) if at < url.len() => is_plain_word(*before, word),
        _ => true,
    }
}

/// Dot segments of a path are resolved. Behind a `?` they are text, but that is rare enough for the full parser.
#[inline]
fn is_plain_word(before: u8, bytes: &[u8; 8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(*bytes);
    // The high bit of each byte from `first` to `last`. Bytes are ASCII where it counts, so that no sum carries.
    let between = |word: u64, first: u8, last: u8| {
        (word + ONES * u64::from(0x80 - first)) & !(word + ONES * u64::from(0x7f - last))
    };
    if word & HIGH != 0 {
        return false;
    }
    let slashes = between(word, b'/', b'/') & HIGH;
    let dots = between(word, b'.', b'.');
    if dots & (slashes << 8 | u64::from(before == b'/') << 7) != 0 {
        return false;
    }
    let letters = between(word | (ONES * 0x20), b'a', b'z');
    let ordinary = letters | between(word, b'-', b':') | between(word, b'_', b'_');
    ordinary & HIGH == HIGH || bytes.iter().all(|byte| UNCHANGED[usize::from(*byte)])
}

/// `xn--` labels must be decoded to be judged, and other labels with `--` in that place are reserved.
#[inline]
fn is_plain_label(label: &[u8]) -> bool {
    let hyphen_at = |at: usize| label.get(at) == Some(&b'-');
    let reserved = hyphen_at(2) && hyphen_at(3);
    (1..=63).contains(&label.len()) && !hyphen_at(0) && !hyphen_at(label.len() - 1) && !reserved
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agrees(text: &str) -> Result<(), TestCaseError> {
        if let Some(host) = plain_https(text) {
            let url = url::Url::parse(text)
                .map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            prop_assert_eq!(url.host_str(), Some(&text[host.clone()]), "{}", text);
            prop_assert_eq!(url.port_or_known_default(), Some(443));
            let location =
                Location::parse(text).ok_or_else(|| TestCaseError::fail("no location"))?;
            let href = location.href();
            prop_assert_eq!(href.as_ref(), url.as_str());
            prop_assert!(url.username().is_empty() && url.password().is_none());
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn the_short_path_agrees_with_the_parser(text in "https://[a-z0-9.-]{1,12}(\\.[a-z0-9-]{1,5})?(/[a-zA-Z0-9._~!$&'()*+,;=:@%{}^|\\\\ -]{0,8}){0,3}([?#][a-z0-9=&.{}'/?-]{0,8})?") {
            agrees(&text)?;
        }

        #[test]
        fn the_short_path_agrees_on_anything(tail in "[ -~\u{e9}\u{3002}]{0,12}") {
            agrees(&format!("https://{tail}"))?;
        }
    }

    #[test]
    fn the_short_path_is_taken_by_ordinary_urls_only() {
        for plain in [
            "https://s3.amazonaws.com/my-bucket/widget-manifest.json",
            "https://cdn.example.com",
            "https://cdn.example.com/a.b/?x=1&y=a.b",
        ] {
            assert!(plain_https(plain).is_some(), "{plain}");
        }
        for other in [
            "https://1.2.3.4/",
            "https://a.com./",
            "https://a.com:443/",
            "https://u@a.com/",
            "https://xn--a.com/",
            "https://a.com/../b",
            "https://a.com?x",
            "https://A.com/",
        ] {
            assert!(plain_https(other).is_none(), "{other}");
        }
    }
}
