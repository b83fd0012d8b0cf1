//! In which form a map is wanted.

use http::{HeaderMap, HeaderName, StatusCode, header};

use crate::Problem;

/// A form of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Html,
    Dot,
    Mermaid,
}

impl Form {
    /// The form that a word asks for; without one, the first that `Accept` names; JSON when it names none.
    pub(crate) fn of(word: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        if let Some(word) = word {
            return match word {
                "json" => Ok(Self::Json),
                "html" => Ok(Self::Html),
                "dot" => Ok(Self::Dot),
                "mermaid" => Ok(Self::Mermaid),
                _ => Err(Problem::new(StatusCode::BAD_REQUEST, "query")
                    .with_detail("format is json, html, dot or mermaid")),
            };
        }
        let accepted = headers
            .get_all(header::ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(','))
            .map(|range| range.split(';').next().unwrap_or_default().trim())
            .find_map(|range| match range {
                "application/json" => Some(Self::Json),
                "text/html" => Some(Self::Html),
                "text/vnd.graphviz" => Some(Self::Dot),
                "text/vnd.mermaid" => Some(Self::Mermaid),
                _ => None,
            });
        Ok(accepted.unwrap_or(Self::Json))
    }

    /// The headers of an answer in this form.
    pub(crate) fn headers(self) -> [(HeaderName, &'static str); 3] {
        let media_type = match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Dot => "text/vnd.graphviz; charset=utf-8",
            Self::Mermaid => "text/vnd.mermaid; charset=utf-8",
        };
        [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ]
    }
}
