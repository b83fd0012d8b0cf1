//! Which escape belongs to which place.

use genesys_template::Position;
use widget_validate::Severity;

use crate::nodes::finding::NodeRule;

pub(super) type Verdict = Option<(NodeRule, Severity, &'static str)>;

/// What is wrong with these escapes, the innermost first, in this place.
pub(super) fn judge(position: Position, escapes: &[&str], string: bool) -> Verdict {
    let missing = |message| Some((NodeRule::MissingEscape, Severity::Error, message));
    let wrong = |severity, message| Some((NodeRule::WrongEscape, severity, message));
    match (position, escapes) {
        (Position::PathSegment, ["uriEncode"]) => None,
        (Position::PathSegment, ["url" | "urlFormEncode"]) => wrong(
            Severity::Warning,
            "form encoding writes a space as a plus, which a path takes for a plus: use $esc.uriEncode",
        ),
        (Position::QueryName | Position::QueryValue, ["uriEncode" | "url" | "urlFormEncode"]) => {
            None
        }
        (Position::PathSegment | Position::QueryName | Position::QueryValue, []) => {
            missing("a value can change the URL: use $esc.uriEncode")
        }
        (
            Position::PathSegment | Position::QueryName | Position::QueryValue,
            ["jsonString", "uriEncode"],
        ) => wrong(
            Severity::Warning,
            "is escaped for JSON first, which the URL does not need",
        ),
        (Position::PathSegment | Position::QueryName | Position::QueryValue, _) => wrong(
            Severity::Error,
            "is not escaped for a URL: use $esc.uriEncode",
        ),
        (Position::JsonString | Position::JsonKey, ["jsonString" | "jsonEncode"]) => None,
        (Position::JsonString | Position::JsonKey, []) => {
            missing("a quote in the value ends the string: use $esc.jsonString")
        }
        (Position::JsonString | Position::JsonKey, ["uriEncode" | "url" | "urlFormEncode"]) => {
            wrong(
                Severity::Warning,
                "is percent-encoded and arrives so: use $esc.jsonString",
            )
        }
        (Position::JsonString | Position::JsonKey, _) => wrong(
            Severity::Error,
            "is not escaped for JSON: use $esc.jsonString",
        ),
        (Position::JsonValue, []) if string => missing(
            "a string without quotes is no JSON, or any JSON: write quotes and use $esc.jsonString",
        ),
        (Position::JsonValue, []) => None,
        (Position::JsonValue, _) => wrong(
            Severity::Error,
            "an escape without quotes around it protects nothing",
        ),
        (_, []) => None,
        (_, _) => wrong(Severity::Warning, "a header is sent as it is, escapes too"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_takes_its_escape_and_no_other() {
        let places = [
            (Position::PathSegment, "uriEncode"),
            (Position::QueryName, "uriEncode"),
            (Position::QueryValue, "url"),
            (Position::JsonString, "jsonString"),
            (Position::JsonKey, "jsonEncode"),
        ];
        for (position, escape) in places {
            assert_eq!(judge(position, &[escape], true), None, "{position}");
            let none = judge(position, &[], true).unwrap();
            assert_eq!((none.0, none.1), (NodeRule::MissingEscape, Severity::Error));
            let other = judge(position, &["html"], true).unwrap();
            assert_eq!((other.0, other.1), (NodeRule::WrongEscape, Severity::Error));
        }
        assert_eq!(judge(Position::HeaderValue, &[], true), None);
        assert_eq!(judge(Position::JsonValue, &[], false), None);
        assert!(judge(Position::JsonValue, &[], true).is_some());
        assert!(judge(Position::JsonValue, &["jsonString"], true).is_some());
    }
}
