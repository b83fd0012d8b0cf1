//! What is wrong with a node, or worth knowing about it.

use std::fmt;
use std::ops::Range;

use genesys_core::redact::printable;
use serde::Serialize;
use widget_validate::Severity;

/// The most characters of a text that came from outside in a message.
const SHOWN: usize = 80;

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NodeRule {
    /// The document is no JSON (RFC 8259), or not UTF-8.
    Json,
    /// The document, or an object in it, has a member twice.
    DuplicateMember,
    /// JSON nests deeper than 50 levels.
    TooDeep,
    /// A member is not there.
    MissingMember,
    /// A member that a node does not have.
    UnknownMember,
    /// A member has a value of the wrong type.
    MemberType,
    /// Nothing, or white space alone, stands where something must.
    Empty,
    /// Longer or more than allowed.
    TooLong,
    /// Characters that are not allowed there.
    Characters,
    /// The node is of another type than `REST`.
    NodeType,
    /// Not a method that a node can use.
    Method,
    /// A placeholder is malformed, of an unknown root, or in a place that takes none.
    Placeholder,
    /// The URL is none that a request can be sent to.
    Url,
    /// Plain http to another host than loopback.
    Scheme,
    /// A header is none, is there twice, or is the transport's to write.
    Header,
    /// The body is no JSON once its placeholders are filled.
    Body,
    /// The method takes no body.
    BodyNotAllowed,
    /// The body is JSON and the headers say something else.
    ContentType,
    /// A secret is spelt out, or is taken from the input.
    Secret,
    /// An input that held a secret became a credential.
    SecretMoved,
    /// Not a JSON schema, or not one of an object.
    Schema,
    /// A schema refers to another document.
    RemoteReference,
    /// A variable that the input schema does not declare.
    Undeclared,
    /// No value that the input schema allows fits the place of the variable.
    NeverFits,
    /// The input schema also allows values that do not fit.
    MayNotFit,
    /// The template needs an input that the schema does not require.
    MayBeMissing,
    /// The input schema declares what the node does not use.
    Unused,
    /// Numbers of the retries that contradict each other or are out of range.
    Retry,
    /// A time that is out of range.
    Time,
    /// Something that the platform's template language cannot say.
    Lowering,
    /// The platform does not check what the template checks here.
    Unchecked,
    /// A reference of an imported template without the escape that its place needs.
    MissingEscape,
    /// A reference of an imported template with the escape of another place.
    WrongEscape,
    /// A part of an imported action that a node does not have.
    NotImported,
}

impl NodeRule {
    /// Every rule.
    pub const ALL: [Self; 34] = [
        Self::Json,
        Self::DuplicateMember,
        Self::TooDeep,
        Self::MissingMember,
        Self::UnknownMember,
        Self::MemberType,
        Self::Empty,
        Self::TooLong,
        Self::Characters,
        Self::NodeType,
        Self::Method,
        Self::Placeholder,
        Self::Url,
        Self::Scheme,
        Self::Header,
        Self::Body,
        Self::BodyNotAllowed,
        Self::ContentType,
        Self::Secret,
        Self::SecretMoved,
        Self::Schema,
        Self::RemoteReference,
        Self::Undeclared,
        Self::NeverFits,
        Self::MayNotFit,
        Self::MayBeMissing,
        Self::Unused,
        Self::Retry,
        Self::Time,
        Self::Lowering,
        Self::Unchecked,
        Self::MissingEscape,
        Self::WrongEscape,
        Self::NotImported,
    ];

    /// A stable lower-case name for reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::DuplicateMember => "duplicate_member",
            Self::TooDeep => "too_deep",
            Self::MissingMember => "missing_member",
            Self::UnknownMember => "unknown_member",
            Self::MemberType => "member_type",
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::Characters => "characters",
            Self::NodeType => "node_type",
            Self::Method => "method",
            Self::Placeholder => "placeholder",
            Self::Url => "url",
            Self::Scheme => "scheme",
            Self::Header => "header",
            Self::Body => "body",
            Self::BodyNotAllowed => "body_not_allowed",
            Self::ContentType => "content_type",
            Self::Secret => "secret",
            Self::SecretMoved => "secret_moved",
            Self::Schema => "schema",
            Self::RemoteReference => "remote_reference",
            Self::Undeclared => "undeclared",
            Self::NeverFits => "never_fits",
            Self::MayNotFit => "may_not_fit",
            Self::MayBeMissing => "may_be_missing",
            Self::Unused => "unused",
            Self::Retry => "retry",
            Self::Time => "time",
            Self::Lowering => "lowering",
            Self::Unchecked => "unchecked",
            Self::MissingEscape => "missing_escape",
            Self::WrongEscape => "wrong_escape",
            Self::NotImported => "not_imported",
        }
    }
}

impl fmt::Display for NodeRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for NodeRule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One thing about a node. Its text repeats no value of a header and no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct NodeFinding {
    /// What it is about.
    pub rule: NodeRule,
    /// How bad it is. A node with an error does not exist.
    #[serde(serialize_with = "severity")]
    pub severity: Severity,
    /// The member of the node, as a JSON pointer (RFC 6901) into its document: `/requestHeaders/Authorization`. Empty for the
    /// document as a whole. In a schema it leads to the schema.
    pub member: String,
    /// Where in the text of the member, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// The bytes of the document, when the node was read from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Range<usize>>,
    /// The variable that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// What is wrong and what would be right, in one line.
    pub message: String,
}

fn severity<S: serde::Serializer>(severity: &Severity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(severity.as_str())
}

impl NodeFinding {
    pub(super) fn new(
        rule: NodeRule,
        severity: Severity,
        member: &str,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity,
            member: member.to_owned(),
            offset: None,
            span: None,
            variable: None,
            message: message.into(),
        }
    }

    pub(super) fn error(rule: NodeRule, member: &str, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Error, member, message)
    }

    pub(super) fn warning(rule: NodeRule, member: &str, message: impl Into<String>) -> Self {
        Self::new(rule, Severity::Warning, member, message)
    }

    pub(super) fn at(mut self, offset: impl Into<Option<usize>>) -> Self {
        self.offset = offset.into();
        self
    }

    pub(super) fn of(mut self, variable: impl fmt::Display) -> Self {
        self.variable = Some(variable.to_string());
        self
    }
}

impl fmt::Display for NodeFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = if self.member.is_empty() {
            "(document)"
        } else {
            &self.member
        };
        write!(f, "{}[{}] {}", self.severity, self.rule, printable(member))?;
        if let Some(offset) = self.offset {
            write!(f, " at byte {offset}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// A node was refused. Holds every finding, warnings too, and never none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeError {
    findings: Vec<NodeFinding>,
}

impl NodeError {
    pub(super) fn new(findings: Vec<NodeFinding>) -> Self {
        debug_assert!(is_refused(&findings), "an error has a reason");
        Self { findings }
    }

    /// Every finding, in the order of the node's parts.
    pub fn findings(&self) -> &[NodeFinding] {
        &self.findings
    }

    pub(super) fn into_findings(self) -> Vec<NodeFinding> {
        self.findings
    }

    /// True when some error is about this.
    pub fn has(&self, rule: NodeRule) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|found| found.rule == rule && found.severity == Severity::Error)
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid rest node")?;
        let errors = self
            .findings
            .iter()
            .filter(|found| found.severity == Severity::Error);
        for (index, found) in errors.enumerate() {
            write!(f, "{}", if index == 0 { ": " } else { "; " })?;
            if !found.member.is_empty() {
                write!(f, "{} ", printable(&found.member))?;
            }
            f.write_str(&found.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for NodeError {}

/// True when one of them is an error.
pub(super) fn is_refused(findings: &[NodeFinding]) -> bool {
    findings
        .iter()
        .any(|found| found.severity == Severity::Error)
}

/// A name that came from outside, in quotes, cut and without what could forge a line.
pub(super) fn shown(text: &str) -> String {
    let mut shown = printable(text);
    if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
        shown.truncate(end);
        shown.push('…');
    }
    format!("`{shown}`")
}

/// `name` as a part of a JSON pointer.
pub(super) fn pointer(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}
