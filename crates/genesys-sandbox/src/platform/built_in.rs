//! The actions that an integration brings along.

use serde_json::{Value, json};

use crate::platform::records::{Action, ActionVersion};
use crate::platform::types::TypeInfo;

/// What is built into an integration of this type: published, with ids that begin with `static`.
pub(crate) fn actions(kind: &TypeInfo, integration_id: &str) -> Vec<Action> {
    if kind.id != "purecloud-data-actions" {
        return Vec::new();
    }
    let category = kind.display_name();
    let build = |slug: &str, name: &str, path: &str, input: Value, output: Value| Action {
        id: format!("static_-_{integration_id}_-_{slug}"),
        built_in: true,
        integration_id: integration_id.to_owned(),
        published: Some(ActionVersion {
            version: 1,
            name: name.to_owned(),
            category: category.to_owned(),
            secure: false,
            input_schema: input,
            success_schema: output,
            config: json!({
                "request": {
                    "requestUrlTemplate": format!("https://api.mypurecloud.com/api/v2/{path}"),
                    "requestType": "GET",
                    "headers": {},
                },
                "response": {},
            }),
        }),
        draft: None,
    };
    let text = |name: &str| {
        json!({
            "type": "object",
            "required": [name],
            "properties": {name: {"type": "string"}},
        })
    };
    vec![
        build(
            "getEstimatedWaitTime",
            "Get Estimated Wait Time",
            "routing/queues/$esc.uriEncode(${input.QUEUE_ID})/estimatedwaittime",
            text("QUEUE_ID"),
            json!({"type": "object", "properties": {"results": {"type": "array"}}}),
        ),
        build(
            "getUserPresence",
            "Get User Presence",
            "users/$esc.uriEncode(${input.USER_ID})/presences/PURECLOUD",
            text("USER_ID"),
            json!({"type": "object", "properties": {"presenceDefinition": {"type": "object"}}}),
        ),
    ]
}
