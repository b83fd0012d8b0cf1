//! From bytes to nodes.

mod defects;
mod duplicates;
mod lexical;
mod words;

use std::cell::Cell;

use super::{Defect, Document, NONE, Node, NodeId, Type};
use crate::code::structure;
use crate::span::Span;
use crate::tally::Tally;

/// Spans are kept in 32 bits.
const MAX_BYTES: usize = u32::MAX as usize - 1;

pub(super) fn read(bytes: &[u8], max_depth: usize) -> Document<'_> {
    let mut document = Document {
        text: "",
        nodes: Vec::new(),
        defects: Vec::new(),
        omitted: Tally::default(),
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
    document.nodes = Vec::with_capacity((bytes.len() / 16).clamp(16, 1 << 16));
    let mut reader = Reader {
        bytes,
        at: 0,
        open: NONE,
        close: 0,
        next_index: 0,
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
    if !reader.document.complete {
        reader.close_all();
    }
    let Reader { at, document, .. } = reader;
    document.spend(at + document.nodes.len());
    document
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The innermost open container, the byte that closes it, and how many items it has; for an object only whether it has any.
    open: u32,
    close: u8,
    next_index: u32,
    depth: usize,
    max_depth: usize,
    document: Document<'a>,
}

impl<'a> Reader<'a> {
    /// `None` when reading had to stop.
    fn run(&mut self) -> Option<()> {
        let first = self.token();
        self.value(first, 0, 0, None)?;
        while self.open != NONE {
            self.step()?;
        }
        self.token();
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
    #[inline(always)]
    fn step(&mut self) -> Option<()> {
        let mut token = self.token_or(b',');
        if token == b',' && self.next_index > 0 {
            let comma = self.at;
            self.at += 1;
            token = self.token();
            if token == self.close {
                self.trailing_comma(comma);
                return self.close();
            }
        } else if token == self.close {
            return self.close();
        } else if self.next_index > 0 {
            self.missing_comma(token)?;
        }
        if self.close == b']' {
            let index = self.next_index;
            self.next_index += 1;
            return self.value(token, index, index, None);
        }
        self.next_index = 1;
        if token != b'"' {
            return self.stop("a member name in double quotes");
        }
        let start = self.at;
        let escaped = self.string()?;
        let end = self.at;
        if self.token_or(b':') != b':' {
            return self.stop("a colon after the member name");
        }
        self.at += 1;
        if self.peek() == b' ' {
            self.at += 1;
        }
        let token = self.token();
        self.value(token, start as u32, end as u32, Some(escaped))
    }

    #[cold]
    fn trailing_comma(&mut self, comma: usize) {
        self.defect_at(
            structure::JSON_SYNTAX,
            Some(NodeId(self.open)),
            Span::new(comma, comma + 1),
            "a comma stands before the end".to_owned(),
            "remove the trailing comma",
        );
    }

    /// A member that follows without a comma is read all the same.
    #[cold]
    fn missing_comma(&mut self, token: u8) -> Option<()> {
        match (self.close, token) {
            (b'}', b'"') => {
                let at = self.at;
                self.defect_at(
                    structure::JSON_SYNTAX,
                    Some(NodeId(self.open)),
                    Span::new(at, at + 1),
                    "a comma is missing between members".to_owned(),
                    "put a comma between the two members",
                );
                Some(())
            }
            (b'}', _) => self.stop("a comma or `}`"),
            _ => self.stop("a comma or `]`"),
        }
    }

    /// Reads the value that begins with `token`. The key is the place of the quoted name, and whether that has escapes; for an item
    /// of a list, which has no name, both places are its index.
    #[inline(always)]
    fn value(
        &mut self,
        token: u8,
        key_start: u32,
        key_end: u32,
        escaped_key: Option<bool>,
    ) -> Option<()> {
        let start = self.at;
        let key_mark = match escaped_key {
            Some(false) => duplicates::mark(self.bytes, key_start as usize, key_end as usize),
            _ => 0,
        };
        let id = self.document.nodes.len() as u32;
        let node = move |kind| Node {
            kind,
            special: false,
            escaped_key: escaped_key == Some(true),
            key_mark,
            start: start as u32,
            end: start as u32,
            key_start,
            key_end,
            parent: 0,
            after: id + 1,
        };
        // Most values are texts.
        if token == b'"' {
            self.append(node(Type::String));
            let special = self.string()?;
            let end = self.at as u32;
            if let Some(node) = self.document.nodes.last_mut() {
                node.special = special;
                node.end = end;
            }
            return Some(());
        }
        match token {
            b'-' | b'+' | b'.' | b'0'..=b'9' => {
                self.append(node(Type::Number));
                self.number(id);
                self.finish(id);
            }
            b'{' | b'[' => {
                let kind = if token == b'{' {
                    Type::Object
                } else {
                    Type::Array
                };
                self.append(node(kind));
                self.at += 1;
                self.depth += 1;
                if self.depth > self.max_depth {
                    return self.too_deep(id);
                }
                self.open = id;
                // `]` and `}` stand two behind their opening brackets.
                self.close = token + 2;
                self.next_index = 0;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => {
                self.append(node(Type::Null));
                self.word(id)?;
                self.finish(id);
            }
            _ => return self.stop("a value"),
        }
        Some(())
    }

    #[cold]
    fn too_deep(&mut self, id: u32) -> Option<()> {
        let message = format!("nested deeper than {} levels", self.max_depth);
        let start = self.at - 1;
        self.defect_at(
            structure::TOO_DEEP,
            Some(NodeId(id)),
            Span::new(start, start + 1),
            message,
            "flatten the document; nothing below this place was read",
        );
        None
    }

    /// Adds a node to the open container.
    #[inline(always)]
    fn append(&mut self, node: Node) {
        self.document.nodes.push(Node {
            parent: self.open,
            ..node
        });
    }

    #[inline]
    fn finish(&mut self, id: u32) {
        let end = self.at as u32;
        if let Some(node) = self.document.nodes.get_mut(id as usize) {
            node.end = end;
        }
    }

    fn close(&mut self) -> Option<()> {
        self.at += 1;
        let id = self.open;
        let after = self.document.nodes.len() as u32;
        let node = &mut self.document.nodes[id as usize];
        node.end = self.at as u32;
        node.after = after;
        let (kind, parent, index) = (node.kind, node.parent, node.key_start);
        if kind == Type::Object {
            self.find_duplicates(NodeId(id));
        }
        self.depth -= 1;
        self.open = parent;
        // The container is the last child of the one around it.
        if parent != NONE {
            (self.close, self.next_index) = match self.document.nodes[parent as usize].kind {
                Type::Array => (b']', index + 1),
                _ => (b'}', 1),
            };
        }
        Some(())
    }

    /// Where reading stopped, the open containers have the children that were read.
    #[cold]
    fn close_all(&mut self) {
        let after = self.document.nodes.len() as u32;
        while let Some(node) = self.document.nodes.get_mut(self.open as usize) {
            node.after = after;
            self.open = node.parent;
        }
    }

    /// The byte to be read, 0 at the end of the text. A NUL of the text is nowhere allowed outside of strings, either.
    #[inline(always)]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }
}
