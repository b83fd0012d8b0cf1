//! What a widget is to be. Its JSON form is the source document's, which the guide profile sends as it is.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use widget_validate::{HeaderSet, Validator};

use super::builder::WidgetBuilder;
use super::validation::Validation;
use crate::definition::Fingerprint;

/// A widget that the rules have let pass. Only [`builder`](Widget::builder) and [`read`](Widget::read) make one, so that
/// nothing that breaks a rule is ever sent. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Widget(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) name: String,
    pub(super) kind: WidgetKind,
    pub(super) url: String,
    pub(super) settings: Map<String, Value>,
    pub(super) headers: Option<HeaderSet>,
    pub(super) rules: Validator,
    pub(super) document: Arc<[u8]>,
    pub(super) validation: Validation,
}

/// The JSON form. The order of the members is that of the source document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    pub(super) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<&'a str>,
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    pub(super) manifest_url: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(super) settings: &'a Map<String, Value>,
}

impl Widget {
    /// Starts a definition. `url` is the widget's manifest in the guide profile and its page in the platform profile; it may
    /// hold placeholders in its query (`{{gcHostOrigin}}`, …).
    pub fn builder(name: impl Into<String>, url: impl Into<String>) -> WidgetBuilder {
        WidgetBuilder::new(name.into(), url.into())
    }

    /// Reads a definition from its JSON form: `name`, `description`, `type` (`webapp` or `integration`), `manifestUrl`,
    /// `settings`. A `status` is checked and then left to the deployment.
    ///
    /// # Errors
    ///
    /// What the rules find in the bytes as they are, with places in them; so a misspelled member is found and not dropped.
    pub fn read(bytes: &[u8], rules: &Validator) -> Result<Self, super::WidgetError> {
        WidgetBuilder::read(bytes, rules)?.build(rules)
    }

    /// The name, which is also the marker by which a second run finds what the first one made.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Where it is shown.
    pub fn kind(&self) -> WidgetKind {
        self.0.kind
    }

    /// The URL as it was given, placeholders included.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The settings by their JSON names: `dimensions`, `refresh_interval_ms`, `sandbox`, …
    pub fn settings(&self) -> &Map<String, Value> {
        &self.0.settings
    }

    /// The exact bytes that were validated and that the guide profile sends: compact JSON, equal for equal definitions. The
    /// status in it is `inactive`; a deployment enables it afterwards.
    pub fn document(&self) -> &[u8] {
        &self.0.document
    }

    /// What the rules say about the definition: warnings at most.
    pub fn validation(&self) -> &Validation {
        &self.0.validation
    }

    /// A digest of the definition: equal ones have equal fingerprints in every process.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of_bytes(&self.0.document)
    }

    pub(super) fn headers(&self) -> Option<&HeaderSet> {
        self.0.headers.as_ref()
    }

    pub(super) fn rules(&self) -> &Validator {
        &self.0.rules
    }
}

impl PartialEq for Widget {
    /// Equal definitions; the rules and headers that they were checked with do not count.
    fn eq(&self, other: &Self) -> bool {
        self.0.document == other.0.document
    }
}

impl Eq for Widget {}

/// Where a widget is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum WidgetKind {
    /// A page or panel of its own: `webapp` in the guide profile, integration type `embedded-client-app` of the platform.
    #[default]
    App,
    /// Beside an interaction: `integration` in the guide profile, integration type
    /// `embedded-client-app-interaction-widget` of the platform.
    Interaction,
}

impl WidgetKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::App, Self::Interaction];

    /// The word of the definition's JSON form: `webapp` or `integration`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::App => "webapp",
            Self::Interaction => "integration",
        }
    }

    /// The id in the platform's catalogue of integration types.
    pub fn type_id(self) -> &'static str {
        self.format().as_str()
    }

    /// The format of its configuration.
    pub(super) fn format(self) -> widget_validate::Kind {
        match self {
            Self::App => widget_validate::Kind::ClientApp,
            Self::Interaction => widget_validate::Kind::InteractionWidget,
        }
    }
}

impl fmt::Display for WidgetKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the platform shows an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Display {
    /// On a page of its own.
    Standalone,
    /// In the side panel.
    Widget,
}

impl Display {
    /// `standalone` or `widget`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Widget => "widget",
        }
    }
}

/// Under which heading the platform's menu shows an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FeatureCategory {
    /// The directory.
    Directory,
    /// Contact centre insights.
    ContactCenterInsights,
}

impl FeatureCategory {
    /// `directory` or `contactCenterInsights`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::ContactCenterInsights => "contactCenterInsights",
        }
    }
}
