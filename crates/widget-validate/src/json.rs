//! A JSON reader that keeps spans and goes on after repairable mistakes.
//!
//! `serde_json` gives values without places and stops at the first mistake; a validator needs both. The reader is a loop over
//! an explicit stack of open containers, so nesting cannot overflow the call stack, and it looks at each byte a constant number of times.
//! Values live in one vector of nodes, each before what it contains, so that most documents take one allocation; texts stay in the
//! input until somebody asks for them.

mod children;
mod pointer;
mod reader;
mod text;

use std::borrow::Cow;
use std::cell::Cell;

use children::Children;
pub(crate) use pointer::escape_token;
pub(crate) use pointer::unescape_token;
pub(crate) use text::quote;

use crate::code::Code;
use crate::span::Span;
use crate::tally::Tally;

/// The handle of a value in its [`Document`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NodeId(u32);

const NONE: u32 = u32::MAX;

/// What kind of value a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number; [`Document::number`] is `None` when its spelling is wrong or it is not finite.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Type {
    /// The word used in messages, with its article.
    pub(crate) fn described(self) -> &'static str {
        match self {
            Type::Null => "null",
            Type::Bool => "a boolean",
            Type::Number => "a number",
            Type::String => "a string",
            Type::Array => "an array",
            Type::Object => "an object",
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Node {
    kind: Type,
    /// The string has escapes, or the number is unusable.
    special: bool,
    /// The member's name has escapes.
    escaped_key: bool,
    /// Eight bits of a hash of the member's name.
    key_mark: u8,
    start: u32,
    end: u32,
    /// The quoted member name; for array items both are the index.
    key_start: u32,
    key_end: u32,
    parent: u32,
    /// The node behind this one and all that it contains: the next sibling, unless the container ends there.
    after: u32,
}

impl Node {
    /// Bytes of the name between its quotes.
    fn key_length(&self) -> usize {
        (self.key_end as usize).saturating_sub(self.key_start as usize + 2)
    }
}

/// A mistake of the text itself.
#[derive(Debug, Clone)]
pub(crate) struct Defect {
    pub(crate) code: Code,
    /// The value the mistake belongs to; the root when there is none.
    pub(crate) node: Option<NodeId>,
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

/// A read document. Complete unless the text was broken beyond repair.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    text: &'a str,
    nodes: Vec<Node>,
    defects: Vec<Defect>,
    /// Mistakes beyond [`MAX_DEFECTS`], which are only counted.
    omitted: Tally,
    complete: bool,
    work: Cell<u64>,
}

/// Mistakes of the text that are kept; megabytes of rubbish must not become gigabytes of findings.
const MAX_DEFECTS: usize = 10_000;

impl<'a> Document<'a> {
    /// Reads the bytes. Nesting deeper than `max_depth` stops the reading.
    pub(crate) fn parse(bytes: &'a [u8], max_depth: usize) -> Document<'a> {
        reader::read(bytes, max_depth)
    }

    /// True when the whole text was understood; only then absence of a member means something.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    /// The mistakes of the text, and how many more of which kind there are.
    pub(crate) fn defects(&self) -> (&[Defect], &Tally) {
        (&self.defects, &self.omitted)
    }

    /// Bytes looked at, nodes visited and names compared so far. Proportional to time, and the same on every machine.
    pub(crate) fn work(&self) -> u64 {
        self.work.get()
    }

    #[inline]
    pub(crate) fn spend(&self, work: usize) {
        self.work.set(self.work.get() + work as u64);
    }

    /// The outermost value.
    pub(crate) fn root(&self) -> Option<NodeId> {
        (!self.nodes.is_empty()).then_some(NodeId(0))
    }

    #[inline]
    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The kind of the value.
    #[inline]
    pub(crate) fn kind(&self, id: NodeId) -> Type {
        self.node(id).kind
    }

    /// The bytes of the value.
    #[inline]
    pub(crate) fn span(&self, id: NodeId) -> Span {
        let node = self.node(id);
        Span::new(node.start as usize, node.end as usize)
    }

    /// The bytes of the member's name, quotes included; `None` for array items and the root.
    pub(crate) fn key_span(&self, id: NodeId) -> Option<Span> {
        let node = self.node(id);
        (node.key_start != node.key_end)
            .then(|| Span::new(node.key_start as usize, node.key_end as usize))
    }

    /// The member's name; `None` for array items and the root.
    pub(crate) fn key(&self, id: NodeId) -> Option<Cow<'a, str>> {
        let node = self.node(id);
        let start = node.key_start as usize + 1;
        self.spend(node.key_length());
        let name = self
            .text
            .get(start..start + node.key_length())
            .filter(|_| node.key_start != node.key_end)?;
        Some(if node.escaped_key {
            text::unescape(name)
        } else {
            Cow::Borrowed(name)
        })
    }

    /// The bytes of the member's name: the cheap form for a `match` over known names. Empty for array items and the root.
    #[inline]
    pub(crate) fn key_bytes(&self, id: NodeId) -> Cow<'a, [u8]> {
        if self.node(id).escaped_key {
            return Cow::Owned(self.unescaped_key(id).into_bytes());
        }
        Cow::Borrowed(self.raw_key(id))
    }

    #[cold]
    fn unescaped_key(&self, id: NodeId) -> String {
        self.key(id).unwrap_or_default().into_owned()
    }

    /// The text as it stands in the document.
    pub(crate) fn raw(&self, id: NodeId) -> &'a str {
        let span = self.span(id);
        self.spend(span.len());
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// The string without quotes and escapes; `None` for other values.
    #[inline]
    pub(crate) fn string(&self, id: NodeId) -> Option<Cow<'a, str>> {
        let node = self.node(id);
        if node.kind != Type::String {
            return None;
        }
        self.spend(node.end.saturating_sub(node.start) as usize);
        // A string without an end has an empty span.
        let inner = self
            .text
            .get(node.start as usize + 1..(node.end as usize).saturating_sub(1))
            .unwrap_or("");
        Some(if node.special {
            text::unescape(inner)
        } else {
            Cow::Borrowed(inner)
        })
    }

    /// The byte in the document of the `index`th byte of a string, when the string has no escapes.
    pub(crate) fn place_in_string(&self, id: NodeId, inner: Span) -> Span {
        let node = self.node(id);
        if node.special {
            self.span(id)
        } else {
            inner.after(node.start as usize + 1)
        }
    }

    /// The number, when it is finite; `None` for other values.
    pub(crate) fn number(&self, id: NodeId) -> Option<f64> {
        if let Some(whole) = self.whole_number(id) {
            // Fewer than 16 digits are exact.
            return Some(whole as f64);
        }
        let node = self.node(id);
        if node.kind != Type::Number || node.special {
            return None;
        }
        self.raw(id).parse().ok()
    }

    /// The number, when it is written as fewer than 16 digits and nothing else: cheaper than the general parser.
    #[inline]
    pub(crate) fn whole_number(&self, id: NodeId) -> Option<u64> {
        let node = self.node(id);
        if node.kind != Type::Number || node.special {
            return None;
        }
        let digits = self
            .text
            .as_bytes()
            .get(node.start as usize..node.end as usize)
            .filter(|digits| digits.len() < 16)?;
        self.spend(digits.len());
        digits.iter().try_fold(0, |number: u64, digit| {
            let digit = digit.wrapping_sub(b'0');
            (digit < 10).then(|| number * 10 + u64::from(digit))
        })
    }

    /// The boolean; `None` for other values.
    pub(crate) fn boolean(&self, id: NodeId) -> Option<bool> {
        (self.kind(id) == Type::Bool).then(|| self.raw(id) == "true")
    }

    /// The members or items of a value, in order.
    #[inline]
    pub(crate) fn children(&self, id: NodeId) -> Children<'_> {
        Children::new(self, id)
    }

    /// The container of a value, and the values before and after it; `None` for the root.
    pub(crate) fn neighbours(
        &self,
        id: NodeId,
    ) -> Option<(NodeId, Option<NodeId>, Option<NodeId>)> {
        let parent = self.node(id).parent;
        if parent == NONE {
            return None;
        }
        let parent = NodeId(parent);
        let previous = self
            .children(parent)
            .take_while(|child| *child != id)
            .last();
        let next = self.node(id).after;
        let is_last = next == self.node(parent).after;
        Some((parent, previous, (!is_last).then_some(NodeId(next))))
    }

    /// The member of that name; the last one where the name is repeated, as most readers have it.
    pub(crate) fn member(&self, id: NodeId, name: &str) -> Option<NodeId> {
        if self.kind(id) != Type::Object {
            return None;
        }
        self.children(id)
            .filter(|child| self.key_is(*child, name))
            .last()
    }

    /// True when the member's name is `name`.
    #[inline]
    pub(crate) fn key_is(&self, id: NodeId, name: &str) -> bool {
        let node = self.node(id);
        if node.escaped_key {
            return self.key(id).is_some_and(|key| key == name);
        }
        // Most names differ in length already.
        node.key_length() == name.len() && self.raw_key(id) == name.as_bytes()
    }

    /// The bytes of a member's name between its quotes; nothing for array items and the root.
    #[inline]
    fn raw_key(&self, id: NodeId) -> &'a [u8] {
        let node = self.node(id);
        let start = node.key_start as usize + 1;
        self.text
            .as_bytes()
            .get(start..start + node.key_length())
            .unwrap_or(b"")
    }

    /// True when two members have the same name.
    #[inline]
    fn same_key(&self, one: NodeId, other: NodeId) -> bool {
        let (first, second) = (self.node(one), self.node(other));
        if first.escaped_key || second.escaped_key {
            return self.key(one) == self.key(other);
        }
        first.key_length() == second.key_length() && self.raw_key(one) == self.raw_key(other)
    }

    /// The JSON pointer (RFC 6901) of a value.
    pub(crate) fn pointer(&self, id: NodeId) -> String {
        let mut tokens = Vec::new();
        let mut at = id;
        while self.node(at).parent != NONE {
            tokens.push(match self.key(at) {
                Some(key) => escape_token(&key),
                None => self.node(at).key_start.to_string(),
            });
            at = NodeId(self.node(at).parent);
        }
        tokens
            .iter()
            .rev()
            .fold(String::new(), |mut pointer, token| {
                pointer.push('/');
                pointer.push_str(token);
                pointer
            })
    }

    /// The value a JSON pointer leads to.
    pub(crate) fn find(&self, pointer: &str) -> Option<NodeId> {
        let mut at = self.root()?;
        if pointer.is_empty() {
            return Some(at);
        }
        for token in pointer.strip_prefix('/')?.split('/') {
            let token = unescape_token(token)?;
            at = match self.kind(at) {
                Type::Object => self.member(at, &token)?,
                Type::Array if token == "0" || !token.starts_with('0') => {
                    self.children(at).nth(token.parse().ok()?)?
                }
                _ => return None,
            };
        }
        Some(at)
    }
}
