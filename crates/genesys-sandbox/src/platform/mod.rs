//! The platform profile: paths, members and rules of the published API contract.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::cloud::Cloud;
use crate::organisation::{Kind, lists, queues, tracking};

pub(crate) mod action_input;
pub(crate) mod actions;
pub(crate) mod built_in;
pub(crate) mod config;
pub(crate) mod credentials;
pub(crate) mod cursor;
pub(crate) mod drafts;
pub(crate) mod engine;
pub(crate) mod flows;
pub(crate) mod integrations;
pub(crate) mod json_path;
pub(crate) mod match_criteria;
pub(crate) mod records;
pub(crate) mod run;
mod templates;
pub(crate) mod topics;
mod trigger_input;
pub(crate) mod trigger_test;
pub(crate) mod triggers;
pub(crate) mod types;
pub(crate) mod velocity;

/// The routes that only this profile has; `/api/v2/integrations` itself is shared.
pub(crate) fn routes() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/api/v2/integrations/types", get(types::list))
        .route("/api/v2/integrations/types/{typeId}", get(types::get))
        .route(
            "/api/v2/integrations/types/{typeId}/configschemas/{configType}",
            get(types::config_schema),
        )
        .route(
            "/api/v2/integrations/credentials",
            get(credentials::list).post(credentials::create),
        )
        .route(
            "/api/v2/integrations/credentials/listing",
            get(credentials::listing),
        )
        .route(
            "/api/v2/integrations/credentials/types",
            get(credentials::types),
        )
        .route(
            "/api/v2/integrations/credentials/{credentialId}",
            get(credentials::get)
                .put(credentials::put)
                .delete(credentials::delete),
        )
        .route(
            "/api/v2/integrations/{id}/config/current",
            get(config::get).put(config::put),
        )
        .route(
            "/api/v2/integrations/actions",
            get(actions::list).post(actions::create),
        )
        .route(
            "/api/v2/integrations/actions/categories",
            get(actions::categories),
        )
        .route(
            "/api/v2/integrations/actions/drafts",
            get(drafts::list).post(drafts::create),
        )
        .route(
            "/api/v2/integrations/actions/{actionId}",
            get(actions::get)
                .patch(actions::patch)
                .delete(actions::delete),
        )
        .route(
            "/api/v2/integrations/actions/{actionId}/test",
            post(run::test),
        )
        .route(
            "/api/v2/integrations/actions/{actionId}/execute",
            post(run::execute),
        )
        .route(
            "/api/v2/integrations/actions/{actionId}/templates/{fileName}",
            get(templates::published),
        )
        .route(
            "/api/v2/integrations/actions/{actionId}/draft/templates/{fileName}",
            get(templates::draft),
        )
        .route(
            "/api/v2/integrations/actions/{actionId}/draft",
            get(drafts::get)
                .post(drafts::from_published)
                .patch(drafts::patch)
                .delete(drafts::delete),
        )
        .route(
            "/api/v2/integrations/actions/{actionId}/draft/validation",
            get(drafts::validation),
        )
        .route(
            "/api/v2/integrations/actions/{actionId}/draft/test",
            post(run::test_draft),
        )
        .route(
            "/api/v2/integrations/actions/{actionId}/draft/publish",
            post(drafts::publish),
        )
        .merge(automation())
        .merge(organisation())
}

/// Triggers and the flows that they start.
fn automation() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/api/v2/flows", get(flows::list))
        .route("/api/v2/flows/{flowId}", get(flows::get))
        .route(
            "/api/v2/processautomation/triggers",
            get(triggers::list).post(triggers::create),
        )
        .route(
            "/api/v2/processautomation/triggers/topics",
            get(topics::list),
        )
        .route(
            "/api/v2/processautomation/triggers/topics/{topicName}/test",
            post(trigger_test::topic),
        )
        .route(
            "/api/v2/processautomation/triggers/{triggerId}",
            get(triggers::get)
                .put(triggers::put)
                .delete(triggers::delete),
        )
        .route(
            "/api/v2/processautomation/triggers/{triggerId}/test",
            post(trigger_test::trigger),
        )
}

/// Lists of what an organisation was seeded with, and what Architect knows of who uses what.
fn organisation() -> Router<Arc<Cloud>> {
    const TRACKING: &str = "/api/v2/architect/dependencytracking";
    // These have handlers of their own.
    let own = [Kind::Queue, Kind::Flow, Kind::Location];
    let kinds: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| !own.contains(kind))
        .collect();
    let below = |rest: &str| format!("{TRACKING}/{rest}");
    lists::routes(&kinds)
        .route(
            "/api/v2/routing/queues/{id}/wrapupcodes",
            get(queues::wrap_up_codes),
        )
        .route(TRACKING, get(tracking::search))
        .route(
            &below("build"),
            get(tracking::status).post(tracking::rebuild),
        )
        .route(&below("object"), get(tracking::object))
        .route(&below("consumedresources"), get(tracking::consumed))
        .route(&below("consumingresources"), get(tracking::consuming))
        .route(
            &below("deletedresourceconsumers"),
            get(tracking::consumers_of_deleted),
        )
        .route(&below("types"), get(tracking::types))
        .route(&below("types/{typeId}"), get(tracking::one_type))
}
