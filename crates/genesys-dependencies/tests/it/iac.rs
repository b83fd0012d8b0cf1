//! The webhook of infrastructure-as-code tools.

use genesys_core::{ErrorKind, Profile};
use genesys_dependencies::{IAC_WEBHOOK, IacPayload, ensure_iac_webhook, iac_registration};
use genesys_template::{Scope, Template, Values};
use genesys_webhooks::WebhookShape;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::Platform;

fn rendered(
    tiers: &[String],
    org: &str,
    members: &Value,
) -> Result<String, genesys_template::Error> {
    let template = Template::json(&IacPayload::template(tiers).unwrap(), &Scope::webhook())?;
    let values = Values::new()
        .with_json("org", &json!({"id": org}))
        .with_json("queue", &json!({"memberCount": members}))
        .with_json("timestamp", &json!("2026-11-23T14:00:00Z"));
    Ok(template.render(&values)?.text().to_owned())
}

#[test]
fn the_template_renders_to_the_payload_and_to_nothing_else() {
    // errata DEP-33, DEP-34, DEP-35
    let tiers = ["standard".to_owned(), "premium".to_owned()];
    let text = rendered(&tiers, "org-1", &json!(7)).unwrap();
    let payload: IacPayload = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (payload.org_id.as_str(), payload.connection_limits),
        ("org-1", Some(7))
    );
    assert_eq!(
        (payload.service_tiers.as_slice(), payload.timestamp.as_str()),
        (&tiers[..], "2026-11-23T14:00:00Z")
    );
    // An unquoted hole takes any JSON, so an empty value is JSON too.
    assert_eq!(
        serde_json::from_str::<Value>(&rendered(&tiers, "o", &Value::Null).unwrap()).unwrap()["connectionLimits"],
        Value::Null
    );
    // A missing one is refused and never leaves a hole behind.
    let template =
        Template::json(&IacPayload::template(&tiers).unwrap(), &Scope::webhook()).unwrap();
    let error = template.render(&Values::new()).unwrap_err();
    assert_eq!(error.missing().len(), 3);
}

proptest! {
    #[test]
    fn no_value_changes_the_form_of_the_payload(tiers in prop::collection::vec(".{0,20}|\\PC*\\{\\{org.id\\}\\}", 0..4), org in ".{0,40}") {
        // errata DEP-33
        let text = rendered(&tiers, &org, &json!(1)).unwrap();
        let payload: IacPayload = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(payload.service_tiers, tiers);
        prop_assert_eq!(payload.org_id, org);
        let members = serde_json::from_str::<Value>(&text).unwrap();
        prop_assert_eq!(members.as_object().unwrap().len(), 4);
    }
}

#[test]
fn there_is_one_registration_with_both_events() {
    // errata DEP-35
    let registration =
        iac_registration("https://iac.example.com/sync", &["standard".to_owned()]).unwrap();
    assert_eq!(
        (registration.name(), registration.shape()),
        (IAC_WEBHOOK, WebhookShape::Template)
    );
    let events: Vec<&str> = registration
        .events()
        .iter()
        .map(|event| event.as_str())
        .collect();
    assert_eq!(
        events,
        ["architecture.dependency.mapped", "routing.queue.updated"]
    );
    assert!(
        registration
            .payload()
            .unwrap()
            .contains(r#""connectionLimits":{{queue.memberCount}}"#)
    );
    assert!(iac_registration("https://169.254.169.254/", &[]).is_err());
}

#[tokio::test]
async fn the_platform_has_no_webhooks_and_the_way_out_is_named() {
    // errata DEP-32, INT-03
    let platform = Platform::new();
    let webhooks = genesys_webhooks::for_profile(Profile::Platform, &platform.client());
    let registration = iac_registration("https://iac.example.com/sync", &[]).unwrap();
    let error = ensure_iac_webhook(&*webhooks, &registration)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("the mapper itself tells"));
    assert!(platform.asked().is_empty());
}
