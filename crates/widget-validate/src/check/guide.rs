//! The tutorial's own format.

use std::time::Duration;

use super::{Scan, frame, permissions, sandbox, text, url};
use crate::code::structure;
use crate::coverage::{Area, Checked};
use crate::finding::{Draft, shown};
use crate::json::{Document, NodeId, Type};

const MEMBERS: &[&str] = &[
    "name",
    "description",
    "type",
    "status",
    "manifestUrl",
    "settings",
];
const TYPES: &[&str] = &["webapp", "integration"];
const STATES: &[&str] = &["active", "inactive"];
/// What a marketplace listing shows of a description.
const LISTING: usize = 75;
/// Parts of names under which secrets are kept.
const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "apikey",
    "accesskey",
    "privatekey",
    "accesstoken",
    "authtoken",
    "refreshtoken",
    "credential",
];

/// The members of a definition. Of several with the same name the last counts, as for most readers.
#[derive(Debug, Default)]
pub(super) struct Members {
    name: Option<NodeId>,
    description: Option<NodeId>,
    kind: Option<NodeId>,
    status: Option<NodeId>,
    manifest: Option<NodeId>,
    settings: Option<NodeId>,
    /// There are members of other names too; a definition of another format has such.
    pub(super) has_others: bool,
}

impl Members {
    pub(super) fn of(document: &Document<'_>, root: NodeId) -> Members {
        let mut members = Members::default();
        for member in document.children(root) {
            match members.place(document.key_bytes(member).as_ref()) {
                Some(place) => *place = Some(member),
                None => members.has_others = true,
            }
        }
        members
    }

    #[inline]
    fn place(&mut self, name: &[u8]) -> Option<&mut Option<NodeId>> {
        Some(match name {
            b"name" => &mut self.name,
            b"description" => &mut self.description,
            b"type" => &mut self.kind,
            b"status" => &mut self.status,
            b"manifestUrl" => &mut self.manifest,
            b"settings" => &mut self.settings,
            _ => return None,
        })
    }
}

pub(super) fn check(scan: &mut Scan<'_>, root: NodeId, members: &Members) {
    let Members {
        name,
        description,
        kind,
        status,
        manifest,
        settings,
        has_others,
    } = *members;
    if has_others {
        check_others(scan, root);
    }
    match name {
        Some(name) => {
            text::required_text(scan, name, scan.limits().max_name);
        }
        None => text::missing_member(scan, root, "name"),
    }
    if let Some(description) = description {
        check_description(scan, description);
    }
    match kind {
        Some(kind) => text::word(scan, kind, TYPES),
        None => text::missing_member(scan, root, "type"),
    }
    if let Some(status) = status {
        text::word(scan, status, STATES);
    }
    match manifest {
        Some(manifest) => url::check_widget(scan, manifest),
        None => text::missing_member(scan, root, "manifestUrl"),
    }
    match settings {
        Some(settings) if text::is(scan, settings, Type::Object) => check_settings(scan, settings),
        Some(_) => {}
        None => frame::missing(scan, root, "settings"),
    }
}

fn check_others(scan: &mut Scan<'_>, root: NodeId) {
    let document = scan.document;
    for member in document.children(root) {
        if Members::default()
            .place(document.key_bytes(member).as_ref())
            .is_none()
        {
            text::unknown_member(scan, root, member, MEMBERS);
        }
    }
}

fn check_description(scan: &mut Scan<'_>, node: NodeId) {
    let Some(description) = text::optional_text(scan, node, scan.limits().max_description) else {
        return;
    };
    // Bytes are an upper bound of characters.
    if description.len() <= LISTING {
        return;
    }
    let length = description.chars().count();
    if length > LISTING && length <= scan.limits().max_description {
        let draft = Draft::new(
            structure::LISTING_DESCRIPTION,
            format!("{length} characters, listings show {LISTING}"),
            "put what matters first, or shorten it",
        );
        scan.at(node, draft);
    }
}

fn check_settings(scan: &mut Scan<'_>, settings: NodeId) {
    let document = scan.document;
    let (mut dimensions, mut tokens, mut features) = (None, None, None);
    let mut count = 0;
    for member in document.children(settings) {
        count += 1;
        match document.key_bytes(member).as_ref() {
            b"dimensions" => dimensions = Some(member),
            b"refresh_interval_ms" => check_refresh(scan, member),
            b"sandbox" => tokens = Some(member),
            b"permissions" => features = Some(member),
            _ => check_open_setting(scan, member),
        }
    }
    let limit = scan.limits().max_settings;
    if count > limit {
        scan.at(
            settings,
            Draft::new(
                structure::TOO_LONG,
                format!("{count} settings, the limit is {limit}"),
                "keep settings that the widget reads at start",
            ),
        );
    }
    match dimensions {
        Some(dimensions) => frame::check(scan, dimensions),
        None => frame::missing(scan, settings, "dimensions"),
    }
    match tokens {
        Some(tokens) => sandbox::check(scan, tokens),
        None => scan.mark(Area::Sandbox, Checked::No("the settings name no sandbox")),
    }
    match features {
        Some(features) => permissions::check(scan, features, tokens),
        None => scan.mark(
            Area::Permissions,
            Checked::No("the settings name no permissions"),
        ),
    }
}

fn check_refresh(scan: &mut Scan<'_>, node: NodeId) {
    let range = &scan.limits().refresh;
    let whole = scan.document.whole_number(node).map(Duration::from_millis);
    if whole.is_some_and(|interval| range.contains(&interval)) {
        return;
    }
    let (least, most) = (
        range.start().as_millis() as f64,
        range.end().as_millis() as f64,
    );
    text::whole_number(scan, node, least, most, " ms");
}

/// Settings are open: an unknown one is listed, and one that looks like a secret is reported.
fn check_open_setting(scan: &mut Scan<'_>, member: NodeId) {
    let document = scan.document;
    let Some(name) = document.key(member) else {
        return;
    };
    let secret =
        names_a_secret(&name) && document.string(member).is_some_and(|text| !text.is_empty());
    let code = if secret {
        structure::SECRET_IN_SETTINGS
    } else {
        structure::UNKNOWN_SETTING
    };
    if !scan.wants(code) {
        return;
    }
    let draft = if secret {
        // The value must not reach a report.
        Draft::new(
            code,
            format!("{} looks like a secret", shown(&name)),
            "keep it in a credential of the integration",
        )
    } else {
        let message = format!("{} is not a setting that is checked here", shown(&name));
        Draft::new(
            code,
            message,
            "check its spelling; settings are open, so it is sent as it is",
        )
    };
    scan.at_name(member, draft);
}

/// Compares letters and digits only, so that `api_key`, `api-key` and `apiKey` are one.
fn names_a_secret(name: &str) -> bool {
    let mut letters = [0_u8; 64];
    let mut length = 0;
    for byte in name
        .bytes()
        .filter(u8::is_ascii_alphanumeric)
        .take(letters.len())
    {
        letters[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    let letters = &letters[..length];
    SECRETS.iter().any(|part| {
        letters
            .windows(part.len())
            .any(|window| window == part.as_bytes())
    })
}
