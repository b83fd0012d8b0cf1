//! The rules that every route keeps.

use std::collections::BTreeSet;
use std::time::Duration;

use genesys_core::catalogue::EventName;
use genesys_core::redact::{external_text, printable};

use super::EventRoute;
use super::builder::{Draft, FilterDraft, RouteBuilder};
use super::filter::EventFilter;
use super::retry::DeliveryRetry;
use super::target::{HttpsTarget, RouteTarget, TargetKind};
use super::violation::{RouteError, Violation, ViolationCode as Code};

mod event_bridge;
mod headers;
mod uri;
mod workflow;

const MAX_NAME: usize = 256;
const MAX_EVENTS: usize = 100;
const MAX_FIELDS: usize = 100;
const MAX_FIELD: usize = 128;
/// The primary and the others together.
const MAX_URIS: usize = 10;
const MAX_RETRIES: i64 = 5;
const INTERVAL: std::ops::RangeInclusive<f64> = 0.1..=3_600.0;
const FACTOR: std::ops::RangeInclusive<f64> = 1.0..=10.0;
const MAX_TOTAL: Duration = Duration::from_secs(24 * 60 * 60);

/// What a route may do beyond the default rules.
///
/// ```
/// use genesys_routing::{EventRoute, RouteRules};
///
/// let rules = RouteRules::default().with_unlisted_events(true).with_loopback(true);
/// let route = EventRoute::https("local", "http://127.0.0.1:9000/events")
///     .with_event("v2.something.new")
///     .with_rules(rules)
///     .build()?;
/// assert_eq!(route.events().count(), 1);
/// # Ok::<(), genesys_routing::RouteError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteRules {
    unlisted_events: bool,
    loopback: bool,
    private: bool,
}

impl RouteRules {
    /// Sets whether events are taken that the catalogue does not list. Default: no.
    #[must_use]
    pub fn with_unlisted_events(mut self, yes: bool) -> Self {
        self.unlisted_events = yes;
        self
    }

    /// Sets whether destinations on the own machine are taken, and plain http for them: for development. Default: no.
    #[must_use]
    pub fn with_loopback(mut self, yes: bool) -> Self {
        self.loopback = yes;
        self
    }

    /// For what a server answers: it is there, whatever today's rules say.
    pub(crate) fn lenient() -> Self {
        Self {
            unlisted_events: true,
            loopback: true,
            private: true,
        }
    }
}

/// What was found so far.
#[derive(Default)]
struct Findings(Vec<Violation>);

impl Findings {
    fn add(&mut self, code: Code, pointer: impl Into<String>, message: impl Into<String>) {
        self.0.push(Violation {
            pointer: pointer.into(),
            code,
            message: message.into(),
        });
    }

    fn require(&mut self, holds: bool, code: Code, pointer: &str, message: &str) {
        if !holds {
            self.add(code, pointer, message);
        }
    }

    /// Not empty, not too long, nothing that could forge a header or a log line.
    fn text(&mut self, pointer: &str, value: &str, max: usize) {
        if value.trim().is_empty() {
            self.add(Code::Empty, pointer, "is empty");
            return;
        }
        if value.chars().count() > max {
            self.add(
                Code::TooLong,
                pointer,
                format!("is longer than {max} characters"),
            );
        }
        self.require(
            printable(value) == value && value.trim() == value,
            Code::Characters,
            pointer,
            "holds control characters, marks that reverse text, or a space at an end",
        );
    }
}

pub(super) fn check(route: RouteBuilder, rules: &RouteRules) -> Result<EventRoute, RouteError> {
    let mut findings = Findings::default();
    findings.text("/name", &route.name, MAX_NAME);
    let kind = route.target.kind();
    let target = match route.target {
        Draft::Https { primary, others } => {
            let uris = uri::check(&mut findings, &primary, &others, rules);
            let retry = route.retry.unwrap_or_default().rounded();
            check_retry(&mut findings, &retry);
            let headers = headers::check(&mut findings, route.headers);
            uris.map(|(primary, others)| {
                RouteTarget::Https(HttpsTarget {
                    primary,
                    others,
                    retry,
                    headers,
                })
            })
        }
        draft => {
            findings.require(
                route.retry.is_none(),
                Code::NotApplicable,
                "/retryPolicy",
                "is for webhooks; the platform repeats by its own rules here",
            );
            findings.require(
                route.headers.is_empty(),
                Code::NotApplicable,
                "/headers",
                "are for webhooks",
            );
            match draft {
                Draft::Workflow(target) => {
                    workflow::check(&mut findings, target).map(RouteTarget::Workflow)
                }
                Draft::EventBridge(target) => {
                    event_bridge::check(&mut findings, &target);
                    Some(RouteTarget::EventBridge(target))
                }
                Draft::Https { .. } | Draft::Unknown => {
                    findings.add(
                        Code::UnknownValue,
                        "/type",
                        "must be webhook, workflow or eventbridge",
                    );
                    None
                }
            }
        }
    };
    for pointer in route.foreign {
        findings.add(
            Code::NotApplicable,
            pointer,
            "belongs to another kind of target",
        );
    }
    let filters = check_events(&mut findings, route.events, kind, rules);
    match target {
        Some(target) if findings.0.is_empty() => Ok(EventRoute {
            name: route.name,
            target,
            filters,
        }),
        _ => Err(RouteError::Rules(findings.0)),
    }
}

fn check_retry(findings: &mut Findings, retry: &DeliveryRetry) {
    let before = findings.0.len();
    if !(0..=MAX_RETRIES).contains(&retry.max_retries) {
        let message = format!("must be 0 to {MAX_RETRIES}");
        findings.add(Code::Range, "/retryPolicy/maxRetries", message);
    }
    // A range holds neither NaN nor an infinity.
    findings.require(
        INTERVAL.contains(&retry.interval),
        Code::Range,
        "/retryPolicy/retryInterval",
        "must be 0.1 to 3600 seconds",
    );
    findings.require(
        FACTOR.contains(&retry.backoff_factor),
        Code::Range,
        "/retryPolicy/backoffFactor",
        "must be 1 to 10",
    );
    if findings.0.len() == before && retry.total_delay() > MAX_TOTAL {
        findings.add(
            Code::Range,
            "/retryPolicy",
            format!(
                "lets an event wait for {:.0} s in all; 24 hours are the most",
                retry.total_seconds()
            ),
        );
    }
}

fn check_events(
    findings: &mut Findings,
    drafts: Vec<FilterDraft>,
    kind: Option<TargetKind>,
    rules: &RouteRules,
) -> Vec<EventFilter> {
    const POINTER: &str = "/eventFilters";
    findings.require(
        !drafts.is_empty(),
        Code::Empty,
        POINTER,
        "names no event; at least one is needed",
    );
    if drafts.len() > MAX_EVENTS {
        findings.add(
            Code::TooMany,
            POINTER,
            format!("names more than {MAX_EVENTS} events"),
        );
        return Vec::new();
    }
    if kind == Some(TargetKind::Workflow) && drafts.len() > 1 {
        findings.add(
            Code::TooMany,
            POINTER,
            "names several events; a workflow's trigger has one topic, so make a route for each",
        );
    }
    let mut seen = BTreeSet::new();
    let mut filters = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let pointer = format!("{POINTER}/{index}/eventType");
        let event = event(findings, &pointer, &draft.event, rules);
        let fields_pointer = format!("{POINTER}/{index}/fields");
        if kind == Some(TargetKind::Https) || draft.fields.is_empty() {
            fields(findings, &fields_pointer, &draft.fields);
        } else {
            findings.add(
                Code::NotApplicable,
                fields_pointer,
                "are for webhooks; the platform sends the whole event here",
            );
        }
        let Some(event) = event else { continue };
        if kind != Some(TargetKind::Https) && !event.is_topic() {
            findings.add(
                Code::NotApplicable,
                &pointer,
                "is no topic of the platform; those begin with v2",
            );
        }
        if seen.insert(event.clone()) {
            let fields = draft.fields;
            filters.push(EventFilter { event, fields });
        } else {
            findings.add(Code::Duplicate, pointer, "is named before");
        }
    }
    // Their order says nothing, and a server may answer with another one.
    filters.sort_by(|a, b| a.event.cmp(&b.event));
    filters
}

fn event(
    findings: &mut Findings,
    pointer: &str,
    name: &str,
    rules: &RouteRules,
) -> Option<EventName> {
    if name.trim().is_empty() {
        findings.add(Code::Empty, pointer, "is empty");
        return None;
    }
    match EventName::unlisted(name) {
        Err(_) => {
            findings.add(
                Code::Format,
                pointer,
                "must be dotted segments of letters, digits, - and _, 256 bytes at most",
            );
            None
        }
        Ok(event) if rules.unlisted_events => Some(event),
        Ok(_) => EventName::new(name)
            .inspect_err(|_| {
                let shown = external_text(name, &[], 80);
                let message = format!("{shown:?} is not in the catalogue");
                findings.add(Code::UnknownEvent, pointer, message);
            })
            .ok(),
    }
}

fn fields(findings: &mut Findings, pointer: &str, fields: &[String]) {
    if fields.len() > MAX_FIELDS {
        let message = format!("has more than {MAX_FIELDS} entries");
        findings.add(Code::TooMany, pointer, message);
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, field) in fields.iter().enumerate() {
        let pointer = format!("{pointer}/{index}");
        let identifier = |part: &str| {
            part.bytes()
                .next()
                .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        if field.is_empty() {
            findings.add(Code::Empty, pointer, "is empty");
        } else if field.len() > MAX_FIELD || !field.split('.').all(identifier) {
            let message = format!("must be dotted identifiers, {MAX_FIELD} bytes at most");
            findings.add(Code::Format, pointer, message);
        } else if !seen.insert(field) {
            findings.add(Code::Duplicate, pointer, "is named before");
        }
    }
}

#[cfg(test)]
mod tests;
