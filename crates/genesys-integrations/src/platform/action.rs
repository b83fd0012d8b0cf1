//! The data action: the endpoint's URL and the data mapping.

use std::collections::BTreeMap;

use genesys_core::{Error, ErrorKind, Result};
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::config::{STALE_VERSIONS, is_stale};
use super::wire::{
    ActionConfig, ActionPatch, ActionRequest, ActionResponse, ActionSeen, NewAction,
};
use super::{ACTION, ACTIONS, PlatformIntegrations};
use crate::definition::{IntegrationDefinition, Transformation};
use crate::ids::{ActionId, IntegrationId};
use crate::limits::Deadline;
use crate::reconcile;

/// A read of the endpoint: testing it has no effect on the external system. The platform adds the Basic header from the
/// integration's credential.
fn config(definition: &IntegrationDefinition) -> ActionConfig {
    let mut translation_map = BTreeMap::new();
    let mut translation_map_defaults = BTreeMap::new();
    let mut members = Vec::new();
    for entry in definition.mapping() {
        let Transformation::Direct = entry.transformation;
        translation_map.insert(
            entry.target_field.clone(),
            format!("$.{}", entry.source_field),
        );
        // Defaults are raw text: this is JSON's null.
        translation_map_defaults.insert(entry.target_field.clone(), "null".to_owned());
        // A variable is the JSON text of its value, so it stands without quotes.
        members.push(format!("\"{0}\": ${{{0}}}", entry.target_field));
    }
    let success_template = if members.is_empty() {
        "${rawResult}".to_owned()
    } else {
        format!("{{{}}}", members.join(", "))
    };
    ActionConfig {
        request: ActionRequest {
            // In a template a dollar sign begins a reference, to a credential for example; encoded it is only text.
            request_url_template: definition.endpoint().as_str().replace('$', "%24"),
            request_type: "GET".to_owned(),
            headers: BTreeMap::new(),
            request_template: "${input.rawRequest}".to_owned(),
        },
        response: ActionResponse {
            translation_map,
            translation_map_defaults,
            success_template,
        },
    }
}

/// No input; an output with one property a target. The properties have no type, because a direct mapping keeps whatever
/// type the external system answers.
fn contract(definition: &IntegrationDefinition) -> Value {
    let schema = |title: &str, properties: Map<String, Value>| {
        json!({
            "$schema": "http://json-schema.org/draft-04/schema#",
            "title": title,
            "type": "object",
            "properties": properties,
            "additionalProperties": true,
        })
    };
    let properties = definition
        .mapping()
        .iter()
        .map(|entry| {
            (
                entry.target_field.clone(),
                json!({"title": entry.source_field}),
            )
        })
        .collect();
    json!({
        "input": {"inputSchema": schema("input", Map::new())},
        "output": {"successSchema": schema("output", properties)},
    })
}

/// The properties of the output's schema, by name.
fn outputs(contract: &Value) -> Option<Vec<&String>> {
    let properties = contract
        .pointer("/output/successSchema/properties")?
        .as_object()?;
    let mut names: Vec<_> = properties.keys().collect();
    names.sort();
    Some(names)
}

/// How an action differs from what a definition wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Difference {
    None,
    /// The name or the configuration, which can be changed.
    Config,
    /// The contract, which cannot: it takes a new action.
    Contract,
}

pub(super) fn difference(action: &ActionSeen, definition: &IntegrationDefinition) -> Difference {
    let wanted = contract(definition);
    if action.contract.as_ref().and_then(outputs) != outputs(&wanted) {
        return Difference::Contract;
    }
    let seen = action
        .config
        .clone()
        .and_then(|seen| serde_json::from_value::<ActionConfig>(seen).ok());
    let wanted = config(definition);
    let same = action.name.as_deref() == Some(definition.name())
        && seen.is_some_and(|seen| {
            seen.request.request_url_template == wanted.request.request_url_template
                && seen.request.request_type == wanted.request.request_type
                && seen.response == wanted.response
        });
    if same {
        Difference::None
    } else {
        Difference::Config
    }
}

impl PlatformIntegrations {
    pub(super) async fn read_action(
        &self,
        id: &ActionId,
        deadline: &Deadline<'_>,
    ) -> Result<Option<ActionSeen>> {
        let call = self
            .client
            .get(ACTION)
            .segment("actionId", id)
            .operation("integrations.actions.get");
        let call = call
            .query("expand", "contract")
            .query("includeConfig", true);
        call.deadline(deadline.remaining()?).json_or_none().await
    }

    pub(super) async fn create_action(
        &self,
        integration: &IntegrationId,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<ActionSeen> {
        let name = definition.name();
        let action = NewAction {
            category: name,
            name,
            integration_id: integration,
            secure: false,
            contract: contract(definition),
            config: config(definition),
        };
        let send = || async {
            let call = self
                .client
                .post(ACTIONS)
                .operation("integrations.actions.create");
            call.with_json(&action)
                .deadline(deadline.remaining()?)
                .json::<ActionSeen>()
                .await
        };
        let find = || async {
            let actions = self.actions_of(integration, deadline).await?;
            Ok(actions
                .into_iter()
                .find(|action| action.name.as_deref() == Some(name)))
        };
        reconcile::create_once(deadline, send, find).await
    }

    /// Gives an action the definition's configuration. A stale version is read again and written again, up to
    /// [`STALE_VERSIONS`] times. When nobody can know whether a write took effect, reading tells.
    pub(super) async fn update_action(
        &self,
        mut current: ActionSeen,
        definition: &IntegrationDefinition,
        deadline: &Deadline<'_>,
    ) -> Result<()> {
        let config = config(definition);
        let mut stale = 0;
        loop {
            let Some(version) = current.version else {
                return Err(Error::new(ErrorKind::Protocol, "the action has no version"));
            };
            let call = self
                .client
                .patch(ACTION)
                .segment("actionId", &current.id)
                .operation("integrations.actions.update");
            let name = definition.name();
            let patch = ActionPatch {
                category: name,
                name,
                version,
                config: &config,
            };
            match call
                .with_json(&patch)
                .deadline(deadline.remaining()?)
                .json::<IgnoredAny>()
                .await
            {
                Ok(_) => return Ok(()),
                Err(error) if is_stale(&error) || error.is_outcome_unknown() => {
                    let Ok(Some(seen)) = self.read_action(&current.id, deadline).await else {
                        return Err(error);
                    };
                    if difference(&seen, definition) == Difference::None {
                        return Ok(());
                    }
                    stale += 1;
                    if stale > STALE_VERSIONS {
                        return Err(error);
                    }
                    current = seen;
                }
                Err(error) => return Err(error),
            }
        }
    }

    pub(super) async fn delete_action(
        &self,
        id: &ActionId,
        deadline: &Deadline<'_>,
    ) -> Result<bool> {
        let call = self
            .client
            .delete(ACTION)
            .segment("actionId", id)
            .operation("integrations.actions.delete");
        call.deadline(deadline.remaining()?).gone().await
    }
}
