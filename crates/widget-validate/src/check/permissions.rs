//! Browser features granted to the frame.

use super::{Scan, text};
use crate::code::permissions as codes;
use crate::coverage::{Area, Checked};
use crate::finding::{Draft, shown};
use crate::json::{NodeId, Type, quote};
use crate::patch::Patch;
use crate::sandbox::TokenList;

/// Features of Permissions-Policy that browsers know.
pub(crate) const FEATURES: &[&str] = &[
    "accelerometer",
    "ambient-light-sensor",
    "attribution-reporting",
    "autoplay",
    "bluetooth",
    "browsing-topics",
    "camera",
    "captured-surface-control",
    "clipboard-read",
    "clipboard-write",
    "compute-pressure",
    "cross-origin-isolated",
    "deferred-fetch",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "gamepad",
    "geolocation",
    "gyroscope",
    "hid",
    "identity-credentials-get",
    "idle-detection",
    "keyboard-map",
    "language-detector",
    "local-fonts",
    "magnetometer",
    "microphone",
    "midi",
    "otp-credentials",
    "payment",
    "picture-in-picture",
    "private-state-token-issuance",
    "publickey-credentials-create",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "speaker-selection",
    "storage-access",
    "summarizer",
    "translator",
    "usb",
    "web-share",
    "window-management",
    "xr-spatial-tracking",
];

/// Marketplace reviews question longer lists.
const FEW: usize = 3;

pub(super) fn check(scan: &mut Scan<'_>, node: NodeId, sandbox: Option<NodeId>) {
    scan.mark(Area::Permissions, Checked::Yes);
    if !text::is(scan, node, Type::String) {
        return;
    }
    let Some(text) = scan.document.string(node) else {
        return;
    };
    let list = TokenList::parse(&text);
    scan.document.spend(text.len() + list.tokens.len());
    let mut seen = [false; FEATURES.len()];
    for (index, (token, span)) in list.tokens.iter().enumerate() {
        let (code, message, hint, new) = match FEATURES.iter().position(|known| known == token) {
            Some(known) if std::mem::replace(&mut seen[known], true) => (
                codes::PERMISSION_REPEATED,
                format!("{} is repeated", shown(token)),
                "remove it".to_owned(),
                None,
            ),
            Some(_)
                if scan
                    .embedder()
                    .permissions
                    .iter()
                    .any(|offered| offered == token) =>
            {
                continue;
            }
            Some(_) => (
                codes::PERMISSION_NOT_OFFERED,
                format!("the embedder does not offer {}", shown(token)),
                "remove it".to_owned(),
                None,
            ),
            None if *token == "*"
                || token.starts_with('\'')
                || token.contains("://")
                || matches!(*token, "self" | "src" | "none") =>
            {
                (
                    codes::PERMISSION_ALLOWLIST,
                    format!("{} is an allowlist and no feature", shown(token)),
                    "name features only".to_owned(),
                    None,
                )
            }
            None => {
                let near = list.meant(token, FEATURES).filter(|near| {
                    scan.embedder()
                        .permissions
                        .iter()
                        .any(|offered| offered == near)
                });
                let hint = near.map_or_else(
                    || "remove it".to_owned(),
                    |near| format!("did you mean {near}?"),
                );
                (
                    codes::PERMISSION_UNKNOWN,
                    format!("{} is no feature", shown(token)),
                    hint,
                    near,
                )
            }
        };
        let fix = list.with_token(index, new).map(|new| {
            Patch::swap(
                &scan.document.pointer(node),
                scan.document.raw(node),
                quote(&new),
            )
        });
        scan.inside(node, *span, Draft::new(code, message, hint).with_fix(fix));
    }
    let count = seen.iter().filter(|seen| **seen).count();
    if count > FEW {
        scan.at(
            node,
            Draft::new(
                codes::PERMISSION_MANY,
                format!("{count} permissions"),
                "ask for what the widget uses at once; a user can be asked again later",
            ),
        );
    }
    let scripts = sandbox
        .and_then(|sandbox| scan.document.string(sandbox))
        .is_none_or(|sandbox| TokenList::parse(&sandbox).has("allow-scripts"));
    if count > 0 && !scripts {
        scan.at(
            node,
            Draft::new(
                codes::PERMISSION_USELESS,
                "the sandbox forbids the scripts that would use them",
                "add allow-scripts to the sandbox, or remove the permissions",
            ),
        );
    }
    check_denied(scan, node, &list);
}

/// Features that the response's own header switches off with an empty allowlist.
fn check_denied(scan: &mut Scan<'_>, node: NodeId, list: &TokenList<'_>) {
    let Some(headers) = scan.headers else { return };
    for item in headers
        .get("permissions-policy")
        .flat_map(|value| value.split(','))
    {
        let Some((feature, allowlist)) = item.split_once('=') else {
            continue;
        };
        let denied: String = allowlist
            .split(';')
            .next()
            .unwrap_or("")
            .split_ascii_whitespace()
            .collect();
        let place = list
            .tokens
            .iter()
            .find(|(token, _)| *token == feature.trim());
        if let Some((token, span)) = place.filter(|_| denied == "()") {
            let draft = Draft::new(
                codes::PERMISSION_DENIED,
                format!("the response's Permissions-Policy denies {}", shown(token)),
                "allow it there with (self), or remove it here",
            );
            scan.inside(node, *span, draft);
        }
    }
}
