//! Runs a program over values, once: what is written is never read as a template.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::compile::is_header_text;
use crate::document::Found;
use crate::hole::{Hole, Position};
use crate::json::unescape;
use crate::program::{Check, Operation, Program};
use crate::rendered::{Output, Stretch};
use crate::scope::Fallback;
use crate::values::Source;
use crate::{ErrorKind, Problem, Values, escape};

/// Appends what `program` gives for `values`. Goes on after a problem, so that all of them are known; the output is then of no use.
///
/// `first_hole` is the number of the program's first hole among those of the whole output.
pub(crate) fn render(
    program: &Program,
    values: &Values,
    first_hole: usize,
    out: &mut Output,
    problems: &mut Vec<Problem>,
) {
    let mut renderer = Renderer {
        program,
        values,
        first_hole,
        out,
        problems,
        mark: 0,
        problems_at_mark: 0,
        keys: None,
    };
    let _ = renderer.run();
}

struct Renderer<'a> {
    program: &'a Program,
    values: &'a Values,
    first_hole: usize,
    out: &'a mut Output,
    problems: &'a mut Vec<Problem>,
    mark: usize,
    problems_at_mark: usize,
    /// The keys that came out, by the number of their object.
    keys: Option<BTreeSet<(usize, String)>>,
}

impl Renderer<'_> {
    fn run(&mut self) -> ControlFlow<()> {
        let program = self.program;
        for operation in &program.operations {
            match operation {
                Operation::Literal(range) => {
                    let text = &program.literals[range.clone()];
                    self.room(text.len(), None)?;
                    self.out.text.push_str(text);
                }
                Operation::Hole(number) => self.hole(*number)?,
                Operation::Mark => {
                    self.mark = self.out.text.len();
                    self.problems_at_mark = self.problems.len();
                }
                Operation::Check(check, hole) => self.check(*check, *hole),
            }
        }
        ControlFlow::Continue(())
    }

    fn hole(&mut self, number: usize) -> ControlFlow<()> {
        let hole = &self.program.holes[number];
        let start = self.out.text.len();
        let mut stretch = Stretch {
            start,
            end: start,
            hole: self.first_hole + number,
            secret: hole.secret,
            preserved: false,
        };
        match (self.values.find(hole), &hole.fallback) {
            (Some(source), _) => {
                stretch.secret |= source.secret;
                self.source(hole, &source)?;
            }
            (None, Fallback::Default(document)) => {
                if let Some(found) = document.get(&[]) {
                    self.write(hole, found)?;
                }
            }
            (None, Fallback::Empty) if hole.position == Position::JsonValue => {
                self.out.text.push_str("null")
            }
            (None, Fallback::Empty) => {}
            (None, Fallback::Preserve) => {
                self.room(hole.source.len(), Some(hole))?;
                self.out.text.push_str(&hole.source);
                stretch.preserved = true;
            }
            (None, Fallback::Error) => self.refuse(hole, ErrorKind::Missing),
        }
        stretch.end = self.out.text.len();
        self.out.stretches.push(stretch);
        self.room(0, Some(hole))
    }

    fn source(&mut self, hole: &Hole, source: &Source<'_>) -> ControlFlow<()> {
        if hole.secret && !source.secret {
            self.refuse(hole, ErrorKind::NotSecret);
            return ControlFlow::Continue(());
        }
        self.write(hole, source.found)
    }

    fn write(&mut self, hole: &Hole, found: Found<'_>) -> ControlFlow<()> {
        let shield = self.program.shield;
        if hole.position == Position::JsonValue {
            return self.write_json(hole, found);
        }
        let (text, string) = match found {
            Found::Text(text) => (text, true),
            Found::Plain(text) => (text, false),
            Found::Null => return self.skip(hole, ErrorKind::Null),
            Found::Nested(..) => return self.skip(hole, ErrorKind::NotScalar),
        };
        self.room(text.len(), Some(hole))?;
        match hole.position {
            Position::PathSegment if !all(text, |byte| !byte.is_ascii_control()) => {
                return self.skip(hole, ErrorKind::ControlCharacter);
            }
            Position::PathSegment | Position::QueryName | Position::QueryValue => {
                escape::percent(&mut self.out.text, text);
            }
            Position::HeaderValue
                if !all(text, is_header_text) || (shield && text.contains('{')) =>
            {
                return self.skip(hole, ErrorKind::NotHeaderText);
            }
            // A host is compared as a whole, once it is there.
            Position::HeaderValue | Position::Host => self.out.text.push_str(text),
            Position::JsonKey if !string => return self.skip(hole, ErrorKind::NotString),
            Position::JsonKey | Position::JsonString | Position::JsonValue => {
                escape::json(&mut self.out.text, text, shield);
            }
        }
        ControlFlow::Continue(())
    }

    fn write_json(&mut self, hole: &Hole, found: Found<'_>) -> ControlFlow<()> {
        let shield = self.program.shield;
        match found {
            Found::Null => self.out.text.push_str("null"),
            Found::Plain(text) => {
                self.room(text.len(), Some(hole))?;
                self.out.text.push_str(text);
            }
            Found::Text(text) => {
                self.room(text.len(), Some(hole))?;
                self.out.text.push('"');
                escape::json(&mut self.out.text, text, shield);
                self.out.text.push('"');
            }
            Found::Nested(_, depth) if hole.depth + depth > self.program.limits.depth => {
                return self.skip(hole, ErrorKind::TooDeep);
            }
            Found::Nested(json, _) => {
                self.room(json.len(), Some(hole))?;
                if shield {
                    shield_strings(&mut self.out.text, json);
                } else {
                    self.out.text.push_str(json);
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn check(&mut self, check: Check, hole: usize) {
        if self.problems.len() > self.problems_at_mark {
            return;
        }
        let written = &self.out.text[self.mark..];
        let problem = match check {
            Check::Host => {
                let listed = self.program.hosts.iter().any(|host| **host == *written);
                (!listed).then_some(ErrorKind::HostNotListed)
            }
            Check::Segment if written.is_empty() => Some(ErrorKind::EmptySegment),
            Check::Segment => escape::climbs(written).then_some(ErrorKind::DotSegment),
            Check::Parameter => written.is_empty().then_some(ErrorKind::EmptyParameter),
            Check::Key(object) => {
                let key = unescape(written);
                let literal = self.program.objects[object].binary_search(&key).is_ok();
                let twice = literal || !self.keys.get_or_insert_default().insert((object, key));
                twice.then_some(ErrorKind::DuplicateKey)
            }
        };
        if let Some(kind) = problem {
            self.refuse(&self.program.holes[hole], kind);
        }
    }

    /// Stops when `more` bytes would pass the limit.
    #[inline]
    fn room(&mut self, more: usize, hole: Option<&Hole>) -> ControlFlow<()> {
        if self.out.text.len().saturating_add(more) <= self.program.limits.output_bytes {
            return ControlFlow::Continue(());
        }
        self.no_room(hole)
    }

    #[cold]
    fn no_room(&mut self, hole: Option<&Hole>) -> ControlFlow<()> {
        match hole {
            Some(hole) => self.refuse(hole, ErrorKind::TooLarge),
            None => self
                .problems
                .push(Problem::new(ErrorKind::TooLarge, &self.program.part)),
        }
        ControlFlow::Break(())
    }

    #[cold]
    fn skip(&mut self, hole: &Hole, kind: ErrorKind) -> ControlFlow<()> {
        self.refuse(hole, kind);
        ControlFlow::Continue(())
    }

    #[cold]
    fn refuse(&mut self, hole: &Hole, kind: ErrorKind) {
        let problem = Problem::new(kind, &self.program.part);
        self.problems
            .push(problem.at(hole.offset).of(&hole.variable));
    }
}

/// Looks at every byte, without an early end: several are looked at at once.
fn all(text: &str, rule: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & rule(byte))
}

/// Copies JSON with the braces in its strings escaped.
fn shield_strings(out: &mut String, json: &str) {
    let mut in_string = false;
    let mut escaped = false;
    for char in json.chars() {
        match char {
            '{' if in_string => out.push_str("\\u007b"),
            _ => out.push(char),
        }
        match char {
            '"' if !escaped => in_string = !in_string,
            _ => {}
        }
        escaped = in_string && !escaped && char == '\\';
    }
}
