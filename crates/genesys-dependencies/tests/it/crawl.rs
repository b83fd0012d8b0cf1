//! Reading sources into a graph.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use depgraph::{FindingKind, Graph, Policy, State, Work};
use genesys_core::{Client, Profile, Result};
use genesys_dependencies::{
    CollectionSource, Coverage, Crawl, CrawlOptions, Crawler, DependencySource, EmailSource,
    MapErrorKind, ObjectKind, Phase, Progress, QueueSource, Sink, SourceState, TrackingSource,
    standard_sources,
};
use genesys_routing::Directory;
use genesys_routing::read::{Collection, ReadOptions};
use resilience::test_util::FakeClock;
use serde_json::{Value, json};

use crate::support::Platform;

const QUEUES: &str = "/api/v2/routing/queues";
const FLOWS: &str = "/api/v2/flows";

fn queue(id: &str, more: Value) -> Value {
    let mut queue = json!({"id": id, "name": format!("Queue {id}")});
    queue
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    queue
}

fn crawler(
    client: &Client,
    sources: impl IntoIterator<Item = Arc<dyn DependencySource>>,
) -> Crawler {
    Crawler::new(sources, Arc::clone(client.clock()))
}

fn queues_alone(client: &Client) -> Arc<dyn DependencySource> {
    Arc::new(QueueSource::new(Arc::new(Directory::new(
        Profile::Platform,
        client,
    ))))
}

fn flows_alone(client: &Client) -> Arc<dyn DependencySource> {
    let list = Collection::numbered(FLOWS);
    Arc::new(
        CollectionSource::new("flows", ObjectKind::FLOW, list, client.clone())
            .with_item_route("/api/v2/flows/{id}"),
    )
}

async fn crawl(crawler: &Crawler) -> Crawl {
    crawler.crawl(&Progress::new()).await.unwrap()
}

fn edges(graph: &Graph) -> Vec<String> {
    let line = |edge: depgraph::EdgeView<'_>| {
        format!(
            "{} {} {}",
            graph.id(edge.source),
            edge.kind_name,
            graph.id(edge.target)
        )
    };
    graph.edges().map(line).collect()
}

fn state(graph: &Graph, id: &str) -> State {
    graph.state(graph.find(id).unwrap())
}

#[tokio::test]
async fn queues_that_do_not_refer_to_each_other_have_no_edges() {
    // errata DEP-09
    let platform = Platform::new().list(QUEUES, ["a", "b", "c"].map(|id| queue(id, json!({}))));
    let client = platform.client();
    let crawl = crawl(&crawler(&client, [queues_alone(&client)])).await;
    assert_eq!((crawl.graph.node_count(), crawl.graph.edge_count()), (3, 0));
    // errata DEP-36
    assert_eq!(crawl.accuracy.ratio(), None);
    assert!(crawl.sources[0].complete && crawl.sources[0].consistency == "consistent");
}

#[tokio::test]
async fn what_is_not_listed_is_looked_up_and_told_apart() {
    // errata DEP-21
    let flows = (0..3).map(|n| json!({"id": format!("f-{n}"), "name": "Flow"}));
    let platform = Platform::new()
        .list(QUEUES, [queue("q", json!({
            "queueFlow": {"id": "f-1"}, "emailInQueueFlow": {"id": "f-gone"}, "messageInQueueFlow": {"id": "f-hidden"},
            "onHoldPrompt": {"id": "p-1"}, "whisperPrompt": {"id": "p-2"},
        }))])
        .list(FLOWS, flows)
        .status("/api/v2/flows/f-hidden", 403)
        .status("/api/v2/architect/prompts", 403);
    let client = platform.client();
    let prompts = CollectionSource::new(
        "prompts",
        ObjectKind::USER_PROMPT,
        Collection::numbered("/api/v2/architect/prompts"),
        client.clone(),
    );
    let crawl = crawl(&crawler(
        &client,
        [
            queues_alone(&client),
            flows_alone(&client),
            Arc::new(prompts),
        ],
    ))
    .await;
    let graph = &crawl.graph;
    assert_eq!(state(graph, "f-1"), State::Present);
    assert_eq!(state(graph, "f-gone"), State::Deleted);
    assert_eq!(state(graph, "f-hidden"), State::NotPermitted);
    // The list itself may not be read: nothing is asked for one by one.
    assert_eq!(state(graph, "p-1"), State::NotPermitted);
    assert!(
        !platform
            .asked()
            .iter()
            .any(|path| path.starts_with("/api/v2/architect/prompts/"))
    );
    assert_eq!((crawl.accuracy.found, crawl.accuracy.resolved), (5, 1));
    let reasons: Vec<&str> = crawl
        .accuracy
        .unresolved
        .iter()
        .map(|one| one.reason.as_str())
        .collect();
    assert_eq!(
        reasons,
        ["deleted", "not_permitted", "not_permitted", "not_permitted"]
    );
    // One kind that may not be read is a gap, and the rest is there.
    assert_eq!(graph.gaps().len(), 1);
    assert!(
        graph.gaps()[0].scope == "prompts" && graph.gaps()[0].reason.contains("permission denied")
    );
    let report = graph
        .validate(&Policy::default(), &mut Work::unlimited())
        .unwrap();
    assert_eq!(report.total(FindingKind::Dangling).found(), 4);
    assert_eq!(report.total(FindingKind::Incomplete).found(), 1);
}

#[tokio::test]
async fn an_object_that_the_list_missed_is_taken_from_its_look_up_with_what_it_refers_to() {
    // errata DEP-06
    let platform = Platform::new()
        .list(
            QUEUES,
            [queue(
                "q",
                json!({"directRouting": {"backupQueueId": "late"}}),
            )],
        )
        .object(
            "/api/v2/routing/queues/late",
            queue("late", json!({"queueFlow": {"id": "f-late"}})),
        )
        .list(FLOWS, [])
        .object(
            "/api/v2/flows/f-late",
            json!({"id": "f-late", "name": "Late"}),
        );
    let client = platform.client();
    let crawl = crawl(&crawler(
        &client,
        [queues_alone(&client), flows_alone(&client)],
    ))
    .await;
    assert_eq!(
        edges(&crawl.graph),
        ["late runs f-late", "q falls-back-to late"]
    );
    assert_eq!(state(&crawl.graph, "f-late"), State::Present);
    assert_eq!(crawl.accuracy.ratio(), Some(1.0));
}

#[tokio::test]
async fn look_ups_are_bounded_and_the_rest_counts_as_not_fetched() {
    let queues = (0..5).map(|n| {
        queue(
            &format!("q-{n}"),
            json!({"queueFlow": {"id": format!("f-{n}")}}),
        )
    });
    let platform = Platform::new().list(QUEUES, queues).list(FLOWS, []);
    let client = platform.client();
    let options = CrawlOptions::new().with_max_look_ups(2);
    let crawler =
        crawler(&client, [queues_alone(&client), flows_alone(&client)]).with_options(options);
    let crawl = crawl(&crawler).await;
    let states: Vec<State> = (0..5)
        .map(|n| state(&crawl.graph, &format!("f-{n}")))
        .collect();
    assert_eq!(
        states,
        [
            State::Deleted,
            State::Deleted,
            State::NotFetched,
            State::NotFetched,
            State::NotFetched
        ]
    );
    assert_eq!(
        crawl.graph.gaps()[0].reason,
        "3 objects were not looked up: the limit is 2"
    );
}

#[tokio::test]
async fn members_and_groups_are_alternatives_and_a_list_that_fails_is_a_gap() {
    // errata DEP-07, DEP-10
    let platform = Platform::new()
        .list(
            QUEUES,
            [
                queue("q", json!({"memberGroups": [{"id": "g", "type": "GROUP"}]})),
                queue("r", json!({})),
            ],
        )
        .list(
            "/api/v2/routing/queues/q/members",
            [json!({"id": "u-1"}), json!({"id": "u-2"})],
        )
        .status("/api/v2/routing/queues/r/members", 500)
        .list("/api/v2/routing/queues/q/wrapupcodes", [json!({"id": "w"})])
        .list("/api/v2/routing/queues/r/wrapupcodes", []);
    let client = platform.client();
    let directory = Arc::new(Directory::new(Profile::Platform, &client));
    let source = QueueSource::new(directory.clone())
        .with_members(directory)
        .with_wrap_up_codes(client.clone());
    let crawl = crawl(&crawler(
        &client,
        [Arc::new(source) as Arc<dyn DependencySource>],
    ))
    .await;
    let graph = &crawl.graph;
    assert_eq!(
        edges(graph),
        [
            "q has-agents g",
            "q has-agents u-1",
            "q has-agents u-2",
            "q wraps-up-with w"
        ]
    );
    let group: Vec<_> = graph
        .outgoing(graph.find("q").unwrap())
        .map(|edge| edge.alternative)
        .collect();
    assert_eq!(
        group,
        [Some("agents"), Some("agents"), Some("agents"), None]
    );
    assert_eq!(graph.gaps().len(), 1);
    assert_eq!(graph.gaps()[0].scope, "queues: members of r");
    assert!(!crawl.sources[0].complete);
}

fn tracked(platform: Platform, status: &str) -> Platform {
    let flow = |id: &str, kind: &str, version: Option<&str>| json!({"id": id, "name": id, "type": kind, "publishedVersion": version.map(|id| json!({"id": id}))});
    platform
        .list(
            FLOWS,
            [
                flow("f-1", "INBOUNDCALL", Some("7.0")),
                flow("f-2", "WORKFLOW", Some("1.0")),
                flow("f-3", "BOT", None),
            ],
        )
        .object(
            "/api/v2/architect/dependencytracking/build",
            json!({"status": status}),
        )
        .list(
            "/api/v2/architect/dependencytracking/consumedresources",
            [
                json!({"id": "q", "type": "QUEUE", "name": "Support", "deleted": false}),
                json!({"id": "old", "type": "USERPROMPT", "name": "Old", "deleted": true}),
                json!({"id": "voice", "type": "TTSENGINE", "name": "Voice"}),
                json!({"id": "unsure", "type": "DATATABLE", "stateUnknown": true}),
            ],
        )
}

#[tokio::test]
async fn what_flows_use_comes_from_dependency_tracking_with_its_own_types() {
    // errata DEP-09, DEP-10
    let platform = tracked(Platform::new(), "OPERATIONAL").list(QUEUES, [queue("q", json!({}))]);
    let client = platform.client();
    let tracking = Arc::new(TrackingSource::new(client.clone()));
    let crawl = crawl(&crawler(
        &client,
        [queues_alone(&client), tracking as Arc<dyn DependencySource>],
    ))
    .await;
    let graph = &crawl.graph;
    assert_eq!(edges(graph).len(), 8);
    let kind = |id: &str| graph.kind_name(graph.find(id).unwrap()).to_owned();
    assert_eq!(
        [kind("q"), kind("old"), kind("voice"), kind("unsure")],
        ["queue", "userPrompt", "TTSENGINE", "dataTable"]
    );
    // What nobody lists is as dependency tracking knows it, and what a list has is as the list has it.
    assert_eq!(state(graph, "old"), State::Deleted);
    assert_eq!(state(graph, "voice"), State::Present);
    assert_eq!(graph.name(graph.find("voice").unwrap()), Some("Voice"));
    assert_eq!(state(graph, "unsure"), State::NotFetched);
    assert!(graph.conflicts().is_empty() && graph.gaps().is_empty());
    let asked: Vec<String> = platform
        .transport
        .sent()
        .iter()
        .filter_map(|request| {
            request
                .uri
                .query()
                .filter(|query| query.contains("objectType"))
                .map(str::to_owned)
        })
        .collect();
    assert!(
        asked
            .iter()
            .any(|query| query.contains("id=f-1&version=7.0&objectType=INBOUNDCALLFLOW")),
        "{asked:?}"
    );
    assert!(
        asked
            .iter()
            .any(|query| query.contains("id=f-2&version=1.0&objectType=WORKFLOW")),
        "{asked:?}"
    );
    assert_eq!(
        asked.len(),
        2,
        "a flow that was never published is not asked for"
    );
}

#[tokio::test]
async fn dependency_tracking_that_is_not_built_is_a_gap_and_not_an_absence() {
    for (status, gaps, edges) in [
        ("NOTBUILT", 1, 0),
        ("BUILDINPROGRESS", 1, 0),
        ("OPERATIONALNEEDSREBUILD", 1, 8),
    ] {
        let platform = tracked(Platform::new(), status);
        let client = platform.client();
        let crawl = crawl(&crawler(
            &client,
            [Arc::new(TrackingSource::new(client.clone())) as Arc<dyn DependencySource>],
        ))
        .await;
        assert_eq!(
            (crawl.graph.gaps().len(), crawl.graph.edge_count()),
            (gaps, edges),
            "{status}"
        );
    }
    let none = Platform::new().list(
        FLOWS,
        [json!({"id": "f", "type": "WORKFLOW", "publishedVersion": {"id": "1"}})],
    );
    let client = none.client();
    let crawl = crawl(&crawler(
        &client,
        [Arc::new(TrackingSource::new(client.clone())) as Arc<dyn DependencySource>],
    ))
    .await;
    assert!(
        crawl.graph.gaps()[0].reason.contains("not offered"),
        "{:?}",
        crawl.graph.gaps()
    );
}

/// Documents in an order of choice.
#[derive(Debug)]
struct Shuffled(Vec<(ObjectKind, Value)>, &'static str);

#[async_trait]
impl DependencySource for Shuffled {
    fn name(&self) -> &str {
        self.1
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        Vec::new()
    }

    async fn read(&self, sink: &Sink) -> Result<Coverage> {
        for (kind, document) in &self.0 {
            if !sink.documents(kind, [document.clone()]).await {
                break;
            }
            tokio::task::yield_now().await;
        }
        Ok(Coverage::complete(self.0.len() as u64))
    }
}

fn own(sources: impl IntoIterator<Item = Shuffled>) -> Crawler {
    let sources = sources
        .into_iter()
        .map(|source| Arc::new(source) as Arc<dyn DependencySource>);
    Crawler::new(sources, Arc::new(FakeClock::new()))
}

#[tokio::test]
async fn equal_documents_in_any_order_and_from_any_source_give_equal_bytes() {
    // errata ALL-31, DEP-18
    let documents: Vec<(ObjectKind, Value)> = (0..40)
        .map(|n| {
            let more = json!({
                "queueFlow": {"id": format!("f-{}", n % 7)}, "directRouting": {"backupQueueId": format!("q-{}", (n * 7) % 45)},
                "memberGroups": [{"id": format!("x-{}", n % 5), "type": if n % 2 == 0 { "TEAM" } else { "GROUP" }}],
            });
            (ObjectKind::QUEUE, queue(&format!("q-{n}"), more))
        })
        .collect();
    let mut seen = Vec::new();
    for round in 0..12u64 {
        let mut order = documents.clone();
        let random = fastrand_like(round);
        order.sort_by_key(|(_, document)| random(document["id"].as_str().unwrap()));
        let rest = order.split_off(order.len() / 3);
        let crawl = crawl(&own([Shuffled(order, "one"), Shuffled(rest, "two")])).await;
        let accuracy = serde_json::to_string(&crawl.accuracy).unwrap();
        seen.push((
            crawl.graph.to_snapshot(&mut Work::unlimited()).unwrap(),
            accuracy,
        ));
    }
    seen.dedup();
    assert_eq!(seen.len(), 1);
}

/// A different order for each seed.
fn fastrand_like(seed: u64) -> impl Fn(&str) -> u64 {
    move |text| {
        text.bytes().fold(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            |hash, byte| {
                (hash ^ u64::from(byte))
                    .wrapping_mul(0x0100_0000_01b3)
                    .rotate_left(17)
            },
        )
    }
}

#[tokio::test]
async fn a_limit_ends_the_crawl_with_a_gap_and_what_was_read_stays() {
    let documents = |name| {
        Shuffled(
            (0..1_000)
                .map(|n| (ObjectKind::QUEUE, queue(&format!("{name}-{n}"), json!({}))))
                .collect(),
            name,
        )
    };
    let crawler = own([documents("a"), documents("b")])
        .with_options(CrawlOptions::new().with_max_objects(100));
    let crawl = crawl(&crawler).await;
    assert_eq!(crawl.graph.node_count(), 100);
    assert!(
        crawl
            .graph
            .gaps()
            .iter()
            .any(|gap| gap.scope.contains("the limit of objects is reached"))
    );
}

#[tokio::test]
async fn hostile_documents_cost_an_object_each_and_nothing_else() {
    let long = "x".repeat(10_000);
    let hostile = "</script>\"\n\u{202e}<!--";
    let documents = vec![
        (ObjectKind::QUEUE, json!({"name": "no id"})),
        (ObjectKind::QUEUE, json!({"id": "", "name": "empty id"})),
        (ObjectKind::QUEUE, json!(["no object"])),
        (ObjectKind::QUEUE, json!({"id": long, "name": "long id"})),
        (
            ObjectKind::QUEUE,
            json!({"id": "q", "name": hostile.repeat(1_000), "queueFlow": {"id": hostile}}),
        ),
        (
            ObjectKind::QUEUE,
            json!({"id": "r", "queueFlow": {"id": long}}),
        ),
    ];
    let crawl = crawl(&own([Shuffled(documents, "hostile")])).await;
    let graph = &crawl.graph;
    assert_eq!(graph.node_count(), 3);
    assert!(graph.name(graph.find("q").unwrap()).unwrap().len() <= 1_024);
    assert_eq!(edges(graph), [format!("q runs {hostile}")]);
    let gaps: Vec<String> = graph
        .gaps()
        .iter()
        .map(|gap| format!("{} ({})", gap.scope, gap.reason))
        .collect();
    assert_eq!(
        gaps,
        [
            "queue: an id or a text is too long (left out 1 times)",
            "queue: an object has no id (left out 3 times)",
            "references to flow: an id or a text is too long (left out 1 times)",
        ]
    );
}

#[tokio::test]
async fn so_many_kinds_that_the_graph_cannot_hold_them_are_unknown() {
    let documents = (0..400).map(|n| {
        (
            ObjectKind::new(&format!("kind-{n:03}")),
            json!({"id": format!("x-{n:03}")}),
        )
    });
    let crawl = crawl(&own([Shuffled(documents.collect(), "kinds")])).await;
    let graph = &crawl.graph;
    assert_eq!(graph.node_count(), 400);
    assert_eq!(graph.kind_name(graph.find("x-000").unwrap()), "kind-000");
    assert_eq!(graph.kind_name(graph.find("x-399").unwrap()), "unknown");
    assert_eq!(graph.node_kinds().len(), 251);
    assert_eq!(
        graph.gaps()[0].reason,
        "150 objects are of kinds beyond the limit"
    );
}

#[tokio::test]
async fn members_that_look_like_references_are_listed_when_asked_for() {
    let id = |n: u32| format!("00000000-0000-4000-8000-{n:012}");
    let documents = vec![
        (
            ObjectKind::QUEUE,
            json!({"id": id(1), "queueFlow": {"id": id(2)}, "createdBy": id(3), "new": [{"thing": {"id": id(4)}}]}),
        ),
        (
            ObjectKind::QUEUE,
            json!({"id": id(5), "createdBy": id(3), "defaultScripts": {"CALL": {"id": id(6)}}}),
        ),
    ];
    let crawler =
        own([Shuffled(documents, "own")]).with_options(CrawlOptions::new().with_unlisted(true));
    let crawl = crawl(&crawler).await;
    let told: Vec<(&str, u64)> = crawl
        .unlisted
        .iter()
        .map(|one| (one.path.as_str(), one.times))
        .collect();
    assert_eq!(told, [("createdBy", 2), ("new[].thing.id", 1)]);
    assert_eq!(crawl.graph.edge_count(), 2);
}

#[tokio::test]
async fn strict_means_that_nothing_may_be_missing() {
    // errata DEP-07
    let platform = Platform::new()
        .list(QUEUES, [queue("q", json!({}))])
        .status(FLOWS, 500);
    let client = platform.client();
    let crawler = crawler(&client, [queues_alone(&client), flows_alone(&client)]);
    assert_eq!(crawl(&crawler).await.graph.node_count(), 1);
    let error = crawler
        .with_options(CrawlOptions::new().strict())
        .crawl(&Progress::new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (MapErrorKind::Incomplete, Phase::Build)
    );
    assert_eq!(error.status().as_u16(), 502);
}

#[tokio::test]
async fn nothing_at_all_is_an_error_and_names_the_cause() {
    for (status, kind, answer) in [
        (403, MapErrorKind::Denied, 502),
        (500, MapErrorKind::Upstream, 502),
        (429, MapErrorKind::Throttled, 503),
    ] {
        let platform = Platform::new().status("/api/v2/", status);
        let client = platform.client();
        let crawler = crawler(&client, [queues_alone(&client), flows_alone(&client)]);
        let error = crawler.crawl(&Progress::new()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status().as_u16()),
            (kind, answer),
            "{error}"
        );
    }
}

/// Never ends.
#[derive(Debug)]
struct Stuck;

#[async_trait]
impl DependencySource for Stuck {
    fn name(&self) -> &str {
        "stuck"
    }

    fn kinds(&self) -> Vec<ObjectKind> {
        vec![ObjectKind::FLOW]
    }

    async fn read(&self, _sink: &Sink) -> Result<Coverage> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_source_that_does_not_end_is_a_gap_at_the_deadline() {
    let clock = FakeClock::new();
    let shuffled = Shuffled(
        vec![(
            ObjectKind::QUEUE,
            queue("q", json!({"queueFlow": {"id": "f"}})),
        )],
        "own",
    );
    let sources: [Arc<dyn DependencySource>; 2] = [Arc::new(Stuck), Arc::new(shuffled)];
    let crawler = Crawler::new(sources, Arc::new(clock.clone()))
        .with_options(CrawlOptions::new().with_deadline(Duration::from_secs(60)));
    let progress = Progress::new();
    let watch = progress.clone();
    let crawling = tokio::spawn(async move { crawler.crawl(&watch).await });
    let mut changes = progress.watch();
    while progress
        .snapshot()
        .sources
        .get(1)
        .is_none_or(|own| own.state != SourceState::Read)
    {
        changes.changed().await.unwrap();
    }
    clock.advance(Duration::from_secs(60));
    let crawl = crawling.await.unwrap().unwrap();
    assert_eq!(crawl.graph.gaps()[0].scope, "stuck");
    assert!(crawl.graph.gaps()[0].reason.contains("deadline"));
    assert_eq!(state(&crawl.graph, "f"), State::NotFetched);
    let states: Vec<SourceState> = progress
        .snapshot()
        .sources
        .iter()
        .map(|source| source.state)
        .collect();
    assert_eq!(states, [SourceState::Failed, SourceState::Read]);
}

#[test]
fn the_platform_is_read_kind_by_kind_and_the_document_reads_what_it_says() {
    // errata DEP-10
    let client = Platform::new().client();
    let platform = standard_sources(Profile::Platform, &client, &ReadOptions::default());
    let mut kinds: Vec<ObjectKind> = platform.iter().flat_map(|source| source.kinds()).collect();
    kinds.sort();
    let count = kinds.len();
    kinds.dedup();
    assert_eq!(kinds.len(), count, "each kind has one source");
    let missing: Vec<&str> = ObjectKind::ALL
        .iter()
        .filter(|kind| !kinds.contains(kind))
        .map(ObjectKind::as_str)
        .collect();
    assert_eq!(
        missing,
        ["endpoint", "messagingRecipient", "response", "smsAddress"]
    );
    let guide = standard_sources(Profile::Guide, &client, &ReadOptions::default());
    let names: Vec<&str> = guide.iter().map(|source| source.name()).collect();
    assert_eq!(names, ["queues", "locations"]);
}

#[tokio::test]
async fn email_routes_are_read_with_their_domains() {
    // errata DEP-10
    let platform = Platform::new()
        .list(
            "/api/v2/routing/email/domains",
            [json!({"id": "mail.example.com"})],
        )
        .list(
            "/api/v2/routing/email/domains/mail.example.com/routes",
            [json!({"id": "r", "pattern": "help", "queue": {"id": "q"}, "spamFlow": {"id": "f"}})],
        );
    let client = platform.client();
    let source = EmailSource::new(client.clone());
    let crawl = crawl(&crawler(
        &client,
        [Arc::new(source) as Arc<dyn DependencySource>],
    ))
    .await;
    let graph = &crawl.graph;
    assert_eq!(
        edges(graph),
        ["r runs f", "r part-of mail.example.com", "r routes-to q"]
    );
    assert_eq!(graph.name(graph.find("r").unwrap()), Some("help"));
    assert!(graph.gaps().is_empty());
}

#[tokio::test]
async fn progress_tells_objects_and_further_lists_by_source() {
    let ids: Vec<String> = (0..30).map(|n| format!("q-{n:02}")).collect();
    let queues = ids.iter().map(|id| queue(id, json!({})));
    let platform = ids
        .iter()
        .fold(Platform::new().list(QUEUES, queues), |platform, id| {
            platform.list(&format!("{QUEUES}/{id}/members"), [])
        });
    let client = platform.client();
    let directory = Arc::new(Directory::new(Profile::Platform, &client));
    let source = QueueSource::new(directory.clone()).with_members(directory);
    let progress = Progress::new();
    let crawler = crawler(&client, [Arc::new(source) as Arc<dyn DependencySource>]);
    let mut watch = progress.watch();
    let crawling = async { crawler.crawl(&progress).await.unwrap() };
    let watching = async {
        let mut seen = Vec::new();
        while let Some(now) = watch.changed().await {
            let source = now.sources.first().cloned();
            seen.extend(source.map(|source| {
                (
                    source.objects,
                    source.total,
                    source.lists,
                    source.lists_total,
                )
            }));
            if now.phase == Phase::Build {
                break;
            }
        }
        seen
    };
    let (crawl, seen) = futures_util::future::join(crawling, watching).await;
    assert_eq!(crawl.graph.node_count(), 30);
    assert_eq!(seen.last(), Some(&(30, Some(30), 30, Some(30))));
    assert!(
        seen.is_sorted_by_key(|(objects, _, lists, _)| (*objects, *lists)),
        "{seen:?}"
    );
}
