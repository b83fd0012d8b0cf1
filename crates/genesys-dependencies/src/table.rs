//! Which members of which documents are references, and to what.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};

use genesys_core::Result;

use crate::kind::ObjectKind;
use crate::path::FieldPath;

pub(crate) mod default;

/// The kind of a reference, such as `runs`.
pub type EdgeName = Cow<'static, str>;

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// An object of this kind.
    Kind(ObjectKind),
    /// An object whose kind is told by a member beside its id. A word that is not listed is the name of the kind itself; without
    /// the member it is `otherwise`.
    ToldBy {
        /// The member, such as `type`.
        member: Cow<'static, str>,
        /// The words, in any case, and what they mean.
        words: Vec<(Cow<'static, str>, ObjectKind)>,
        /// Without the member.
        otherwise: ObjectKind,
    },
    /// A host outside of the platform: the text is a URL, and what is referred to is its scheme, host and port. A URL whose host
    /// is filled in at run time refers to nothing that can be known.
    Endpoint,
}

/// One row of a [`ReferenceTable`]: where in documents of one kind a reference stands, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceRule {
    pub(crate) path: FieldPath,
    pub(crate) edge: EdgeName,
    pub(crate) target: Target,
    pub(crate) alternative: Option<Cow<'static, str>>,
    pub(crate) itself: Option<FieldPath>,
}

impl ReferenceRule {
    /// At `path` stands an id, or an object with an `id`; none stands there when it is null or missing.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](genesys_core::ErrorKind::InvalidRequest) for a path that [`FieldPath`] refuses.
    pub fn new(path: &str, edge: impl Into<EdgeName>, target: Target) -> Result<Self> {
        Ok(Self {
            path: path.parse()?,
            edge: edge.into(),
            target,
            alternative: None,
            itself: None,
        })
    }

    /// Makes the references of one document's rules of this group alternatives: one that works is enough.
    #[must_use]
    pub fn with_alternative(mut self, group: impl Into<Cow<'static, str>>) -> Self {
        self.alternative = Some(group.into());
        self
    }

    /// Says that, where `container` matches and the reference in it is missing, the object itself is meant. That is a default of
    /// the platform and no reference in the document, so it makes no edge;
    /// [`Extraction::implied`](crate::Extraction::implied) lists it.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_itself_when_missing(mut self, container: &str) -> Result<Self> {
        self.itself = Some(container.parse()?);
        Ok(self)
    }

    /// Where the reference stands.
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// The kind of the reference.
    pub fn edge(&self) -> &str {
        &self.edge
    }

    /// What it leads to.
    pub fn target(&self) -> &Target {
        &self.target
    }
}

/// The references and attributes that documents have, by kind of object.
///
/// The [default](Self::default) knows queues, email and call routes, schedules, emergency groups, triggers, integrations, data
/// actions and more; it holds no reference that the platform's documents do not have. Add rows for what your organisation uses
/// beyond it.
///
/// ```
/// use genesys_dependencies::{ObjectKind, ReferenceRule, ReferenceTable, Target};
/// use serde_json::json;
///
/// let kind = ObjectKind::new("outboundCampaign");
/// let queue = ReferenceRule::new("queue.id", "feeds", Target::Kind(ObjectKind::QUEUE))?;
/// let table = ReferenceTable::default().with_rule(kind.clone(), queue);
///
/// let found = table.extract(&kind, &json!({"id": "c-1", "name": "Winback", "queue": {"id": "q-1"}, "division": {"id": "d-1"}}));
/// let lines: Vec<String> = found.references.iter().map(|one| format!("{} {} {}", one.edge, one.target, one.place)).collect();
/// assert_eq!(lines, ["in-division d-1 division.id", "feeds q-1 queue.id"]);
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ReferenceTable(Arc<Rows>);

#[derive(Debug, Clone, Default)]
struct Rows {
    common: Vec<ReferenceRule>,
    by_kind: BTreeMap<ObjectKind, Vec<ReferenceRule>>,
    attributes: Vec<AttributeRule>,
}

/// A member that is worth an attribute in the graph.
#[derive(Debug, Clone)]
pub(crate) struct AttributeRule {
    pub(crate) kind: Option<ObjectKind>,
    pub(crate) path: FieldPath,
    pub(crate) key: Cow<'static, str>,
}

impl Default for ReferenceTable {
    fn default() -> Self {
        static DEFAULT: OnceLock<ReferenceTable> = OnceLock::new();
        DEFAULT.get_or_init(default::table).clone()
    }
}

impl ReferenceTable {
    /// A table that knows nothing: no document has a reference.
    pub fn empty() -> Self {
        Self(Arc::default())
    }

    /// Adds a row for one kind. One of the same path is replaced.
    #[must_use]
    pub fn with_rule(mut self, kind: ObjectKind, rule: ReferenceRule) -> Self {
        let rows = Arc::make_mut(&mut self.0);
        put(rows.by_kind.entry(kind).or_default(), rule);
        self
    }

    /// Adds a row for every kind. One of the same path is replaced.
    #[must_use]
    pub fn with_common_rule(mut self, rule: ReferenceRule) -> Self {
        put(&mut Arc::make_mut(&mut self.0).common, rule);
        self
    }

    /// Removes the row of this path from one kind, if it has one.
    #[must_use]
    pub fn without_rule(mut self, kind: &ObjectKind, path: &str) -> Self {
        if let Some(rules) = Arc::make_mut(&mut self.0).by_kind.get_mut(kind) {
            rules.retain(|rule| rule.path.as_str() != path);
        }
        self
    }

    /// Keeps a text, number or truth value as an attribute: of one kind, or of every kind.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](genesys_core::ErrorKind::InvalidRequest) for a path that [`FieldPath`] refuses.
    pub fn with_attribute(
        mut self,
        kind: Option<ObjectKind>,
        path: &str,
        key: impl Into<Cow<'static, str>>,
    ) -> Result<Self> {
        let rule = AttributeRule {
            kind,
            path: path.parse()?,
            key: key.into(),
        };
        Arc::make_mut(&mut self.0).attributes.push(rule);
        Ok(self)
    }

    /// The rows for a kind, the common ones first.
    pub fn rules<'a>(&'a self, kind: &ObjectKind) -> impl Iterator<Item = &'a ReferenceRule> {
        let own = self.0.by_kind.get(kind).map_or(&[][..], Vec::as_slice);
        self.0.common.iter().chain(own)
    }

    /// The kinds that have rows of their own.
    pub fn kinds(&self) -> impl Iterator<Item = &ObjectKind> {
        self.0.by_kind.keys()
    }

    pub(crate) fn attributes<'a>(
        &'a self,
        kind: &'a ObjectKind,
    ) -> impl Iterator<Item = &'a AttributeRule> {
        let rules = self.0.attributes.iter();
        rules.filter(move |rule| rule.kind.as_ref().is_none_or(|own| own == kind))
    }
}

fn put(rules: &mut Vec<ReferenceRule>, rule: ReferenceRule) {
    match rules.iter_mut().find(|known| known.path == rule.path) {
        Some(known) => *known = rule,
        None => rules.push(rule),
    }
}

impl fmt::Debug for ReferenceTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own: usize = self.0.by_kind.values().map(Vec::len).sum();
        f.debug_struct("ReferenceTable")
            .field("kinds", &self.0.by_kind.len())
            .field("rules", &(self.0.common.len() + own))
            .field("attributes", &self.0.attributes.len())
            .finish()
    }
}
