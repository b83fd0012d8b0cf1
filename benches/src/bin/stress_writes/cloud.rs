//! A small organisation in an embedded cloud, and the client that talks to it.

use std::sync::Arc;
use std::time::Duration;

use genesys_auth::{ClientCredentials, OAuth};
use genesys_core::transport::{ReqwestTransport, Transport};
use genesys_core::{Client, Hosts};
use genesys_integrations::Limits;
use genesys_sandbox::{CLIENT_ID, CLIENT_SECRET, Fault, FaultKind, Host, Sandbox};
use http::Method;
use resilience::{Backoff, BreakerConfig, Jitter, RetryPolicy};

use crate::Failed;

/// How long an attempt waits. Far beyond any answer, so that whoever gives up gives up on a stall: what was sent has taken effect
/// by then or never will.
const ATTEMPT: Duration = Duration::from_millis(1_500);
const PLENTY: u64 = 1 << 40;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// An organisation with a quota that nobody spends.
pub(crate) async fn start(seed: u64) -> Result<Sandbox, Failed> {
    let minute = Duration::from_secs(60);
    let sandbox = Sandbox::builder()
        .with_seed(seed)
        .with_quota(PLENTY, minute)
        .with_token_grant_limit(PLENTY, minute)
        .start()
        .await?;
    Ok(sandbox)
}

/// The transport of [`client`].
pub(crate) fn sockets() -> Result<Arc<dyn Transport>, Failed> {
    Ok(Arc::new(ReqwestTransport::builder().build()?))
}

/// The client as a program has it, with the waits of a test: milliseconds where it would wait for seconds.
pub(crate) fn client(sandbox: &Sandbox, transport: Arc<dyn Transport>) -> Result<Client, Failed> {
    let hosts = Hosts::new(&sandbox.api_url(), &sandbox.login_url())?;
    let quick = RetryPolicy::default()
        .with_transient(Backoff::clamp(millis(1), 2.0, millis(8), Jitter::Full))
        .with_throttle(Backoff::clamp(millis(2), 2.0, millis(8), Jitter::Full))
        .with_spread(millis(2));
    let credentials = ClientCredentials::new(CLIENT_ID, CLIENT_SECRET)?;
    let login = OAuth::builder(hosts.clone(), credentials)
        .with_transport(Arc::clone(&transport))
        .with_retry(quick.clone())
        .build()?;
    let breaker = BreakerConfig::default()
        .with_window(Duration::from_secs(1))
        .with_open_time(millis(5), millis(40));
    let client = Client::builder(hosts)
        .with_transport(transport)
        .with_token_source(login.into_cache().build())
        .with_retry(quick)
        .with_breaker(breaker)
        .with_attempt_timeout(ATTEMPT)
        .build()?;
    Ok(client)
}

/// Quick looks for what was just created.
pub(crate) fn limits() -> Limits {
    Limits::default().with_poll(Backoff::clamp(millis(1), 1.5, millis(8), Jitter::None))
}

/// Everything that goes wrong, each with its probability a request, writes more often than reads.
pub(crate) fn break_it(sandbox: &Sandbox) -> Result<(), Failed> {
    let status = |status: u16| Fault::status(status);
    let everywhere = [
        (Fault::reset(), 0.010),
        (Fault::reset().after_effect(), 0.010),
        (Fault::cut(), 0.010),
        (Fault::malformed_json(), 0.004),
        (Fault::html_page(200).after_effect(), 0.004),
        (Fault::stall(), 0.001),
        (Fault::stall().after_effect(), 0.001),
        // A third young token in a row would be one too many: the cache takes that for a client that is not wanted, and
        // pauses for longer than a run like this lasts.
        (Fault::expired_token().with_count(2), 0.004),
        (status(429).with_header("Retry-After", "0"), 0.010),
        (status(429), 0.010),
        (status(500), 0.010),
        (status(502).after_effect(), 0.010),
        (status(503), 0.010),
        (status(504).after_effect(), 0.010),
    ];
    let writes = [
        (Fault::reset(), 0.05),
        (Fault::reset().after_effect(), 0.08),
        (Fault::cut(), 0.05),
        (status(503).after_effect(), 0.03),
        (status(429), 0.03),
        (Fault::new(FaultKind::HtmlPage { status: 502 }), 0.02),
    ];
    // Integrations, webhooks and what belongs to them; the login stays healthy.
    for (fault, probability) in everywhere {
        let fault = fault.with_host(Host::Api).with_path("/api/v2/**");
        sandbox.faults().add(fault.with_probability(probability))?;
    }
    for (fault, probability) in writes {
        for method in [Method::POST, Method::PUT] {
            let fault = fault.clone().with_host(Host::Api).with_path("/api/v2/**");
            let fault = fault.with_method(method).with_probability(probability);
            sandbox.faults().add(fault)?;
        }
    }
    Ok(())
}
