//! The `sandbox` of the frame.

use super::{Scan, text};
use crate::code::sandbox as codes;
use crate::coverage::{Area, Checked};
use crate::csp::Policy;
use crate::finding::{Draft, shown};
use crate::json::{NodeId, Type, quote};
use crate::patch::Patch;
use crate::sandbox::{HTML_TOKENS, TokenList};
use crate::span::Span;

pub(super) fn check(scan: &mut Scan<'_>, node: NodeId) {
    scan.mark(Area::Sandbox, Checked::Yes);
    if !text::is(scan, node, Type::String) {
        return;
    }
    let Some(text) = scan.document.string(node) else {
        return;
    };
    let list = TokenList::parse(&text);
    scan.document.spend(text.len() + list.tokens.len());
    if list.tokens.is_empty() {
        return scan.at(
            node,
            Draft::new(
                codes::SANDBOX_EMPTY,
                "the sandbox forbids everything",
                "allow at least scripts, or leave the member out",
            ),
        );
    }
    let fix = |scan: &Scan<'_>, new: Option<String>| {
        new.map(|new| {
            Patch::swap(
                &scan.document.pointer(node),
                scan.document.raw(node),
                quote(&new),
            )
        })
    };
    if list.irregular || (list.spaced && text.contains(',')) {
        let repaired = fix(scan, list.canonical());
        let draft = Draft::new(
            codes::SANDBOX_SEPARATORS,
            "commas and white space are mixed, or an item is empty",
            "separate tokens by single commas",
        );
        scan.at(node, draft.with_fix(repaired));
    }
    let mut seen = [false; HTML_TOKENS.len()];
    for (index, (token, span)) in list.tokens.iter().enumerate() {
        let Some(known) = HTML_TOKENS
            .iter()
            .position(|known| known.eq_ignore_ascii_case(token))
        else {
            unknown(scan, node, &list, index);
            continue;
        };
        if std::mem::replace(&mut seen[known], true) {
            let repaired = fix(scan, list.with_token(index, None));
            scan.inside(
                node,
                *span,
                Draft::new(
                    codes::SANDBOX_REPEATED,
                    format!("{} is repeated", shown(token)),
                    "remove it",
                )
                .with_fix(repaired),
            );
            continue;
        }
        let (code, message, hint) = match HTML_TOKENS[known] {
            token if token.starts_with("allow-top-navigation") => (
                codes::SANDBOX_TOP_NAVIGATION,
                format!("`{token}` lets the widget navigate the embedder's page"),
                "remove it",
            ),
            "allow-popups-to-escape-sandbox" => (
                codes::SANDBOX_POPUP_ESCAPE,
                "windows opened by the widget are not sandboxed".to_owned(),
                "remove it",
            ),
            token
                if !scan
                    .embedder()
                    .sandbox
                    .iter()
                    .any(|offered| offered == token) =>
            {
                (
                    codes::SANDBOX_NOT_OFFERED,
                    format!("`{token}` is HTML, but the embedder does not offer it"),
                    "remove it",
                )
            }
            _ => continue,
        };
        let repaired = fix(scan, list.with_token(index, None));
        scan.inside(
            node,
            *span,
            Draft::new(code, message, hint).with_fix(repaired),
        );
    }
    combinations(scan, node, &list);
    intersection(scan, node, &list);
}

fn unknown(scan: &mut Scan<'_>, node: NodeId, list: &TokenList<'_>, index: usize) {
    let Some((token, span)) = list.tokens.get(index) else {
        return;
    };
    let near = list.meant(token, HTML_TOKENS).filter(|near| {
        scan.embedder()
            .sandbox
            .iter()
            .any(|offered| offered == near)
    });
    let hint = near.map_or_else(
        || "remove it".to_owned(),
        |near| format!("did you mean {near}?"),
    );
    // Adding a permission that nobody asked for by name is no safe fix; correcting its spelling is.
    let fixed = list.with_token(index, near).map(|new| {
        Patch::swap(
            &scan.document.pointer(node),
            scan.document.raw(node),
            quote(&new),
        )
    });
    scan.inside(
        node,
        *span,
        Draft::new(
            codes::SANDBOX_UNKNOWN,
            format!("{} is no sandbox token", shown(token)),
            hint,
        )
        .with_fix(fixed),
    );
}

/// What the tokens mean together.
fn combinations(scan: &mut Scan<'_>, node: NodeId, list: &TokenList<'_>) {
    let (scripts, own_origin) = (list.has("allow-scripts"), list.has("allow-same-origin"));
    if scripts && own_origin {
        let embedder = scan.embedder();
        let host = scan.origin.as_ref().map(|(host, _)| host);
        if host.is_some_and(|host| embedder.shares_site(host)) {
            let draft = Draft::new(
                codes::SANDBOX_ESCAPE,
                "a widget on the embedder's own site can remove its sandbox",
                "host the widget on another site",
            );
            scan.at(node, draft);
        } else {
            let draft = Draft::new(
                codes::SANDBOX_ORIGIN_ONLY,
                "isolation is by origin only",
                "serve nothing else from the widget's origin",
            );
            scan.at(node, draft);
        }
    }
    if !scripts {
        scan.at(
            node,
            Draft::new(
                codes::SANDBOX_NO_SCRIPTS,
                "scripts are not allowed, so the widget cannot run",
                "add allow-scripts",
            ),
        );
    } else if !own_origin {
        let draft = Draft::new(
            codes::SANDBOX_OPAQUE,
            "the widget runs in the opaque origin `null`",
            "add allow-same-origin if it needs cookies, storage or credentials",
        );
        scan.at(node, draft);
    }
    if list.has("allow-popups") && !list.has("allow-popups-to-escape-sandbox") {
        scan.at(
            node,
            Draft::new(
                codes::SANDBOX_POPUPS,
                "windows opened by the widget are sandboxed too",
                "test the login in such a window",
            ),
        );
    }
}

/// The `sandbox` directive of the response restricts further.
fn intersection(scan: &mut Scan<'_>, node: NodeId, list: &TokenList<'_>) {
    let Some(headers) = scan.headers else { return };
    let policies: Vec<Policy<'_>> = headers
        .get("content-security-policy")
        .flat_map(Policy::parse_header)
        .collect();
    let directives: Vec<_> = policies
        .iter()
        .filter_map(|policy| policy.directive("sandbox"))
        .collect();
    let kept = |token: &str| {
        directives.iter().all(|directive| {
            directive
                .values
                .iter()
                .any(|(own, _)| own.eq_ignore_ascii_case(token))
        })
    };
    let lost: Vec<&str> = HTML_TOKENS
        .iter()
        .copied()
        .filter(|token| list.has(token) && *token != "allow-scripts" && !kept(token))
        .collect();
    if !lost.is_empty() {
        let message = format!("the response's own sandbox takes away {}", lost.join(", "));
        scan.at(
            node,
            Draft::new(
                codes::SANDBOX_NARROWED,
                message,
                "add the tokens to the CSP, or remove them here",
            ),
        );
    }
}

/// The response forbids its own scripts, whatever the frame allows.
pub(super) fn check_response(scan: &mut Scan<'_>, index: usize, policy: &Policy<'_>) {
    let Some(directive) = policy.directive("sandbox") else {
        return;
    };
    if !directive
        .values
        .iter()
        .any(|(token, _)| token.eq_ignore_ascii_case("allow-scripts"))
    {
        let end = directive
            .values
            .last()
            .map_or(directive.span.end, |(_, span)| span.end);
        let draft = Draft::new(
            codes::SANDBOX_CSP_NO_SCRIPTS,
            "the response sandboxes itself without scripts",
            "add allow-scripts to the sandbox directive",
        );
        scan.header(
            "content-security-policy",
            Some(index),
            Span::new(directive.span.start, end),
            draft,
        );
    }
}
