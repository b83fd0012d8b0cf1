//! What holds for every answer of the API host.

use std::time::Duration;

use genesys_sandbox::{Host, OauthClient, Object, Outcome, Sandbox, SandboxErrorKind, Verb};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Setup, definition, read, token};

const LIST: &str = "/api/v2/integrations";

/// The platform's error body: numbers and ids agree with the answer around it.
fn assert_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.body["code"].as_str()),
        (status, Some(code)),
        "{answer:?}"
    );
    assert_eq!(answer.body["status"], status);
    assert!(!answer.body["message"].as_str().unwrap().is_empty());
    assert_eq!(
        answer.body["contextId"].as_str().unwrap(),
        answer.header("inin-correlation-id")
    );
    assert!(answer.body["details"].is_array() && answer.body["errors"].is_array());
}

#[tokio::test]
async fn every_answer_has_a_correlation_id_of_its_own_and_the_three_rate_headers() {
    let setup = Setup::new().await;
    let (one, two) = (setup.get(LIST).await, setup.get("/api/v2/nowhere").await);
    assert_ne!(
        one.header("ININ-Correlation-Id"),
        two.header("ININ-Correlation-Id")
    );
    for (answer, count) in [(&one, "1"), (&two, "2")] {
        assert_eq!(answer.header("inin-ratelimit-count"), count);
        assert_eq!(answer.header("inin-ratelimit-allowed"), "300");
        let reset: u64 = answer.header("inin-ratelimit-reset").parse().unwrap();
        assert!((1..=60).contains(&reset));
    }
}

#[tokio::test]
async fn each_refusal_has_the_platforms_error_body() {
    let setup = Setup::new().await;
    assert_error(&setup.get("/api/v2/nowhere").await, 404, "not.found");
    assert_error(
        &setup.get("/api/v2/integrations/none").await,
        404,
        "not.found",
    );
    assert_error(
        &setup.send(Method::DELETE, LIST, None).await,
        405,
        "method.not.allowed",
    );
    let untyped = read(
        setup
            .request(Method::POST, LIST)
            .body("{}")
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_error(&untyped, 415, "unsupported.media.type");
    for broken in ["{\"name\":", "{} {}", ""] {
        let request = setup
            .request(Method::POST, LIST)
            .header("content-type", "application/json")
            .body(broken);
        assert_error(
            &read(request.send().await.unwrap()).await,
            400,
            "invalid.json",
        );
    }
    let naked = read(
        setup
            .http
            .get(format!("{}{LIST}", setup.sandbox.api_url()))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_error(&naked, 401, "authentication.required");
    assert!(!naked.header("inin-ratelimit-allowed").is_empty());
    let foreign = setup
        .http
        .get(format!("{}{LIST}", setup.sandbox.api_url()))
        .bearer_auth("unknown");
    assert_error(
        &read(foreign.send().await.unwrap()).await,
        401,
        "bad.credentials",
    );
}

#[tokio::test]
async fn a_body_may_have_512000_bytes_and_not_one_more() {
    let setup = Setup::new().await;
    let padded = |length: usize| {
        let empty = definition("");
        let room = length - empty.to_string().len();
        let mut body = empty;
        body["name"] = json!("x".repeat(room));
        body.to_string()
    };
    let send = async |body: String| {
        let request = setup
            .request(Method::POST, LIST)
            .header("content-type", "application/json")
            .body(body);
        read(request.send().await.unwrap()).await
    };
    // The longest body is read and then refused for its name; a longer one is not read at all.
    assert_error(&send(padded(512_000)).await, 400, "bad.request");
    let large = send(padded(512_001)).await;
    assert_error(&large, 413, "request.entity.too.large");
    assert_eq!(
        large.body["limit"],
        json!({"key": "request.bytes.max", "namespace": "platform.api", "value": 512_000})
    );
}

#[tokio::test]
async fn over_the_quota_comes_a_429_that_names_the_limit_and_another_token_has_its_own() {
    let mut setup = Setup::with(Sandbox::builder().with_quota(2, Duration::from_secs(60))).await;
    assert_eq!(setup.get(LIST).await.status, 200);
    assert_eq!(setup.get(LIST).await.status, 200);
    let refused = setup.get(LIST).await;
    assert_error(&refused, 429, "too.many.requests.retry.after");
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds));
    assert!(
        refused.body["message"]
            .as_str()
            .unwrap()
            .contains(&format!("[{seconds}] seconds"))
    );
    assert_eq!(
        refused.body["limit"],
        json!({"key": "token.rate.per.minute", "namespace": "platform.api", "value": 2})
    );
    assert_eq!(
        (
            refused.header("inin-ratelimit-count"),
            refused.header("inin-ratelimit-allowed")
        ),
        ("3", "2")
    );
    assert_eq!(setup.sandbox.counts().status(429), 1);

    setup.token = token(
        &setup.http,
        &setup.sandbox,
        "sandbox-client",
        "sandbox-secret",
    )
    .await;
    assert_eq!(setup.get(LIST).await.status, 200);
}

#[tokio::test]
async fn a_window_ends_by_the_clock_and_the_quota_can_change_at_run_time() {
    let setup = Setup::new().await;
    setup.sandbox.set_quota(1, Duration::from_millis(40));
    assert_eq!(setup.get(LIST).await.status, 200);
    // Some later request falls into a new window, at the latest when 40 ms are over.
    while setup.get(LIST).await.status != 200 {}
    setup.sandbox.set_quota(1, Duration::from_secs(600));
    assert_eq!(setup.get(LIST).await.status, 200);
    assert_eq!(setup.get(LIST).await.status, 429);
}

#[tokio::test]
async fn a_403_names_the_missing_permission_and_roles_can_change_under_a_token() {
    let reader = |more: &[&str]| {
        let mut permissions = vec!["integrations:integration:view"];
        permissions.extend(more);
        OauthClient::new("reader", "r").with_permissions(permissions)
    };
    let mut setup = Setup::with(Sandbox::builder().with_client(reader(&[]))).await;
    setup.token = token(&setup.http, &setup.sandbox, "reader", "r").await;
    assert_eq!(setup.get(LIST).await.status, 200);
    let refused = setup.post(LIST, definition("x")).await;
    assert_error(&refused, 403, "missing.permissions");
    assert_eq!(
        refused.body["messageParams"],
        json!({"permissions": "integrations:integration:add"})
    );
    assert!(
        refused.body["message"]
            .as_str()
            .unwrap()
            .contains("integrations:integration:add")
    );
    assert!(setup.sandbox.state().is_empty());

    setup
        .sandbox
        .put_client(reader(&["integrations:integration:add"]));
    assert_eq!(setup.post(LIST, definition("x")).await.status, 201);
}

#[tokio::test]
async fn the_ledger_has_each_request_in_order_with_its_route_answer_and_effect() {
    let setup = Setup::new().await;
    let id = setup.create("x").await;
    setup.get(&format!("{LIST}/{id}?expand=secret")).await;
    setup.post(LIST, json!({})).await;
    let ledger = setup.sandbox.ledger();
    let lines: Vec<_> = ledger
        .iter()
        .map(|e| (e.host, e.method.as_str(), e.route.as_deref(), e.status))
        .collect();
    assert_eq!(
        lines,
        [
            (Host::Login, "POST", Some("/oauth/token"), Some(200)),
            (Host::Api, "POST", Some(LIST), Some(201)),
            (
                Host::Api,
                "GET",
                Some("/api/v2/integrations/{id}"),
                Some(200)
            ),
            (Host::Api, "POST", Some(LIST), Some(400)),
        ]
    );
    assert_eq!(
        ledger.iter().map(|e| e.sequence).collect::<Vec<_>>(),
        [1, 2, 3, 4]
    );
    assert_eq!(
        ledger.iter().map(|e| e.took_effect()).collect::<Vec<_>>(),
        [true, true, false, false]
    );
    assert_eq!(
        (
            ledger[1].effects[0].id.as_str(),
            ledger[2].query_keys.as_slice()
        ),
        (id.as_str(), &["expand".to_owned()][..])
    );
    assert!(ledger[0].is_token_request() && ledger[0].body_digest.is_none());
    assert!(ledger[1].body_digest.is_some() && ledger[1].body_bytes > 100);
    assert_eq!(
        (ledger[1].token.clone(), ledger[0].token.clone()),
        (ledger[2].token.clone(), None)
    );
    assert!(ledger.iter().all(|e| e.outcome == Outcome::Answered));
    setup.sandbox.clear_ledger();
    assert_eq!(
        (
            setup.sandbox.ledger().len(),
            setup.sandbox.counts().requests
        ),
        (0, 0)
    );
}

#[tokio::test]
async fn settings_that_make_no_sense_are_all_named_and_only_loopback_is_served() {
    let error = Sandbox::builder()
        .with_quota(0, Duration::ZERO)
        .with_token_life(Duration::ZERO)
        .with_client(OauthClient::new("a:b", "x"))
        .start()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), SandboxErrorKind::Settings);
    for part in [
        "quota is zero",
        "window of the quota is zero",
        "token life",
        "client id",
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let open = Sandbox::builder()
        .with_listen("0.0.0.0:0".parse().unwrap())
        .start()
        .await
        .unwrap_err();
    assert_eq!(open.kind(), SandboxErrorKind::Settings);
    let running = Sandbox::start().await.unwrap();
    let taken = Sandbox::builder()
        .with_listen(running.api_address())
        .start()
        .await
        .unwrap_err();
    assert_eq!(taken.kind(), SandboxErrorKind::Listen);
    assert!(std::error::Error::source(&taken).is_some());
}

#[tokio::test]
async fn shutdown_lets_a_request_finish_and_a_dropped_sandbox_answers_no_more() {
    let setup = Setup::new().await;
    let Setup {
        sandbox,
        http,
        token,
    } = setup;
    sandbox
        .faults()
        .add(genesys_sandbox::Fault::latency(Duration::from_millis(100)))
        .unwrap();
    let url = format!("{}{LIST}", sandbox.api_url());
    let request = tokio::spawn(http.get(url.clone()).bearer_auth(token).send());
    while sandbox.ledger().len() < 2 {
        tokio::task::yield_now().await;
    }
    sandbox.shutdown().await;
    assert_eq!(request.await.unwrap().unwrap().status(), 200);
    assert!(http.get(url).send().await.unwrap_err().is_connect());

    let dropped = Sandbox::start().await.unwrap();
    let url = dropped.api_url();
    drop(dropped);
    while !http
        .get(url.clone())
        .send()
        .await
        .is_err_and(|error| error.is_connect())
    {}
}

#[tokio::test]
async fn numbered_pages_have_totals_and_links_and_end_in_an_empty_page() {
    let setup = Setup::new().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(setup.create(&format!("n{n}")).await);
    }
    let mut seen = Vec::new();
    let mut next = Some(format!("{LIST}?pageSize=2"));
    while let Some(path) = next {
        let page = setup.get(&path).await.body;
        assert_eq!(
            (&page["total"], &page["pageCount"], &page["pageSize"]),
            (&json!(5), &json!(3), &json!(2))
        );
        seen.extend(
            page["entities"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["id"].as_str().unwrap().to_owned()),
        );
        next = page["nextUri"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ids);
    let past = setup
        .get(&format!("{LIST}?pageSize=2&pageNumber=9"))
        .await
        .body;
    assert_eq!(
        (past["entities"].clone(), past["nextUri"].clone()),
        (json!([]), Value::Null)
    );
    for bad in ["pageSize=0", "pageSize=101", "pageSize=x", "pageNumber=0"] {
        assert_eq!(
            setup.get(&format!("{LIST}?{bad}")).await.status,
            400,
            "{bad}"
        );
    }
    let named = setup.get(&format!("{LIST}?name=n3")).await.body;
    assert_eq!(
        (named["total"].clone(), named["entities"][0]["id"].clone()),
        (json!(1), json!(ids[3]))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn creates_at_once_are_each_counted_once() {
    let setup = std::sync::Arc::new(Setup::new().await);
    let tasks: Vec<_> = (0..100)
        .map(|n| {
            let setup = std::sync::Arc::clone(&setup);
            tokio::spawn(async move { setup.create(&format!("n{n}")).await })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap());
    }
    ids.sort_unstable();
    ids.dedup();
    let counts = setup.sandbox.counts();
    assert_eq!(
        (
            ids.len(),
            setup.sandbox.state().integrations.len(),
            counts.effect(Object::Integration, Verb::Created)
        ),
        (100, 100, 100)
    );
    let last = setup.get(LIST).await;
    assert_eq!(last.header("inin-ratelimit-count"), "101");
}
