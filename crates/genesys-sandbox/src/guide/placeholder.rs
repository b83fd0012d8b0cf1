//! `{{root.path}}` in the templates of a node: found and checked, never filled with a value here.

use std::ops::Range;

/// One placeholder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Placeholder<'a> {
    /// Where it stands, braces included.
    pub(super) at: Range<usize>,
    /// Its names, of which the first is the root.
    pub(super) path: Vec<&'a str>,
}

/// The placeholders of a text in order. `Err` is the byte at which one begins that is none: not closed, without a
/// path, or with anything in it but names, dots and outer spaces.
pub(super) fn find(text: &str) -> Result<Vec<Placeholder<'_>>, usize> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find("{{").map(|at| from + at) {
        let inner = &text[start + 2..];
        let length = inner.find("}}").ok_or(start)?;
        let path: Vec<&str> = inner[..length].trim_matches(' ').split('.').collect();
        if path.len() < 2 || !path.iter().all(|name| is_name(name)) {
            return Err(start);
        }
        from = start + 2 + length + 2;
        found.push(Placeholder {
            at: start..from,
            path,
        });
    }
    Ok(found)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The text with every placeholder replaced; `stand_in` is told the literal text before each.
pub(super) fn replace(
    text: &str,
    placeholders: &[Placeholder<'_>],
    mut stand_in: impl FnMut(&str) -> &'static str,
) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for one in placeholders {
        let literal = &text[from..one.at.start];
        out.push_str(literal);
        out.push_str(stand_in(literal));
        from = one.at.end;
    }
    out.push_str(&text[from..]);
    out
}

/// A stand-in for each placeholder of a JSON template: a letter inside quotes, `null` outside of them.
pub(super) fn json_stand_in() -> impl FnMut(&str) -> &'static str {
    let (mut quoted, mut escaped) = (false, false);
    move |literal| {
        for byte in literal.bytes() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => {}
            }
        }
        // What follows a backslash is spoilt by either, and the parser says so.
        escaped = false;
        if quoted { "x" } else { "null" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_dots_and_outer_spaces_are_the_whole_grammar() {
        let found = find("a{{input.x}}b{{ credentials._t.y9 }}").unwrap();
        assert_eq!(found[0].at, 1..12);
        assert_eq!(found[1].path, ["credentials", "_t", "y9"]);
        assert!(find("{ } }} {a}").unwrap().is_empty());
        for (text, at) in [
            ("{{", 0),
            ("a{{input.x", 1),
            ("{{input}}", 0),
            ("{{}}", 0),
            ("{{input.}}", 0),
            ("{{input..x}}", 0),
            ("{{input.x-y}}", 0),
            ("{{input.9}}", 0),
            ("{{input . x}}", 0),
            ("{{input.x\n}}", 0),
            ("{{input.é}}", 0),
            ("{{input.a}}{{input.{{input.b}}}}", 11),
            ("{{{input.x}}}", 0),
        ] {
            assert_eq!(find(text), Err(at), "{text}");
        }
    }

    #[test]
    fn a_stand_in_fits_its_place() {
        let fill = |text: &str| replace(text, &find(text).unwrap(), json_stand_in());
        assert_eq!(
            fill(r#"{"a":"{{input.x}}-{{input.y}}","b":{{input.z}}}"#),
            r#"{"a":"x-x","b":null}"#
        );
        assert_eq!(
            fill(r#"{"\"{{input.x}}":"\\","b":{{input.z}}}"#),
            r#"{"\"x":"\\","b":null}"#
        );
    }
}
