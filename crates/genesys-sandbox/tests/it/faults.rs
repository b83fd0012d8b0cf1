//! Scripted faults, seen from the socket.

use std::io::ErrorKind;
use std::time::Duration;

use genesys_sandbox::{Fault, Host, Object, Outcome, Verb};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Setup, definition, read};

const LIST: &str = "/api/v2/integrations";

/// Sends a create as bytes and reads until the end of the connection, whatever that end is.
async fn raw_create(setup: &Setup) -> (Vec<u8>, Result<(), ErrorKind>) {
    let body = definition("raw").to_string();
    let request = format!(
        "POST {LIST} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        setup.token,
        body.len()
    );
    let mut stream = TcpStream::connect(setup.sandbox.api_address())
        .await
        .unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let end = stream
        .read_to_end(&mut answer)
        .await
        .map(|_| ())
        .map_err(|error| error.kind());
    (answer, end)
}

fn created(setup: &Setup) -> u64 {
    setup
        .sandbox
        .counts()
        .effect(Object::Integration, Verb::Created)
}

#[tokio::test]
async fn a_reset_before_the_effect_is_a_tcp_reset_and_changes_nothing() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .faults()
        .add(Fault::reset().with_path(LIST))
        .unwrap();
    assert_eq!(
        raw_create(&setup).await,
        (vec![], Err(ErrorKind::ConnectionReset))
    );
    assert_eq!(
        (created(&setup), setup.sandbox.state().integrations.len()),
        (0, 0)
    );
    let entry = setup.sandbox.ledger().pop().unwrap();
    assert_eq!(
        (entry.outcome, entry.status, entry.faults),
        (Outcome::Broken, None, vec!["reset".to_owned()])
    );
}

#[tokio::test]
async fn a_reset_after_the_effect_is_a_tcp_reset_of_a_request_that_counts() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .faults()
        .add(Fault::reset().after_effect().with_path(LIST))
        .unwrap();
    assert_eq!(
        raw_create(&setup).await,
        (vec![], Err(ErrorKind::ConnectionReset))
    );
    assert_eq!(
        (created(&setup), setup.sandbox.state().integrations.len()),
        (1, 1)
    );
    assert!(setup.sandbox.ledger().pop().unwrap().took_effect());
}

#[tokio::test]
async fn a_cut_answer_promises_more_than_it_sends_and_closes_in_order() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .faults()
        .add(Fault::cut().with_path(LIST))
        .unwrap();
    let (answer, end) = raw_create(&setup).await;
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let promised: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .unwrap()
        .parse()
        .unwrap();
    assert!(
        head.starts_with("HTTP/1.1 201") && !body.is_empty() && body.len() < promised,
        "{text}"
    );
    assert_eq!((end, created(&setup)), (Ok(()), 1));
    // A client that reads it whole gets an error and not a short answer.
    let response = setup.request(Method::GET, LIST).send().await.unwrap();
    assert!(response.bytes().await.is_err());
}

#[tokio::test]
async fn a_cut_before_the_effect_changes_nothing_and_a_204_can_be_cut_too() {
    let setup = Setup::new().await;
    let id = setup.create("x").await;
    setup
        .sandbox
        .faults()
        .add(Fault::cut().before_effect().with_method(Method::POST))
        .unwrap();
    assert!(!raw_create(&setup).await.0.is_empty());
    assert_eq!(created(&setup), 1);
    setup
        .sandbox
        .faults()
        .add(Fault::cut().with_method(Method::DELETE))
        .unwrap();
    let response = setup
        .request(Method::DELETE, &format!("{LIST}/{id}"))
        .send()
        .await
        .unwrap();
    assert!(response.bytes().await.is_err());
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn a_stall_takes_the_request_and_never_answers_and_does_not_hold_up_the_end() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .faults()
        .add(Fault::stall().after_effect().with_method(Method::POST))
        .unwrap();
    setup
        .sandbox
        .faults()
        .add(Fault::stall().with_method(Method::DELETE))
        .unwrap();
    for (request, effects) in [
        (setup.request(Method::POST, LIST).json(&definition("x")), 1),
        (setup.request(Method::DELETE, &format!("{LIST}/any")), 1),
    ] {
        let error = request
            .timeout(Duration::from_millis(100))
            .send()
            .await
            .unwrap_err();
        assert!(error.is_timeout());
        assert_eq!(created(&setup), effects);
    }
    assert!(
        setup
            .sandbox
            .ledger()
            .iter()
            .rev()
            .take(2)
            .all(|entry| entry.outcome == Outcome::Broken)
    );
    let pending = tokio::spawn(
        setup
            .request(Method::DELETE, "/api/v2/integrations/any")
            .send(),
    );
    while setup.sandbox.counts().faults.get("stall") != Some(&3) {
        tokio::task::yield_now().await;
    }
    setup.sandbox.shutdown().await;
    assert!(pending.await.unwrap().is_err());
}

#[tokio::test]
async fn a_status_has_its_headers_its_body_and_no_effect() {
    let setup = Setup::new().await;
    let date = "Wed, 21 Oct 2026 07:28:00 GMT";
    setup
        .sandbox
        .faults()
        .add(
            Fault::status(503)
                .with_header("Retry-After", date)
                .with_count(1),
        )
        .unwrap();
    setup
        .sandbox
        .faults()
        .add(
            Fault::status(502)
                .with_body(json!({"odd": true}))
                .with_count(1),
        )
        .unwrap();
    let first = setup.post(LIST, definition("x")).await;
    assert_eq!(
        (first.status.as_u16(), first.header("retry-after")),
        (503, date)
    );
    assert_eq!(
        first.body["contextId"].as_str().unwrap(),
        first.header("inin-correlation-id")
    );
    assert_eq!(first.body["code"], "service.unavailable");
    // A before fault spends no quota.
    assert_eq!(first.header("inin-ratelimit-count"), "0");
    let second = setup.post(LIST, definition("x")).await;
    assert_eq!(
        (second.status.as_u16(), second.body),
        (502, json!({"odd": true}))
    );
    assert_eq!(created(&setup), 0);
    assert_eq!(setup.post(LIST, definition("x")).await.status, 201);
}

#[tokio::test]
async fn a_status_after_the_effect_hides_a_success() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .faults()
        .add(Fault::status(500).after_effect().with_count(1))
        .unwrap();
    assert_eq!(setup.post(LIST, definition("x")).await.status, 500);
    assert_eq!(created(&setup), 1);
}

#[tokio::test]
async fn an_expired_token_is_dead_at_the_server_for_every_later_call() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .faults()
        .add(Fault::expired_token().with_skip(1).with_count(1))
        .unwrap();
    let statuses = [
        setup.get(LIST).await,
        setup.get(LIST).await,
        setup.get(LIST).await,
    ]
    .map(|a| a.status.as_u16());
    assert_eq!(statuses, [200, 401, 401]);
}

#[tokio::test]
async fn an_html_page_a_broken_json_and_a_wrong_content_type_are_what_they_say() {
    let setup = Setup::new().await;
    let faults = setup.sandbox.faults();
    for fault in [
        Fault::html_page(502),
        Fault::malformed_json(),
        Fault::wrong_content_type(),
    ] {
        faults.add(fault.with_count(1)).unwrap();
    }
    let mut seen = Vec::new();
    for _ in 0..3 {
        let response = setup
            .request(Method::POST, LIST)
            .json(&definition("x"))
            .send()
            .await
            .unwrap();
        let kind = response.headers()["content-type"]
            .to_str()
            .unwrap()
            .to_owned();
        let status = response.status().as_u16();
        let parses =
            serde_json::from_slice::<serde_json::Value>(&response.bytes().await.unwrap()).is_ok();
        seen.push((status, kind, parses));
    }
    let expected = [
        (502, "text/html; charset=utf-8", false),
        (201, "application/json", false),
        (201, "text/plain", true),
    ];
    assert_eq!(
        seen,
        expected.map(|(status, kind, parses)| (status, kind.to_owned(), parses))
    );
    assert_eq!(created(&setup), 2);
}

#[tokio::test]
async fn latency_delays_an_answer_and_joins_another_fault() {
    let setup = Setup::new().await;
    let delay = Duration::from_millis(200);
    setup.sandbox.faults().add(Fault::latency(delay)).unwrap();
    setup.sandbox.faults().add(Fault::status(503)).unwrap();
    // A client that waits for less than the delay has nothing; one that waits long enough has the answer.
    let hasty = setup.request(Method::GET, LIST).timeout(delay / 4);
    assert!(hasty.send().await.unwrap_err().is_timeout());
    assert_eq!(setup.get(LIST).await.status, 503);
    assert_eq!(
        setup.sandbox.ledger().pop().unwrap().faults,
        ["latency", "status"]
    );
}

#[tokio::test]
async fn a_rule_can_name_a_host_and_be_removed_again() {
    let setup = Setup::new().await;
    let faults = setup.sandbox.faults();
    let id = faults
        .add(Fault::status(503).with_host(Host::Login))
        .unwrap();
    assert_eq!(setup.get(LIST).await.status, 200);
    let login = || {
        setup
            .http
            .post(format!("{}/oauth/token", setup.sandbox.login_url()))
            .send()
    };
    let refused = read(login().await.unwrap()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.body["error"].as_str()),
        (503, Some("server_error"))
    );
    assert!(faults.remove(id) && !faults.remove(id));
    assert_eq!(login().await.unwrap().status(), 400);
    faults.add(Fault::reset()).unwrap();
    faults.clear();
    assert_eq!(setup.get(LIST).await.status, 200);
}

#[tokio::test]
async fn a_client_that_goes_away_first_is_in_the_ledger_as_such() {
    let setup = Setup::new().await;
    setup
        .sandbox
        .faults()
        .add(Fault::latency(Duration::from_secs(600)))
        .unwrap();
    let request = setup
        .request(Method::GET, LIST)
        .timeout(Duration::from_millis(30));
    assert!(request.send().await.unwrap_err().is_timeout());
    while setup.sandbox.ledger()[1].outcome != Outcome::Abandoned {
        tokio::task::yield_now().await;
    }
}
