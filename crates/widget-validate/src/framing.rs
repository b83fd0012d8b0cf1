//! Whether a browser shows the widget inside the embedder's page, and with which rights.

use crate::csp::{self, Policy};
use crate::origin::Origin;
use crate::response::HeaderSet;
use crate::sandbox::TokenList;

/// What a browser does with the framed response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Embedding {
    /// `frame-ancestors` of some policy does not admit an ancestor.
    BlockedByFrameAncestors,
    /// `X-Frame-Options` forbids it, and no policy has `frame-ancestors`.
    BlockedByFrameOptions,
    /// It is shown.
    Shown {
        /// Scripts run.
        scripts: bool,
        /// The document keeps its own origin; otherwise it has an opaque one.
        own_origin: bool,
    },
}

/// What `X-Frame-Options` says on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameOptions {
    Absent,
    /// Nothing that browsers understand.
    Invalid,
    Deny,
    SameOrigin,
    /// Values that contradict each other: refused.
    Contradictory,
}

/// Decides as the HTML standard does: `frame-ancestors` first, for every policy and every ancestor; `X-Frame-Options` only when no
/// policy has that directive; then the intersection of the frame's `sandbox` (`None`: no attribute) and the response's.
///
/// ```
/// use widget_validate::{Embedding, HeaderSet, Origin, embedding};
///
/// let widget = Origin::parse("https://cdn.example.net").ok_or("not an origin")?;
/// let apps = Origin::parse("https://apps.example.com").ok_or("not an origin")?;
/// let headers = HeaderSet::new().with_header("X-Frame-Options", "SAMEORIGIN");
/// assert_eq!(embedding(&headers, None, &widget, &[apps]), Embedding::BlockedByFrameOptions);
/// # Ok::<(), &str>(())
/// ```
pub fn embedding(
    headers: &HeaderSet,
    sandbox: Option<&str>,
    widget: &Origin,
    ancestors: &[Origin],
) -> Embedding {
    let policies: Vec<Policy<'_>> = headers
        .get("content-security-policy")
        .flat_map(Policy::parse_header)
        .collect();
    let mut restricted = false;
    for directive in policies
        .iter()
        .filter_map(|policy| policy.directive("frame-ancestors"))
    {
        restricted = true;
        if !ancestors
            .iter()
            .all(|ancestor| csp::admits(directive, ancestor, widget))
        {
            return Embedding::BlockedByFrameAncestors;
        }
    }
    if !restricted {
        let blocked = match frame_options(headers) {
            FrameOptions::Deny | FrameOptions::Contradictory => true,
            FrameOptions::SameOrigin => ancestors.iter().any(|ancestor| ancestor != widget),
            FrameOptions::Absent | FrameOptions::Invalid => false,
        };
        if blocked {
            return Embedding::BlockedByFrameOptions;
        }
    }
    let by_frame = |token: &str| sandbox.is_none_or(|list| TokenList::parse(list).has(token));
    let by_response = |token: &str| {
        let lists = policies
            .iter()
            .filter_map(|policy| policy.directive("sandbox"));
        lists.into_iter().all(|directive| {
            directive
                .values
                .iter()
                .any(|(own, _)| own.eq_ignore_ascii_case(token))
        })
    };
    let allows = |token: &str| by_frame(token) && by_response(token);
    Embedding::Shown {
        scripts: allows("allow-scripts"),
        own_origin: allows("allow-same-origin"),
    }
}

/// Reads every `X-Frame-Options` header together, as the HTML standard does.
pub(crate) fn frame_options(headers: &HeaderSet) -> FrameOptions {
    let mut values: Vec<String> = headers
        .get("x-frame-options")
        .flat_map(|value| value.split(','))
        .map(|value| value.trim().to_ascii_lowercase())
        .collect();
    values.sort_unstable();
    values.dedup();
    match values.as_slice() {
        [] => FrameOptions::Absent,
        [one] => match one.as_str() {
            "deny" => FrameOptions::Deny,
            "sameorigin" => FrameOptions::SameOrigin,
            _ => FrameOptions::Invalid,
        },
        several
            if several
                .iter()
                .any(|value| matches!(value.as_str(), "deny" | "sameorigin" | "allowall")) =>
        {
            FrameOptions::Contradictory
        }
        _ => FrameOptions::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_options_are_read_together() {
        let read = |values: &[&str]| {
            frame_options(
                &values
                    .iter()
                    .map(|value| ("X-Frame-Options", *value))
                    .collect(),
            )
        };
        assert_eq!(read(&[]), FrameOptions::Absent);
        assert_eq!(read(&["deny"]), FrameOptions::Deny);
        assert_eq!(read(&["DENY", "deny"]), FrameOptions::Deny);
        assert_eq!(read(&["SAMEORIGIN, sameorigin"]), FrameOptions::SameOrigin);
        assert_eq!(read(&["SAMEORIGIN", "DENY"]), FrameOptions::Contradictory);
        assert_eq!(
            read(&["ALLOW-FROM https://a.example"]),
            FrameOptions::Invalid
        );
        assert_eq!(read(&["ALLOWALL", "x"]), FrameOptions::Contradictory);
    }
}
