//! Whether an endpoint can be relied on.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use endpoint_probe::{Probe, Reason, Severity};
use genesys_core::redact;
use serde::{Serialize, Serializer};
use serde_json::Value;
use url::Url;

/// Looks at endpoints. [`endpoint_probe::Probe`] is the one for real: DNS, TLS and HTTP behind an egress guard.
#[async_trait]
pub trait EndpointCheck: fmt::Debug + Send + Sync {
    /// Looks at one endpoint. What is wrong is in the result. Dropping the future ends it.
    async fn check(&self, uri: &Url) -> EndpointResult;
}

/// What was found about one endpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EndpointResult {
    /// The endpoint, without the values of its query.
    pub uri: String,
    /// Whether it may be relied on.
    pub reachable: bool,
    /// From the connection to the first byte, at the slowest address that is healthy.
    #[serde(rename = "latencyMs", serialize_with = "millis")]
    pub latency: Option<Duration>,
    /// The addresses of its name.
    pub addresses: Vec<IpAddr>,
    /// What is wrong, or wants attention.
    pub reasons: Vec<EndpointReason>,
    /// Everything that the check has to say, in its own form; null when it says no more.
    pub detail: Value,
}

/// One thing that is wrong with an endpoint, or wants attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EndpointReason {
    /// A stable word, such as `dnsFailed`, `tls` or `status`.
    pub code: String,
    /// True when the endpoint, or one of its addresses, fails by it.
    pub error: bool,
    /// One line for a person.
    pub detail: String,
}

impl EndpointReason {
    /// Something that is wrong.
    pub fn error(code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            error: true,
            detail: detail.into(),
        }
    }
}

impl EndpointResult {
    /// An endpoint that may be relied on.
    pub fn reachable(uri: &Url, latency: Duration) -> Self {
        Self {
            uri: redact::url(uri),
            reachable: true,
            latency: Some(latency),
            addresses: Vec::new(),
            reasons: Vec::new(),
            detail: Value::Null,
        }
    }

    /// An endpoint that may not, and why.
    pub fn unreachable(uri: &Url, reason: EndpointReason) -> Self {
        Self {
            uri: redact::url(uri),
            reachable: false,
            latency: None,
            addresses: Vec::new(),
            reasons: vec![reason],
            detail: Value::Null,
        }
    }
}

fn millis<S: Serializer>(latency: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    latency
        .map(|latency| latency.as_secs_f64() * 1_000.0)
        .serialize(serializer)
}

/// Reachable unless unhealthy: an endpoint of which some addresses answer, or whose certificate ends soon, is deployed, and the
/// report says what wants attention.
#[async_trait]
impl EndpointCheck for Probe {
    async fn check(&self, uri: &Url) -> EndpointResult {
        let report = self.probe(uri.as_str()).await;
        let healthy = report.addresses.iter().filter(|address| address.healthy);
        let on_addresses = report.addresses.iter().flat_map(|address| &address.reasons);
        let mut reasons: Vec<EndpointReason> = Vec::new();
        for reason in report.reasons.iter().chain(on_addresses) {
            let reason = EndpointReason::from(reason);
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        EndpointResult {
            uri: redact::url(uri),
            reachable: report.verdict.is_usable(),
            latency: healthy.filter_map(|one| one.timings.latency()).max(),
            addresses: report
                .dns
                .as_ref()
                .map(|dns| dns.addresses.clone())
                .unwrap_or_default(),
            reasons,
            // A report of texts, numbers and lists always has a JSON form.
            detail: serde_json::to_value(&report).unwrap_or_default(),
        }
    }
}

impl From<&Reason> for EndpointReason {
    fn from(reason: &Reason) -> Self {
        let code = match serde_json::to_value(reason.kind) {
            Ok(Value::String(code)) => code,
            _ => "unknown".to_owned(),
        };
        let detail = match reason.address {
            Some(address) => format!("{address}: {}", reason.detail),
            None => reason.detail.clone(),
        };
        Self {
            code,
            error: reason.severity == Severity::Error,
            detail,
        }
    }
}
