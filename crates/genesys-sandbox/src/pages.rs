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
    numbered_by(path, params, LARGEST_PAGE, items, Value::clone)
}

/// As [`numbered`], with pages of `largest` items at most, of which only those shown are made by `view`.
pub(crate) fn numbered_by<T>(
    path: &str,
    params: &Params,
    largest: usize,
    items: &[T],
    view: impl Fn(&T) -> Value,
) -> Result<Value, ApiError> {
    let place = Place::of(params, largest)?;
    let count = items.len().div_ceil(place.size);
    let mut page = place.page(path, params, items, view);
    page["total"] = json!(items.len());
    page["pageCount"] = json!(count);
    page["lastUri"] = json!(place.uri(path, params, count.max(1)));
    Ok(page)
}

/// As [`numbered_by`], without totals: the end shows in a missing next link.
pub(crate) fn uncounted<T>(
    path: &str,
    params: &Params,
    items: &[T],
    view: impl Fn(&T) -> Value,
) -> Result<Value, ApiError> {
    let place = Place::of(params, LARGEST_PAGE)?;
    Ok(place.page(path, params, items, view))
}

/// The page that is asked for.
struct Place {
    size: usize,
    number: usize,
}

impl Place {
    fn of(params: &Params, largest: usize) -> Result<Self, ApiError> {
        let size = params.number("pageSize", DEFAULT_SIZE, 1..=largest)?;
        for name in ["nextPage", "previousPage"] {
            if params.get(name).is_some() {
                return Err(invalid_param(name, "is not a token that this server gave"));
            }
        }
        let number = params.number("pageNumber", 1, 1..=LAST_NUMBER)?;
        Ok(Self { size, number })
    }

    fn uri(&self, path: &str, params: &Params, number: usize) -> String {
        let own = [
            ("pageSize", self.size.to_string()),
            ("pageNumber", number.to_string()),
        ];
        link(path, params, &own)
    }

    fn page<T>(
        &self,
        path: &str,
        params: &Params,
        items: &[T],
        view: impl Fn(&T) -> Value,
    ) -> Value {
        let start = (self.number - 1).saturating_mul(self.size).min(items.len());
        let end = start.saturating_add(self.size).min(items.len());
        let shown: Vec<Value> = items[start..end].iter().map(view).collect();
        let mut page = json!({
            "entities": shown,
            "pageSize": self.size,
            "pageNumber": self.number,
            "selfUri": self.uri(path, params, self.number),
            "firstUri": self.uri(path, params, 1),
        });
        if end < items.len() {
            page["nextUri"] = json!(self.uri(path, params, self.number + 1));
        }
        if self.number > 1 {
            page["previousUri"] = json!(self.uri(path, params, self.number - 1));
        }
        page
    }
}

/// True when a name is like a filter, whose `*` stands for any text at either end. Letters of either case are alike.
pub(crate) fn is_like(name: &str, pattern: &str) -> bool {
    let (name, pattern) = (name.to_lowercase(), pattern.to_lowercase());
    let (open_start, rest) = match pattern.strip_prefix('*') {
        Some(rest) => (true, rest),
        None => (false, pattern.as_str()),
    };
    match (open_start, rest.strip_suffix('*')) {
        (true, Some(inner)) => name.contains(inner),
        (true, None) => name.ends_with(rest),
        (false, Some(start)) => name.starts_with(start),
        (false, None) => name == rest,
    }
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
