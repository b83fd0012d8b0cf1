//! Whole lists of a generated organisation, from a cloud that fails and lies.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use genesys_core::{Client, ErrorKind, Profile};
use genesys_routing::read::{Collection, Consistency, Doubt, Entity, Range, ReadOptions, Snapshot};
use genesys_routing::{Directory, Locations, Organization, QueueMembers, Queues};
use genesys_sandbox::generate::{Generated, Plan, Reference};
use genesys_sandbox::{Fault, Kind, OauthClient, Sandbox};
use genesys_tests::contract::Contract;
use genesys_tests::recording::Recording;
use http::Method;

use crate::support;

const QUEUES: &str = "/api/v2/routing/queues";

fn plan() -> Plan {
    Plan::new(11)
        .with_queues(60)
        .with_cycles([3])
        .with_dangling(4)
        .with_single_points(1)
}

async fn cloud(made: &Generated) -> (Sandbox, Client) {
    let builder = Sandbox::builder().with_organisation(made.organisation.clone());
    let sandbox = builder.start().await.unwrap();
    sandbox.set_quota(1_000_000, Duration::from_secs(60));
    let client = support::client(&sandbox).build().unwrap();
    (sandbox, client)
}

fn ids<T: Entity>(snapshot: &Snapshot<T>) -> BTreeSet<String> {
    let ids = snapshot.items.iter().map(|item| item.as_document().id());
    let all: BTreeSet<String> = ids.map(str::to_owned).collect();
    assert_eq!(all.len(), snapshot.items.len(), "each once");
    all
}

fn listed(made: &Generated, kind: Kind) -> BTreeSet<String> {
    let documents = made.organisation.objects(kind).iter();
    documents
        .filter_map(|one| one["id"].as_str())
        .map(str::to_owned)
        .collect()
}

fn small() -> ReadOptions {
    ReadOptions::default().with_page_size(7)
}

#[tokio::test]
async fn both_profiles_read_the_same_organisation() {
    // errata DEP-08, DEP-30, DEP-37
    let made = plan().build();
    let (sandbox, client) = cloud(&made).await;
    for (profile, shapes) in [
        (Profile::Guide, genesys_sandbox::Profile::Guide),
        (Profile::Platform, genesys_sandbox::Profile::Platform),
    ] {
        sandbox.set_profile(shapes);
        let directory = Directory::new(profile, &client);
        let queues = directory.queues(&small()).await.unwrap();
        assert_eq!(queues.consistency(), Consistency::Consistent);
        assert_eq!(ids(&queues), listed(&made, Kind::Queue));
        for queue in &queues.items {
            let id = queue.id.as_str();
            let expected: BTreeSet<String> = made
                .truth
                .references
                .iter()
                .filter(|one| one.place == Reference::MEMBERS && one.from.id == id)
                .map(|one| one.to.id.clone())
                .collect();
            assert_eq!(queue.member_count, Some(expected.len() as u64));
            let guide = &queue.document()["members"]["total"];
            assert_eq!(guide.is_null(), profile == Profile::Platform);
        }
        let queue = &queues.items[0];
        let members = directory.members(&queue.id, &small()).await.unwrap();
        assert_eq!(members.items.len() as u64, queue.member_count.unwrap());
        let locations = directory.locations(&small()).await.unwrap();
        assert_eq!(ids(&locations), listed(&made, Kind::Location));
        let me = directory.organization().await.unwrap();
        assert_eq!(me.name.as_deref(), Some("Generated 11"));
        assert_eq!(
            directory.queue(&queue.id).await.unwrap().unwrap().id,
            queue.id
        );
    }
}

#[tokio::test]
async fn any_list_can_be_read_by_its_path() {
    let made = plan().build();
    let (_sandbox, client) = cloud(&made).await;
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Flow) {
        let list = match kind {
            Kind::Team | Kind::SkillGroup => Collection::cursor(kind.path()),
            _ => Collection::numbered(kind.path()),
        };
        let snapshot = list.read(&client, &small()).await.unwrap();
        assert!(snapshot.is_complete(), "{kind:?}");
        assert_eq!(ids(&snapshot), listed(&made, kind), "{kind:?}");
    }
    let flows = Collection::numbered("/api/v2/flows").with_query("type", "inqueuecall");
    let flows = flows.read(&client, &small()).await.unwrap();
    assert!(!flows.items.is_empty());
    assert!(
        flows
            .items
            .iter()
            .all(|flow| flow.value()["type"] == "INQUEUECALL")
    );
}

#[tokio::test]
async fn one_broken_page_costs_one_page_and_is_read_later() {
    // errata DEP-07
    let made = plan().build();
    let (sandbox, client) = cloud(&made).await;
    let directory = Directory::new(Profile::Platform, &client);
    // The fourth page comes malformed, which no retry repeats.
    let fault = Fault::malformed_json()
        .with_path(QUEUES)
        .with_skip(3)
        .with_count(1);
    sandbox.faults().add(fault).unwrap();
    let options = small().with_concurrency(1);
    let part = directory.queues(&options).await.unwrap();
    assert_eq!(
        part.missing[0].range.to_string(),
        "page 4",
        "{:?}",
        part.missing
    );
    assert_eq!(part.items.len(), made.truth.objects[&Kind::Queue] - 7);
    assert!(!part.is_consistent());
    let before = sandbox.counts().requests;
    let whole = directory.resume_queues(&options, part).await.unwrap();
    assert_eq!(sandbox.counts().requests - before, 1);
    assert_eq!(ids(&whole), listed(&made, Kind::Queue));
    assert!(whole.is_consistent());
}

#[tokio::test]
async fn a_flaky_cloud_is_read_to_its_end() {
    // errata DEP-04, DEP-07
    let made = plan().build();
    let (sandbox, client) = cloud(&made).await;
    for (skip, fault) in [
        (2, Fault::status(503)),
        (5, Fault::cut()),
        (9, Fault::reset()),
    ] {
        let fault = fault.with_path(QUEUES).with_method(Method::GET);
        let fault = fault.with_skip(skip).with_count(1);
        sandbox.faults().add(fault).unwrap();
    }
    let directory = Directory::new(Profile::Platform, &client);
    let snapshot = directory
        .queues(&small().with_concurrency(8))
        .await
        .unwrap();
    assert_eq!(ids(&snapshot), listed(&made, Kind::Queue));
    assert!(snapshot.is_consistent());
    let fired = sandbox
        .faults()
        .list()
        .iter()
        .map(|one| one.fired)
        .sum::<u64>();
    assert_eq!(fired, 3);
}

#[tokio::test]
async fn the_rate_limit_slows_the_reading_down_and_loses_nothing() {
    // errata DEP-04
    let made = plan().build();
    let (sandbox, client) = cloud(&made).await;
    sandbox.set_quota(10, Duration::from_secs(1));
    let directory = Directory::new(Profile::Platform, &client);
    let options = ReadOptions::default().with_page_size(3).with_concurrency(8);
    let snapshot = directory.queues(&options).await.unwrap();
    assert_eq!(ids(&snapshot), listed(&made, Kind::Queue));
    assert!(snapshot.is_consistent() && snapshot.pages > 20);
}

#[tokio::test]
async fn lies_about_pages_are_seen_through() {
    // errata DEP-05
    let made = plan().build();
    let (sandbox, client) = cloud(&made).await;
    let directory = Directory::new(Profile::Guide, &client);
    let queues = made.truth.objects[&Kind::Queue];
    let pages = queues.div_ceil(7);
    for said in [1, 10_000_000] {
        sandbox.faults().clear();
        let fault = Fault::page_count(said).with_path(QUEUES);
        sandbox.faults().add(fault).unwrap();
        let snapshot = directory.queues(&small()).await.unwrap();
        assert_eq!(ids(&snapshot), listed(&made, Kind::Queue));
        let found = u32::try_from(pages).unwrap();
        assert_eq!(snapshot.doubts, [Doubt::PageCount { said, found }]);
        assert!(snapshot.is_consistent());
    }
    for claims in [true, false] {
        sandbox.faults().clear();
        let fault = Fault::repeated_page(claims).with_path(QUEUES);
        sandbox.faults().add(fault).unwrap();
        let before = sandbox.counts().requests;
        let options = small().with_rereads(0);
        let snapshot = directory.queues(&options).await.unwrap();
        let gap = Range::Pages {
            first: 2,
            last: u32::try_from(pages).ok(),
        };
        assert_eq!(
            (snapshot.items.len(), &snapshot.missing[0].range),
            (7, &gap)
        );
        assert_eq!(snapshot.consistency(), Consistency::Inconsistent);
        assert!(sandbox.counts().requests - before <= 1 + 4);
    }
}

#[tokio::test]
async fn bad_entries_are_reported_and_the_rest_is_read() {
    // errata DEP-06, ALL-15
    let made = plan().with_objects_without_id(2).with_duplicates(3).build();
    let (_sandbox, client) = cloud(&made).await;
    let directory = Directory::new(Profile::Platform, &client);
    let snapshot = directory.queues(&small()).await.unwrap();
    assert_eq!(ids(&snapshot), listed(&made, Kind::Queue));
    assert_eq!((snapshot.rejected_total, snapshot.rejected.len()), (2, 2));
    let twice: BTreeSet<&String> = snapshot.duplicates.iter().map(|one| &one.id).collect();
    assert_eq!(twice, made.truth.duplicates.iter().collect());
    assert!(
        snapshot
            .duplicates
            .iter()
            .all(|one| one.times == 2 && !one.conflicting)
    );
    assert_eq!(snapshot.consistency(), Consistency::Inconsistent);
    let strict = directory.queues(&small().strict()).await.unwrap_err();
    assert_eq!(strict.kind(), ErrorKind::Protocol);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_goes_while_the_list_is_read_costs_no_other_one() {
    // errata DEP-06
    let made = plan().build();
    let (_sandbox, client) = cloud(&made).await;
    let first = made.organisation.objects(Kind::Queue)[0]["id"]
        .as_str()
        .unwrap();
    let gone = format!("{QUEUES}/{first}");
    // Somebody deletes the first queue after the first page: everything after it moves up by one.
    let deleting = client.clone();
    let deletions = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&deletions);
    let options = small().with_concurrency(1).with_progress(move |progress| {
        if (progress.pass, progress.pages) == (1, 1) {
            let delete = deleting.delete(gone.clone()).gone();
            let runtime = tokio::runtime::Handle::current();
            tokio::task::block_in_place(|| runtime.block_on(delete)).unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let directory = Directory::new(Profile::Platform, &client);
    let snapshot = directory.queues(&options).await.unwrap();
    assert_eq!(deletions.load(Ordering::SeqCst), 1);
    let mut expected = listed(&made, Kind::Queue);
    expected.remove(first);
    assert_eq!(ids(&snapshot), expected);
    assert_eq!(
        (snapshot.passes, snapshot.consistency()),
        (2, Consistency::Consistent)
    );
}

#[tokio::test]
async fn a_client_without_the_permission_is_told_which_one() {
    // errata DEP-03, ALL-04
    let made = plan().build();
    let (sandbox, client) = cloud(&made).await;
    let poor = OauthClient::new(genesys_sandbox::CLIENT_ID, genesys_sandbox::CLIENT_SECRET);
    sandbox.put_client(poor.with_permissions(["routing:queue:view"]));
    let directory = Directory::new(Profile::Platform, &client);
    assert!(directory.queues(&small()).await.unwrap().is_consistent());
    let prompts = Collection::numbered("/api/v2/architect/prompts");
    let error = prompts.read(&client, &small()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.missing_permission()),
        (
            ErrorKind::PermissionDenied,
            Some("architect:userPrompt:view")
        )
    );
}

#[tokio::test]
async fn reads_of_the_platform_profile_keep_the_published_contract() {
    // errata DEP-08, DEP-29
    let Some(contract) = Contract::from_env() else {
        println!("GENESYS_OPENAPI is not set: nothing was checked");
        return;
    };
    let made = plan().build();
    let (sandbox, _) = cloud(&made).await;
    sandbox.set_profile(genesys_sandbox::Profile::Platform);
    let recording = Recording::new(support::transport());
    let client = support::client(&sandbox)
        .with_transport(Arc::new(recording.clone()))
        .build()
        .unwrap();
    let directory = Directory::new(Profile::Platform, &client);
    let options = ReadOptions::default();
    let queues = directory.queues(&options).await.unwrap();
    let queue = &queues.items[0].id;
    directory.queue(queue).await.unwrap();
    directory.members(queue, &options).await.unwrap();
    directory.locations(&options).await.unwrap();
    directory.organization().await.unwrap();
    let tracking = |rest: &str| format!("/api/v2/architect/dependencytracking/{rest}");
    let used = made.truth.references.iter();
    let used = used
        .filter(|one| one.place == Reference::TRACKING && one.to.kind == Kind::Queue)
        .map(|one| (one.from.id.as_str(), one.to.id.as_str()))
        .next();
    let (flow, resource) = used.unwrap();
    for list in [
        Collection::numbered("/api/v2/authorization/divisions"),
        Collection::numbered("/api/v2/flows"),
        Collection::numbered("/api/v2/routing/skills"),
        Collection::numbered("/api/v2/routing/wrapupcodes"),
        Collection::numbered(format!("{QUEUES}/{queue}/wrapupcodes")),
        Collection::numbered(tracking("consumedresources"))
            .with_query("id", flow)
            .with_query("version", "1.0")
            .with_query("objectType", "INBOUNDCALLFLOW"),
        Collection::numbered(tracking("consumingresources"))
            .with_query("id", resource)
            .with_query("objectType", "QUEUE"),
        Collection::numbered(tracking("deletedresourceconsumers"))
            .with_query("consumedResources", "true"),
        Collection::numbered(tracking("types")),
    ] {
        let snapshot = list.read(&client, &options).await.unwrap();
        assert!(
            snapshot.is_complete() && !snapshot.items.is_empty(),
            "{}",
            list.path()
        );
    }
    let status: serde_json::Value = client.get(tracking("build")).json().await.unwrap();
    assert_eq!(status["status"], "OPERATIONAL");

    let mut seen = BTreeSet::new();
    let mut problems = Vec::new();
    for exchange in recording.exchanges() {
        let verdict = contract.check(&exchange);
        let told = verdict.problems.iter().take(3);
        problems.extend(told.map(|problem| format!("{}: {problem}", verdict.operation)));
        seen.insert(verdict.operation);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    for needed in [
        "getRoutingQueues",
        "getRoutingQueue",
        "getRoutingQueueMembers",
        "getRoutingQueueWrapupcodes",
        "getLocations",
        "getOrganizationsMe",
        "getAuthorizationDivisions",
        "getFlows",
        "getRoutingSkills",
        "getRoutingWrapupcodes",
        "getArchitectDependencytrackingBuild",
        "getArchitectDependencytrackingConsumedresources",
        "getArchitectDependencytrackingConsumingresources",
        "getArchitectDependencytrackingDeletedresourceconsumers",
        "getArchitectDependencytrackingTypes",
    ] {
        assert!(seen.contains(needed), "{needed} is not covered");
    }
}
