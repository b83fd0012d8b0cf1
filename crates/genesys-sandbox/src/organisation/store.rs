//! The organisation as it is now.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{Kind, Organisation, TrackingStatus};
use crate::api_error::ApiError;
use crate::store::Table;
use crate::time::now;

/// The objects that an organisation can be seeded with.
pub(crate) const LARGEST_SEED: usize = 1_000_000;

/// What the organisation holds.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) id: String,
    pub(crate) name: String,
    objects: BTreeMap<Kind, Table<Value>>,
    /// The members of each queue by the user's id.
    pub(crate) members: HashMap<String, BTreeMap<String, Membership>>,
    /// The wrap-up codes of each queue.
    pub(crate) wrap_up_codes: HashMap<String, Vec<String>>,
    #[cfg_attr(not(feature = "platform"), allow(dead_code))]
    pub(crate) tracking: Tracking,
}

/// A user in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Membership {
    pub(crate) ring: u64,
    pub(crate) joined: bool,
}

impl Default for Membership {
    fn default() -> Self {
        Self {
            ring: 1,
            joined: true,
        }
    }
}

/// What uses what, as dependency tracking knows it.
#[derive(Debug, Default)]
#[cfg_attr(not(feature = "platform"), allow(dead_code))]
pub(crate) struct Tracking {
    pub(crate) status: TrackingStatus,
    pub(crate) built: String,
    /// Type and id of what each object uses.
    pub(crate) consumed: HashMap<String, Vec<(String, String)>>,
    /// Ids of what uses each object.
    pub(crate) consuming: HashMap<String, Vec<String>>,
}

impl Store {
    pub(crate) fn new(seed: Organisation) -> Self {
        let mut objects: BTreeMap<Kind, Table<Value>> = Kind::ALL
            .into_iter()
            .map(|kind| (kind, Table::new(kind.noun())))
            .collect();
        for (kind, documents) in seed.objects {
            let table = objects
                .entry(kind)
                .or_insert_with(|| Table::new(kind.noun()));
            for document in documents {
                let id = document["id"].as_str().map(str::to_owned);
                table.seed(id.as_deref(), document);
            }
        }
        let mut members: HashMap<String, BTreeMap<String, Membership>> = HashMap::new();
        for (queue, user) in seed.members {
            let of_queue = members.entry(queue).or_default();
            of_queue.insert(user, Membership::default());
        }
        let mut wrap_up_codes: HashMap<String, Vec<String>> = HashMap::new();
        for (queue, code) in seed.wrap_up_codes {
            wrap_up_codes.entry(queue).or_default().push(code);
        }
        let mut tracking = Tracking {
            status: seed.tracking,
            built: now(),
            ..Tracking::default()
        };
        for one in seed.uses {
            let consumers = tracking.consuming.entry(one.resource.clone()).or_default();
            consumers.push(one.consumer.clone());
            let resources = tracking.consumed.entry(one.consumer).or_default();
            resources.push((one.resource_type, one.resource));
        }
        Self {
            id: seed.id,
            name: seed.name,
            objects,
            members,
            wrap_up_codes,
            tracking,
        }
    }

    pub(crate) fn rows(&self, kind: Kind) -> impl Iterator<Item = (u64, &Value)> {
        self.objects.get(&kind).into_iter().flat_map(Table::rows)
    }

    pub(crate) fn get(&self, kind: Kind, id: &str) -> Result<&Value, ApiError> {
        match self.objects.get(&kind) {
            Some(table) => table.get(id),
            None => Err(ApiError::unknown(kind.noun(), id)),
        }
    }

    /// The table of a kind; every kind has one from the start.
    pub(crate) fn table(&mut self, kind: Kind) -> &mut Table<Value> {
        self.objects
            .entry(kind)
            .or_insert_with(|| Table::new(kind.noun()))
    }

    /// An object as the API shows it, with the members that are worked out.
    pub(crate) fn view(&self, kind: Kind, document: &Value) -> Value {
        let mut view = document.clone();
        let Some(id) = document["id"].as_str() else {
            return view;
        };
        if view.get("selfUri").is_none() {
            view["selfUri"] = json!(format!("{}/{id}", kind.path()));
        }
        if kind == Kind::Queue {
            let members = self.members.get(id);
            let count = members.map_or(0, BTreeMap::len);
            let joined = members.map_or(0, |all| all.values().filter(|one| one.joined).count());
            view["memberCount"] = json!(count);
            view["userMemberCount"] = json!(count);
            view["joinedMemberCount"] = json!(joined);
        }
        view
    }

    /// A short form: id and name.
    pub(crate) fn reference(&self, kind: Kind, id: &str) -> Value {
        match self.get(kind, id) {
            Ok(document) => json!({"id": id, "name": document["name"]}),
            Err(_) => json!({"id": id}),
        }
    }
}
