//! How deep a document nests.

use serde_json::Value;

/// True when `value` nests deeper than `limit` levels. Needs no stack, whatever the depth.
pub(super) fn deeper_than(value: &Value, limit: usize) -> bool {
    let mut level: Vec<&Value> = vec![value];
    for _ in 0..=limit {
        let mut next = Vec::new();
        for value in level {
            match value {
                Value::Array(items) => next.extend(items.iter().filter(|item| nests(item))),
                Value::Object(members) => {
                    next.extend(members.values().filter(|item| nests(item)));
                }
                _ => {}
            }
        }
        if next.is_empty() {
            return false;
        }
        level = next;
    }
    true
}

fn nests(value: &Value) -> bool {
    value.is_array() || value.is_object()
}
