//! One page over the wire.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::PageToken;
use crate::client::RequestBuilder;
use crate::decode;
use crate::error::{Error, ErrorKind, Result};

/// A page as it arrived.
pub(super) struct Fetched<T> {
    pub(super) items: Vec<T>,
    pub(super) first: bool,
    pub(super) token: Option<PageToken>,
    pub(super) number: Option<u64>,
    pub(super) page_count: Option<u64>,
    pub(super) total: Option<u64>,
    pub(super) has_next: bool,
    pub(super) next_cursor: Option<String>,
    /// Of the items' bytes, to notice a page that comes again.
    pub(super) digest: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    entities: &'a RawValue,
    #[serde(default)]
    page_number: Option<u64>,
    #[serde(default)]
    page_count: Option<u64>,
    #[serde(default)]
    total: Option<u64>,
    #[serde(default)]
    next_uri: Option<String>,
}

pub(super) async fn fetch<T: DeserializeOwned>(
    request: RequestBuilder,
    token: Option<PageToken>,
    page_size: u32,
) -> Result<Fetched<T>> {
    let request = request.query("pageSize", page_size);
    let request = match &token {
        Some(PageToken::Number(number)) => request.query("pageNumber", number),
        Some(PageToken::Cursor(after)) => request.query("after", after),
        None => request,
    };
    let first = matches!(token, None | Some(PageToken::Number(1)));
    let response = request.send().await?;
    let envelope: Envelope<'_> = response.json_borrowed()?;
    let raw = envelope.entities.get();
    let mut hasher = DefaultHasher::new();
    raw.hash(&mut hasher);
    let items = decode::from_slice(raw.as_bytes())
        .map_err(|why| response.error(ErrorKind::Decode, format!("{why}, in entities")))?;
    let next_cursor = envelope
        .next_uri
        .as_deref()
        .map(cursor_of)
        .transpose()?
        .flatten();
    Ok(Fetched {
        items,
        first,
        token,
        number: envelope.page_number,
        page_count: envelope.page_count,
        total: envelope.total,
        has_next: envelope.next_uri.is_some_and(|uri| !uri.is_empty()),
        next_cursor,
        digest: hasher.finish(),
    })
}

/// The `after` of a next link. A link without one ends the list, as an empty one does.
fn cursor_of(uri: &str) -> Result<Option<String>> {
    if uri.is_empty() {
        return Ok(None);
    }
    // A relative link is the rule; the host is never taken from it.
    let base = url::Url::parse("https://relative.invalid/")
        .and_then(|base| base.join(uri))
        .map_err(|_| Error::new(ErrorKind::Protocol, "the next link is no URL"))?;
    let after = base
        .query_pairs()
        .find(|(key, _)| key == "after")
        .map(|(_, value)| value.into_owned());
    Ok(after.filter(|after| !after.is_empty()))
}
