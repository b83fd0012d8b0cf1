use endpoint_probe::{ResponseShape, ShapeMismatch};
use proptest::prelude::*;
use serde_json::{Value, json};

fn shape(body: &Value) -> ResponseShape {
    serde_json::from_value(body.clone()).unwrap()
}

fn differences(primary: &Value, standby: &Value) -> Vec<String> {
    let found = shape(primary).differences(&shape(standby));
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn values_do_not_count_and_types_do() {
    let none: [&str; 0] = [];
    assert_eq!(
        differences(&json!({"a": 1, "b": "x"}), &json!({"b": "", "a": 2.5})),
        none
    );
    assert_eq!(
        differences(&json!({"a": 1}), &json!({"a": "1"})),
        ["/a is string, not number"]
    );
    assert_eq!(
        differences(&json!([1]), &json!({"0": 1})),
        ["the body is object, not array",]
    );
}

#[test]
fn a_missing_member_is_told_once_without_what_is_below_it() {
    let primary = json!({"a": {"b": {"c": 1}}, "d": 1});
    assert_eq!(differences(&primary, &json!({"d": 1})), ["/a is missing"]);
    assert_eq!(differences(&json!({"d": 1}), &primary), ["/a is new"]);
    assert_eq!(
        differences(&primary, &json!({"d": 1, "a": "text"})),
        ["/a is string, not object"]
    );
}

#[test]
fn null_and_empty_arrays_say_nothing() {
    let none: [&str; 0] = [];
    let full = json!({"next": {"page": 2}, "items": [{"id": "a"}]});
    assert_eq!(
        differences(&full, &json!({"next": null, "items": []})),
        none
    );
    assert_eq!(
        differences(&json!({"next": null, "items": []}), &full),
        none
    );
}

#[test]
fn the_elements_of_an_array_are_taken_together() {
    let primary = json!([{"a": 1, "tags": []}, {"b": "x", "tags": ["t"]}]);
    let none: [&str; 0] = [];
    assert_eq!(
        differences(&primary, &json!([{"b": "y", "a": 3, "tags": ["u"]}])),
        none
    );
    let other = json!([{"b": 1, "a": 3, "tags": [7]}]);
    assert_eq!(
        differences(&primary, &other),
        [
            "/*/b is number, not string",
            "/*/tags/* is number, not string"
        ]
    );
}

#[test]
fn names_with_slashes_and_stars_are_told_from_paths() {
    let none: [&str; 0] = [];
    let odd = json!({"a/b": 1, "a": {"b": "x"}, "*": 1, "~": true});
    assert_eq!(differences(&odd, &odd), none);
    let found = shape(&odd).differences(&shape(&json!({"a": {"b": "x"}})));
    let paths: Vec<_> = found.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["/a~1b", "/~0", "/~2"]);
    assert!(
        found
            .iter()
            .all(|one| one.mismatch == ShapeMismatch::Missing)
    );
}

#[test]
fn a_body_of_any_size_gives_a_bounded_shape() {
    let names = |range: std::ops::Range<u32>| -> Value {
        range
            .map(|index| (format!("m{index}"), json!(1)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let huge = shape(&names(0..100_000));
    assert!(format!("{huge:?}").len() < 4096 * 40);
    // What does not fit is not told as missing.
    assert!(huge.differences(&shape(&names(0..10))).is_empty());
    let long = shape(&json!({"x".repeat(1_000_000): {"y": 1}}));
    assert!(format!("{long:?}").len() < 1000);
    let deep = "[".repeat(100) + &"]".repeat(100);
    assert!(serde_json::from_str::<ResponseShape>(&deep).is_ok());
    assert!(serde_json::from_str::<ResponseShape>("{\"a\": 1").is_err());
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z/~*]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-c/~*]{0,2}", inner, 0..4).prop_map(|members| members
                .into_iter()
                .collect::<serde_json::Map<_, _>>()
                .into()),
        ]
    })
}

/// Every member's path and type, by a walk of its own.
fn walk(value: &Value, path: &str, into: &mut Vec<(String, &'static str)>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    into.push((path.to_owned(), kind));
    match value {
        Value::Array(elements) => elements
            .iter()
            .for_each(|element| walk(element, &format!("{path}/*"), into)),
        Value::Object(members) => {
            for (name, member) in members {
                let name = match name.as_str() {
                    "*" => "~2".to_owned(),
                    name => name.replace('~', "~0").replace('/', "~1"),
                };
                walk(member, &format!("{path}/{name}"), into);
            }
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn differences_are_those_of_the_members(one in value(), other in value()) {
        let found = shape(&one).differences(&shape(&other));
        let (mut left, mut right) = (Vec::new(), Vec::new());
        walk(&one, "", &mut left);
        walk(&other, "", &mut right);
        let has = |list: &[(String, &str)], path: &str| list.iter().any(|(member, _)| member == path);
        for difference in &found {
            match &difference.mismatch {
                ShapeMismatch::Missing => {
                    prop_assert!(has(&left, &difference.path) && !has(&right, &difference.path));
                }
                ShapeMismatch::New => {
                    prop_assert!(!has(&left, &difference.path) && has(&right, &difference.path));
                }
                ShapeMismatch::Type { primary, standby } => {
                    prop_assert_ne!(primary, standby);
                    prop_assert!(has(&left, &difference.path) && has(&right, &difference.path));
                }
                other => prop_assert!(false, "{:?}", other),
            }
        }
        // The body itself: told exactly when the two have different types, none of them null.
        let (top, bottom) = (left[0].1, right[0].1);
        let differ = top != bottom && top != "null" && bottom != "null";
        prop_assert_eq!(found.iter().any(|one| one.path.is_empty()), differ);
        // The other way round the same members differ.
        let back = shape(&other).differences(&shape(&one));
        let paths = |list: &[endpoint_probe::ShapeDifference]| {
            list.iter().map(|one| one.path.clone()).collect::<Vec<_>>()
        };
        prop_assert_eq!(paths(&found), paths(&back));
        prop_assert!(shape(&one).differences(&shape(&one)).is_empty());
    }
}
