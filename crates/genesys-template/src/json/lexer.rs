//! A pull lexer that keeps to the grammar by itself: what it yields is a well-formed document, or the fault.

use std::ops::Range;

use super::code_point;
use crate::ErrorKind;
use crate::placeholder::Placeholder;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Object,
    Array,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Null,
    /// `true`, `false` or a number: its JSON text is its text.
    Plain,
}

/// The inside of a string, between its quotes.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) inside: Range<usize>,
    pub(crate) escaped: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// A container, and the byte of its bracket.
    Open(Container, usize),
    /// The end of the innermost container, and the byte after its bracket.
    Close(usize),
    Key(Text),
    String(Text),
    Scalar(Scalar, Range<usize>),
    /// The placeholder with this number stands in place of a value.
    Hole(usize),
    End,
}

/// Why a text is no JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: ErrorKind,
    pub(crate) reason: &'static str,
    pub(crate) offset: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    FirstItem,
    FirstKey,
    Key,
    /// A comma, or the end of what is open.
    Next,
}

#[derive(Debug)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    expect: Expect,
    open: Vec<Container>,
    max_depth: usize,
    holes: &'a [Placeholder],
    next_hole: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, holes: &'a [Placeholder], max_depth: usize) -> Self {
        Self {
            text,
            at: 0,
            expect: Expect::Value,
            open: Vec::new(),
            max_depth,
            holes,
            next_hole: 0,
        }
    }

    /// How many containers are open.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(crate) fn next(&mut self) -> Result<Event, Fault> {
        self.skip_spaces();
        match self.expect {
            Expect::Value => self.value(),
            Expect::FirstItem if self.peek() == Some(b']') => Ok(self.close()),
            Expect::FirstItem => self.value(),
            Expect::FirstKey if self.peek() == Some(b'}') => Ok(self.close()),
            Expect::FirstKey | Expect::Key => self.key(),
            Expect::Next => self.after_value(),
        }
    }

    fn after_value(&mut self) -> Result<Event, Fault> {
        let comma = self.peek() == Some(b',');
        match (self.open.last(), self.peek()) {
            (None, None) => Ok(Event::End),
            (None, Some(_)) => Err(self.fault("text after the value")),
            (Some(Container::Object), Some(b'}')) | (Some(Container::Array), Some(b']')) => {
                Ok(self.close())
            }
            (Some(container), _) if comma => {
                self.at += 1;
                self.expect = match container {
                    Container::Object => Expect::Key,
                    Container::Array => Expect::Value,
                };
                self.next()
            }
            (Some(Container::Object), _) => Err(self.fault("`,` or `}` is expected")),
            (Some(Container::Array), _) => Err(self.fault("`,` or `]` is expected")),
        }
    }

    fn key(&mut self) -> Result<Event, Fault> {
        if self.hole_here().is_some() {
            return Err(self.fault("a placeholder for a key stands inside quotes"));
        }
        if self.peek() != Some(b'"') {
            return Err(self.fault("a key in quotes is expected"));
        }
        let text = self.string()?;
        self.skip_spaces();
        if self.peek() != Some(b':') {
            return Err(self.fault("`:` is expected"));
        }
        self.at += 1;
        self.expect = Expect::Value;
        Ok(Event::Key(text))
    }

    fn value(&mut self) -> Result<Event, Fault> {
        if let Some(hole) = self.hole_here() {
            self.at = self.holes[hole].span.end;
            self.expect = Expect::Next;
            return Ok(Event::Hole(hole));
        }
        let event = match self.peek() {
            Some(b'{') => return self.open(Container::Object),
            Some(b'[') => return self.open(Container::Array),
            Some(b'"') => Event::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Event::Scalar(Scalar::Plain, self.number()?),
            Some(b't') => Event::Scalar(Scalar::Plain, self.word("true")?),
            Some(b'f') => Event::Scalar(Scalar::Plain, self.word("false")?),
            Some(b'n') => Event::Scalar(Scalar::Null, self.word("null")?),
            Some(_) => return Err(self.fault("a value is expected")),
            None => return Err(self.fault("the text ends where a value is expected")),
        };
        self.expect = Expect::Next;
        Ok(event)
    }

    fn open(&mut self, container: Container) -> Result<Event, Fault> {
        if self.open.len() == self.max_depth {
            return Err(Fault {
                kind: ErrorKind::TooDeep,
                ..self.fault("json nests deeper than the limit")
            });
        }
        self.open.push(container);
        self.expect = match container {
            Container::Object => Expect::FirstKey,
            Container::Array => Expect::FirstItem,
        };
        self.at += 1;
        Ok(Event::Open(container, self.at - 1))
    }

    fn close(&mut self) -> Event {
        self.open.pop();
        self.expect = Expect::Next;
        self.at += 1;
        Event::Close(self.at)
    }

    fn string(&mut self) -> Result<Text, Fault> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(0..0x20) => return Err(self.fault("a control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.fault("the text ends inside a string")),
            }
        }
        self.at += 1;
        Ok(Text {
            inside: start..self.at - 1,
            escaped,
        })
    }

    fn escape(&mut self) -> Result<(), Fault> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match self.text.get(self.at + 2..).and_then(code_point) {
                Some((_, length)) => self.at += 2 + length,
                None => {
                    return Err(self.fault("`\\u` without a character: surrogates come in pairs"));
                }
            },
            _ => return Err(self.fault("an unknown escape")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Range<usize>, Fault> {
        let start = self.at;
        self.eat(b"-");
        let whole = self.at;
        if self.digits() == 0 {
            return Err(self.fault("a digit is expected"));
        }
        if self.at - whole > 1 && self.text.as_bytes()[whole] == b'0' {
            self.at = whole;
            return Err(self.fault("a number with a leading zero"));
        }
        if self.eat(b".") && self.digits() == 0 {
            return Err(self.fault("a digit is expected"));
        }
        if self.eat(b"eE") {
            self.eat(b"+-");
            if self.digits() == 0 {
                return Err(self.fault("a digit is expected"));
            }
        }
        self.end_of_token()?;
        Ok(start..self.at)
    }

    fn word(&mut self, word: &str) -> Result<Range<usize>, Fault> {
        let start = self.at;
        if !self.text.as_bytes()[start..].starts_with(word.as_bytes()) {
            return Err(self.fault("a value is expected"));
        }
        self.at += word.len();
        self.end_of_token()?;
        Ok(start..self.at)
    }

    /// Two bare values, or one and a placeholder, are not one value.
    fn end_of_token(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'{') => Err(self.fault("a placeholder for a value stands by itself")),
            Some(byte)
                if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_') =>
            {
                Err(self.fault("a value is expected"))
            }
            _ => Ok(()),
        }
    }

    fn digits(&mut self) -> usize {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        count
    }

    fn eat(&mut self, any: &[u8]) -> bool {
        let found = self.peek().is_some_and(|byte| any.contains(&byte));
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The placeholder that begins here.
    fn hole_here(&mut self) -> Option<usize> {
        while self
            .holes
            .get(self.next_hole)
            .is_some_and(|hole| hole.span.start < self.at)
        {
            self.next_hole += 1;
        }
        let here = self.holes.get(self.next_hole)?.span.start == self.at;
        here.then_some(self.next_hole)
    }

    fn fault(&self, reason: &'static str) -> Fault {
        Fault {
            kind: ErrorKind::InvalidJson,
            reason,
            offset: self.at,
        }
    }
}
