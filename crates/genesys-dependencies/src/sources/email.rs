//! Domains of mail and their inbound routes.

use async_trait::async_trait;
use genesys_core::{Client, Result};
use genesys_routing::read::{Collection, Document, ReadOptions};
use serde_json::Value;

use super::collection::{coverage, reporting};
use super::each::each;
use crate::extract::Reference;
use crate::kind::ObjectKind;
use crate::source::{Coverage, DependencySource, LookUp, Sink};
use crate::table::default::edge;

const DOMAINS: &str = "/api/v2/routing/email/domains";
const ROUTES: &str = "/api/v2/routing/email/domains/{domain}/routes";

/// Domains of mail, and the inbound routes of each: which queue or flow takes what is sent to an address.
#[derive(Debug, Clone)]
pub struct EmailSource {
    client: Client,
    options: ReadOptions,
    concurrency: usize,
}

impl EmailSource {
    /// Over a client.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            options: ReadOptions::default(),
            concurrency: 4,
        }
    }

    /// Sets how lists are read.
    #[must_use]
    pub fn with_options(mut self, options: ReadOptions) -> Self {
        self.options = options;
        self
    }

    async fn routes(&self, domain: &str, sink: &Sink) -> Coverage {
        let list = Collection::numbered(ROUTES)
            .with_segment("domain", domain)
            .with_operation("email_routes.list");
        let snapshot = match list.read(&self.client, &self.options).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                return Coverage::complete(0)
                    .with_gap(format!("routes of {domain}"), error.to_string());
            }
        };
        let mut whole = Coverage::complete(0);
        for (part, reason) in coverage(&snapshot).gaps {
            whole = whole.with_gap(format!("routes of {domain}, {part}"), reason);
        }
        let ids: Vec<String> = snapshot
            .items
            .iter()
            .map(|route| route.id().to_owned())
            .collect();
        let documents: Vec<Value> = snapshot.items.into_iter().map(named).collect();
        sink.documents(&ObjectKind::EMAIL_ROUTE, documents).await;
        for id in ids {
            // A route is nothing without its domain, which its document does not name.
            let domain = Reference {
                target: domain.to_owned(),
                kind: ObjectKind::EMAIL_DOMAIN,
                edge: edge::PART_OF.into(),
                place: "domain".to_owned(),
                alternative: None,
            };
            sink.references(&id, [domain]).await;
        }
        whole
    }
}

/// A route has a pattern and mostly no name.
fn named(route: Document) -> Value {
    let mut route = route.into_value();
    if route["name"].is_null()
        && let Some(pattern) = route["pattern"].as_str().map(str::to_owned)
    {
        route["name"] = pattern.into();
    }
    route
}

#[async_trait]
impl DependencySource for EmailSource {
    fn name(&self) -> &str {
        "email"
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        vec![ObjectKind::EMAIL_DOMAIN, ObjectKind::EMAIL_ROUTE]
    }

    async fn read(&self, sink: &Sink) -> Result<Coverage> {
        let options = reporting(&self.options, sink);
        let list = Collection::numbered(DOMAINS).with_operation("email_domains.list");
        let snapshot = list.read(&self.client, &options).await?;
        let whole = coverage(&snapshot);
        let domains: Vec<String> = snapshot
            .items
            .iter()
            .map(|domain| domain.id().to_owned())
            .collect();
        let documents = snapshot.items.into_iter().map(Document::into_value);
        if !sink.documents(&ObjectKind::EMAIL_DOMAIN, documents).await {
            return Ok(whole);
        }
        let routes = each(&domains, self.concurrency, sink, |domain| {
            self.routes(domain, sink)
        });
        Ok(whole.and(routes.await))
    }

    /// A route is found by its domain and its id together, so one alone cannot be looked up.
    async fn look_up(&self, kind: &ObjectKind, id: &str) -> Result<LookUp> {
        if *kind != ObjectKind::EMAIL_DOMAIN {
            return Ok(LookUp::Unknown);
        }
        super::collection::look_up(&self.client, format!("{DOMAINS}/{{id}}").into(), id).await
    }
}
