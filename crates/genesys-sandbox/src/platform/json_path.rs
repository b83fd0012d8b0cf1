//! The part of JSONPath that translation maps and match criteria use.

use serde_json::Value;

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(i64),
    Every,
    Below(String),
}

/// What a path found.
#[derive(Debug, PartialEq)]
pub(crate) enum Found {
    /// A definite path: the value, or nothing.
    One(Option<Value>),
    /// A path with a wildcard: every match, perhaps none.
    Many(Vec<Value>),
}

/// Every place that a path found, with its value.
#[derive(Debug)]
pub(crate) struct Matches<'a> {
    /// The path has no wildcard, so it finds one place at most.
    pub(crate) definite: bool,
    /// Places as paths without wildcards, such as `$['a'][0]`.
    pub(crate) places: Vec<(String, &'a Value)>,
}

/// Places that a path may find; nested descents multiply.
const PLACES: usize = 10_000;

/// Evaluates `$.a.b`, `['a']`, `[0]`, `[-1]`, `[*]`, `.*` and `..a`. `Err` names what is not supported: filters,
/// slices, functions, and more than 10,000 places.
pub(crate) fn find(path: &str, value: &Value) -> Result<Found, String> {
    let found = matches(path, value)?;
    let mut values = found.places.into_iter().map(|(_, value)| value.clone());
    Ok(if found.definite {
        Found::One(values.next())
    } else {
        Found::Many(values.collect())
    })
}

/// As [`find`], with the places.
pub(crate) fn matches<'a>(path: &str, value: &'a Value) -> Result<Matches<'a>, String> {
    let steps = parse(path)?;
    let definite = steps
        .iter()
        .all(|step| matches!(step, Step::Name(_) | Step::Index(_)));
    let mut places = vec![("$".to_owned(), value)];
    for step in &steps {
        places = places
            .into_iter()
            .flat_map(|(place, value)| take(step, &place, value))
            .take(PLACES + 1)
            .collect();
        if places.len() > PLACES {
            return Err(format!("the JSONPath {path} finds too much"));
        }
    }
    Ok(Matches { definite, places })
}

fn take<'a>(step: &Step, place: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    let member = |name: &str| {
        let found = value.get(name);
        found.map(|value| (format!("{place}['{name}']"), value))
    };
    match step {
        Step::Name(name) => member(name).into_iter().collect(),
        Step::Index(index) => {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let at = if *index < 0 { length + index } else { *index };
            let found = usize::try_from(at).ok().and_then(|at| items.get(at));
            found
                .map(|value| (format!("{place}[{at}]"), value))
                .into_iter()
                .collect()
        }
        Step::Every => children(place, value),
        Step::Below(name) => {
            let mut found: Vec<_> = member(name).into_iter().collect();
            found.extend(
                children(place, value)
                    .into_iter()
                    .flat_map(|(place, child)| take(step, &place, child)),
            );
            found
        }
    }
}

fn children<'a>(place: &str, value: &'a Value) -> Vec<(String, &'a Value)> {
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| (format!("{place}[{index}]"), item))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (format!("{place}['{name}']"), member))
            .collect(),
        _ => Vec::new(),
    }
}

fn parse(path: &str) -> Result<Vec<Step>, String> {
    let unsupported = || format!("the JSONPath {path} is not supported");
    let mut rest = path.trim().strip_prefix('$').ok_or_else(unsupported)?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let end = inner.find(']').ok_or_else(unsupported)?;
            let text = inner[..end].trim();
            let quoted = text.strip_prefix('\'').and_then(|t| t.strip_suffix('\''));
            let quoted =
                quoted.or_else(|| text.strip_prefix('"').and_then(|t| t.strip_suffix('"')));
            steps.push(match (quoted, text) {
                (Some(name), _) => Step::Name(name.to_owned()),
                (None, "*") => Step::Every,
                (None, number) => Step::Index(number.parse().map_err(|_| unsupported())?),
            });
            rest = &inner[end + 1..];
        } else if let Some(inner) = rest.strip_prefix('.') {
            let (below, inner) = match inner.strip_prefix('.') {
                Some(inner) => (true, inner),
                None => (false, inner),
            };
            let end = inner.find(['.', '[']).unwrap_or(inner.len());
            let name = &inner[..end];
            let plain = name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
            steps.push(match name {
                "*" if !below => Step::Every,
                "" => return Err(unsupported()),
                _ if !plain => return Err(unsupported()),
                _ if below => Step::Below(name.to_owned()),
                _ => Step::Name(name.to_owned()),
            });
            rest = &inner[end..];
        } else {
            return Err(unsupported());
        }
    }
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn definite_paths_give_one_value_and_wildcards_give_a_list() {
        let value = json!({"a": [{"b": 1}, {"b": 2}], "c d": null});
        assert_eq!(find("$.a[0].b", &value), Ok(Found::One(Some(json!(1)))));
        assert_eq!(find("$.a[-1].b", &value), Ok(Found::One(Some(json!(2)))));
        assert_eq!(find("$.a[9].b", &value), Ok(Found::One(None)));
        assert_eq!(find("$['c d']", &value), Ok(Found::One(Some(Value::Null))));
        assert_eq!(
            find("$.a[*].b", &value),
            Ok(Found::Many(vec![json!(1), json!(2)]))
        );
        assert_eq!(
            find("$..b", &value),
            Ok(Found::Many(vec![json!(1), json!(2)]))
        );
        assert_eq!(find("$.x[*]", &value), Ok(Found::Many(vec![])));
        assert_eq!(find("$", &value), Ok(Found::One(Some(value.clone()))));
    }

    #[test]
    fn places_are_paths_without_wildcards() {
        let value = json!({"a": [{"b": 1}, {"b": 2}]});
        for (path, places) in [
            ("$.a[-1].b", vec!["$['a'][1]['b']"]),
            ("$..b", vec!["$['a'][0]['b']", "$['a'][1]['b']"]),
            ("$.*", vec!["$['a']"]),
            ("$.c", vec![]),
        ] {
            let found = matches(path, &value).unwrap().places;
            let found: Vec<String> = found.into_iter().map(|(place, _)| place).collect();
            assert_eq!(found, places, "{path}");
        }
    }

    #[test]
    fn descents_that_multiply_are_cut_off() {
        let deep = (0..100).fold(json!(1), |value, _| json!({"a": value}));
        assert!(find("$..a", &deep).is_ok());
        assert!(find(&format!("${}", "..a".repeat(50)), &deep).is_err());
    }

    #[test]
    fn what_is_not_supported_is_said_and_not_guessed() {
        for path in [
            "a",
            "$.a[?(@.b == 1)]",
            "$.a[0:2]",
            "$.a.length()",
            "$.a[",
            "$.",
        ] {
            assert!(find(path, &json!({})).is_err(), "{path}");
        }
    }
}
