//! Profile, host and credentials.

use genesys_cloud::auth::ClientCredentials;
use genesys_cloud::{ErrorKind, GenesysCloud, Hosts, Origin, Profile, Region};

fn credentials() -> ClientCredentials {
    ClientCredentials::new("id", "s3cr3t").unwrap()
}

#[test]
fn credentials_mean_the_real_cloud_in_the_platform_profile() {
    // errata WID-38
    let cloud = GenesysCloud::builder()
        .with_credentials(credentials())
        .with_hosts(Region::EuWest1)
        .build()
        .unwrap();
    assert_eq!(cloud.profile(), Profile::Platform);
    assert_eq!(cloud.integrations().profile(), Profile::Platform);
    assert_eq!(cloud.webhooks().profile(), Profile::Platform);
    assert_eq!(cloud.hosts(), &Hosts::from(Region::EuWest1));
    assert!(!format!("{cloud:?}").contains("s3cr3t"));

    let cloud = GenesysCloud::builder()
        .with_credentials(credentials())
        .build()
        .unwrap();
    assert_eq!(
        *cloud.origin(),
        Origin::Region {
            region: Region::UsEast1,
            assumed: true
        }
    );
    assert!(cloud.describe().contains("assumed"), "{}", cloud.describe());
}

#[test]
fn no_credentials_are_an_error_that_names_the_variables() {
    let error = GenesysCloud::builder().build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(
        text.contains("GENESYS_CLIENT_ID") && text.contains("GENESYS_CLIENT_SECRET"),
        "{text}"
    );
}

#[cfg(feature = "sandbox")]
#[tokio::test]
async fn no_credentials_mean_the_embedded_sandbox_in_the_guide_profile() {
    let cloud = GenesysCloud::sandbox().await.unwrap();
    assert_eq!(
        (cloud.profile(), cloud.origin()),
        (Profile::Guide, &Origin::Sandbox)
    );
    assert!(cloud.integrations().list().all().await.unwrap().is_empty());
    let metrics = serde_json::to_value(cloud.metrics()).unwrap();
    assert!(
        metrics.to_string().contains("integrations.list"),
        "{metrics}"
    );
    assert!(cloud.metrics_prometheus().contains("integrations.list"));
    let sandbox = cloud.embedded().unwrap();
    assert_eq!(sandbox.counts().token_requests, 1);

    let other = GenesysCloud::builder()
        .with_profile(Profile::Platform)
        .build_or_sandbox()
        .await
        .unwrap();
    assert_eq!(other.profile(), Profile::Platform);
    assert!(other.integrations().list().all().await.unwrap().is_empty());
    // Two organisations in one process share nothing.
    assert_eq!(sandbox.counts().token_requests, 1);
}
