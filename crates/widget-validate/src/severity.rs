//! How bad a finding is, and how a rule set judges a rule.

use std::fmt;

/// How bad a finding is. Ordered: `Info < Warning < Error`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing; nothing breaks.
    Info,
    /// Works, and will surprise or weaken somebody.
    Warning,
    /// The widget does not load, does not work, or is unsafe.
    Error,
}

impl Severity {
    /// The word used in reports: `info`, `warning` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    /// Reads the word of [`Severity::as_str`].
    pub fn from_name(name: &str) -> Option<Severity> {
        [Severity::Info, Severity::Warning, Severity::Error]
            .into_iter()
            .find(|severity| severity.as_str() == name)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a rule set makes of a rule: nothing, or a severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// The rule is not applied.
    Off,
    /// The rule is applied, and its findings have this severity.
    On(Severity),
}

impl Level {
    /// Reads `off`, `info`, `warning` or `error`.
    pub fn from_name(name: &str) -> Option<Level> {
        if name == "off" {
            Some(Level::Off)
        } else {
            Severity::from_name(name).map(Level::On)
        }
    }

    /// The severity, unless the rule is off.
    pub fn severity(self) -> Option<Severity> {
        match self {
            Level::Off => None,
            Level::On(severity) => Some(severity),
        }
    }
}

impl From<Severity> for Level {
    fn from(severity: Severity) -> Level {
        Level::On(severity)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.severity().map_or("off", Severity::as_str))
    }
}

/// A named choice of level for every rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum RuleSet {
    /// The tutorial's constraints and numbers, with its faults repaired: 10,240 bytes, 800 × 600, two origins.
    Tutorial,
    /// What a widget needs to load and be safe, with little noise. The default.
    #[default]
    Recommended,
    /// For continuous integration of widgets that others will audit: also refuses what a parser would silently repair.
    Strict,
}

impl RuleSet {
    /// All rule sets, from lenient to strict.
    pub const ALL: [RuleSet; 3] = [RuleSet::Tutorial, RuleSet::Recommended, RuleSet::Strict];

    /// The name used in policy files and on command lines.
    pub fn as_str(self) -> &'static str {
        match self {
            RuleSet::Tutorial => "tutorial",
            RuleSet::Recommended => "recommended",
            RuleSet::Strict => "strict",
        }
    }

    /// Reads the name of [`RuleSet::as_str`].
    pub fn from_name(name: &str) -> Option<RuleSet> {
        RuleSet::ALL.into_iter().find(|set| set.as_str() == name)
    }
}

impl fmt::Display for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
