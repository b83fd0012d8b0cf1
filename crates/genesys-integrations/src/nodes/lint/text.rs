//! The report for people.

use std::fmt;

use genesys_core::redact::printable;
use widget_validate::Severity;

use super::NodeReport;

impl fmt::Display for NodeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.node.as_ref().map_or("(no node)", |node| node.name());
        writeln!(
            f,
            "{}: {} errors, {} warnings, {} remarks",
            printable(name),
            self.count(Severity::Error),
            self.count(Severity::Warning),
            self.count(Severity::Info),
        )?;
        for finding in &self.findings {
            writeln!(f, "  {finding}")?;
        }
        if !self.holes.is_empty() {
            writeln!(f, "\nplaceholders")?;
        }
        let width = |text: fn(&super::NodeHole) -> &str| {
            let widths = self.holes.iter().map(|hole| text(hole).chars().count());
            widths.max().unwrap_or(0)
        };
        let variables = width(|hole| &hole.variable);
        let members = width(|hole| &hole.member);
        for hole in &self.holes {
            let need = match (hole.secret, hole.required) {
                (true, _) => "secret",
                (false, true) => "required",
                (false, false) => "optional",
            };
            writeln!(
                f,
                "  {:variables$}  {:members$}  {:>5}  {:12}  {need:8}  {}",
                hole.variable,
                printable(&hole.member),
                hole.offset,
                hole.position.to_string(),
                hole.velocity,
            )?;
        }
        if !self.limits.is_empty() {
            writeln!(f, "\nlimits")?;
        }
        for limit in &self.limits {
            writeln!(
                f,
                "  {:22}  {:>7} of {}",
                limit.what, limit.used, limit.allowed
            )?;
        }
        let Some(action) = &self.data_action else {
            return match &self.node {
                Some(_) => writeln!(
                    f,
                    "\nno data action: the platform's templates cannot say this node"
                ),
                None => Ok(()),
            };
        };
        let request = &action.config.request;
        writeln!(f, "\ndata action")?;
        writeln!(
            f,
            "  {} {}",
            request.request_type, request.request_url_template
        )?;
        for (name, value) in &request.headers {
            writeln!(f, "  {name}: {}", printable(value))?;
        }
        if let Some(body) = &request.request_template {
            writeln!(f, "  {}", printable(body))?;
        }
        Ok(())
    }
}
