//! The step that joins a deployment to the news of its status.

use std::sync::Arc;

use genesys_cloud::integrations::pipeline::DeployStep;
use genesys_cloud::integrations::{Authentication, IntegrationDefinition};
use genesys_cloud::webhooks::{Inbox, StatusReceiver, TargetUrl};
use genesys_cloud::{GenesysCloud, StatusStep};

#[tokio::test]
async fn it_is_done_once_however_often_it_runs_and_undone_with_and_without_its_reference() {
    // errata ALL-18, ALL-19
    let cloud = GenesysCloud::sandbox().await.unwrap();
    let definition = IntegrationDefinition::builder(
        "crm",
        "https://api.example.com/v1",
        Authentication::basic("user", "password".into()),
    )
    .build()
    .unwrap();
    let integration = cloud
        .integrations()
        .ensure(&definition)
        .await
        .unwrap()
        .integration;
    let receiver = StatusReceiver::start(Inbox::new()).await.unwrap();
    let step = StatusStep::new()
        .with_webhook(Arc::clone(cloud.webhooks()), receiver.url().clone())
        .with_watch(Arc::new(receiver.inbox().clone()));
    let webhooks = || async { cloud.webhooks().list().await.unwrap().len() };

    for with_reference in [true, false] {
        let done = step.run(&integration).await.unwrap();
        let again = step.run(&integration).await.unwrap();
        assert_eq!(
            (done.change.as_str(), again.change.as_str()),
            ("created", "unchanged")
        );
        assert_eq!(done.reference, again.reference);
        assert!(step.take_changes().is_some() && step.take_changes().is_none());
        assert_eq!(webhooks().await, 1);
        let reference = done.reference.as_deref().filter(|_| with_reference);
        step.undo(&integration.id, reference).await.unwrap();
        step.undo(&integration.id, reference).await.unwrap();
        assert_eq!(webhooks().await, 0);
    }
}

#[tokio::test]
async fn a_target_that_was_accepted_with_credentials_in_its_query_stays_accepted() {
    let cloud = GenesysCloud::sandbox().await.unwrap();
    let definition = IntegrationDefinition::builder(
        "crm",
        "https://api.example.com/v1",
        Authentication::basic("user", "password".into()),
    )
    .build()
    .unwrap();
    let integration = cloud
        .integrations()
        .ensure(&definition)
        .await
        .unwrap()
        .integration;
    let target =
        TargetUrl::parse_with_query_credentials("http://127.0.0.1:9/hook?token=abc").unwrap();
    let step = StatusStep::new().with_webhook(Arc::clone(cloud.webhooks()), target);
    let done = step.run(&integration).await.unwrap();
    step.undo(&integration.id, None).await.unwrap();
    assert!(done.reference.is_some() && cloud.webhooks().list().await.unwrap().is_empty());
}
