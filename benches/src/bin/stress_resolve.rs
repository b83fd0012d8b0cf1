//! Five rounds of 2,000 callers who all ask the resolver service at once, over sockets, while the cloud behind it fails.
//!
//! Every caller gets an answer, of a status that the service documents; the memory in use after the last round is that of the
//! first, up to a tenth. The time that 99 of a hundred answers took is printed and judged by nobody: it is the machine's.

#![allow(
    clippy::print_stdout,
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a stress program reports on stdout and fails by a panic"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use genesys_benches::counting::{self, Counting};
use genesys_benches::seed::{count, seed};
use genesys_benches::stopwatch;
use genesys_core::transport::ReqwestTransport;
use genesys_core::{Client, Hosts, Profile, Transport};
use genesys_routing::for_profile;
use genesys_routing::resolver::{EndpointCheck, EndpointReason, EndpointResult, Resolver};
use genesys_sandbox::{Fault, Sandbox};
use genesys_services::{Limits, ResolverService, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const ROUNDS: usize = 5;
const STATUSES: [u16; 4] = [200, 502, 503, 504];

/// Endpoints that answer at once; one in ten does not.
#[derive(Debug)]
struct Endpoints;

#[async_trait]
impl EndpointCheck for Endpoints {
    async fn check(&self, uri: &url::Url) -> EndpointResult {
        tokio::task::yield_now().await;
        if uri.path().ends_with('7') {
            EndpointResult::unreachable(uri, EndpointReason::error("status", "status 503"))
        } else {
            EndpointResult::reachable(uri, Duration::from_millis(3))
        }
    }
}

fn main() {
    let seed = seed("stress_resolve");
    let callers = usize::try_from(count("STRESS_CALLERS", 2_000)).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(run(seed, callers));
}

async fn run(seed: u64, callers: usize) {
    let sandbox = Sandbox::builder()
        .with_seed(seed)
        .with_quota(100_000_000, Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    for fault in [
        Fault::status(503).with_probability(0.05),
        Fault::reset().with_probability(0.05),
        Fault::html_page(200).with_probability(0.02),
        Fault::latency(Duration::from_millis(20)).with_probability(0.1),
    ] {
        let pattern = "/api/v2/outbound/**";
        sandbox.faults().add(fault.with_path(pattern)).unwrap();
    }
    let hosts = Hosts::new(&sandbox.api_url(), &sandbox.login_url()).unwrap();
    let credentials = genesys_auth::ClientCredentials::new(
        genesys_sandbox::CLIENT_ID,
        secrecy::SecretString::from(genesys_sandbox::CLIENT_SECRET),
    )
    .unwrap();
    // How many connections a round leaves in the pool is chance; each has buffers. They are gone when memory is read.
    let transport: Arc<dyn Transport> = Arc::new(
        ReqwestTransport::builder()
            .with_pool_idle_timeout(Duration::from_millis(100))
            .build()
            .unwrap(),
    );
    let tokens = genesys_auth::OAuth::builder(hosts.clone(), credentials)
        .with_transport(Arc::clone(&transport))
        .build()
        .unwrap()
        .into_cache()
        .build();
    let client = Client::builder(hosts)
        .with_token_source(tokens)
        .with_transport(transport)
        .build()
        .unwrap();
    let resolver = Resolver::new(
        &client,
        for_profile(Profile::Guide, &client),
        Arc::new(Endpoints),
    );
    let limits = Limits::default()
        .with_connections(4 * callers)
        .with_request_time(Duration::from_secs(60));
    let bound = Server::new(ResolverService::new(resolver.clone()).router())
        .with_limits(limits)
        .bind("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let address = bound.local_addr();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let service = tokio::spawn(bound.run(async {
        let _ = stopped.await;
    }));

    let mut in_use = Vec::new();
    for round in 1..=ROUNDS {
        let answers = join_all((0..callers).map(|number| async move {
            let begun = stopwatch::now();
            let status = tokio::spawn(ask(address, round, number)).await.unwrap();
            (status, begun.elapsed())
        }))
        .await;
        let mut by_status: BTreeMap<u16, usize> = BTreeMap::new();
        for (status, _) in &answers {
            *by_status.entry(*status).or_default() += 1;
        }
        let mut times: Vec<Duration> = answers.iter().map(|(_, time)| *time).collect();
        times.sort_unstable();
        drop(answers);
        assert_eq!(
            by_status.values().sum::<usize>(),
            callers,
            "every caller has an answer"
        );
        let undocumented: Vec<_> = by_status
            .keys()
            .filter(|status| !STATUSES.contains(status))
            .collect();
        assert!(undocumented.is_empty(), "{by_status:?}");
        assert!(
            by_status
                .get(&200)
                .is_some_and(|count| *count > callers / 2)
        );
        sandbox.clear_ledger();
        let used = settled().await;
        println!(
            "round {round}: {callers} dry runs at once, by status {by_status:?}; half within {:?}, 99 of 100 within {:?}; {} kB in use",
            times[callers / 2],
            times[callers * 99 / 100],
            used / 1024
        );
        in_use.push(used);
    }
    assert!(
        in_use[ROUNDS - 1] * 10 <= in_use[0] * 11,
        "memory grows: {in_use:?}"
    );
    let counted = resolver.metrics().snapshot().total_resolves;
    assert_eq!(counted, (ROUNDS * callers) as u64, "each one is counted");
    stop.send(()).unwrap();
    service.await.unwrap();
    sandbox.shutdown().await;
}

/// The bytes in use once connections that end have ended: the least of a second.
async fn settled() -> usize {
    let mut least = usize::MAX;
    for _ in 0..20 {
        tokio::time::timeout(Duration::from_millis(50), std::future::pending::<()>())
            .await
            .unwrap_err();
        least = least.min(counting::live());
    }
    least
}

/// One caller on a connection of its own. No answer, or one that is cut, is 0.
async fn ask(address: SocketAddr, round: usize, number: usize) -> u16 {
    let body = format!(
        r#"{{"name":"route-{round}-{number}","uri":"https://hooks.example.com/{number}","eventFilters":[{{"eventType":"routing.queue.updated","fields":["id"]}}]}}"#
    );
    let request = format!(
        "POST /resolve?dryRun=true HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    let Ok(answer) = exchange.await else { return 0 };
    let text = String::from_utf8_lossy(&answer);
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .unwrap_or(0);
    let whole = text
        .split_once("\r\n\r\n")
        .is_some_and(|(_, body)| serde_json::from_str::<serde_json::Value>(body).is_ok());
    if whole { status } else { 0 }
}
