//! The graph while it grows, and what is still to be found out about it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use depgraph::{Edge, Error, ErrorKind, GraphBuilder, Id, Node, State, UNKNOWN_KIND};
use serde_json::Value;

use super::{CrawlOptions, Unlisted, limits};
use crate::accuracy::Unreadable;
use crate::extract::{Extraction, Reference, cut};
use crate::kind::ObjectKind;
use crate::source::{Mention, Piece};
use crate::table::ReferenceTable;

/// Patterns of unlisted members that are kept.
const UNLISTED: usize = 1_000;
/// Pairs of kind and state that are kept; the graph needs room for the unknown kind in each state.
const MOST_CLASSES: usize = 250;

/// Collects objects and references in any order. What comes of them does not depend on it.
pub(super) struct Assembly {
    builder: GraphBuilder,
    table: ReferenceTable,
    known: HashMap<Key, Known>,
    unreadable: Unreadable,
    unlisted: BTreeMap<(ObjectKind, String), u64>,
    /// Objects and references that were left out: why, and how many.
    refused: BTreeMap<(String, &'static str), u64>,
    classes: Classes,
    objects: u64,
    listed: usize,
    full: bool,
}

/// The pairs of kind and state that the graph has. It holds 256 of them.
#[derive(Debug, Default)]
struct Classes {
    seen: BTreeSet<(ObjectKind, State)>,
    left_out: u64,
}

impl Classes {
    /// What the kind is called in the graph; what is beyond the limit is of an unknown kind.
    fn name<'a>(&mut self, kind: &'a ObjectKind, state: State) -> &'a str {
        let class = (kind.clone(), state);
        if self.seen.contains(&class) || self.seen.len() < MOST_CLASSES && self.seen.insert(class) {
            kind.as_str()
        } else {
            self.left_out += 1;
            UNKNOWN_KIND
        }
    }
}

/// An id, so that two spellings of one UUID are one object, as they are in the graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    Uuid(u128),
    Text(Box<str>),
}

impl Key {
    fn of(id: &str) -> Self {
        match Id::new(id) {
            Id::Uuid(uuid) => Self::Uuid(uuid),
            Id::Text(text) => Self::Text(text.into()),
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Uuid(uuid) => Id::Uuid(*uuid).to_string(),
            Self::Text(text) => text.to_string(),
        }
    }
}

/// What is known of an object.
#[derive(Debug, Default)]
struct Known {
    /// It was read.
    read: bool,
    /// The kind that what refers to it takes it for; of several the first by name.
    kind: Option<ObjectKind>,
    /// What another place than its list knows of it.
    mention: Option<(Option<String>, State)>,
    /// What was found out.
    settled: Option<State>,
}

impl Known {
    fn expect(&mut self, kind: &ObjectKind) {
        if self.kind.as_ref().is_none_or(|known| kind < known) {
            self.kind = Some(kind.clone());
        }
    }
}

impl Assembly {
    pub(super) fn new(table: ReferenceTable, options: &CrawlOptions) -> Self {
        Self {
            builder: GraphBuilder::new().with_limits(limits(options)),
            table,
            known: HashMap::new(),
            unreadable: Unreadable::default(),
            unlisted: BTreeMap::new(),
            refused: BTreeMap::new(),
            classes: Classes::default(),
            objects: 0,
            listed: options.listed,
            full: false,
        }
    }

    /// True when a limit of the whole graph is reached.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Objects read and references found.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.objects, self.builder.edge_count() as u64)
    }

    /// Says something about the graph as a whole.
    pub(super) fn property(&mut self, key: &str, value: &str) {
        self.builder.set_property(key, value);
    }

    pub(super) fn gap(&mut self, scope: impl Into<String>, reason: impl Into<String>) {
        self.builder.add_gap(scope, reason);
    }

    pub(super) fn take(&mut self, batch: Vec<Piece>) {
        for piece in batch {
            match piece {
                Piece::Object {
                    kind,
                    found,
                    unlisted,
                } => {
                    self.unlisted(&kind, unlisted);
                    self.object(&kind, found);
                }
                Piece::Reference { source, reference } => self.reference(&source, &reference),
                Piece::Mention(mention) => self.mention(mention),
            }
        }
    }

    pub(super) fn take_document(&mut self, kind: &ObjectKind, document: &Value) {
        let found = self.table.extract(kind, document);
        self.object(kind, found);
    }

    fn object(&mut self, kind: &ObjectKind, found: Extraction) {
        let Some(id) = &found.id else {
            self.refuse(kind.as_str(), "an object has no id");
            return;
        };
        let state = found.state();
        let mut node = Node::new(id, self.classes.name(kind, state)).with_state(state);
        if let Some(name) = &found.name {
            node = node.with_name(name);
        }
        let attributes = found.attributes.iter();
        let node = attributes.fold(node, |node, (key, value)| node.with_attribute(key, value));
        if let Err(error) = self.builder.add_node(node) {
            self.refused_by_graph(kind.as_str(), error);
            return;
        }
        self.objects += 1;
        self.known.entry(Key::of(id)).or_default().read = true;
        for reference in &found.references {
            self.reference(id, reference);
        }
        self.unreadable.total += found.unreadable.len() as u64;
        let room = self.listed.saturating_sub(self.unreadable.places.len());
        let places = found.unreadable.into_iter().take(room);
        self.unreadable
            .places
            .extend(places.map(|place| (id.clone(), place)));
    }

    fn unlisted(&mut self, kind: &ObjectKind, paths: Vec<String>) {
        for path in paths {
            let full = self.unlisted.len() >= UNLISTED;
            match self.unlisted.entry((kind.clone(), path)) {
                Entry::Vacant(_) if full => {}
                entry => *entry.or_default() += 1,
            }
        }
    }

    fn reference(&mut self, source: &str, reference: &Reference) {
        let edge = Edge::new(source, &reference.target, &reference.edge)
            .with_evidence(&reference.place)
            .with_alternative(reference.alternative.as_deref().unwrap_or_default());
        match self.builder.add_edge(edge) {
            Ok(()) => {
                let target = self.known.entry(Key::of(&reference.target)).or_default();
                if !target.read {
                    target.expect(&reference.kind);
                }
                self.known.entry(Key::of(source)).or_default();
            }
            Err(error) => {
                self.refused_by_graph(&format!("references to {}", reference.kind), error)
            }
        }
    }

    fn mention(&mut self, mention: Mention) {
        let known = self.known.entry(Key::of(&mention.id)).or_default();
        known.expect(&mention.kind);
        let name = mention.name.map(|name| cut(&name).to_owned());
        let fresh = (name, mention.state);
        // Of two that differ, the one that comes first in their own order, whichever was read first.
        if known
            .mention
            .as_ref()
            .is_none_or(|old| (fresh.1, &fresh.0) < (old.1, &old.0))
        {
            known.mention = Some(fresh);
        }
    }

    /// What is referred to, was not read, and is not settled: id and kind, in the order of ids.
    pub(super) fn missing(&self) -> impl Iterator<Item = (String, ObjectKind)> + use<> {
        let open = self.known.iter().filter(|(_, known)| {
            !known.read
                && known.settled.is_none()
                && known
                    .mention
                    .as_ref()
                    .is_none_or(|one| one.1 != State::Deleted)
        });
        let mut open: Vec<(Key, ObjectKind)> = open
            .filter_map(|(key, known)| Some((key.clone(), known.kind.clone()?)))
            .collect();
        open.sort_unstable();
        open.into_iter().map(|(key, kind)| (key.text(), kind))
    }

    /// Decides what became of an object that is missing.
    pub(super) fn settle(&mut self, id: &str, state: State) {
        if let Some(known) = self.known.get_mut(&Key::of(id)) {
            known.settled = Some(state);
        }
    }

    fn refuse(&mut self, scope: &str, reason: &'static str) {
        *self.refused.entry((scope.to_owned(), reason)).or_default() += 1;
    }

    fn refused_by_graph(&mut self, scope: &str, error: Error) {
        let reason = match error.kind() {
            ErrorKind::EmptyId => "an id is empty",
            ErrorKind::TextTooLong => "an id or a text is too long",
            ErrorKind::TooManyNodes => {
                self.full = true;
                "the limit of objects is reached"
            }
            ErrorKind::TooManyEdges => {
                self.full = true;
                "the limit of references is reached"
            }
            ErrorKind::TooManyKinds => "there are too many kinds of references",
            _ => {
                self.full = true;
                "the limit of text is reached"
            }
        };
        self.refuse(scope, reason);
    }

    /// The builder with everything in it, the places that could not be read, and the members that are in no row.
    pub(super) fn finish(mut self) -> Result<(GraphBuilder, Unreadable, Vec<Unlisted>), Error> {
        let mut missing: Vec<(Key, Known)> = self
            .known
            .drain()
            .filter(|(_, known)| !known.read)
            .collect();
        missing.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (key, known) in missing {
            let (name, mentioned) = known.mention.unwrap_or((None, State::NotFetched));
            let kind = known.kind.unwrap_or_else(|| ObjectKind::new(""));
            let state = match known.settled {
                Some(state) => state,
                // Nobody lists what is outside of the platform; that it is named is all there is to read.
                None if kind == ObjectKind::ENDPOINT => State::Present,
                None => mentioned,
            };
            let id = key.text();
            let mut node = Node::new(&id, self.classes.name(&kind, state)).with_state(state);
            if let Some(name) = &name {
                node = node.with_name(name);
            }
            match self.builder.add_node(node) {
                // It is in the graph as what refers to it says; only its name and kind are not.
                Err(error) if error.is_limit() => self.refuse(kind.as_str(), "a limit is reached"),
                added => added?,
            }
        }
        if self.classes.left_out > 0 {
            let reason = format!(
                "{} objects are of kinds beyond the limit",
                self.classes.left_out
            );
            self.builder.add_gap("kinds", reason);
        }
        for ((scope, reason), times) in &self.refused {
            self.builder.add_gap(
                format!("{scope}: {reason}"),
                format!("left out {times} times"),
            );
        }
        let unlisted = std::mem::take(&mut self.unlisted).into_iter();
        let unlisted = unlisted.map(|((kind, path), times)| Unlisted {
            kind: kind.as_str().to_owned(),
            path,
            times,
        });
        Ok((self.builder, self.unreadable, unlisted.collect()))
    }
}
