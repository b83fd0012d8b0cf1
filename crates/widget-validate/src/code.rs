//! The catalogue of rules: one stable code each, with its cause and a bad and a good example.
//!
//! A [`Code`] is a reference to its [`Rule`], so an explanation can never be missing. Codes are never reused or renumbered.
//! The first digit is the family: 0 structure, 1 URL and origin, 2 policy entries, 3 frame, 4 sandbox, 5 permissions, 6 content
//! security policy, 7 CORS, 8 other headers, 9 placeholders.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::severity::{Level, RuleSet};

/// Declares the constants of a family and `ALL`, the family in the order of the numbers.
macro_rules! rules {
    ($($constant:ident = $id:literal $name:literal [$tutorial:ident, $recommended:ident, $strict:ident] $summary:literal;
        $cause:literal; $bad:literal; $good:literal;)+) => {
        $(
            #[doc = concat!("`", $id, "` (`", $name, "`): ", $summary, ".")]
            pub const $constant: crate::code::Code = crate::code::Code::new(&crate::code::Rule {
                id: $id,
                name: $name,
                summary: $summary,
                cause: $cause,
                bad: $bad,
                good: $good,
                levels: [rules!(@ $tutorial), rules!(@ $recommended), rules!(@ $strict)],
            });
        )+
        /// The family, in the order of its numbers.
        pub const ALL: &[crate::code::Code] = &[$($constant),+];
    };
    (@ Off) => { crate::severity::Level::Off };
    (@ $severity:ident) => { crate::severity::Level::On(crate::severity::Severity::$severity) };
}

pub mod cors;
pub mod csp;
pub mod frame;
pub mod headers;
pub mod permissions;
pub mod placeholders;
pub mod policy;
pub mod sandbox;
pub mod structure;
pub mod url;

/// One rule of the catalogue.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rule {
    /// `W` and three digits. Stable.
    pub id: &'static str,
    /// A short name in kebab case. Stable.
    pub name: &'static str,
    /// What a finding of this rule means, in one line.
    pub summary: &'static str,
    /// Why it matters and what usually causes it.
    pub cause: &'static str,
    /// An example that the rule finds.
    pub bad: &'static str,
    /// The same example, repaired.
    pub good: &'static str,
    levels: [Level; 3],
}

impl Rule {
    /// What the rule set makes of this rule when nothing overrides it.
    pub fn level(&self, set: RuleSet) -> Level {
        match set {
            RuleSet::Tutorial => self.levels[0],
            RuleSet::Recommended => self.levels[1],
            RuleSet::Strict => self.levels[2],
        }
    }
}

/// The code of a rule, such as `W306`.
///
/// ```
/// use widget_validate::Code;
///
/// let code = Code::lookup("W306").ok_or("no such rule")?;
/// assert_eq!(code.rule().name, "frame-too-large");
/// assert_eq!(Code::lookup("frame-too-large"), Some(code));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy)]
pub struct Code(&'static Rule);

impl Code {
    pub(crate) const fn new(rule: &'static Rule) -> Code {
        Code(rule)
    }

    /// `W` and three digits.
    pub fn as_str(self) -> &'static str {
        self.0.id
    }

    /// The rule behind the code.
    pub fn rule(self) -> &'static Rule {
        self.0
    }

    /// Finds a rule by its code (`W306`) or its name (`frame-too-large`).
    pub fn lookup(text: &str) -> Option<Code> {
        Code::all().find(|code| code.0.id == text || code.0.name == text)
    }

    /// Every code, in order.
    pub fn all() -> impl Iterator<Item = Code> {
        FAMILIES
            .iter()
            .flat_map(|family| family.codes.iter().copied())
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Code) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Code {}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Code) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Code) -> std::cmp::Ordering {
        self.0.id.cmp(other.0.id)
    }
}

impl Hash for Code {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.id)
    }
}

struct Family {
    title: &'static str,
    codes: &'static [Code],
}

const FAMILIES: &[Family] = &[
    Family {
        title: "W0xx: structure",
        codes: structure::ALL,
    },
    Family {
        title: "W1xx: URL and origin",
        codes: url::ALL,
    },
    Family {
        title: "W2xx: policy entries",
        codes: policy::ALL,
    },
    Family {
        title: "W3xx: frame",
        codes: frame::ALL,
    },
    Family {
        title: "W4xx: sandbox",
        codes: sandbox::ALL,
    },
    Family {
        title: "W5xx: permissions",
        codes: permissions::ALL,
    },
    Family {
        title: "W6xx: content security policy",
        codes: csp::ALL,
    },
    Family {
        title: "W7xx: CORS",
        codes: cors::ALL,
    },
    Family {
        title: "W8xx: other response headers",
        codes: headers::ALL,
    },
    Family {
        title: "W9xx: URL placeholders",
        codes: placeholders::ALL,
    },
];

/// The explanation of a code: cause, bad and good example.
///
/// ```
/// use widget_validate::{Code, explain};
///
/// let rule = explain(Code::lookup("W107").ok_or("no such rule")?);
/// assert!(rule.bad.contains("example.com./"));
/// # Ok::<(), &str>(())
/// ```
pub fn explain(code: Code) -> &'static Rule {
    code.rule()
}

/// The rule reference as Markdown: one section a family, one entry a code.
///
/// The text depends on nothing but the catalogue, so a document generated from it can be checked for drift byte by byte.
pub fn reference_markdown() -> String {
    let mut page = String::from(
        "# Rule reference\n\nGenerated from the catalogue of `widget-validate`; do not edit.\n",
    );
    for family in FAMILIES {
        page.push_str(&format!("\n## {}\n", family.title));
        for code in family.codes {
            let rule = code.rule();
            let [tutorial, recommended, strict] = rule.levels;
            page.push_str(&format!(
                "\n### {} {}\n\n{}.\n\n| tutorial | recommended | strict |\n| --- | --- | --- |\n| {tutorial} | {recommended} | {strict} |\n\n{}\n\nBad:\n\n```text\n{}\n```\n\nGood:\n\n```text\n{}\n```\n",
                rule.id,
                rule.name,
                capitalised(rule.summary),
                rule.cause,
                rule.bad,
                rule.good,
            ));
        }
    }
    page
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_ordered_and_fully_explained() {
        let codes: Vec<Code> = Code::all().collect();
        assert!(codes.len() > 90);
        assert!(
            codes
                .windows(2)
                .all(|pair| pair[0].as_str() < pair[1].as_str())
        );
        let mut names: Vec<&str> = codes.iter().map(|code| code.rule().name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), codes.len());
        for code in codes {
            let rule = code.rule();
            assert!(
                rule.id.len() == 4
                    && rule.id.starts_with('W')
                    && rule.id[1..].bytes().all(|digit| digit.is_ascii_digit())
            );
            for text in [rule.summary, rule.cause, rule.bad, rule.good] {
                assert!(!text.trim().is_empty(), "{code}");
            }
            assert_ne!(rule.bad, rule.good, "{code}");
        }
    }

    #[test]
    fn the_reference_has_one_entry_a_code() {
        let page = reference_markdown();
        assert_eq!(page.matches("\n### W").count(), Code::all().count());
    }
}
