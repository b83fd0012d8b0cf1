//! The platform's own format: the configuration of an integration.

use super::{Scan, permissions, sandbox, text, url};
use crate::code::structure;
use crate::coverage::{Area, Checked};
use crate::finding::{Draft, shown};
use crate::json::{NodeId, Type};
use crate::kind::Kind;
use crate::sandbox::TokenList;

/// What a configuration must hold when it is written back.
const REQUIRED: &[&str] = &[
    "name",
    "version",
    "properties",
    "advanced",
    "notes",
    "credentials",
];
const MEMBERS: &[&str] = &[
    "name",
    "version",
    "properties",
    "advanced",
    "notes",
    "credentials",
    "id",
    "selfUri",
    "integrationType",
    "intendedState",
];
const STATES: &[&str] = &["ENABLED", "DISABLED"];
const PROPERTIES: &[&str] = &[
    "url",
    "sandbox",
    "permissions",
    "displayType",
    "featureCategory",
    "groups",
];
const WIDGET_PROPERTIES: &[&str] = &[
    "url",
    "sandbox",
    "permissions",
    "displayType",
    "featureCategory",
    "groups",
    "communicationTypeFilter",
    "queueIdFilterList",
];
const DISPLAY: &[&str] = &["standalone", "widget"];
const CATEGORIES: &[&str] = &["directory", "contactCenterInsights"];
const COMMUNICATION: &[&str] = &[
    "call",
    "callback",
    "chat",
    "email",
    "webmessaging",
    "open",
    "workitem",
];
const ADVANCED: &[&str] = &["i10n", "lifecycle", "icon", "monochromicIcon"];
const ICONS: &[&str] = &["vector", "24x24", "36x36", "48x48", "72x72"];
const HOOKS: &[&str] = &["bootstrap", "focus", "blur", "stop"];

pub(super) fn check(scan: &mut Scan<'_>, root: NodeId) {
    let document = scan.document;
    scan.mark(Area::Frame, Checked::No("client apps have no dimensions"));
    for name in REQUIRED {
        if document.member(root, name).is_none() {
            text::missing_member(scan, root, name);
        }
    }
    for member in document.children(root) {
        let name = document.key(member).unwrap_or_default();
        match name.as_ref() {
            "name" => {
                text::required_text(scan, member, scan.limits().max_name);
            }
            "version" => text::whole_number(scan, member, 1.0, 2_147_483_647.0, ""),
            "properties" => {
                if text::is(scan, member, Type::Object) {
                    check_properties(scan, member);
                }
            }
            "advanced" => {
                if text::is(scan, member, Type::Object) {
                    check_advanced(scan, member);
                }
            }
            "notes" => {
                text::optional_text(scan, member, scan.limits().max_description);
            }
            "credentials" => check_credentials(scan, member),
            "intendedState" => text::word(scan, member, STATES),
            known if MEMBERS.contains(&known) => {}
            _ => text::unknown_member(scan, root, member, MEMBERS),
        }
    }
}

fn check_properties(scan: &mut Scan<'_>, properties: NodeId) {
    let document = scan.document;
    let widget = scan.kind == Kind::InteractionWidget;
    let known = if widget {
        WIDGET_PROPERTIES
    } else {
        PROPERTIES
    };
    // The sandbox is judged by where the widget comes from, so the URL goes first.
    match document.member(properties, "url") {
        Some(address) => url::check_widget(scan, address),
        None => text::missing_member(scan, properties, "url"),
    }
    let tokens = document.member(properties, "sandbox");
    match tokens {
        Some(tokens) => sandbox::check(scan, tokens),
        None => scan.mark(Area::Sandbox, Checked::No("the properties name no sandbox")),
    }
    match document.member(properties, "permissions") {
        Some(features) => permissions::check(scan, features, tokens),
        None => scan.mark(
            Area::Permissions,
            Checked::No("the properties name no permissions"),
        ),
    }
    for member in document.children(properties) {
        let name = document.key(member).unwrap_or_default();
        match name.as_ref() {
            "url" | "sandbox" | "permissions" => {}
            "displayType" => text::word(scan, member, DISPLAY),
            // The empty text is the platform's way of saying "none".
            "featureCategory"
                if document
                    .string(member)
                    .is_some_and(|category| category.is_empty()) => {}
            "featureCategory" => text::word(scan, member, CATEGORIES),
            "groups" => text::ids(scan, member),
            "queueIdFilterList" if widget => text::ids(scan, member),
            "communicationTypeFilter" if widget => check_communication(scan, member),
            _ => text::unknown_member(scan, properties, member, known),
        }
    }
}

/// A comma list of kinds of conversation. The platform refuses unknown ones with a bare "Input validation error".
fn check_communication(scan: &mut Scan<'_>, node: NodeId) {
    let Some(text) = text::required_text(scan, node, 2_048) else {
        return;
    };
    for (token, span) in TokenList::parse(&text).tokens {
        if !COMMUNICATION.contains(&token) {
            let hint = if token == "message" {
                "the platform refuses `message`; write webmessaging or open".to_owned()
            } else {
                format!("write one of: {}", COMMUNICATION.join(", "))
            };
            scan.inside(
                node,
                span,
                Draft::new(
                    structure::UNKNOWN_VALUE,
                    format!("{} is no kind of conversation", shown(token)),
                    hint,
                ),
            );
        }
    }
}

/// Slot names with the id of a credential each. Values of another form may be the secrets themselves and are not repeated.
fn check_credentials(scan: &mut Scan<'_>, node: NodeId) {
    if !text::is(scan, node, Type::Object) {
        return;
    }
    let document = scan.document;
    for slot in document.children(node) {
        if !text::is(scan, slot, Type::Object) {
            continue;
        }
        match document.member(slot, "id") {
            Some(id) => {
                text::required_text(scan, id, 256);
            }
            None => text::missing_member(scan, slot, "id"),
        }
    }
}

fn check_advanced(scan: &mut Scan<'_>, advanced: NodeId) {
    let document = scan.document;
    for member in document.children(advanced) {
        let name = document.key(member).unwrap_or_default();
        match name.as_ref() {
            "i10n" => check_names(scan, member),
            "lifecycle" => check_lifecycle(scan, member),
            "icon" => check_icons(scan, member, ICONS),
            "monochromicIcon" => check_icons(scan, member, &ICONS[..1]),
            _ => text::unknown_member(scan, advanced, member, ADVANCED),
        }
    }
}

/// `{"de": {"name": "…"}}`.
fn check_names(scan: &mut Scan<'_>, node: NodeId) {
    if !text::is(scan, node, Type::Object) {
        return;
    }
    let document = scan.document;
    for language in document.children(node) {
        if !text::is(scan, language, Type::Object) {
            continue;
        }
        match document.member(language, "name") {
            Some(name) => {
                text::required_text(scan, name, scan.limits().max_name);
            }
            None => text::missing_member(scan, language, "name"),
        }
    }
}

fn check_lifecycle(scan: &mut Scan<'_>, node: NodeId) {
    if !text::is(scan, node, Type::Object) {
        return;
    }
    let document = scan.document;
    for member in document.children(node) {
        if document.key_is(member, "ephemeral") {
            text::is(scan, member, Type::Bool);
        } else if document.key_is(member, "hooks") {
            if !text::is(scan, member, Type::Object) {
                continue;
            }
            for hook in document.children(member) {
                if HOOKS.iter().any(|known| document.key_is(hook, known)) {
                    text::is(scan, hook, Type::Bool);
                } else {
                    text::unknown_member(scan, member, hook, HOOKS);
                }
            }
        } else {
            text::unknown_member(scan, node, member, &["ephemeral", "hooks"]);
        }
    }
}

fn check_icons(scan: &mut Scan<'_>, node: NodeId, sizes: &[&str]) {
    if !text::is(scan, node, Type::Object) {
        return;
    }
    let document = scan.document;
    for icon in document.children(node) {
        if sizes.iter().any(|size| document.key_is(icon, size)) {
            url::check_resource(scan, icon);
        } else {
            text::unknown_member(scan, node, icon, sizes);
        }
    }
}
