//! A probe's report as facts.

use super::facts::{CertificateIdentity, EndpointFacts, TlsFacts};
use crate::health::HealthState;
use crate::probe::{ProbeReport, ProbeVerdict, ReasonKind};

/// What a probe saw: addresses, aliases, certificates and health. The endpoint's scheme, host and port become the label. The
/// answer's form, settings, region and autonomous system are for the caller to add.
///
/// A host without an address has an empty list; one that was not looked up, because the guard refused it or the look-up ended
/// in no answer, has none.
impl From<&ProbeReport> for EndpointFacts {
    fn from(report: &ProbeReport) -> Self {
        let host = url::Url::parse(&report.endpoint)
            .ok()
            .and_then(|url| url.host_str().map(str::to_owned));
        let mut facts = Self::new(host.unwrap_or_else(|| report.endpoint.clone()))
            .with_label(&report.endpoint)
            .with_health(match report.verdict {
                ProbeVerdict::Healthy => HealthState::Up,
                ProbeVerdict::Degraded => HealthState::Degraded,
                ProbeVerdict::Unhealthy => HealthState::Down,
            });
        match &report.dns {
            Some(dns) => {
                facts = facts
                    .with_addresses(dns.addresses.iter().copied())
                    .with_aliases(dns.aliases.iter().cloned());
            }
            None => {
                let kinds = report.reasons.iter().map(|reason| reason.kind);
                if kinds.into_iter().any(|kind| kind == ReasonKind::DnsFailed) {
                    facts = facts.with_addresses([]);
                }
            }
        }
        facts.tls = tls(report);
        facts
    }
}

/// The TLS of all addresses together: wrong when it is wrong at one of them, and over when the first of them is.
fn tls(report: &ProbeReport) -> Option<TlsFacts> {
    let mut facts: Option<TlsFacts> = None;
    for tls in report.addresses.iter().filter_map(|one| one.tls.as_ref()) {
        let facts = facts.get_or_insert_default();
        if !tls.verdict.is_valid() && facts.problem.is_none() {
            facts.problem = Some(tls.verdict.as_str().to_owned());
        }
        facts.not_after = match (facts.not_after, tls.earliest_not_after) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        if let Some(own) = tls.certificates.first() {
            let identity = CertificateIdentity::new(&own.fingerprint)
                .with_serial(&own.issuer, &own.serial)
                .with_key(&own.key_fingerprint);
            *facts = std::mem::take(facts).with_certificate(identity);
        }
    }
    facts
}
