//! Lists of the organisation's objects, all alike.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde_json::{Value, json};

use super::kind::{Kind, Paging};
use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::input::Params;
use crate::pages::{is_like, numbered_by};
use crate::reply::Reply;

/// `GET` on the list of a kind and on one of its objects, for kinds that can only be read.
pub(crate) fn routes(kinds: &[Kind]) -> Router<Arc<Cloud>> {
    kinds.iter().fold(Router::new(), |router, kind| {
        let kind = *kind;
        router
            .route(
                kind.path(),
                get(
                    async move |State(cloud): State<Arc<Cloud>>, params: Params| {
                        list(&cloud, kind, &params)
                    },
                ),
            )
            .route(
                &format!("{}/{{id}}", kind.path()),
                get(
                    async move |State(cloud): State<Arc<Cloud>>, Path(id): Path<String>| {
                        one(&cloud, kind, &id)
                    },
                ),
            )
    })
}

/// A page of the objects of a kind, filtered by `id`, `name` (whose `*` stands for any text at either end) and
/// `divisionId`.
pub(crate) fn list(cloud: &Cloud, kind: Kind, params: &Params) -> Result<Reply, ApiError> {
    let store = cloud.organisation();
    let rows = store
        .rows(kind)
        .filter(|(_, document)| is_wanted(document, params));
    match kind.paging() {
        Paging::Numbered(largest) => {
            let rows: Vec<&Value> = rows.map(|(_, document)| document).collect();
            numbered_by(kind.path(), params, largest, &rows, |document| {
                store.view(kind, document)
            })
        }
        #[cfg(feature = "platform")]
        Paging::Cursor => {
            let rows: Vec<(u64, Value)> = rows
                .map(|(key, document)| (key, store.view(kind, document)))
                .collect();
            crate::platform::cursor::page(kind.path(), params, &rows)
        }
        #[cfg(not(feature = "platform"))]
        Paging::Cursor => Err(ApiError::no_such_path()),
    }
    .map(Reply::ok)
}

/// One object of a kind.
pub(crate) fn one(cloud: &Cloud, kind: Kind, id: &str) -> Result<Reply, ApiError> {
    let store = cloud.organisation();
    let document = store.get(kind, id)?;
    Ok(Reply::ok(store.view(kind, document)))
}

/// True when a document fits the filters that most lists have.
pub(crate) fn is_wanted(document: &Value, params: &Params) -> bool {
    let text = |value: &Value, wanted: &[&str]| {
        wanted.is_empty() || value.as_str().is_some_and(|text| wanted.contains(&text))
    };
    text(&document["id"], &params.all("id"))
        && text(&document["division"]["id"], &params.all("divisionId"))
        && params.get("name").is_none_or(|name| {
            document["name"]
                .as_str()
                .is_some_and(|own| is_like(own, name))
        })
}

/// `GET /api/v2/organizations/me`.
pub(crate) async fn me(State(cloud): State<Arc<Cloud>>) -> Reply {
    let store = cloud.organisation();
    Reply::ok(json!({
        "id": store.id,
        "name": store.name,
        "defaultLanguage": "en-us",
        "defaultCountryCode": "US",
        "domain": "sandbox",
        "state": "active",
        "version": 1,
        "features": {},
        "productPlatform": "GenesysCloud",
        "selfUri": format!("/api/v2/organizations/{}", store.id),
    }))
}
