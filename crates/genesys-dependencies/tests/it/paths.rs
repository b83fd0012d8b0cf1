//! Properties of path patterns.

use genesys_dependencies::FieldPath;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Any document, of bounded depth.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-c]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c]|x y", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every place and value that the pattern's steps lead to, step by step and by definition.
fn by_definition<'a>(steps: &[&str], value: &'a Value) -> Vec<&'a Value> {
    let Some((step, rest)) = steps.split_first() else {
        return vec![value];
    };
    let next: Vec<&Value> = match (*step, value) {
        ("[]", Value::Array(elements)) => elements.iter().collect(),
        ("*", Value::Object(members)) => members.values().collect(),
        (name, Value::Object(members)) if name != "[]" => members.get(name).into_iter().collect(),
        _ => Vec::new(),
    };
    next.into_iter()
        .filter(|value| !value.is_null())
        .flat_map(|value| by_definition(rest, value))
        .collect()
}

/// The value at a place that a match told.
fn at<'a>(place: &str, document: &'a Value) -> Option<&'a Value> {
    let mut value = document;
    let mut rest = place;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, after) = inner.split_once(']')?;
            value = match step.strip_prefix('"') {
                Some(quoted) => value.get(quoted.strip_suffix('"')?)?,
                None => value.get(step.parse::<usize>().ok()?)?,
            };
            rest = after;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            value = value.get(&rest[..end])?;
            rest = &rest[end..];
        }
    }
    Some(value)
}

proptest! {
    #[test]
    fn a_pattern_finds_what_its_steps_lead_to_and_each_place_leads_back(
        document in document(),
        steps in prop::collection::vec(prop_oneof!["[a-c]", Just("*".to_owned()), Just("[]".to_owned())], 1..6),
    ) {
        let first = steps.iter().position(|step| step != "[]").unwrap_or(steps.len());
        let steps: Vec<&str> = steps[first..].iter().map(String::as_str).collect();
        prop_assume!(!steps.is_empty());
        let text = steps.join(".").replace(".[]", "[]");
        let path: FieldPath = text.parse().unwrap();
        prop_assert_eq!(path.to_string(), text);

        let found = path.find(&document);
        let values: Vec<&Value> = found.matches.iter().map(|one| one.value).collect();
        prop_assert_eq!(values, by_definition(&steps, &document));
        for one in &found.matches {
            prop_assert_eq!(at(&one.place, &document), Some(one.value), "{}", one.place);
        }
        for place in &found.mismatches {
            prop_assert!(at(place, &document).is_some_and(|value| !value.is_null()), "{}", place);
        }
    }

    #[test]
    fn no_text_makes_parsing_panic(text in ".{0,80}") {
        if let Ok(path) = text.parse::<FieldPath>() {
            prop_assert_eq!(path.as_str(), text);
            let document = json!({"a": [1]});
            let matches = path.find(&document).matches.len();
            prop_assert!(matches <= 1);
        }
    }
}

#[test]
fn depth_costs_no_stack() {
    // As deep as a document can be read, and a pattern that goes all the way.
    let document = (0..100).fold(json!("end"), |inner, _| json!({"a": inner}));
    let path: FieldPath = vec!["a"; 100].join(".").parse().unwrap();
    assert_eq!(path.find(&document).matches[0].value, "end");
}
