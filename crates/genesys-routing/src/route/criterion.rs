//! Conditions on an event's content.

use std::fmt;

use serde_json::Value;

/// How a condition compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOperator {
    /// `>=`
    GreaterThanOrEqual,
    /// `<=`
    LessThanOrEqual,
    /// Equal.
    Equal,
    /// Not equal.
    NotEqual,
    /// `<`
    LessThan,
    /// `>`
    GreaterThan,
    /// None of several values.
    NotIn,
    /// One of several values.
    In,
    /// A list that holds a value, or a text that holds another.
    Contains,
    /// A list that holds several values.
    All,
    /// The member is there, or is not.
    Exists,
    /// A list of this length.
    Size,
}

impl MatchOperator {
    /// Every operator of the platform.
    pub const ALL: [Self; 12] = [
        Self::GreaterThanOrEqual,
        Self::LessThanOrEqual,
        Self::Equal,
        Self::NotEqual,
        Self::LessThan,
        Self::GreaterThan,
        Self::NotIn,
        Self::In,
        Self::Contains,
        Self::All,
        Self::Exists,
        Self::Size,
    ];

    /// The platform's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GreaterThanOrEqual => "GreaterThanOrEqual",
            Self::LessThanOrEqual => "LessThanOrEqual",
            Self::Equal => "Equal",
            Self::NotEqual => "NotEqual",
            Self::LessThan => "LessThan",
            Self::GreaterThan => "GreaterThan",
            Self::NotIn => "NotIn",
            Self::In => "In",
            Self::Contains => "Contains",
            Self::All => "All",
            Self::Exists => "Exists",
            Self::Size => "Size",
        }
    }

    /// The operator of this word, compared without case.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operator| operator.as_str().eq_ignore_ascii_case(word))
    }

    /// True for those that take several values.
    pub fn takes_list(self) -> bool {
        matches!(self, Self::In | Self::NotIn | Self::All)
    }
}

impl fmt::Display for MatchOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a condition compares with.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// One value.
    Value(Value),
    /// Several, for [`MatchOperator::takes_list`].
    Values(Vec<Value>),
}

/// One condition: a member of the event, by a JSONPath, compared with a value or with several.
///
/// All conditions of a route must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct MatchCriterion {
    pub(crate) json_path: String,
    /// The word, so that an unknown one reaches the rules.
    pub(crate) operator: String,
    pub(crate) value: Option<Value>,
    pub(crate) values: Option<Vec<Value>>,
}

impl MatchCriterion {
    /// A condition with one value: `MatchCriterion::new("mediaType", MatchOperator::Equal, "VOICE")`.
    pub fn new(
        json_path: impl Into<String>,
        operator: MatchOperator,
        value: impl Into<Value>,
    ) -> Self {
        Self {
            json_path: json_path.into(),
            operator: operator.as_str().to_owned(),
            value: Some(value.into()),
            values: None,
        }
    }

    /// A condition with several values, for `In`, `NotIn` and `All`.
    pub fn any_of(
        json_path: impl Into<String>,
        operator: MatchOperator,
        values: impl IntoIterator<Item = impl Into<Value>>,
    ) -> Self {
        Self {
            json_path: json_path.into(),
            operator: operator.as_str().to_owned(),
            value: None,
            values: Some(values.into_iter().map(Into::into).collect()),
        }
    }

    /// The path into the event.
    pub fn json_path(&self) -> &str {
        &self.json_path
    }

    /// The operator; none only before the rules have seen it.
    pub fn operator(&self) -> Option<MatchOperator> {
        MatchOperator::parse(&self.operator)
    }

    /// What it compares with; none only before the rules have seen it.
    pub fn condition(&self) -> Option<Condition> {
        match (&self.value, &self.values) {
            (Some(value), None) => Some(Condition::Value(value.clone())),
            (None, Some(values)) => Some(Condition::Values(values.clone())),
            _ => None,
        }
    }
}
