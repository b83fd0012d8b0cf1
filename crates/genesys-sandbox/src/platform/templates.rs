//! The templates of an action as files.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};

use crate::api_error::ApiError;
use crate::cloud::Cloud;
use crate::platform::records::ActionVersion;
use crate::platform::{actions, drafts};

/// `GET …/templates/{fileName}`: the text of `requesttemplate.vm` or `successtemplate.vm`.
pub(crate) async fn published(
    State(cloud): State<Arc<Cloud>>,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let store = cloud.store();
    text(actions::published(&store, &id)?.1, &file)
}

/// `GET …/draft/templates/{fileName}`.
pub(crate) async fn draft(
    State(cloud): State<Arc<Cloud>>,
    Path((id, file)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let store = cloud.store();
    text(drafts::draft(&store, &id)?.1, &file)
}

fn text(content: &ActionVersion, file: &str) -> Result<Response, ApiError> {
    let template = match file {
        "requesttemplate.vm" => &content.config["request"]["requestTemplate"],
        "successtemplate.vm" => &content.config["response"]["successTemplate"],
        _ => return Err(ApiError::unknown("template", file)),
    };
    // A text answers as `text/plain`, which is what these are.
    let text = template
        .as_str()
        .ok_or_else(|| ApiError::unknown("template", file))?;
    Ok(text.to_owned().into_response())
}
