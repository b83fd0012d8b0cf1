//! Tokens of JSON pointers (RFC 6901).

use std::borrow::Cow;

/// A member name as a pointer token: `~` and `/` are escaped.
pub(crate) fn escape_token(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A pointer token as a member name; `None` when a `~` is followed by neither `0` nor `1`.
pub(crate) fn unescape_token(token: &str) -> Option<Cow<'_, str>> {
    if !token.contains('~') {
        return Some(Cow::Borrowed(token));
    }
    let mut name = String::with_capacity(token.len());
    let mut letters = token.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '~' => match letters.next() {
                Some('0') => name.push('~'),
                Some('1') => name.push('/'),
                _ => return None,
            },
            other => name.push(other),
        }
    }
    Some(Cow::Owned(name))
}
