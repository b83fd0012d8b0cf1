//! Header values.

use http::HeaderName;

use super::Compiled;
use crate::hole::Position;
use crate::program::{Assembly, Program};
use crate::{ErrorKind, Part, Problem, Scope, placeholder};

/// Headers that say where a message goes or where it ends. Their values are the transport's to write, or fixed.
const FRAMING: [&str; 9] = [
    "connection",
    "content-length",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

pub(crate) fn header(
    name: &str,
    text: &str,
    scope: &Scope,
) -> Result<(HeaderName, Program), Vec<Problem>> {
    let part = Part::Header(name.into());
    if name.contains("{{") {
        let problem = Problem::new(ErrorKind::PlaceNotAllowed, &part);
        return Err(vec![
            problem.because("no placeholder may stand in the name of a header"),
        ]);
    }
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        let problem = Problem::new(ErrorKind::InvalidHeader, &part);
        return Err(vec![problem.because("not the name of a header")]);
    };
    let part = Part::Header(name.as_str().into());
    let program = value(&part, name.as_str(), text, scope)?;
    Ok((name, program))
}

fn value(part: &Part, name: &str, text: &str, scope: &Scope) -> Compiled {
    let placeholders = placeholder::scan(text, part, scope)?;
    let mut problems = Vec::new();
    if let Some(bad) = text.bytes().position(|byte| !is_text(byte)) {
        problems.push(Problem::new(ErrorKind::NotHeaderText, part).at(bad));
    }
    if FRAMING.contains(&name) {
        problems.extend(placeholders.iter().map(|placeholder| {
            placeholder
                .problem(ErrorKind::PlaceNotAllowed, part)
                .because("no placeholder may stand in a header that routes or frames a message")
        }));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut assembly = Assembly::default();
    let mut copied = 0;
    for placeholder in &placeholders {
        assembly.literal(&text[copied..placeholder.span.start]);
        assembly.hole(placeholder.hole(text, Position::HeaderValue, 0, scope));
        copied = placeholder.span.end;
    }
    assembly.literal(&text[copied..]);
    Ok(assembly.finish(part.clone(), scope))
}

/// True for what may stand in the value of a header.
pub(crate) const fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7e)
}
