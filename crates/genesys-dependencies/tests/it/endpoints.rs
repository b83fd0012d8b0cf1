//! Endpoints outside of the platform, probed over real sockets.

use std::sync::Arc;

use async_trait::async_trait;
use endpoint_probe::{EgressPolicy, Guard, Probe, Roots, SystemResolver, TcpConnector};
use genesys_core::{Profile, Result};
use genesys_dependencies::{
    Coverage, Crawler, DependencyMap, DependencySource, Endpoint, EndpointSource, Mapper,
    ObjectKind, Sink,
};
use genesys_routing::Directory;
use resilience::SystemClock;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::Platform;

/// Answers every request with a status, and says where.
async fn server(status: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let _ = stream.read(&mut [0; 4096]).await;
                let answer = format!(
                    "HTTP/1.1 {status} Status\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

/// Nobody listens there.
async fn closed() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn probe() -> Probe {
    let key = rcgen::KeyPair::generate().unwrap();
    let root = rcgen::CertificateParams::new(vec![])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let policy = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_loopback()
        .allow_any_port();
    let guard = Guard::new(policy, Arc::new(SystemResolver), Arc::new(TcpConnector));
    Probe::new(guard, Roots::from_der([root.der().to_vec()]).unwrap())
}

async fn mapped(
    endpoints: Vec<Endpoint>,
    own: impl DependencySource + 'static,
) -> Arc<DependencyMap> {
    let client = Platform::new().client();
    let clock = Arc::new(SystemClock);
    let source = EndpointSource::new(probe(), endpoints, clock).with_samples(2);
    let sources: [Arc<dyn DependencySource>; 2] = [Arc::new(source), Arc::new(own)];
    let crawler = Crawler::new(sources, Arc::clone(client.clock()));
    let mapper = Mapper::new(
        &client,
        Arc::new(Directory::new(Profile::Platform, &client)),
        crawler,
    );
    Arc::clone(&mapper.map().await.unwrap().map)
}

/// A data action that calls a host.
#[derive(Debug)]
struct Action(String);

#[async_trait]
impl DependencySource for Action {
    fn name(&self) -> &str {
        "actions"
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        vec![ObjectKind::ACTION]
    }

    async fn read(&self, sink: &Sink) -> Result<Coverage> {
        let template = format!("{}/p4th-three?key=s3cr3t", self.0);
        let action = json!({"id": "a", "config": {"request": {"requestUrlTemplate": template}}});
        sink.documents(&ObjectKind::ACTION, [action]).await;
        Ok(Coverage::complete(1))
    }
}

#[tokio::test]
async fn what_a_probe_finds_becomes_attributes_with_time_latency_and_region() {
    // errata DEP-25, DEP-28, DEP-29, DEP-31
    let (good, bad, dead) = (server(200).await, server(404).await, closed().await);
    let endpoint = |url: &str| Endpoint::new(url).unwrap();
    let endpoints = vec![
        endpoint(&format!("{good}/p4th-one?key=s3cr3t")).with_region("eu-west-1"),
        endpoint(&bad),
        endpoint(&dead),
        endpoint(&bad),
        endpoint(&format!("{good}/p4th-two")),
    ];
    let map = mapped(endpoints, Action(good.clone())).await;
    let results = map.endpoints();
    assert_eq!(results.len(), 4, "one that is given twice is probed once");
    let of = |url: &str| {
        results
            .iter()
            .filter(|one| one.endpoint == url)
            .collect::<Vec<_>>()
    };

    let first = of(&good)
        .into_iter()
        .find(|one| one.region == "eu-west-1")
        .unwrap();
    assert!(first.reachable && first.latency_ms.is_some_and(|ms| ms > 0.0));
    assert_eq!(
        (first.samples, first.failures, first.standby_ready),
        (2, 0, None)
    );
    assert!(first.checked_at.ends_with('Z') && first.problem.is_none());
    for url in [&bad, &dead] {
        let one = of(url)[0];
        assert!(!one.reachable, "only 2xx is reachable");
        assert_eq!(
            (
                one.region.as_str(),
                one.samples,
                one.failures,
                one.standby_ready
            ),
            ("unknown", 2, 2, Some(false))
        );
        assert_eq!(one.latency_ms, None, "the time of a failure is no latency");
        assert!(one.problem.is_some());
    }
    // A data action refers to the host that was probed, and no path shows anywhere.
    let graph = &map.graph;
    let edge = graph.edges().next().unwrap();
    assert_eq!(
        (edge.kind_name, graph.id(edge.target).to_string()),
        ("calls", good.clone())
    );
    assert_eq!(graph.attribute(edge.target, "reachable"), Some("true"));
    let text = map.to_json(&mut depgraph::Work::unlimited()).unwrap();
    assert!(!text.contains("s3cr3t") && !text.contains("p4th"));
}

#[tokio::test]
async fn a_host_that_nobody_probed_is_there_and_nothing_is_claimed_of_it() {
    // errata DEP-29
    let map = mapped(Vec::new(), Action("https://crm.example.com".to_owned())).await;
    assert!(map.endpoints().is_empty());
    let node = map.graph.find("https://crm.example.com").unwrap();
    assert_eq!(
        (
            map.graph.kind_name(node),
            map.graph.attributes(node).count()
        ),
        ("endpoint", 0)
    );
    // What is outside of the platform does not count as resolved, and neither as unresolved.
    assert_eq!(map.accuracy.ratio(), None);
}
