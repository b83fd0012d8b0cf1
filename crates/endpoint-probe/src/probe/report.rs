//! What a probe found.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::Serialize;

use super::ProbeMethod;
use crate::guard::Destination;
use crate::serial;
use crate::tls::TlsReport;

/// Whether an endpoint may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ProbeVerdict {
    /// Every address that was probed is as it should be.
    Healthy,
    /// It answers, and something wants attention: a warning, or some addresses fail and others do not.
    Degraded,
    /// Refused by the guard, without an address, or no address is healthy.
    Unhealthy,
}

impl ProbeVerdict {
    /// The name in reports, as it is serialized.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// True unless unhealthy.
    pub fn is_usable(self) -> bool {
        self != Self::Unhealthy
    }
}

/// How much a reason weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Severity {
    /// Told, and changes nothing.
    Notice,
    /// Degrades.
    Warning,
    /// Fails the address, or the endpoint when it is about no address.
    Error,
}

/// What kind of thing a reason is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ReasonKind {
    /// The guard refuses the URL, the name or an address.
    Blocked,
    /// The name has no address, or the look-up failed.
    DnsFailed,
    /// The look-up took longer than its limit.
    DnsTimedOut,
    /// No TCP connection.
    ConnectFailed,
    /// TLS is not valid; the address's TLS report has the findings.
    Tls,
    /// A certificate on the path ends within 30 days (a notice), 14 or 7 days (warnings), unless set otherwise.
    ExpiresSoon,
    /// The root's own dates are over. Some clients look at them and refuse.
    RootExpired,
    /// A phase took longer than its limit.
    TimedOut,
    /// The connection ended before the answer was complete.
    Closed,
    /// The answer is no HTTP.
    Protocol,
    /// The answer's header is larger than its limit.
    HeaderTooLarge,
    /// The status is none of the healthy ones.
    Status,
    /// The body is not what it should be.
    Body,
    /// The body is larger than its limit; the rest was not read.
    BodyTruncated,
    /// Connection, TLS and first byte took longer than the latency limit.
    Slow,
    /// The server's `Date` is more than five minutes from this machine's clock.
    ClockSkew,
    /// The name has more addresses than are probed.
    AddressesSkipped,
    /// The request cannot be made, because of a bad path for one.
    Request,
}

/// One reason for a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Reason {
    /// How much it weighs.
    pub severity: Severity,
    /// What it is about.
    pub kind: ReasonKind,
    /// The address, unless it is about the endpoint as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    /// One line for a person; never a path, a query or a body.
    pub detail: String,
}

impl Reason {
    pub(super) fn new(severity: Severity, kind: ReasonKind, detail: impl Into<String>) -> Self {
        Self {
            severity,
            kind,
            address: None,
            detail: detail.into(),
        }
    }
}

/// What the name gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DnsReport {
    /// Every address, in the resolver's order.
    pub addresses: Vec<IpAddr>,
    /// The names that the host is an alias of, first to last, as far as the resolver tells.
    pub aliases: Vec<String>,
    /// How long the look-up took; zero when the host is an address.
    #[serde(rename = "elapsedMs", serialize_with = "serial::millis")]
    pub elapsed: Duration,
}

impl DnsReport {
    pub(super) fn of(destination: &Destination) -> Self {
        let addresses = destination.addresses().iter();
        Self {
            addresses: addresses.map(|one| one.address().ip()).collect(),
            aliases: destination.aliases().to_vec(),
            elapsed: destination.lookup(),
        }
    }
}

/// How long each phase took. `None` for one that did not end or did not take place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PhaseTimings {
    /// The look-up; the same for all addresses of a name.
    #[serde(rename = "dnsMs", serialize_with = "serial::optional_millis")]
    pub dns: Option<Duration>,
    /// TCP.
    #[serde(rename = "connectMs", serialize_with = "serial::optional_millis")]
    pub connect: Option<Duration>,
    /// The TLS handshake.
    #[serde(rename = "tlsMs", serialize_with = "serial::optional_millis")]
    pub tls: Option<Duration>,
    /// From the request to the answer's header.
    #[serde(rename = "firstByteMs", serialize_with = "serial::optional_millis")]
    pub first_byte: Option<Duration>,
    /// From the answer's header to the end of its body.
    #[serde(rename = "transferMs", serialize_with = "serial::optional_millis")]
    pub transfer: Option<Duration>,
}

impl PhaseTimings {
    /// Connection, TLS and first byte: what a client waits for an answer. `None` without an answer.
    pub fn latency(&self) -> Option<Duration> {
        let tls = self.tls.unwrap_or_default();
        Some(self.connect? + tls + self.first_byte?)
    }
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct HttpReport {
    /// The method that was used: a `GET` may have effects.
    pub method: &'static str,
    /// The status.
    pub status: u16,
    /// It is one of the healthy ones.
    pub status_accepted: bool,
    /// Bytes of the body that were read.
    pub body_bytes: usize,
    /// The body goes on beyond the limit.
    pub body_truncated: bool,
    /// The body is what it should be; `None` without such a condition or without the whole of a body.
    pub body_matched: Option<bool>,
    /// This machine's clock less the server's, in seconds, by its `Date`.
    pub clock_offset_seconds: Option<i64>,
}

impl HttpReport {
    pub(super) fn new(method: ProbeMethod, status: u16, status_accepted: bool) -> Self {
        let method = match method {
            ProbeMethod::Get => "GET",
            ProbeMethod::Head => "HEAD",
            ProbeMethod::Options => "OPTIONS",
        };
        Self {
            method,
            status,
            status_accepted,
            body_bytes: 0,
            body_truncated: false,
            body_matched: None,
            clock_offset_seconds: None,
        }
    }
}

/// One address of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct AddressReport {
    /// The address that was dialled.
    pub address: SocketAddr,
    /// True when no reason is an error.
    pub healthy: bool,
    /// How long each phase took.
    pub timings: PhaseTimings,
    /// TLS; `None` for plain HTTP, which a guard allows to loopback alone, and without a connection.
    pub tls: Option<TlsReport>,
    /// The answer, as far as there was one.
    pub http: Option<HttpReport>,
    /// Everything that is wrong with this address.
    pub reasons: Vec<Reason>,
}

impl AddressReport {
    pub(super) fn new(address: SocketAddr, dns: Duration) -> Self {
        Self {
            address,
            healthy: false,
            timings: PhaseTimings {
                dns: Some(dns),
                ..PhaseTimings::default()
            },
            tls: None,
            http: None,
            reasons: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, severity: Severity, kind: ReasonKind, detail: impl Into<String>) {
        let mut reason = Reason::new(severity, kind, detail);
        reason.address = Some(self.address);
        self.reasons.push(reason);
    }

    fn fails(&self) -> bool {
        self.reasons
            .iter()
            .any(|reason| reason.severity == Severity::Error)
    }
}

/// What a probe found. Serialized in camel case; durations as whole milliseconds in members that end in `Ms`, times of the day
/// as RFC 3339.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ProbeReport {
    /// Scheme, host and port. Path and query are left out: they may hold a secret.
    pub endpoint: String,
    /// Whether it may be relied on.
    pub verdict: ProbeVerdict,
    /// Every reason for that, of the endpoint and of each address, the weightiest first.
    pub reasons: Vec<Reason>,
    /// What the name gave; `None` when the guard or the look-up refused.
    pub dns: Option<DnsReport>,
    /// Each address that was probed, in the resolver's order.
    pub addresses: Vec<AddressReport>,
    /// How many were left out.
    pub skipped_addresses: usize,
    /// How long all of it took, waiting for a place included.
    #[serde(rename = "elapsedMs", serialize_with = "serial::millis")]
    pub elapsed: Duration,
}

impl ProbeReport {
    pub(super) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            verdict: ProbeVerdict::Unhealthy,
            reasons: Vec::new(),
            dns: None,
            addresses: Vec::new(),
            skipped_addresses: 0,
            elapsed: Duration::ZERO,
        }
    }

    /// The best latency of the healthy addresses.
    pub fn latency(&self) -> Option<Duration> {
        let healthy = self.addresses.iter().filter(|one| one.healthy);
        healthy.filter_map(|one| one.timings.latency()).min()
    }

    /// Draws the conclusion from the reasons.
    pub(super) fn settle(&mut self) {
        let refused = self
            .reasons
            .iter()
            .any(|reason| reason.severity == Severity::Error);
        for address in &mut self.addresses {
            address.healthy = !address.fails();
            self.reasons.extend(address.reasons.iter().cloned());
        }
        self.reasons
            .sort_by_key(|reason| std::cmp::Reverse(reason.severity));
        let any = self.addresses.iter().any(|address| address.healthy);
        let worst = self.reasons.first().map(|reason| reason.severity);
        self.verdict = match worst {
            _ if refused || !any => ProbeVerdict::Unhealthy,
            Some(Severity::Error | Severity::Warning) => ProbeVerdict::Degraded,
            Some(Severity::Notice) | None => ProbeVerdict::Healthy,
        };
    }
}
