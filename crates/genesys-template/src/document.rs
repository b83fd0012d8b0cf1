//! A JSON value that remembers how it was written.
//!
//! Numbers are never decoded: what is inserted is the text that came in. One pass over the text checks it and notes where the
//! members of its objects are, so that a look-up copies nothing and a bare hole copies one stretch of text.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

use crate::json::{Container, Event, Fault, Lexer, Scalar, Text, unescape};
use crate::{ErrorKind, escape};

/// Up to so many members are looked through one by one.
const FEW: usize = 8;

/// A value with its members, found by name.
#[derive(Clone)]
pub(crate) struct Document {
    raw: Box<str>,
    /// Strings whose text differs from what stands between their quotes.
    decoded: String,
    nodes: Vec<Node>,
    /// Members by object, and within one object by name.
    members: Vec<Member>,
}

/// What a document has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found<'a> {
    Null,
    /// A boolean or a number, as it was written.
    Plain(&'a str),
    /// The text of a string.
    Text(&'a str),
    /// The JSON of an object or array, and how deep it nests.
    Nested(&'a str, usize),
}

#[derive(Debug, Clone)]
enum Node {
    Null,
    Plain(Range<usize>),
    Text(Slice),
    Nested {
        raw: Range<usize>,
        depth: usize,
        members: Range<usize>,
    },
}

/// A piece of the raw text, or of the decoded strings.
#[derive(Debug, Clone)]
enum Slice {
    Raw(Range<usize>),
    Decoded(Range<usize>),
}

#[derive(Debug, Clone)]
struct Member {
    name: Slice,
    node: usize,
}

impl Slice {
    fn of<'a>(&self, raw: &'a str, decoded: &'a str) -> &'a str {
        match self {
            Self::Raw(range) => &raw[range.clone()],
            Self::Decoded(range) => &decoded[range.clone()],
        }
    }

    fn is(&self, name: &str, raw: &str, decoded: &str) -> bool {
        let (range, text) = match self {
            Self::Raw(range) => (range, raw),
            Self::Decoded(range) => (range, decoded),
        };
        range.len() == name.len() && text.as_bytes()[range.clone()] == *name.as_bytes()
    }
}

impl Document {
    /// Reads a JSON text: one value, no member twice, any depth.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let mut builder = Builder::new(text.to_owned());
        let mut lexer = Lexer::new(text, &[], usize::MAX);
        loop {
            match lexer.next()? {
                Event::Open(container, start) => builder.open(container, start),
                Event::Close(end) => {
                    if let Some(offset) = builder.close(end) {
                        return Err(Fault {
                            kind: ErrorKind::DuplicateKey,
                            reason: "an object has the same key twice",
                            offset,
                        });
                    }
                }
                Event::Key(key) => builder.key = Some(builder.slice(&key)),
                Event::String(text) => {
                    let slice = builder.slice(&text);
                    builder.leaf(Node::Text(slice));
                }
                Event::Scalar(Scalar::Null, _) => builder.leaf(Node::Null),
                Event::Scalar(Scalar::Plain, range) => builder.leaf(Node::Plain(range)),
                // There are no placeholders in a value.
                Event::Hole(_) | Event::End => break,
            }
        }
        Ok(builder.finish())
    }

    /// The same of a value. A number that went through a float has the shortest text that reads back as that float.
    pub(crate) fn from_value(value: &Value) -> Self {
        let mut builder = Builder::new(String::new());
        let mut open = Vec::new();
        let mut next = Some(value);
        loop {
            if let Some(value) = next.take() {
                open.extend(builder.begin(value));
            }
            let Some(items) = open.last_mut() else {
                return builder.finish();
            };
            match items.next() {
                Some((key, item)) => {
                    builder.separate(key);
                    next = Some(item);
                }
                None => {
                    builder.raw.push(items.bracket());
                    builder.close(builder.raw.len());
                    open.pop();
                }
            }
        }
    }

    /// What the path leads to.
    pub(crate) fn get(&self, path: &[Box<str>]) -> Option<Found<'_>> {
        let mut node = self.nodes.last()?;
        for name in path {
            let Node::Nested { members, .. } = node else {
                return None;
            };
            let members = &self.members[members.clone()];
            // Lengths tell most names apart, which order does not look at.
            let place = if members.len() <= FEW {
                members
                    .iter()
                    .position(|member| member.name.is(name, &self.raw, &self.decoded))
            } else {
                let by_name = |member: &Member| member.name.of(&self.raw, &self.decoded).cmp(name);
                members.binary_search_by(by_name).ok()
            };
            node = &self.nodes[members[place?].node];
        }
        Some(match node {
            Node::Null => Found::Null,
            Node::Plain(range) => Found::Plain(&self.raw[range.clone()]),
            Node::Text(slice) => Found::Text(slice.of(&self.raw, &self.decoded)),
            Node::Nested { raw, depth, .. } => Found::Nested(&self.raw[raw.clone()], *depth),
        })
    }
}

/// A container that is being read.
struct Open {
    container: Container,
    start: usize,
    /// How deep its members nest.
    inner_depth: usize,
    /// Where its members begin in those that wait.
    first: usize,
    /// Its own key, to go back to.
    key: Option<Slice>,
}

struct Builder {
    raw: String,
    decoded: String,
    nodes: Vec<Node>,
    members: Vec<Member>,
    open: Vec<Open>,
    /// Members of the containers that are open, outermost first.
    waiting: Vec<Member>,
    /// The key whose value comes next.
    key: Option<Slice>,
    /// How many arrays are open. Nothing in an array is found by name: its nodes are not kept.
    arrays: usize,
}

impl Builder {
    fn new(raw: String) -> Self {
        Self {
            raw,
            decoded: String::new(),
            nodes: Vec::new(),
            members: Vec::new(),
            open: Vec::new(),
            waiting: Vec::new(),
            key: None,
            arrays: 0,
        }
    }

    fn leaf(&mut self, node: Node) {
        if self.arrays == 0 {
            self.nodes.push(node);
        }
        if let Some(name) = self.key.take() {
            let node = self.nodes.len().saturating_sub(1);
            self.waiting.push(Member { name, node });
        }
    }

    fn open(&mut self, container: Container, start: usize) {
        self.arrays += usize::from(container == Container::Array);
        self.open.push(Open {
            container,
            start,
            inner_depth: 0,
            first: self.waiting.len(),
            key: self.key.take(),
        });
    }

    /// Closes the innermost container; says where it begins when one of its keys is there twice.
    fn close(&mut self, end: usize) -> Option<usize> {
        let open = self.open.pop()?;
        self.arrays -= usize::from(open.container == Container::Array);
        let mut members = self.waiting.split_off(open.first);
        members.sort_by(|one, other| self.text(&one.name).cmp(self.text(&other.name)));
        let twice = members
            .windows(2)
            .any(|pair| self.text(&pair[0].name) == self.text(&pair[1].name));
        let depth = open.inner_depth + 1;
        if let Some(parent) = self.open.last_mut() {
            parent.inner_depth = parent.inner_depth.max(depth);
        }
        let first = self.members.len();
        if self.arrays == 0 {
            self.members.append(&mut members);
        }
        self.key = open.key;
        self.leaf(Node::Nested {
            raw: open.start..end,
            depth,
            members: first..self.members.len(),
        });
        twice.then_some(open.start)
    }

    fn slice(&mut self, text: &Text) -> Slice {
        if !text.escaped {
            return Slice::Raw(text.inside.clone());
        }
        let start = self.decoded.len();
        let decoded = unescape(&self.raw[text.inside.clone()]);
        self.decoded.push_str(&decoded);
        Slice::Decoded(start..self.decoded.len())
    }

    fn text(&self, slice: &Slice) -> &str {
        slice.of(&self.raw, &self.decoded)
    }

    /// Writes a value, or the start of one that has items.
    fn begin<'v>(&mut self, value: &'v Value) -> Option<Items<'v>> {
        let start = self.raw.len();
        match value {
            Value::Null => {
                self.raw.push_str("null");
                self.leaf(Node::Null);
            }
            Value::String(text) => {
                let slice = self.write_string(text);
                self.leaf(Node::Text(slice));
            }
            Value::Array(items) => {
                self.open(Container::Array, start);
                self.raw.push('[');
                return Some(Items::Array(items.iter()));
            }
            Value::Object(members) => {
                self.open(Container::Object, start);
                self.raw.push('{');
                return Some(Items::Object(members.iter()));
            }
            Value::Bool(_) | Value::Number(_) => {
                self.raw.push_str(&value.to_string());
                self.leaf(Node::Plain(start..self.raw.len()));
            }
        }
        None
    }

    /// Writes what stands before an item: the comma, the key.
    fn separate(&mut self, key: Option<&str>) {
        if !self.raw.ends_with(['[', '{']) {
            self.raw.push(',');
        }
        if let Some(key) = key {
            self.key = Some(self.write_string(key));
            self.raw.push(':');
        }
    }

    fn write_string(&mut self, text: &str) -> Slice {
        self.raw.push('"');
        let start = self.raw.len();
        escape::json(&mut self.raw, text, false);
        let end = self.raw.len();
        self.raw.push('"');
        if end - start == text.len() {
            return Slice::Raw(start..end);
        }
        let start = self.decoded.len();
        self.decoded.push_str(text);
        Slice::Decoded(start..self.decoded.len())
    }

    fn finish(self) -> Document {
        Document {
            raw: self.raw.into(),
            decoded: self.decoded,
            nodes: self.nodes,
            members: self.members,
        }
    }
}

/// What is left of a container.
enum Items<'v> {
    Array(std::slice::Iter<'v, Value>),
    Object(serde_json::map::Iter<'v>),
}

impl<'v> Items<'v> {
    fn next(&mut self) -> Option<(Option<&'v str>, &'v Value)> {
        match self {
            Self::Array(items) => items.next().map(|item| (None, item)),
            Self::Object(members) => members.next().map(|(key, item)| (Some(key.as_str()), item)),
        }
    }

    fn bracket(&self) -> char {
        match self {
            Self::Array(_) => ']',
            Self::Object(_) => '}',
        }
    }
}

/// Values are nobody's to read.
impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn path(dotted: &str) -> Vec<Box<str>> {
        dotted
            .split('.')
            .filter(|part| !part.is_empty())
            .map(Box::from)
            .collect()
    }

    #[test]
    fn text_and_value_lead_to_the_same_members() {
        let text = r#"{"b": {"x": [1, {"y": 2}], "q\"": "\u00e9\n"}, "a": 1.50, "n": null, "t": true, "z": {}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        let (one, other) = (Document::parse(text).unwrap(), Document::from_value(&value));
        assert_eq!(one.get(&path("a")), Some(Found::Plain("1.50")));
        assert_eq!(other.get(&path("a")), Some(Found::Plain("1.5")));
        assert_eq!(
            one.get(&path("b.x")),
            Some(Found::Nested(r#"[1, {"y": 2}]"#, 2))
        );
        for document in [&one, &other] {
            assert_eq!(
                document.get(&["b".into(), "q\"".into()]),
                Some(Found::Text("é\n"))
            );
            assert_eq!(document.get(&path("n")), Some(Found::Null));
            assert_eq!(document.get(&path("t")), Some(Found::Plain("true")));
            assert_eq!(document.get(&path("z")), Some(Found::Nested("{}", 1)));
            for nowhere in ["c", "a.b", "b.x.y", "n.a", "z.a", "b.x.0"] {
                assert_eq!(document.get(&path(nowhere)), None, "{nowhere}");
            }
            assert!(matches!(document.get(&[]), Some(Found::Nested(_, 4))));
        }
        assert_eq!(serde_json::from_str::<Value>(&other.raw).unwrap(), value);
        assert_eq!(*other.raw, value.to_string());
    }

    #[test]
    fn a_key_twice_is_refused_in_arrays_and_in_other_spellings_too() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"[[{"a":1,"b":2,"a":3}]]"#,
            r#"{"x":{"a":{},"a":{}}}"#,
        ] {
            let fault = Document::parse(text).unwrap_err();
            assert_eq!(fault.kind, ErrorKind::DuplicateKey, "{text}");
        }
        assert!(Document::parse(r#"[{"a":1},{"a":2},{"b":{"a":3}}]"#).is_ok());
    }

    #[test]
    fn the_same_texts_are_json_as_for_serde_json() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[1,]",
            "{\"a\":}",
            "{\"a\" 1}",
            "{a:1}",
            "01",
            "-",
            "1.",
            "1e",
            "+1",
            ".5",
            "tru",
            "nul",
            "truefalse",
            "1 2",
            "[1 2]",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\ud800\\u0061\"",
            "\"\t\"",
            "[}",
            "{]",
            "{{a}}",
            "[,1]",
            "{,}",
            "\u{feff}1",
            "NaN",
            "1e+",
            "-0",
            "0",
            "0.0e-0",
            "1E5",
            " [ ] ",
            "{ }",
            "\"\\ud83d\\ude00\"",
            "\"\\/\\b\\f\"",
            "{\"a\":[{},[]]}",
            "null ",
            "\"\u{7f}\"",
        ] {
            let read = serde_json::from_str::<Value>(text).is_ok();
            assert_eq!(Document::parse(text).is_ok(), read, "{text:?}");
        }
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = 200_000;
        let text = format!("{}{}", "[".repeat(deep), "]".repeat(deep));
        let document = Document::parse(&text).unwrap();
        assert!(matches!(document.get(&[]), Some(Found::Nested(_, depth)) if depth == deep));
        let mut value = json!(null);
        for _ in 0..500 {
            value = json!({ "a": value });
        }
        let document = Document::from_value(&value);
        assert!(matches!(document.get(&[]), Some(Found::Nested(_, 500))));
    }
}
