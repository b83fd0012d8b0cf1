//! The schemas of a document and the references between them.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use url::Url;

use super::Draft;

/// The base of a document that has no `$id`.
const NO_BASE: &str = "json-schema:///";

/// A schema and where it leads.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it stands in its document.
    pub(super) pointer: String,
    pub(super) edges: Vec<Edge>,
}

/// One schema leads to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) to: usize,
    /// For the same value, and not for a part of it.
    pub(super) in_place: bool,
}

/// Keywords by what stands behind them, and whether it is about the same value.
const SCHEMA: [(&str, bool); 12] = [
    ("not", true),
    ("if", true),
    ("then", true),
    ("else", true),
    ("additionalItems", false),
    ("additionalProperties", false),
    ("contains", false),
    ("contentSchema", false),
    ("items", false),
    ("propertyNames", false),
    ("unevaluatedItems", false),
    ("unevaluatedProperties", false),
];
const LIST: [(&str, bool); 5] = [
    ("allOf", true),
    ("anyOf", true),
    ("oneOf", true),
    ("items", false),
    ("prefixItems", false),
];
const MAP: [(&str, bool); 4] = [
    ("dependencies", true),
    ("dependentSchemas", true),
    ("properties", false),
    ("patternProperties", false),
];
/// Schemas that nothing leads to but references.
const SHELVES: [&str; 2] = ["definitions", "$defs"];

/// Reads schemas as they are found, without recursion.
pub(super) struct Reader<'a> {
    draft: Draft,
    documents: &'a HashMap<String, Value>,
    nodes: Vec<Node>,
    /// By the place in memory, which is the same however a schema was reached.
    known: HashMap<usize, usize>,
    open: Vec<Open<'a>>,
    /// Schemas with an `$id` of their own, and documents.
    resources: HashMap<String, &'a Value>,
    anchors: HashMap<(String, String), &'a Value>,
    references: Vec<(usize, Url, &'a str)>,
    /// A schema within that is written in a draft that is not supported.
    foreign: Option<String>,
}

/// What was read.
pub(super) struct Schemas {
    /// The first is the whole.
    pub(super) nodes: Vec<Node>,
    /// Where a draft is named that is not supported.
    pub(super) foreign: Option<String>,
}

struct Open<'a> {
    node: usize,
    schema: &'a Map<String, Value>,
    base: Url,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        schema: &'a Value,
        draft: Draft,
        documents: &'a HashMap<String, Value>,
    ) -> Self {
        let mut reader = Self {
            draft,
            documents,
            nodes: Vec::new(),
            known: HashMap::new(),
            open: Vec::new(),
            resources: HashMap::new(),
            anchors: HashMap::new(),
            references: Vec::new(),
            foreign: None,
        };
        if let Ok(base) = Url::parse(NO_BASE) {
            reader.resources.insert(base.to_string(), schema);
            reader.node(schema, &base, String::new());
        }
        reader
    }

    /// Every schema that can be reached.
    pub(super) fn read(mut self) -> Schemas {
        loop {
            while let Some(open) = self.open.pop() {
                self.expand(&open);
            }
            // Anchors may stand behind what refers to them, so references wait until all that is known has been read.
            let Some((from, base, reference)) = self.references.pop() else {
                return Schemas {
                    nodes: self.nodes,
                    foreign: self.foreign,
                };
            };
            if let Some(to) = self.resolve(&base, reference) {
                self.nodes[from].edges.push(Edge { to, in_place: true });
            }
        }
    }

    /// The node of a schema, opened when it is new. A boolean leads nowhere.
    fn node(&mut self, schema: &'a Value, base: &Url, pointer: String) -> Option<usize> {
        let members = schema.as_object()?;
        let place = std::ptr::from_ref(schema).addr();
        if let Some(node) = self.known.get(&place) {
            return Some(*node);
        }
        let node = self.nodes.len();
        let draft = members.get("$schema").and_then(Value::as_str);
        if let Some(draft) = draft
            && Draft::from_uri(draft).is_none()
            && !self.documents.contains_key(draft.trim_end_matches('#'))
        {
            self.foreign
                .get_or_insert_with(|| format!("{pointer}/$schema"));
        }
        self.nodes.push(Node {
            pointer,
            edges: Vec::new(),
        });
        self.known.insert(place, node);
        let base = self.identify(schema, members, base);
        self.open.push(Open {
            node,
            schema: members,
            base,
        });
        Some(node)
    }

    /// Takes down the names that a schema gives itself; the base for what it holds.
    fn identify(&mut self, schema: &'a Value, members: &'a Map<String, Value>, base: &Url) -> Url {
        let text = |name| members.get(name).and_then(Value::as_str);
        let mut base = base.clone();
        // In draft 7 a reference stands alone.
        if self.draft != Draft::Draft7 || !members.contains_key("$ref") {
            match text("$id") {
                Some(id) if id.starts_with('#') => {
                    self.anchors
                        .insert((key(&base), id[1..].to_owned()), schema);
                }
                Some(id) => {
                    if let Ok(own) = base.join(id) {
                        base = own;
                        base.set_fragment(None);
                        self.resources.insert(key(&base), schema);
                    }
                }
                None => {}
            }
        }
        for name in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = text(name) {
                self.anchors.insert((key(&base), anchor.to_owned()), schema);
            }
        }
        base
    }

    fn expand(&mut self, open: &Open<'a>) {
        for name in ["$ref", "$dynamicRef", "$recursiveRef"] {
            if let Some(reference) = open.schema.get(name).and_then(Value::as_str) {
                let base = open.base.clone();
                self.references.push((open.node, base, reference));
            }
        }
        let alone = self.draft == Draft::Draft7 && open.schema.contains_key("$ref");
        let pointer = self.nodes[open.node].pointer.clone();
        for (name, value) in open.schema {
            let below = format!("{pointer}/{}", escape(name));
            for (in_place, schema, pointer) in held(name, value, &below) {
                let to = self.node(schema, &open.base, pointer);
                if let (Some(to), Some(in_place), false) = (to, in_place, alone) {
                    self.nodes[open.node].edges.push(Edge { to, in_place });
                }
            }
        }
    }

    fn resolve(&mut self, base: &Url, reference: &str) -> Option<usize> {
        let mut target = base.join(reference).ok()?;
        let fragment = target.fragment().unwrap_or_default().to_owned();
        target.set_fragment(None);
        let name = key(&target);
        let resource = match self.resources.get(&name) {
            Some(resource) => *resource,
            None => {
                let document = self.documents.get(&name)?;
                self.resources.insert(name.clone(), document);
                // Read as a whole: an anchor may stand anywhere in it.
                self.node(document, &target, String::new());
                while let Some(open) = self.open.pop() {
                    self.expand(&open);
                }
                document
            }
        };
        let fragment = percent_decode_str(&fragment).decode_utf8().ok()?;
        let schema = if fragment.is_empty() || fragment.starts_with('/') {
            resource.pointer(&fragment)?
        } else {
            self.anchors.get(&(name, fragment.to_string())).copied()?
        };
        self.node(schema, &target, fragment.into_owned())
    }
}

/// The schemas behind a keyword: about the same value or a part of it, or neither, where only references lead.
fn held<'a>(name: &str, value: &'a Value, pointer: &str) -> Vec<(Option<bool>, &'a Value, String)> {
    let find = |table: &[(&str, bool)]| {
        let found = table.iter().find(|(keyword, _)| *keyword == name);
        found.map(|(_, in_place)| *in_place)
    };
    match value {
        Value::Array(items) => {
            let Some(in_place) = find(&LIST) else {
                return Vec::new();
            };
            let items = items.iter().enumerate();
            items
                .map(|(index, item)| (Some(in_place), item, format!("{pointer}/{index}")))
                .collect()
        }
        Value::Object(members) => {
            if let Some(in_place) = find(&SCHEMA) {
                return vec![(Some(in_place), value, pointer.to_owned())];
            }
            let in_place = find(&MAP);
            if in_place.is_none() && !SHELVES.contains(&name) {
                return Vec::new();
            }
            let members = members.iter();
            members
                .map(|(name, schema)| (in_place, schema, format!("{pointer}/{}", escape(name))))
                .collect()
        }
        _ => Vec::new(),
    }
}

fn key(url: &Url) -> String {
    url.as_str().trim_end_matches('#').to_owned()
}

fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
