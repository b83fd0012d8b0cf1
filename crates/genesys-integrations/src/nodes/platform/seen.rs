//! A data action as the platform shows it.

use serde::Deserialize;
use serde_json::Value;

use crate::ids::{IntegrationId, NodeId};
use crate::nodes::action::{ActionConfig, ActionContract, DataAction};
use crate::nodes::api::RegisteredNode;
use crate::nodes::velocity::{self, mark_of};

/// An action; contract and configuration only where they were asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ActionSeen {
    pub(super) id: NodeId,
    pub(super) name: Option<String>,
    pub(super) category: Option<String>,
    pub(super) integration_id: Option<IntegrationId>,
    pub(super) version: Option<u64>,
    pub(super) contract: Option<Value>,
    pub(super) config: Option<Value>,
}

/// How an action differs from what a node wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    None,
    /// The category or the configuration, which can be changed.
    Config,
    /// The contract, which cannot: it takes a new action.
    Contract,
}

impl ActionSeen {
    pub(super) fn is_named(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }

    fn contract(&self) -> Option<ActionContract> {
        self.contract
            .clone()
            .and_then(|seen| serde_json::from_value(seen).ok())
    }

    fn config(&self) -> Option<ActionConfig> {
        self.config
            .clone()
            .and_then(|seen| serde_json::from_value(seen).ok())
    }

    /// The mark in a contract stands for all of it, because the platform may show a schema otherwise than it was sent.
    pub(super) fn difference(&self, wanted: &DataAction) -> Difference {
        let same = self.contract().is_some_and(|seen| {
            let mark = mark_of(&seen.input.input_schema);
            let wanted_mark = mark_of(&wanted.contract.input.input_schema);
            seen == wanted.contract || (mark.is_some() && mark == wanted_mark)
        });
        if !same {
            return Difference::Contract;
        }
        let category = self.category.as_deref() == Some(wanted.category.as_str());
        if category && self.config().as_ref() == Some(&wanted.config) {
            Difference::None
        } else {
            Difference::Config
        }
    }

    /// True when the configuration only says where its body is.
    pub(super) fn lacks_body(&self) -> bool {
        let request = self.config.as_ref().and_then(|seen| seen.get("request"));
        request.is_some_and(|request| {
            request.get("requestTemplate").is_none() && request.get("requestTemplateUri").is_some()
        })
    }

    pub(super) fn with_body(mut self, text: String) -> Self {
        if let Some(request) = self
            .config
            .as_mut()
            .and_then(|seen| seen.get_mut("request"))
        {
            request["requestTemplate"] = text.into();
        }
        self
    }

    pub(super) fn into_node(self) -> RegisteredNode {
        let parts = self.contract().zip(self.config());
        let name = self.name.unwrap_or_default();
        let mut registered = RegisteredNode::new(self.id, name.clone());
        registered.version = self.version;
        if let Some((contract, config)) = parts {
            let action = DataAction {
                name,
                category: self.category.unwrap_or_default(),
                secure: false,
                contract,
                config,
            };
            let imported = velocity::import(&action);
            registered.node = imported.node;
            registered.findings = imported.findings;
        }
        registered
    }
}
