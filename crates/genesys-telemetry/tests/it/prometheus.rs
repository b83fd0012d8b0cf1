//! The exposition format, read back by a parser that knows only the format's rules.

use std::collections::{BTreeMap, BTreeSet};

use genesys_core::observe::Outcome;
use genesys_telemetry::Metrics;
use proptest::prelude::*;

use crate::metrics::{MS, everything, operation};

type Labels = BTreeMap<String, String>;

#[derive(Debug)]
struct Family {
    kind: String,
    samples: Vec<(String, Labels, f64)>,
}

fn is_name(text: &str) -> bool {
    let start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    text.starts_with(start) && text.chars().all(|c| start(c) || c.is_ascii_digit())
}

/// Parses the text or says which rule it breaks.
fn parse(text: &str) -> Result<BTreeMap<String, Family>, String> {
    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut current: Option<String> = None;
    let mut helped = BTreeSet::new();
    let mut series = BTreeSet::new();
    if !text.ends_with('\n') {
        return Err("the last line has no end".into());
    }
    for line in text.split_terminator('\n') {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, _) = rest.split_once(' ').ok_or("help without text")?;
            if !helped.insert(name.to_owned()) {
                return Err(format!("second help for {name}"));
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or("type without kind")?;
            if !is_name(name) || !["counter", "gauge", "summary"].contains(&kind) {
                return Err(format!("bad type line {line}"));
            }
            let family = Family {
                kind: kind.to_owned(),
                samples: Vec::new(),
            };
            if families.insert(name.to_owned(), family).is_some() {
                return Err(format!("{name} is not in one piece"));
            }
            current = Some(name.to_owned());
        } else {
            let (name, labels, value) = parse_sample(line)?;
            let family_name = current.clone().ok_or("a sample without type")?;
            let family = families
                .get_mut(&family_name)
                .ok_or("a sample without family")?;
            let suffix = name
                .strip_prefix(&family_name)
                .ok_or(format!("{name} outside its family"))?;
            let fits = match family.kind.as_str() {
                "counter" => suffix.is_empty() && name.ends_with("_total") && value >= 0.0,
                "gauge" => suffix.is_empty(),
                _ => match suffix {
                    "" => labels.contains_key("quantile"),
                    "_sum" | "_count" => !labels.contains_key("quantile"),
                    _ => false,
                },
            };
            if !fits || !value.is_finite() || !helped.contains(&family_name) {
                return Err(format!("bad sample {line}"));
            }
            if !series.insert((name.clone(), labels.clone())) {
                return Err(format!("doubled sample {line}"));
            }
            family.samples.push((name, labels, value));
        }
    }
    if families.values().any(|family| family.samples.is_empty()) {
        return Err("a family without samples".into());
    }
    Ok(families)
}

fn parse_sample(line: &str) -> Result<(String, Labels, f64), String> {
    let end = line.find(['{', ' ']).ok_or("a sample without value")?;
    let name = &line[..end];
    if !is_name(name) {
        return Err(format!("bad name {name}"));
    }
    let mut labels = Labels::new();
    let mut rest = &line[end..];
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").ok_or("a label without value")?;
            if !is_name(label) || label.contains(':') {
                return Err(format!("bad label {label}"));
            }
            let mut value = String::new();
            let mut chars = after.char_indices();
            let close = loop {
                match chars.next().ok_or("an open label")? {
                    (at, '"') => break at,
                    (_, '\\') => value.push(match chars.next() {
                        Some((_, '\\')) => '\\',
                        Some((_, '"')) => '"',
                        Some((_, 'n')) => '\n',
                        other => return Err(format!("bad escape {other:?}")),
                    }),
                    (_, c) => value.push(c),
                }
            };
            if labels.insert(label.to_owned(), value).is_some() {
                return Err(format!("doubled label {label}"));
            }
            rest = &after[close + 1..];
            if let Some(next) = rest.strip_prefix(',') {
                rest = next;
            } else {
                rest = rest.strip_prefix('}').ok_or("open labels")?;
                break;
            }
        }
    }
    let value = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let value = value.parse().map_err(|_| format!("bad value {value}"))?;
    Ok((name.to_owned(), labels, value))
}

fn value(
    families: &BTreeMap<String, Family>,
    family: &str,
    name: &str,
    labels: &[(&str, &str)],
) -> f64 {
    let labels: Labels = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let samples = &families[family].samples;
    samples
        .iter()
        .find(|sample| sample.0 == name && sample.1 == labels)
        .unwrap()
        .2
}

#[test]
fn the_parser_of_these_tests_refuses_what_the_format_forbids() {
    for bad in [
        "",
        "a_total 1\n",
        "# HELP a_total x\n# TYPE a_total counter\na_total 1",
        "# HELP a x\n# TYPE a counter\na 1\n",
        "# HELP a_total x\n# TYPE a_total counter\na_total NaN\n",
        "# HELP a_total x\n# TYPE a_total counter\na_total{b=\"c} 1\n",
        "# HELP a_total x\n# TYPE a_total counter\na_total 1\na_total 1\n",
        "# TYPE a_total counter\na_total 1\n",
    ] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn the_text_is_valid_and_in_seconds() {
    // errata EVR-34, EVR-35
    let families = parse(&everything().to_prometheus()).unwrap();
    let call = ("operation", "integrations.get");
    for (outcome, count) in [("success", 1.0), ("failure", 1.0), ("cancelled", 1.0)] {
        let family = "genesys_calls_total";
        assert_eq!(
            value(&families, family, family, &[call, ("outcome", outcome)]),
            count
        );
    }
    let duration = "genesys_call_duration_seconds";
    let success = ("outcome", "success");
    assert_eq!(
        value(
            &families,
            duration,
            duration,
            &[call, success, ("quantile", "1")]
        ),
        0.12
    );
    assert_eq!(
        value(
            &families,
            duration,
            "genesys_call_duration_seconds_sum",
            &[call, success]
        ),
        0.12
    );
    assert_eq!(
        value(
            &families,
            "genesys_call_wire_seconds",
            "genesys_call_wire_seconds_count",
            &[call]
        ),
        2.0
    );
    let answers = "genesys_call_answers_total";
    assert_eq!(
        value(&families, answers, answers, &[call, ("status", "429")]),
        1.0
    );
    let state = "genesys_breaker_state";
    let key = ("key", "api.example");
    assert_eq!(
        value(&families, state, state, &[key, ("state", "open")]),
        0.0
    );
    assert_eq!(
        value(&families, state, state, &[key, ("state", "half_open")]),
        1.0
    );
}

#[test]
fn the_text_is_valid_before_the_first_event_and_equal_for_equal_counts() {
    // errata EVR-34, ALL-31
    parse(&Metrics::new().to_prometheus()).unwrap();
    assert_eq!(everything().to_prometheus(), everything().to_prometheus());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_name_breaks_the_text(names in prop::collection::btree_set("[\\x00-\\x7f“\u{85}\u{2028}é\\\\\"\n]{0,20}", 1..6)) {
        let metrics = Metrics::new();
        for name in &names {
            operation(&metrics, name, Outcome::Success, MS);
        }
        let families = parse(&metrics.to_prometheus()).map_err(TestCaseError::fail)?;
        let seen: BTreeSet<_> =
            families["genesys_operations_total"].samples.iter().map(|sample| sample.1["operation"].clone()).collect();
        prop_assert_eq!(seen, names);
    }
}
