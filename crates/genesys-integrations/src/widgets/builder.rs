//! Building a widget, and reading one.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use widget_validate::{HeaderSet, Kind, Subject, Validator};

use super::definition::{Display, Document, FeatureCategory, Inner, Widget, WidgetKind};
use super::validation::{Validated, Validation, WidgetError};

/// Builds a [`Widget`]. The last call for a setting counts; [`build`](WidgetBuilder::build) checks.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct WidgetBuilder {
    name: String,
    description: Option<String>,
    kind: WidgetKind,
    url: String,
    settings: Map<String, Value>,
    headers: Option<HeaderSet>,
}

/// What a definition's JSON form is read into. Other members have been reported by the rules.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    #[serde(default)]
    name: String,
    description: Option<String>,
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    manifest_url: String,
    #[serde(default)]
    settings: Map<String, Value>,
}

impl WidgetBuilder {
    pub(super) fn new(name: String, url: String) -> Self {
        Self {
            name,
            description: None,
            kind: WidgetKind::default(),
            url,
            settings: Map::new(),
            headers: None,
        }
    }

    pub(super) fn read(bytes: &[u8], rules: &Validator) -> Result<Self, WidgetError> {
        let report = rules.validate(Subject::new(bytes).with_kind(Kind::Guide));
        let validation = Validation::of(Validated::new("definition", bytes.into(), report));
        let refused = validation.clone();
        validation.accepted()?;
        // Only rules that were switched off let anything through that cannot be read.
        let read: Read = match serde_json::from_slice(bytes) {
            Ok(read) => read,
            Err(error) => return Err(WidgetError::unreadable(refused, error)),
        };
        let kind = WidgetKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == read.kind);
        Ok(Self {
            name: read.name,
            description: read.description,
            kind: kind.unwrap_or_default(),
            url: read.manifest_url,
            settings: read.settings,
            headers: None,
        })
    }

    /// Sets what it is for, as listings show it. Default: none.
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets where it is shown. Default: an app.
    pub fn with_kind(mut self, kind: WidgetKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the size of its frame in CSS pixels. The platform has no such member: it is checked there, and not sent.
    pub fn with_dimensions(self, width: u32, height: u32) -> Self {
        self.with_setting("dimensions", json!({"width": width, "height": height}))
    }

    /// Sets how often it reads its data, in whole milliseconds. The platform has no such member.
    pub fn with_refresh_interval(self, interval: Duration) -> Self {
        let millis = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX);
        self.with_setting("refresh_interval_ms", millis)
    }

    /// Sets what its sandboxed frame may do, such as `allow-scripts`.
    pub fn with_sandbox(self, tokens: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.with_setting("sandbox", joined(tokens))
    }

    /// Sets the browser features that it may use, such as `camera`.
    pub fn with_permissions(self, features: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.with_setting("permissions", joined(features))
    }

    /// Sets how the platform shows it. Default: the platform's.
    pub fn with_display(self, display: Display) -> Self {
        self.with_setting("displayType", display.as_str())
    }

    /// Sets under which heading the platform's menu shows it. Default: none.
    pub fn with_feature_category(self, category: FeatureCategory) -> Self {
        self.with_setting("featureCategory", category.as_str())
    }

    /// Sets the ids of the groups whose members see it. This decides what is shown and protects nothing.
    pub fn with_groups(self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with_setting("groups", texts(ids))
    }

    /// Sets the kinds of conversation beside which an interaction widget is shown, such as `call` and `webmessaging`.
    pub fn with_communication_types(
        self,
        kinds: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Self {
        self.with_setting("communicationTypeFilter", joined(kinds))
    }

    /// Sets the ids of the queues beside whose interactions an interaction widget is shown.
    pub fn with_queues(self, ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.with_setting("queueIdFilterList", texts(ids))
    }

    /// Sets any setting by its JSON name. Settings are open: one that the rules do not know is listed and sent in the guide
    /// profile; the platform profile does not send it and says so ([`Validation::unsent`]).
    pub fn with_setting(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Hands in the response headers of the widget's page, so that its content security policy, framing and CORS are
    /// checked. Without them the report says *not checked*.
    pub fn with_headers(mut self, headers: HeaderSet) -> Self {
        self.headers = Some(headers);
        self
    }

    /// Checks the definition, in the exact bytes of [`Widget::document`].
    ///
    /// # Errors
    ///
    /// Every violation in one error.
    pub fn build(self, rules: &Validator) -> Result<Widget, WidgetError> {
        let document = Document {
            name: &self.name,
            description: self.description.as_deref(),
            kind: self.kind.as_str(),
            status: "inactive",
            manifest_url: &self.url,
            settings: &self.settings,
        };
        // Texts and JSON values always have a JSON form; if one had not, the rules would refuse the empty document.
        let document: Arc<[u8]> = serde_json::to_vec(&document).unwrap_or_default().into();
        let mut subject = Subject::new(&document).with_kind(Kind::Guide);
        if let Some(headers) = &self.headers {
            subject = subject.with_headers(headers);
        }
        let report = rules.validate(subject);
        let validated = Validated::new("definition", Arc::clone(&document), report);
        let validation = Validation::of(validated).accepted()?;
        Ok(Widget(Arc::new(Inner {
            name: self.name,
            kind: self.kind,
            url: self.url,
            settings: self.settings,
            headers: self.headers,
            rules: rules.clone(),
            document,
            validation,
        })))
    }
}

/// The platform's form of a list of words: separated by commas.
fn joined(words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let words: Vec<_> = words.into_iter().collect();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    words.join(",")
}

fn texts(ids: impl IntoIterator<Item = impl Into<String>>) -> Value {
    ids.into_iter().map(|id| Value::String(id.into())).collect()
}
