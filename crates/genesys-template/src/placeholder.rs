//! `{{ root.path }}`.

use std::ops::Range;

use crate::hole::{Hole, Position};
use crate::variable::identifier;
use crate::{ErrorKind, Part, Problem, Scope, Variable};

#[derive(Debug, Clone)]
pub(crate) struct Placeholder {
    pub(crate) variable: Variable,
    pub(crate) span: Range<usize>,
}

impl Placeholder {
    pub(crate) fn hole(&self, text: &str, position: Position, depth: usize, scope: &Scope) -> Hole {
        Hole {
            root: self.variable.root().into(),
            path: self.variable.path().map(Box::from).collect(),
            variable: self.variable.clone(),
            position,
            source: text[self.span.clone()].into(),
            offset: self.span.start,
            depth,
            alone: false,
            secret: scope.is_secret(&self.variable),
            fallback: scope.fallback(&self.variable),
        }
    }

    pub(crate) fn problem(&self, kind: ErrorKind, part: &Part) -> Problem {
        Problem::new(kind, part)
            .at(self.span.start)
            .of(&self.variable)
    }
}

/// The placeholders of a template, in order; or everything that is wrong with them.
pub(crate) fn scan(
    text: &str,
    part: &Part,
    scope: &Scope,
) -> Result<Vec<Placeholder>, Vec<Problem>> {
    let limits = scope.limits();
    if text.len() > limits.template_bytes {
        return Err(vec![Problem::new(ErrorKind::TooLarge, part)]);
    }
    let mut found = Vec::new();
    let mut problems = Vec::new();
    let last_close = text.rfind("}}");
    let mut at = 0;
    while let Some(start) = text[at..].find("{{").map(|offset| at + offset) {
        if found.len() + problems.len() == limits.holes {
            problems.push(Problem::new(ErrorKind::TooManyHoles, part).at(start));
            break;
        }
        match read(text, start) {
            Ok(placeholder) => {
                at = placeholder.span.end;
                if !scope.declares(placeholder.variable.root()) {
                    problems.push(placeholder.problem(ErrorKind::UnknownRoot, part));
                } else if scope.holds_secret(&placeholder.variable) {
                    problems.push(placeholder.problem(ErrorKind::SecretInside, part));
                }
                found.push(placeholder);
            }
            Err(_) if last_close.is_none_or(|close| close < start) => {
                problems.push(Problem::new(ErrorKind::UnclosedPlaceholder, part).at(start));
                break;
            }
            Err(bad) => {
                problems.push(Problem::new(ErrorKind::MalformedPlaceholder, part).at(bad));
                at = bad.max(start + 2);
            }
        }
        // What is cut at another character than its own first byte is no text.
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    if problems.is_empty() {
        Ok(found)
    } else {
        Err(problems)
    }
}

/// The placeholder whose `{{` is at `start`; or where it stops being one.
fn read(text: &str, start: usize) -> Result<Placeholder, usize> {
    let bytes = text.as_bytes();
    let mut at = skip_spaces(bytes, start + 2);
    let name = at;
    loop {
        at += identifier(&bytes[at..]).ok_or(at)?;
        if bytes.get(at) != Some(&b'.') {
            break;
        }
        at += 1;
    }
    let variable = Variable::trusted(&text[name..at]);
    at = skip_spaces(bytes, at);
    if bytes[at..].starts_with(b"}}") {
        Ok(Placeholder {
            variable,
            span: start..at + 2,
        })
    } else {
        Err(at)
    }
}

fn skip_spaces(bytes: &[u8], at: usize) -> usize {
    at + bytes[at..].iter().take_while(|byte| **byte == b' ').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan_all(text: &str) -> Result<Vec<String>, Vec<(ErrorKind, Option<usize>)>> {
        let scope = Scope::new().with_root("a").with_root("timestamp");
        match scan(text, &Part::Body, &scope) {
            Ok(found) => Ok(found.iter().map(|hole| hole.variable.to_string()).collect()),
            Err(problems) => Err(problems.iter().map(|one| (one.kind, one.offset)).collect()),
        }
    }

    #[test]
    fn names_have_paths_and_may_have_spaces_around_them() {
        let names = scan_all("{{a.b}} {{ a.b_1.C }}{{timestamp}} {x} }} {").unwrap();
        assert_eq!(names, ["a.b", "a.b_1.C", "timestamp"]);
    }

    #[test]
    // errata RST-18
    fn whatever_else_opens_like_a_placeholder_is_an_error_at_its_byte() {
        use ErrorKind::{MalformedPlaceholder as Malformed, UnclosedPlaceholder as Unclosed};
        for (text, kind, offset) in [
            ("{{}}", Malformed, 2),
            ("{{ }}", Malformed, 3),
            ("{{a.}}", Malformed, 4),
            ("{{.a}}", Malformed, 2),
            ("{{a-b}}", Malformed, 3),
            ("{{a b}}", Malformed, 4),
            ("{{a.1}}", Malformed, 4),
            ("{{a\n}}", Malformed, 3),
            ("{{a[0]}}", Malformed, 3),
            ("{{é}}", Malformed, 2),
            ("{{{a}}}", Malformed, 2),
            ("{{a|upper}}", Malformed, 3),
            ("{{ {{a}} }}", Malformed, 3),
            ("x{{a", Unclosed, 1),
            ("x{{a}", Unclosed, 1),
            ("{{a}}{{", Unclosed, 5),
            ("{{b}}", ErrorKind::UnknownRoot, 0),
        ] {
            assert_eq!(
                scan_all(text).unwrap_err()[0],
                (kind, Some(offset)),
                "{text}"
            );
        }
        assert_eq!(
            scan_all("{{a-}} {{b}} {{c").unwrap_err().len(),
            3,
            "all of them"
        );
    }
}
