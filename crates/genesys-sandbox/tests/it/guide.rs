//! The guide profile's integrations and webhooks.

use genesys_sandbox::{ExternalReply, Object, Verb};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Setup, definition};

const LIST: &str = "/api/v2/integrations";

fn fields(answer: &Answer) -> Vec<&str> {
    answer.body["details"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d["fieldName"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_definition_is_created_read_replaced_and_deleted_and_never_shows_its_password() {
    let setup = Setup::new().await;
    let created = setup.post(LIST, definition("crm")).await;
    assert_eq!(created.status, 201);
    let path = format!("{LIST}/{}", created.id());
    assert_eq!(created.body["status"], "inactive");
    assert!(created.body["createdAt"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        created.body["dataMapping"],
        definition("crm")["dataMapping"]
    );
    assert_eq!(
        created.body["authentication"],
        json!({"authenticationType": "Basic", "username": "crm_user"})
    );
    assert_eq!(setup.get(&path).await.body, created.body);

    // What was read can be sent back: the stored password stays.
    let mut replaced = created.body.clone();
    replaced["name"] = json!("crm 2");
    let answer = setup.send(Method::PUT, &path, Some(replaced)).await;
    assert_eq!(
        (answer.status.as_u16(), answer.body["name"].as_str()),
        (200, Some("crm 2"))
    );
    assert_eq!(setup.send(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(setup.get(&path).await.status, 404);
    assert_eq!(setup.send(Method::DELETE, &path, None).await.status, 404);
    let counts = setup.sandbox.counts();
    let effects = [Verb::Created, Verb::Updated, Verb::Deleted]
        .map(|verb| counts.effect(Object::Integration, verb));
    assert_eq!(effects, [1, 1, 1]);
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn every_violation_of_a_definition_is_named_at_once() {
    let setup = Setup::new().await;
    let body = json!({
        "name": " ",
        "endpoint": "http://api.example.com",
        "integrationType": "Other",
        "authentication": {"authenticationType": "Basic", "password": 7, "extra": 1},
        "dataMapping": [
            {"sourceField": "a", "targetField": "t", "transformation": "Direct"},
            {"sourceField": "b", "targetField": "t", "transformation": "Upper"},
            "x",
        ],
        "status": "on",
        "colour": "red",
    });
    let answer = setup.post(LIST, body).await;
    assert_eq!(answer.status, 400);
    let mut named = fields(&answer);
    named.sort_unstable();
    assert_eq!(
        named,
        [
            "authentication.extra",
            "authentication.password",
            "authentication.username",
            "colour",
            "dataMapping",
            "dataMapping[1].transformation",
            "dataMapping[2]",
            "endpoint",
            "integrationType",
            "name",
            "status",
        ]
    );
    for endpoint in [
        "https://",
        "https://u:p@h/",
        "https://h/#x",
        "ftp://h/",
        "h",
    ] {
        let mut body = definition("x");
        body["endpoint"] = json!(endpoint);
        assert_eq!(
            fields(&setup.post(LIST, body).await),
            ["endpoint"],
            "{endpoint}"
        );
    }
    for shape in [
        json!({}),
        json!([]),
        json!({"integrationType": 1}),
        json!({"type": 1}),
    ] {
        assert_eq!(setup.post(LIST, shape).await.status, 400);
    }
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn a_definition_without_a_status_is_active_at_once() {
    let setup = Setup::new().await;
    let mut body = definition("x");
    body.as_object_mut().unwrap().remove("status");
    assert_eq!(setup.post(LIST, body).await.body["status"], "active");
}

#[tokio::test]
async fn a_status_is_patched_and_setting_it_again_is_no_effect() {
    let setup = Setup::new().await;
    let path = format!("{LIST}/{}", setup.create("x").await);
    for (status, updates) in [("active", 1), ("active", 1), ("inactive", 2)] {
        let answer = setup
            .send(Method::PATCH, &path, Some(json!({"status": status})))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["status"].as_str()),
            (200, Some(status))
        );
        assert_eq!(
            setup
                .sandbox
                .counts()
                .effect(Object::Integration, Verb::Updated),
            updates
        );
    }
    for bad in [
        json!({"status": "on"}),
        json!({}),
        json!({"intendedState": "ENABLED"}),
    ] {
        assert_eq!(
            setup.send(Method::PATCH, &path, Some(bad)).await.status,
            400
        );
    }
}

#[tokio::test]
async fn a_test_reports_what_the_scripted_system_answers_and_failed_is_no_error() {
    let setup = Setup::new().await;
    let path = format!("{LIST}/{}/test", setup.create("x").await);
    let test = async || setup.send(Method::POST, &path, None).await;
    let ok = test().await;
    assert_eq!(
        (
            ok.status.as_u16(),
            ok.body["status"].as_str(),
            ok.body["responseTime"].as_u64()
        ),
        (200, Some("Success"), Some(5))
    );

    let slow = ExternalReply::status(200).with_latency(std::time::Duration::from_millis(20));
    setup
        .sandbox
        .external()
        .script(
            "https://api.example.com/v1/",
            [ExternalReply::status(503), slow],
        )
        .unwrap();
    let failed = test().await;
    assert_eq!(
        (failed.status.as_u16(), failed.body["status"].as_str()),
        (200, Some("Failed"))
    );
    assert!(failed.body["message"].as_str().unwrap().contains("503"));
    for _ in 0..2 {
        assert_eq!(test().await.body["responseTime"], 20);
    }
    setup
        .sandbox
        .external()
        .require_basic("https://api.example.com/", "crm_user", "other")
        .unwrap();
    setup
        .sandbox
        .external()
        .require_basic("https://api.example.com/v1/", "crm_user", "other")
        .unwrap();
    assert!(
        test().await.body["message"]
            .as_str()
            .unwrap()
            .contains("401")
    );
    setup
        .sandbox
        .external()
        .require_basic("https://api.example.com/v1/", "crm_user", "crm-password")
        .unwrap();
    assert_eq!(test().await.body["status"], "Success");
    setup.sandbox.external().clear();
    assert_eq!(test().await.body["status"], "Success");
    assert_eq!(
        setup
            .sandbox
            .counts()
            .effect(Object::Integration, Verb::Tested),
        7
    );
    assert!(setup.sandbox.external().script("https://x/", []).is_err());
}

#[tokio::test]
async fn a_widget_is_told_from_a_definition_by_its_type_and_keeps_its_shape() {
    let setup = Setup::new().await;
    let widget = json!({
        "name": "Agent Dashboard Widget",
        "description": "d",
        "type": "webapp",
        "manifestUrl": "https://s3.amazonaws.com/my-bucket/widget-manifest.json",
        "settings": {"dimensions": {"width": 750, "height": 500}, "refresh_interval_ms": 5000, "anything": true},
    });
    let created = setup.post(LIST, widget.clone()).await;
    assert_eq!(
        (created.status.as_u16(), created.body["status"].as_str()),
        (201, Some("inactive"))
    );
    let path = format!("{LIST}/{}", created.id());
    let active = setup
        .send(Method::PATCH, &path, Some(json!({"status": "active"})))
        .await;
    assert_eq!(
        (active.body["status"].as_str(), &active.body["settings"]),
        (Some("active"), &widget["settings"])
    );
    assert_eq!(
        setup
            .send(Method::POST, &format!("{path}/test"), None)
            .await
            .status,
        400
    );

    let spoilt = |change: fn(&mut Value)| {
        let mut body = widget.clone();
        change(&mut body);
        body
    };
    type Change = fn(&mut Value);
    let cases: [(&str, Change); 9] = [
        ("manifestUrl", |b| {
            b["manifestUrl"] = json!("https://cloudfront.net/m.json")
        }),
        ("type", |b| b["type"] = json!("panel")),
        ("settings.dimensions", |b| {
            b["settings"]["dimensions"] = json!(750)
        }),
        ("manifestUrl", |b| {
            b["manifestUrl"] = json!("https://evil.example/m.json")
        }),
        ("manifestUrl", |b| {
            b["manifestUrl"] = json!("http://s3.amazonaws.com/m.json")
        }),
        ("settings.dimensions.height", |b| {
            b["settings"]["dimensions"]["height"] = json!(601)
        }),
        ("settings.dimensions.width", |b| {
            b["settings"]["dimensions"]["width"] = json!("wide")
        }),
        ("settings", |b| {
            b["settings"]["blob"] = json!("x".repeat(10_240))
        }),
        ("size", |b| b["size"] = json!(1)),
    ];
    for (field, change) in cases {
        let answer = setup.post(LIST, spoilt(change)).await;
        assert_eq!(
            (answer.status.as_u16(), fields(&answer)),
            (400, vec![field])
        );
    }
}

#[tokio::test]
async fn the_size_of_a_widget_is_that_of_the_bytes_that_were_sent() {
    // errata WID-18
    let setup = Setup::new().await;
    let widget = json!({
        "name": "w",
        "type": "webapp",
        "manifestUrl": "https://d111.cloudfront.net/m.json",
        "settings": {"list": vec![1; 2_500]},
    });
    let compact = widget.to_string();
    let indented = serde_json::to_string_pretty(&widget).unwrap();
    assert!(compact.len() <= 10_240 && indented.len() > 10_240);
    for (text, status) in [(indented, 400), (compact, 201)] {
        let answer = setup
            .request(Method::POST, LIST)
            .header("content-type", "application/json")
            .body(text)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
}

#[tokio::test]
async fn webhooks_take_both_shapes_and_refuse_a_name_twice() {
    let setup = Setup::new().await;
    let hooks = "/api/v2/webhooks";
    let status = json!({
        "name": "integration-status-1",
        "targetUrl": "https://monitor.example.com/hook",
        "httpMethod": "POST",
        "event": "integration.status.changed",
        "contentType": "application/json",
    });
    let created = setup.post(hooks, status.clone()).await;
    assert_eq!(created.status, 201);
    assert_eq!(
        setup.get(&format!("{hooks}/{}", created.id())).await.body["targetUrl"],
        status["targetUrl"]
    );
    assert_eq!(setup.post(hooks, status.clone()).await.status, 409);
    let callback = json!({
        "name": "iac-architecture-sync",
        "description": "d",
        "enabled": true,
        "type": "REST",
        "url": "https://iac.example.com/hook",
        "method": "POST",
        "contentType": "application/json",
        "events": ["architecture.dependency.mapped", "routing.queue.updated"],
        "payload": {"orgId": "{{org.id}}"},
    });
    assert_eq!(setup.post(hooks, callback.clone()).await.status, 201);
    assert_eq!(
        setup
            .get(&format!("{hooks}?name=iac-architecture-sync"))
            .await
            .body["total"],
        1
    );
    assert_eq!(setup.get(hooks).await.body["total"], 2);

    for (body, field, value) in [
        (
            &status,
            "targetUrl",
            json!("http://monitor.example.com/hook"),
        ),
        (&status, "event", json!("integration.deleted")),
        (&status, "httpMethod", json!("GET")),
        (&callback, "events", json!([])),
        (&callback, "events", json!(["nothing"])),
        (&callback, "payload", json!(7)),
        (&callback, "url", json!("https://u:p@iac.example.com/")),
    ] {
        let mut body = body.clone();
        body["name"] = json!("other");
        body[field] = value;
        let answer = setup.post(hooks, body).await;
        assert_eq!(
            (answer.status.as_u16(), fields(&answer)),
            (400, vec![field])
        );
    }
    assert_eq!(
        setup
            .send(Method::DELETE, &format!("{hooks}/{}", created.id()), None)
            .await
            .status,
        204
    );
    assert_eq!(setup.sandbox.state().webhooks.len(), 1);
}

/// A webhook in the other shape than `status`, at a target that is not asked.
fn callback(name: &str) -> Value {
    json!({
        "name": name, "type": "REST", "url": "https://iac.example.com/hook", "method": "POST",
        "events": ["routing.queue.updated"], "payload": {"orgId": "{{org.id}}"}, "description": "d", "enabled": false,
    })
}

fn status_hook(name: &str) -> Value {
    json!({
        "name": name, "targetUrl": "https://monitor.example.com/hook", "httpMethod": "POST",
        "event": "integration.status.changed", "contentType": "application/json",
    })
}

#[tokio::test]
async fn a_webhook_is_replaced_in_either_shape_and_keeps_its_id_and_time() {
    let setup = Setup::new().await;
    let hooks = "/api/v2/webhooks";
    let created = setup.post(hooks, status_hook("one")).await.body;
    let path = format!("{hooks}/{}", created["id"].as_str().unwrap());

    for body in [callback("one"), status_hook("renamed")] {
        let answer = setup.send(Method::PUT, &path, Some(body.clone())).await;
        let mut expected = body.clone();
        expected["id"] = created["id"].clone();
        expected["createdAt"] = created["createdAt"].clone();
        expected["enabled"] = json!(body["enabled"] != false);
        assert_eq!((answer.status.as_u16(), &answer.body), (200, &expected));
        assert_eq!(setup.get(&path).await.body, expected);
        assert_eq!(setup.sandbox.state().webhooks, [expected]);
    }

    // What was read can be sent back.
    let mut read = setup.get(&path).await.body;
    read["enabled"] = json!(false);
    let answer = setup.send(Method::PUT, &path, Some(read.clone())).await;
    assert_eq!((answer.status.as_u16(), answer.body), (200, read));
    let counts = setup.sandbox.counts();
    let effects = [Verb::Created, Verb::Updated].map(|verb| counts.effect(Object::Webhook, verb));
    assert_eq!(effects, [1, 3]);
}

#[tokio::test]
async fn a_replacement_is_refused_as_a_registration_is_and_changes_nothing() {
    let setup = Setup::new().await;
    let hooks = "/api/v2/webhooks";
    setup.post(hooks, callback("other")).await;
    let path = format!(
        "{hooks}/{}",
        setup.post(hooks, status_hook("one")).await.id()
    );
    let before = setup.sandbox.state();

    let mut closed = callback("one");
    closed["url"] = json!("http://127.0.0.1:1/");
    let mut plain = status_hook("one");
    plain["targetUrl"] = json!("http://monitor.example.com/");
    for (path, body, status, code) in [
        (
            &format!("{hooks}/none"),
            status_hook("one"),
            404,
            "not.found",
        ),
        (&path, status_hook("other"), 409, "duplicate.name"),
        (&path, closed, 400, "callback.validation.failed"),
        (&path, plain, 400, "bad.request"),
        (&path, json!({"enabled": false}), 400, "bad.request"),
    ] {
        let answer = setup.send(Method::PUT, path, Some(body)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.body["code"].as_str()),
            (status, Some(code))
        );
    }
    assert_eq!(setup.sandbox.state(), before);
    assert_eq!(
        setup
            .sandbox
            .counts()
            .effect(Object::Webhook, Verb::Updated),
        0
    );
}
