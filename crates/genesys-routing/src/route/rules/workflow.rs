//! Workflows.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde_json::Value;

use super::{Code, Findings};
use crate::route::criterion::{MatchCriterion, MatchOperator};
use crate::route::target::{DataFormat, WorkflowTarget};

const MIN_TTL: u64 = 10;
const DELAY: RangeInclusive<u64> = 60..=900;
const MAX_DESCRIPTION: usize = 512;
const MAX_ID: usize = 256;
const MAX_CRITERIA: usize = 100;
const MAX_PATH: usize = 1_024;

/// The target in the platform's own spelling.
pub(super) fn check(findings: &mut Findings, mut target: WorkflowTarget) -> Option<WorkflowTarget> {
    let before = findings.0.len();
    findings.text("/flowId", &target.flow_id, MAX_ID);
    match DataFormat::parse(&target.data_format) {
        Some(format) => format.as_str().clone_into(&mut target.data_format),
        None => findings.add(
            Code::UnknownValue,
            "/dataFormat",
            "must be Json or TopLevelPrimitives",
        ),
    }
    times(findings, target.time_to_live, target.delay);
    if let Some(text) = &target.description {
        // Several lines are allowed here, and so is nothing but the length.
        if text.chars().count() > MAX_DESCRIPTION {
            let message = format!("is longer than {MAX_DESCRIPTION} characters");
            findings.add(Code::TooLong, "/description", message);
        }
    }
    if target.description.as_deref().is_some_and(str::is_empty) {
        target.description = None;
    }
    if target.criteria.len() > MAX_CRITERIA {
        let message = format!("are more than {MAX_CRITERIA}");
        findings.add(Code::TooMany, "/matchCriteria", message);
        return None;
    }
    for (index, criterion) in target.criteria.iter_mut().enumerate() {
        check_criterion(findings, &format!("/matchCriteria/{index}"), criterion);
    }
    (findings.0.len() == before).then_some(target)
}

fn times(findings: &mut Findings, time_to_live: Option<Duration>, delay: Option<Duration>) {
    let (ttl_pointer, delay_pointer) = ("/eventTTLSeconds", "/delayBySeconds");
    if let Some(limit) = time_to_live {
        findings.require(
            limit.as_secs() >= MIN_TTL && limit.subsec_nanos() == 0,
            Code::Range,
            ttl_pointer,
            "must be 10 or more whole seconds",
        );
    }
    if let Some(delay) = delay {
        findings.require(
            DELAY.contains(&delay.as_secs()) && delay.subsec_nanos() == 0,
            Code::Range,
            delay_pointer,
            "must be 60 to 900 whole seconds",
        );
    }
    findings.require(
        time_to_live.is_none() || delay.is_none(),
        Code::Exclusive,
        delay_pointer,
        "excludes eventTTLSeconds; set one of them",
    );
}

fn check_criterion(findings: &mut Findings, pointer: &str, criterion: &mut MatchCriterion) {
    findings.text(
        &format!("{pointer}/jsonPath"),
        &criterion.json_path,
        MAX_PATH,
    );
    let Some(operator) = MatchOperator::parse(&criterion.operator) else {
        let words: Vec<&str> = MatchOperator::ALL.map(MatchOperator::as_str).to_vec();
        let message = format!("must be one of {}", words.join(", "));
        findings.add(Code::UnknownValue, format!("{pointer}/operator"), message);
        return;
    };
    operator.as_str().clone_into(&mut criterion.operator);
    let (value_at, values_at) = (format!("{pointer}/value"), format!("{pointer}/values"));
    match (&criterion.value, &criterion.values) {
        (Some(_), Some(_)) => {
            findings.add(
                Code::Exclusive,
                values_at,
                "excludes value; set one of them",
            );
        }
        (None, None) if operator.takes_list() => {
            findings.add(Code::Empty, values_at, format!("{operator} needs values"));
        }
        (None, None) => {
            findings.add(Code::Empty, value_at, format!("{operator} needs a value"));
        }
        (Some(_), None) if operator.takes_list() => {
            findings.add(Code::Format, value_at, format!("{operator} takes values"));
        }
        (None, Some(_)) if !operator.takes_list() => {
            findings.add(
                Code::Format,
                values_at,
                format!("{operator} takes one value"),
            );
        }
        (None, Some(values)) => {
            findings.require(!values.is_empty(), Code::Empty, &values_at, "is empty");
            for (index, value) in values.iter().enumerate() {
                let pointer = format!("{values_at}/{index}");
                findings.require(is_plain(value), Code::Format, &pointer, PLAIN);
            }
        }
        (Some(value), None) => {
            let (fits, message) = match operator {
                MatchOperator::Exists => (value.is_boolean(), "must be true or false"),
                MatchOperator::Size => (value.is_u64(), "must be a whole number, 0 or more"),
                MatchOperator::GreaterThan
                | MatchOperator::GreaterThanOrEqual
                | MatchOperator::LessThan
                | MatchOperator::LessThanOrEqual => (
                    value.is_number() || value.is_string(),
                    "must be a number or a text",
                ),
                _ => (is_plain(value) || value.is_null(), PLAIN),
            };
            findings.require(fits, Code::Format, &value_at, message);
        }
    }
}

const PLAIN: &str = "must be a text, a number, true or false";

fn is_plain(value: &Value) -> bool {
    value.is_string() || value.is_number() || value.is_boolean()
}
