//! What became of objects that were referred to and not listed.

use std::collections::BTreeSet;
use std::time::Instant;

use depgraph::State;
use futures_util::{StreamExt, stream};
use genesys_core::{Error, ErrorKind};
use resilience::timeout_at;

use super::assembly::Assembly;
use super::{Crawler, Ended};
use crate::kind::ObjectKind;
use crate::source::{DependencySource, LookUp};

/// How often objects that were looked up may lead to further ones.
const ROUNDS: usize = 4;

impl Crawler {
    /// Finds out what became of objects that were referred to and not listed.
    pub(super) async fn resolve(
        &self,
        assembly: &mut Assembly,
        ended: &[Ended],
        until: Option<Instant>,
    ) {
        let mut left = self.options.max_look_ups;
        let mut tried: BTreeSet<String> = BTreeSet::new();
        for _ in 0..ROUNDS {
            let mut asks = Vec::new();
            for (id, kind) in assembly.missing() {
                if tried.contains(&id) {
                    continue;
                }
                match self.source_of(&kind, ended) {
                    Some((_, Some(ErrorKind::PermissionDenied))) => {
                        assembly.settle(&id, State::NotPermitted)
                    }
                    Some((source, None)) if asks.len() < left => {
                        tried.insert(id.clone());
                        asks.push(self.look_up(source, kind, id, until));
                    }
                    _ => {}
                }
            }
            if asks.is_empty() {
                break;
            }
            left -= asks.len();
            let answers: Vec<_> = stream::iter(asks)
                .buffered(self.options.look_up_concurrency)
                .collect()
                .await;
            for (id, kind, answer) in answers {
                match answer {
                    Ok(LookUp::Found(document)) => assembly.take_document(&kind, &document),
                    Ok(LookUp::Missing) => assembly.settle(&id, State::Deleted),
                    Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                        assembly.settle(&id, State::NotPermitted);
                    }
                    Ok(LookUp::Unknown) | Err(_) => {}
                }
            }
        }
        if left == 0 {
            let unseen = assembly.missing().filter(|(id, kind)| {
                !tried.contains(id) && matches!(self.source_of(kind, ended), Some((_, None)))
            });
            let unseen = unseen.count();
            if unseen > 0 {
                let limit = self.options.max_look_ups;
                assembly.gap(
                    "references",
                    format!("{unseen} objects were not looked up: the limit is {limit}"),
                );
            }
        }
    }

    /// The source that lists a kind, and why it could not be read.
    fn source_of(
        &self,
        kind: &ObjectKind,
        ended: &[Ended],
    ) -> Option<(&dyn DependencySource, Option<ErrorKind>)> {
        let mut sources = self.sources.iter().zip(ended);
        let (source, ended) = sources.find(|(source, _)| source.kinds().contains(kind))?;
        Some((&**source, ended.coverage.as_ref().err().map(Error::kind)))
    }

    async fn look_up(
        &self,
        source: &dyn DependencySource,
        kind: ObjectKind,
        id: String,
        until: Option<Instant>,
    ) -> (String, ObjectKind, Result<LookUp, Error>) {
        let looking = source.look_up(&kind, &id);
        let answer = match until {
            Some(until) => timeout_at(&*self.clock, until, looking)
                .await
                .unwrap_or(Ok(LookUp::Unknown)),
            None => looking.await,
        };
        (id, kind, answer)
    }
}
