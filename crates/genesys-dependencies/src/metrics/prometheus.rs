//! The counts as Prometheus text.

use super::MetricsSnapshot;

impl MetricsSnapshot {
    /// The Prometheus text format.
    pub fn to_prometheus(&self) -> String {
        let mut out = String::new();
        let mut family = |name: &str, kind: &str, help: &str, values: &[(String, f64)]| {
            if !values.is_empty() {
                out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
            }
            for (label, value) in values {
                out.push_str(&format!("{name}{label} {value}\n"));
            }
        };
        let by = |name: &str, value: &str, count: f64| (format!("{{{name}=\"{value}\"}}"), count);
        let ended = [
            by("result", "success", self.successful_mappings as f64),
            by("result", "failure", self.failed_mappings as f64),
            by("result", "cancelled", self.cancelled_mappings as f64),
        ];
        family(
            "dependency_mappings_total",
            "counter",
            "Mappings that ended, by result.",
            &ended,
        );
        let judged = [
            by("result", "valid", self.valid_maps as f64),
            by("result", "invalid", self.invalid_maps as f64),
        ];
        family(
            "dependency_validations_total",
            "counter",
            "Maps that were checked, by result.",
            &judged,
        );
        let references = [
            by("result", "resolved", self.references_resolved as f64),
            by(
                "result",
                "unresolved",
                self.references_found
                    .saturating_sub(self.references_resolved) as f64,
            ),
        ];
        family(
            "dependency_references_total",
            "counter",
            "References found in all maps, by result.",
            &references,
        );
        let findings: Vec<_> = self
            .findings
            .iter()
            .map(|(kind, count)| by("kind", kind, *count as f64))
            .collect();
        family(
            "dependency_findings_total",
            "counter",
            "Findings in all maps, by kind.",
            &findings,
        );
        let quantiles: Vec<_> = [
            ("0.5", self.p50_latency_ms),
            ("0.9", self.p90_latency_ms),
            ("0.99", self.p99_latency_ms),
            ("1", self.max_latency_ms),
        ]
        .into_iter()
        .filter_map(|(quantile, ms)| Some(by("quantile", quantile, ms? / 1_000.0)))
        .collect();
        family(
            "dependency_mapping_seconds",
            "gauge",
            "Time of a mapping, from start to end.",
            &quantiles,
        );
        let plain = |value: Option<u64>| {
            value
                .map(|value| (String::new(), value as f64))
                .into_iter()
                .collect::<Vec<_>>()
        };
        family(
            "dependency_map_objects",
            "gauge",
            "Objects of the last map.",
            &plain(self.objects),
        );
        family(
            "dependency_map_references",
            "gauge",
            "References of the last map.",
            &plain(self.references),
        );
        family(
            "dependency_map_gaps",
            "gauge",
            "Gaps of the last map.",
            &plain(self.gaps),
        );
        family(
            "dependency_map_errors",
            "gauge",
            "Errors of the last map.",
            &plain(self.errors),
        );
        family(
            "dependency_map_warnings",
            "gauge",
            "Warnings of the last map.",
            &plain(self.warnings),
        );
        let accuracy: Vec<_> = self
            .resolution_accuracy
            .map(|ratio| (String::new(), ratio))
            .into_iter()
            .collect();
        family(
            "dependency_resolution_accuracy",
            "gauge",
            "Resolved by found references.",
            &accuracy,
        );
        out
    }
}
