//! What an organisation holds before the first request, and what of it clients can read and change.

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub(crate) mod kind;
pub(crate) mod lists;
pub(crate) mod members;
pub(crate) mod queue_input;
pub(crate) mod queues;
pub(crate) mod store;
#[cfg(feature = "platform")]
pub(crate) mod tracking;

pub use kind::Kind;

/// The id of the division that every organisation has.
pub const HOME_DIVISION_ID: &str = "5d0f6c1e-3b52-4a39-9b7e-0a4c1f2d8e10";
/// The id of an organisation that is given no other.
pub const ORGANISATION_ID: &str = "5d0f6c1e-3b52-4a39-9b7e-0a4c1f2d8e11";

/// What an organisation holds from the start: a plain description to seed a sandbox with.
///
/// Documents are served as they are given. They may be wrong on purpose: without an `id`, with one that another document
/// has too, with references that lead nowhere. Only what is no JSON object is refused when the sandbox starts. A sandbox
/// that is given none has an organisation with its home division and nothing else.
///
/// ```
/// use genesys_sandbox::{Kind, Organisation, Sandbox};
/// use serde_json::json;
///
/// # async fn example() -> Result<(), genesys_sandbox::SandboxError> {
/// let organisation = Organisation::new("Acme")
///     .with_object(Kind::User, json!({"id": "u-1", "name": "Ann", "version": 1}))
///     .with_object(Kind::Queue, json!({"id": "q-1", "name": "Support", "queueFlow": {"id": "gone"}}))
///     .with_member("q-1", "u-1");
/// let sandbox = Sandbox::builder().with_organisation(organisation).start().await?;
/// # sandbox.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Organisation {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) objects: BTreeMap<Kind, Vec<Value>>,
    pub(crate) members: Vec<(String, String)>,
    pub(crate) wrap_up_codes: Vec<(String, String)>,
    pub(crate) uses: Vec<Use>,
    pub(crate) tracking: TrackingStatus,
}

/// That one object uses another one, as Architect's dependency tracking knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) consumer: String,
    pub(crate) resource_type: String,
    pub(crate) resource: String,
}

/// How far Architect's dependency tracking is. Its answers are empty until it was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TrackingStatus {
    /// Nobody has built it.
    NotBuilt,
    /// A build is under way; the next look at its status finds it done.
    InProgress,
    /// It is up to date.
    #[default]
    Operational,
    /// It works, and a newer version of the platform wants it built again.
    NeedsRebuild,
}

impl TrackingStatus {
    /// The contract's word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotBuilt => "NOTBUILT",
            Self::InProgress => "BUILDINPROGRESS",
            Self::Operational => "OPERATIONAL",
            Self::NeedsRebuild => "OPERATIONALNEEDSREBUILD",
        }
    }
}

impl Default for Organisation {
    fn default() -> Self {
        Self::new("Sandbox")
    }
}

impl Organisation {
    /// An organisation of this name with its home division.
    pub fn new(name: impl Into<String>) -> Self {
        let home = json!({"id": HOME_DIVISION_ID, "name": "Home", "description": "", "homeDivision": true});
        Self {
            id: ORGANISATION_ID.to_owned(),
            name: name.into(),
            objects: BTreeMap::from([(Kind::Division, vec![home])]),
            members: Vec::new(),
            wrap_up_codes: Vec::new(),
            uses: Vec::new(),
            tracking: TrackingStatus::default(),
        }
    }

    /// Sets its id. Default [`ORGANISATION_ID`].
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = id.into();
        self
    }

    /// Adds an object, listed after those of its kind that it has. Flows come after the four of every sandbox.
    pub fn with_object(mut self, kind: Kind, document: Value) -> Self {
        self.objects.entry(kind).or_default().push(document);
        self
    }

    /// Makes a user a member of a queue. Neither has to exist.
    pub fn with_member(mut self, queue_id: impl Into<String>, user_id: impl Into<String>) -> Self {
        self.members.push((queue_id.into(), user_id.into()));
        self
    }

    /// Gives a queue a wrap-up code. Neither has to exist; a code that does not is left out of the queue's list.
    pub fn with_wrap_up_code(
        mut self,
        queue_id: impl Into<String>,
        code_id: impl Into<String>,
    ) -> Self {
        self.wrap_up_codes.push((queue_id.into(), code_id.into()));
        self
    }

    /// Tells dependency tracking that an object, mostly a flow, uses another one. `resource_type` is the contract's object
    /// type, such as `QUEUE` or `USERPROMPT`. A resource that does not exist is reported as deleted.
    pub fn with_use(
        mut self,
        consumer_id: impl Into<String>,
        resource_type: impl Into<String>,
        resource_id: impl Into<String>,
    ) -> Self {
        self.uses.push(Use {
            consumer: consumer_id.into(),
            resource_type: resource_type.into(),
            resource: resource_id.into(),
        });
        self
    }

    /// Sets how far dependency tracking is. Default [`TrackingStatus::Operational`].
    pub fn with_tracking(mut self, status: TrackingStatus) -> Self {
        self.tracking = status;
        self
    }

    /// The documents of one kind in their order.
    #[must_use]
    pub fn objects(&self, kind: Kind) -> &[Value] {
        self.objects.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// How many objects of all kinds it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.values().map(Vec::len).sum()
    }

    /// True when it holds no object, not even a division.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What makes no sense of it.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.id.is_empty() || self.name.is_empty() {
            problems.push("the organisation has no id or no name".to_owned());
        }
        if self.len() > store::LARGEST_SEED {
            problems.push(format!(
                "the organisation holds more than {} objects",
                store::LARGEST_SEED
            ));
        }
        for (kind, documents) in &self.objects {
            let index = documents.iter().position(|document| !document.is_object());
            if let Some(index) = index {
                problems.push(format!("{} {index} is no JSON object", kind.noun()));
            }
        }
        problems
    }
}
