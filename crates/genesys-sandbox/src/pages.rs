//! Numbered pages, with totals and links.

use serde_json::{Value, json};

use crate::api_error::ApiError;
use crate::input::{Params, invalid_param};

const DEFAULT_SIZE: usize = 25;
/// The largest page of integrations, actions and their like.
const LARGEST_PAGE: usize = 100;
/// Page numbers beyond this cannot hold anything and only risk overflow.
const LAST_NUMBER: usize = 1_000_000;

/// One numbered page of `items`, with links. A number past the end gives an empty page.
///
/// Links are by number; the contract's `nextPage` and `previousPage` tokens are given by nobody and so refused.
pub(crate) fn numbered(path: &str, params: &Params, items: &[Value]) -> Result<Value, ApiError> {
    let size = params.number("pageSize", DEFAULT_SIZE, 1..=LARGEST_PAGE)?;
    for name in ["nextPage", "previousPage"] {
        if params.get(name).is_some() {
            return Err(invalid_param(name, "is not a token that this server gave"));
        }
    }
    let number = params.number("pageNumber", 1, 1..=LAST_NUMBER)?;
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

/// A link to another page of the same list.
pub(crate) fn link(path: &str, params: &Params, own: &[(&str, String)]) -> String {
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
