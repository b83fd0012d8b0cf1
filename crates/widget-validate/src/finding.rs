//! One violation, with everything needed to find, understand and repair it.

use std::fmt;

use crate::code::Code;
use crate::patch::Patch;
use crate::severity::Severity;
use crate::span::Span;

/// Which of the inputs a finding is about. Decides what [`Finding::pointer`] and [`Finding::span`] refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// The widget definition: the span counts bytes of the document.
    Payload,
    /// The response headers: the pointer is `/<name in lower case>/<index>`, the span counts bytes of that value.
    Headers,
    /// The policy: the pointer leads into the policy file, the span is empty where the policy was built in code.
    Policy,
}

impl Source {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Payload => "payload",
            Source::Headers => "headers",
            Source::Policy => "policy",
        }
    }
}

/// One violation of one rule at one place.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule.
    pub code: Code,
    /// How bad it is under the policy in force.
    pub severity: Severity,
    /// Which input it is about.
    pub source: Source,
    /// The JSON pointer (RFC 6901) of the value. For something missing, the pointer it would have.
    pub pointer: String,
    /// The bytes. For something missing, the bytes of the object it is missing from.
    pub span: Span,
    /// What is wrong, in one line; names the offending text, shortened.
    pub message: String,
    /// What to do about it, in one line.
    pub hint: String,
    /// A patch that removes the finding, offered only where it cannot change the meaning for the worse.
    pub fix: Option<Patch>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() {
            "(document)"
        } else {
            &self.pointer
        };
        write!(
            f,
            "{}[{}] {pointer}: {}",
            self.severity, self.code, self.message
        )
    }
}

/// A finding before the policy has judged it.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) hint: String,
    pub(crate) fix: Option<Patch>,
}

impl Draft {
    pub(crate) fn new(code: Code, message: impl Into<String>, hint: impl Into<String>) -> Draft {
        Draft {
            code,
            message: message.into(),
            hint: hint.into(),
            fix: None,
        }
    }

    pub(crate) fn with_fix(mut self, fix: impl Into<Option<Patch>>) -> Draft {
        self.fix = fix.into();
        self
    }
}

/// A text in quotes, cut to a length that fits a message, with control and invisible characters made visible.
pub(crate) fn shown(text: &str) -> String {
    const MAX: usize = 80;
    let mut shown = String::from("`");
    for (count, letter) in text.chars().enumerate() {
        if count == MAX {
            shown.push('…');
            break;
        }
        let invisible = letter.is_control()
            || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if invisible {
            shown.extend(letter.escape_unicode());
        } else {
            shown.push(letter);
        }
    }
    shown.push('`');
    shown
}
