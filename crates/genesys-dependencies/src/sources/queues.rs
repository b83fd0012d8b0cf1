//! Queues, their members and their wrap-up codes.

use std::sync::Arc;

use async_trait::async_trait;
use genesys_core::{Client, Result};
use genesys_routing::read::{Collection, Entity, ReadOptions};
use genesys_routing::{QueueId, QueueMembers, Queues};

use super::collection::{coverage, reporting};
use super::each::each;
use crate::extract::Reference;
use crate::kind::ObjectKind;
use crate::source::{Coverage, DependencySource, LookUp, Sink};
use crate::table::default::{AGENTS, edge};

/// Queues with everything that their documents refer to, and what stands in lists of their own: members and wrap-up codes.
///
/// Members and groups of a queue are alternatives: it works as long as one of them does.
#[derive(Debug, Clone)]
pub struct QueueSource {
    queues: Arc<dyn Queues>,
    members: Option<Arc<dyn QueueMembers>>,
    codes: Option<Client>,
    options: ReadOptions,
    concurrency: usize,
}

impl QueueSource {
    /// Queues without members and wrap-up codes.
    pub fn new(queues: Arc<dyn Queues>) -> Self {
        Self {
            queues,
            members: None,
            codes: None,
            options: ReadOptions::default(),
            concurrency: 4,
        }
    }

    /// Reads the members of each queue, one call a hundred.
    #[must_use]
    pub fn with_members(mut self, members: Arc<dyn QueueMembers>) -> Self {
        self.members = Some(members);
        self
    }

    /// Reads the wrap-up codes of each queue, one call a hundred.
    #[must_use]
    pub fn with_wrap_up_codes(mut self, client: Client) -> Self {
        self.codes = Some(client);
        self
    }

    /// Sets how lists are read.
    #[must_use]
    pub fn with_options(mut self, options: ReadOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets of how many queues members and codes are read side by side, at least 1. Default 4.
    #[must_use]
    pub fn with_concurrency(mut self, queues: usize) -> Self {
        self.concurrency = queues.max(1);
        self
    }

    /// Members and codes of one queue. What cannot be read is a gap.
    async fn lists(&self, queue: &QueueId, sink: &Sink) -> Coverage {
        let mut whole = Coverage::complete(0);
        if let Some(members) = &self.members {
            match members.members(queue, &self.options).await {
                Ok(snapshot) => {
                    let part = named(coverage(&snapshot), "members", queue);
                    whole = whole.and(part);
                    let ids = snapshot.items.iter().map(|member| member.id.as_str());
                    let references = entries(ids, ObjectKind::USER, edge::HAS_AGENTS, Some(AGENTS));
                    sink.references(queue.as_str(), references).await;
                }
                Err(error) => {
                    whole = whole.with_gap(format!("members of {queue}"), error.to_string())
                }
            }
        }
        if let Some(client) = &self.codes {
            let list = Collection::numbered("/api/v2/routing/queues/{queueId}/wrapupcodes")
                .with_segment("queueId", queue.as_str())
                .with_operation("queue_wrapup_codes.list");
            match list.read(client, &self.options).await {
                Ok(snapshot) => {
                    let part = named(coverage(&snapshot), "wrap-up codes", queue);
                    whole = whole.and(part);
                    let ids = snapshot.items.iter().map(|code| code.id());
                    let references =
                        entries(ids, ObjectKind::WRAP_UP_CODE, edge::WRAPS_UP_WITH, None);
                    sink.references(queue.as_str(), references).await;
                }
                Err(error) => {
                    whole = whole.with_gap(format!("wrap-up codes of {queue}"), error.to_string())
                }
            }
        }
        whole
    }
}

/// References to the entries of a list. Their places in it are chance, and so no evidence.
fn entries<'a>(
    ids: impl Iterator<Item = &'a str>,
    kind: ObjectKind,
    edge: &'static str,
    alternative: Option<&'static str>,
) -> Vec<Reference> {
    let place = match kind == ObjectKind::USER {
        true => "members[].id",
        false => "wrapupcodes[].id",
    };
    let entry = |id: &str| Reference {
        target: id.to_owned(),
        kind: kind.clone(),
        edge: edge.into(),
        place: place.to_owned(),
        alternative: alternative.map(Into::into),
    };
    ids.map(entry).collect()
}

/// The gaps of a list that belongs to a queue. Its entries are no objects of this source, and that such lists do not say how
/// long they are is no doubt about the queues.
fn named(list: Coverage, what: &str, queue: &QueueId) -> Coverage {
    let gaps = list.gaps.into_iter();
    gaps.fold(Coverage::complete(0), |whole, (part, reason)| {
        whole.with_gap(format!("{what} of {queue}, {part}"), reason)
    })
}

#[async_trait]
impl DependencySource for QueueSource {
    fn name(&self) -> &str {
        "queues"
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        vec![ObjectKind::QUEUE]
    }

    async fn read(&self, sink: &Sink) -> Result<Coverage> {
        let options = reporting(&self.options, sink);
        let snapshot = self.queues.queues(&options).await?;
        let whole = coverage(&snapshot);
        let ids: Vec<QueueId> = snapshot
            .items
            .iter()
            .map(|queue| queue.id.clone())
            .collect();
        let documents = snapshot
            .items
            .into_iter()
            .map(|queue| queue.into_document().into_value());
        if !sink.documents(&ObjectKind::QUEUE, documents).await {
            return Ok(whole);
        }
        let lists = each(&ids, self.concurrency, sink, |id| self.lists(id, sink));
        Ok(whole.and(lists.await))
    }

    async fn look_up(&self, _kind: &ObjectKind, id: &str) -> Result<LookUp> {
        let found = self.queues.queue(&QueueId::new(id)?).await?;
        Ok(found.map_or(LookUp::Missing, |queue| {
            LookUp::Found(Box::new(queue.into_document().into_value()))
        }))
    }
}
