//! One page over the wire.

use std::hash::{DefaultHasher, Hash, Hasher};

use genesys_core::{Error, ErrorKind, RequestBuilder, Result, vocabulary::Url};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Document, RejectReason};

/// Which page to ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    Number(u32),
    After(Option<String>),
    /// The one page of a list that has no pages.
    Whole,
}

/// A page as it arrived.
pub(super) struct Page {
    pub(super) entries: Vec<std::result::Result<Document, RejectReason>>,
    pub(super) number: Option<u64>,
    pub(super) size: Option<u64>,
    pub(super) count: Option<u64>,
    pub(super) total: Option<u64>,
    pub(super) has_next: bool,
    pub(super) cursor: Option<String>,
    /// Of the ids in their order, to notice a page that comes again.
    pub(super) digest: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    entities: Vec<Box<RawValue>>,
    #[serde(default)]
    page_number: Option<u64>,
    #[serde(default)]
    page_size: Option<u64>,
    #[serde(default)]
    page_count: Option<u64>,
    #[serde(default)]
    total: Option<u64>,
    #[serde(default)]
    next_uri: Option<String>,
}

pub(super) async fn fetch(
    request: RequestBuilder,
    ask: Ask,
    size: u32,
    largest: usize,
) -> Result<Page> {
    let request = match &ask {
        Ask::Number(number) => request.query("pageSize", size).query("pageNumber", number),
        Ask::After(None) => request.query("pageSize", size),
        Ask::After(Some(after)) => request.query("pageSize", size).query("after", after),
        Ask::Whole => request,
    };
    let envelope: Envelope = request.json().await?;
    let mut hasher = DefaultHasher::new();
    let entries = envelope
        .entities
        .iter()
        .map(|raw| {
            let entry = Document::read(raw, largest);
            match &entry {
                Ok(document) => document.id().hash(&mut hasher),
                Err(_) => raw.get().hash(&mut hasher),
            }
            entry
        })
        .collect();
    let next = envelope.next_uri.filter(|uri| !uri.is_empty());
    let cursor = match ask {
        Ask::After(_) => next.as_deref().map(cursor_of).transpose()?.flatten(),
        _ => None,
    };
    Ok(Page {
        entries,
        number: envelope.page_number,
        size: envelope.page_size.filter(|size| *size > 0),
        // No pages at all is what a list says that does not count them.
        count: envelope.page_count.filter(|count| *count > 0),
        total: envelope.total,
        has_next: next.is_some(),
        cursor,
        digest: hasher.finish(),
    })
}

/// The `after` of a next link. The host is never taken from it.
fn cursor_of(uri: &str) -> Result<Option<String>> {
    let url = Url::parse("https://relative.invalid/")
        .and_then(|base| base.join(uri))
        .map_err(|_| Error::new(ErrorKind::Protocol, "the next link is no URL"))?;
    let after = url
        .query_pairs()
        .find(|(name, _)| name == "after")
        .map(|(_, value)| value.into_owned());
    Ok(after.filter(|after| !after.is_empty()))
}
