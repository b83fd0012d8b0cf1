//! Decoding with the path of what does not fit, and without its value.

use serde::Deserialize;

/// Decodes one JSON value with nothing after it. The text of a failure names the path and what was expected, never what
/// stood there: an answer may carry personal data.
pub(crate) fn from_slice<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        let place = format!("line {} column {}", inner.line(), inner.column());
        format!("{} at {path}, {place}", describe(&inner))
    })?;
    reader.end().map_err(|error| {
        format!(
            "trailing data at line {} column {}",
            error.line(),
            error.column()
        )
    })?;
    Ok(value)
}

fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text
        .rsplit_once(" at line ")
        .map_or(text.as_str(), |(head, _)| head);
    match error.classify() {
        serde_json::error::Category::Data => {
            if text.starts_with("missing field") || text.starts_with("duplicate field") {
                text.to_owned()
            } else if let Some((_, expected)) = text.rsplit_once(", expected ") {
                format!("expected {expected}")
            } else {
                "a value that is not accepted".to_owned()
            }
        }
        serde_json::error::Category::Eof => "the JSON ends early".to_owned(),
        serde_json::error::Category::Syntax => "malformed JSON".to_owned(),
        serde_json::error::Category::Io => "unreadable body".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Page {
        #[allow(dead_code)]
        entities: Vec<Entity>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Entity {
        #[allow(dead_code)]
        id: String,
    }

    #[test]
    fn a_failure_names_the_path_and_never_the_value() {
        // errata ALL-15
        let why = from_slice::<Page>(br#"{"entities":[{"id":"a"},{"name":"Secret Person"}]}"#)
            .unwrap_err();
        assert!(
            why.starts_with("missing field `id` at entities[1]"),
            "{why}"
        );
        let why =
            from_slice::<Page>(br#"{"entities":[{"id":{"x":"Secret Person"}}]}"#).unwrap_err();
        assert_eq!(why, "expected a string at entities[0].id, line 1 column 19");
        let why = from_slice::<Page>(br#"{"entities":"Secret Person"}"#).unwrap_err();
        assert!(!why.contains("Secret"), "{why}");
    }

    #[test]
    fn a_cut_or_continued_document_is_a_failure() {
        // errata ALL-13
        assert!(
            from_slice::<Page>(br#"{"entities":[{"id":"a"}"#)
                .unwrap_err()
                .starts_with("the JSON ends early")
        );
        assert!(
            from_slice::<Page>(br#"{"entities":[]} {}"#)
                .unwrap_err()
                .starts_with("trailing data")
        );
    }
}
