//! The guarded client against raw listeners.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use endpoint_probe::test_util::{Dialled, ScriptedConnector, ScriptedResolver};
use endpoint_probe::{Blocked, EgressPolicy, Error, ErrorKind, Guard, GuardedClient, TcpConnector};
use http::{Request, Response};

use crate::server::{Deed, Server, client};

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

async fn fetch(server: &Server, client: &GuardedClient) -> Result<Response<Bytes>, Error> {
    client.send(get(&server.url("/x?key=hush"))).await
}

#[tokio::test]
async fn a_request_is_sent_as_it_was_checked_and_its_answer_read_whole() {
    let server = Server::answering(
        "HTTP/1.1 201 Created\r\nx-id: 7\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    )
    .await;
    let request = Request::post(server.url("/a/../b/%2e%2E/c?d=e%20f"))
        .header("x-own", "kept")
        .header("host", "evil.example")
        .header("connection", "keep-alive, x-own")
        .header("transfer-encoding", "chunked")
        .header("content-length", "9999")
        .header("proxy-authorization", "Basic hush")
        .body(Bytes::from_static(b"12345"))
        .unwrap();
    let answer = server
        .client()
        .build()
        .unwrap()
        .send(request)
        .await
        .unwrap();
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["x-id"], "7");
    assert_eq!(answer.body().as_ref(), b"abcde");
    let [request] = &server.requests()[..] else {
        panic!("one request");
    };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<&str> = head.lines().collect();
    assert_eq!(lines.remove(0), "POST /c?d=e%20f HTTP/1.1");
    lines.sort_unstable();
    let host = format!("host: {}", server.address);
    assert_eq!(
        lines,
        [
            "connection: close",
            "content-length: 5",
            &host,
            "x-own: kept"
        ]
    );
    assert_eq!(body, "12345");
}

#[tokio::test]
async fn every_way_to_fail_is_told_apart() {
    // errata ALL-13
    const HELLO: &str = "HTTP/1.1 200 OK\r\n";
    let cases = [
        (Deed::Reset, ErrorKind::Closed),
        (Deed::Answer(String::new()), ErrorKind::Closed),
        (Deed::Answer("HTTP/1.1 20".into()), ErrorKind::Closed),
        (
            Deed::Answer("SSH-2.0-OpenSSH_9.6\r\n\r\n".into()),
            ErrorKind::Protocol,
        ),
        (
            Deed::Answer(format!("{HELLO}content-length: 50\r\n\r\n{{\"cut\":")),
            ErrorKind::Truncated,
        ),
        (
            Deed::Answer(format!(
                "{HELLO}transfer-encoding: chunked\r\n\r\n5\r\n{{\"cut\r\n"
            )),
            ErrorKind::Truncated,
        ),
        (
            Deed::Answer(format!(
                "{HELLO}transfer-encoding: chunked\r\n\r\nzz\r\nabc\r\n"
            )),
            ErrorKind::Protocol,
        ),
        (
            Deed::Answer(format!("{HELLO}content-length: 65\r\n\r\n")),
            ErrorKind::TooLarge,
        ),
    ];
    for (deed, kind) in cases {
        let server = Server::start([deed.clone()]).await;
        let client = server.client().with_body_limit(64).build().unwrap();
        let error = fetch(&server, &client).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{deed:?} {error:?}");
        assert!(error.may_have_been_sent(), "{deed:?}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hush"), "{shown}");
        assert_eq!(error.host(), Some("127.0.0.1"));
    }
}

#[tokio::test]
async fn an_answer_up_to_the_limit_is_taken() {
    let server = Server::answering(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(64))).await;
    let client = server.client();
    let client = client.with_body_limit(64).build().unwrap();
    assert_eq!(fetch(&server, &client).await.unwrap().body().len(), 64);
    let client = server.client().with_body_limit(63).build().unwrap();
    assert_eq!(
        fetch(&server, &client).await.unwrap_err().kind(),
        ErrorKind::TooLarge
    );
    // HEAD announces a length without a body.
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n").await;
    let request = Request::head(server.url("/")).body(Bytes::new()).unwrap();
    let client = server.client().with_body_limit(63).build().unwrap();
    assert!(client.send(request).await.unwrap().body().is_empty());
}

#[tokio::test]
async fn a_header_of_64_kilobytes_is_refused() {
    let long = format!(
        "HTTP/1.1 200 OK\r\nx-long: {}\r\ncontent-length: 0\r\n\r\n",
        "x".repeat(64 << 10)
    );
    let many = format!(
        "HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n",
        "a: b\r\n".repeat(200)
    );
    let unfinished = Deed::Endless("HTTP/1.1 200 OK\r\n", "x-more: and more\r\n");
    for deed in [Deed::Answer(long.clone()), Deed::Answer(many), unfinished] {
        let server = Server::start([deed]).await;
        let error = fetch(&server, &server.client().build().unwrap())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    }
    // A limit below the smallest read buffer holds, too.
    let short = "HTTP/1.1 200 OK\r\nx-pad: 0123456789\r\ncontent-length: 0\r\n\r\n";
    let server = Server::answering(short).await;
    for (limit, taken) in [(short.len(), true), (short.len() - 1, false)] {
        let client = server.client().with_header_limit(limit).build().unwrap();
        assert_eq!(fetch(&server, &client).await.is_ok(), taken, "{limit}");
    }
    let server = Server::answering(long).await;
    let client = server.client().with_header_limit(70 << 10).build().unwrap();
    assert_eq!(
        fetch(&server, &client).await.unwrap().headers()["x-long"].len(),
        64 << 10
    );
}

#[tokio::test]
async fn an_endless_body_ends_at_the_limit() {
    for deed in [
        Deed::Endless("HTTP/1.1 200 OK\r\n\r\n", "on and on"),
        Deed::Endless(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            "1\r\nx\r\n",
        ),
        Deed::Endless(
            "HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551614\r\n\r\n",
            "on and on",
        ),
    ] {
        let server = Server::start([deed]).await;
        let client = server.client().with_body_limit(20_000).build().unwrap();
        let error = fetch(&server, &client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error:?}");
    }
}

#[tokio::test]
async fn a_slow_answer_ends_at_the_limit_of_the_call() {
    for deed in [
        Deed::Stall(""),
        Deed::Stall("HTTP/1.1 200 OK\r\nx-slow: "),
        Deed::Stall("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab"),
        Deed::Endless("", "HTTP/1.1 100 Continue\r\n\r\n"),
    ] {
        let server = Server::start([deed.clone()]).await;
        let client = server.client();
        let client = client
            .with_total_timeout(Duration::from_millis(60))
            .build()
            .unwrap();
        let error = fetch(&server, &client).await.unwrap_err();
        assert!(
            error.is_timeout() && error.may_have_been_sent(),
            "{deed:?} {error:?}"
        );
    }
}

#[tokio::test]
async fn what_is_blocked_or_not_connected_was_not_sent() {
    // errata ALL-27, EVR-09
    let server = Server::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let strict = client(EgressPolicy::new()).build().unwrap();
    let error = fetch(&server, &strict).await.unwrap_err();
    assert_eq!(error.blocked(), Some(Blocked::Scheme));
    let other_port = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_port(1);
    let error = fetch(&server, &client(other_port).build().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.blocked(), Some(Blocked::Port));
    assert!(!error.may_have_been_sent() && server.requests().is_empty());

    let client = server.client().build().unwrap();
    let url = server.url("/").replacen("http://", "http://user:pw@", 1);
    let error = client.send(get(&url)).await.unwrap_err();
    assert_eq!(error.blocked(), Some(Blocked::UserInfo));
    assert_eq!(
        client.send(get("/relative")).await.unwrap_err().blocked(),
        Some(Blocked::Text)
    );
    let tunnel = Request::connect(server.url("/"))
        .body(Bytes::new())
        .unwrap();
    let error = client.send(tunnel).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Request);
    assert!(server.requests().is_empty());

    let unused = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let policy = server.policy().allow_port(unused.port());
    let error = crate::server::client(policy).build().unwrap();
    let error = error
        .send(get(&format!("http://{unused}/")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(!error.may_have_been_sent() && error.is_transient());
}

#[tokio::test]
async fn a_name_s_other_addresses_are_tried_before_anything_is_sent_and_never_after() {
    // errata EVR-17
    let refusing = "127.0.0.9".parse().unwrap();
    let deeds = [
        Deed::Answer("HTTP/1.1 204 No Content\r\n\r\n".into()),
        Deed::Answer(String::new()),
    ];
    let server = Server::start(deeds).await;
    let names = ScriptedResolver::new()
        .with_answer("twin.localhost", [refusing, server.address.ip()])
        .with_answer("twin.localhost", [server.address.ip(), refusing]);
    let names = Arc::new(names);
    let guard = Guard::new(
        server.policy(),
        Arc::clone(&names) as _,
        Arc::new(TcpConnector),
    );
    let client = GuardedClient::builder(guard).with_root_certificates(own_roots());
    let client = client.build().unwrap();
    let url = format!("http://twin.localhost:{}/", server.address.port());
    assert_eq!(client.send(get(&url)).await.unwrap().status(), 204);
    assert_eq!(names.lookups("twin.localhost"), 1);
    // The second connection takes the request and closes: the other address is not tried with it.
    let error = client.send(get(&url)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.address()),
        (ErrorKind::Closed, Some(server.address.ip()))
    );
    assert_eq!(server.requests().len(), 2);
    assert!(server.requests()[0].contains(&format!(
        "host: twin.localhost:{}\r\n",
        server.address.port()
    )));
}

fn own_roots() -> [Vec<u8>; 1] {
    let own = rcgen::generate_simple_self_signed(["nobody.example".to_owned()]).unwrap();
    [own.cert.der().to_vec()]
}

fn scripted(wire: ScriptedConnector) -> (Arc<ScriptedConnector>, GuardedClient) {
    let addresses = ["93.184.216.34", "93.184.216.35"].map(|text| text.parse().unwrap());
    let names = ScriptedResolver::new().with_answer("hooks.example.com", addresses);
    let wire = Arc::new(wire);
    let guard = Guard::new(EgressPolicy::new(), Arc::new(names), Arc::clone(&wire) as _);
    let client = GuardedClient::builder(guard)
        .with_root_certificates(own_roots())
        .build();
    (wire, client.unwrap())
}

#[tokio::test(start_paused = true)]
async fn a_silent_address_ends_at_the_limit_of_a_connection() {
    // errata EVR-18
    let stalled = |text: &str| (text.parse().unwrap(), Dialled::Stalled);
    let [one, two] = [stalled("93.184.216.34"), stalled("93.184.216.35")];
    let wire = ScriptedConnector::accepting()
        .with_outcome(one.0, one.1)
        .with_outcome(two.0, two.1);
    let (wire, client) = scripted(wire);
    let started = tokio::time::Instant::now();
    let error = client
        .send(get("https://hooks.example.com/"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(!error.may_have_been_sent());
    assert_eq!(started.elapsed(), Duration::from_secs(10));
    assert_eq!(wire.dialled().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_peer_ends_the_call_at_once() {
    // errata ALL-27
    let wire = ScriptedConnector::accepting().with_peer("10.0.0.1:443".parse().unwrap());
    let (wire, client) = scripted(wire);
    let error = client
        .send(get("https://hooks.example.com/"))
        .await
        .unwrap_err();
    assert_eq!(error.blocked(), Some(Blocked::Peer));
    assert_eq!(wire.dialled().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_closes_its_connection() {
    let (open, mut closed) = tokio::sync::mpsc::unbounded_channel();
    let wire = ScriptedConnector::accepting().with_server(move |_, mut far| {
        let open = open.clone();
        tokio::spawn(async move {
            // The client's hello, and then the end.
            let read = tokio::io::copy(&mut far, &mut tokio::io::sink()).await;
            let _ = open.send(read.unwrap());
        });
    });
    let (_, client) = scripted(wire);
    let call = client.send(get("https://hooks.example.com/"));
    assert!(
        tokio::time::timeout(Duration::from_secs(1), call)
            .await
            .is_err()
    );
    assert!(closed.recv().await.unwrap() > 0);
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let build = |roots: Vec<Vec<u8>>| {
        GuardedClient::builder(Guard::system(EgressPolicy::new()))
            .with_root_certificates(roots)
            .build()
            .map_err(|error| error.kind())
            .err()
    };
    assert_eq!(build(vec![]), Some(ErrorKind::Config));
    assert_eq!(
        build(vec![b"no certificate".to_vec()]),
        Some(ErrorKind::Config)
    );
    assert_eq!(build(own_roots().to_vec()), None);
}
