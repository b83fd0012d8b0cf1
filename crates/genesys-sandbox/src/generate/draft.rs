//! An organisation in the making. A document and the truth about its references are written together.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Generated, Node, Reference, Truth};
use crate::organisation::{HOME_DIVISION_ID, Kind, Organisation};
use crate::seeded::hex;

/// Names that have to be escaped in HTML, DOT, Mermaid, JSON or a terminal.
const HOSTILE: [&str; 6] = [
    "\"quoted\" 'name'",
    "</script><script>alert(1)</script>",
    "two\nlines\tand\\slash",
    "right\u{202e}to left",
    "a]b[c|d{e}f;--> %% end",
    "\u{1b}[31mred\u{0}",
];

pub(super) struct Draft {
    pub(super) rng: fastrand::Rng,
    hostile_names: bool,
    made: usize,
    organisation: Organisation,
    truth: Truth,
    known: BTreeSet<Node>,
}

/// A document in the making.
pub(super) struct Document {
    pub(super) node: Node,
    value: Value,
}

impl Draft {
    pub(super) fn new(seed: u64, hostile_names: bool) -> Self {
        let mut draft = Self {
            rng: fastrand::Rng::with_seed(seed),
            hostile_names,
            made: 0,
            organisation: Organisation::default(),
            truth: Truth::default(),
            known: BTreeSet::new(),
        };
        let id = draft.uuid();
        draft.organisation = Organisation::new(format!("Generated {seed}")).with_id(id);
        let home = Node::new(Kind::Division, HOME_DIVISION_ID.to_owned());
        draft.know(home);
        draft
    }

    pub(super) fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.rng.fill(&mut bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = hex(&bytes);
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        parts.join("-")
    }

    /// An id that nothing has.
    pub(super) fn nowhere(&mut self, kind: Kind) -> Node {
        Node::new(kind, self.uuid())
    }

    /// A new object of this kind.
    pub(super) fn object(&mut self, kind: Kind, name: &str) -> Document {
        let node = Node::new(kind, self.uuid());
        self.made += 1;
        let value = json!({"id": node.id, "name": format!("{name} {}", self.made)});
        Document { node, value }
    }

    /// A new object with a name that is hard to show, if that was asked for.
    pub(super) fn planted(&mut self, kind: Kind, name: &str) -> Document {
        let mut document = self.object(kind, name);
        if self.hostile_names {
            let hostile = HOSTILE[self.made % HOSTILE.len()];
            document.value["name"] = json!(format!("{name} {hostile} {}", self.made));
        }
        document
    }

    /// So many different ones of these, or all of them.
    pub(super) fn choose(&mut self, nodes: &[Node], count: usize) -> Vec<Node> {
        let mut chosen = BTreeSet::new();
        while chosen.len() < count.min(nodes.len()) {
            chosen.insert(self.rng.usize(..nodes.len()));
        }
        chosen.into_iter().map(|at| nodes[at].clone()).collect()
    }

    /// Writes a reference into a document, and down as true.
    pub(super) fn refer(&mut self, document: &mut Document, place: &str, to: &Node) {
        document.set(place, json!(to.id));
        self.note(&document.node, place, to);
    }

    /// A reference that no document has.
    pub(super) fn note(&mut self, from: &Node, place: &str, to: &Node) {
        self.truth.references.push(Reference {
            from: from.clone(),
            place: place.to_owned(),
            to: to.clone(),
        });
    }

    /// Makes one object use another one, as dependency tracking knows it.
    pub(super) fn uses(&mut self, from: &Node, object_type: &str, to: &Node) {
        self.note(from, Reference::TRACKING, to);
        self.change(|all| all.with_use(&*from.id, object_type, &*to.id));
    }

    pub(super) fn member(&mut self, queue: &Node, user: &Node) {
        self.note(queue, Reference::MEMBERS, user);
        self.change(|all| all.with_member(&*queue.id, &*user.id));
    }

    pub(super) fn wrap_up_code(&mut self, queue: &Node, code: &Node) {
        self.note(queue, Reference::WRAP_UP_CODES, code);
        self.change(|all| all.with_wrap_up_code(&*queue.id, &*code.id));
    }

    /// Adds a finished document.
    pub(super) fn add(&mut self, document: Document) -> Node {
        let Document { node, value } = document;
        self.know(node.clone());
        self.list(node.kind, value);
        node
    }

    /// Lists a document that is no object of its own.
    pub(super) fn list(&mut self, kind: Kind, value: Value) {
        self.change(|all| all.with_object(kind, value));
    }

    pub(super) fn truth(&mut self) -> &mut Truth {
        &mut self.truth
    }

    /// The documents of a kind so far.
    pub(super) fn documents(&self, kind: Kind) -> &[Value] {
        self.organisation.objects(kind)
    }

    fn know(&mut self, node: Node) {
        *self.truth.objects.entry(node.kind).or_default() += 1;
        self.known.insert(node);
    }

    fn change(&mut self, change: impl FnOnce(Organisation) -> Organisation) {
        let organisation = std::mem::take(&mut self.organisation);
        self.organisation = change(organisation);
    }

    pub(super) fn finish(mut self) -> Generated {
        let truth = &mut self.truth;
        let mut lonely = self.known.clone();
        for reference in &truth.references {
            lonely.remove(&reference.from);
            lonely.remove(&reference.to);
            if !self.known.contains(&reference.to) {
                truth.dangling.push(reference.clone());
            }
        }
        truth.orphans = lonely.into_iter().collect();
        Generated {
            organisation: self.organisation,
            truth: self.truth,
        }
    }
}

impl Document {
    /// Sets the member at a place such as `rules[0].queue.id`; what is on the way is made.
    pub(super) fn set(&mut self, place: &str, value: Value) {
        let mut at = &mut self.value;
        for segment in place.split('.') {
            let (name, index) = match segment.split_once('[') {
                Some((name, rest)) => (name, rest.trim_end_matches(']').parse::<usize>().ok()),
                None => (segment, None),
            };
            at = &mut at[name];
            let Some(index) = index else { continue };
            if !at.is_array() {
                *at = json!([]);
            }
            if let Some(items) = at.as_array_mut()
                && items.len() <= index
            {
                items.resize(index + 1, Value::Null);
            }
            at = &mut at[index];
        }
        *at = value;
    }
}
