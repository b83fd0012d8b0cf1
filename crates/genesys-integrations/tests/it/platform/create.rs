//! Creations, whole, cut short and repeated.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_creation_makes_credential_integration_configuration_and_action() {
    // errata INT-01, ALL-18, ALL-31
    let rig = Rig::new();
    rig.push(200, page(vec![])).push(200, page(vec![]));
    rig.push(200, credential())
        .push(200, integration("DISABLED", "INACTIVE"));
    // Not readable at once.
    rig.push(404, json!({}))
        .push(200, fresh_config(1))
        .push(200, done_config(2));
    rig.push(200, action())
        .push(404, json!({}))
        .push(200, integration("DISABLED", "INACTIVE"));
    let ensured = platform(&rig).ensure(&definition()).await.unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.state),
        (Change::Created, IntegrationState::Inactive)
    );
    assert_eq!(ensured.integration.intended, Some(IntendedState::Disabled));
    assert_eq!(
        rig.lines(),
        [
            LIST,
            CREDENTIALS,
            "POST /api/v2/integrations/credentials",
            "POST /api/v2/integrations",
            CONFIG,
            CONFIG,
            "PUT /api/v2/integrations/i-1/config/current",
            "POST /api/v2/integrations/actions",
            "GET /api/v2/integrations/i-1",
            "GET /api/v2/integrations/i-1",
        ]
    );
    assert_eq!(
        rig.body(2),
        json!({"name": NAME, "type": {"name": "basicAuth"}, "credentialFields": {"userName": "crm_user", "password": PASSWORD}})
    );
    assert_eq!(
        rig.body(3),
        json!({"name": NAME, "integrationType": {"id": "custom-rest-actions"}})
    );
    assert_eq!(
        rig.body(6),
        json!({
            "name": NAME,
            "version": 1,
            "properties": {},
            "advanced": {},
            "notes": notes(&definition()),
            "credentials": {"basicAuth": {"id": "c-1"}},
        })
    );
    assert_eq!(
        rig.body(7),
        json!({
            "category": NAME,
            "name": NAME,
            "integrationId": "i-1",
            "secure": false,
            "contract": contract(),
            "config": action_config(),
        })
    );
}

#[tokio::test(start_paused = true)]
async fn equal_definitions_give_equal_bytes() {
    // errata ALL-31, INT-07
    let bodies = || async {
        let rig = Rig::new();
        rig.push(200, page(vec![])).push(200, page(vec![]));
        rig.push(200, credential())
            .push(200, integration("DISABLED", "INACTIVE"))
            .push(200, fresh_config(1));
        rig.push(200, done_config(2))
            .push(200, action())
            .push(200, integration("DISABLED", "INACTIVE"));
        platform(&rig).create(&definition()).await.unwrap();
        rig.transport
            .sent()
            .into_iter()
            .map(|request| request.body)
            .collect::<Vec<_>>()
    };
    let (one, two) = (bodies().await, bodies().await);
    assert_eq!(one, two);
}

#[tokio::test(start_paused = true)]
async fn a_taken_name_is_a_conflict_and_nothing_is_written() {
    // errata ALL-18
    for taken in [1, 2] {
        let rig = Rig::new();
        rig.push(200, page(vec![integration("ENABLED", "ACTIVE"); taken]))
            .push(200, page(vec![]));
        rig.push(200, page(vec![]));
        assert_eq!(
            platform(&rig)
                .create(&definition())
                .await
                .unwrap_err()
                .kind(),
            ErrorKind::Conflict
        );
        assert!(
            rig.lines().iter().all(|line| line.starts_with("GET")),
            "{:?}",
            rig.lines()
        );
    }
}

/// A creation up to its configuration, which answers with `puts`.
fn creation_until_config(rig: &Rig) {
    rig.push(200, page(vec![])).push(200, page(vec![]));
    rig.push(200, credential())
        .push(200, integration("DISABLED", "INACTIVE"))
        .push(200, fresh_config(1));
}

#[tokio::test(start_paused = true)]
async fn a_stale_version_is_read_again_and_written_again() {
    // errata INT-01
    for status in [400, 409, 408] {
        let rig = Rig::new();
        creation_until_config(&rig);
        let mut other = fresh_config(2);
        other["advanced"] = json!({"kept": true});
        rig.push(status, mismatch())
            .push(200, other)
            .push(200, done_config(3));
        rig.push(200, action())
            .push(200, integration("DISABLED", "INACTIVE"));
        platform(&rig).ensure(&definition()).await.unwrap();
        let put = "PUT /api/v2/integrations/i-1/config/current";
        assert_eq!(rig.lines()[5..8], [put, CONFIG, put], "{status}");
        assert_eq!(
            (&rig.body(7)["version"], &rig.body(7)["advanced"]),
            (&json!(2), &json!({"kept": true}))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_of_unknown_outcome_is_decided_by_reading() {
    let rig = Rig::new();
    creation_until_config(&rig);
    // The first try took effect, and the retry of it finds another version.
    rig.transport.push(Reply::fail(TransportErrorKind::Reset));
    rig.push(409, mismatch()).push(200, done_config(2));
    rig.push(200, action())
        .push(200, integration("DISABLED", "INACTIVE"));
    platform(&rig).ensure(&definition()).await.unwrap();
    assert_eq!(
        rig.lines()
            .iter()
            .filter(|line| line.starts_with("PUT"))
            .count(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn a_version_that_stays_stale_is_given_up_and_what_was_created_is_taken_back() {
    // errata ALL-19
    let rig = Rig::new();
    rig.transport.handle(|request| {
        let path = request.uri.path().to_owned();
        let reply = match (
            request.method.as_str(),
            path.trim_start_matches("/api/v2/integrations"),
        ) {
            ("GET", "/i-1/config/current") => Reply::json(200, &fresh_config(1)),
            ("PUT", _) => Reply::json(409, &mismatch()),
            ("POST", "/credentials") => Reply::json(200, &credential()),
            ("POST", "") => Reply::json(200, &integration("DISABLED", "INACTIVE")),
            ("DELETE", _) => Reply::status(204),
            ("GET", _) => Reply::json(200, &page(vec![])),
            _ => Reply::status(500),
        };
        std::future::ready(reply)
    });
    let error = platform(&rig).create(&definition()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(
        rig.lines()
            .iter()
            .filter(|line| line.starts_with("PUT"))
            .count(),
        6
    );
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_fails_halfway_is_taken_back_in_reverse_order() {
    // errata ALL-19, INT-36
    let rig = Rig::new();
    creation_until_config(&rig);
    rig.push(200, done_config(2));
    rig.push(
        403,
        json!({"message": "missing integrations:action:add", "code": "missing.permission"}),
    );
    rig.push(200, page(vec![integration("DISABLED", "INACTIVE")]))
        .push(200, page(vec![]));
    rig.push(200, integration("DISABLED", "INACTIVE"))
        .push(200, page(vec![credential()]));
    rig.transport.push(Reply::status(204));
    let error = platform(&rig).ensure(&definition()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.missing_permission()),
        (ErrorKind::PermissionDenied, Some("integrations:action:add"))
    );
    assert_eq!(
        rig.lines()[7..],
        [
            LIST,
            ACTIONS,
            "DELETE /api/v2/integrations/i-1",
            CREDENTIALS,
            "DELETE /api/v2/integrations/credentials/c-1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_creation_whose_answer_is_lost_is_found_by_its_name() {
    // errata ALL-18, ALL-07
    let rig = Rig::new();
    let lost = || rig.transport.push(Reply::fail(TransportErrorKind::Reset));
    rig.push(200, page(vec![])).push(200, page(vec![]));
    lost();
    rig.push(200, page(vec![credential()]));
    lost();
    rig.push(200, page(vec![integration("DISABLED", "INACTIVE")]))
        .push(200, fresh_config(1))
        .push(200, done_config(2));
    lost();
    rig.push(200, page(vec![listed_action()]))
        .push(200, integration("DISABLED", "INACTIVE"));
    platform(&rig).ensure(&definition()).await.unwrap();
    let posts: Vec<_> = rig
        .lines()
        .into_iter()
        .filter(|line| line.starts_with("POST"))
        .collect();
    assert_eq!(
        posts,
        [
            "POST /api/v2/integrations/credentials",
            "POST /api/v2/integrations",
            "POST /api/v2/integrations/actions"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_creation_is_finished_with_what_it_left() {
    // errata ALL-18, ALL-19
    let rig = Rig::new();
    rig.push(200, page(vec![]))
        .push(200, page(vec![credential()]));
    rig.push(200, credential())
        .push(200, integration("DISABLED", "INACTIVE"))
        .push(200, fresh_config(1));
    rig.push(200, done_config(2))
        .push(200, action())
        .push(200, integration("DISABLED", "INACTIVE"));
    assert_eq!(
        platform(&rig).ensure(&definition()).await.unwrap().change,
        Change::Created
    );
    assert_eq!(
        rig.lines()[2],
        "PUT /api/v2/integrations/credentials/c-1",
        "its password may be another one"
    );
}

#[tokio::test(start_paused = true)]
async fn an_integration_that_never_becomes_readable_is_an_error_in_time() {
    // errata INT-39
    let rig = Rig::new();
    rig.transport.handle(|request| {
        let reply = match (
            request.method.as_str(),
            request
                .uri
                .path()
                .trim_start_matches("/api/v2/integrations"),
        ) {
            ("POST", "/credentials") => Reply::json(200, &credential()),
            ("POST", "") => Reply::json(200, &integration("DISABLED", "INACTIVE")),
            ("GET", "" | "/credentials" | "/actions") => Reply::json(200, &page(vec![])),
            _ => Reply::json(404, &json!({})),
        };
        std::future::ready(reply)
    });
    let limits = Limits::default().with_appearance(seconds(9));
    let started = rig.now();
    let error = platform(&rig)
        .with_limits(limits)
        .create(&definition())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(rig.since(started) <= seconds(9));
}

#[tokio::test(start_paused = true)]
async fn an_echoed_password_is_in_no_error() {
    // errata INT-11, INT-13, ALL-16
    let rig = Rig::new();
    rig.push(200, page(vec![])).push(200, page(vec![]));
    rig.push(
        400,
        json!({"message": format!("bad {PASSWORD} of {TOKEN}"), "code": "bad.request"}),
    );
    rig.push(200, page(vec![])).push(200, page(vec![]));
    let error = platform(&rig).create(&definition()).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        !shown.contains(PASSWORD) && !shown.contains(TOKEN),
        "{shown}"
    );
}
