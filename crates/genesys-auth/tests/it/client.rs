//! The cache under core's client: what a refused token does to calls.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use genesys_auth::TokenCache;
use genesys_core::test_util::{Reply, ScriptedTransport};
use genesys_core::vocabulary::Clock;
use genesys_core::{Client, ErrorKind, Hosts};
use serde_json::{Value, json};

use crate::support::Login;

struct Cloud {
    login: Login,
    api: ScriptedTransport,
    client: Client,
}

impl Cloud {
    fn new() -> Self {
        let (login, api) = (Login::new(), ScriptedTransport::new());
        let cache: TokenCache = login.cache();
        let client = Client::builder(Hosts::from_base("https://api.example.com").unwrap())
            .with_transport(api.shared())
            .with_token_source(cache)
            .with_clock(Arc::new(login.clock.clone()))
            .without_quota()
            .build()
            .unwrap();
        Self { login, api, client }
    }

    /// The API accepts nothing but the token of this text.
    fn accept_only(&self, token: &str) {
        let wanted = format!("Bearer {token}");
        self.api.handle(move |request| {
            let good = request.headers["authorization"] == wanted;
            async move {
                if good {
                    Reply::json(200, &json!({"ok": true}))
                } else {
                    Reply::json(401, &json!({"code": "bad.credentials", "status": 401}))
                }
            }
        });
    }

    async fn create(&self) -> Result<Value, genesys_core::Error> {
        self.client
            .post("/api/v2/things")
            .with_json(&json!({"n": 1}))
            .json()
            .await
    }
}

#[tokio::test]
async fn a_hundred_writes_that_find_their_token_refused_share_one_renewal_and_all_succeed() {
    // errata ALL-05, INT-37
    let cloud = Cloud::new();
    cloud.accept_only("token-1");
    cloud.create().await.unwrap();
    cloud.accept_only("token-2");
    for answer in join_all((0..100).map(|_| cloud.create())).await {
        assert_eq!(answer.unwrap()["ok"], true);
    }
    assert_eq!(cloud.login.requests(), 2);
    // Each call was replayed once at most, and the first one before them not at all.
    assert!(cloud.api.sent().len() <= 201, "{}", cloud.api.sent().len());
}

#[tokio::test]
async fn a_second_refusal_is_returned() {
    // errata ALL-05
    let cloud = Cloud::new();
    cloud.accept_only("none");
    assert_eq!(
        cloud.create().await.unwrap_err().kind(),
        ErrorKind::Unauthenticated
    );
    assert_eq!((cloud.api.sent().len(), cloud.login.requests()), (2, 2));
}

#[tokio::test]
async fn a_missing_permission_is_not_met_with_a_new_token() {
    // errata ALL-04
    let cloud = Cloud::new();
    let message = "You are missing the following permission(s): integrations:integration:add";
    cloud.api.push(Reply::json(
        403,
        &json!({"code": "missing.any.permissions", "message": message}),
    ));
    let error = cloud.create().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(
        error.missing_permission(),
        Some("integrations:integration:add")
    );
    assert_eq!((cloud.api.sent().len(), cloud.login.requests()), (1, 1));
}

#[tokio::test]
async fn a_login_that_hangs_holds_each_call_until_its_own_deadline_and_no_lock() {
    let cloud = Cloud::new();
    cloud.accept_only("token-1");
    cloud.login.close();
    let clock = &cloud.login.clock;
    let start = clock.now();
    let call = async |seconds: u64| {
        let get = cloud.client.get("/api/v2/things");
        let get = get.deadline(Duration::from_secs(seconds));
        let result = get.empty().await;
        (result, clock.now() - start)
    };
    let answer = async {
        clock.sleep_until(start + Duration::from_secs(5)).await;
        cloud.login.open();
    };
    let calls = join_all((1..=9).map(call));
    let (ended, ()) = clock.drive(join(calls, answer)).await;
    for (seconds, (result, at)) in (1..).zip(ended) {
        if seconds < 5 {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Deadline);
            assert_eq!(at, Duration::from_secs(seconds));
        } else if seconds > 5 {
            result.unwrap();
            assert_eq!(at, Duration::from_secs(5));
        }
    }
    assert_eq!(cloud.login.requests(), 1);
}
