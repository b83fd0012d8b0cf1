//! The Prometheus text format, version 0.0.4.

use std::fmt::{self, Write};
use std::time::Duration;

use super::histogram::LatencySummary;
use super::snapshot::MetricsSnapshot;
use super::tally::{Latency, Tally};

/// The media type of [`MetricsSnapshot::to_prometheus`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

impl MetricsSnapshot {
    /// Prometheus text: counters end in `_total`, times are in seconds, percentiles are summaries whose quantile 1 is the
    /// maximum. A family without a sample is left out.
    pub fn to_prometheus(&self) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let calls = || {
            self.calls
                .iter()
                .map(|(name, call)| ([("operation", name.as_str())], call))
        };
        let outcomes = calls().map(|(labels, call)| (labels, &call.outcomes));
        write_outcomes(out, "genesys_calls", "genesys_call", "Calls", outcomes)?;
        let elapsed = calls().map(|(labels, call)| (labels, &call.elapsed));
        write_latency(
            out,
            "genesys_call_duration_seconds",
            "Time from a call's start to its end.",
            elapsed,
        )?;
        let mut wire = Family::summary(
            "genesys_call_wire_seconds",
            "Time on the wire, all attempts of a call together.",
        );
        let mut waiting = Family::summary(
            "genesys_call_waiting_seconds",
            "Time of a call off the wire.",
        );
        let mut attempts =
            Family::counter("genesys_call_attempts_total", "Attempts that were started.");
        let mut retries = Family::counter(
            "genesys_call_retries_total",
            "Further attempts that were scheduled.",
        );
        let mut answers = Family::counter("genesys_call_answers_total", "Answers by status code.");
        for ([name], call) in calls() {
            wire.summarise(&[name], call.wire.as_ref())?;
            waiting.summarise(&[name], call.waiting.as_ref())?;
            attempts.sample("", &[name], call.attempts)?;
            retries.sample("", &[name], call.retries)?;
            for (status, count) in &call.answers {
                answers.sample("", &[name, ("status", &status.to_string())], count)?;
            }
        }
        for family in [wire, waiting, attempts, retries, answers] {
            family.end(out);
        }

        let operations = || {
            self.operations
                .iter()
                .map(|(name, it)| ([("operation", name.as_str())], it))
        };
        let outcomes = operations().map(|(labels, it)| (labels, &it.outcomes));
        write_outcomes(
            out,
            "genesys_operations",
            "genesys_operation",
            "Operations",
            outcomes,
        )?;
        let elapsed = operations().map(|(labels, it)| (labels, &it.elapsed));
        write_latency(
            out,
            "genesys_operation_duration_seconds",
            "Time from an operation's start to its end.",
            elapsed,
        )?;

        let mut transitions = Family::counter(
            "genesys_breaker_transitions_total",
            "State changes by the new state.",
        );
        let mut state = Family::gauge(
            "genesys_breaker_state",
            "1 for the state that a circuit breaker is in.",
        );
        for (key, breaker) in &self.breakers {
            let key = ("key", key.as_str());
            for (to, count) in &breaker.transitions {
                transitions.sample("", &[key, ("to", to)], count)?;
                state.sample("", &[key, ("state", to)], u8::from(*to == breaker.state))?;
            }
        }
        transitions.end(out);
        state.end(out);

        let renewals = || std::iter::once(([], &self.renewals));
        let outcomes = renewals().map(|(labels, it)| (labels, &it.outcomes));
        write_outcomes(
            out,
            "genesys_token_renewals",
            "genesys_token_renewal",
            "Token renewals",
            outcomes,
        )?;
        let elapsed = renewals().map(|(labels, it)| (labels, &it.elapsed));
        write_latency(
            out,
            "genesys_token_renewal_duration_seconds",
            "Time of a token renewal.",
            elapsed,
        )?;

        let mut folded = Family::counter(
            "genesys_metrics_folded_total",
            "Events counted under the name other because there was no room for their own.",
        );
        folded.sample("", &[], self.folded)?;
        folded.end(out);
        Ok(())
    }
}

/// A label's name and value.
type Label<'a> = (&'a str, &'a str);

fn write_outcomes<'a, const N: usize>(
    out: &mut String,
    plural: &str,
    singular: &str,
    what: &str,
    tallies: impl Iterator<Item = ([Label<'a>; N], &'a Tally)>,
) -> fmt::Result {
    let mut ended = Family::counter(
        &format!("{plural}_total"),
        &format!("{what} that ended, by outcome."),
    );
    let mut failed = Family::counter(
        &format!("{singular}_failures_total"),
        &format!("{what} that failed, by kind."),
    );
    for (labels, tally) in tallies {
        for (outcome, count) in [
            ("success", tally.success),
            ("failure", tally.failure),
            ("cancelled", tally.cancelled),
        ] {
            ended.sample("", &with(&labels, ("outcome", outcome)), count)?;
        }
        for (kind, count) in &tally.failures {
            failed.sample("", &with(&labels, ("kind", kind)), count)?;
        }
    }
    ended.end(out);
    failed.end(out);
    Ok(())
}

fn write_latency<'a, const N: usize>(
    out: &mut String,
    name: &str,
    help: &str,
    latencies: impl Iterator<Item = ([Label<'a>; N], &'a Latency)>,
) -> fmt::Result {
    let mut family = Family::summary(name, help);
    for (labels, latency) in latencies {
        family.summarise(
            &with(&labels, ("outcome", "success")),
            latency.success.as_ref(),
        )?;
        family.summarise(
            &with(&labels, ("outcome", "failure")),
            latency.failure.as_ref(),
        )?;
    }
    family.end(out);
    Ok(())
}

fn with<'a>(labels: &[Label<'a>], more: Label<'a>) -> Vec<Label<'a>> {
    labels.iter().copied().chain([more]).collect()
}

/// The samples of one metric, which the format wants together under one head.
struct Family {
    name: String,
    help: String,
    kind: &'static str,
    samples: String,
}

impl Family {
    fn new(name: &str, help: &str, kind: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            help: help.to_owned(),
            kind,
            samples: String::new(),
        }
    }

    fn counter(name: &str, help: &str) -> Self {
        Self::new(name, help, "counter")
    }

    fn gauge(name: &str, help: &str) -> Self {
        Self::new(name, help, "gauge")
    }

    fn summary(name: &str, help: &str) -> Self {
        Self::new(name, help, "summary")
    }

    fn sample(
        &mut self,
        suffix: &str,
        labels: &[Label<'_>],
        value: impl fmt::Display,
    ) -> fmt::Result {
        write!(self.samples, "{}{suffix}", self.name)?;
        for (index, (name, value)) in labels.iter().enumerate() {
            write!(
                self.samples,
                "{}{name}=\"{}\"",
                if index == 0 { '{' } else { ',' },
                Escaped(value)
            )?;
        }
        let close = if labels.is_empty() { "" } else { "}" };
        writeln!(self.samples, "{close} {value}")
    }

    fn summarise(&mut self, labels: &[Label<'_>], summary: Option<&LatencySummary>) -> fmt::Result {
        let Some(summary) = summary else {
            return Ok(());
        };
        for (quantile, value) in [
            ("0.5", summary.p50),
            ("0.9", summary.p90),
            ("0.99", summary.p99),
            ("1", summary.max),
        ] {
            self.sample("", &with(labels, ("quantile", quantile)), Seconds(value))?;
        }
        self.sample("_sum", labels, Seconds(summary.sum))?;
        self.sample("_count", labels, summary.count)
    }

    /// Writes head and samples, or nothing when there is no sample.
    fn end(self, out: &mut String) {
        if !self.samples.is_empty() {
            let Self {
                name,
                help,
                kind,
                samples,
            } = self;
            out.push_str(&format!(
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{samples}"
            ));
        }
    }
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_secs_f64().fmt(f)
    }
}

/// A label's value: the three characters that would end it or the line are escaped.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
