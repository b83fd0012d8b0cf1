//! JSON: the lexer knows whether a placeholder stands in a string, in a key, or for a value.

use std::collections::HashSet;

use super::Compiled;
use crate::hole::Position;
use crate::json::{Container, Event, Fault, Lexer, Text, unescape};
use crate::placeholder::{self, Placeholder};
use crate::program::{Assembly, Check};
use crate::{ErrorKind, Part, Problem, Scope};

pub(crate) fn json(text: &str, scope: &Scope) -> Compiled {
    let part = Part::Body;
    let placeholders = placeholder::scan(text, &part, scope)?;
    let mut lexer = Lexer::new(text, &placeholders, scope.limits().depth);
    let mut compiler = Compiler {
        text,
        placeholders: &placeholders,
        scope,
        assembly: Assembly::default(),
        copied: 0,
        next: 0,
        open: Vec::new(),
    };
    compiler.run(&mut lexer).map_err(|fault| {
        vec![
            Problem::new(fault.kind, &part)
                .at(fault.offset)
                .because(fault.reason),
        ]
    })?;
    compiler.assembly.literal(&text[compiler.copied..]);
    Ok(compiler.assembly.finish(part, scope))
}

struct Compiler<'a> {
    text: &'a str,
    placeholders: &'a [Placeholder],
    scope: &'a Scope,
    assembly: Assembly,
    /// How far the text is compiled.
    copied: usize,
    /// The next placeholder.
    next: usize,
    open: Vec<Open>,
}

/// A container that is being read.
#[derive(Default)]
struct Open {
    /// The keys without holes.
    keys: HashSet<String>,
    /// Its number, once it has a key with a hole.
    number: Option<usize>,
}

impl Compiler<'_> {
    fn run(&mut self, lexer: &mut Lexer<'_>) -> Result<(), Fault> {
        loop {
            match lexer.next()? {
                Event::Open(Container::Object | Container::Array, _) => {
                    self.open.push(Open::default())
                }
                Event::Close(_) => self.close(),
                Event::Key(key) => self.key(&key, lexer.depth())?,
                Event::String(text) => {
                    self.holes_until(text.inside.end, Position::JsonString, lexer.depth());
                }
                Event::Scalar(..) => {}
                Event::Hole(hole) => {
                    let end = self.placeholders[hole].span.end;
                    self.holes_until(end, Position::JsonValue, lexer.depth());
                }
                Event::End => return Ok(()),
            }
        }
    }

    fn key(&mut self, key: &Text, depth: usize) -> Result<(), Fault> {
        let dynamic = self
            .placeholders
            .get(self.next)
            .is_some_and(|next| next.span.start < key.inside.end);
        let Some(open) = self.open.last_mut() else {
            return Ok(());
        };
        if !dynamic {
            let name = &self.text[key.inside.clone()];
            let name = if key.escaped {
                unescape(name)
            } else {
                name.to_owned()
            };
            return if open.keys.insert(name) {
                Ok(())
            } else {
                Err(Fault {
                    kind: ErrorKind::DuplicateKey,
                    reason: "the object has this key twice",
                    offset: key.inside.start,
                })
            };
        }
        let number = *open.number.get_or_insert_with(|| {
            self.assembly.objects.push(Box::default());
            self.assembly.objects.len() - 1
        });
        self.copy(key.inside.start);
        self.assembly.mark();
        self.holes_until(key.inside.end, Position::JsonKey, depth);
        self.copy(key.inside.end);
        self.assembly.check(Check::Key(number));
        Ok(())
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else {
            return;
        };
        if let Some(number) = open.number {
            let mut keys: Vec<String> = open.keys.into_iter().collect();
            keys.sort();
            self.assembly.objects[number] = keys.into();
        }
    }

    fn holes_until(&mut self, end: usize, position: Position, depth: usize) {
        while let Some(placeholder) = self.placeholders.get(self.next) {
            if placeholder.span.start >= end {
                break;
            }
            self.copy(placeholder.span.start);
            let hole = placeholder.hole(self.text, position, depth, self.scope);
            self.assembly.hole(hole);
            self.copied = placeholder.span.end;
            self.next += 1;
        }
    }

    fn copy(&mut self, end: usize) {
        self.assembly.literal(&self.text[self.copied..end]);
        self.copied = end;
    }
}
