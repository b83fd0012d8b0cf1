//! Redirects, hop by hop.

use bytes::Bytes;
use endpoint_probe::{Blocked, Error, ErrorKind};
use http::{Request, Response};

use crate::server::{Deed, Server, client};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn redirect(status: u16, location: &str) -> Deed {
    Deed::Answer(format!(
        "HTTP/1.1 {status} Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
    ))
}

async fn post(from: &Server, to: &Server, hops: usize) -> Result<Response<Bytes>, Error> {
    let policy = from.policy().allow_port(to.address.port());
    let client = client(policy).with_max_redirects(hops).build().unwrap();
    let request = Request::post(from.url("/start"))
        .header("authorization", "Bearer hush")
        .header("cookie", "session=hush")
        .header("x-api-key", "hush")
        .header("content-type", "application/json")
        .header("user-agent", "test")
        .body(Bytes::from_static(b"{}"))
        .unwrap();
    client.send(request).await
}

#[tokio::test]
async fn a_redirect_is_an_answer_unless_somebody_asks_to_follow_it() {
    // errata ALL-27, EVR-23
    let target = Server::answering(OK).await;
    let server = Server::start([redirect(302, &target.url("/stolen"))]).await;
    let answer = post(&server, &target, 0).await.unwrap();
    assert_eq!(answer.status(), 302);
    assert!(target.requests().is_empty());
    assert_eq!(post(&server, &target, 1).await.unwrap().status(), 200);
}

#[tokio::test]
async fn no_credential_follows_to_another_origin() {
    // errata ALL-27, EVR-23
    let target = Server::answering(OK).await;
    for (status, line, body) in [
        (301, "GET /in HTTP/1.1", ""),
        (302, "GET /in HTTP/1.1", ""),
        (303, "GET /in HTTP/1.1", ""),
        (307, "POST /in HTTP/1.1", "{}"),
        (308, "POST /in HTTP/1.1", "{}"),
    ] {
        let server = Server::start([redirect(status, &target.url("/in"))]).await;
        assert_eq!(post(&server, &target, 1).await.unwrap().status(), 200);
        assert!(server.requests()[0].contains("Bearer hush"));
        let request = target.requests().pop().unwrap();
        assert!(!request.contains("hush"), "{request}");
        assert!(
            request.starts_with(line) && request.ends_with(&format!("\r\n\r\n{body}")),
            "{request}"
        );
        assert!(request.contains("user-agent: test"));
        assert!(request.contains(&format!("host: {}\r\n", target.address)));
        assert_eq!(request.contains("content-type"), !body.is_empty());
    }
    // The same origin keeps them.
    let server = Server::start([redirect(307, "/next"), Deed::Answer(OK.into())]).await;
    assert_eq!(post(&server, &server, 1).await.unwrap().status(), 200);
    assert!(
        server.requests()[1].starts_with("POST /next")
            && server.requests()[1].contains("Bearer hush")
    );
}

#[tokio::test]
async fn a_loop_ends_at_the_limit() {
    let server = Server::start([redirect(307, "/start")]).await;
    let error = post(&server, &server, 5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    assert!(error.may_have_been_sent());
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn every_hop_is_checked_like_the_first() {
    // errata ALL-27, EVR-23
    for location in [
        "http://169.254.169.254/latest",
        "http://10.0.0.1/",
        "http://[::ffff:10.0.0.1]/",
        "https://intranet/",
        "https://169.254.169.254/",
        "//127.0.0.1:1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "http://user:pw@127.0.0.1/",
    ] {
        let server = Server::start([redirect(302, location)]).await;
        let error = post(&server, &server, 3).await.unwrap_err();
        assert!(error.is_blocked(), "{location} {error:?}");
        // The first hop was.
        assert!(error.may_have_been_sent());
        assert_eq!(server.requests().len(), 1);
    }
    for location in ["http://", "/a\\b", "http://exa mple.com/", "https://a b/"] {
        let server = Server::start([redirect(302, location)]).await;
        let error = post(&server, &server, 3).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect, "{location}");
    }
    // Not a redirect: nowhere to go.
    let server = Server::answering("HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n").await;
    assert_eq!(post(&server, &server, 3).await.unwrap().status(), 302);
    let server = Server::start([redirect(304, "/x")]).await;
    assert_eq!(post(&server, &server, 3).await.unwrap().status(), 304);
}

#[tokio::test]
async fn plain_http_is_no_way_on_from_https() {
    // errata ALL-27, EVR-23
    let plain = Server::answering(OK).await;
    let secure = crate::secure::Secure::start(redirect(302, &plain.url("/"))).await;
    let policy = plain.policy().allow_port(secure.address.port());
    let client = secure.client(policy).with_max_redirects(3).build().unwrap();
    let request = Request::get(secure.url("/")).body(Bytes::new()).unwrap();
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error.blocked(), Some(Blocked::Downgrade));
    assert!(plain.requests().is_empty());
}
