//! Test and execution of data actions.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::input::{JsonBody, Params};
use crate::platform::engine::{self, Run};
use crate::platform::records::{Action, ActionVersion};
use crate::platform::{actions, drafts};
use crate::reply::Reply;
use crate::store::{Integration, Store};

/// Everything a run needs, taken out of the store so that no lock is held while the external system is slow.
struct Prepared {
    content: ActionVersion,
    credentials: BTreeMap<String, SecretString>,
    enabled: bool,
}

fn prepare(
    store: &Store,
    (action, content): (&Action, &ActionVersion),
) -> Result<Prepared, ApiError> {
    let Integration::Platform(one) = store.integrations.get(&action.integration_id)? else {
        return Err(ApiError::unknown("integration", &action.integration_id));
    };
    let mut credentials = BTreeMap::new();
    for id in one.config.credentials.values() {
        credentials.extend(
            store
                .credentials
                .get(id)?
                .fields
                .iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
    }
    Ok(Prepared {
        content: content.clone(),
        credentials,
        enabled: one.enabled,
    })
}

fn refuse_flatten(params: &Params) -> Result<(), ApiError> {
    if params.flag("flatten")? {
        return Err(ApiError::bad_request(
            "not.supported",
            "The sandbox does not flatten results.",
        ));
    }
    Ok(())
}

async fn tested(
    cloud: &Cloud,
    prepared: Prepared,
    input: &Value,
    object: Object,
    id: &str,
) -> Reply {
    let run = engine::run(
        &cloud.external,
        &prepared.content,
        &prepared.credentials,
        input,
    )
    .await;
    Reply::ok(report(cloud, &run)).with_effect(object, Verb::Tested, id)
}

/// The report of a test: every step, and the final result. A failed run is a report too.
fn report(cloud: &Cloud, run: &Run) -> Value {
    let context = cloud.correlations.uuid();
    let operations: Vec<Value> = run
        .operations
        .iter()
        .zip(1_u64..)
        .map(|(operation, step)| match &operation.outcome {
            Ok(result) => json!({"step": step, "name": operation.name, "success": true, "result": result}),
            Err(error) => json!({"step": step, "name": operation.name, "success": false, "error": error.body(&context)}),
        })
        .collect();
    let mut report = json!({"success": run.result.is_some(), "operations": operations});
    if let Some(result) = &run.result {
        report["finalResult"] = result.clone();
    }
    if let Some(error) = run.error() {
        report["error"] = error.body(&context);
    }
    report
}

/// `POST /actions/{actionId}/test`: works while the integration is disabled, so that it can be tested first.
pub(crate) async fn test(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(input): JsonBody,
) -> Result<Reply, ApiError> {
    refuse_flatten(&params)?;
    let prepared = {
        let store = cloud.store();
        prepare(&store, actions::published(&store, &id)?)?
    };
    Ok(tested(&cloud, prepared, &input, Object::Action, &id).await)
}

/// `POST /actions/{actionId}/draft/test`.
pub(crate) async fn test_draft(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(input): JsonBody,
) -> Result<Reply, ApiError> {
    refuse_flatten(&params)?;
    let prepared = {
        let store = cloud.store();
        prepare(&store, drafts::draft(&store, &id)?)?
    };
    Ok(tested(&cloud, prepared, &input, Object::Draft, &id).await)
}

/// `POST /actions/{actionId}/execute`: the result alone. The integration must be enabled.
pub(crate) async fn execute(
    State(cloud): State<Arc<Cloud>>,
    Path(id): Path<String>,
    params: Params,
    JsonBody(input): JsonBody,
) -> Result<Reply, ApiError> {
    refuse_flatten(&params)?;
    let prepared = {
        let store = cloud.store();
        prepare(&store, actions::published(&store, &id)?)?
    };
    if !prepared.enabled {
        return Err(ApiError::bad_request(
            "integration.disabled",
            "The integration of this action is not enabled.",
        ));
    }
    let mut run = engine::run(
        &cloud.external,
        &prepared.content,
        &prepared.credentials,
        &input,
    )
    .await;
    match (run.result.take(), run.error()) {
        (Some(result), _) => Ok(Reply::ok(result).with_effect(Object::Action, Verb::Executed, &id)),
        (None, Some(error)) => Err(error.clone()),
        (None, None) => Err(ApiError::bad_request(
            "action.failed",
            "The action gave no result.",
        )),
    }
}
