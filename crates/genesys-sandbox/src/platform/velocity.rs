//! The part of the template language that the sandbox renders: references, escapes, base64, first-of-array.
//!
//! Directives, mathematics and string methods are refused by name; a template that the sandbox cannot render must not
//! look as if it had been rendered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

/// What references stand for.
pub(crate) trait Scope {
    /// The text of a reference such as `input.name`; `None` for null and for what is absent.
    fn text(&self, path: &[&str]) -> Option<String>;
}

const DIRECTIVES: [&str; 8] = [
    "set", "if", "elseif", "else", "end", "foreach", "macro", "parse",
];
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'*');

/// Renders a template. `Err` names the construct that is not supported.
pub(crate) fn render(template: &str, scope: &dyn Scope) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find(['$', '#']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix('#') {
            let word = identifier(after.strip_prefix('{').unwrap_or(after));
            if DIRECTIVES.contains(&word) {
                return Err(format!("the directive #{word} is not supported"));
            }
            out.push('#');
            rest = after;
        } else {
            let (text, length) = match reference(rest, scope)? {
                Some(found) => found,
                None => ("$".to_owned(), 1),
            };
            out.push_str(&text);
            rest = &rest[length..];
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Renders the reference at the start of `source`; gives its text and length. `None`: not a reference.
fn reference(source: &str, scope: &dyn Scope) -> Result<Option<(String, usize)>, String> {
    let Some((value, quiet, length)) = evaluate(source, scope)? else {
        return Ok(None);
    };
    let text = match value {
        Some(text) => text,
        None if quiet => String::new(),
        // The language prints a reference that stands for nothing as it was written.
        None => source[..length].to_owned(),
    };
    Ok(Some((text, length)))
}

type Evaluated = (Option<String>, bool, usize);

fn evaluate(source: &str, scope: &dyn Scope) -> Result<Option<Evaluated>, String> {
    let mut rest = &source[1..];
    let quiet = rest.starts_with('!');
    rest = rest.strip_prefix('!').unwrap_or(rest);
    let formal = rest.starts_with('{');
    rest = rest.strip_prefix('{').unwrap_or(rest);
    let mut path = vec![identifier(rest)];
    if path[0].is_empty() {
        return Ok(None);
    }
    rest = &rest[path[0].len()..];
    while let Some(name) = rest
        .strip_prefix('.')
        .map(identifier)
        .filter(|name| !name.is_empty())
    {
        path.push(name);
        rest = &rest[1 + name.len()..];
    }
    let value = match rest.strip_prefix('(') {
        Some(after) if path.len() > 1 => {
            let (arguments, after) = arguments(after, scope)?;
            rest = after;
            call(&path, &arguments)?
        }
        _ if matches!(path[0], "esc") => literal(&path)?,
        _ => scope.text(&path),
    };
    if formal {
        rest = rest
            .strip_prefix('}')
            .ok_or_else(|| format!("the reference to {} is not closed", path.join(".")))?;
    }
    Ok(Some((value, quiet, source.len() - rest.len())))
}

fn arguments<'a>(
    mut rest: &'a str,
    scope: &dyn Scope,
) -> Result<(Vec<Option<String>>, &'a str), String> {
    let mut values = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(')') {
            return Ok((values, after));
        }
        if let Some(inner) = rest.strip_prefix('"') {
            let end = closing_quote(inner).ok_or("a quoted argument is not closed")?;
            values.push(Some(render(&inner[..end], scope)?));
            rest = &inner[end + 1..];
        } else if let Some(inner) = rest.strip_prefix('\'') {
            let end = inner.find('\'').ok_or("a quoted argument is not closed")?;
            values.push(Some(inner[..end].to_owned()));
            rest = &inner[end + 1..];
        } else if rest.starts_with('$') {
            let (value, quiet, length) =
                evaluate(rest, scope)?.ok_or("an argument is not a reference")?;
            values.push(value.or_else(|| quiet.then(String::new)));
            rest = &rest[length..];
        } else {
            return Err("an argument is neither a text nor a reference".into());
        }
        rest = rest.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest);
    }
}

/// The end of a quoted argument; quotes inside the parentheses of a nested call belong to that call.
fn closing_quote(text: &str) -> Option<usize> {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '"' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

fn call(path: &[&str], arguments: &[Option<String>]) -> Result<Option<String>, String> {
    let unsupported = || Err(format!("the call of {} is not supported", path.join(".")));
    let Some(first) = arguments.first() else {
        return unsupported();
    };
    // Every escape of null is null.
    let Some(text) = first else { return Ok(None) };
    let value = match (path, arguments.len()) {
        (["esc", "jsonString" | "jsonEncode"], 1) => {
            let quoted = Value::String(text.clone()).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        (["esc", "url" | "urlFormEncode"], 1) => utf8_percent_encode(text, UNRESERVED)
            .to_string()
            .replace("%20", "+"),
        (["esc", "jsonDecode"], 1) => serde_json::from_str(&format!("\"{text}\""))
            .map_err(|_| "jsonDecode was not given the inside of a JSON string".to_owned())?,
        (["esc", "unurl"], 1) => {
            let spaced = text.replace('+', " ");
            let decoded = percent_decode_str(&spaced).decode_utf8();
            decoded
                .map_err(|_| "unurl was given bytes that are no text".to_owned())?
                .into_owned()
        }
        (["esc", "java"], 1) => escape_java(text, &['"', '\\']),
        (["esc", "javascript"], 1) => escape_java(text, &['"', '\'', '\\', '/']),
        (["esc", "sql"], 1) => text.replace('\'', "''"),
        (["esc", "xml"], 1) => escape_markup(text).replace('\'', "&apos;"),
        // Beyond ASCII the names of HTML's entities would be wanted.
        (["esc", "html"], 1) if text.is_ascii() => escape_markup(text),
        (["esc", "velocity"], 1) => text
            .chars()
            .map(|c| match c {
                '$' => "${esc.d}".to_owned(),
                '#' => "${esc.h}".to_owned(),
                other => other.to_string(),
            })
            .collect(),
        (["esc", "uriEncode"], 1) => utf8_percent_encode(text, UNRESERVED).to_string(),
        (["encoding", "base64"], 1) => STANDARD.encode(text),
        (["successTemplateUtils", "firstFromArray"], 1 | 2) => {
            match serde_json::from_str::<Vec<Value>>(text) {
                Ok(items) if !items.is_empty() => items[0].to_string(),
                Ok(_) => arguments.get(1).cloned().flatten().unwrap_or_default(),
                Err(_) => return Err("firstFromArray was not given an array".into()),
            }
        }
        _ => return unsupported(),
    };
    Ok(Some(value))
}

/// As the literals of Java: a backslash before these, and escapes for what is not printable ASCII.
fn escape_java(text: &str, marked: &[char]) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            c if marked.contains(&c) => out.extend(['\\', c]),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            ' '..='~' => out.push(c),
            other => {
                let mut units = [0; 2];
                for unit in other.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04X}"));
                }
            }
        }
    }
    out
}

fn escape_markup(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn literal(path: &[&str]) -> Result<Option<String>, String> {
    let text = match path {
        ["esc", "quote" | "q"] => "\"",
        ["esc", "singleQuote" | "s"] => "'",
        ["esc", "dollar" | "d"] => "$",
        ["esc", "hash" | "h"] => "#",
        ["esc", "backslash" | "b"] => "\\",
        ["esc", "newline" | "n"] => "\n",
        ["esc", "exclamation" | "e"] => "!",
        _ => return Err(format!("{} is not supported", path.join("."))),
    };
    Ok(Some(text.to_owned()))
}

fn identifier(text: &str) -> &str {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))
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
    use serde_json::json;

    struct Input(Value);

    impl Scope for Input {
        fn text(&self, path: &[&str]) -> Option<String> {
            match path
                .iter()
                .skip(1)
                .try_fold(&self.0, |value, name| value.get(name))?
            {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            }
        }
    }

    fn rendered(template: &str) -> Result<String, String> {
        render(
            template,
            &Input(
                json!({"x": "a b", "q": "say \"hi\"", "n": null, "list": ["one", 2], "none": []}),
            ),
        )
    }

    #[test]
    fn references_print_values_or_themselves_and_quiet_ones_nothing() {
        assert_eq!(rendered("${input.x}/$input.x.").unwrap(), "a b/a b.");
        assert_eq!(
            rendered("${input.n} $input.zzz [$!{input.n}$!input.zzz]").unwrap(),
            "${input.n} $input.zzz []"
        );
        assert_eq!(rendered("5 $ and #1").unwrap(), "5 $ and #1");
    }

    #[test]
    fn escapes_do_what_their_name_says() {
        assert_eq!(
            rendered("$esc.jsonString($input.q)").unwrap(),
            "say \\\"hi\\\""
        );
        assert_eq!(
            rendered("$esc.url(${input.x}) $esc.uriEncode(\"${input.x}/\")").unwrap(),
            "a+b a%20b%2F"
        );
        assert_eq!(
            rendered("$esc.url($input.n)$!esc.url($input.n)").unwrap(),
            "$esc.url($input.n)"
        );
        assert_eq!(
            rendered("$encoding.base64(\"u:${input.x}\")").unwrap(),
            "dTphIGI="
        );
    }

    #[test]
    fn the_other_escapes_are_those_of_the_tools() {
        let escape = |function: &str, text: &str| {
            let scope = Input(json!({"x": text}));
            render(&format!("$esc.{function}($input.x)"), &scope)
        };
        for (function, text, escaped) in [
            ("jsonEncode", "a\"\\/\u{1}é", "a\\\"\\\\/\\u0001é"),
            ("jsonDecode", "a\\\"\\u00e9", "a\"é"),
            ("urlFormEncode", "a b/?:é~", "a+b%2F%3F%3A%C3%A9%7E"),
            ("unurl", "a+b%2F%C3%A9", "a b/é"),
            ("java", "\"'\\/\té😀", "\\\"'\\\\/\\t\\u00E9\\uD83D\\uDE00"),
            ("javascript", "\"'/", "\\\"\\'\\/"),
            ("sql", "O'Hara", "O''Hara"),
            ("xml", "<a b='\"'>&", "&lt;a b=&apos;&quot;&apos;&gt;&amp;"),
            ("html", "<a b='\"'>&", "&lt;a b='&quot;'&gt;&amp;"),
            ("velocity", "$a #b", "${esc.d}a ${esc.h}b"),
        ] {
            assert_eq!(escape(function, text).unwrap(), escaped, "{function}");
        }
        assert!(escape("html", "é").unwrap_err().contains("esc.html"));
        assert!(escape("jsonDecode", "\"").is_err());
        assert!(escape("unurl", "%ff").is_err());
    }

    #[test]
    fn a_value_is_never_rendered_again() {
        // errata RST-19
        let scope = Input(json!({"x": "${input.y} $esc.d #if", "y": "z"}));
        let text = "${input.x}|$esc.jsonString($input.x)|$esc.jsonString(\"${input.x}\")";
        let once = "${input.y} $esc.d #if";
        assert_eq!(
            render(text, &scope).unwrap(),
            format!("{once}|{once}|{once}")
        );
    }

    #[test]
    fn the_first_of_an_array_is_json_text_or_the_second_argument() {
        let first = |list: &str| {
            rendered(&format!(
                "${{successTemplateUtils.firstFromArray(\"${{input.{list}}}\", \"$esc.quote$esc.quote\")}}"
            ))
        };
        assert_eq!(first("list").unwrap(), "\"one\"");
        assert_eq!(first("none").unwrap(), "\"\"");
    }

    #[test]
    fn what_is_not_supported_is_an_error_that_names_it() {
        assert!(rendered("#if($input.x)1#end").unwrap_err().contains("#if"));
        assert!(
            rendered("$math.add(\"1\", \"2\")")
                .unwrap_err()
                .contains("math.add")
        );
        assert!(rendered("$input.x.trim()").unwrap_err().contains("trim"));
        assert!(rendered("${input.x").unwrap_err().contains("not closed"));
    }
}
