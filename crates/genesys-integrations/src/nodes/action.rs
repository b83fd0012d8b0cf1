//! A data action, as the published API contract has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a data action says: its contract, the request in the platform's template language (Velocity), and what becomes of the answer.
///
/// Its JSON form is that of `PostActionInput` without the integration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DataAction {
    /// Its name.
    pub name: String,
    /// Under which heading the platform lists it.
    #[serde(default)]
    pub category: String,
    /// True when its input and output are kept out of logs.
    #[serde(default)]
    pub secure: bool,
    /// What goes in and what comes out.
    pub contract: ActionContract,
    /// What it does.
    pub config: ActionConfig,
}

/// What goes into a data action and what comes out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ActionContract {
    /// What goes in.
    pub input: ActionInput,
    /// What comes out.
    pub output: ActionOutput,
}

/// What goes into a data action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActionInput {
    /// A JSON schema.
    pub input_schema: Value,
}

/// What comes out of a data action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActionOutput {
    /// A JSON schema.
    pub success_schema: Value,
}

/// What a data action does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ActionConfig {
    /// How long the external system may take: 1 to 60 s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u64>,
    /// The request.
    pub request: ActionRequest,
    /// What becomes of the answer.
    #[serde(default)]
    pub response: ActionResponse,
}

/// The request of a data action. All but the type are Velocity.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ActionRequest {
    /// The URL.
    pub request_url_template: String,
    /// The method.
    pub request_type: String,
    /// The values of the headers, by name.
    pub headers: BTreeMap<String, String>,
    /// The body. The platform's own default sends the whole input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_template: Option<String>,
}

/// What becomes of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct ActionResponse {
    /// Variables of the template by name, as JSONPath.
    pub translation_map: BTreeMap<String, String>,
    /// The text of a variable whose path leads nowhere.
    pub translation_map_defaults: BTreeMap<String, String>,
    /// The output, as Velocity.
    pub success_template: String,
}

/// The whole input, as the platform does it by default; `GET` and `HEAD` send nothing of it.
pub(super) const RAW_REQUEST: &str = "${input.rawRequest}";
/// No body. A template must not be empty, and a quiet reference to what there is not gives no text.
pub(super) const NO_BODY: &str = "$!{noBody}";
/// The whole answer, as the platform does it by default.
pub(super) const RAW_RESULT: &str = "${rawResult}";

impl Default for ActionResponse {
    fn default() -> Self {
        Self {
            translation_map: BTreeMap::new(),
            translation_map_defaults: BTreeMap::new(),
            success_template: RAW_RESULT.to_owned(),
        }
    }
}
