//! Widgets through the facade, on the embedded sandbox.

use std::sync::Arc;

use genesys_cloud::integrations::widgets::default_rules;
use genesys_cloud::integrations::{Pipeline, Widget};
use genesys_cloud::telemetry::WidgetAudit;
use genesys_cloud::{GenesysCloud, Profile};

#[tokio::test]
async fn the_audit_report_has_every_deployment_in_both_profiles() {
    // errata WID-34
    for profile in [Profile::Guide, Profile::Platform] {
        let audit = WidgetAudit::default();
        let cloud = GenesysCloud::builder()
            .with_profile(profile)
            .with_audit(Arc::new(audit.clone()))
            .build_or_sandbox()
            .await
            .unwrap();
        let rules = default_rules(profile, cloud.hosts()).unwrap();
        let widget = Widget::builder("Board", "https://s3.amazonaws.com/my-bucket/widget.json")
            .with_dimensions(750, 500)
            .build(&rules)
            .unwrap();
        let run = || {
            let widgets = Arc::clone(cloud.widgets());
            Pipeline::for_widget(cloud.client().clone(), widgets, widget.clone())
        };
        let deployment = run().run().await.unwrap();
        run().run().await.unwrap();
        let sandbox = cloud.embedded().unwrap();
        sandbox.expire_tokens();
        sandbox.put_client(
            genesys_cloud::sandbox::OauthClient::new(
                genesys_cloud::sandbox::CLIENT_ID,
                genesys_cloud::sandbox::CLIENT_SECRET,
            )
            .with_permissions(["none:none:none"]),
        );
        run().run().await.unwrap_err();

        let report = audit.report();
        let ids: Vec<_> = report
            .entries
            .iter()
            .map(|entry| entry.widget_id.as_deref())
            .collect();
        let id = Some(deployment.integration.id.as_str());
        assert_eq!(ids, [id, id, None], "{profile}");
        assert_eq!(report.summary.total, 3);
        assert!((report.summary.success_rate.unwrap() - 2.0 / 3.0).abs() < 1e-9);
    }
}
