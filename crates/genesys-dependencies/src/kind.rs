//! Kinds of objects.

use std::borrow::Cow;
use std::fmt;

/// Longest name of a kind, in bytes.
const LONGEST: usize = 64;

/// The kind of an object, such as `queue` or `flow`.
///
/// The known kinds are constants. A kind that this version does not know keeps the name that the platform gives it, so that it
/// stays visible.
///
/// ```
/// use genesys_dependencies::ObjectKind;
///
/// assert_eq!(ObjectKind::QUEUE.as_str(), "queue");
/// assert_eq!(ObjectKind::of_tracked("INBOUNDCALLFLOW"), ObjectKind::FLOW);
/// assert_eq!(ObjectKind::of_tracked("LEXBOT").as_str(), "LEXBOT");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKind(Cow<'static, str>);

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        impl ObjectKind {
            $($(#[$doc])* pub const $name: Self = Self(Cow::Borrowed($text));)*

            /// Every kind that this version knows.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
        }
    };
}

kinds! {
    /// A data action of an integration.
    ACTION = "action";
    /// A call route: which flow answers which number.
    CALL_ROUTE = "callRoute";
    /// A credential of an integration.
    CREDENTIAL = "credential";
    /// A data table of Architect.
    DATA_TABLE = "dataTable";
    /// A division.
    DIVISION = "division";
    /// A group of edges.
    EDGE_GROUP = "edgeGroup";
    /// A domain of mail.
    EMAIL_DOMAIN = "emailDomain";
    /// An inbound route of a domain of mail.
    EMAIL_ROUTE = "emailRoute";
    /// An emergency group, which switches call routes over.
    EMERGENCY_GROUP = "emergencyGroup";
    /// A host outside of the platform: scheme, name and port.
    ENDPOINT = "endpoint";
    /// An Architect flow of any type.
    FLOW = "flow";
    /// A group of people.
    GROUP = "group";
    /// An integration.
    INTEGRATION = "integration";
    /// A language skill.
    LANGUAGE = "language";
    /// A location.
    LOCATION = "location";
    /// A recipient of open messaging or WhatsApp.
    MESSAGING_RECIPIENT = "messagingRecipient";
    /// A routing queue.
    QUEUE = "queue";
    /// A canned response.
    RESPONSE = "response";
    /// A library of canned responses.
    RESPONSE_LIBRARY = "responseLibrary";
    /// A schedule.
    SCHEDULE = "schedule";
    /// A group of schedules.
    SCHEDULE_GROUP = "scheduleGroup";
    /// A script for agents.
    SCRIPT = "script";
    /// A telephony site.
    SITE = "site";
    /// A skill.
    SKILL = "skill";
    /// A group of agents by their skills.
    SKILL_GROUP = "skillGroup";
    /// A number that text messages come from.
    SMS_ADDRESS = "smsAddress";
    /// A team of agents.
    TEAM = "team";
    /// A process automation trigger.
    TRIGGER = "trigger";
    /// A person.
    USER = "user";
    /// A user prompt.
    USER_PROMPT = "userPrompt";
    /// A wrap-up code.
    WRAP_UP_CODE = "wrapUpCode";
}

impl ObjectKind {
    /// The kind of this name. A name that is empty is [`depgraph::UNKNOWN_KIND`], and one that is longer than 64 bytes is cut off.
    pub fn new(name: &str) -> Self {
        if name.is_empty() {
            return Self(Cow::Borrowed(depgraph::UNKNOWN_KIND));
        }
        let known = Self::ALL.iter().find(|kind| kind.0 == name);
        known.cloned().unwrap_or_else(|| {
            let end = (0..=LONGEST.min(name.len()))
                .rev()
                .find(|at| name.is_char_boundary(*at));
            Self(Cow::Owned(name[..end.unwrap_or(0)].to_owned()))
        })
    }

    /// The kind that Architect's dependency tracking calls `object_type`. Its 17 types of flows are all
    /// [`FLOW`](Self::FLOW); a type without a kind of its own keeps its name.
    pub fn of_tracked(object_type: &str) -> Self {
        match object_type {
            "ACDLANGUAGE" => Self::LANGUAGE,
            "ACDSKILL" => Self::SKILL,
            "ACDWRAPUPCODE" => Self::WRAP_UP_CODE,
            "COMPOSERSCRIPT" => Self::SCRIPT,
            "DATAACTION" | "SECUREACTION" => Self::ACTION,
            "DATATABLE" => Self::DATA_TABLE,
            "DIVISION" => Self::DIVISION,
            "EMAILROUTE" => Self::EMAIL_ROUTE,
            "EMERGENCYGROUP" => Self::EMERGENCY_GROUP,
            "GROUP" => Self::GROUP,
            "IVRCONFIGURATION" => Self::CALL_ROUTE,
            "QUEUE" => Self::QUEUE,
            "RESPONSE" => Self::RESPONSE,
            "SCHEDULE" => Self::SCHEDULE,
            "SCHEDULEGROUP" => Self::SCHEDULE_GROUP,
            "SMSPHONENUMBER" => Self::SMS_ADDRESS,
            "USER" => Self::USER,
            "USERPROMPT" => Self::USER_PROMPT,
            "WORKFLOW" => Self::FLOW,
            flow if flow.ends_with("FLOW") => Self::FLOW,
            other => Self::new(other),
        }
    }

    /// What dependency tracking calls a flow of this type: `INBOUNDCALL` is `INBOUNDCALLFLOW`, and `WORKFLOW` stays what it is.
    pub fn tracked_flow_type(flow_type: &str) -> String {
        let upper = flow_type.to_ascii_uppercase();
        if upper.ends_with("FLOW") {
            upper
        } else {
            upper + "FLOW"
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracked_type_is_a_known_kind_or_keeps_its_name() {
        // errata DEP-10
        for flow in [
            "INBOUNDCALLFLOW",
            "WORKFLOW",
            "COMMONMODULEFLOW",
            "SURVEYINVITEFLOW",
        ] {
            assert_eq!(ObjectKind::of_tracked(flow), ObjectKind::FLOW, "{flow}");
        }
        assert_eq!(ObjectKind::of_tracked("SECUREACTION"), ObjectKind::ACTION);
        assert_eq!(ObjectKind::of_tracked("TTSENGINE").as_str(), "TTSENGINE");
        assert_eq!(ObjectKind::of_tracked("").as_str(), "unknown");
        assert_eq!(
            ObjectKind::tracked_flow_type("inboundCall"),
            "INBOUNDCALLFLOW"
        );
        assert_eq!(ObjectKind::tracked_flow_type("WORKFLOW"), "WORKFLOW");
    }

    #[test]
    fn a_long_name_is_cut_off_between_characters() {
        let kind = ObjectKind::new(&"é".repeat(100));
        assert_eq!(kind.as_str(), "é".repeat(32));
    }
}
