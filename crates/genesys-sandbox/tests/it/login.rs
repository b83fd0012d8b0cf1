//! Tokens: how they are asked for, refused, throttled, and how they end.

use std::time::Duration;

use genesys_sandbox::{CLIENT_ID, CLIENT_SECRET, OauthClient, Object, Sandbox, Verb};
use serde_json::{Value, json};

use crate::support::{Answer, Setup, read, token};

async fn ask(
    setup: &Setup,
    url: String,
    change: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
) -> Answer {
    read(change(setup.http.post(url)).send().await.unwrap()).await
}

const GRANT: [(&str, &str); 1] = [("grant_type", "client_credentials")];
const IN_BODY: [(&str, &str); 3] = [
    ("grant_type", "client_credentials"),
    ("client_id", CLIENT_ID),
    ("client_secret", CLIENT_SECRET),
];

#[tokio::test]
async fn basic_and_form_are_granted_on_both_hosts_and_the_answer_has_the_platforms_members() {
    let setup = Setup::new().await;
    for host in [setup.sandbox.login_url(), setup.sandbox.api_url()] {
        let answer = ask(&setup, format!("{host}/oauth/token"), |r| {
            r.basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).form(&GRANT)
        })
        .await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["token_type"], "bearer");
        assert_eq!(answer.body["expires_in"], 86_400);
        assert!(answer.body["access_token"].as_str().unwrap().len() > 40);
        assert!(!answer.header("inin-correlation-id").is_empty());
    }
}

#[tokio::test]
async fn the_documents_three_forms_are_granted_on_the_api_host_alone() {
    let setup = Setup::new().await;
    let (api, login) = (setup.sandbox.api_url(), setup.sandbox.login_url());
    let scoped = [
        IN_BODY[0],
        IN_BODY[1],
        IN_BODY[2],
        ("scope", "integrations:write integrations:read"),
    ];
    let first = ask(&setup, format!("{api}/api/v2/oauth/token"), |r| {
        r.form(&scoped)
    })
    .await;
    assert_eq!(
        (first.status.as_u16(), first.body["scope"].as_str()),
        (200, Some("integrations:write integrations:read"))
    );
    let second = ask(&setup, format!("{api}/oauth/token"), |r| r.form(&IN_BODY)).await;
    assert_eq!(second.status, 200);
    let document = json!({"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "scope": "x"});
    let third = ask(&setup, format!("{api}/oauth/token"), |r| r.json(&document)).await;
    assert_eq!(third.status, 200);

    for refused in [
        ask(&setup, format!("{login}/oauth/token"), |r| r.form(&IN_BODY)).await,
        ask(&setup, format!("{login}/oauth/token"), |r| {
            r.json(&document)
        })
        .await,
        ask(&setup, format!("{api}/api/v2/oauth/token"), |r| {
            r.json(&document)
        })
        .await,
    ] {
        assert_eq!(
            (refused.status.as_u16(), refused.body["error"].as_str()),
            (400, Some("invalid_request"))
        );
    }
    assert_eq!(
        ask(&setup, format!("{login}/api/v2/oauth/token"), |r| r
            .form(&IN_BODY))
        .await
        .status,
        404
    );
}

#[tokio::test]
async fn a_wrong_secret_a_wrong_grant_and_a_broken_form_have_the_oauth_error_body() {
    let setup = Setup::new().await;
    let url = format!("{}/oauth/token", setup.sandbox.login_url());
    let form = "application/x-www-form-urlencoded";
    let wrong = ask(&setup, url.clone(), |r| {
        r.basic_auth(CLIENT_ID, Some("wrong")).form(&GRANT)
    })
    .await;
    assert_eq!(
        (wrong.status.as_u16(), wrong.body["error"].as_str()),
        (401, Some("invalid_client"))
    );
    assert_eq!(wrong.body["description"], wrong.body["error_description"]);
    let cases: [(&str, &str); 5] = [
        ("grant_type=password", "unsupported_grant_type"),
        ("", "invalid_request"),
        ("grant_type=%zz", "invalid_request"),
        ("grant_type=%FF", "invalid_request"),
        (
            "grant_type=client_credentials&grant_type=client_credentials",
            "invalid_request",
        ),
    ];
    for (body, error) in cases {
        let answer = ask(&setup, url.clone(), |r| {
            r.basic_auth(CLIENT_ID, Some(CLIENT_SECRET))
                .header("content-type", form)
                .body(body)
        })
        .await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["error"].as_str()),
            (400, Some(error)),
            "{body}"
        );
    }
    let untyped = ask(&setup, url.clone(), |r| {
        r.basic_auth(CLIENT_ID, Some(CLIENT_SECRET))
            .body("grant_type=client_credentials")
    })
    .await;
    assert_eq!(untyped.status, 400);
    let twice = ask(
        &setup,
        format!("{}/oauth/token", setup.sandbox.api_url()),
        |r| r.basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).form(&IN_BODY),
    )
    .await;
    assert_eq!(twice.body["error"], "invalid_request");
}

#[tokio::test]
async fn a_secret_with_reserved_and_foreign_characters_works_when_it_is_encoded() {
    let secret = "a+b &=%20ü:€";
    let setup = Setup::with(Sandbox::builder().with_client(OauthClient::new("odd", secret))).await;
    token(&setup.http, &setup.sandbox, "odd", secret).await;
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "odd"),
        ("client_secret", secret),
    ];
    let answer = ask(
        &setup,
        format!("{}/oauth/token", setup.sandbox.api_url()),
        |r| r.form(&form),
    )
    .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn too_many_token_requests_are_a_400_that_says_rate_limit_exceeded() {
    let setup =
        Setup::with(Sandbox::builder().with_token_grant_limit(2, Duration::from_secs(60))).await;
    let url = format!("{}/oauth/token", setup.sandbox.login_url());
    let statuses: Vec<Answer> = vec![
        ask(&setup, url.clone(), |r| {
            r.basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).form(&GRANT)
        })
        .await,
        ask(&setup, url.clone(), |r| {
            r.basic_auth(CLIENT_ID, Some(CLIENT_SECRET)).form(&GRANT)
        })
        .await,
    ];
    assert_eq!(statuses[0].status, 200);
    assert_eq!(
        (
            statuses[1].status.as_u16(),
            statuses[1].body["error"].as_str()
        ),
        (400, Some("invalid_request"))
    );
    assert!(
        statuses[1].body["description"]
            .as_str()
            .unwrap()
            .starts_with("rate limit exceeded;")
    );
    assert_eq!(setup.sandbox.counts().token_requests, 3);
    assert_eq!(
        setup.sandbox.counts().effect(Object::Token, Verb::Created),
        2
    );
}

#[tokio::test]
async fn tokens_end_by_time_by_revocation_and_all_at_once() {
    let mut setup = Setup::new().await;
    assert_eq!(setup.sandbox.expire_tokens(), 1);
    let dead = setup.get("/api/v2/integrations").await;
    assert_eq!(
        (dead.status.as_u16(), dead.body["code"].as_str()),
        (401, Some("bad.credentials"))
    );

    setup.token = token(&setup.http, &setup.sandbox, CLIENT_ID, CLIENT_SECRET).await;
    assert_eq!(
        setup
            .send(reqwest::Method::DELETE, "/api/v2/tokens/me", None)
            .await
            .status,
        200
    );
    assert_eq!(setup.get("/api/v2/integrations").await.status, 401);

    setup.sandbox.set_token_life(Duration::from_millis(1));
    setup.token = token(&setup.http, &setup.sandbox, CLIENT_ID, CLIENT_SECRET).await;
    // The life is over when the clock says so, however long this loop takes to notice.
    while setup.get("/api/v2/integrations").await.status != 401 {}
}

#[tokio::test]
async fn the_same_seed_gives_the_same_tokens_and_ids_and_another_seed_others() {
    let mut seen: Vec<(String, String)> = Vec::new();
    for seed in [7, 7, 8] {
        let setup = Setup::with(Sandbox::builder().with_seed(seed)).await;
        seen.push((setup.token.clone(), setup.create("a").await));
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0].0, seen[2].0);
    assert_ne!(seen[0].1, seen[2].1);
}

#[tokio::test]
async fn no_debug_print_and_no_ledger_entry_shows_a_secret() {
    let setup =
        Setup::with(Sandbox::builder().with_client(OauthClient::new("c", "a-client-secret"))).await;
    let token = token(&setup.http, &setup.sandbox, "c", "a-client-secret").await;
    setup.create("x").await;
    let ledger: Value = serde_json::to_value(setup.sandbox.ledger()).unwrap();
    let state: Value = serde_json::to_value(setup.sandbox.state()).unwrap();
    let shown = format!(
        "{:?}{ledger}{state}{:?}",
        setup.sandbox,
        setup.sandbox.counts()
    );
    for secret in [
        token.as_str(),
        setup.token.as_str(),
        "a-client-secret",
        CLIENT_SECRET,
        "crm-password",
    ] {
        assert!(!shown.contains(secret), "{secret} is shown");
    }
}
