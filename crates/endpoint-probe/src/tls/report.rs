//! What an inspection found.

use std::time::{Duration, SystemTime};

use serde::Serialize;

use crate::serial;

/// What is wrong with a peer's TLS, or nothing.
///
/// The order is that of precedence: of several findings, the first in this order is the verdict of the report. It follows
/// OpenSSL's: the chain, its certificates' rights, their strength, the name, their dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum TlsVerdict {
    /// The peer answered with something that is not TLS, plain HTTP for one.
    NoTls,
    /// The peer speaks TLS 1.1 or older, or SSL.
    ProtocolTooOld,
    /// The peer ended the handshake with an alert.
    Refused,
    /// The connection ended in the middle of the handshake.
    Closed,
    /// The handshake did not end in its time.
    TimedOut,
    /// More certificates or bytes than the limits allow; none of them was judged.
    ChainTooLarge,
    /// A certificate that cannot be read.
    Malformed,
    /// The server's certificate is signed with its own key and is no root.
    SelfSigned,
    /// The server sent its own certificate alone, and who signed it is no root: the intermediate certificate is missing.
    IncompleteChain,
    /// The chain ends at an authority that no root vouches for.
    UnknownAuthority,
    /// A signature in the chain, or the handshake's own, is wrong.
    BadSignature,
    /// A certificate signed another one without the right to.
    NotAnAuthority,
    /// More intermediate certificates than an authority allows below it.
    PathTooLong,
    /// A name that an authority above may not vouch for.
    NameConstraint,
    /// Not meant for TLS servers: extended key usage or key usage.
    WrongPurpose,
    /// A critical extension that nobody here understands.
    CriticalExtension,
    /// The server presents an authority's certificate as its own.
    AuthorityAsLeaf,
    /// A key that is too short: RSA below 2048 bits, an elliptic curve below 224.
    WeakKey,
    /// Signed with MD5 or SHA-1.
    WeakSignature,
    /// Valid for other names only.
    WrongName,
    /// Valid in the future only.
    NotYetValid,
    /// Not valid any more.
    Expired,
    /// Another failure, told in the finding.
    Other,
    /// Nothing: the connection may be used.
    Valid,
}

impl TlsVerdict {
    /// True when the connection may be used.
    pub fn is_valid(self) -> bool {
        self == Self::Valid
    }

    /// The name in reports, as it is serialized.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoTls => "noTls",
            Self::ProtocolTooOld => "protocolTooOld",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::TimedOut => "timedOut",
            Self::ChainTooLarge => "chainTooLarge",
            Self::Malformed => "malformed",
            Self::SelfSigned => "selfSigned",
            Self::IncompleteChain => "incompleteChain",
            Self::UnknownAuthority => "unknownAuthority",
            Self::BadSignature => "badSignature",
            Self::NotAnAuthority => "notAnAuthority",
            Self::PathTooLong => "pathTooLong",
            Self::NameConstraint => "nameConstraint",
            Self::WrongPurpose => "wrongPurpose",
            Self::CriticalExtension => "criticalExtension",
            Self::AuthorityAsLeaf => "authorityAsLeaf",
            Self::WeakKey => "weakKey",
            Self::WeakSignature => "weakSignature",
            Self::WrongName => "wrongName",
            Self::NotYetValid => "notYetValid",
            Self::Expired => "expired",
            Self::Other => "other",
            Self::Valid => "valid",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TlsFinding {
    /// What kind of thing.
    pub verdict: TlsVerdict,
    /// Which of the report's certificates it is about; 0 is the server's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<usize>,
    /// One line for a person.
    pub detail: String,
}

impl TlsFinding {
    pub(super) fn new(verdict: TlsVerdict, detail: impl Into<String>) -> Self {
        Self {
            verdict,
            certificate: None,
            detail: detail.into(),
        }
    }

    pub(super) fn at(mut self, certificate: impl Into<Option<usize>>) -> Self {
        self.certificate = certificate.into();
        self
    }
}

/// How near the end of a certificate's life is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ExpiryLevel {
    /// Further away than every level.
    Distant,
    /// Within 30 days, unless set otherwise.
    Notice,
    /// Within 14 days, unless set otherwise.
    Warning,
    /// Within 7 days, unless set otherwise.
    Critical,
    /// Over.
    Expired,
}

/// The distances at which an expiry is told: 30, 14 and 7 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryLevels {
    notice: Duration,
    warning: Duration,
    critical: Duration,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Default for ExpiryLevels {
    fn default() -> Self {
        Self::clamp(DAY * 30, DAY * 14, DAY * 7)
    }
}

impl ExpiryLevels {
    /// Other distances. A level is never nearer than the one after it: `warning` is at least `critical`, and `notice` at
    /// least `warning`.
    pub fn clamp(notice: Duration, warning: Duration, critical: Duration) -> Self {
        let warning = warning.max(critical);
        Self {
            notice: notice.max(warning),
            warning,
            critical,
        }
    }

    /// The level of an end at `not_after`, seen from `now`. The last second of the life still belongs to it.
    pub fn level(&self, not_after: SystemTime, now: SystemTime) -> ExpiryLevel {
        match not_after.duration_since(now) {
            Err(_) => ExpiryLevel::Expired,
            Ok(left) if left <= self.critical => ExpiryLevel::Critical,
            Ok(left) if left <= self.warning => ExpiryLevel::Warning,
            Ok(left) if left <= self.notice => ExpiryLevel::Notice,
            Ok(_) => ExpiryLevel::Distant,
        }
    }
}

/// A certificate, as far as a reader of the report wants it.
///
/// Texts come from the peer: control characters are replaced and lengths bounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CertificateFacts {
    /// The subject's distinguished name.
    pub subject: String,
    /// The issuer's distinguished name.
    pub issuer: String,
    /// The serial number, hexadecimal.
    pub serial: String,
    /// The names and addresses it is valid for; the first 100.
    pub names: Vec<String>,
    /// First second of the life.
    #[serde(serialize_with = "serial::timestamp")]
    pub not_before: SystemTime,
    /// Last second of the life.
    #[serde(serialize_with = "serial::timestamp")]
    pub not_after: SystemTime,
    /// Whole days until `not_after`, rounded down; negative when it is over.
    pub days_left: i64,
    /// How near the end is.
    pub expiry: ExpiryLevel,
    /// The kind of key and its size in bits, such as `RSA 2048`.
    pub key: String,
    /// The signature algorithm's name, or its object identifier.
    pub signature: String,
    /// The certificate may sign others.
    pub authority: bool,
    /// It is part of the path from the server's certificate to a root, or of as much of it as there is. Servers send more at
    /// times, and what is outside the path decides nothing.
    pub in_path: bool,
    /// SHA-256 over the whole certificate, hexadecimal.
    pub fingerprint: String,
    /// SHA-256 over the public key (SubjectPublicKeyInfo), hexadecimal: a renewed certificate may have kept its key.
    pub key_fingerprint: String,
}

/// What an inspection found. Serialized in camel case, times of the day as RFC 3339 and durations as whole milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TlsReport {
    /// The most fundamental finding, or [`TlsVerdict::Valid`].
    pub verdict: TlsVerdict,
    /// Everything that is wrong, most fundamental first.
    pub findings: Vec<TlsFinding>,
    /// The chain leads to a root and everything on the way is in order, whatever the name. `None` when no chain was judged.
    pub trusted: Option<bool>,
    /// A subject alternative name matches, whatever the chain. `None` when no certificate was judged.
    pub name_matches: Option<bool>,
    /// The protocol version that the peer chose, such as `TLSv1.3`. Known as soon as it answered, also when nothing came of it.
    pub version: Option<String>,
    /// The cipher suite that the peer chose.
    pub cipher: Option<String>,
    /// The application protocol that was agreed on.
    pub alpn: Option<String>,
    /// What the server sent, its own certificate first.
    pub certificates: Vec<CertificateFacts>,
    /// The root that the path ends at. Its dates are told and decide nothing: a root is a name and a key (RFC 5280, 6.1.1 d).
    pub anchor: Option<CertificateFacts>,
    /// The first end of life on the path, the root's own left out. From then on the chain is worthless.
    #[serde(serialize_with = "serial::optional_timestamp")]
    pub earliest_not_after: Option<SystemTime>,
    /// How near that is.
    pub expiry: Option<ExpiryLevel>,
    /// Number of certificates that the server sent.
    pub chain_length: usize,
    /// Their size together, in bytes.
    pub chain_bytes: usize,
    /// The server sent an OCSP answer along. It is not judged: short-lived certificates replace revocation.
    pub ocsp_staple: bool,
    /// A reason to suspect a clock: a certificate whose life begins within a day from now, or ended within the last hour.
    pub clock_hint: Option<String>,
    /// How long the handshake took.
    #[serde(rename = "elapsedMs", serialize_with = "serial::millis")]
    pub elapsed: Duration,
}

impl TlsReport {
    pub(super) fn empty() -> Self {
        Self {
            verdict: TlsVerdict::Valid,
            findings: Vec::new(),
            trusted: None,
            name_matches: None,
            version: None,
            cipher: None,
            alpn: None,
            certificates: Vec::new(),
            anchor: None,
            earliest_not_after: None,
            expiry: None,
            chain_length: 0,
            chain_bytes: 0,
            ocsp_staple: false,
            clock_hint: None,
            elapsed: Duration::ZERO,
        }
    }

    /// Whole days until the first end of life on the path.
    pub fn days_left(&self) -> Option<i64> {
        let path = self.certificates.iter().filter(|one| one.in_path);
        path.map(|one| one.days_left).min()
    }

    /// Sorts the findings by precedence; the first becomes the verdict.
    pub(super) fn settle(&mut self) {
        self.findings
            .sort_by_key(|finding| (finding.verdict, finding.certificate));
        self.verdict = self
            .findings
            .first()
            .map_or(TlsVerdict::Valid, |finding| finding.verdict);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_reached_at_30_14_and_7_days_and_the_last_second_counts() {
        // errata EVR-20
        let now = SystemTime::UNIX_EPOCH + DAY * 20_000;
        let levels = ExpiryLevels::default();
        let second = Duration::from_secs(1);
        for (left, level) in [
            (DAY * 30 + second, ExpiryLevel::Distant),
            (DAY * 30, ExpiryLevel::Notice),
            (DAY * 14, ExpiryLevel::Warning),
            (DAY * 7, ExpiryLevel::Critical),
            (Duration::ZERO, ExpiryLevel::Critical),
        ] {
            assert_eq!(levels.level(now + left, now), level, "{left:?}");
        }
        assert_eq!(levels.level(now - second, now), ExpiryLevel::Expired);
    }

    #[test]
    fn the_serialized_name_of_a_verdict_is_its_name() {
        for verdict in [
            TlsVerdict::NoTls,
            TlsVerdict::NotAnAuthority,
            TlsVerdict::Valid,
        ] {
            let text = serde_json::to_string(&verdict).unwrap();
            assert_eq!(text.trim_matches('"'), verdict.as_str());
        }
    }
}
