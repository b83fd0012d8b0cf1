//! What an outbound integration may hold: every rule, and every violation in one refusal.

use std::collections::HashSet;

use http::{HeaderMap, header};
use serde_json::Value;
use url::Url;

use crate::api_error::ApiError;
use crate::guide::headers;
use crate::guide::webhooks::EVENTS;
use crate::members::Members;
use crate::store::{EventFilter, Retries};

/// The most destinations, the primary among them.
const DESTINATIONS: usize = 10;
/// The longest time in seconds that one event may take with all its retries: a day.
const DELIVERY_TIME: f64 = 86_400.0;
/// Headers of a delivery that are the platform's own.
const RESERVED: [&str; 5] = ["authorization", "cookie", "forwarded", "set-cookie", "via"];

/// A body that keeps the rules.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) name: String,
    /// Always there on a replacement; a create ignores it, as it does `id`.
    pub(super) version: Option<u64>,
    pub(super) destinations: Vec<Url>,
    pub(super) retries: Retries,
    pub(super) filters: Vec<EventFilter>,
    pub(super) headers: HeaderMap,
}

/// Reads a body whole and names everything that is wrong with it. A replacement must name the version it replaces.
pub(super) fn read(body: &Value, replacement: bool) -> Result<Sent, ApiError> {
    let known = [
        "id",
        "version",
        "name",
        "type",
        "uri",
        "uris",
        "retryPolicy",
        "eventFilters",
        "headers",
    ];
    let mut members = Members::of(body, &known)?;
    if replacement {
        members.required("version");
    }
    let version = members.optional_number("version", 0..=u64::MAX);
    let name = members.text("name", 256);
    members.one_of("type", &["webhook"]);
    let primary = members.address("uri", true);
    let destinations = read_destinations(&mut members, primary);
    let retries = read_retries(&mut members);
    let filters = read_filters(&mut members);
    let headers = read_headers(&mut members);
    members.finish()?;
    Ok(Sent {
        name: name.unwrap_or_default().to_owned(),
        version,
        destinations,
        retries,
        filters,
        headers,
    })
}

/// The primary and the others: at most [`DESTINATIONS`], none of them twice.
fn read_destinations(members: &mut Members<'_>, primary: Option<Url>) -> Vec<Url> {
    let others = members.optional_addresses("uris", true);
    let count = members
        .get("uris")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    if count >= DESTINATIONS {
        members.problem(
            "limit.exceeded",
            "uris",
            &format!("must not make more than {DESTINATIONS} destinations with the primary one"),
        );
    }
    let destinations: Vec<Url> = primary.into_iter().chain(others).collect();
    let distinct: HashSet<&Url> = destinations.iter().collect();
    if distinct.len() < destinations.len() {
        members.problem("duplicate.value", "uris", "must not repeat a destination");
    }
    destinations
}

fn read_retries(members: &mut Members<'_>) -> Retries {
    let known = ["maxRetries", "retryInterval", "backoffFactor"];
    let sent = members.optional_object("retryPolicy", &known, |inner| {
        let count = inner
            .optional_number("maxRetries", 0..=5)
            .and_then(|count| u32::try_from(count).ok());
        Retries {
            count: count.unwrap_or(3),
            interval: inner
                .optional_decimal("retryInterval", 0.1..=3_600.0)
                .unwrap_or(5.0),
            factor: inner
                .optional_decimal("backoffFactor", 1.0..=10.0)
                .unwrap_or(2.0),
        }
    });
    let retries = sent.unwrap_or(Retries {
        count: 3,
        interval: 5.0,
        factor: 2.0,
    });
    if retries.pauses().sum::<f64>() > DELIVERY_TIME {
        members.problem(
            "limit.exceeded",
            "retryPolicy",
            "must not take longer than 24 hours in all",
        );
    }
    retries
}

/// At least one kind of event, each once: one of the source documents' or a topic of the platform.
fn read_filters(members: &mut Members<'_>) -> Vec<EventFilter> {
    let sent = members.required("eventFilters").and_then(Value::as_array);
    if sent.is_some_and(Vec::is_empty) {
        members.problem("required", "eventFilters", "must name at least one event");
    }
    let filters = members.optional_array("eventFilters", &["eventType", "fields"], |inner| {
        let event = inner.text("eventType", 256);
        if event.is_some_and(|event| !EVENTS.contains(&event) && !is_topic(event)) {
            inner.problem("invalid.value", "eventType", "is not an event that exists");
        }
        let fields = inner.optional_list("fields");
        let distinct: HashSet<&str> = fields.iter().map(|(_, field)| *field).collect();
        if distinct.len() < fields.len() {
            inner.problem("duplicate.value", "fields", "must not repeat a member");
        }
        EventFilter {
            event: event.unwrap_or_default().to_owned(),
            fields: fields
                .into_iter()
                .map(|(_, field)| field.to_owned())
                .collect(),
        }
    });
    let mut seen = HashSet::new();
    for (index, filter) in filters.iter().enumerate() {
        if !filter.event.is_empty() && !seen.insert(filter.event.as_str()) {
            members.problem(
                "duplicate.value",
                &format!("eventFilters[{index}].eventType"),
                "is named twice",
            );
        }
    }
    filters
}

/// True for the form of the platform's topics: `v2.` and dotted segments, of which `{id}` stands for any one.
fn is_topic(name: &str) -> bool {
    let segment = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        text == "{id}" || (!text.is_empty() && text.bytes().all(plain))
    };
    name.strip_prefix("v2.")
        .is_some_and(|rest| rest.split('.').all(segment))
}

fn read_headers(members: &mut Members<'_>) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for header in headers::read(members, "headers", &RESERVED) {
        if header.name == header::CONTENT_TYPE && !headers::is_json(&header.value) {
            members.problem("invalid.value", &header.field, "must be application/json");
        }
        kept.insert(header.name, header.value);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_grow_by_the_factor_and_end_with_the_count() {
        let retries = Retries {
            count: 3,
            interval: 0.5,
            factor: 2.0,
        };
        assert_eq!(retries.pauses().collect::<Vec<_>>(), [0.5, 1.0, 2.0]);
        let none = Retries {
            count: 0,
            ..retries
        };
        assert_eq!(none.pauses().count(), 0);
    }

    #[test]
    fn a_topic_has_its_version_and_whole_segments() {
        assert!(is_topic("v2.audits.entitytype.queue.entityid.a-1"));
        assert!(is_topic("v2.audits.entitytype.{id}.entityid.{id}"));
        for bad in ["v2", "v2.", "v2.a..b", "v2.a b", "v2.{a}", "v1.a", "a.b"] {
            assert!(!is_topic(bad), "{bad}");
        }
    }
}
