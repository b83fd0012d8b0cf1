//! The EventBridge source: an integration of its type, configured and enabled.

use super::*;

fn properties() -> Value {
    json!({
        "awsAccountId": "123456789012",
        "awsAccountRegion": "us-east-1",
        "eventSourceSuffix": "contact-center.events_1",
        "eventFilter": ["v2.detail.events.conversation.{id}.customer.end"],
    })
}

async fn configure(setup: &Setup, path: &str, version: u64, properties: Value) -> Answer {
    let body = json!({
        "name": "events", "version": version, "properties": properties, "advanced": {}, "notes": "", "credentials": {},
    });
    call(
        setup,
        Method::PUT,
        &format!("{path}/config/current"),
        Some(body),
    )
    .await
}

#[tokio::test]
async fn an_event_source_is_created_configured_enabled_and_deleted() {
    // errata EVR-04
    let setup = start().await;
    let body = json!({"name": "events", "integrationType": {"id": "amazon-eventbridge-source"}});
    let created = post(&setup, BASE, body).await;
    let path = format!("{BASE}/{}", created.id());
    let configured = configure(&setup, &path, 1, properties()).await;
    assert_eq!(
        (configured.status.as_u16(), &configured.body["version"]),
        (200, &json!(2))
    );
    assert_eq!(
        get(&setup, &format!("{path}/config/current")).await.body["properties"],
        properties()
    );
    let enabled = Some(json!({"intendedState": "ENABLED"}));
    call(&setup, Method::PATCH, &path, enabled).await;
    get(&setup, &path).await;
    assert_eq!(
        get(&setup, &path).await.body["reportedState"]["code"],
        "ACTIVE"
    );
    let found = get(
        &setup,
        &format!("{BASE}?integrationType=amazon-eventbridge-source"),
    )
    .await;
    assert_eq!(found.body["total"], 1);
    assert_eq!(call(&setup, Method::DELETE, &path, None).await.status, 200);
    assert!(setup.sandbox.state().is_empty());
}

#[tokio::test]
async fn properties_that_break_the_schema_of_an_event_source_are_refused() {
    let setup = start().await;
    let body = json!({"integrationType": {"id": "amazon-eventbridge-source"}});
    let path = format!("{BASE}/{}", post(&setup, BASE, body).await.id());
    let schema = get(
        &setup,
        &format!("{BASE}/types/amazon-eventbridge-source/configschemas/properties"),
    )
    .await
    .body;
    assert_eq!(
        schema["required"],
        json!(["awsAccountId", "awsAccountRegion", "eventSourceSuffix"])
    );
    for (member, value) in [
        ("awsAccountId", json!("12345678901")),
        ("awsAccountId", json!("1234567890123")),
        ("awsAccountId", json!("12345678901x")),
        ("awsAccountId", json!(123_456_789_012_u64)),
        ("awsAccountId", json!(null)),
        ("awsAccountRegion", json!("")),
        ("eventSourceSuffix", json!("with space")),
        ("eventSourceSuffix", json!("x".repeat(65))),
        ("eventSourceSuffix", json!("")),
        ("eventFilter", json!("v2.quality.evaluations")),
        ("eventFilter", json!([7])),
        ("more", json!(1)),
    ] {
        let mut spoilt = properties();
        spoilt[member] = value.clone();
        let answer = configure(&setup, &path, 1, spoilt).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                &answer.body["details"][0]["fieldName"]
            ),
            (400, &json!("properties")),
            "{member} {value}"
        );
    }
    for member in ["awsAccountId", "awsAccountRegion", "eventSourceSuffix"] {
        let mut spoilt = properties();
        spoilt.as_object_mut().unwrap().remove(member);
        assert_eq!(configure(&setup, &path, 1, spoilt).await.status, 400);
    }
    assert_eq!(configure(&setup, &path, 1, properties()).await.status, 200);
    assert_eq!(configure(&setup, &path, 1, properties()).await.status, 409);
}
