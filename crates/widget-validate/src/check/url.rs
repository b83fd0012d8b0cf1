//! The widget's URL and its origin.

use std::borrow::Cow;

use super::{Scan, placeholders, text};
use crate::code::{structure, url as codes};
use crate::coverage::{Area, Checked};
use crate::finding::{Draft, shown};
use crate::json::{NodeId, quote};
use crate::origin::{
    HostKind, Location, Origin, has_ldh_labels, host_kind, imitates, mixes_scripts, plain_https,
};
use crate::patch::Patch;

/// Longer URLs are refused by browsers and servers alike.
const LONGEST: usize = 2_048;

/// Checks the URL that is loaded into the frame, and remembers its origin.
pub(super) fn check_widget(scan: &mut Scan<'_>, node: NodeId) {
    scan.mark(Area::Origin, Checked::Yes);
    let Some(text) = text::required_text(scan, node, usize::MAX) else {
        return;
    };
    if is_too_long(scan, node, &text) {
        return;
    }
    // Nothing of an ordinary URL needs a closer look: it has no placeholder, and a parser repairs nothing.
    if let Cow::Borrowed(text) = text
        && let Some(host) = plain_https(text)
    {
        scan.origin = Some((Cow::Borrowed(&text[host.clone()]), 443));
        return check_admission(scan, node, &text[host], 443);
    }
    let Some(filled) = placeholders::check(scan, node, &text) else {
        return;
    };
    let has_placeholders = matches!(filled, Cow::Owned(_));
    let Some(location) = absolute_https(scan, node, &filled, has_placeholders) else {
        return;
    };
    let Some(host) = location.host() else { return };
    let port = location.port().unwrap_or(443);
    if host.ends_with('.') {
        let fix = location
            .with_host(host.trim_end_matches('.'))
            .filter(|_| !has_placeholders && !host.ends_with(".."));
        let draft = Draft::new(
            codes::TRAILING_DOT,
            format!(
                "{} ends with a dot and is another origin than without it",
                shown(host)
            ),
            "remove the dot",
        );
        return scan.at(node, draft.with_fix(fix.map(|url| swap(scan, node, &url))));
    }
    scan.origin = Some((Cow::Owned(host.to_owned()), port));
    check_admission(scan, node, host, port);
}

/// Is the origin one that the policy admits? One finding at most, the one that says most.
fn check_admission(scan: &mut Scan<'_>, node: NodeId, host: &str, port: u16) {
    let origins = scan.policy().origin_set();
    if origins.admits(host, port) {
        return check_port(scan, node, port);
    }
    let draft = match host_kind(host) {
        HostKind::Address => Draft::new(
            codes::IP_ADDRESS,
            format!(
                "{} is an address that the policy does not list",
                shown(host)
            ),
            "use a host name",
        ),
        HostKind::Local => Draft::new(
            codes::LOCAL_NAME,
            format!(
                "{} is a local name that the policy does not list",
                shown(host)
            ),
            "use a public host name",
        ),
        HostKind::Public if !has_ldh_labels(host) => Draft::new(
            codes::BAD_HOST_LABEL,
            format!("{} has a label that no certificate can carry", shown(host)),
            "use letters, digits and inner hyphens",
        ),
        HostKind::Public => {
            let imitated = origins.imitated(host).map(ToString::to_string);
            let imitated = imitated.or_else(|| {
                let known = scan.embedder().origins().iter().map(Origin::host);
                known
                    .into_iter()
                    .find(|known| imitates(host, known, false))
                    .map(str::to_owned)
            });
            if let Some(imitated) = imitated {
                Draft::new(
                    codes::LOOK_ALIKE,
                    format!(
                        "{} reads like `{imitated}` and is another host",
                        shown(host)
                    ),
                    "write the host you mean",
                )
            } else if mixes_scripts(host) {
                let readable = url::quirks::domain_to_unicode(host);
                Draft::new(
                    codes::LOOK_ALIKE,
                    format!(
                        "{} ({}) mixes letters of several scripts",
                        shown(host),
                        shown(&readable)
                    ),
                    "write the host in one script",
                )
            } else if origins.patterns.is_empty() {
                scan.mark(Area::Origin, Checked::No("the policy names no origins"));
                return check_port(scan, node, port);
            } else {
                let origin = Origin::new("https", host, port);
                let entries: Vec<String> = origins
                    .patterns
                    .iter()
                    .take(5)
                    .map(ToString::to_string)
                    .collect();
                let more = if origins.patterns.len() > 5 {
                    ", …"
                } else {
                    ""
                };
                Draft::new(
                    codes::ORIGIN_NOT_ALLOWED,
                    format!("{origin} is not among the allowed origins"),
                    format!("the policy admits {}{more}", entries.join(", ")),
                )
            }
        }
    };
    scan.at(node, draft);
}

fn check_port(scan: &mut Scan<'_>, node: NodeId, port: u16) {
    if port != 443 {
        let message = format!("port {port} is often closed in company networks");
        let draft = Draft::new(codes::UNUSUAL_PORT, message, "serve the widget on port 443");
        scan.at(node, draft);
    }
}

/// Checks that the text is an absolute https URL without user info, spelled as a parser stores it; answers it parsed.
pub(super) fn absolute_https<'t>(
    scan: &mut Scan<'_>,
    node: NodeId,
    text: &'t str,
    has_placeholders: bool,
) -> Option<Location<'t>> {
    let Some(location) = Location::parse(text) else {
        // What stands before an `@` may be a password, here and in the fixes below.
        let subject = if text.contains('@') {
            "this".to_owned()
        } else {
            shown(text)
        };
        let message = format!("{subject} is not an absolute URL");
        scan.at(
            node,
            Draft::new(codes::NOT_ABSOLUTE, message, "write https:// and a host"),
        );
        return None;
    };
    let fixable = !has_placeholders && !location.has_user_info();
    if location.scheme() != "https" {
        let fix = location
            .with_https()
            .filter(|_| fixable)
            .map(|url| swap(scan, node, &url));
        let draft = Draft::new(
            codes::NOT_HTTPS,
            format!("the scheme is {} and not https", shown(location.scheme())),
            "serve the widget over https",
        );
        scan.at(node, draft.with_fix(fix));
        return None;
    }
    if location.has_user_info() {
        let host = shown(location.host().unwrap_or_default());
        let fix = location
            .without_user_info()
            .filter(|_| !has_placeholders)
            .map(|url| Patch::new().with_replace(scan.document.pointer(node), quote(&url)));
        let draft = Draft::new(
            codes::USER_INFO,
            format!("the URL carries user info before the host {host}"),
            "remove everything between // and the host",
        );
        scan.at(node, draft.with_fix(fix));
    }
    if !location.is_spelled_canonically() {
        let href = location.href();
        let fix = fixable.then(|| swap(scan, node, &href));
        let meaning = if location.has_user_info() {
            "another spelling".to_owned()
        } else {
            shown(&href)
        };
        let draft = Draft::new(
            codes::REPAIRED_SPELLING,
            format!("a parser reads this as {meaning}"),
            "write what is meant",
        );
        scan.at(node, draft.with_fix(fix));
    }
    Some(location)
}

/// Checks an address that is loaded but not framed, such as an icon. `data:` images are common and refused like everything else.
pub(super) fn check_resource(scan: &mut Scan<'_>, node: NodeId) {
    if let Some(text) = text::required_text(scan, node, usize::MAX)
        && !is_too_long(scan, node, &text)
    {
        absolute_https(scan, node, &text, false);
    }
}

fn is_too_long(scan: &mut Scan<'_>, node: NodeId, text: &str) -> bool {
    let too_long = text.len() > LONGEST;
    if too_long {
        scan.at(
            node,
            Draft::new(
                structure::TOO_LONG,
                format!("the URL has {} bytes, the limit is {LONGEST}", text.len()),
                "shorten it; nothing else about it was checked",
            ),
        );
    }
    too_long
}

fn swap(scan: &Scan<'_>, node: NodeId, url: &str) -> Patch {
    Patch::swap(
        &scan.document.pointer(node),
        scan.document.raw(node),
        quote(url),
    )
}
