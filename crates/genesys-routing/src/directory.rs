//! Queues, members, locations and the organisation over the wire.

use async_trait::async_trait;
use genesys_core::{Client, Error, ErrorKind, Profile, Result};
use serde_json::Value;

use crate::locations::{Location, LocationId, Locations};
use crate::members::{Member, QueueMembers};
use crate::organization::{Organization, OrganizationDetails};
use crate::queues::{Queue, QueueId, Queues};
use crate::read::{Collection, Document, Entity, ReadOptions, Snapshot};

const QUEUES: &str = "/api/v2/routing/queues";
const QUEUE: &str = "/api/v2/routing/queues/{queueId}";
const MEMBERS: &str = "/api/v2/routing/queues/{queueId}/members";
const LOCATIONS: &str = "/api/v2/locations";
const LOCATION: &str = "/api/v2/locations/{locationId}";
const ORGANIZATION: &str = "/api/v2/organizations/me";

/// The most queues that a page holds.
const LARGEST_QUEUE_PAGE: u32 = 500;

/// [`Queues`], [`QueueMembers`], [`Locations`] and [`Organization`] of a client's organisation, in either profile.
///
/// The source document and the published contract ask the same questions here and differ in one member of a queue, of
/// which [`Queue`] takes either form.
///
/// ```no_run
/// # async fn run(client: genesys_core::Client) -> genesys_core::Result<()> {
/// use genesys_core::Profile;
/// use genesys_routing::read::ReadOptions;
/// use genesys_routing::{Directory, Organization, Queues};
///
/// let directory = Directory::new(Profile::Platform, &client);
/// let organization = directory.organization().await?;
/// let queues = directory.queues(&ReadOptions::default().with_page_size(500)).await?;
/// println!("{}: {} queues, {}", organization.id, queues.items.len(), queues.consistency());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Directory {
    profile: Profile,
    client: Client,
}

impl Directory {
    /// Reads the organisation of `client`.
    pub fn new(profile: Profile, client: &Client) -> Self {
        Self {
            profile,
            client: client.clone(),
        }
    }

    /// The client that it reads with.
    pub fn client(&self) -> &Client {
        &self.client
    }

    fn queue_list() -> Collection {
        Collection::numbered(QUEUES)
            .with_largest_page(LARGEST_QUEUE_PAGE)
            .with_operation("queues.list")
    }

    async fn one<T: Entity>(
        &self,
        route: &'static str,
        hole: &'static str,
        id: &str,
        operation: &'static str,
    ) -> Result<Option<T>> {
        let request = self.client.get(route).segment(hole, id);
        let value: Option<Value> = request.operation(operation).json_or_none().await?;
        let document = value.map(Document::new).transpose().map_err(|why| {
            Error::new(ErrorKind::Decode, format!("the object has {why}")).with_operation(operation)
        })?;
        document.map(T::from_document).transpose()
    }
}

#[async_trait]
impl Queues for Directory {
    fn profile(&self) -> Profile {
        self.profile
    }

    async fn queues(&self, options: &ReadOptions) -> Result<Snapshot<Queue>> {
        let snapshot = Self::queue_list().read(&self.client, options).await?;
        snapshot.try_map(Queue::from_document)
    }

    async fn resume_queues(
        &self,
        options: &ReadOptions,
        snapshot: Snapshot<Queue>,
    ) -> Result<Snapshot<Queue>> {
        let documents = snapshot.try_map(|queue| Ok(queue.into_document()))?;
        let list = Self::queue_list();
        let snapshot = list.resume(&self.client, options, documents).await?;
        snapshot.try_map(Queue::from_document)
    }

    async fn queue(&self, id: &QueueId) -> Result<Option<Queue>> {
        self.one(QUEUE, "queueId", id.as_str(), "queues.get").await
    }
}

#[async_trait]
impl QueueMembers for Directory {
    async fn members(&self, queue: &QueueId, options: &ReadOptions) -> Result<Snapshot<Member>> {
        let list = Collection::numbered(MEMBERS)
            .with_segment("queueId", queue.as_str())
            .with_operation("queue_members.list");
        let snapshot = list.read(&self.client, options).await?;
        snapshot.try_map(Member::from_document)
    }
}

#[async_trait]
impl Locations for Directory {
    async fn locations(&self, options: &ReadOptions) -> Result<Snapshot<Location>> {
        let list = Collection::numbered(LOCATIONS).with_operation("locations.list");
        let snapshot = list.read(&self.client, options).await?;
        snapshot.try_map(Location::from_document)
    }

    async fn location(&self, id: &LocationId) -> Result<Option<Location>> {
        self.one(LOCATION, "locationId", id.as_str(), "locations.get")
            .await
    }
}

#[async_trait]
impl Organization for Directory {
    async fn organization(&self) -> Result<OrganizationDetails> {
        let request = self.client.get(ORGANIZATION);
        let value = request.operation("organization.get").json().await?;
        OrganizationDetails::read(value).map_err(|error| error.with_operation("organization.get"))
    }
}
