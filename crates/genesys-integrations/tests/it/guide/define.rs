//! Creation, change, look-up and deletion.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_creation_sends_the_document_s_members_in_their_order_and_inactive() {
    // errata INT-07, INT-29, ALL-18, ALL-31
    let rig = Rig::new();
    rig.push(200, page(vec![]))
        .push(201, seen("i-1", "inactive"));
    let created = GuideIntegrations::new(rig.client.clone())
        .create(&definition())
        .await
        .unwrap();
    assert_eq!(rig.lines(), [LIST, "POST /api/v2/integrations"]);
    let sent = rig.transport.sent();
    assert_eq!(
        std::str::from_utf8(&sent[1].body).unwrap(),
        r#"{"name":"ExternalCRM-Sync","endpoint":"https://api.example.com/v1/cases","integrationType":"Custom","authentication":{"authenticationType":"Basic","username":"crm_user","password":"hunter2-password"},"dataMapping":[{"sourceField":"caseId","targetField":"genesys_case_id","transformation":"Direct"},{"sourceField":"priority","targetField":"genesys_priority","transformation":"Direct"},{"sourceField":"status","targetField":"genesys_status","transformation":"Direct"}],"status":"inactive"}"#
    );
    assert_eq!(created.id.as_str(), "i-1");
    assert_eq!(created.state, IntegrationState::Inactive);
    assert_eq!(
        created.created_at.unwrap().to_string(),
        "2026-01-02T03:04:05Z"
    );
}

#[tokio::test(start_paused = true)]
async fn a_taken_name_is_a_conflict_and_nothing_is_sent() {
    // errata ALL-18
    let rig = Rig::new();
    rig.push(200, page(vec![seen("i-1", "active")]));
    let error = GuideIntegrations::new(rig.client.clone())
        .create(&definition())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert_eq!(rig.lines(), [LIST]);
}

#[tokio::test(start_paused = true)]
async fn what_is_as_defined_is_left_alone() {
    // errata ALL-18
    let rig = Rig::new();
    rig.push(
        200,
        page(vec![
            json!({"id": "w-1", "name": NAME, "type": "webapp", "status": "active"}),
            seen("i-1", "active"),
        ]),
    );
    let ensured = GuideIntegrations::new(rig.client.clone())
        .ensure(&definition())
        .await
        .unwrap();
    assert_eq!(ensured.change, Change::Unchanged);
    assert_eq!(ensured.integration.id.as_str(), "i-1");
    assert_eq!(
        rig.lines(),
        [LIST],
        "the widget of the same name is another kind of object"
    );
}

#[tokio::test(start_paused = true)]
async fn what_differs_is_replaced_and_switched_off() {
    // errata INT-29
    let rig = Rig::new();
    let mut other = seen("i-1", "active");
    other["endpoint"] = json!("https://old.example.com");
    rig.push(200, page(vec![other]))
        .push(200, seen("i-1", "inactive"));
    let ensured = GuideIntegrations::new(rig.client.clone())
        .ensure(&definition())
        .await
        .unwrap();
    assert_eq!(
        (ensured.change, ensured.integration.state),
        (Change::Updated, IntegrationState::Inactive)
    );
    assert_eq!(rig.lines()[1], "PUT /api/v2/integrations/i-1");
    assert_eq!(rig.body(1)["status"], "inactive");
    assert_eq!(rig.body(1)["authentication"]["password"], PASSWORD);
}

#[tokio::test(start_paused = true)]
async fn two_of_one_name_are_a_conflict() {
    let rig = Rig::new();
    rig.push(
        200,
        page(vec![seen("i-1", "active"), seen("i-2", "active")]),
    );
    let error = GuideIntegrations::new(rig.client.clone())
        .ensure(&definition())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn a_creation_whose_answer_is_lost_is_found_and_not_repeated() {
    // errata ALL-18, ALL-07
    let rig = Rig::new();
    rig.push(200, page(vec![]));
    rig.transport.push(Reply::fail(TransportErrorKind::Reset));
    // Not listed at first: the list lags behind.
    rig.push(200, page(vec![]))
        .push(200, page(vec![seen("i-1", "inactive")]));
    let created = GuideIntegrations::new(rig.client.clone())
        .create(&definition())
        .await
        .unwrap();
    assert_eq!(created.id.as_str(), "i-1");
    assert_eq!(rig.lines(), [LIST, "POST /api/v2/integrations", LIST, LIST]);
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_never_happened_is_sent_again_and_no_more_than_twice() {
    // errata ALL-07, ALL-18
    let rig = Rig::new();
    rig.transport.handle(|request| {
        let reply = match request.method.as_str() {
            "GET" => Reply::json(200, &page(vec![])),
            _ => Reply::status(503),
        };
        std::future::ready(reply)
    });
    let error = GuideIntegrations::new(rig.client.clone())
        .create(&definition())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.cause()),
        (ErrorKind::OutcomeUnknown, ErrorKind::Unavailable)
    );
    let posts = rig
        .lines()
        .iter()
        .filter(|line| line.starts_with("POST"))
        .count();
    assert_eq!(posts, 2, "{:?}", rig.lines());
}

#[tokio::test(start_paused = true)]
async fn a_cut_creation_answer_is_reconciled_as_well() {
    // errata ALL-13, ALL-15
    let rig = Rig::new();
    rig.push(200, page(vec![]));
    rig.push(201, json!({"name": NAME}));
    rig.push(200, page(vec![seen("i-1", "inactive")]));
    let created = GuideIntegrations::new(rig.client.clone())
        .create(&definition())
        .await
        .unwrap();
    assert_eq!(created.id.as_str(), "i-1");
}

#[tokio::test(start_paused = true)]
async fn a_missing_integration_is_none_and_a_missing_id_in_an_answer_is_an_error() {
    // errata ALL-15, WID-31
    let rig = Rig::new();
    rig.push(404, json!({"code": "not.found", "message": "no"}))
        .push(200, json!({"id": "", "name": NAME}));
    let integrations = GuideIntegrations::new(rig.client.clone());
    assert_eq!(integrations.get(&id("a/b")).await.unwrap(), None);
    // errata ALL-17
    assert_eq!(rig.lines(), ["GET /api/v2/integrations/a%2Fb"]);
    let error = integrations.get(&id("i-1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("at id"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_list_goes_over_pages_and_leaves_widgets_out() {
    let rig = Rig::new();
    let mut first = page(vec![
        seen("i-1", "active"),
        json!({"id": "w", "name": "w", "type": "webapp"}),
    ]);
    first["pageCount"] = json!(2);
    let mut second = page(vec![seen("i-2", "odd")]);
    second["pageNumber"] = json!(2);
    second["pageCount"] = json!(2);
    rig.push(200, first).push(200, second);
    let all = GuideIntegrations::new(rig.client.clone())
        .list()
        .all()
        .await
        .unwrap();
    assert_eq!(
        all.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(),
        ["i-1", "i-2"]
    );
    assert_eq!(all[1].state, IntegrationState::Other("odd".into()));

    rig.push(500, json!({}))
        .push(500, json!({}))
        .push(500, json!({}))
        .push(500, json!({}));
    let mut failing = GuideIntegrations::new(rig.client.clone()).list();
    assert_eq!(
        failing.next().await.unwrap().unwrap_err().kind(),
        ErrorKind::Server
    );
    assert!(failing.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_401_and_a_403_are_told_apart_and_the_permission_is_named() {
    // errata INT-36, INT-37, ALL-04
    let rig = Rig::new();
    let integrations = GuideIntegrations::new(rig.client.clone());
    rig.push(401, json!({"message": "no token"}))
        .push(401, json!({"message": "no token"}));
    let error = integrations.find(NAME).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    rig.push(
        403,
        json!({"code": "missing.permission", "message": "missing integrations:integration:view", "contextId": "ctx-1"}),
    );
    let error = integrations.find(NAME).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(
        error.missing_permission(),
        Some("integrations:integration:view")
    );
    assert_eq!(error.correlation_id(), Some("ctx-1"));
}

#[tokio::test(start_paused = true)]
async fn deleting_twice_is_deleting_once() {
    // errata ALL-19
    let rig = Rig::new();
    rig.transport.push(Reply::status(204));
    rig.push(404, json!({}));
    let integrations = GuideIntegrations::new(rig.client.clone());
    assert!(integrations.delete(&id("i-1")).await.unwrap());
    assert!(!integrations.delete(&id("i-1")).await.unwrap());
    rig.push(
        200,
        page(vec![seen("i-1", "active"), seen("i-2", "active")]),
    );
    rig.transport.push(Reply::status(204));
    rig.transport.push(Reply::status(204));
    assert!(integrations.purge(NAME).await.unwrap());
    assert_eq!(
        rig.lines()[3..],
        [
            "DELETE /api/v2/integrations/i-1",
            "DELETE /api/v2/integrations/i-2"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_method_ends_at_its_deadline() {
    // errata INT-39, ALL-10
    let rig = Rig::new();
    rig.transport.handle(|_| std::future::ready(Reply::hang()));
    let limits = Limits::default().with_total(seconds(7));
    let integrations = GuideIntegrations::new(rig.client.clone()).with_limits(limits);
    let started = rig.now();
    for error in [
        integrations.find(NAME).await.unwrap_err(),
        integrations.get(&id("i-1")).await.unwrap_err(),
        integrations
            .test(&id("i-1"), &TestRequest::repeatable())
            .await
            .unwrap_err(),
    ] {
        assert_eq!(error.cause(), ErrorKind::Deadline, "{error}");
    }
    assert_eq!(rig.since(started).as_secs(), 21);
}

#[tokio::test(start_paused = true)]
async fn an_echoed_password_is_in_no_error() {
    // errata INT-11, INT-13, ALL-16
    let rig = Rig::new();
    rig.push(200, page(vec![]));
    let echo = json!({"message": format!("bad password {PASSWORD} for {TOKEN}"), "code": "bad.request", "status": 400});
    rig.push(400, echo);
    let integrations = GuideIntegrations::new(rig.client.clone());
    let error = integrations.create(&definition()).await.unwrap_err();
    let shown = format!("{error} {error:?} {:?} {integrations:?}", definition());
    assert!(
        !shown.contains(PASSWORD) && !shown.contains(TOKEN),
        "{shown}"
    );
    assert_eq!(error.code(), Some("bad.request"));
}

#[tokio::test(start_paused = true)]
async fn an_html_page_is_a_typed_error() {
    // errata INT-22, INT-24
    let rig = Rig::new();
    rig.transport
        .push(Reply::body(200, "text/html", "<html>maintenance</html>"));
    let error = GuideIntegrations::new(rig.client.clone())
        .get(&id("i-1"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedContent);
    rig.transport
        .handle(|_| std::future::ready(Reply::fail(TransportErrorKind::Connect)));
    let error = GuideIntegrations::new(rig.client.clone())
        .get(&id("i-1"))
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.was_sent()), (ErrorKind::Connect, true));
}
