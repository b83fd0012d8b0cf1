//! Cursor pages, without totals.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::input::{Params, invalid_param};
use crate::pages::link;

const DEFAULT_SIZE: usize = 25;
/// The largest page.
const LARGEST_PAGE: usize = 200;

/// One cursor page. The cursor names the item to go on after (or before), so items that are created or deleted in
/// between neither repeat nor hide others.
pub(crate) fn page(path: &str, params: &Params, items: &[(u64, Value)]) -> Result<Value, ApiError> {
    let size = params.number("pageSize", DEFAULT_SIZE, 1..=LARGEST_PAGE)?;
    let read = |name| {
        params
            .get(name)
            .map(|token| read_token(token).ok_or_else(|| invalid_param(name, "is not a cursor")))
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
            &[("pageSize", size.to_string()), (name, token(key))],
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

fn token(key: u64) -> String {
    URL_SAFE_NO_PAD.encode(format!("item:{key}"))
}

fn read_token(token: &str) -> Option<u64> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    text.strip_prefix("item:")?.parse().ok()
}
