//! When an event starts a trigger: conditions on what JSONPaths find in it, all of which must hold.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::members::Members;
use crate::platform::json_path::{self, Matches};

/// The longest JSONPath in characters.
const PATH_LENGTH: usize = 1_024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    GreaterThanOrEqual,
    LessThanOrEqual,
    Equal,
    NotEqual,
    LessThan,
    GreaterThan,
    NotIn,
    In,
    Contains,
    All,
    Exists,
    Size,
}

impl Operator {
    /// The names in the contract, and how a JSONPath filter spells each.
    const ALL: [(Self, &'static str, &'static str); 12] = [
        (Self::GreaterThanOrEqual, "GreaterThanOrEqual", ">="),
        (Self::LessThanOrEqual, "LessThanOrEqual", "<="),
        (Self::Equal, "Equal", "=="),
        (Self::NotEqual, "NotEqual", "!="),
        (Self::LessThan, "LessThan", "<"),
        (Self::GreaterThan, "GreaterThan", ">"),
        (Self::NotIn, "NotIn", "nin"),
        (Self::In, "In", "in"),
        (Self::Contains, "Contains", "contains"),
        (Self::All, "All", "all"),
        (Self::Exists, "Exists", "exists"),
        (Self::Size, "Size", "size"),
    ];

    fn parse(name: &str) -> Option<Self> {
        let row = Self::ALL.iter().find(|(_, known, _)| *known == name);
        row.map(|(operator, _, _)| *operator)
    }

    fn symbol(self) -> &'static str {
        let row = Self::ALL.iter().find(|(operator, _, _)| *operator == self);
        row.map_or("", |(_, _, symbol)| symbol)
    }

    /// Compares with the list `values`; the others compare with `value`.
    fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn | Self::All)
    }

    /// The rule that `value` breaks, if any.
    fn refusal(self, value: &Value) -> Option<&'static str> {
        match self {
            Self::Exists if !value.is_boolean() => Some("must be true or false"),
            Self::Size if value.as_u64().is_none() => Some("must be a whole number"),
            Self::GreaterThanOrEqual
            | Self::LessThanOrEqual
            | Self::LessThan
            | Self::GreaterThan
                if !value.is_number() && !value.is_string() =>
            {
                Some("must be a number or a string")
            }
            _ => None,
        }
    }
}

/// One condition.
#[derive(Debug)]
pub(crate) struct Criterion {
    /// As it was sent, which is how it is shown.
    pub(crate) view: Value,
    path: String,
    operator: Operator,
    /// `value`, or `values` as an array.
    operand: Value,
}

/// Reads one element of `matchCriteria`.
pub(crate) fn read(members: &mut Members<'_>) -> Option<Criterion> {
    let path = read_path(members);
    let name = members.one_of("operator", &Operator::ALL.map(|(_, name, _)| name));
    let operator = name.and_then(Operator::parse)?;
    let (wanted, other) = if operator.takes_list() {
        ("values", "value")
    } else {
        ("value", "values")
    };
    if members.get(other).is_some() {
        members.problem("invalid.value", other, "does not belong to this operator");
    }
    let operand = members.required(wanted)?;
    let refusal = if operator.takes_list() {
        let empty = operand.as_array().is_none_or(Vec::is_empty);
        empty.then_some("must be an array that is not empty")
    } else {
        operator.refusal(operand)
    };
    if let Some(rule) = refusal {
        members.problem("invalid.value", wanted, rule);
    }
    let sent = path?;
    Some(Criterion {
        view: json!({"jsonPath": sent, "operator": name, wanted: operand}),
        path: rooted(sent),
        operator,
        operand: operand.clone(),
    })
}

fn read_path<'a>(members: &mut Members<'a>) -> Option<&'a str> {
    let path = members.text("jsonPath", PATH_LENGTH)?;
    if json_path::matches(&rooted(path), &Value::Null).is_err() {
        members.problem(
            "invalid.value",
            "jsonPath",
            "is not a JSONPath of names, indices and wildcards",
        );
        return None;
    }
    Some(path)
}

/// A path may leave out its root: `mediaType` is `$.mediaType`.
fn rooted(path: &str) -> String {
    if path.starts_with('$') {
        path.to_owned()
    } else if path.starts_with('[') {
        format!("${path}")
    } else {
        format!("$.{path}")
    }
}

impl Criterion {
    /// True when the event fulfils it.
    pub(crate) fn is_match(&self, event: &Value) -> bool {
        json_path::matches(&self.path, event).is_ok_and(|found| self.holds(&found))
    }

    /// What a dry run says of it.
    pub(crate) fn explain(&self, event: &Value) -> Value {
        let found = json_path::matches(&self.path, event).ok();
        let places = found.as_ref().map(|found| found.places.iter());
        let extraction: Vec<Value> = places
            .into_iter()
            .flatten()
            .map(|(path, value)| json!({"path": path, "value": value}))
            .collect();
        let mut view = self.view.clone();
        view["generatedJsonPathCondition"] = json!(format!(
            "$[?(@{} {} {})]",
            &self.path[1..],
            self.operator.symbol(),
            self.operand
        ));
        view["match"] = json!(found.is_some_and(|found| self.holds(&found)));
        view["jsonPathExtraction"] = Value::Array(extraction);
        view
    }

    /// A path with a wildcard finds a list: comparisons ask for one element of it that fulfils them, and `Contains`,
    /// `All` and `Size` take the list itself. `NotEqual` and `NotIn` are the opposites of `Equal` and `In`, so a
    /// path that finds nothing fulfils them.
    fn holds(&self, found: &Matches<'_>) -> bool {
        let any = |test: &dyn Fn(&Value) -> bool| found.places.iter().any(|(_, value)| test(value));
        let ordered = |wanted: &[Ordering]| {
            any(&|value| compare(value, &self.operand).is_some_and(|order| wanted.contains(&order)))
        };
        match self.operator {
            Operator::Exists => self.operand == json!(!found.places.is_empty()),
            Operator::Equal => any(&|value| is_equal(value, &self.operand)),
            Operator::NotEqual => !any(&|value| is_equal(value, &self.operand)),
            Operator::In => any(&|value| is_among(value, items(&self.operand))),
            Operator::NotIn => !any(&|value| is_among(value, items(&self.operand))),
            Operator::LessThan => ordered(&[Ordering::Less]),
            Operator::LessThanOrEqual => ordered(&[Ordering::Less, Ordering::Equal]),
            Operator::GreaterThan => ordered(&[Ordering::Greater]),
            Operator::GreaterThanOrEqual => ordered(&[Ordering::Greater, Ordering::Equal]),
            Operator::Contains => match (list(found), &self.operand) {
                (Some(list), wanted) => is_among(wanted, list),
                (None, Value::String(part)) => {
                    any(&|value| value.as_str().is_some_and(|text| text.contains(part)))
                }
                (None, _) => false,
            },
            Operator::All => list(found).is_some_and(|list| {
                items(&self.operand).all(|wanted| is_among(wanted, list.clone()))
            }),
            Operator::Size => {
                let length = match list(found) {
                    Some(list) => Some(list.count()),
                    None => found
                        .places
                        .first()
                        .and_then(|(_, value)| value.as_str())
                        .map(|text| text.chars().count()),
                };
                length.is_some_and(|length| self.operand.as_u64() == Some(length as u64))
            }
        }
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> + Clone {
    value.as_array().into_iter().flatten()
}

/// The list that a path found: the places of a wildcard, or the one array.
fn list<'a>(found: &'a Matches<'a>) -> Option<impl Iterator<Item = &'a Value> + Clone> {
    let places = if found.definite {
        None
    } else {
        Some(&found.places)
    };
    let array = found
        .places
        .first()
        .filter(|_| found.definite)
        .and_then(|(_, value)| value.as_array());
    (places.is_some() || array.is_some()).then(|| {
        let places = places.into_iter().flatten().map(|(_, value)| *value);
        places.chain(array.into_iter().flatten())
    })
}

fn is_among<'a>(value: &Value, mut list: impl Iterator<Item = &'a Value>) -> bool {
    list.any(|one| is_equal(one, value))
}

/// Numbers are equal by value, so `1` is `1.0`.
fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => compare(left, right) == Some(Ordering::Equal),
        _ => left == right,
    }
}

/// Numbers by value, texts by their characters; anything else has no order.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(a), Value::Number(b)) => match (a.as_i128(), b.as_i128()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(path: &str, operator: &str, operand: Value, event: &Value) -> bool {
        let list = Operator::parse(operator).unwrap().takes_list();
        let name = if list { "values" } else { "value" };
        let body = json!({"jsonPath": path, "operator": operator, name: operand});
        let mut members = Members::of(&body, &["jsonPath", "operator", "value", "values"]).unwrap();
        let criterion = read(&mut members);
        members.finish().unwrap();
        criterion.unwrap().is_match(event)
    }

    #[test]
    fn every_operator_holds_and_fails() {
        let event = json!({
            "mediaType": "VOICE", "wait": 30, "share": 0.5, "tags": ["a", "b"], "none": null,
            "parts": [{"role": "agent", "n": 1}, {"role": "customer", "n": 2}],
        });
        let cases = [
            ("mediaType", "Equal", json!("VOICE"), json!("voice")),
            ("wait", "Equal", json!(30.0), json!("30")),
            ("mediaType", "NotEqual", json!("CHAT"), json!("VOICE")),
            ("wait", "LessThan", json!(30.5), json!(30)),
            ("wait", "LessThanOrEqual", json!(30), json!(29)),
            ("wait", "GreaterThan", json!(29), json!(30)),
            ("share", "GreaterThanOrEqual", json!(0.5), json!(0.6)),
            ("mediaType", "LessThan", json!("VOICF"), json!(5)),
            ("mediaType", "In", json!(["CHAT", "VOICE"]), json!(["CHAT"])),
            ("mediaType", "NotIn", json!(["CHAT"]), json!(["VOICE"])),
            ("mediaType", "Contains", json!("OIC"), json!("CHAT")),
            ("tags", "Contains", json!("a"), json!("c")),
            ("parts[*].role", "Contains", json!("agent"), json!("age")),
            ("tags", "All", json!(["b", "a"]), json!(["a", "c"])),
            ("parts[*].n", "All", json!([1, 2]), json!([3])),
            ("tags", "Size", json!(2), json!(1)),
            ("mediaType", "Size", json!(5), json!(4)),
            ("$..role", "Size", json!(2), json!(3)),
            ("none", "Exists", json!(true), json!(false)),
            ("missing", "Exists", json!(false), json!(true)),
            ("parts[*].n", "GreaterThan", json!(1), json!(2)),
            ("['mediaType']", "Equal", json!("VOICE"), json!("x")),
        ];
        for (path, operator, right, wrong) in cases {
            assert!(
                holds(path, operator, right.clone(), &event),
                "{path} {operator} {right}"
            );
            assert!(
                !holds(path, operator, wrong.clone(), &event),
                "{path} {operator} {wrong}"
            );
        }
    }

    #[test]
    fn nothing_found_fulfils_only_the_opposites() {
        let event = json!({});
        for (operator, operand, expected) in [
            ("Equal", json!(1), false),
            ("NotEqual", json!(1), true),
            ("In", json!([1]), false),
            ("NotIn", json!([1]), true),
            ("LessThan", json!(1), false),
            ("Contains", json!("a"), false),
            ("All", json!(["a"]), false),
            ("Size", json!(0), false),
        ] {
            assert_eq!(
                holds("missing", operator, operand, &event),
                expected,
                "{operator}"
            );
        }
    }
}
