//! What the platform profile sends for a widget, apart from its configuration.

use serde::Serialize;

use crate::widgets::Widget;

/// `POST /integrations`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewIntegration<'a> {
    name: &'a str,
    integration_type: TypeById,
}

#[derive(Debug, Serialize)]
struct TypeById {
    id: &'static str,
}

impl<'a> NewIntegration<'a> {
    pub(super) fn new(widget: &'a Widget) -> Self {
        Self {
            name: widget.name(),
            integration_type: TypeById {
                id: widget.kind().type_id(),
            },
        }
    }
}
