//! What a pipeline deploys: an integration definition, or a widget.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use genesys_core::{Profile, Result};

use crate::api::{Ensured, Integrations};
use crate::definition::{Authentication, Fingerprint, IntegrationDefinition};
use crate::ids::IntegrationId;
use crate::integration::{Integration, IntendedState, StateChange};
use crate::report::{TestReport, TestRequest};
use crate::widgets::{Validation, Widget, Widgets};

/// The thing to deploy together with the calls that deploy it. Its name is the marker of what it made.
#[async_trait]
pub(super) trait Target: fmt::Debug + Send + Sync {
    fn profile(&self) -> Profile;

    fn name(&self) -> &str;

    fn fingerprint(&self) -> Fingerprint;

    /// The attribute under which audit lines carry the name, such as `integration_name`.
    fn name_attribute(&self) -> &'static str;

    /// More attributes of the audited creation.
    fn details(&self) -> Vec<(&'static str, &'static str)> {
        Vec::new()
    }

    /// Checks what will be sent before anything is written; none where the definition was checked for good when it was
    /// built.
    async fn validate(&self) -> Result<Option<Validation>> {
        Ok(None)
    }

    /// False where there is nothing that could be tested.
    fn is_testable(&self) -> bool;

    async fn find(&self) -> Result<Option<Integration>>;

    async fn ensure(&self) -> Result<Ensured>;

    async fn test(&self, id: &IntegrationId, request: TestRequest) -> Result<TestReport>;

    async fn set_state(&self, id: &IntegrationId, intended: IntendedState) -> Result<StateChange>;

    async fn delete(&self, id: &IntegrationId) -> Result<bool>;

    /// Deletes everything of the name.
    async fn purge(&self) -> Result<bool>;
}

/// An integration definition.
#[derive(Debug)]
pub(super) struct DefinitionTarget {
    pub(super) integrations: Arc<dyn Integrations>,
    pub(super) definition: IntegrationDefinition,
}

#[async_trait]
impl Target for DefinitionTarget {
    fn profile(&self) -> Profile {
        self.integrations.profile()
    }

    fn name(&self) -> &str {
        self.definition.name()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.definition.fingerprint()
    }

    fn name_attribute(&self) -> &'static str {
        "integration_name"
    }

    fn details(&self) -> Vec<(&'static str, &'static str)> {
        vec![("authentication", self.definition.authentication().kind())]
    }

    fn is_testable(&self) -> bool {
        true
    }

    async fn find(&self) -> Result<Option<Integration>> {
        self.integrations.find(self.definition.name()).await
    }

    async fn ensure(&self) -> Result<Ensured> {
        self.integrations.ensure(&self.definition).await
    }

    async fn test(&self, id: &IntegrationId, request: TestRequest) -> Result<TestReport> {
        let Authentication::Basic { password, .. } = self.definition.authentication();
        let request = request.with_secret(password);
        self.integrations.test(id, &request).await
    }

    async fn set_state(&self, id: &IntegrationId, intended: IntendedState) -> Result<StateChange> {
        self.integrations.set_state(id, intended).await
    }

    async fn delete(&self, id: &IntegrationId) -> Result<bool> {
        self.integrations.delete(id).await
    }

    async fn purge(&self) -> Result<bool> {
        self.integrations.purge(self.definition.name()).await
    }
}

/// An agent widget.
#[derive(Debug)]
pub(super) struct WidgetTarget {
    pub(super) widgets: Arc<dyn Widgets>,
    pub(super) widget: Widget,
}

#[async_trait]
impl Target for WidgetTarget {
    fn profile(&self) -> Profile {
        self.widgets.profile()
    }

    fn name(&self) -> &str {
        self.widget.name()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.widget.fingerprint()
    }

    fn name_attribute(&self) -> &'static str {
        "widget_name"
    }

    async fn validate(&self) -> Result<Option<Validation>> {
        self.widgets.validate(&self.widget).await.map(Some)
    }

    /// A widget is a page in somebody's browser: no call of the platform can say that it works. Its validation takes the
    /// place of the test.
    fn is_testable(&self) -> bool {
        false
    }

    async fn find(&self) -> Result<Option<Integration>> {
        self.widgets.find(self.widget.name()).await
    }

    async fn ensure(&self) -> Result<Ensured> {
        self.widgets.ensure(&self.widget).await
    }

    async fn test(&self, _id: &IntegrationId, _request: TestRequest) -> Result<TestReport> {
        Err(genesys_core::Error::new(
            genesys_core::ErrorKind::Unsupported,
            "a widget cannot be tested by a call; it is validated instead",
        ))
    }

    async fn set_state(&self, id: &IntegrationId, intended: IntendedState) -> Result<StateChange> {
        self.widgets.set_state(id, intended).await
    }

    async fn delete(&self, id: &IntegrationId) -> Result<bool> {
        self.widgets.delete(id).await
    }

    async fn purge(&self) -> Result<bool> {
        self.widgets.purge(self.widget.name()).await
    }
}
