//! Other headers of the response.

use super::Scan;
use crate::code::headers as codes;
use crate::coverage::{Area, Checked};
use crate::finding::{Draft, shown};
use crate::response::HeaderSet;
use crate::span::Span;

pub(super) fn check(scan: &mut Scan<'_>, headers: &HeaderSet) {
    scan.mark(Area::Headers, Checked::Yes);
    let first = |name: &str| {
        headers
            .get(name)
            .next()
            .map(|value| (value.trim().to_ascii_lowercase(), value.len()))
    };
    let mut present =
        |name: &str, length: usize, draft| scan.header(name, Some(0), Span::new(0, length), draft);
    if let Some((value, length)) = first("cross-origin-resource-policy")
        .filter(|(value, _)| value == "same-origin" || value == "same-site")
    {
        let draft = Draft::new(
            codes::CORP_BLOCKS,
            format!("{} keeps the response from other origins", shown(&value)),
            "send cross-origin",
        );
        present("cross-origin-resource-policy", length, draft);
    }
    if let Some((_, length)) = first("cross-origin-opener-policy")
        .filter(|(value, _)| value.split(';').next() == Some("same-origin"))
    {
        let draft = Draft::new(
            codes::COOP_POPUPS,
            "windows opened by the widget lose their link to it",
            "send same-origin-allow-popups if a login uses a window",
        );
        present("cross-origin-opener-policy", length, draft);
    }
    let isolated = |(value, _): &(String, usize)| {
        matches!(
            value.split(';').next(),
            Some("require-corp" | "credentialless")
        )
    };
    if let Some((value, length)) = first("cross-origin-embedder-policy").filter(isolated) {
        let draft = Draft::new(
            codes::COEP_SUBRESOURCES,
            format!("{} restricts what the widget may load", shown(&value)),
            "make sure that every resource of another origin opts in",
        );
        present("cross-origin-embedder-policy", length, draft);
    }
    let mut leaking = false;
    if let Some((value, length)) = first("referrer-policy") {
        // Of a list, the last policy that a browser knows counts.
        leaking = true;
        let last = value
            .rsplit(',')
            .map(str::trim)
            .find(|word| !word.is_empty())
            .unwrap_or("");
        if matches!(last, "unsafe-url" | "no-referrer-when-downgrade") {
            present(
                "referrer-policy",
                length,
                Draft::new(
                    codes::REFERRER_LEAK,
                    format!("{} sends the full address to other origins", shown(last)),
                    "send strict-origin-when-cross-origin",
                ),
            );
        }
    }
    if first("x-content-type-options").is_none_or(|(value, _)| value != "nosniff") {
        absent(
            scan,
            "x-content-type-options",
            Draft::new(
                codes::NO_NOSNIFF,
                "browsers may guess content types",
                "send X-Content-Type-Options: nosniff",
            ),
        );
    }
    if !leaking {
        absent(
            scan,
            "referrer-policy",
            Draft::new(
                codes::NO_REFERRER_POLICY,
                "what leaves with requests is left to the browser",
                "send Referrer-Policy: strict-origin-when-cross-origin",
            ),
        );
    }
    if first("strict-transport-security")
        .is_none_or(|(value, _)| max_age(&value).is_none_or(|age| age == 0))
    {
        absent(
            scan,
            "strict-transport-security",
            Draft::new(
                codes::NO_HSTS,
                "the host is not pinned to https",
                "send Strict-Transport-Security: max-age=31536000",
            ),
        );
    }
}

fn absent(scan: &mut Scan<'_>, name: &str, draft: Draft) {
    scan.header(name, None, Span::default(), draft);
}

fn max_age(value: &str) -> Option<u64> {
    value.split(';').find_map(|part| {
        let (name, age) = part.split_once('=')?;
        if name.trim() == "max-age" {
            age.trim().trim_matches('"').parse().ok()
        } else {
            None
        }
    })
}
