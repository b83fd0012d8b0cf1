//! What is good or bad about a destination.

use std::time::Duration;

/// A kind of destination. All but [`Tls11`](Self::Tls11) speak TLS 1.2 and 1.3 and HTTP/1.1, and answer 200 with
/// `{"status":"up"}` unless they say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DestinationKind {
    /// Nothing is wrong: the name, the whole chain, 90 days of validity left.
    Healthy,
    /// The certificate is valid for five more days.
    Expiring,
    /// The certificate ended yesterday.
    Expired,
    /// The certificate begins tomorrow.
    NotYetValid,
    /// The certificate is for `other.sandbox.test`.
    WrongName,
    /// The certificate signs itself.
    SelfSigned,
    /// The whole chain, of an authority that nobody trusts.
    UnknownCa,
    /// The intermediate certificate is not sent.
    IncompleteChain,
    /// Answers every greeting with a ServerHello of TLS 1.1, and no more.
    Tls11,
    /// Answers after a delay: 2 s, or what [`Destination::set_delay`](super::Destination::set_delay) says.
    Slow,
    /// Answers 503 with `Retry-After: 30`.
    Unavailable,
    /// Answers 200 and 503 in turn, or what [`Destination::set_statuses`](super::Destination::set_statuses) says.
    Flapping,
    /// Answers 302 to the healthy one, or to where [`Destination::set_location`](super::Destination::set_location) says.
    Redirecting,
}

impl DestinationKind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::Healthy,
        Self::Expiring,
        Self::Expired,
        Self::NotYetValid,
        Self::WrongName,
        Self::SelfSigned,
        Self::UnknownCa,
        Self::IncompleteChain,
        Self::Tls11,
        Self::Slow,
        Self::Unavailable,
        Self::Flapping,
        Self::Redirecting,
    ];

    /// The first label of its name, such as `wrong-name`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::WrongName => "wrong-name",
            Self::SelfSigned => "self-signed",
            Self::UnknownCa => "unknown-ca",
            Self::IncompleteChain => "incomplete-chain",
            Self::Tls11 => "tls11",
            Self::Slow => "slow",
            Self::Unavailable => "unavailable",
            Self::Flapping => "flapping",
            Self::Redirecting => "redirecting",
        }
    }

    /// Its name, such as `wrong-name.sandbox.test`.
    #[must_use]
    pub fn host(self) -> String {
        format!("{}.sandbox.test", self.label())
    }

    /// The statuses that it answers with at first.
    pub(super) fn statuses(self) -> &'static [u16] {
        match self {
            Self::Unavailable => &[503],
            Self::Flapping => &[200, 503],
            Self::Redirecting => &[302],
            _ => &[200],
        }
    }

    /// How long an answer takes at first.
    pub(super) fn delay(self) -> Duration {
        match self {
            Self::Slow => Duration::from_secs(2),
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_stands_at_its_own_place() {
        for (index, kind) in DestinationKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index, "{kind:?}");
        }
    }
}
