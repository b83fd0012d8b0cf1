//! URLs, by the structure that the WHATWG standard gives an http or https URL.
//!
//! Literal text is held to what a parser keeps as it is: anything that it would drop or rewrite (tabs, backslashes, dot segments)
//! could move a placeholder to another place than the one it was checked for.

use std::ops::Range;

use ::url::{Position as At, Url};

use super::Compiled;
use crate::hole::Position;
use crate::placeholder::{self, Placeholder};
use crate::program::{Assembly, Check};
use crate::{ErrorKind, Part, Problem, Scope, escape};

pub(crate) fn url(text: &str, scope: &Scope) -> Compiled {
    let placeholders = placeholder::scan(text, &Part::Url, scope)?;
    let mut compiler = Compiler {
        text,
        placeholders: &placeholders,
        scope,
        assembly: Assembly::default(),
    };
    compiler.run().map_err(|problem| vec![problem])?;
    Ok(compiler.assembly.finish(Part::Url, scope))
}

struct Compiler<'a> {
    text: &'a str,
    placeholders: &'a [Placeholder],
    scope: &'a Scope,
    assembly: Assembly,
}

impl<'a> Compiler<'a> {
    fn run(&mut self) -> Result<(), Problem> {
        let scheme = self.scheme()?;
        let host = scheme.end + 3;
        let end = self.text.len();
        let path = self.find(host..end, b"/?#\\").unwrap_or(end);
        let fragment = self.find(path..end, b"#");
        if let Some(offset) = fragment {
            return Err(invalid(offset, "the url of a request has no fragment"));
        }
        self.check_literals(path..end)?;
        self.authority(&self.text[scheme], host..path)?;

        let query = self.find(path..end, b"?").unwrap_or(end);
        if path == query {
            self.assembly.literal("/");
        }
        let mut at = path;
        while at < query {
            self.assembly.literal("/");
            let next = self.find(at + 1..query, b"/").unwrap_or(query);
            self.segment(at + 1..next)?;
            at = next;
        }
        let mut separator = "?";
        let mut at = query;
        while at < end {
            self.assembly.literal(separator);
            let next = self.find(at + 1..end, b"&").unwrap_or(end);
            self.parameter(at + 1..next);
            (at, separator) = (next, "&");
        }
        Ok(())
    }

    fn scheme(&self) -> Result<Range<usize>, Problem> {
        let end = self.text.find("://");
        if let Some(first) = self.placeholders.first()
            && end.is_none_or(|end| first.span.start < end + 3)
        {
            let problem = first.problem(ErrorKind::PlaceNotAllowed, &Part::Url);
            return Err(problem.because("no placeholder may stand in the scheme"));
        }
        match end {
            Some(end)
                if ["http", "https"]
                    .iter()
                    .any(|one| self.text[..end].eq_ignore_ascii_case(one)) =>
            {
                Ok(0..end)
            }
            _ => Err(invalid(
                0,
                "the url of a request begins with https:// or http://",
            )),
        }
    }

    fn authority(&mut self, scheme: &str, range: Range<usize>) -> Result<(), Problem> {
        let scheme = scheme.to_ascii_lowercase();
        let literal = &self.text[range.clone()];
        if let Some(offset) = self.find(range.clone(), b"@") {
            return Err(invalid(offset, "the url of a request has no user info"));
        }
        let Some(first) = self.within(&range).first() else {
            let bad = |byte: u8| byte <= b' ' || byte == 0x7f;
            if let Some(place) = literal.bytes().position(bad) {
                return Err(invalid(
                    range.start + place,
                    "a host has no spaces and control characters",
                ));
            }
            let Some(authority) = canonical(&scheme, literal) else {
                return Err(invalid(range.start, "not a host and port"));
            };
            for text in [&*scheme, "://", &authority] {
                self.assembly.literal(text);
            }
            return Ok(());
        };
        if self.scope.hosts().is_empty() {
            let problem = first.problem(ErrorKind::PlaceNotAllowed, &Part::Url);
            return Err(problem
                .because("a placeholder may stand in the host only when the hosts are declared"));
        }
        for host in self.scope.hosts() {
            if canonical(&scheme, host).as_deref() != Some(&**host) {
                let problem = Problem::new(ErrorKind::InvalidScope, &Part::Scope(host.clone()));
                return Err(problem.because(
                    "a host is spelled as a parser writes it, without the scheme's own port",
                ));
            }
        }
        self.assembly.literal(&scheme);
        self.assembly.literal("://");
        self.checked(range, Check::Host, |_| Position::Host);
        Ok(())
    }

    fn segment(&mut self, range: Range<usize>) -> Result<(), Problem> {
        let literal = &self.text[range.clone()];
        if !self.within(&range).is_empty() {
            self.checked(range, Check::Segment, |_| Position::PathSegment);
        } else if escape::climbs(literal) {
            return Err(Problem::new(ErrorKind::DotSegment, &Part::Url).at(range.start));
        } else {
            self.assembly.literal(literal);
        }
        Ok(())
    }

    fn parameter(&mut self, range: Range<usize>) {
        if self.within(&range).is_empty() {
            self.assembly.literal(&self.text[range]);
            return;
        }
        let equals = self.find(range.clone(), b"=").unwrap_or(range.end);
        self.checked(range, Check::Parameter, |start| {
            if start < equals {
                Position::QueryName
            } else {
                Position::QueryValue
            }
        });
    }

    /// Compiles a stretch that has holes, and checks it as a whole.
    fn checked(&mut self, range: Range<usize>, check: Check, position: impl Fn(usize) -> Position) {
        self.assembly.mark();
        let mut copied = range.start;
        for placeholder in self.within(&range) {
            let Range { start, end } = placeholder.span;
            self.assembly.literal(&self.text[copied..start]);
            let mut hole = placeholder.hole(self.text, position(start), 0, self.scope);
            hole.alone = placeholder.span == range;
            self.assembly.hole(hole);
            copied = end;
        }
        self.assembly.literal(&self.text[copied..range.end]);
        self.assembly.check(check);
    }

    /// Characters of RFC 3986, with whole percent-escapes, between the placeholders.
    fn check_literals(&self, range: Range<usize>) -> Result<(), Problem> {
        let bytes = self.text.as_bytes();
        let mut at = range.start;
        while at < range.end {
            if let Some(placeholder) = self.placeholder_at(at) {
                at = placeholder.span.end;
                continue;
            }
            let reason = match bytes[at] {
                b'%' => {
                    // A placeholder is no hexadecimal digit, so an escape cannot be finished by a value.
                    let digits = bytes.get(at + 1..at + 3);
                    let whole =
                        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                    (!whole).then_some("% is followed by two hexadecimal digits")
                }
                b'\\' => Some("a parser takes \\ for /"),
                byte if is_url(byte) => None,
                _ => Some("the character is percent-encoded in a url"),
            };
            if let Some(reason) = reason {
                return Err(invalid(at, reason));
            }
            at += 1;
        }
        Ok(())
    }

    /// The first of `any` outside of placeholders.
    fn find(&self, range: Range<usize>, any: &[u8]) -> Option<usize> {
        // A placeholder holds letters, digits, dots, spaces and braces: none that is looked for.
        let found = self.text.as_bytes()[range.clone()]
            .iter()
            .position(|byte| any.contains(byte));
        found.map(|place| range.start + place)
    }

    fn within(&self, range: &Range<usize>) -> &'a [Placeholder] {
        let first = self
            .placeholders
            .partition_point(|one| one.span.start < range.start);
        let last = self
            .placeholders
            .partition_point(|one| one.span.start < range.end);
        &self.placeholders[first..last]
    }

    fn placeholder_at(&self, at: usize) -> Option<&Placeholder> {
        let place = self
            .placeholders
            .binary_search_by_key(&at, |one| one.span.start);
        place.ok().map(|place| &self.placeholders[place])
    }
}

/// Host and port as a parser writes them, which is without the scheme's own port; nothing for what is no host.
fn canonical(scheme: &str, authority: &str) -> Option<String> {
    let url = Url::parse(&format!("{scheme}://{authority}/")).ok()?;
    let written = &url[At::BeforeHost..At::BeforePath];
    // A parser takes many more characters for a name, which no name server does.
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    written.bytes().all(is_host).then(|| written.to_owned())
}

fn invalid(offset: usize, reason: &'static str) -> Problem {
    Problem::new(ErrorKind::InvalidUrl, &Part::Url)
        .at(offset)
        .because(reason)
}

fn is_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=".contains(&byte)
}
