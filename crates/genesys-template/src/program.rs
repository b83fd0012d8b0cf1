//! A compiled template: literals, holes, and what is checked once a stretch of output is there.

use std::ops::Range;

use crate::hole::{Hole, Piece};
use crate::{Limits, Part};

#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) part: Part,
    pub(crate) literals: Box<str>,
    pub(crate) operations: Box<[Operation]>,
    pub(crate) holes: Box<[Hole]>,
    /// The literal keys of each object that has a key with a hole, sorted.
    pub(crate) objects: Box<[Box<[String]>]>,
    pub(crate) hosts: Box<[Box<str>]>,
    /// Braces in values are escaped or refused, because placeholders may remain.
    pub(crate) shield: bool,
    pub(crate) limits: Limits,
}

#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// A range of the literals.
    Literal(Range<usize>),
    Hole(usize),
    /// What is written from here on is checked as a whole.
    Mark,
    /// Checks what was written since the mark; problems are put down to the hole with this number.
    Check(Check, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    Host,
    Segment,
    Parameter,
    /// A key of the object with this number.
    Key(usize),
}

impl Program {
    pub(crate) fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.operations
            .iter()
            .filter_map(|operation| match operation {
                Operation::Literal(range) => Some(Piece::Literal(&self.literals[range.clone()])),
                Operation::Hole(hole) => Some(Piece::Hole(&self.holes[*hole])),
                Operation::Mark | Operation::Check(..) => None,
            })
    }
}

/// Puts a [`Program`] together.
#[derive(Debug, Default)]
pub(crate) struct Assembly {
    literals: String,
    operations: Vec<Operation>,
    holes: Vec<Hole>,
    pub(crate) objects: Vec<Box<[String]>>,
}

impl Assembly {
    pub(crate) fn literal(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let start = self.literals.len();
        self.literals.push_str(text);
        let end = self.literals.len();
        match self.operations.last_mut() {
            Some(Operation::Literal(range)) => range.end = end,
            _ => self.operations.push(Operation::Literal(start..end)),
        }
    }

    pub(crate) fn hole(&mut self, hole: Hole) {
        self.operations.push(Operation::Hole(self.holes.len()));
        self.holes.push(hole);
    }

    pub(crate) fn mark(&mut self) {
        self.operations.push(Operation::Mark);
    }

    /// Ends the stretch that [`mark`](Self::mark) began, which has a hole.
    pub(crate) fn check(&mut self, check: Check) {
        let last = self.holes.len().saturating_sub(1);
        self.operations.push(Operation::Check(check, last));
    }

    pub(crate) fn finish(self, part: Part, scope: &crate::Scope) -> Program {
        Program {
            part,
            literals: self.literals.into(),
            operations: self.operations.into(),
            holes: self.holes.into(),
            objects: self.objects.into(),
            hosts: scope.hosts().into(),
            shield: scope.preserves(),
            limits: scope.limits(),
        }
    }
}
