//! The two kinds of pages: numbered ones with totals, and cursor pages without.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::input::{Params, invalid_param};

const DEFAULT_SIZE: usize = 25;
/// The largest page of integrations, actions and their like.
pub(crate) const LARGEST_PAGE: usize = 100;
/// The largest cursor page.
const LARGEST_CURSOR_PAGE: usize = 200;
/// Page numbers beyond this cannot hold anything and only risk overflow.
const LAST_NUMBER: usize = 1_000_000;

/// One numbered page of `items`, with links. A number past the end gives an empty page.
///
/// `nextPage` and `previousPage` are tokens that stand for a page number, as the integrations collection has them.
pub(crate) fn numbered(path: &str, params: &Params, items: &[Value]) -> Result<Value, ApiError> {
    let size = params.number("pageSize", DEFAULT_SIZE, 1..=LARGEST_PAGE)?;
    let token = params.get("nextPage").map(|token| ("nextPage", token));
    let number = match token.or_else(|| {
        params
            .get("previousPage")
            .map(|token| ("previousPage", token))
    }) {
        Some((name, token)) => {
            read_token(token, "page").ok_or_else(|| invalid_param(name, "is not a page token"))?
        }
        None => params.number("pageNumber", 1, 1..=LAST_NUMBER)?,
    };
    let count = items.len().div_ceil(size);
    let uri = |number: usize| {
        link(
            path,
            params,
            &[
                ("pageSize", size.to_string()),
                ("pageNumber", number.to_string()),
            ],
        )
    };
    let start = number
        .saturating_sub(1)
        .saturating_mul(size)
        .min(items.len());
    let end = start.saturating_add(size).min(items.len());
    let mut page = json!({
        "entities": items[start..end],
        "pageSize": size,
        "pageNumber": number,
        "total": items.len(),
        "pageCount": count,
        "selfUri": uri(number),
        "firstUri": uri(1),
        "lastUri": uri(count.max(1)),
    });
    if number < count {
        page["nextUri"] = json!(uri(number + 1));
    }
    if number > 1 {
        page["previousUri"] = json!(uri(number - 1));
    }
    Ok(page)
}

/// One cursor page. The cursor names the item to go on after (or before), so items that are created or deleted in
/// between neither repeat nor hide others.
pub(crate) fn cursor(
    path: &str,
    params: &Params,
    items: &[(u64, Value)],
) -> Result<Value, ApiError> {
    let size = params.number("pageSize", DEFAULT_SIZE, 1..=LARGEST_CURSOR_PAGE)?;
    let read = |name| {
        params
            .get(name)
            .map(|token| {
                read_token(token, "item")
                    .map(|key| key as u64)
                    .ok_or_else(|| invalid_param(name, "is not a cursor"))
            })
            .transpose()
    };
    let (start, end) = match (read("after")?, read("before")?) {
        (Some(_), Some(_)) => {
            return Err(invalid_param(
                "before",
                "cannot be given together with after",
            ));
        }
        (Some(after), None) => {
            let start = items.partition_point(|(key, _)| *key <= after);
            (start, start.saturating_add(size).min(items.len()))
        }
        (None, Some(before)) => {
            let end = items.partition_point(|(key, _)| *key < before);
            (end.saturating_sub(size), end)
        }
        (None, None) => (0, size.min(items.len())),
    };
    let shown = &items[start..end];
    let uri = |name: &str, key: u64| {
        link(
            path,
            params,
            &[("pageSize", size.to_string()), (name, token("item", key))],
        )
    };
    let mut page = json!({"entities": shown.iter().map(|(_, item)| item).collect::<Vec<_>>(), "selfUri": path});
    if let Some((last, _)) = shown.last().filter(|_| end < items.len()) {
        page["nextUri"] = json!(uri("after", *last));
    }
    if let Some((first, _)) = shown.first().filter(|_| start > 0) {
        page["previousUri"] = json!(uri("before", *first));
    }
    Ok(page)
}

fn link(path: &str, params: &Params, own: &[(&str, String)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(own.iter().map(|(name, value)| (*name, value.as_str())));
    query.extend_pairs(params.without(&[
        "pageSize",
        "pageNumber",
        "nextPage",
        "previousPage",
        "before",
        "after",
    ]));
    format!("{path}?{}", query.finish())
}

fn token(kind: &str, key: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("{kind}:{key}"))
}

fn read_token(token: &str, kind: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix(kind)?.strip_prefix(':')?.parse().ok()
}
