//! The response's Content-Security-Policy, and who may frame it.

use super::{Scan, sandbox};
use crate::code::{csp as codes, headers as header_codes};
use crate::coverage::{Area, Checked};
use crate::csp::{self, Policy};
use crate::finding::{Draft, shown};
use crate::framing::{FrameOptions, frame_options};
use crate::origin::Origin;
use crate::response::HeaderSet;
use crate::span::Span;

const HEADER: &str = "content-security-policy";
const FRAME_OPTIONS: &str = "x-frame-options";
const META: &str = "meta-content-security-policy";

pub(super) fn check(scan: &mut Scan<'_>, headers: &HeaderSet) {
    scan.mark(Area::Csp, Checked::Yes);
    // Without a usable URL, an origin that no expression names stands in, so that `'self'` admits nobody.
    let own = match &scan.origin {
        Some((host, port)) => Origin::new("https", host, *port),
        None => Origin::new("https", "widget.invalid", 443),
    };
    let mut restricted = false;
    for (index, value) in headers.get(HEADER).enumerate() {
        for policy in Policy::parse_header(value) {
            lint(scan, HEADER, index, &policy);
            sandbox::check_response(scan, index, &policy);
            check_endpoints(scan, HEADER, index, &policy, &own);
            restricted |= check_ancestors(scan, index, &policy, &own);
        }
    }
    for (index, content) in headers.meta_policies().enumerate() {
        let policy = Policy::parse(content);
        lint(scan, META, index, &policy);
        check_endpoints(scan, META, index, &policy, &own);
        for directive in policy.directives().iter().filter(|directive| {
            matches!(
                directive.name.as_ref(),
                "frame-ancestors" | "sandbox" | "report-uri"
            )
        }) {
            let draft = Draft::new(
                codes::CSP_META_IGNORED,
                format!("{} has no effect in a meta element", directive.name),
                "send it as a response header",
            );
            scan.header(META, Some(index), directive.span, draft);
        }
    }
    for (index, value) in headers
        .get("content-security-policy-report-only")
        .enumerate()
    {
        let draft = Draft::new(
            codes::CSP_REPORT_ONLY,
            "this policy is reported and not enforced",
            "send it as Content-Security-Policy once the reports are quiet",
        );
        scan.header(
            "content-security-policy-report-only",
            Some(index),
            Span::new(0, value.len()),
            draft,
        );
    }
    check_frame_options(scan, headers, restricted, &own);
    let framing = if restricted && scan.embedder().origins().is_empty() {
        Checked::No("no origin of the embedder was handed in")
    } else {
        Checked::Yes
    };
    scan.mark(Area::Framing, framing);
}

fn lint(scan: &mut Scan<'_>, header: &str, index: usize, policy: &Policy<'_>) {
    for issue in csp::lint(policy) {
        scan.header(
            header,
            Some(index),
            issue.span,
            Draft::new(issue.code, issue.message, issue.hint),
        );
    }
}

/// True when the policy says who may frame the response.
fn check_ancestors(scan: &mut Scan<'_>, index: usize, policy: &Policy<'_>, own: &Origin) -> bool {
    let Some(directive) = policy.directive("frame-ancestors") else {
        return false;
    };
    let end = directive
        .values
        .last()
        .map_or(directive.span.end, |(_, span)| span.end);
    let refused: Vec<String> = scan
        .embedder()
        .origins()
        .iter()
        .filter(|origin| !csp::admits(directive, origin, own))
        .map(ToString::to_string)
        .collect();
    if !refused.is_empty() {
        let hint = format!(
            "write frame-ancestors {}",
            scan.embedder()
                .origins()
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        );
        let draft = Draft::new(
            codes::FRAME_ANCESTORS_EMBEDDER,
            format!("{} may not frame the widget", refused.join(", ")),
            hint,
        );
        scan.header(
            HEADER,
            Some(index),
            Span::new(directive.span.start, end),
            draft,
        );
    }
    for (value, span) in directive
        .values
        .iter()
        .filter(|(value, _)| csp::is_wide(value))
    {
        let draft = Draft::new(
            codes::FRAME_ANCESTORS_WIDE,
            format!("{} admits strangers", shown(value)),
            "name the embedder's origins",
        );
        scan.header(HEADER, Some(index), *span, draft);
    }
    true
}

fn check_endpoints(
    scan: &mut Scan<'_>,
    header: &str,
    index: usize,
    policy: &Policy<'_>,
    own: &Origin,
) {
    let Some(directive) = policy
        .directive("connect-src")
        .or_else(|| policy.directive("default-src"))
    else {
        return;
    };
    let blocked: Vec<&str> = scan
        .embedder()
        .endpoints()
        .iter()
        .map(String::as_str)
        .filter(|url| !csp::reaches(directive, url, own))
        .collect();
    if !blocked.is_empty() {
        let message = format!(
            "{} keeps the widget from {}",
            directive.name,
            blocked.join(", ")
        );
        let draft = Draft::new(
            codes::CONNECT_SRC,
            message,
            format!("add to connect-src: {}", blocked.join(" ")),
        );
        scan.header(header, Some(index), directive.span, draft);
    }
}

fn check_frame_options(scan: &mut Scan<'_>, headers: &HeaderSet, restricted: bool, own: &Origin) {
    let options = frame_options(headers);
    let length = headers.get(FRAME_OPTIONS).next().map_or(0, str::len);
    let span = Span::new(0, length);
    match options {
        FrameOptions::Absent => {}
        FrameOptions::Invalid => {
            let draft = Draft::new(
                header_codes::XFO_INVALID,
                "browsers ignore this value",
                "use frame-ancestors of Content-Security-Policy",
            );
            scan.header(FRAME_OPTIONS, Some(0), span, draft);
        }
        _ if restricted => {
            let draft = Draft::new(
                header_codes::XFO_IGNORED,
                "frame-ancestors is present, so this header is ignored",
                "remove it once no old browser needs it",
            );
            scan.header(FRAME_OPTIONS, Some(0), span, draft);
        }
        FrameOptions::SameOrigin
            if scan.embedder().origins().iter().all(|origin| origin == own)
                && !scan.embedder().origins().is_empty() => {}
        FrameOptions::Deny | FrameOptions::SameOrigin | FrameOptions::Contradictory => {
            let draft = Draft::new(
                header_codes::XFO_BLOCKS,
                "the embedder may not frame the widget",
                "send frame-ancestors with the embedder's origins instead",
            );
            scan.header(FRAME_OPTIONS, Some(0), span, draft);
        }
    }
    if !restricted && matches!(options, FrameOptions::Absent | FrameOptions::Invalid) {
        let draft = Draft::new(
            codes::FRAME_ANCESTORS_MISSING,
            "anybody may frame the widget",
            "send frame-ancestors with the embedder's origins",
        );
        scan.header(HEADER, None, Span::default(), draft);
    }
}
