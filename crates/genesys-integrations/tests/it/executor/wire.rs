//! The whole way over real sockets: guard, connection, answers that break off.

use std::sync::Arc;
use std::time::Duration;

use endpoint_probe::{EgressPolicy, Guard, GuardedClient};
use genesys_core::transport::GuardedTransport;
use genesys_core::vocabulary::Method;
use genesys_integrations::executor::{
    CacheOutcome, Caller, ExecutionErrorKind, Executor, NodeCall, PreparedNode,
};
use genesys_integrations::nodes::{NodeRetry, RestNode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::support::answer_schema;

/// Answers each connection with the next text, then closes it; the requests it got.
async fn server(answers: Vec<&'static str>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let mut requests = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 4096];
            while !complete(&request) {
                let count = stream.read(&mut buffer).await.unwrap();
                assert!(count > 0, "the request is complete");
                request.extend_from_slice(&buffer[..count]);
            }
            requests.push(String::from_utf8(request).unwrap());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        requests
    });
    (url, served)
}

fn complete(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")
            .map(str::to_owned)
    });
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}

fn executor() -> Executor {
    let policy = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_any_port();
    let client = GuardedClient::builder(Guard::system(policy))
        .build()
        .unwrap();
    Executor::builder(Arc::new(GuardedTransport::new(client)))
        .with_credential("token", "s3cr3t".into())
        .build()
}

fn node(base: &str) -> PreparedNode {
    let retry = NodeRetry::default()
        .with_initial_delay(Duration::from_millis(1))
        .with_max_delay(Duration::from_millis(5));
    let node = RestNode::builder("n", Method::POST, format!("{base}/v1/{{{{input.id}}}}"))
        .with_header("Authorization", "Bearer {{credentials.token}}")
        .with_body(r#"{"id":"{{input.id}}"}"#)
        .with_response_schema(answer_schema())
        .with_retry(retry)
        .with_memoise(Duration::from_secs(60));
    PreparedNode::new(&node.build().unwrap()).unwrap()
}

fn call() -> NodeCall {
    NodeCall::new(r#"{"id": "a/b"}"#).with_caller(Caller::new("flow-1"))
}

#[tokio::test]
async fn a_node_is_executed_through_illness_and_a_body_that_breaks_off() {
    // errata RST-23, RST-42
    let (url, served) = server(vec![
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nretry-after: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"status\":",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 17\r\n\r\n{\"status\":\"open\"}",
    ])
    .await;
    let (executor, node) = (executor(), node(&url));
    // The throttle's own waits are longer; what counts is that it is repeated.
    let done = executor.execute(&node, call()).await.unwrap();
    assert_eq!(
        (done.status, done.retries(), done.data.json()),
        (200, 3, Some(r#"{"status":"open"}"#))
    );
    assert_eq!(done.attempts[2].error, Some(ExecutionErrorKind::Truncated));
    let requests = served.await.unwrap();
    assert!(requests.iter().all(|one| one == &requests[0]));
    assert!(
        requests[0].starts_with("POST /v1/a%2Fb HTTP/1.1\r\n")
            && requests[0].ends_with(r#"{"id":"a/b"}"#)
    );
    assert!(requests[0].contains("Bearer s3cr3t"));
    let kept = executor.execute(&node, call()).await.unwrap();
    assert!(matches!(kept.cache, CacheOutcome::Hit { .. }));
}

#[tokio::test]
async fn what_the_guard_refuses_is_not_sent_and_not_tried_again() {
    // errata RST-47
    for url in [
        "https://169.254.169.254",
        "https://10.0.0.1:8443",
        "https://localhost",
    ] {
        let strict = GuardedClient::builder(Guard::system(EgressPolicy::new()))
            .build()
            .unwrap();
        let executor = Executor::builder(Arc::new(GuardedTransport::new(strict)))
            .with_credential("token", "s3cr3t".into())
            .build();
        let error = executor.execute(&node(url), call()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts().len()),
            (ExecutionErrorKind::Refused, 1),
            "{url}"
        );
        assert!(!error.is_outcome_unknown());
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = executor().execute(&node(&url), call()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retries()),
        (ExecutionErrorKind::Connect, 3)
    );
}
