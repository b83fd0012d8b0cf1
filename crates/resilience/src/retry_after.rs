//! Reading `Retry-After`.

use std::time::{Duration, SystemTime};

/// The `Retry-After` header (RFC 9110, section 10.2.3), and what servers send in its place.
#[derive(Debug, Clone, Copy)]
pub struct RetryAfter;

impl RetryAfter {
    /// How long the server asked to wait; `None` when no value can be read.
    ///
    /// | value | result |
    /// | --- | --- |
    /// | `120` | 120 s |
    /// | HTTP date (three forms) | the time until then by `wall`; zero when it has passed |
    /// | `-5` | zero |
    /// | `1.2` | 2 s: rounded up, so that nobody comes early |
    /// | a number beyond every range | [`Duration::MAX`]: seen by the caller as too long |
    /// | `2, 5`, or several headers | the longest that can be read |
    /// | anything else | ignored |
    ///
    /// `wall` is the calendar time when the answer arrived.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use resilience::RetryAfter;
    ///
    /// let wait = RetryAfter::parse(["3"], SystemTime::now());
    /// assert_eq!(wait, Some(Duration::from_secs(3)));
    /// ```
    pub fn parse<I>(values: I, wall: SystemTime) -> Option<Duration>
    where
        I: IntoIterator,
        I::Item: AsRef<[u8]>,
    {
        values
            .into_iter()
            .filter_map(|value| parse_one(value.as_ref(), wall))
            .max()
    }
}

fn parse_one(value: &[u8], wall: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if let Ok(date) = httpdate::parse_http_date(text) {
        return Some(date.duration_since(wall).unwrap_or_default());
    }
    // A proxy may have joined two headers into one.
    text.split(',')
        .filter_map(|part| parse_seconds(part.trim()))
        .max()
}

fn parse_seconds(text: &str) -> Option<Duration> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    if negative {
        return Some(Duration::ZERO);
    }
    let round_up = fraction.bytes().any(|digit| digit != b'0');
    // More digits than u64 holds is a wait nobody will sit out, not garbage.
    let seconds = whole
        .parse::<u64>()
        .ok()
        .and_then(|seconds| seconds.checked_add(u64::from(round_up)));
    Some(seconds.map_or(Duration::MAX, Duration::from_secs))
}
