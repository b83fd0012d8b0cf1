//! What a healthy answer looks like.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Statuses that are healthy.
///
/// Read from text such as `200-299,304`:
///
/// ```
/// use endpoint_probe::StatusMatcher;
///
/// let matcher: StatusMatcher = "200-299, 401".parse()?;
/// assert!(matcher.matches(204) && matcher.matches(401) && !matcher.matches(404));
/// assert!("299-200".parse::<StatusMatcher>().is_err());
/// assert!(StatusMatcher::below_500().matches(404));
/// # Ok::<(), endpoint_probe::StatusMatcherError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StatusMatcher {
    ranges: Vec<RangeInclusive<u16>>,
}

/// The text is no list of statuses: numbers and ranges of 100 to 599, separated by commas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not a list of statuses such as 200-299,304")]
#[non_exhaustive]
pub struct StatusMatcherError;

impl StatusMatcher {
    /// 200–299, the default.
    pub fn success() -> Self {
        Self::range(200..=299)
    }

    /// Everything below 500. Redirects, missing pages and refusals count as healthy then: it says that something answers, and
    /// no more.
    pub fn below_500() -> Self {
        Self::range(100..=499)
    }

    /// One range; an empty one matches nothing.
    pub fn range(range: RangeInclusive<u16>) -> Self {
        Self {
            ranges: vec![range],
        }
    }

    /// This or that.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.ranges.extend(other.ranges);
        self
    }

    /// True when the status is healthy.
    pub fn matches(&self, status: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&status))
    }
}

impl Default for StatusMatcher {
    fn default() -> Self {
        Self::success()
    }
}

impl fmt::Display for StatusMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, range) in self.ranges.iter().enumerate() {
            let comma = if place > 0 { "," } else { "" };
            if range.start() == range.end() {
                write!(f, "{comma}{}", range.start())?;
            } else {
                write!(f, "{comma}{}-{}", range.start(), range.end())?;
            }
        }
        Ok(())
    }
}

impl FromStr for StatusMatcher {
    type Err = StatusMatcherError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let status = |text: &str| match text.trim().parse() {
            Ok(status @ 100..=599) => Ok(status),
            _ => Err(StatusMatcherError),
        };
        let ranges: Result<Vec<_>, _> = text
            .split(',')
            .map(|part| {
                let (start, end) = part.split_once('-').unwrap_or((part, part));
                let range = status(start)?..=status(end)?;
                if range.is_empty() {
                    return Err(StatusMatcherError);
                }
                Ok(range)
            })
            .collect();
        Ok(Self { ranges: ranges? })
    }
}

/// What a body must hold.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyMatcher {
    /// These bytes, anywhere.
    Contains(Vec<u8>),
    /// These bytes and no others, white space around them left out.
    Exact(Vec<u8>),
}

impl BodyMatcher {
    /// This text, anywhere.
    pub fn contains(text: impl Into<Vec<u8>>) -> Self {
        Self::Contains(text.into())
    }

    /// This text and no other, white space around both left out.
    pub fn exact(text: impl Into<Vec<u8>>) -> Self {
        Self::Exact(text.into())
    }

    /// True when the body holds it.
    pub fn matches(&self, body: &[u8]) -> bool {
        match self {
            Self::Contains(bytes) if bytes.is_empty() => true,
            Self::Contains(bytes) => body
                .windows(bytes.len())
                .any(|window| window == bytes.as_slice()),
            Self::Exact(bytes) => body.trim_ascii() == bytes.trim_ascii(),
        }
    }
}

/// The length alone: what a health page says may be a secret.
impl fmt::Debug for BodyMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, bytes) = match self {
            Self::Contains(bytes) => ("Contains", bytes),
            Self::Exact(bytes) => ("Exact", bytes),
        };
        f.debug_tuple(name)
            .field(&format_args!("{} bytes", bytes.len()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_an_explicit_set() {
        // errata EVR-22
        for status in [100, 199, 300, 301, 401, 404, 429, 500] {
            assert!(!StatusMatcher::default().matches(status), "{status}");
        }
        assert!(StatusMatcher::default().matches(200) && StatusMatcher::default().matches(299));
        let lenient = StatusMatcher::below_500();
        assert!(lenient.matches(404) && lenient.matches(301) && !lenient.matches(500));
    }

    #[test]
    fn a_list_reads_as_it_is_written() {
        for text in ["200-299", "200", "200-204,301,400-499"] {
            assert_eq!(text.parse::<StatusMatcher>().unwrap().to_string(), text);
        }
        for text in [
            "", "abc", "99", "600", "200-", "-200", "200,,300", "300-200",
        ] {
            assert!(text.parse::<StatusMatcher>().is_err(), "{text}");
        }
        let both = StatusMatcher::success().or(StatusMatcher::range(304..=304));
        assert_eq!(both.to_string(), "200-299,304");
    }

    #[test]
    fn a_body_is_searched_or_compared() {
        assert!(BodyMatcher::contains("ok").matches(b"all ok here"));
        assert!(!BodyMatcher::contains("ok").matches(b"o"));
        assert!(BodyMatcher::contains("").matches(b""));
        assert!(BodyMatcher::exact("ok").matches(b" ok\r\n"));
        assert!(!BodyMatcher::exact("ok").matches(b"okay"));
        let shown = format!("{:?}", BodyMatcher::contains("hunter2"));
        assert_eq!(shown, "Contains(7 bytes)");
    }
}
