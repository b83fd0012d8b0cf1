//! How deep a document nests.

use serde_json::Value;

/// The largest limit: looking needs a frame a level.
pub(super) const MOST: usize = 1_000;

/// True when `value` nests deeper than `limit` levels, or than [`MOST`]. Needs no more stack than that, whatever the depth.
pub(super) fn deeper_than(value: &Value, limit: usize) -> bool {
    let left = limit.min(MOST);
    match value {
        Value::Array(items) => items.iter().any(|item| is_beyond(item, left)),
        Value::Object(members) => members.values().any(|item| is_beyond(item, left)),
        _ => false,
    }
}

/// True when `value`, one level down, is one too many or holds one.
fn is_beyond(value: &Value, left: usize) -> bool {
    let nests = value.is_array() || value.is_object();
    nests && (left == 0 || deeper_than(value, left - 1))
}
