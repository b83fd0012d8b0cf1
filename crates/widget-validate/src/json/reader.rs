//! From bytes to nodes.

mod duplicates;
mod lexical;

use std::cell::Cell;

use super::{Defect, Document, MAX_DEFECTS, NONE, Node, NodeId, Type};
use crate::code::{Code, structure};
use crate::span::Span;

/// Spans are kept in 32 bits.
const MAX_BYTES: usize = u32::MAX as usize - 1;

pub(super) fn read(bytes: &[u8], max_depth: usize) -> Document<'_> {
    let mut document = Document {
        text: "",
        nodes: Vec::new(),
        defects: Vec::new(),
        omitted: 0,
        complete: false,
        work: Cell::new(0),
    };
    let broken = |document: &mut Document<'_>, code, span, message: String, hint| {
        document.defects.push(Defect {
            code,
            node: None,
            span,
            message,
            hint,
        });
    };
    if bytes.len() > MAX_BYTES {
        broken(
            &mut document,
            structure::TOO_LARGE,
            Span::new(0, 0),
            "more than 4 GiB".to_owned(),
            "send a smaller document",
        );
        return document;
    }
    if let [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] = bytes {
        broken(
            &mut document,
            structure::NOT_UTF8,
            Span::new(0, 2),
            "the document is UTF-16".to_owned(),
            "save it as UTF-8",
        );
        return document;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            let end = at + error.error_len().unwrap_or(bytes.len() - at);
            let message = format!("byte {at} does not continue a UTF-8 text");
            broken(
                &mut document,
                structure::NOT_UTF8,
                Span::new(at, end),
                message,
                "save the document as UTF-8",
            );
            return document;
        }
    };
    document.text = text;
    document
        .nodes
        .reserve((bytes.len() / 16).clamp(16, 1 << 16));
    let mut reader = Reader {
        bytes,
        at: 0,
        open: NONE,
        depth: 0,
        max_depth,
        document,
    };
    if text.starts_with('\u{feff}') {
        reader.at = 3;
        reader.defect(
            structure::BYTE_ORDER_MARK,
            0,
            "the document starts with a byte order mark".to_owned(),
            "save it as UTF-8 without BOM",
        );
    }
    reader.document.complete = reader.run().is_some();
    reader.document
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The innermost open container.
    open: u32,
    depth: usize,
    max_depth: usize,
    document: Document<'a>,
}

impl<'a> Reader<'a> {
    /// `None` when reading had to stop.
    fn run(&mut self) -> Option<()> {
        self.blank();
        self.value(0, 0, false)?;
        while self.open != NONE {
            let before = self.at;
            let outcome = self.step();
            self.document.spend(1 + self.at - before);
            outcome?;
        }
        self.blank();
        if self.at < self.bytes.len() {
            let start = self.at;
            self.at = self.bytes.len();
            self.defect_at(
                structure::JSON_SYNTAX,
                Some(NodeId(0)),
                Span::new(start, self.bytes.len()),
                "text follows the end of the document".to_owned(),
                "remove it, or look for a closing brace too many",
            );
        }
        Some(())
    }

    /// One member or item of the innermost container, or its end.
    fn step(&mut self) -> Option<()> {
        self.blank();
        let container = self.document.nodes[self.open as usize];
        let (close, object) = if container.kind == Type::Object {
            (b'}', true)
        } else {
            (b']', false)
        };
        if self.peek() == Some(close) {
            return self.close();
        }
        if container.last != NONE {
            match self.peek() {
                Some(b',') => {
                    let comma = self.at;
                    self.at += 1;
                    self.blank();
                    if self.peek() == Some(close) {
                        self.defect_at(
                            structure::JSON_SYNTAX,
                            Some(NodeId(self.open)),
                            Span::new(comma, comma + 1),
                            "a comma stands before the end".to_owned(),
                            "remove the trailing comma",
                        );
                        return self.close();
                    }
                }
                Some(b'"') if object => {
                    let at = self.at;
                    self.defect_at(
                        structure::JSON_SYNTAX,
                        Some(NodeId(self.open)),
                        Span::new(at, at + 1),
                        "a comma is missing between members".to_owned(),
                        "put a comma between the two members",
                    );
                }
                _ => {
                    return self.stop(if object {
                        "a comma or `}`"
                    } else {
                        "a comma or `]`"
                    });
                }
            }
        }
        if !object {
            let index = if container.last == NONE {
                0
            } else {
                self.document.nodes[container.last as usize].key_start as usize + 1
            };
            return self.value(index, index, false);
        }
        if self.peek() != Some(b'"') {
            return self.stop("a member name in double quotes");
        }
        let key_start = self.at;
        let escaped = self.string()?;
        let key_end = self.at;
        self.blank();
        if self.peek() != Some(b':') {
            return self.stop("a colon after the member name");
        }
        self.at += 1;
        self.blank();
        self.value(key_start, key_end, escaped)
    }

    fn value(&mut self, key_start: usize, key_end: usize, escaped_key: bool) -> Option<()> {
        let start = self.at;
        let node = |kind| Node {
            kind,
            special: false,
            escaped_key,
            start: start as u32,
            end: start as u32,
            key_start: key_start as u32,
            key_end: key_end as u32,
            parent: self.open,
            next: NONE,
            first: NONE,
            last: NONE,
        };
        match self.peek() {
            Some(b'{') | Some(b'[') => {
                let id = node(if self.peek() == Some(b'{') {
                    Type::Object
                } else {
                    Type::Array
                });
                let id = self.append(id);
                self.at += 1;
                self.depth += 1;
                if self.depth > self.max_depth {
                    let message = format!("nested deeper than {} levels", self.max_depth);
                    self.defect_at(
                        structure::TOO_DEEP,
                        Some(NodeId(id)),
                        Span::new(start, start + 1),
                        message,
                        "flatten the document; nothing below this place was read",
                    );
                    return None;
                }
                self.open = id;
                return Some(());
            }
            Some(b'"') => {
                let id = node(Type::String);
                let id = self.append(id);
                let special = self.string()?;
                self.document.nodes[id as usize].special = special;
                self.finish(id);
            }
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => {
                let id = node(Type::Number);
                let id = self.append(id);
                self.number(id);
                self.finish(id);
            }
            Some(b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$') => {
                let id = node(Type::Null);
                let id = self.append(id);
                self.word(id)?;
                self.finish(id);
            }
            _ => return self.stop("a value"),
        }
        Some(())
    }

    /// Links a node as the last child of the open container.
    fn append(&mut self, node: Node) -> u32 {
        let id = self.document.nodes.len() as u32;
        self.document.nodes.push(node);
        if self.open != NONE {
            let previous = self.document.nodes[self.open as usize].last;
            if previous == NONE {
                self.document.nodes[self.open as usize].first = id;
            } else {
                self.document.nodes[previous as usize].next = id;
            }
            self.document.nodes[self.open as usize].last = id;
        }
        id
    }

    fn finish(&mut self, id: u32) {
        self.document.nodes[id as usize].end = self.at as u32;
    }

    fn close(&mut self) -> Option<()> {
        self.at += 1;
        let id = self.open;
        self.finish(id);
        if self.document.nodes[id as usize].kind == Type::Object {
            self.find_duplicates(NodeId(id));
        }
        self.depth -= 1;
        self.open = self.document.nodes[id as usize].parent;
        Some(())
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The value being read, or the container around it.
    fn current(&self) -> Option<NodeId> {
        (!self.document.nodes.is_empty()).then(|| {
            let last = self.document.nodes.len() as u32 - 1;
            let unfinished =
                self.document.nodes[last as usize].end == self.document.nodes[last as usize].start;
            NodeId(match self.open {
                _ if unfinished => last,
                NONE => 0,
                open => open,
            })
        })
    }

    fn stop(&mut self, expected: &str) -> Option<()> {
        let node = (self.open != NONE).then_some(NodeId(self.open));
        let (found, length) = match self
            .document
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        {
            Some(letter) => (format!("found {letter:?}"), letter.len_utf8()),
            None => ("the document ends".to_owned(), 0),
        };
        let message = format!("expected {expected}, {found}");
        self.defect_at(
            structure::JSON_SYNTAX,
            node,
            Span::new(self.at, self.at + length),
            message,
            "nothing after this place was read",
        );
        None
    }

    fn defect(&mut self, code: Code, start: usize, message: String, hint: &'static str) {
        let node = self.current();
        self.defect_at(code, node, Span::new(start, self.at), message, hint);
    }

    fn defect_at(
        &mut self,
        code: Code,
        node: Option<NodeId>,
        span: Span,
        message: String,
        hint: &'static str,
    ) {
        if self.document.defects.len() < MAX_DEFECTS {
            self.document.defects.push(Defect {
                code,
                node,
                span,
                message,
                hint,
            });
        } else {
            self.document.omitted += 1;
        }
    }
}
