//! The part of JSONPath that translation maps use.

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

/// Evaluates `$.a.b`, `['a']`, `[0]`, `[-1]`, `[*]`, `.*` and `..a`. `Err` names what is not supported: filters,
/// slices, functions.
pub(crate) fn find(path: &str, value: &Value) -> Result<Found, String> {
    let steps = parse(path)?;
    let definite = steps
        .iter()
        .all(|step| matches!(step, Step::Name(_) | Step::Index(_)));
    let mut found = vec![value];
    for step in &steps {
        found = found
            .into_iter()
            .flat_map(|value| take(step, value))
            .collect();
    }
    let mut found = found.into_iter().cloned();
    Ok(if definite {
        Found::One(found.next())
    } else {
        Found::Many(found.collect())
    })
}

fn take<'a>(step: &Step, value: &'a Value) -> Vec<&'a Value> {
    match step {
        Step::Name(name) => value.get(name).into_iter().collect(),
        Step::Index(index) => {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let at = if *index < 0 { length + index } else { *index };
            usize::try_from(at)
                .ok()
                .and_then(|at| items.get(at))
                .into_iter()
                .collect()
        }
        Step::Every => children(value),
        Step::Below(name) => {
            let mut found: Vec<&Value> = value.get(name).into_iter().collect();
            found.extend(
                children(value)
                    .into_iter()
                    .flat_map(|child| take(step, child)),
            );
            found
        }
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
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
