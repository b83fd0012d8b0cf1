//! From text to a program, by a stack of open parentheses instead of recursion.

use crate::error::{Error, ErrorKind};
use crate::limits::Limits;

/// A query that was understood.
///
/// ```text
/// deps(x [, n])         x and what it refers to, directly or not, at most n references away
/// rdeps(x [, n])        x and what refers to it
/// some_path(x, y)       the objects on one shortest path from x to y
/// all_paths(x, y)       the objects on any path from x to y
/// kind(k [, x])         objects of a kind (of those in x)
/// state(s [, x])        objects in a state: present, deleted, not_permitted, not_fetched
/// attr(key, value [, x]) objects with an attribute
/// scc(x)                x and everything that is in a circle with it
/// cut(x, y)             the fewest objects that all paths from x to y pass through
/// all()                 every object
/// x + y   x - y   x & y union, difference, intersection; from the left, all alike; parentheses group
/// ```
///
/// An object is written by its id, or by its exact name, which chooses all that are called so. Text with spaces or other signs stands
/// in double quotes, with `\"` and `\\` for quotes and backslashes. A minus sign with a space before it is the operator; inside a word it is part of the word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub(super) program: Vec<Step>,
}

/// One step of the program; each takes its arguments off a stack and leaves a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// An object by id or name, and where it stands.
    Object(String, usize),
    /// The union, difference or intersection of the last two sets.
    Combine(Operator),
    /// A function, with its text and number arguments and how many sets it takes.
    Call {
        function: Function,
        texts: Vec<String>,
        number: Option<usize>,
        sets: usize,
        column: usize,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Union,
    Difference,
    Intersection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Deps,
    Rdeps,
    SomePath,
    AllPaths,
    Kind,
    State,
    Attr,
    Scc,
    Cut,
    All,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Parameter {
    Set,
    Text,
    Number,
}

impl Function {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "deps" => Self::Deps,
            "rdeps" => Self::Rdeps,
            "some_path" => Self::SomePath,
            "all_paths" => Self::AllPaths,
            "kind" => Self::Kind,
            "state" => Self::State,
            "attr" => Self::Attr,
            "scc" => Self::Scc,
            "cut" => Self::Cut,
            "all" => Self::All,
            _ => return None,
        })
    }

    /// The parameters, and how many of them are needed.
    const fn parameters(self) -> (&'static [Parameter], usize) {
        use Parameter::{Number, Set, Text};
        match self {
            Self::Deps | Self::Rdeps => (&[Set, Number], 1),
            Self::SomePath | Self::AllPaths | Self::Cut => (&[Set, Set], 2),
            Self::Kind | Self::State => (&[Text, Set], 1),
            Self::Attr => (&[Text, Text, Set], 2),
            Self::Scc => (&[Set], 1),
            Self::All => (&[], 0),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Open,
    Close,
    Comma,
    Operator(Operator),
}

/// A parenthesis or call that is still open.
struct Open {
    call: Option<Call>,
    /// The operator that waits for its right side.
    pending: Option<Operator>,
}

struct Call {
    function: Function,
    column: usize,
    texts: Vec<String>,
    number: Option<usize>,
    sets: usize,
    given: usize,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    ///
    /// An error of [`Error::is_query`], most with the column, in characters from 1, where the problem is.
    pub fn parse(text: &str, limits: &Limits) -> Result<Self, Error> {
        if text.len() > limits.query {
            return Err(Error::new(ErrorKind::QueryTooLong));
        }
        let (tokens, end) = tokens(text)?;
        if tokens.len() > limits.query_parts.saturating_mul(2) {
            return Err(Error::new(ErrorKind::QueryTooComplex));
        }
        let mut parser = Parser {
            program: Vec::new(),
            open: vec![Open {
                call: None,
                pending: None,
            }],
        };
        let mut tokens = tokens.into_iter().peekable();
        // True when something must come that is a set; false after one.
        let mut operand = true;
        while let Some((token, column)) = tokens.next() {
            if parser.open.len() > limits.query_parts || parser.program.len() > limits.query_parts {
                return Err(Error::at(ErrorKind::QueryTooComplex, column));
            }
            let syntax = Error::at(ErrorKind::QuerySyntax, column);
            if !operand {
                match token {
                    Token::Operator(operator) => {
                        parser.top().pending = Some(operator);
                        operand = true;
                    }
                    Token::Comma => {
                        parser.end_argument(column)?;
                        operand = true;
                    }
                    Token::Close => parser.close(column)?,
                    _ => return Err(syntax),
                }
                continue;
            }
            let calls = matches!(tokens.peek(), Some((Token::Open, _)));
            match token {
                Token::Word(name) if calls => {
                    let function = Function::named(&name)
                        .ok_or(Error::at(ErrorKind::QueryUnknownFunction, column))?;
                    tokens.next();
                    parser.start_call(function, column)?;
                    operand = !parser.closes_empty(&mut tokens)?;
                }
                Token::Word(word) | Token::Quoted(word) => {
                    operand = parser.word(word, column, tokens.peek().map(|(token, _)| token))?;
                    // After a text or a number stands what ends it.
                    if operand && let Some((Token::Close, column)) = tokens.next() {
                        parser.finish(column)?;
                        operand = false;
                    }
                }
                Token::Open => {
                    parser.expect_set(column)?;
                    parser.open.push(Open {
                        call: None,
                        pending: None,
                    });
                }
                _ => return Err(syntax),
            }
        }
        match (operand, parser.open.as_slice()) {
            (false, [_]) => Ok(Self {
                program: parser.program,
            }),
            _ => Err(Error::at(ErrorKind::QuerySyntax, end)),
        }
    }
}

struct Parser {
    program: Vec<Step>,
    open: Vec<Open>,
}

impl Parser {
    fn top(&mut self) -> &mut Open {
        if self.open.is_empty() {
            self.open.push(Open {
                call: None,
                pending: None,
            });
        }
        let last = self.open.len() - 1;
        &mut self.open[last]
    }

    /// The kind of argument that is due; outside a call, a set.
    fn due(&mut self) -> Option<Parameter> {
        match &self.top().call {
            Some(call) => call.function.parameters().0.get(call.given).copied(),
            None => Some(Parameter::Set),
        }
    }

    fn expect_set(&mut self, column: usize) -> Result<(), Error> {
        match self.due() {
            Some(Parameter::Set) => Ok(()),
            _ => Err(Error::at(ErrorKind::QueryArgument, column)),
        }
    }

    fn start_call(&mut self, function: Function, column: usize) -> Result<(), Error> {
        self.expect_set(column)?;
        let call = Call {
            function,
            column,
            texts: Vec::new(),
            number: None,
            sets: 0,
            given: 0,
        };
        self.open.push(Open {
            call: Some(call),
            pending: None,
        });
        Ok(())
    }

    /// Closes a call that has no arguments and needs none.
    fn closes_empty(
        &mut self,
        tokens: &mut std::iter::Peekable<impl Iterator<Item = (Token, usize)>>,
    ) -> Result<bool, Error> {
        let Some((Token::Close, column)) = tokens.peek() else {
            return Ok(false);
        };
        let column = *column;
        tokens.next();
        self.finish(column)?;
        Ok(true)
    }

    /// Takes a word. True when it was a text or a number, which a comma or a parenthesis must follow.
    fn word(&mut self, word: String, column: usize, next: Option<&Token>) -> Result<bool, Error> {
        let due = self
            .due()
            .ok_or(Error::at(ErrorKind::QueryArgument, column))?;
        let ends = matches!(next, Some(Token::Comma | Token::Close));
        let Some(call) = self.top().call.as_mut().filter(|_| due != Parameter::Set) else {
            self.program.push(Step::Object(word, column));
            self.operand_done();
            return Ok(false);
        };
        if !ends {
            return Err(Error::at(ErrorKind::QueryArgument, column));
        }
        match due {
            Parameter::Number => {
                call.number = Some(
                    word.parse()
                        .map_err(|_| Error::at(ErrorKind::QueryArgument, column))?,
                );
            }
            _ => call.texts.push(word),
        }
        call.given += 1;
        Ok(true)
    }

    /// A set is complete: if an operator waits for it, both are.
    fn operand_done(&mut self) {
        if let Some(operator) = self.top().pending.take() {
            self.program.push(Step::Combine(operator));
        }
    }

    /// A set that is an argument ends.
    fn end_argument(&mut self, column: usize) -> Result<(), Error> {
        let call = self
            .top()
            .call
            .as_mut()
            .ok_or(Error::at(ErrorKind::QuerySyntax, column))?;
        call.given += 1;
        call.sets += 1;
        Ok(())
    }

    /// A parenthesis closes after a set.
    fn close(&mut self, column: usize) -> Result<(), Error> {
        if self.open.len() < 2 {
            return Err(Error::at(ErrorKind::QuerySyntax, column));
        }
        if self.top().call.is_some() {
            self.end_argument(column)?;
        }
        self.finish(column)
    }

    /// What was opened last is complete.
    fn finish(&mut self, column: usize) -> Result<(), Error> {
        let Some(open) = self.open.pop() else {
            return Err(Error::at(ErrorKind::QuerySyntax, column));
        };
        if let Some(call) = open.call {
            let (parameters, needed) = call.function.parameters();
            if call.given < needed || call.given > parameters.len() {
                return Err(Error::at(ErrorKind::QueryArgument, call.column));
            }
            let Call {
                function,
                column,
                texts,
                number,
                sets,
                ..
            } = call;
            self.program.push(Step::Call {
                function,
                texts,
                number,
                sets,
                column,
            });
        }
        self.operand_done();
        Ok(())
    }
}

/// The words and signs with their columns, and the column after the last one.
fn tokens(text: &str) -> Result<(Vec<(Token, usize)>, usize), Error> {
    let mut tokens = Vec::new();
    let mut column = 0;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        column += 1;
        let start = column;
        let token = match character {
            _ if character.is_whitespace() => continue,
            '(' => Token::Open,
            ')' => Token::Close,
            ',' => Token::Comma,
            '+' => Token::Operator(Operator::Union),
            '-' => Token::Operator(Operator::Difference),
            '&' => Token::Operator(Operator::Intersection),
            '"' => {
                let mut quoted = String::new();
                loop {
                    column += 1;
                    match characters.next() {
                        Some('"') => break,
                        Some('\\') => {
                            column += 1;
                            match characters.next() {
                                Some(escaped @ ('"' | '\\')) => quoted.push(escaped),
                                _ => return Err(Error::at(ErrorKind::QuerySyntax, column - 1)),
                            }
                        }
                        Some(other) => quoted.push(other),
                        None => return Err(Error::at(ErrorKind::QuerySyntax, start)),
                    }
                }
                Token::Quoted(quoted)
            }
            _ if character.is_control() => return Err(Error::at(ErrorKind::QuerySyntax, start)),
            _ => {
                let mut word = String::from(character);
                let part = |next: &char| {
                    !(next.is_whitespace()
                        || next.is_control()
                        || matches!(next, '(' | ')' | ',' | '+' | '&' | '"'))
                };
                while let Some(next) = characters.next_if(part) {
                    column += 1;
                    word.push(next);
                }
                Token::Word(word)
            }
        };
        tokens.push((token, start));
    }
    Ok((tokens, column + 1))
}
