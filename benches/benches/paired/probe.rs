//! 200 endpoints, each 50 ms away, probed with bounded concurrency.

use std::sync::Arc;
use std::time::Duration;

use endpoint_probe::test_util::{ScriptedConnector, ScriptedResolver};
use endpoint_probe::{EgressPolicy, Guard, Probe, ProbeVerdict, Roots, TcpConnector};
use futures_util::StreamExt as _;
use genesys_benches::paired::{Limit, Table, Unit};
use genesys_sandbox::{DestinationKind, Destinations};
use resilience::{Clock as _, SystemClock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::client::runtime;

const ENDPOINTS: usize = 200;
/// The probe's own number of places.
const DEFAULT: usize = 16;
const AWAY: Duration = Duration::from_millis(50);
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// No probe of them all can be faster: as many waits one after the other as there are endpoints to a place.
fn floor(limit: usize) -> Duration {
    AWAY * u32::try_from(ENDPOINTS.div_ceil(limit)).unwrap_or(u32::MAX)
}

pub(crate) fn run() {
    let runtime = runtime();
    let destinations = runtime
        .block_on(Destinations::start())
        .expect("destinations");
    let far = destinations.get(DestinationKind::Slow);
    far.set_delay(AWAY);
    let roots = Arc::new(Roots::from_der([destinations.ca_certificate()]).expect("roots"));
    let (plain, secure) = (
        plain(&roots),
        secure(&roots, far.host(), far.address().ip()),
    );
    let plain_urls: Vec<String> = (1..=ENDPOINTS)
        .map(|port| format!("http://127.0.0.1:{port}/"))
        .collect();
    let secure_urls = vec![far.url(); ENDPOINTS];

    for limit in [DEFAULT, 50] {
        let (plain, secure) = (
            plain.clone().with_concurrency(limit),
            secure.clone().with_concurrency(limit),
        );
        let mut table = Table::new("200 endpoints, each 50 ms away, all of them", Unit::Millis);
        let [wait, memory, tls] = [
            "timers alone",
            "probes over memory",
            "probes over TLS on loopback",
        ]
        .map(|name| format!("{name}, {limit} at a time"));
        table.waiting(wait.as_str(), 1, || runtime.block_on(timers(limit)));
        table.waiting(memory.as_str(), 1, || {
            runtime.block_on(probe(&plain, &plain_urls))
        });
        table.waiting(tls.as_str(), 1, || {
            runtime.block_on(probe(&secure, &secure_urls))
        });
        let report = table.run();
        print!("{report}");
        let floor = floor(limit).as_nanos() as f64;
        let what =
            |of: &str| format!("probes {of}, {limit} at a time, over ceil(200/{limit}) x 50 ms");
        report.target(
            &what("over memory"),
            report.median(&memory) / floor,
            Limit::AtMost(1.2),
        );
        // Both ends of 200 handshakes share this thread. Where the waits are few, that work and not the probe is the floor.
        if limit == DEFAULT {
            report.target(
                &what("over TLS"),
                report.median(&tls) / floor,
                Limit::AtMost(1.2),
            );
        }
    }
}

/// The distance, on the clock that the probes use.
fn away() -> impl Future<Output = ()> {
    SystemClock.sleep_until(SystemClock.now() + AWAY)
}

async fn timers(limit: usize) {
    futures_util::stream::iter(0..ENDPOINTS)
        .for_each_concurrent(limit, |_| away())
        .await;
}

async fn probe(probe: &Probe, urls: &[String]) {
    let reports = probe.probe_all(urls).await;
    let healthy = reports
        .iter()
        .filter(|one| one.verdict == ProbeVerdict::Healthy);
    assert_eq!(healthy.count(), ENDPOINTS);
}

/// Endpoints in memory: what is left is the probe's own work.
fn plain(roots: &Arc<Roots>) -> Probe {
    let wire = ScriptedConnector::accepting().with_server(|_, mut far| {
        tokio::spawn(async move {
            let mut request = [0; 1024];
            if far.read(&mut request).await.is_ok_and(|count| count > 0) {
                away().await;
                let _ = far.write_all(ANSWER).await;
            }
        });
    });
    let policy = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_any_port();
    let guard = Guard::new(policy, Arc::new(ScriptedResolver::new()), Arc::new(wire));
    Probe::new(guard, Arc::clone(roots))
}

/// One server with TLS, asked again and again: a handshake and a whole chain each time.
fn secure(roots: &Arc<Roots>, host: &str, address: std::net::IpAddr) -> Probe {
    let names = ScriptedResolver::new().with_answer(host, [address]);
    let policy = EgressPolicy::new().allow_loopback().allow_any_port();
    let guard = Guard::new(policy, Arc::new(names), Arc::new(TcpConnector));
    Probe::new(guard, Arc::clone(roots))
}
