//! Integrations with their configurations.

use async_trait::async_trait;
use genesys_core::{Client, Result};
use genesys_routing::read::{Collection, Document, ReadOptions};
use serde_json::{Value, json};

use super::collection::{coverage, look_up, reporting};
use super::each::each;
use crate::kind::ObjectKind;
use crate::source::{Coverage, DependencySource, LookUp, Sink};

const INTEGRATIONS: &str = "/api/v2/integrations";
const INTEGRATION: &str = "/api/v2/integrations/{id}";
const CONFIG: &str = "/api/v2/integrations/{id}/config/current";

/// Integrations. What one refers to stands in its configuration, which is read by a call of its own for each, and becomes the
/// member `config.current` of its document.
#[derive(Debug, Clone)]
pub struct IntegrationSource {
    client: Client,
    options: ReadOptions,
    concurrency: usize,
}

impl IntegrationSource {
    /// Over a client.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            options: ReadOptions::default(),
            concurrency: 4,
        }
    }

    /// Sets how the list is read.
    #[must_use]
    pub fn with_options(mut self, options: ReadOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets of how many integrations the configuration is read side by side, at least 1. Default 4.
    #[must_use]
    pub fn with_concurrency(mut self, integrations: usize) -> Self {
        self.concurrency = integrations.max(1);
        self
    }

    async fn config(&self, id: &str) -> Result<Value> {
        let request = self.client.get(CONFIG).segment("id", id);
        request.operation("integrations.config").json().await
    }

    /// One integration with its configuration. Without one it is there all the same.
    async fn whole(&self, integration: &Document, sink: &Sink) -> Coverage {
        let mut document = integration.value().clone();
        let coverage = match self.config(integration.id()).await {
            Ok(config) => {
                document["config"] = json!({ "current": config });
                Coverage::complete(0)
            }
            Err(error) => Coverage::complete(0).with_gap(
                format!("configuration of {}", integration.id()),
                error.to_string(),
            ),
        };
        sink.documents(&ObjectKind::INTEGRATION, [document]).await;
        coverage
    }
}

#[async_trait]
impl DependencySource for IntegrationSource {
    fn name(&self) -> &str {
        "integrations"
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        vec![ObjectKind::INTEGRATION]
    }

    async fn read(&self, sink: &Sink) -> Result<Coverage> {
        let options = reporting(&self.options, sink);
        let list = Collection::numbered(INTEGRATIONS).with_operation("integrations.list");
        let snapshot = list.read(&self.client, &options).await?;
        let whole = coverage(&snapshot);
        let configs = each(&snapshot.items, self.concurrency, sink, |one| {
            self.whole(one, sink)
        });
        Ok(whole.and(configs.await))
    }

    async fn look_up(&self, _kind: &ObjectKind, id: &str) -> Result<LookUp> {
        let found = look_up(&self.client, INTEGRATION.into(), id).await?;
        let LookUp::Found(mut document) = found else {
            return Ok(found);
        };
        document["config"] = json!({ "current": self.config(id).await? });
        Ok(LookUp::Found(document))
    }
}
