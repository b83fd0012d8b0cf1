//! The configuration that a widget becomes: built, validated, and written in the bytes that were validated.

use std::collections::BTreeMap;
use std::sync::Arc;

use genesys_core::vocabulary::{HeaderName, HeaderValue};
use genesys_core::{ErrorKind, Result};
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};
use widget_validate::{Schema, Subject};

use super::{CONFIG, PlatformWidgets};
use crate::ids::IntegrationId;
use crate::limits::Deadline;
use crate::platform::wire::Configuration;
use crate::wait;
use crate::widgets::{Validated, Validation, Widget};

/// The settings that are properties of the platform, under the same names.
const PROPERTIES: [&str; 7] = [
    "sandbox",
    "permissions",
    "displayType",
    "featureCategory",
    "groups",
    "communicationTypeFilter",
    "queueIdFilterList",
];

/// How often a stale version is read again. Each time somebody else was faster.
const STALE_VERSIONS: u32 = 5;

fn properties(widget: &Widget) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("url".to_owned(), widget.url().into());
    for name in PROPERTIES {
        if let Some(value) = widget.settings().get(name) {
            properties.insert(name.to_owned(), value.clone());
        }
    }
    properties
}

fn notes(widget: &Widget) -> String {
    format!(
        "Deployed by genesys-integrations, widget {}",
        widget.fingerprint()
    )
}

/// The configuration of what does not exist yet: the first version.
fn first() -> Configuration {
    Configuration {
        name: String::new(),
        version: 1,
        properties: json!({}),
        advanced: json!({}),
        notes: String::new(),
        credentials: BTreeMap::new(),
    }
}

/// What `current` should be. The properties are the definition's and no others; what a definition says nothing about
/// (`advanced`, credentials) stays.
fn wanted(current: &Configuration, widget: &Widget) -> Configuration {
    let mut wanted = current.clone();
    wanted.name = widget.name().to_owned();
    wanted.properties = Value::Object(properties(widget));
    wanted.notes = notes(widget);
    wanted
}

/// True when it was written for this definition and still says so. A property that the platform has filled in by itself is
/// no difference.
pub(super) fn is_in_place(current: &Configuration, widget: &Widget) -> bool {
    current.notes == notes(widget)
        && current.name == widget.name()
        && properties(widget)
            .iter()
            .all(|(name, value)| current.properties.get(name) == Some(value))
}

/// The bytes that bring `current` to what the definition says, let through by the rules.
pub(super) fn accepted(
    widgets: &PlatformWidgets,
    current: &Configuration,
    widget: &Widget,
    schema: Option<&Schema>,
) -> Result<Arc<[u8]>> {
    let validated = widgets.configuration(current, widget, schema);
    let bytes = Arc::clone(&validated.bytes);
    Validation::of(validated).accepted()?;
    Ok(bytes)
}

impl PlatformWidgets {
    /// The definition's report and that of the configuration which a creation would write.
    pub(super) fn check(&self, widget: &Widget, schema: Option<&Schema>) -> Validation {
        let unsent = widget
            .settings()
            .keys()
            .filter(|name| !PROPERTIES.contains(&name.as_str()))
            .cloned()
            .collect();
        widget
            .validation()
            .clone()
            .with(self.configuration(&first(), widget, schema))
            .with_unsent(unsent)
    }

    fn configuration(
        &self,
        current: &Configuration,
        widget: &Widget,
        schema: Option<&Schema>,
    ) -> Validated {
        // Texts and JSON values always have a JSON form; if one had not, the rules would refuse the empty document.
        let bytes = serde_json::to_vec(&wanted(current, widget)).unwrap_or_default();
        let mut rules = widget.rules().clone().with_embedder(self.embedder.clone());
        if let Some(schema) = schema {
            rules = rules.with_schema("/properties", schema.clone());
        }
        let mut subject = Subject::new(&bytes).with_kind(widget.kind().format());
        if let Some(headers) = widget.headers() {
            subject = subject.with_headers(headers);
        }
        let report = rules.validate(subject);
        Validated::new("configuration", bytes.into(), report)
    }

    async fn read_config(
        &self,
        id: &IntegrationId,
        deadline: &Deadline<'_>,
    ) -> Result<Option<Configuration>> {
        let call = self
            .client
            .get(CONFIG)
            .segment("integrationId", id)
            .operation("widgets.config.get");
        call.deadline(deadline.remaining()?).json_or_none().await
    }

    /// The configuration of an integration that may have been created a moment ago.
    pub(super) async fn await_config(
        &self,
        id: &IntegrationId,
        deadline: &Deadline<'_>,
    ) -> Result<Configuration> {
        let waiting = self.limits.appearance_deadline(deadline);
        wait::for_appearance(&waiting, "the configuration", || {
            self.read_config(id, &waiting)
        })
        .await
    }

    /// Writes the definition over `current`, in the bytes that the rules let through. A stale version is read and written
    /// again, up to [`STALE_VERSIONS`] times. When nobody can know whether a write took effect, reading tells; the client
    /// has repeated it already.
    pub(super) async fn write_config(
        &self,
        id: &IntegrationId,
        widget: &Widget,
        schema: Option<&Schema>,
        mut current: Configuration,
        deadline: &Deadline<'_>,
    ) -> Result<()> {
        let mut stale = 0;
        loop {
            if is_in_place(&current, widget) {
                return Ok(());
            }
            let body = accepted(self, &current, widget, schema)?;
            let written = self
                .client
                .put(CONFIG)
                .segment("integrationId", id)
                .operation("widgets.config.put")
                .header(
                    HeaderName::from_static("content-type"),
                    HeaderValue::from_static("application/json"),
                )
                .with_body(body.to_vec())
                .deadline(deadline.remaining()?)
                .json::<IgnoredAny>()
                .await;
            match written {
                Ok(_) => return Ok(()),
                Err(error) if error.cause() == ErrorKind::Conflict && stale < STALE_VERSIONS => {
                    stale += 1;
                    current = self.await_config(id, deadline).await?;
                }
                Err(error) if error.is_outcome_unknown() => {
                    return match self.read_config(id, deadline).await {
                        Ok(Some(seen)) if is_in_place(&seen, widget) => Ok(()),
                        // What the look-up met says less than the write it was made for.
                        _ => Err(error),
                    };
                }
                Err(error) => return Err(error),
            }
        }
    }
}
