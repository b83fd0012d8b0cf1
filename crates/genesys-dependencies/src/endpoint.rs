//! Endpoints outside of the platform: where they are, and what a probe says.

use depgraph::{Graph, NodeId};
use genesys_core::{Error, ErrorKind, Region, Result};
use serde::{Deserialize, Serialize};
use url::Url;

/// An endpoint to be probed.
///
/// Its region is what you say, or what its host says: the hosts of Genesys Cloud, and those of Amazon Web Services that name
/// one. Nothing else is taken for a region.
///
/// ```
/// use genesys_dependencies::Endpoint;
///
/// let region = |text: &str| Endpoint::new(text).map(|one| one.region().map(str::to_owned));
/// assert_eq!(region("https://api.mypurecloud.ie/")?.as_deref(), Some("eu-west-1"));
/// assert_eq!(region("https://x1.execute-api.us-west-2.amazonaws.com/prod")?.as_deref(), Some("us-west-2"));
/// assert_eq!(region("https://eu-west-1.example.com/")?, None);
/// let own = Endpoint::new("https://crm.example.com/health")?.with_region("eu-central-1");
/// assert_eq!(own.region(), Some("eu-central-1"));
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    region: Option<String>,
}

impl Endpoint {
    /// The endpoint at a URL.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] for what is no http or https URL of a host. The message holds nothing of it.
    pub fn new(url: &str) -> Result<Self> {
        let url = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidRequest,
                "an endpoint is an http or https URL",
            )
        })?;
        let region = url.host_str().and_then(region_of);
        Ok(Self { url, region })
    }

    /// Says where it runs.
    #[must_use]
    pub fn with_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Its URL. Path and query may hold a secret.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Where it runs; none when that is not known.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }
}

/// The region that a host names.
fn region_of(host: &str) -> Option<String> {
    if let Ok(region) = host.parse::<Region>()
        && host.contains('.')
    {
        return Some(region.aws_name().to_owned());
    }
    let amazon = [".amazonaws.com", ".amazonaws.com.cn", ".on.aws", ".api.aws"];
    let own = amazon.iter().find_map(|suffix| host.strip_suffix(suffix))?;
    own.split('.')
        .find(|label| is_region(label))
        .map(str::to_owned)
}

/// The form of an AWS region: `eu-west-1`, `us-gov-east-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let letters =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.split_last() {
        Some((number, names)) => {
            matches!(names.len(), 2 | 3)
                && names[0].len() <= 4
                && names.iter().all(letters)
                && number.len() == 1
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        None => false,
    }
}

/// What probes of an endpoint found. In the graph these are attributes of its node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct EndpointResult {
    /// Scheme, host and port. Path and query are left out: they may hold a secret.
    pub endpoint: String,
    /// True when the last sample answered 2xx over a connection that is as it should be.
    pub reachable: bool,
    /// The median of connection, TLS and first byte together, in milliseconds; none when no sample was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Where it runs; `unknown` when neither configuration nor host says.
    pub region: String,
    /// When it was probed.
    pub checked_at: String,
    /// How often.
    pub samples: u64,
    /// How many of these failed. Their time is no latency.
    pub failures: u64,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// For all but the first endpoint: whether it could take over from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standby_ready: Option<bool>,
}

/// What stands for a region that is not known.
const UNKNOWN: &str = "unknown";

impl EndpointResult {
    pub(crate) fn of(graph: &Graph, node: NodeId) -> Option<Self> {
        let text = |key: &str| graph.attribute(node, key);
        let number = |key: &str| text(key).and_then(|value| value.parse().ok());
        Some(Self {
            endpoint: graph.name(node)?.to_owned(),
            reachable: text("reachable")? == "true",
            latency_ms: text("latencyMs").and_then(|value| value.parse().ok()),
            region: text("region").unwrap_or(UNKNOWN).to_owned(),
            checked_at: text("checkedAt")?.to_owned(),
            samples: number("samples")?,
            failures: number("failures")?,
            problem: text("problem").map(str::to_owned),
            standby_ready: text("standbyReady").map(|ready| ready == "true"),
        })
    }

    /// As attributes; a region that is not known is none.
    #[cfg(feature = "probe")]
    pub(crate) fn attributes(&self) -> Vec<(std::borrow::Cow<'static, str>, String)> {
        let known = Some(&self.region).filter(|region| *region != UNKNOWN);
        let all = [
            ("reachable", Some(self.reachable.to_string())),
            ("latencyMs", self.latency_ms.map(|ms| format!("{ms:.3}"))),
            ("region", known.cloned()),
            ("checkedAt", Some(self.checked_at.clone())),
            ("samples", Some(self.samples.to_string())),
            ("failures", Some(self.failures.to_string())),
            ("problem", self.problem.clone()),
            (
                "standbyReady",
                self.standby_ready.map(|ready| ready.to_string()),
            ),
        ];
        let set = all
            .into_iter()
            .filter_map(|(key, value)| Some((key.into(), value?)));
        set.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_is_what_the_host_of_a_cloud_names_and_never_a_guess() {
        // errata DEP-29
        for (host, region) in [
            ("api.mypurecloud.com", Some("us-east-1")),
            ("login.euw2.pure.cloud", Some("eu-west-2")),
            ("abc.lambda-url.eu-central-1.on.aws", Some("eu-central-1")),
            ("s3.us-gov-west-1.amazonaws.com", Some("us-gov-west-1")),
            ("eu-west-1.example.com", None),
            ("eu-west-1", None),
            ("a-b-c-d.amazonaws.com", None),
            ("example.com", None),
            ("10.0.0.1", None),
        ] {
            assert_eq!(region_of(host).as_deref(), region, "{host}");
        }
    }

    #[test]
    fn what_is_no_url_of_a_host_is_refused_without_being_quoted() {
        for text in ["", "crm", "ftp://a.example/", "mailto:secret@a.example"] {
            let error = Endpoint::new(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            assert!(!error.to_string().contains("secret"));
        }
    }
}
