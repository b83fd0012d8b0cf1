//! The policy file.

use std::time::Duration;

use super::builder::{Place, PolicyBuilder, PolicyError};
use super::{Limits, Policy, Suppression};
use crate::code::{Code, policy};
use crate::date::Date;
use crate::finding::{Draft, shown};
use crate::json::{Document, NodeId, Type};
use crate::severity::{Level, RuleSet};

const MEMBERS: &[&str] = &[
    "rules",
    "origins",
    "severities",
    "suppressions",
    "maxBytes",
    "maxDepth",
    "minWidth",
    "maxWidth",
    "minHeight",
    "maxHeight",
    "maxName",
    "maxDescription",
    "maxSettings",
    "maxItems",
    "minRefreshMs",
    "maxRefreshMs",
];

/// Reads a policy; `rules` takes the place of the rule set that the file names.
pub(super) fn read(bytes: &[u8], rules: Option<RuleSet>) -> Result<Policy, PolicyError> {
    let document = Document::parse(bytes, 16);
    let mut reader = Reader {
        document: &document,
        builder: PolicyBuilder::new(rules.unwrap_or_default()),
        rules,
    };
    for defect in document.defects().0 {
        let pointer = defect
            .node
            .map(|node| document.pointer(node))
            .unwrap_or_default();
        reader.builder.problems.push((
            Draft::new(defect.code, defect.message.clone(), defect.hint),
            (pointer, defect.span),
        ));
    }
    match document.root().filter(|_| document.is_complete()) {
        Some(root) if document.kind(root) == Type::Object => reader.members(root),
        Some(root) => reader.refuse(
            root,
            "the policy is not an object",
            "write {\"rules\": …, \"origins\": […]}",
        ),
        // The reader's own findings say why.
        None => {}
    }
    reader.builder.build()
}

struct Reader<'d> {
    document: &'d Document<'d>,
    builder: PolicyBuilder,
    rules: Option<RuleSet>,
}

impl Reader<'_> {
    fn members(&mut self, root: NodeId) {
        if let Some(rules) = self.document.member(root, "rules") {
            match self
                .document
                .string(rules)
                .and_then(|name| RuleSet::from_name(&name))
            {
                Some(named) => {
                    let rules = self.rules.unwrap_or(named);
                    self.builder.rules = rules;
                    self.builder.limits = Limits::of(rules);
                }
                None => self.refuse(
                    rules,
                    "unknown rule set",
                    "write tutorial, recommended or strict",
                ),
            }
        }
        for member in self.document.children(root) {
            let name = self.document.key(member).unwrap_or_default().into_owned();
            match name.as_str() {
                "rules" => {}
                "origins" => self.origins(member),
                "severities" => self.severities(member),
                "suppressions" => self.suppressions(member),
                number if MEMBERS.contains(&number) => self.number(number, member),
                other => {
                    let hint = crate::similar::nearest(other, MEMBERS)
                        .map_or("remove it".to_owned(), |near| {
                            format!("did you mean {near}?")
                        });
                    self.refuse(member, &format!("unknown member {}", shown(other)), &hint);
                }
            }
        }
    }

    fn number(&mut self, name: &str, node: NodeId) {
        let number = self
            .document
            .number(node)
            .filter(|number| number.fract() == 0.0 && (0.0..=4_294_967_295.0).contains(number));
        let Some(number) = number else {
            return self.refuse(
                node,
                &format!("{name} is not a whole number from 0 to 4294967295"),
                "write a whole number",
            );
        };
        // In range by the filter above.
        let number = number as u32;
        let limits = &mut self.builder.limits;
        let millis = Duration::from_millis(u64::from(number));
        match name {
            "maxBytes" => limits.max_bytes = number as usize,
            "maxDepth" => limits.max_depth = number as usize,
            "minWidth" => limits.width = number..=*limits.width.end(),
            "maxWidth" => limits.width = *limits.width.start()..=number,
            "minHeight" => limits.height = number..=*limits.height.end(),
            "maxHeight" => limits.height = *limits.height.start()..=number,
            "maxName" => limits.max_name = number as usize,
            "maxDescription" => limits.max_description = number as usize,
            "maxSettings" => limits.max_settings = number as usize,
            "maxItems" => limits.max_items = number as usize,
            "minRefreshMs" => limits.refresh = millis..=*limits.refresh.end(),
            "maxRefreshMs" => limits.refresh = *limits.refresh.start()..=millis,
            _ => {}
        }
    }

    fn origins(&mut self, list: NodeId) {
        if self.document.kind(list) != Type::Array {
            return self.refuse(list, "origins is not a list", "write [\"cdn.example.com\"]");
        }
        let mut entries = Vec::new();
        for entry in self.document.children(list) {
            match self.document.string(entry) {
                Some(text) => entries.push((text.into_owned(), self.place(entry))),
                None => self.refuse(
                    entry,
                    "an origin is not a text",
                    "write \"cdn.example.com\"",
                ),
            }
        }
        self.builder.origins = Some(entries);
    }

    fn severities(&mut self, object: NodeId) {
        if self.document.kind(object) != Type::Object {
            return self.refuse(
                object,
                "severities is not an object",
                "write {\"W306\": \"warning\"}",
            );
        }
        for member in self.document.children(object) {
            let code = self.document.key(member).and_then(|key| Code::lookup(&key));
            let level = self
                .document
                .string(member)
                .and_then(|name| Level::from_name(&name));
            match (code, level) {
                (Some(code), Some(level)) => self.builder.severities.push((code, level)),
                (None, _) => self.refuse(
                    member,
                    "no rule has this code",
                    "write a code such as W306 or a name such as frame-too-large",
                ),
                (_, None) => {
                    self.refuse(member, "unknown level", "write off, info, warning or error")
                }
            }
        }
    }

    fn suppressions(&mut self, list: NodeId) {
        if self.document.kind(list) != Type::Array {
            return self.refuse(
                list,
                "suppressions is not a list",
                "write [{\"code\": \"W306\", \"reason\": \"…\"}]",
            );
        }
        for entry in self.document.children(list) {
            self.suppression(entry);
        }
    }

    fn suppression(&mut self, entry: NodeId) {
        if self.document.kind(entry) != Type::Object {
            return self.refuse(
                entry,
                "a suppression is not an object",
                "write {\"code\": \"W306\", \"reason\": \"…\"}",
            );
        }
        let (mut code, mut pointer, mut reason, mut expires) = (None, None, String::new(), None);
        for member in self.document.children(entry) {
            let name = self.document.key(member).unwrap_or_default();
            let text = self.document.string(member);
            match (name.as_ref(), text) {
                ("code", Some(text)) => {
                    code = Code::lookup(&text);
                    if code.is_none() {
                        self.refuse(member, "no rule has this code", "write a code such as W306");
                    }
                }
                ("pointer", Some(text)) if text.is_empty() || text.starts_with('/') => {
                    pointer = Some(text.into_owned())
                }
                ("reason", Some(text)) => reason = text.into_owned(),
                ("expires", Some(text)) => {
                    expires = Date::parse(&text);
                    if expires.is_none() {
                        self.refuse(member, "not a date of the calendar", "write YYYY-MM-DD");
                    }
                }
                ("code" | "pointer" | "reason" | "expires", _) => self.refuse(
                    member,
                    "unusable value",
                    "write a text; a pointer begins with a slash",
                ),
                (other, _) => self.refuse(
                    member,
                    &format!("unknown member {}", shown(other)),
                    "a suppression has code, pointer, reason and expires",
                ),
            }
        }
        let Some(code) = code else {
            if self.document.member(entry, "code").is_none() {
                self.refuse(entry, "a suppression names no code", "add \"code\"");
            }
            return;
        };
        let mut suppression = Suppression::new(code, reason);
        suppression.place = self.place(entry);
        if let Some(pointer) = pointer {
            suppression = suppression.with_pointer(pointer);
        }
        if let Some(expires) = expires {
            suppression = suppression.with_expiry(expires);
        }
        self.builder.suppressions.push(suppression);
    }

    fn place(&self, node: NodeId) -> Place {
        (self.document.pointer(node), self.document.span(node))
    }

    fn refuse(&mut self, node: NodeId, reason: &str, hint: &str) {
        let place = self.place(node);
        let named = if self.document.kind(node) == Type::Object
            || self.document.kind(node) == Type::Array
        {
            reason.to_owned()
        } else {
            format!("{reason}: {}", shown(self.document.raw(node)))
        };
        self.builder
            .problems
            .push((Draft::new(policy::POLICY_MEMBER, named, hint), place));
    }
}
