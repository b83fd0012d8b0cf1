//! Nothing shows a secret.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use genesys_auth::{MemoryTokenStore, Settings, TokenCache, TokenSource, TokenStore};
use genesys_core::observe::{Event, Observer};
use genesys_core::test_util::Reply;
use serde_json::json;

use crate::support::{Login, SECRET, token};

/// Everything that an error shows, its causes included.
fn shown(error: &(dyn StdError + 'static)) -> String {
    let mut text = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(" {error} {error:?}"));
        cause = error.source();
    }
    text
}

fn assert_clean(text: &str) {
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let basic = STANDARD.encode(format!("client:{SECRET}"));
    for secret in [SECRET, "s3cr3t", &encoded, &basic, "t0k3n"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[derive(Debug, Default)]
struct Log(Mutex<String>);

impl Observer for Log {
    fn on_event(&self, event: &Event<'_>) {
        self.0.lock().unwrap().push_str(&format!("{event:?}\n"));
    }
}

#[tokio::test]
async fn errors_events_and_debug_output_hold_no_secret() {
    // errata ALL-16, WID-05
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let basic = STANDARD.encode(format!("client:{SECRET}"));
    let replies = [
        Reply::json(
            401,
            &json!({"error": SECRET, "description": format!("wrong: {SECRET} {encoded} {basic}")}),
        ),
        Reply::body(200, "text/html", format!("<html>{SECRET} t0k3n</html>")),
        Reply::json(
            200,
            &json!({"access_token": "t0k3n\n", "token_type": "bearer", "expires_in": 9}),
        ),
        Reply::json(
            200,
            &json!({"access_token": ["t0k3n"], "token_type": "bearer", "expires_in": 9}),
        ),
        Reply::json(
            200,
            &json!({"access_token": "t0k3n", "token_type": "t0k3n", "expires_in": "t0k3n"}),
        ),
        Reply::status(500).with_header("inin-correlation-id", &format!("id-{basic}")),
    ];
    for reply in replies {
        let login = Login::new();
        let log = Arc::new(Log::default());
        login.transport.push(reply);
        let builder = login
            .oauth()
            .with_observer(Arc::clone(&log) as Arc<dyn Observer>)
            .with_retry(resilience::RetryPolicy::none());
        assert_clean(&format!("{builder:?}"));
        let oauth = builder.build().unwrap();
        assert_clean(&format!("{oauth:?}"));
        let cache = TokenCache::new(oauth);
        for _ in 0..2 {
            // The first is the failure itself, the second what is remembered of it.
            assert_clean(&shown(&cache.token().await.unwrap_err()));
        }
        assert_clean(&log.0.lock().unwrap());
        assert_clean(&format!("{cache:?}"));
    }
}

#[tokio::test]
async fn a_cached_and_a_stored_token_are_not_printed() {
    // errata ALL-16, RST-04
    let login = Login::new();
    login.transport.push(token("t0k3n", 60));
    let store = MemoryTokenStore::new();
    let cache = login
        .oauth()
        .build()
        .unwrap()
        .into_cache()
        .with_store(Arc::new(store.clone()))
        .build();
    let token = cache.token().await.unwrap();
    assert_clean(&format!("{cache:?} {token:?} {store:?}"));
    let sent = &login.transport.sent()[0];
    let url = sent.uri.to_string();
    let key = genesys_auth::TokenKey::new(&url, "client");
    let stored = store
        .get(&key)
        .await
        .unwrap()
        .expect("the token was stored");
    assert_clean(&format!("{stored:?} {key:?}"));
}

#[test]
fn settings_are_printed_without_the_secret() {
    // errata ALL-16
    let settings = Settings::from_lookup(|name| match name {
        "GENESYS_CLIENT_ID" => Some("client".into()),
        "GENESYS_CLIENT_SECRET" => Some(SECRET.into()),
        _ => None,
    })
    .unwrap();
    assert_clean(&format!("{settings:?}"));
}
