//! Every platform call of the SDK, and every answer of the sandbox to it, against the published contract.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use genesys_cloud::integrations::widgets::default_rules;
use genesys_cloud::integrations::{
    Authentication, DataMapping, IntegrationDefinition, IntendedState, Pipeline, TestRequest,
    Widget, WidgetKind,
};
use genesys_cloud::webhooks::{PlatformWatch, Watch};
use genesys_cloud::{GenesysCloud, Profile};
use genesys_sandbox::{Fault, OauthClient, Sandbox};
use genesys_tests::contract::Contract;
use genesys_tests::recording::Recording;
use serde_json::json;

use crate::support::transport;

fn definition(target: &str) -> IntegrationDefinition {
    IntegrationDefinition::builder(
        "contract-check",
        "https://api.example.com/v1/cases",
        Authentication::basic("user", "password".into()),
    )
    .with_mapping(DataMapping::direct("caseId", target))
    .build()
    .unwrap()
}

/// A widget of each kind: deployed, found unchanged, changed, listed and deleted.
async fn widgets(cloud: &GenesysCloud) {
    let rules = default_rules(Profile::Platform, cloud.hosts()).unwrap();
    let widget = |kind, permissions: &str| {
        let url = "https://widgets.example.com/?host={{gcHostOrigin}}&env={{gcTargetEnv}}";
        let widget = Widget::builder(format!("contract-check {kind}"), url)
            .with_kind(kind)
            .with_dimensions(750, 500)
            .with_sandbox(["allow-scripts", "allow-same-origin"])
            .with_permissions([permissions])
            .with_groups(["a-group"]);
        let widget = match kind {
            WidgetKind::Interaction => widget
                .with_communication_types(["call", "webmessaging"])
                .with_queues(["a-queue"]),
            _ => widget,
        };
        widget.build(&rules).unwrap()
    };
    for kind in WidgetKind::ALL {
        let pipeline = |widget| {
            Pipeline::for_widget(cloud.client().clone(), Arc::clone(cloud.widgets()), widget)
        };
        let deployment = pipeline(widget(kind, "camera")).run().await.unwrap();
        let again = pipeline(widget(kind, "camera")).run().await.unwrap();
        assert_eq!(again.change.as_str(), "unchanged");
        let changed = pipeline(widget(kind, "microphone")).run().await.unwrap();
        assert_eq!(changed.change.as_str(), "updated");
        let id = deployment.integration.id;
        assert!(cloud.widgets().get(&id).await.unwrap().is_some());
        assert_eq!(cloud.widgets().list().all().await.unwrap().len(), 1);
        assert!(cloud.widgets().delete(&id).await.unwrap());
    }
}

/// Everything the SDK does in the platform profile, refusals included.
async fn everything(recording: &Recording) {
    let sandbox = Sandbox::start().await.unwrap();
    let cloud = GenesysCloud::builder()
        .with_profile(Profile::Platform)
        .with_transport(Arc::new(recording.clone()))
        .build_on(sandbox)
        .unwrap();
    let sandbox = cloud.embedded().unwrap();
    let integrations = cloud.integrations();

    let pipeline = Pipeline::new(
        cloud.client().clone(),
        Arc::clone(integrations),
        definition("a"),
    );
    let deployment = pipeline.run().await.unwrap();
    let id = deployment.integration.id;
    assert_eq!(pipeline.run().await.unwrap().change.as_str(), "unchanged");
    integrations.ensure(&definition("b")).await.unwrap();
    integrations
        .set_state(&id, IntendedState::Enabled)
        .await
        .unwrap();
    integrations
        .test(&id, &TestRequest::once().with_input("caseId", "1"))
        .await
        .unwrap();
    integrations
        .set_state(&id, IntendedState::Disabled)
        .await
        .unwrap();
    integrations.list().all().await.unwrap();
    drop(
        PlatformWatch::new(cloud.client().clone())
            .changes(id.as_str())
            .await
            .unwrap(),
    );
    assert!(integrations.delete(&id).await.unwrap());
    assert!(integrations.get(&id).await.unwrap().is_none());

    widgets(&cloud).await;

    // The platform's own refusals: not found, not permitted, throttled, an expired token.
    sandbox.expire_tokens();
    assert!(!integrations.delete(&id).await.unwrap());
    sandbox.put_client(
        OauthClient::new(genesys_sandbox::CLIENT_ID, genesys_sandbox::CLIENT_SECRET)
            .with_permissions(["none:none:none"]),
    );
    sandbox.expire_tokens();
    integrations.ensure(&definition("c")).await.unwrap_err();
    sandbox
        .faults()
        .add(Fault::status(429).with_header("Retry-After", "1").with_body(json!({
            "message": "Rate limit exceeded the maximum. Retry the request in [1] seconds", "code": "too.many.requests.retry.after", "status": 429,
        })).with_count(1))
        .unwrap();
    integrations.find("x").await.unwrap_err();
}

#[tokio::test]
async fn every_platform_call_and_answer_keeps_the_published_contract() {
    // errata INT-01, INT-02, WID-29, WID-30
    let Some(contract) = Contract::from_env() else {
        println!("GENESYS_OPENAPI is not set: nothing was checked");
        return;
    };
    let recording = Recording::new(transport());
    everything(&recording).await;

    let mut seen: BTreeMap<String, (usize, BTreeSet<u16>)> = BTreeMap::new();
    let mut problems = Vec::new();
    for exchange in recording.exchanges() {
        let verdict = contract.check(&exchange);
        problems.extend(verdict.problems.iter().map(|problem| {
            format!(
                "{} ({}): {problem}",
                verdict.operation,
                exchange.status.as_u16()
            )
        }));
        let entry = seen.entry(verdict.operation).or_default();
        entry.0 += 1;
        entry.1.insert(exchange.status.as_u16());
    }
    println!("{:<45} {:>5}  statuses", "operation", "calls");
    for (operation, (calls, statuses)) in &seen {
        println!("{operation:<45} {calls:>5}  {statuses:?}");
    }
    let all = contract.operations("/api/v2/integrations");
    let covered = all
        .iter()
        .filter(|operation| seen.contains_key(*operation))
        .count();
    println!("{covered} of {} integration operations are used", all.len());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    for needed in [
        "postOauthToken",
        "postIntegrations",
        "getIntegrations",
        "getIntegration",
        "patchIntegration",
        "deleteIntegration",
        "getIntegrationConfigCurrent",
        "putIntegrationConfigCurrent",
        "getIntegrationsTypeConfigschema",
        "postIntegrationsCredentials",
        "postIntegrationsActions",
        "postIntegrationsActionTest",
    ] {
        assert!(seen.contains_key(needed), "{needed} is not covered");
    }
}

#[test]
fn the_check_itself_can_fail() {
    let document = json!({
        "paths": {"/api/v2/things/{id}": {"put": {
            "operationId": "putThing",
            "parameters": [{"name": "expand", "in": "query", "required": true, "schema": {"type": "integer"}}],
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
            "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}}
        }}},
        "components": {"schemas": {"Thing": {"type": "object", "required": ["name"], "properties": {
            "id": {"type": "string", "readOnly": true}, "name": {"type": "string"}, "size": {"type": "integer"}}}}}
    });
    let contract = Contract::new(document);
    let exchange = genesys_tests::recording::Exchange {
        method: http::Method::PUT,
        url: "https://h/api/v2/things/1?expand=x&other=1"
            .parse()
            .unwrap(),
        request_headers: [(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        )]
        .into_iter()
        .collect(),
        request_body: r#"{"id":"1","nam":"x","size":"big"}"#.into(),
        status: http::StatusCode::OK,
        headers: http::HeaderMap::new(),
        body: r#"{"name":"x","sise":1}"#.into(),
    };
    let problems = contract.check(&exchange).problems.join("\n");
    for part in [
        "parameter expand does not fit",
        "parameter other is not declared",
        "request: \"name\" is a required property",
        "at /size",
        "request: read-only member /id is sent",
        "request: unknown member /nam",
        "answer: no correlation id",
        "answer: the content type is not JSON",
        "answer: unknown member /sise",
    ] {
        assert!(problems.contains(part), "{part} is not in\n{problems}");
    }
    let unknown = genesys_tests::recording::Exchange {
        url: "https://h/api/v2/things".parse().unwrap(),
        ..exchange
    };
    assert_eq!(contract.check(&unknown).problems, ["no such operation"]);
}
