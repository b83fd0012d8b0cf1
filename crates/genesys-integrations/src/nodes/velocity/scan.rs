//! Velocity as far as data actions use it: text, references, and escapes around them.

use std::ops::Range;

/// A stretch of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Text that is written as it is.
    Text(String),
    /// A character that is written by an escape without an argument, and where: `$esc.d`.
    Literal(&'static str, Range<usize>),
    /// A reference.
    Reference(Reference),
}

/// A reference to a value, perhaps through escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// Where it is written.
    pub(super) span: Range<usize>,
    /// Its names: `input`, `customer`, `id`.
    pub(super) path: Vec<String>,
    /// The escapes around it, the innermost first: `jsonString`.
    pub(super) escapes: Vec<String>,
    /// It is written `$!…` somewhere, so that a missing value gives no text.
    pub(super) quiet: bool,
}

/// Something that is no text and no reference of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Foreign {
    /// Where.
    pub(super) offset: usize,
    /// What.
    pub(super) reason: &'static str,
}

/// How deep calls nest.
const MAX_DEPTH: usize = 8;
const DIRECTIVES: [&str; 14] = [
    "break", "define", "else", "elseif", "end", "evaluate", "foreach", "if", "include", "macro",
    "parse", "set", "stop", "return",
];

/// Reads a template. Every foreign construct is named, and left out of the tokens.
pub(super) fn scan(template: &str) -> (Vec<Token>, Vec<Foreign>) {
    let mut scanner = Scanner {
        source: template,
        at: 0,
        text: String::new(),
        tokens: Vec::new(),
        foreign: Vec::new(),
    };
    scanner.run();
    (scanner.tokens, scanner.foreign)
}

struct Scanner<'a> {
    source: &'a str,
    at: usize,
    text: String,
    tokens: Vec<Token>,
    foreign: Vec<Foreign>,
}

/// What a `$` begins.
enum Found {
    Reference(Reference),
    /// A literal such as `$esc.d`.
    Literal(&'static str),
    /// Only a dollar sign.
    Nothing,
}

impl<'a> Scanner<'a> {
    fn run(&mut self) {
        while let Some(next) = self.rest().find(['$', '#', '\\']) {
            self.text.push_str(&self.rest()[..next]);
            self.at += next;
            match self.rest().as_bytes()[0] {
                b'\\' => self.backslash(),
                b'#' => self.hash(),
                _ => self.dollar(),
            }
        }
        self.text.push_str(self.rest());
        self.flush();
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.tokens
                .push(Token::Text(std::mem::take(&mut self.text)));
        }
    }

    fn refuse(&mut self, reason: &'static str) {
        self.foreign.push(Foreign {
            offset: self.at,
            reason,
        });
    }

    /// Before a reference or directive a backslash takes its meaning away; elsewhere it is text.
    fn backslash(&mut self) {
        let run = self
            .rest()
            .bytes()
            .take_while(|byte| *byte == b'\\')
            .count();
        let behind = &self.rest()[run..];
        let special = behind.starts_with(['$', '#'])
            && behind[1..]
                .starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '{' | '!' | '_'));
        if special {
            self.refuse("a backslash before a reference means something else to each engine");
        }
        self.text.push_str(&self.rest()[..run]);
        self.at += run;
    }

    fn hash(&mut self) {
        let behind = &self.rest()[1..];
        let word = identifier(behind.strip_prefix('{').unwrap_or(behind));
        if behind.starts_with('#') || behind.starts_with('*') || behind.starts_with("[[") {
            self.refuse("a comment or quoted block");
        } else if DIRECTIVES.contains(&word) {
            self.refuse("a directive");
        }
        self.text.push('#');
        self.at += 1;
    }

    fn dollar(&mut self) {
        let start = self.at;
        let mut end = start;
        match value(self.source, &mut end, MAX_DEPTH) {
            Ok(Found::Reference(mut reference)) => {
                reference.span = start..end;
                self.flush();
                self.tokens.push(Token::Reference(reference));
                self.at = end;
            }
            Ok(Found::Literal(text)) => {
                self.flush();
                self.tokens.push(Token::Literal(text, start..end));
                self.at = end;
            }
            Ok(Found::Nothing) => {
                self.text.push('$');
                self.at += 1;
            }
            Err(reason) => {
                self.refuse(reason);
                self.text.push('$');
                self.at += 1;
            }
        }
    }
}

/// Reads what a `$` at `at` begins, and moves behind it.
fn value(source: &str, at: &mut usize, depth: usize) -> Result<Found, &'static str> {
    if depth == 0 {
        return Err("calls nest too deep");
    }
    let mut place = *at + 1;
    let quiet = take(source, &mut place, "!");
    let formal = take(source, &mut place, "{");
    let mut path: Vec<String> = Vec::new();
    loop {
        let name = identifier(&source[place..]);
        if name.is_empty() {
            break;
        }
        path.push(name.to_owned());
        place += name.len();
        let more = source[place..].strip_prefix('.');
        if more.is_none_or(|more| identifier(more).is_empty()) {
            break;
        }
        place += 1;
    }
    if path.is_empty() {
        return if formal {
            Err("a reference without a name")
        } else {
            Ok(Found::Nothing)
        };
    }
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let found = if source[place..].starts_with('(') {
        let ["esc", escape] = names[..] else {
            return Err("a call that is no escape");
        };
        let mut inner = argument(source, &mut place, depth)?;
        inner.escapes.push(escape.to_owned());
        inner.quiet |= quiet;
        Found::Reference(inner)
    } else if let ["esc", name] = names[..] {
        Found::Literal(literal(name).ok_or("an escape without an argument")?)
    } else {
        Found::Reference(Reference {
            span: 0..0,
            path,
            escapes: Vec::new(),
            quiet,
        })
    };
    if formal && !take(source, &mut place, "}") {
        return Err("a reference that is not closed, or has more than names in it");
    }
    if source[place..].starts_with('[') && !formal {
        return Err("an index");
    }
    *at = place;
    Ok(found)
}

/// One reference, in quotes or not, in parentheses.
fn argument(source: &str, place: &mut usize, depth: usize) -> Result<Reference, &'static str> {
    const NOT_ONE: &str = "an escape of anything but one reference";
    let spaces = |place: &mut usize| {
        let rest = &source[*place..];
        *place += rest.len() - rest.trim_start_matches(' ').len();
    };
    *place += 1;
    spaces(place);
    let quoted = take(source, place, "\"");
    if !source[*place..].starts_with('$') {
        return Err(NOT_ONE);
    }
    let Found::Reference(reference) = value(source, place, depth - 1)? else {
        return Err(NOT_ONE);
    };
    if quoted && !take(source, place, "\"") {
        return Err(NOT_ONE);
    }
    spaces(place);
    if take(source, place, ")") {
        Ok(reference)
    } else {
        Err(NOT_ONE)
    }
}

fn take(source: &str, place: &mut usize, text: &str) -> bool {
    let there = source[*place..].starts_with(text);
    if there {
        *place += text.len();
    }
    there
}

fn literal(name: &str) -> Option<&'static str> {
    Some(match name {
        "quote" | "q" => "\"",
        "singleQuote" | "s" => "'",
        "dollar" | "d" => "$",
        "hash" | "h" => "#",
        "backslash" | "b" => "\\",
        "newline" | "n" => "\n",
        "exclamation" | "e" => "!",
        _ => return None,
    })
}

fn identifier(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))
        .unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        &text[..end]
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(template: &str) -> Reference {
        match &scan(template).0[..] {
            [Token::Reference(reference)] => reference.clone(),
            other => panic!("{template}: {other:?}"),
        }
    }

    #[test]
    fn references_are_read_with_their_escapes_the_innermost_first() {
        for (template, path, escapes, quiet) in [
            ("$input.a", "input.a", "", false),
            ("$!input.a", "input.a", "", true),
            ("${input.a.b}", "input.a.b", "", false),
            ("$!{credentials.a}", "credentials.a", "", true),
            ("$esc.jsonString($input.a)", "input.a", "jsonString", false),
            ("$esc.url( \"${input.a}\" )", "input.a", "url", false),
            (
                "${esc.uriEncode(${esc.jsonString($!input.a)})}",
                "input.a",
                "jsonString uriEncode",
                true,
            ),
        ] {
            let read = reference(template);
            assert_eq!(read.path.join("."), path, "{template}");
            assert_eq!(read.escapes.join(" "), escapes, "{template}");
            assert_eq!(
                (read.quiet, read.span),
                (quiet, 0..template.len()),
                "{template}"
            );
        }
    }

    #[test]
    fn what_is_no_reference_is_text() {
        for template in ["5 $ and 3 #, a\\b", "$5 #1", "a$", "#", "\\"] {
            let text = vec![Token::Text(template.to_owned())];
            assert_eq!(scan(template), (text, vec![]));
        }
        let tokens = vec![
            Token::Literal("$", 0..8),
            Token::Literal("\\", 8..14),
            Token::Text(".".to_owned()),
        ];
        assert_eq!(scan("${esc.d}$esc.b."), (tokens, vec![]));
    }

    #[test]
    fn what_is_foreign_is_named_with_its_place() {
        for (template, offset) in [
            ("a #if($input.a)b#end", 2),
            ("#{set}($a = 1)", 0),
            ("x ## a comment", 2),
            ("$input.a.trim()", 0),
            ("ab$math.add(1, 2)", 2),
            ("${input.a", 0),
            ("${input.a[0]}", 0),
            ("$input.a[0]", 0),
            ("$encoding.base64(\"${credentials.u}:${credentials.p}\")", 0),
            ("$esc.url(\"${input.a}${input.b}\")", 0),
            ("\\$input.a", 0),
            ("${}", 0),
        ] {
            assert_eq!(
                scan(template).1.first().map(|found| found.offset),
                Some(offset),
                "{template}"
            );
        }
        let deep = format!(
            "{}$input.a{}",
            "$esc.url(".repeat(10_000),
            ")".repeat(10_000)
        );
        assert!(!scan(&deep).1.is_empty());
    }
}
