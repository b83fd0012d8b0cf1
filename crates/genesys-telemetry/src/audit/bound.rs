//! Keeps one entry small, and counts what that cost.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

/// Bytes that one of an entry's own strings may have.
pub(super) const TEXT_LIMIT: usize = 1024;
/// Bytes that an error's text may have.
pub(super) const MESSAGE_LIMIT: usize = 4096;
/// Bytes that all attributes of an entry may have unless somebody says otherwise.
pub(super) const ATTRIBUTE_LIMIT: usize = 8 * 1024;
/// Levels of nesting within an attribute. JSON readers commonly stop at 128.
const DEPTH_LIMIT: usize = 32;
/// Ends a shortened string.
const ELLIPSIS: char = '…';

/// Shortens the parts of one entry.
#[derive(Debug)]
pub(super) struct Bound {
    budget: usize,
    cut: u64,
}

impl Bound {
    pub(super) fn new(attribute_limit: usize) -> Self {
        Self {
            budget: attribute_limit,
            cut: 0,
        }
    }

    /// Values that were shortened or left out so far.
    pub(super) fn cut(&self) -> u64 {
        self.cut
    }

    pub(super) fn text(&mut self, text: String) -> String {
        self.shorten(text, TEXT_LIMIT)
    }

    pub(super) fn message(&mut self, text: String) -> String {
        self.shorten(text, MESSAGE_LIMIT)
    }

    pub(super) fn borrowed(&mut self, text: &'static str) -> Cow<'static, str> {
        if text.len() <= TEXT_LIMIT {
            Cow::Borrowed(text)
        } else {
            Cow::Owned(self.text(text.to_owned()))
        }
    }

    /// The attributes, in key order, as far as the budget goes.
    pub(super) fn attributes(
        &mut self,
        attributes: BTreeMap<String, Value>,
    ) -> BTreeMap<String, Value> {
        let fits = attributes.iter().try_fold(0_usize, |sum, (key, value)| {
            let sum = sum
                .saturating_add(key_weight(key))
                .saturating_add(weight(value, 1)?);
            (sum <= self.budget).then_some(sum)
        });
        if fits.is_some() {
            return attributes;
        }
        self.members(attributes, 1).collect()
    }

    fn members<'a>(
        &'a mut self,
        members: impl IntoIterator<Item = (String, Value)> + 'a,
        depth: usize,
    ) -> impl Iterator<Item = (String, Value)> + 'a {
        members.into_iter().filter_map(move |(key, value)| {
            if !self.spend(key_weight(&key)) {
                return None;
            }
            Some((key, self.value(value, depth)?))
        })
    }

    fn value(&mut self, value: Value, depth: usize) -> Option<Value> {
        match value {
            Value::String(text) => {
                let limit = self.budget.checked_sub(string_weight(""));
                match limit {
                    Some(limit) if limit > ELLIPSIS.len_utf8() => {
                        let text = self.shorten(text, limit);
                        self.budget = self.budget.saturating_sub(string_weight(&text));
                        Some(Value::String(text))
                    }
                    _ => self.drop_one(),
                }
            }
            Value::Array(_) | Value::Object(_) if depth >= DEPTH_LIMIT => self.drop_one(),
            Value::Array(items) => {
                if !self.spend(PUNCTUATION) {
                    return None;
                }
                let items = items
                    .into_iter()
                    .filter_map(|item| self.value(item, depth + 1))
                    .collect();
                Some(Value::Array(items))
            }
            Value::Object(members) => {
                if !self.spend(PUNCTUATION) {
                    return None;
                }
                // Sorted first, so that equal input keeps the same members whatever order the map has.
                let sorted: BTreeMap<String, Value> = members.into_iter().collect();
                let members = self.members(sorted, depth + 1).collect();
                Some(Value::Object(members))
            }
            scalar => self.spend(SCALAR).then_some(scalar),
        }
    }

    fn drop_one(&mut self) -> Option<Value> {
        self.cut += 1;
        None
    }

    fn spend(&mut self, weight: usize) -> bool {
        match self.budget.checked_sub(weight) {
            Some(rest) => {
                self.budget = rest;
                true
            }
            None => {
                self.cut += 1;
                false
            }
        }
    }

    fn shorten(&mut self, mut text: String, limit: usize) -> String {
        if text.len() <= limit {
            return text;
        }
        self.cut += 1;
        let mut end = limit.saturating_sub(ELLIPSIS.len_utf8());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push(ELLIPSIS);
        // What was cut must not stay allocated while the entry waits.
        text.shrink_to_fit();
        text
    }
}

/// The longest number, with its comma.
const SCALAR: usize = 25;
/// Two brackets and a comma, or two quotes and a comma.
const PUNCTUATION: usize = 3;

fn key_weight(key: &str) -> usize {
    key.len() + PUNCTUATION
}

fn string_weight(text: &str) -> usize {
    text.len() + PUNCTUATION
}

/// How much of the budget a value takes; none when it is nested too deeply.
fn weight(value: &Value, depth: usize) -> Option<usize> {
    match value {
        Value::String(text) => Some(string_weight(text)),
        Value::Array(_) | Value::Object(_) if depth >= DEPTH_LIMIT => None,
        Value::Array(items) => items.iter().try_fold(PUNCTUATION, |sum, item| {
            Some(sum.saturating_add(weight(item, depth + 1)?))
        }),
        Value::Object(members) => members.iter().try_fold(PUNCTUATION, |sum, (key, value)| {
            Some(
                sum.saturating_add(key_weight(key))
                    .saturating_add(weight(value, depth + 1)?),
            )
        }),
        _ => Some(SCALAR),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn total(attributes: &BTreeMap<String, Value>) -> usize {
        attributes
            .iter()
            .map(|(key, value)| key_weight(key) + weight(value, 1).unwrap())
            .sum()
    }

    #[test]
    fn what_fits_is_untouched() {
        let attributes: BTreeMap<_, _> = [("a".to_owned(), json!({"b": [1, "two", null]}))].into();
        let mut bound = Bound::new(200);
        assert_eq!(bound.attributes(attributes.clone()), attributes);
        assert_eq!(bound.cut(), 0);
    }

    #[test]
    fn a_long_string_is_cut_at_a_character_and_says_so() {
        let mut bound = Bound::new(0);
        let text = bound.text("é".repeat(TEXT_LIMIT));
        assert!(text.len() <= TEXT_LIMIT);
        assert!(text.ends_with("é…"));
        assert_eq!(bound.cut(), 1);
    }

    #[test]
    fn nesting_is_cut_where_readers_would_stop() {
        let mut value = json!(1);
        for _ in 0..200 {
            value = json!([value]);
        }
        let mut bound = Bound::new(100_000);
        let kept = bound.attributes([("deep".to_owned(), value)].into());
        assert_eq!(bound.cut(), 1);
        let text = serde_json::to_string(&kept).unwrap();
        assert!(serde_json::from_str::<Value>(&text).is_ok());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::btree_map(".{0,8}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_budget_holds_for_any_attributes(
            attributes in prop::collection::btree_map(".{0,12}", any_json(), 0..8),
            limit in 0_usize..400,
        ) {
            let before = total(&attributes);
            let mut bound = Bound::new(limit);
            let kept = bound.attributes(attributes.clone());
            prop_assert!(total(&kept) <= limit);
            prop_assert_eq!(bound.cut() == 0, before <= limit);
            if before <= limit {
                prop_assert_eq!(kept, attributes);
            }
        }
    }
}
