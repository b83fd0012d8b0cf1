use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::post as on_post;
use genesys_services::{JsonBody, Limits, Problem, ServeError, Server};
use http::StatusCode;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::wire::{exchange, post, read_all, start, status};

const JSON: &str = "content-type: application/json\r\n";

fn echo() -> Router {
    Router::new().route(
        "/echo",
        on_post(|JsonBody(bytes): JsonBody| async move { bytes }),
    )
}

#[tokio::test]
async fn beyond_loopback_a_token_is_required() {
    // errata ALL-24, EVR-44
    let everywhere = "0.0.0.0:0".parse().unwrap();
    let error = Server::new(echo()).bind(everywhere).await.unwrap_err();
    assert!(matches!(error, ServeError::TokenRequired(_)));
    let weak = Server::new(echo()).with_token("short".into());
    assert!(matches!(
        weak.bind(everywhere).await.unwrap_err(),
        ServeError::WeakToken
    ));
    let strong = Server::new(echo()).with_token("0123456789abcdef".into());
    assert!(strong.bind(everywhere).await.is_ok());
}

#[tokio::test]
async fn a_token_guards_everything_but_the_health_of_the_service() {
    let running = start(Server::new(echo()).with_token("0123456789abcdef".into())).await;
    let health = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    assert_eq!(status(&exchange(running.address, health).await), 200);
    for refused in [
        "",
        "authorization: Bearer 0123456789abcdeg\r\n",
        "authorization: Basic 0123456789abcdef\r\n",
        "authorization: Bearer 0123456789abcdef\r\nauthorization: Bearer 0123456789abcdef\r\n",
    ] {
        let answer = exchange(
            running.address,
            &post("/echo", &format!("{JSON}{refused}"), "{}"),
        )
        .await;
        assert_eq!(status(&answer), 401, "{answer}");
        assert!(answer.contains("www-authenticate: Bearer"), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    let admitted = format!("{JSON}authorization: bearer 0123456789abcdef\r\n");
    let answer = exchange(running.address, &post("/echo", &admitted, "{}")).await;
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn a_body_is_bounded_whether_or_not_it_says_its_length() {
    let limits = Limits::default().with_body_bytes(100);
    let running = start(Server::new(echo()).with_limits(limits)).await;
    let large = "x".repeat(101);
    let answer = exchange(running.address, &post("/echo", JSON, &large)).await;
    assert_eq!(status(&answer), 413, "{answer}");
    let chunked = format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{JSON}transfer-encoding: chunked\r\n\r\n65\r\n{large}\r\n0\r\n\r\n"
    );
    let answer = exchange(running.address, &chunked).await;
    assert_eq!(status(&answer), 413, "{answer}");
    let fits = exchange(running.address, &post("/echo", JSON, &large[..100])).await;
    assert_eq!(status(&fits), 200);
    // The announced length alone is enough: ten megabytes are never read.
    let announced = format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{JSON}content-length: 10000000\r\n\r\n"
    );
    let answer = exchange(running.address, &announced).await;
    assert_eq!(status(&answer), 413, "{answer}");
}

#[tokio::test]
async fn a_body_that_drips_ends_at_its_limit() {
    let limits = Limits::default().with_body_time(Duration::from_millis(50));
    let running = start(Server::new(echo()).with_limits(limits)).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let head = format!(
        "POST /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{JSON}content-length: 2\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(status(&read_all(&mut stream).await), 408);
}

#[tokio::test]
async fn a_head_that_drips_closes_the_connection_and_nobody_else_waits() {
    let limits = Limits::default()
        .with_head_time(Duration::from_millis(80))
        .with_connections(2);
    let running = start(Server::new(echo()).with_limits(limits)).await;
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(running.address).await.unwrap();
        stream.write_all(b"POST /echo HTT").await.unwrap();
        slow.push(stream);
    }
    // Both places are taken by slow callers; this one gets its turn when they are thrown out.
    let answer = exchange(running.address, &post("/echo", JSON, "{}")).await;
    assert_eq!(status(&answer), 200);
    for stream in &mut slow {
        let answer = read_all(stream).await;
        assert!(answer.is_empty() || status(&answer) == 408, "{answer}");
    }
}

#[tokio::test]
async fn a_head_of_64_kilobytes_is_refused_and_the_service_keeps_serving() {
    let running = start(Server::new(echo())).await;
    let huge = format!("x-long: {}\r\n{JSON}", "a".repeat(64 << 10));
    let answer = exchange(running.address, &post("/echo", &huge, "{}")).await;
    assert!(matches!(status(&answer), 0 | 431), "{answer}");
    let many: String = (0..100).map(|n| format!("x-{n}: 1\r\n")).collect();
    let answer = exchange(
        running.address,
        &post("/echo", &format!("{many}{JSON}"), "{}"),
    )
    .await;
    assert!(matches!(status(&answer), 0 | 431), "{answer}");
    let answer = exchange(running.address, &post("/echo", JSON, "{}")).await;
    assert_eq!(status(&answer), 200);
}

#[tokio::test]
async fn what_no_handler_answers_is_a_problem_too() {
    // errata ALL-25, ALL-26
    let router = echo().route(
        "/panic",
        on_post(|| async {
            if true {
                panic!("on purpose");
            }
        }),
    );
    let running = start(Server::new(router)).await;
    let get = "GET /echo HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    for (request, expected) in [
        (post("/nothing", JSON, "{}"), 404),
        (get.to_owned(), 405),
        (post("/echo", "content-type: text/plain\r\n", "{}"), 415),
        (post("/panic", JSON, "{}"), 500),
    ] {
        let answer = exchange(running.address, &request).await;
        assert_eq!(status(&answer), expected, "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
        assert!(!answer.contains("on purpose"), "{answer}");
    }
}

/// A route that waits until it is told to go on.
fn gated() -> (Router, Arc<Notify>, Arc<Notify>) {
    let (entered, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, signal) = (Arc::clone(&entered), Arc::clone(&go));
    let router = Router::new().route(
        "/wait",
        on_post(move || async move {
            inside.notify_one();
            signal.notified().await;
            Problem::new(StatusCode::OK, "done")
        }),
    );
    (router, entered, go)
}

#[tokio::test]
async fn a_request_beyond_the_limit_waits_for_its_turn_until_its_deadline() {
    let (router, entered, go) = gated();
    let limits = Limits::default()
        .with_requests(1)
        .with_request_time(Duration::from_millis(300));
    let running = start(Server::new(router).with_limits(limits)).await;
    let address = running.address;
    let first = tokio::spawn(async move { exchange(address, &post("/wait", JSON, "{}")).await });
    entered.notified().await;
    let second = exchange(address, &post("/wait", JSON, "{}")).await;
    assert_eq!(status(&second), 504, "{second}");
    let first = first.await.unwrap();
    assert_eq!(status(&first), 504, "{first}");
    // Both turns are free again.
    go.notify_one();
    let third = exchange(address, &post("/wait", JSON, "{}")).await;
    assert_eq!(status(&third), 200, "{third}");
}

#[tokio::test]
async fn a_shutdown_lets_running_requests_end_and_accepts_no_more() {
    // errata ALL-24
    let (router, entered, go) = gated();
    let running = start(Server::new(router)).await;
    let address = running.address;
    let request = tokio::spawn(async move { exchange(address, &post("/wait", JSON, "{}")).await });
    entered.notified().await;
    running.stop.send(()).unwrap();
    // The listener is closed before the request ends.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    assert_eq!(status(&request.await.unwrap()), 200);
    running.done.await.unwrap();
}

#[tokio::test]
async fn a_shutdown_waits_no_longer_than_the_drain_time() {
    let (router, entered, _go) = gated();
    let limits = Limits::default().with_drain(Duration::from_millis(50));
    let running = start(Server::new(router).with_limits(limits)).await;
    let address = running.address;
    let request = tokio::spawn(async move { exchange(address, &post("/wait", JSON, "{}")).await });
    entered.notified().await;
    running.stop.send(()).unwrap();
    running.done.await.unwrap();
    assert_eq!(status(&request.await.unwrap()), 0);
}
