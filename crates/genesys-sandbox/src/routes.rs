//! Which path leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Extension, response::IntoResponse};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::entry::{Object, Verb};
use crate::gate::{Bearer, permit};
use crate::guide::{definitions, nodes, outbound, webhooks};
use crate::organisation::{Kind, lists, members as queue_members, queues};
use crate::reply::Reply;
use crate::tokens::token_fingerprint;
use crate::{admin, integrations, login as oauth};

/// The login host: tokens and nothing else.
pub(crate) fn login(cloud: Arc<Cloud>) -> Router {
    finish(
        Router::new().route("/oauth/token", post(oauth::token)),
        cloud,
    )
}

/// The API host.
pub(crate) fn api(cloud: Arc<Cloud>) -> Router {
    let router = Router::new()
        .route("/oauth/token", post(oauth::token))
        .route("/api/v2/oauth/token", post(oauth::token))
        .route("/api/v2/tokens/me", axum::routing::delete(revoke))
        .route(
            "/api/v2/integrations",
            get(integrations::list).post(integrations::create),
        )
        .route(
            "/api/v2/integrations/{id}",
            get(integrations::get)
                .put(definitions::put)
                .patch(integrations::patch)
                .delete(integrations::delete),
        )
        .route("/api/v2/integrations/{id}/test", post(definitions::test))
        .route(
            "/api/v2/webhooks",
            get(webhooks::list).post(webhooks::create),
        )
        .route(
            "/api/v2/webhooks/{id}",
            get(webhooks::get)
                .put(webhooks::put)
                .delete(webhooks::delete),
        )
        .route(
            "/api/v2/outbound/integrations",
            get(outbound::list).post(outbound::create),
        )
        .route(
            "/api/v2/outbound/integrations/{id}",
            get(outbound::get)
                .put(outbound::put)
                .delete(outbound::delete),
        )
        .route(
            "/api/v2/custom-integrations/nodes",
            get(nodes::list).post(nodes::create),
        )
        .route(
            "/api/v2/custom-integrations/nodes/{id}",
            get(nodes::get).put(nodes::put).delete(nodes::delete),
        );
    let router = router.merge(organisation());
    #[cfg(feature = "platform")]
    let router = router.merge(crate::platform::routes());
    finish(router.merge(admin::routes()), cloud)
}

/// What both profiles read of an organisation.
fn organisation() -> Router<Arc<Cloud>> {
    Router::new()
        .route("/api/v2/organizations/me", get(lists::me))
        .route(
            "/api/v2/routing/queues",
            get(queues::list).post(queues::create),
        )
        .route(
            "/api/v2/routing/queues/{id}",
            get(queues::get)
                .put(queues::put)
                .patch(queues::patch)
                .delete(queues::delete),
        )
        .route(
            "/api/v2/routing/queues/{id}/members",
            get(queue_members::list).post(queue_members::post),
        )
        .route(
            "/api/v2/routing/queues/{id}/members/{memberId}",
            axum::routing::patch(queue_members::patch).delete(queue_members::delete),
        )
        .merge(lists::routes(&[Kind::Location]))
}

fn finish(router: Router<Arc<Cloud>>, cloud: Arc<Cloud>) -> Router {
    router
        .fallback(async || ApiError::no_such_path().into_response())
        .method_not_allowed_fallback(async || ApiError::method_not_allowed().into_response())
        .layer(from_fn_with_state(Arc::clone(&cloud), permit))
        .with_state(cloud)
}

/// `DELETE /api/v2/tokens/me`: revokes the token in use.
async fn revoke(
    State(cloud): State<Arc<Cloud>>,
    Extension(Bearer(token)): Extension<Bearer>,
) -> Reply {
    cloud.tokens.expire(&token);
    Reply::ok(serde_json::json!({})).with_effect(
        Object::Token,
        Verb::Deleted,
        &token_fingerprint(&token),
    )
}
