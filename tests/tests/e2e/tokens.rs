//! Stampedes: the ledger counts the token requests.

use std::time::Duration;

use futures_util::future::join_all;
use genesys_core::{ErrorKind, TokenSource};
use genesys_sandbox::{Fault, Sandbox};

use crate::support::{client, tokens, transport};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_first_callers_make_one_token_request() {
    // errata ALL-06, WID-03, EVR-03
    let sandbox = Sandbox::builder()
        .with_quota(5000, Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let client = client(&sandbox).build().unwrap();
    let calls = (0..1000).map(|_| {
        let client = client.clone();
        tokio::spawn(async move {
            client
                .get("/api/v2/integrations")
                .query("pageSize", 1)
                .empty()
                .await
        })
    });
    for result in join_all(calls).await {
        result.unwrap().unwrap();
    }
    assert_eq!(sandbox.counts().token_requests, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_simultaneous_401s_lead_to_one_renewal_and_at_most_one_replay_each() {
    // errata ALL-05, ALL-06
    let sandbox = Sandbox::builder()
        .with_quota(5000, Duration::from_secs(60))
        .start()
        .await
        .unwrap();
    let client = client(&sandbox).build().unwrap();
    client.get("/api/v2/integrations").empty().await.unwrap();
    assert_eq!(sandbox.counts().token_requests, 1);
    assert!(sandbox.expire_tokens() >= 1);
    sandbox.clear_ledger();

    let calls = (0..100).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.get("/api/v2/integrations").empty().await })
    });
    for result in join_all(calls).await {
        result.unwrap().unwrap();
    }
    let counts = sandbox.counts();
    assert_eq!(counts.token_requests, 1, "one renewal for all");
    let api: Vec<_> = sandbox
        .ledger()
        .into_iter()
        .filter(|entry| !entry.is_token_request())
        .collect();
    assert!(api.len() <= 200, "{} requests for 100 calls", api.len());
    assert_eq!(
        counts.status(200) - 1,
        100,
        "every call succeeded once, beside the renewal"
    );
}

#[tokio::test]
async fn the_login_hosts_throttle_is_a_400_and_is_waited_out() {
    // errata ALL-03, WID-05
    let sandbox = Sandbox::start().await.unwrap();
    sandbox
        .faults()
        .add(
            Fault::status(400)
                .with_body(serde_json::json!({
                    "error": "invalid_request",
                    "description": "rate limit exceeded; try again later",
                    "error_description": "rate limit exceeded; try again later",
                }))
                .with_path("/oauth/token")
                .with_count(1),
        )
        .unwrap();
    let client = client(&sandbox).build().unwrap();
    client.get("/api/v2/integrations").empty().await.unwrap();
    assert_eq!(sandbox.counts().token_requests, 2);
}

#[tokio::test]
async fn a_wrong_secret_is_remembered_and_does_not_hammer_the_login_host() {
    let sandbox = Sandbox::start().await.unwrap();
    let credentials =
        genesys_auth::ClientCredentials::new(genesys_sandbox::CLIENT_ID, "wrong&secret+=%ü")
            .unwrap();
    let oauth = genesys_auth::OAuth::builder(crate::support::hosts(&sandbox), credentials)
        .with_transport(transport())
        .build()
        .unwrap();
    let cache = genesys_auth::TokenCache::new(oauth);
    for _ in 0..20 {
        let error = cache.token().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("wrong&secret"), "{shown}");
    }
    assert_eq!(sandbox.counts().token_requests, 1);
}

#[tokio::test]
async fn a_token_is_asked_for_on_the_login_host_only() {
    // errata ALL-01, WID-01
    let sandbox = Sandbox::start().await.unwrap();
    tokens(&sandbox, transport()).token().await.unwrap();
    let ledger = sandbox.ledger();
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0].host, genesys_sandbox::Host::Login);
}
