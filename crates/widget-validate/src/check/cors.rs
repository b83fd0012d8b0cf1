//! CORS headers of the response.

use super::Scan;
use crate::code::cors as codes;
use crate::coverage::{Area, Checked};
use crate::finding::{Draft, shown};
use crate::origin::Origin;
use crate::response::HeaderSet;
use crate::span::Span;

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";

pub(super) fn check(scan: &mut Scan<'_>, headers: &HeaderSet) {
    scan.mark(Area::Cors, Checked::Yes);
    let credentials = check_credentials(scan, headers);
    let values: Vec<&str> = headers.get(ALLOW_ORIGIN).collect();
    match values.as_slice() {
        [] => {
            let draft = Draft::new(
                codes::CORS_MISSING,
                "no page of another origin may read the response",
                "send Access-Control-Allow-Origin with the embedder's origin",
            );
            scan.header(ALLOW_ORIGIN, None, Span::default(), draft);
        }
        [one] if !one.contains(',') && one.split_ascii_whitespace().count() <= 1 => {
            check_value(scan, headers, one, credentials)
        }
        several => {
            let index = usize::from(several.len() > 1);
            let span = Span::new(0, several.get(index).map_or(0, |value| value.len()));
            let draft = Draft::new(
                codes::CORS_MULTIPLE,
                "the allowed origin is given more than once",
                "answer with the one origin that asked, if it is on your list",
            );
            scan.header(ALLOW_ORIGIN, Some(index), span, draft);
        }
    }
}

/// True when credentials are allowed.
fn check_credentials(scan: &mut Scan<'_>, headers: &HeaderSet) -> bool {
    let mut allowed = false;
    for (index, value) in headers.get(ALLOW_CREDENTIALS).enumerate() {
        if value.trim() == "true" {
            allowed = true;
        } else {
            let draft = Draft::new(
                codes::CORS_CREDENTIALS_VALUE,
                format!("{} is not `true` and has no effect", shown(value)),
                "write true, or leave the header out",
            );
            scan.header(
                ALLOW_CREDENTIALS,
                Some(index),
                Span::new(0, value.len()),
                draft,
            );
        }
    }
    allowed
}

fn check_value(scan: &mut Scan<'_>, headers: &HeaderSet, value: &str, credentials: bool) {
    let mut report = |draft| scan.header(ALLOW_ORIGIN, Some(0), Span::new(0, value.len()), draft);
    let text = value.trim();
    if text == "*" {
        if credentials {
            report(Draft::new(
                codes::CORS_WILDCARD_CREDENTIALS,
                "`*` and credentials exclude each other",
                "name the embedder's origin and add Vary: Origin",
            ));
        }
        return;
    }
    if text == "null" {
        return report(Draft::new(
            codes::CORS_NULL,
            "every sandboxed frame has the origin `null`",
            "name the embedder's origin",
        ));
    }
    let origin = Origin::parse(text);
    let Some(origin) = origin.filter(|origin| origin.to_string() == text && !text.contains('*'))
    else {
        return report(Draft::new(
            codes::CORS_VALUE,
            format!(
                "{} is not the form in which browsers send origins",
                shown(text)
            ),
            "write scheme and host in lower case, no path, no default port",
        ));
    };
    if origin.scheme() == "http" {
        report(Draft::new(
            codes::CORS_HTTP,
            format!("{origin} is not encrypted"),
            "write https",
        ));
    }
    let vary = headers
        .get("vary")
        .flat_map(|value| value.split(','))
        .any(|name| name.trim() == "*" || name.trim().eq_ignore_ascii_case("origin"));
    if !vary {
        report(Draft::new(
            codes::CORS_NO_VARY,
            "the answer depends on who asks, and caches are not told",
            "add Vary: Origin",
        ));
    }
    let known = scan.embedder().origins();
    let reflected = headers.request_origin() == Some(&origin) && !known.contains(&origin);
    let draft = if reflected {
        Draft::new(
            codes::CORS_REFLECTED,
            format!("the server allows {origin}, a stranger that asked"),
            "compare the request's origin with a list",
        )
    } else if !known.is_empty() && !known.contains(&origin) {
        let embedder = known
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ");
        Draft::new(
            codes::CORS_EMBEDDER,
            format!("{origin} may read the response, the embedder may not"),
            format!("allow {embedder}"),
        )
    } else {
        return;
    };
    scan.header(ALLOW_ORIGIN, Some(0), Span::new(0, value.len()), draft);
}
