//! Mistakes of the text, as they are met.

use super::Reader;
use crate::code::{Code, structure};
use crate::json::{Defect, MAX_DEFECTS, NONE, NodeId};
use crate::span::Span;

impl Reader<'_> {
    /// The value being read, or the container around it.
    pub(super) fn current(&self) -> Option<NodeId> {
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

    #[cold]
    pub(super) fn stop(&mut self, expected: &str) -> Option<()> {
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

    #[cold]
    pub(super) fn defect(&mut self, code: Code, start: usize, message: String, hint: &'static str) {
        let node = self.current();
        self.defect_at(code, node, Span::new(start, self.at), message, hint);
    }

    #[cold]
    pub(super) fn defect_at(
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
            self.document.omitted.add(code, 1);
        }
    }
}
