//! How reports are written: RFC 3339 and whole milliseconds.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

pub(crate) fn timestamp<S: Serializer>(
    time: &SystemTime,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    optional_timestamp(&Some(*time), serializer)
}

/// A time beyond the year 9999 is written as `null`.
pub(crate) fn optional_timestamp<S: Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let text = time.and_then(|time| Timestamp::try_from(time).ok());
    text.map(|stamp| stamp.to_string()).serialize(serializer)
}

pub(crate) fn millis<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

pub(crate) fn optional_millis<S: Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => millis(time, serializer),
        None => serializer.serialize_none(),
    }
}

/// Text of a peer, for a report: bounded, on one line, without control characters and direction marks.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 256;
    let mut shown: String = text
        .chars()
        .take(LONGEST)
        .map(|character| match character {
            '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => '\u{fffd}',
            character if character.is_control() => '\u{fffd}',
            character => character,
        })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn text_of_a_peer_cannot_move_the_cursor_or_fill_the_screen() {
        assert_eq!(
            shown("a\x1b[2J\nb\u{202e}c"),
            "a\u{fffd}[2J\u{fffd}b\u{fffd}c"
        );
        assert_eq!(shown(&"x".repeat(10_000)).chars().count(), 257);
    }
}
