//! Reading whole lists from a server that need not be honest.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use genesys_core::ErrorKind;
use genesys_core::test_util::{Reply, SentRequest};
use genesys_routing::read::{
    Collection, Consistency, Document, Doubt, Range, ReadOptions, RejectReason, Snapshot,
};
use genesys_routing::{
    Directory, LocationState, Locations, MemberBy, Organization, QueueId, QueueMembers, Queues,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{World, world};

const PATH: &str = "/api/v2/things";

fn object(n: usize) -> Value {
    json!({"id": format!("o-{n}"), "name": format!("Object {n}")})
}

fn number(request: &SentRequest, name: &str) -> usize {
    query(request, name).map_or(0, |value| value.parse().unwrap())
}

fn query(request: &SentRequest, name: &str) -> Option<String> {
    let pairs = request.uri.query().unwrap_or_default();
    let mut pairs = pairs.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// The page of a list that an honest server gives.
fn honest(request: &SentRequest, all: &[Value]) -> Value {
    let (page, size) = (number(request, "pageNumber"), number(request, "pageSize"));
    let start = ((page - 1) * size).min(all.len());
    let end = (start + size).min(all.len());
    json!({
        "entities": all[start..end], "pageNumber": page, "pageSize": size,
        "pageCount": all.len().div_ceil(size), "total": all.len(),
    })
}

/// A world whose server answers each request, with its number from 1, by `answer`.
fn serve(answer: impl Fn(usize, &SentRequest) -> Reply + Send + Sync + 'static) -> World {
    let world = world();
    let calls = AtomicUsize::new(0);
    world.transport.handle(move |request| {
        let call = calls.fetch_add(1, Ordering::SeqCst) + 1;
        std::future::ready(answer(call, request))
    });
    world
}

fn serve_list(all: Vec<Value>) -> World {
    serve(move |_, request| Reply::json(200, &honest(request, &all)))
}

fn broken() -> Reply {
    Reply::body(200, "application/json", "{\"entities\": [")
}

async fn read(world: &World, options: ReadOptions) -> Snapshot<Document> {
    let list = Collection::numbered(PATH);
    let read = world.drive(list.read(&world.client, &options)).await;
    read.unwrap()
}

fn small(size: u32) -> ReadOptions {
    ReadOptions::default().with_page_size(size)
}

fn ids<T: genesys_routing::read::Entity>(snapshot: &Snapshot<T>) -> Vec<&str> {
    snapshot
        .items
        .iter()
        .map(|item| item.as_document().id())
        .collect()
}

fn range(snapshot: &Snapshot<Document>, index: usize) -> Range {
    snapshot.missing[index].range.clone()
}

#[tokio::test]
async fn pages_hold_100_objects_unless_more_are_asked_for_and_given() {
    // errata DEP-04
    let all: Vec<Value> = (0..230).map(object).collect();
    let world = serve_list(all);
    let snapshot = read(&world, ReadOptions::default()).await;
    assert_eq!(
        (snapshot.items.len(), snapshot.pages, snapshot.consistency()),
        (230, 3, Consistency::Consistent)
    );
    assert_eq!(
        query(&world.transport.sent()[0], "pageSize").unwrap(),
        "100"
    );

    let list = Collection::numbered(PATH).with_largest_page(500);
    let options = small(9_999);
    let read = world.drive(list.read(&world.client, &options));
    assert_eq!(read.await.unwrap().pages, 1);
    assert_eq!(
        query(&world.transport.sent()[3], "pageSize").unwrap(),
        "500"
    );
}

#[tokio::test]
async fn as_many_pages_are_under_way_as_may_be_and_no_more() {
    // errata DEP-04
    let world = world();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    world.transport.handle(move |request| {
        let all: Vec<Value> = (0..40).map(object).collect();
        let page = honest(request, &all);
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            now.fetch_sub(1, Ordering::SeqCst);
            Reply::json(200, &page)
        }
    });
    let snapshot = read(&world, small(2).with_concurrency(3)).await;
    let expected: Vec<String> = (0..40).map(|n| format!("o-{n}")).collect();
    assert_eq!(ids(&snapshot), expected, "in the order of the list");
    assert_eq!(seen.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_page_that_comes_again_ends_the_reading_and_is_a_gap() {
    // errata DEP-05
    for honest_number in [true, false] {
        let all: Vec<Value> = (0..20).map(object).collect();
        let world = serve(move |_, request| {
            let mut page = honest(request, &all);
            if number(request, "pageNumber") > 2 {
                page["entities"] = json!(all[..2]);
                page["pageNumber"] = json!(if honest_number {
                    1
                } else {
                    number(request, "pageNumber")
                });
            }
            Reply::json(200, &page)
        });
        let snapshot = read(&world, small(2).with_rereads(0)).await;
        assert_eq!(ids(&snapshot), ["o-0", "o-1", "o-2", "o-3"]);
        let gap = Range::Pages {
            first: 3,
            last: Some(10),
        };
        assert_eq!((snapshot.missing.len(), range(&snapshot, 0)), (1, gap));
        assert_eq!(snapshot.missing[0].error.kind(), ErrorKind::Protocol);
        let doubt = if honest_number {
            Doubt::WrongPage {
                asked: 3,
                answered: 1,
            }
        } else {
            Doubt::RepeatedPage { page: 3 }
        };
        assert_eq!(snapshot.doubts, [doubt]);
        assert_eq!(snapshot.consistency(), Consistency::Inconsistent);
        assert!(world.calls().len() <= 2 + 4, "{}", world.calls().len());
    }
}

#[tokio::test]
async fn a_page_count_may_be_absent_zero_or_a_lie() {
    // errata DEP-05
    for (count, total, said) in [
        (Value::Null, json!(5), None),
        (json!(0), json!(5), None),
        (json!(1), json!(5), Some(1)),
        (json!(99), json!(5), Some(99)),
        (json!(u64::MAX), json!(5), Some(u64::MAX)),
        (json!(3), Value::Null, None),
        (Value::Null, Value::Null, None),
    ] {
        let all: Vec<Value> = (0..5).map(object).collect();
        let (answered_count, answered_total) = (count.clone(), total.clone());
        let world = serve(move |_, request| {
            let mut page = honest(request, &all);
            page["pageCount"] = answered_count.clone();
            page["total"] = answered_total.clone();
            Reply::json(200, &page)
        });
        let snapshot = read(&world, small(2)).await;
        assert_eq!(
            (snapshot.items.len(), snapshot.is_complete()),
            (5, true),
            "{count} {total}"
        );
        let expected: Vec<Doubt> = said
            .map(|said| Doubt::PageCount { said, found: 3 })
            .into_iter()
            .collect();
        assert_eq!(snapshot.doubts, expected, "{count} {total}");
        let consistency = match total {
            Value::Null => Consistency::Unknown,
            _ => Consistency::Consistent,
        };
        assert_eq!(snapshot.consistency(), consistency);
        assert!(world.calls().len() <= 3 + 4);
    }
}

#[tokio::test]
async fn a_list_without_end_ends_at_the_limits() {
    // errata DEP-05
    let endless = |size: usize| {
        serve(move |_, request| {
            let page = number(request, "pageNumber");
            let entities: Vec<Value> = (0..size).map(|n| object(page * size + n)).collect();
            Reply::json(200, &json!({"entities": entities, "nextUri": "/more"}))
        })
    };
    let world = endless(2);
    let snapshot = read(&world, small(2).with_max_pages(7)).await;
    assert_eq!((snapshot.items.len(), world.calls().len()), (14, 7));
    assert_eq!(snapshot.doubts, [Doubt::PageLimit { pages: 7 }]);
    assert_eq!(
        range(&snapshot, 0),
        Range::Pages {
            first: 8,
            last: None
        }
    );

    let snapshot = read(&endless(2), small(2).with_max_items(5)).await;
    assert_eq!(snapshot.items.len(), 5);
    assert_eq!(snapshot.doubts, [Doubt::ItemLimit { items: 5 }]);
    assert_eq!(snapshot.consistency(), Consistency::Inconsistent);
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_is_read_again() {
    // errata DEP-06
    let all: Arc<Mutex<Vec<Value>>> = Arc::new(Mutex::new((0..6).map(object).collect()));
    let world = serve(move |call, request| {
        let mut all = all.lock().unwrap();
        let page = honest(request, &all);
        if call == 1 {
            // The second page begins one further on now, and o-2 is never seen.
            all.remove(0);
        }
        Reply::json(200, &page)
    });
    let snapshot = read(&world, small(2).with_concurrency(1)).await;
    assert_eq!(ids(&snapshot), ["o-1", "o-2", "o-3", "o-4", "o-5"]);
    assert_eq!(
        (snapshot.passes, snapshot.consistency()),
        (2, Consistency::Consistent)
    );
}

#[tokio::test]
async fn a_list_that_never_rests_is_called_inconsistent() {
    // errata DEP-06
    let added = AtomicUsize::new(10);
    let world = serve(move |_, request| {
        // Somebody always adds an object in front: one comes twice.
        let n = added.fetch_add(1, Ordering::SeqCst);
        let all: Vec<Value> = (0..=n).rev().map(object).collect();
        Reply::json(200, &honest(request, &all))
    });
    let snapshot = read(&world, small(4).with_concurrency(1).with_rereads(2)).await;
    assert_eq!(snapshot.passes, 3);
    assert_eq!(snapshot.consistency(), Consistency::Inconsistent);
    assert!(
        snapshot
            .doubts
            .iter()
            .any(|doubt| matches!(doubt, Doubt::TotalChanged { .. }))
    );
    assert!(!snapshot.duplicates.is_empty());
    let unique: BTreeSet<&str> = ids(&snapshot).into_iter().collect();
    assert_eq!(unique.len(), snapshot.items.len());
    let strict = small(4).with_concurrency(1).strict();
    let list = Collection::numbered(PATH).with_operation("things.list");
    let error = world
        .drive(list.read(&world.client, &strict))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Protocol, Some("things.list"))
    );
}

#[tokio::test]
async fn a_failed_page_is_a_gap_that_can_be_read_later() {
    // errata DEP-07
    let all: Vec<Value> = (0..20).map(object).collect();
    let down = Arc::new(Mutex::new(BTreeSet::from([3, 4, 7])));
    let failing = Arc::clone(&down);
    let world = serve(move |_, request| {
        if failing
            .lock()
            .unwrap()
            .contains(&number(request, "pageNumber"))
        {
            return broken();
        }
        Reply::json(200, &honest(request, &all))
    });
    let snapshot = read(&world, small(2)).await;
    assert_eq!((snapshot.items.len(), snapshot.total), (14, Some(20)));
    let ranges: Vec<String> = snapshot
        .missing
        .iter()
        .map(|gap| gap.range.to_string())
        .collect();
    assert_eq!(ranges, ["pages 3 to 4", "page 7"]);
    assert_eq!(snapshot.missing[0].error.kind(), ErrorKind::Decode);
    assert_eq!(
        (snapshot.consistency(), snapshot.passes),
        (Consistency::Inconsistent, 1)
    );

    // Strict, it is the error of the first gap.
    let list = Collection::numbered(PATH);
    let strict = world
        .drive(list.read(&world.client, &small(2).strict()))
        .await;
    assert_eq!(strict.unwrap_err().kind(), ErrorKind::Decode);

    let before = world.calls().len();
    down.lock().unwrap().remove(&3);
    down.lock().unwrap().remove(&7);
    // The snapshot's page size counts, whatever is asked for now.
    let options = ReadOptions::default();
    let snapshot = world
        .drive(list.resume(&world.client, &options, snapshot))
        .await
        .unwrap();
    assert_eq!(
        (snapshot.items.len(), range(&snapshot, 0)),
        (
            18,
            Range::Pages {
                first: 4,
                last: Some(4)
            }
        )
    );
    assert_eq!(world.calls().len() - before, 3);
    down.lock().unwrap().clear();
    let snapshot = world
        .drive(list.resume(&world.client, &options, snapshot))
        .await
        .unwrap();
    assert_eq!(
        (snapshot.items.len(), snapshot.consistency()),
        (20, Consistency::Consistent)
    );
}

#[tokio::test]
async fn when_everything_fails_the_rest_is_not_tried() {
    // errata DEP-07
    let all: Vec<Value> = (0..200).map(object).collect();
    let world = serve(move |call, request| match call {
        1 => Reply::json(200, &honest(request, &all)),
        _ => broken(),
    });
    let snapshot = read(&world, small(2)).await;
    assert_eq!(
        range(&snapshot, 0),
        Range::Pages {
            first: 2,
            last: Some(100)
        }
    );
    assert!(world.calls().len() <= 1 + 5 + 4, "{}", world.calls().len());
}

#[tokio::test]
async fn a_refusal_names_the_permission_or_ends_the_reading() {
    // errata DEP-03
    let refusal = || {
        let body = json!({"message": "m", "code": "missing.permissions", "status": 403, "messageParams": {"permission": "routing:queue:view"}});
        Reply::json(403, &body)
    };
    let world = serve(move |_, _| refusal());
    let list = Collection::numbered(PATH);
    let error = world
        .drive(list.read(&world.client, &small(2)))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.missing_permission()),
        (ErrorKind::PermissionDenied, Some("routing:queue:view"))
    );
    let all: Vec<Value> = (0..20).map(object).collect();
    let world = serve(move |call, request| match call {
        1 => Reply::json(200, &honest(request, &all)),
        _ => refusal(),
    });
    let snapshot = read(&world, small(2)).await;
    assert_eq!(
        range(&snapshot, 0),
        Range::Pages {
            first: 2,
            last: Some(10)
        }
    );
    assert_eq!(snapshot.missing.len(), 1);
}

#[tokio::test]
async fn entries_without_an_id_are_counted_and_placed() {
    // errata ALL-15
    let mut deep = String::from("1");
    for _ in 0..200 {
        deep = format!("[{deep}]");
    }
    let body = format!(
        r#"{{"entities": [{{"id": "a"}}, {{"name": "x"}}, {{"id": ""}}, {{"id": 7}}, null, {{"id": "b", "deep": {deep}}}, {{"id": "c"}}], "total": 7, "pageCount": 1}}"#
    );
    let world = serve(move |_, _| Reply::body(200, "application/json", body.clone()));
    let snapshot = read(&world, small(50)).await;
    assert_eq!(ids(&snapshot), ["a", "c"]);
    assert_eq!(snapshot.rejected_total, 5);
    let places: Vec<(u32, usize, RejectReason)> = snapshot
        .rejected
        .iter()
        .map(|one| (one.page, one.index, one.reason))
        .collect();
    use RejectReason::{NoId, NotAnObject, Unreadable};
    assert_eq!(
        places,
        [
            (1, 1, NoId),
            (1, 2, NoId),
            (1, 3, NoId),
            (1, 4, NotAnObject),
            (1, 5, Unreadable)
        ]
    );
    // They are part of the list, so the count is right.
    assert_eq!(snapshot.consistency(), Consistency::Consistent);
}

#[tokio::test]
async fn an_object_that_comes_twice_is_there_once_and_reported() {
    // errata DEP-06
    let world = serve_list(vec![
        object(0),
        object(1),
        object(0),
        json!({"id": "o-1", "name": "renamed"}),
    ]);
    let snapshot = read(&world, small(4)).await;
    assert_eq!(ids(&snapshot), ["o-0", "o-1"]);
    let twice: Vec<(&str, u32, bool)> = snapshot
        .duplicates
        .iter()
        .map(|one| (one.id.as_str(), one.times, one.conflicting))
        .collect();
    assert_eq!(twice, [("o-0", 2, false), ("o-1", 2, true)]);
    assert_eq!(
        snapshot.doubts,
        [
            Doubt::CountMismatch { total: 4, found: 2 },
            Doubt::Duplicates { ids: 2 }
        ]
    );
    assert_eq!(snapshot.get("o-1").unwrap().name(), Some("Object 1"));
}

#[tokio::test]
async fn a_document_beyond_its_limit_keeps_its_name_and_says_so() {
    let mut large = object(1);
    large["division"] = json!({"id": "d-1"});
    large["notes"] = json!("x".repeat(5_000));
    let world = serve_list(vec![object(0), large]);
    let snapshot = read(&world, small(50).with_largest_document(1_000)).await;
    let trimmed: Vec<bool> = snapshot.items.iter().map(Document::is_trimmed).collect();
    assert_eq!(trimmed, [false, true]);
    assert_eq!(
        snapshot.items[1].value(),
        &json!({"id": "o-1", "name": "Object 1", "division": {"id": "d-1"}})
    );
}

#[tokio::test]
async fn a_list_by_cursor_is_read_on_from_its_gap() {
    let down = Arc::new(AtomicUsize::new(1));
    let failing = Arc::clone(&down);
    let world = serve(move |_, request| {
        let page: usize = query(request, "after").map_or(0, |after| after.parse().unwrap());
        if page == 2 && failing.load(Ordering::SeqCst) == 1 {
            return broken();
        }
        let mut body = json!({"entities": [object(page)]});
        if page < 3 {
            body["nextUri"] = json!(format!("/api/v2/things?pageSize=1&after={}", page + 1));
        }
        Reply::json(200, &body)
    });
    let list = Collection::cursor(PATH);
    let options = ReadOptions::default();
    let snapshot = world
        .drive(list.read(&world.client, &options))
        .await
        .unwrap();
    assert_eq!(
        (ids(&snapshot), range(&snapshot, 0)),
        (vec!["o-0", "o-1"], Range::After("2".into()))
    );
    down.store(0, Ordering::SeqCst);
    let snapshot = world
        .drive(list.resume(&world.client, &options, snapshot))
        .await
        .unwrap();
    assert_eq!(ids(&snapshot), ["o-0", "o-1", "o-2", "o-3"]);
    assert_eq!(snapshot.consistency(), Consistency::Unknown);

    let circling = serve(|call, _| {
        Reply::json(
            200,
            &json!({"entities": [object(call)], "nextUri": "/x?after=again"}),
        )
    });
    let once = options.clone().with_rereads(0);
    let snapshot = circling.drive(list.read(&circling.client, &once));
    let snapshot = snapshot.await.unwrap();
    assert_eq!(snapshot.doubts, [Doubt::RepeatedPage { page: 3 }]);
    assert_eq!((snapshot.items.len(), circling.calls().len()), (2, 2));
}

#[tokio::test]
async fn a_whole_list_is_one_request_without_parameters() {
    let world = serve(|_, _| Reply::json(200, &json!({"entities": [object(0)]})));
    let list = Collection::whole("/api/v2/oauth/clients");
    let options = ReadOptions::default();
    let snapshot = world.drive(list.read(&world.client, &options));
    assert_eq!(ids(&snapshot.await.unwrap()), ["o-0"]);
    assert_eq!(world.transport.sent()[0].uri.query(), None);
    // An object that is no list is no empty list.
    let world = serve(|_, _| Reply::json(200, &json!({"message": "hello"})));
    let read = world.drive(list.read(&world.client, &options));
    assert_eq!(read.await.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn what_is_not_read_in_time_is_missing() {
    let all: Vec<Value> = (0..20).map(object).collect();
    let world = serve(move |_, request| match number(request, "pageNumber") {
        1 | 2 => Reply::json(200, &honest(request, &all)),
        _ => Reply::hang(),
    });
    let options = small(2).with_deadline(Duration::from_secs(5));
    let snapshot = read(&world, options).await;
    assert_eq!(snapshot.items.len(), 4);
    assert_eq!(
        range(&snapshot, 0),
        Range::Pages {
            first: 3,
            last: Some(10)
        }
    );
    assert_eq!(snapshot.missing[0].error.kind(), ErrorKind::Deadline);
}

#[tokio::test]
async fn progress_is_told_after_every_page() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&seen);
    let world = serve_list((0..5).map(object).collect());
    let options = small(2).with_progress(move |progress| {
        told.lock()
            .unwrap()
            .push((progress.pages, progress.expected, progress.items));
    });
    read(&world, options).await;
    assert_eq!(
        *seen.lock().unwrap(),
        [(1, Some(3), 2), (2, Some(3), 4), (3, Some(3), 5)]
    );
}

#[tokio::test]
async fn the_directory_reads_members_locations_and_the_organisation() {
    // errata DEP-29, DEP-30, DEP-37
    let world = serve(|_, request| {
        let page = number(request, "pageNumber");
        let answer = match request.uri.path() {
            "/api/v2/routing/queues/q-1/members" if page == 1 => json!({
                "entities": [{"id": "u-1", "name": "Ann", "joined": true, "memberBy": "user"}],
                "nextUri": "/api/v2/routing/queues/q-1/members?pageNumber=2",
            }),
            "/api/v2/routing/queues/q-1/members" => json!({"entities": [{"id": "u-2", "memberBy": "GROUP"}]}),
            "/api/v2/locations" => honest(request, &(0..101).map(|n| json!({
                "id": format!("l-{n}"), "state": "active", "path": ["l-0"], "region": {"name": "us-east-1"},
                "address": {"city": "Berlin", "country": "DE"},
            })).collect::<Vec<_>>()),
            "/api/v2/locations/l-1" => json!({"id": "l-1", "state": "mothballed"}),
            "/api/v2/organizations/me" => json!({"id": "org-1", "name": "Acme", "domain": "acme", "state": "active"}),
            other => panic!("{other}"),
        };
        Reply::json(200, &answer)
    });
    let directory = Directory::new(genesys_core::Profile::Platform, &world.client);
    let options = ReadOptions::default();
    let queue = QueueId::new("q-1").unwrap();
    let members = world
        .drive(directory.members(&queue, &options))
        .await
        .unwrap();
    let by: Vec<&MemberBy> = members.items.iter().map(|one| &one.member_by).collect();
    assert_eq!(
        (by, members.consistency()),
        (
            vec![&MemberBy::User, &MemberBy::Group],
            Consistency::Unknown
        )
    );
    let locations = world.drive(directory.locations(&options)).await.unwrap();
    assert_eq!(locations.items.len(), 101);
    assert_eq!(locations.items[7].city.as_deref(), Some("Berlin"));
    // There is no such field on the platform, and none here; the document keeps what came.
    assert_eq!(locations.items[7].document()["region"]["name"], "us-east-1");
    let id = locations.items[1].id.clone();
    let one = world.drive(directory.location(&id)).await.unwrap().unwrap();
    assert_eq!(one.state, LocationState::Other("mothballed".into()));
    let me = world.drive(directory.organization()).await.unwrap();
    assert_eq!(
        (me.id.as_str(), me.name.as_deref()),
        ("org-1", Some("Acme"))
    );
}

#[tokio::test]
async fn an_organisation_without_an_id_is_an_error_and_not_unknown() {
    // errata DEP-37
    let world = serve(|_, _| Reply::json(200, &json!({"name": "Acme"})));
    let directory = Directory::new(genesys_core::Profile::Guide, &world.client);
    let error = world.drive(directory.organization()).await.unwrap_err();
    assert_eq!(error.operation(), Some("organization.get"));
    assert_eq!(error.kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn queues_are_read_resumed_and_got() {
    // errata DEP-07, DEP-08
    let all: Vec<Value> = (0..3)
        .map(|n| json!({"id": format!("q-{n}"), "members": {"total": n}, "queueFlow": {"id": "f-1"}}))
        .collect();
    let fails = AtomicUsize::new(1);
    let world = serve(move |_, request| match request.uri.path() {
        "/api/v2/routing/queues" => {
            if number(request, "pageNumber") == 2 && fails.swap(0, Ordering::SeqCst) == 1 {
                return broken();
            }
            Reply::json(200, &honest(request, &all))
        }
        "/api/v2/routing/queues/q-1" => Reply::json(200, &all[1]),
        _ => Reply::json(
            404,
            &json!({"code": "not.found", "status": 404, "message": "m"}),
        ),
    });
    let directory = Directory::new(genesys_core::Profile::Guide, &world.client);
    let options = small(1);
    let part = world.drive(directory.queues(&options)).await.unwrap();
    assert_eq!(
        (ids(&part), part.is_complete()),
        (vec!["q-0", "q-2"], false)
    );
    let whole = world
        .drive(directory.resume_queues(&options, part))
        .await
        .unwrap();
    assert_eq!(
        (ids(&whole), whole.is_consistent()),
        (vec!["q-0", "q-2", "q-1"], true)
    );
    let queue = whole.get("q-2").unwrap();
    assert_eq!(
        (queue.member_count, &queue.document()["queueFlow"]["id"]),
        (Some(2), &json!("f-1"))
    );
    let one = world
        .drive(directory.queue(&QueueId::new("q-1").unwrap()))
        .await
        .unwrap();
    assert_eq!(one.unwrap().member_count, Some(1));
    let none = world
        .drive(directory.queue(&QueueId::new("q-9").unwrap()))
        .await
        .unwrap();
    assert_eq!(none, None);
}

/// What a server says about the length of its list.
#[derive(Debug, Clone)]
struct Says {
    total: bool,
    /// Added to the true page count, where it is said at all.
    pages: Option<i64>,
    next: bool,
}

fn says() -> impl Strategy<Value = Says> {
    // Something of it is true: a server that lies in every respect cannot be found out.
    (
        any::<bool>(),
        proptest::option::of(-2_i64..40),
        any::<bool>(),
    )
        .prop_map(|(total, pages, next)| Says { total, pages, next })
        .prop_filter("all lies", |says| {
            says.total || says.next || says.pages.is_none_or(|more| more >= 0)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_said_each_object_is_read_once_or_is_in_a_named_gap(
        count in 0_usize..60,
        size in 1_u32..9,
        width in 1_usize..7,
        says in says(),
        failing in proptest::collection::btree_set(2_usize..12, 0..4),
    ) {
        // errata DEP-05, DEP-06, DEP-07
        let all: Vec<Value> = (0..count).map(object).collect();
        let down = failing.clone();
        let honest_length = says.total || says.pages == Some(0);
        let exact = says.pages.is_none_or(|more| more == 0);
        let world = serve(move |_, request| {
            let page_number = number(request, "pageNumber");
            if honest_length && down.contains(&page_number) {
                return broken();
            }
            let mut page = honest(request, &all);
            let pages = count.div_ceil(size as usize);
            if !says.total {
                page["total"] = Value::Null;
            }
            page["pageCount"] = says.pages.map_or(Value::Null, |more| {
                json!(u64::try_from((pages as i64 + more).max(0)).unwrap())
            });
            if says.next && page_number < pages {
                page["nextUri"] = json!("/next");
            }
            Reply::json(200, &page)
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let options = small(size).with_concurrency(width).with_rereads(0);
        let snapshot = runtime.block_on(read(&world, options));

        let mut found: Vec<String> = ids(&snapshot).iter().map(|id| (*id).to_owned()).collect();
        for gap in &snapshot.missing {
            let Range::Pages { first, last } = gap.range else { panic!("{gap}") };
            let start = (first as usize - 1) * size as usize;
            let end = last.map_or(count, |last| (last as usize * size as usize).min(count));
            found.extend((start..end).map(|n| format!("o-{n}")));
        }
        let unique: BTreeSet<&String> = found.iter().collect();
        prop_assert_eq!(unique.len(), count);
        prop_assert_eq!(found.len(), count, "none twice");
        let pages = count.div_ceil(size as usize);
        let fails = honest_length && failing.iter().any(|page| *page <= pages);
        prop_assert!(!fails || !snapshot.is_complete());
        if exact {
            // A page beyond the end is only asked for when the list claims to have it.
            prop_assert_eq!(snapshot.is_complete(), !fails);
        }
        // A page that cannot be read says nothing of the end, so that the next one is asked for.
        let beyond = failing.iter().filter(|page| honest_length && **page > pages);
        prop_assert!(world.calls().len() <= pages + width + 1 + beyond.count());
    }
}
