//! The kinds of objects that an organisation holds, and where the API lists them.

/// A kind of object that an organisation can be seeded with.
///
/// Integrations, data actions and triggers are not among them: those are created through the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A division.
    Division,
    /// A routing queue.
    Queue,
    /// An Architect flow.
    Flow,
    /// A user prompt.
    Prompt,
    /// A script for agents.
    Script,
    /// A skill.
    Skill,
    /// A language skill.
    Language,
    /// A wrap-up code.
    WrapUpCode,
    /// A person.
    User,
    /// A group of people.
    Group,
    /// A team of agents.
    Team,
    /// A group of agents by their skills.
    SkillGroup,
    /// A schedule.
    Schedule,
    /// A group of schedules.
    ScheduleGroup,
    /// An emergency group, which switches call routes over.
    EmergencyGroup,
    /// A call route: which flow answers which number.
    CallRoute,
    /// A location.
    Location,
    /// A telephony site.
    Site,
    /// A group of edges.
    EdgeGroup,
    /// A domain of inbound mail.
    EmailDomain,
    /// A library of canned responses.
    ResponseLibrary,
    /// A data table of Architect.
    DataTable,
}

/// How a list is cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paging {
    /// By number, with totals; at most so many items a page.
    Numbered(usize),
    /// By cursor, without totals.
    Cursor,
}

struct Entry {
    noun: &'static str,
    path: &'static str,
    object_type: &'static str,
    permissions: &'static [&'static str],
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 22] = [
        Self::Division,
        Self::Queue,
        Self::Flow,
        Self::Prompt,
        Self::Script,
        Self::Skill,
        Self::Language,
        Self::WrapUpCode,
        Self::User,
        Self::Group,
        Self::Team,
        Self::SkillGroup,
        Self::Schedule,
        Self::ScheduleGroup,
        Self::EmergencyGroup,
        Self::CallRoute,
        Self::Location,
        Self::Site,
        Self::EdgeGroup,
        Self::EmailDomain,
        Self::ResponseLibrary,
        Self::DataTable,
    ];

    /// The path of its list.
    #[must_use]
    pub fn path(self) -> &'static str {
        self.entry().path
    }

    /// What dependency tracking calls it; `None` where it does not know the kind. A flow's depends on its type.
    #[must_use]
    pub fn object_type(self) -> Option<&'static str> {
        Some(self.entry().object_type).filter(|name| !name.is_empty())
    }

    pub(crate) fn noun(self) -> &'static str {
        self.entry().noun
    }

    /// What reading it takes; empty when any client may.
    pub(crate) fn permissions(self) -> &'static [&'static str] {
        self.entry().permissions
    }

    /// The kind whose list is at this path below `/api/v2/`, or one of whose objects is.
    pub(crate) fn of_route(rest: &str) -> Option<Self> {
        let list = rest.strip_suffix("/{id}").unwrap_or(rest);
        Self::ALL
            .into_iter()
            .find(|kind| kind.path().strip_prefix("/api/v2/") == Some(list))
    }

    /// The queues' limit is the one that exporters use; the other lists' is the documented one.
    pub(crate) fn paging(self) -> Paging {
        match self {
            Self::Team | Self::SkillGroup => Paging::Cursor,
            Self::Queue | Self::User | Self::WrapUpCode | Self::Skill => Paging::Numbered(500),
            _ => Paging::Numbered(100),
        }
    }

    fn entry(self) -> Entry {
        let entry = |noun, path, object_type, permissions| Entry {
            noun,
            path,
            object_type,
            permissions,
        };
        match self {
            Self::Division => entry(
                "division",
                "/api/v2/authorization/divisions",
                "DIVISION",
                &[],
            ),
            Self::Queue => entry(
                "queue",
                "/api/v2/routing/queues",
                "QUEUE",
                &["routing:queue:view"],
            ),
            Self::Flow => entry("flow", "/api/v2/flows", "", &["architect:flow:view"]),
            Self::Prompt => entry(
                "prompt",
                "/api/v2/architect/prompts",
                "USERPROMPT",
                &["architect:userPrompt:view"],
            ),
            Self::Script => entry(
                "script",
                "/api/v2/scripts",
                "COMPOSERSCRIPT",
                &["scripter:script:view"],
            ),
            Self::Skill => entry(
                "skill",
                "/api/v2/routing/skills",
                "ACDSKILL",
                &["routing:skill:view"],
            ),
            Self::Language => entry(
                "language",
                "/api/v2/routing/languages",
                "ACDLANGUAGE",
                &["routing:language:view"],
            ),
            Self::WrapUpCode => entry(
                "wrap-up code",
                "/api/v2/routing/wrapupcodes",
                "ACDWRAPUPCODE",
                &["routing:wrapupCode:view"],
            ),
            Self::User => entry("user", "/api/v2/users", "USER", &["directory:user:view"]),
            Self::Group => entry(
                "group",
                "/api/v2/groups",
                "GROUP",
                &["directory:group:view"],
            ),
            Self::Team => entry("team", "/api/v2/teams", "", &["groups:team:view"]),
            Self::SkillGroup => entry(
                "skill group",
                "/api/v2/routing/skillgroups",
                "",
                &["routing:skillgroup:view"],
            ),
            Self::Schedule => entry(
                "schedule",
                "/api/v2/architect/schedules",
                "SCHEDULE",
                &["routing:schedule:view"],
            ),
            Self::ScheduleGroup => entry(
                "schedule group",
                "/api/v2/architect/schedulegroups",
                "SCHEDULEGROUP",
                &["routing:scheduleGroup:view"],
            ),
            Self::EmergencyGroup => entry(
                "emergency group",
                "/api/v2/architect/emergencygroups",
                "EMERGENCYGROUP",
                &["routing:emergencyGroup:view"],
            ),
            Self::CallRoute => entry(
                "call route",
                "/api/v2/architect/ivrs",
                "IVRCONFIGURATION",
                &["routing:callRoute:view"],
            ),
            Self::Location => entry("location", "/api/v2/locations", "", &[]),
            Self::Site => entry(
                "site",
                "/api/v2/telephony/providers/edges/sites",
                "",
                &["telephony:plugin:all"],
            ),
            Self::EdgeGroup => entry(
                "edge group",
                "/api/v2/telephony/providers/edges/edgegroups",
                "",
                &["telephony:plugin:all"],
            ),
            Self::EmailDomain => entry(
                "email domain",
                "/api/v2/routing/email/domains",
                "",
                &["routing:email:view", "routing:email:manage"],
            ),
            Self::ResponseLibrary => entry(
                "response library",
                "/api/v2/responsemanagement/libraries",
                "",
                &["responses:library:view"],
            ),
            Self::DataTable => entry(
                "data table",
                "/api/v2/flows/datatables",
                "DATATABLE",
                &["architect:datatable:view"],
            ),
        }
    }
}

/// The type of object that dependency tracking has for a flow of this type: `INBOUNDCALL` is an `INBOUNDCALLFLOW`, and a
/// `WORKFLOW` stays what it is.
#[cfg(feature = "platform")]
pub(crate) fn flow_object_type(flow_type: &str) -> String {
    let upper = flow_type.to_ascii_uppercase();
    if upper.ends_with("FLOW") {
        upper
    } else {
        upper + "FLOW"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_list_of_its_own() {
        let mut paths: Vec<&str> = Kind::ALL.iter().map(|kind| kind.path()).collect();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            let rest = kind.path().strip_prefix("/api/v2/").unwrap();
            assert_eq!(Kind::of_route(rest), Some(kind));
            assert_eq!(Kind::of_route(&format!("{rest}/{{id}}")), Some(kind));
        }
        assert_eq!(Kind::of_route("routing/queues/{id}/members"), None);
    }
}
