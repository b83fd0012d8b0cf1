//! Lists: where they end, and what is an error instead of an end.

use std::time::Duration;

use futures_util::future::{join, join_all};
use futures_util::{StreamExt, TryStreamExt};
use genesys_core::ErrorKind;
use genesys_core::page::{PageToken, SharedRead};
use genesys_core::test_util::Reply;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::support::Fixture;

#[derive(Debug, PartialEq, Eq, Deserialize)]
struct Item {
    id: u64,
}

fn parameter(request: &genesys_core::test_util::SentRequest, name: &str) -> Option<String> {
    let url = url::Url::parse(&request.uri.to_string()).unwrap();
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// A server of `count` items that pages honestly.
fn numbered(
    count: u64,
) -> impl Fn(&genesys_core::test_util::SentRequest) -> std::future::Ready<Reply> {
    move |request| {
        let number: u64 = parameter(request, "pageNumber").unwrap().parse().unwrap();
        let size: u64 = parameter(request, "pageSize").unwrap().parse().unwrap();
        let items: Vec<Value> = ((number - 1) * size..(number * size).min(count))
            .map(|id| json!({"id": id}))
            .collect();
        std::future::ready(Reply::json(
            200,
            &json!({"entities": items, "pageNumber": number, "pageSize": size, "pageCount": count.div_ceil(size), "total": count}),
        ))
    }
}

#[tokio::test(start_paused = true)]
async fn every_item_comes_once_and_in_order_whatever_the_prefetch() {
    // errata ALL-29, DEP-04
    for count in [0, 1, 99, 100, 101, 950] {
        for prefetch in [1, 4, 32] {
            let fixture = Fixture::new();
            fixture.transport.handle(numbered(count));
            let items: Vec<Item> = fixture
                .client()
                .get("/api/v2/x")
                .numbered_pages()
                .with_prefetch(prefetch)
                .try_collect()
                .await
                .unwrap();
            assert_eq!(
                items.iter().map(|item| item.id).collect::<Vec<_>>(),
                (0..count).collect::<Vec<_>>()
            );
            assert_eq!(
                fixture.transport.sent().len() as u64,
                count.div_ceil(100).max(1)
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_goes_on_where_it_was_left() {
    let fixture = Fixture::new();
    fixture.transport.handle(numbered(250));
    let client = fixture.client();
    let mut pages = client.get("/api/v2/x").numbered_pages::<Item>().pages();
    let first = pages.next().await.unwrap().unwrap();
    assert_eq!((first.items.len(), first.total), (100, Some(250)));
    let token: PageToken = first.next.unwrap().to_string().parse().unwrap();
    let rest: Vec<Item> = client
        .get("/api/v2/x")
        .numbered_pages()
        .resume(token)
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rest.first(), Some(&Item { id: 100 }));
    assert_eq!(rest.len(), 150);

    let mut wrong = client
        .get("/api/v2/x")
        .cursor_pages::<Item>()
        .resume(PageToken::Number(2));
    assert_eq!(
        wrong.next().await.unwrap().unwrap_err().kind(),
        ErrorKind::InvalidRequest
    );
    assert!(wrong.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_comes_again_is_an_error_and_not_an_endless_list() {
    // errata DEP-05
    for same in [
        json!({"entities": [{"id": 1}], "pageNumber": 1, "pageCount": 9}),
        json!({"entities": [{"id": 1}], "pageCount": 9}),
        json!({"entities": [{"id": 1}], "nextUri": "/api/v2/x?pageNumber=2"}),
    ] {
        let fixture = Fixture::new();
        let reply = same.clone();
        fixture.transport.handle(move |_| {
            let reply = reply.clone();
            async move { Reply::json(200, &reply) }
        });
        let mut items = fixture.client().get("/api/v2/x").numbered_pages::<Item>();
        assert_eq!(items.next().await.unwrap().unwrap(), Item { id: 1 });
        assert_eq!(
            items.next().await.unwrap().unwrap_err().kind(),
            ErrorKind::Protocol,
            "{same}"
        );
        assert!(items.next().await.is_none());
        assert_eq!(fixture.transport.sent().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_page_or_a_missing_count_ends_the_list() {
    // errata DEP-05, ALL-15
    let fixture = Fixture::new();
    fixture.transport.push(Reply::json(
        200,
        &json!({"entities": [{"id": 1}], "pageCount": 5}),
    ));
    fixture
        .transport
        .push(Reply::json(200, &json!({"entities": [], "pageCount": 5})));
    let items: Vec<Item> = fixture
        .client()
        .get("/api/v2/x")
        .numbered_pages()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(items.len(), 1);

    let fixture = Fixture::new();
    fixture
        .transport
        .push(Reply::json(200, &json!({"entities": [{"id": 1}]})));
    let items: Vec<Item> = fixture
        .client()
        .get("/api/v2/x")
        .numbered_pages()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(items.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_cut_page_is_an_error_and_never_a_shorter_list() {
    // errata ALL-13, DEP-07
    let cut = [
        Reply::body(
            200,
            "application/json",
            r#"{"entities": [{"id": 2}], "pageCou"#,
        ),
        Reply::body(200, "application/json", "{}"),
        Reply::body(200, "application/json", ""),
        Reply::body(200, "text/html", "<html>busy</html>"),
        Reply::json(200, &json!({"entities": [{"name": "no id"}]})),
        Reply::json(200, &json!({"entities": null})),
    ];
    for reply in cut {
        let fixture = Fixture::new();
        fixture.transport.push(Reply::json(
            200,
            &json!({"entities": [{"id": 1}], "pageCount": 3}),
        ));
        fixture.transport.push(reply);
        let mut items = fixture.client().get("/api/v2/x").numbered_pages::<Item>();
        assert!(items.next().await.unwrap().is_ok());
        let error = items.next().await.unwrap().unwrap_err();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::Decode | ErrorKind::UnexpectedContent
            ),
            "{error}"
        );
        assert!(items.next().await.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_stops_at_the_page_limit() {
    let fixture = Fixture::new();
    fixture.transport.handle(|request| {
        let number: u64 = parameter(request, "pageNumber").unwrap().parse().unwrap();
        std::future::ready(Reply::json(
            200,
            &json!({"entities": [{"id": number}], "pageCount": u32::MAX}),
        ))
    });
    let result: Result<Vec<Item>, _> = fixture
        .client()
        .get("/api/v2/x")
        .numbered_pages()
        .with_max_pages(7)
        .with_prefetch(3)
        .try_collect()
        .await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(fixture.transport.sent().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn cursors_are_followed_until_there_is_none_and_never_in_a_circle() {
    let fixture = Fixture::new();
    fixture.transport.push(Reply::json(
        200,
        &json!({"entities": [{"id": 1}], "nextUri": "/api/v2/x?after=a%26b&pageSize=100"}),
    ));
    fixture.transport.push(Reply::json(
        200,
        &json!({"entities": [{"id": 2}], "nextUri": "/api/v2/x?after=c"}),
    ));
    fixture.transport.push(Reply::json(
        200,
        &json!({"entities": [{"id": 3}], "nextUri": ""}),
    ));
    let client = fixture.client();
    let items: Vec<Item> = client
        .get("/api/v2/x")
        .cursor_pages()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(items.len(), 3);
    let cursors: Vec<_> = fixture
        .transport
        .sent()
        .iter()
        .map(|request| parameter(request, "after"))
        .collect();
    assert_eq!(
        cursors,
        [None, Some("a&b".to_owned()), Some("c".to_owned())]
    );

    for id in 1..=2 {
        fixture.transport.push(Reply::json(
            200,
            &json!({"entities": [{"id": id}], "nextUri": "/api/v2/x?after=same"}),
        ));
    }
    let result: Result<Vec<Item>, _> = client.get("/api/v2/x").cursor_pages().try_collect().await;
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Protocol);
}

/// A server of one page that takes a second over it.
fn slow(fixture: &Fixture) {
    fixture.transport.handle(|request| {
        let reply = numbered(3)(request);
        async move {
            sleep(Duration::from_secs(1)).await;
            reply.await
        }
    });
}

#[tokio::test(start_paused = true)]
async fn those_who_look_in_a_list_together_share_a_read_that_began_after_they_asked() {
    let fixture = Fixture::new();
    slow(&fixture);
    let client = fixture.client();
    let shared = SharedRead::<Item>::default();
    let look = async |after: u64| {
        sleep(Duration::from_millis(after)).await;
        let list = client.get("/api/v2/x").numbered_pages();
        let all = shared.all(&client, Duration::from_secs(60), list).await;
        (all.unwrap().len(), Instant::now())
    };
    let start = Instant::now();
    // Half ask at once; the others while that read is under way, which may miss what they look for.
    let seen = join_all((0..100).map(|n| look((n % 2) * 500))).await;
    assert_eq!(fixture.transport.sent().len(), 2);
    for (n, (items, at)) in seen.into_iter().enumerate() {
        let expected = Duration::from_secs(1 + n as u64 % 2);
        assert_eq!((items, (at - start).as_secs()), (3, expected.as_secs()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shared_read_outlives_who_began_it_and_ends_at_its_limit() {
    let fixture = Fixture::new();
    slow(&fixture);
    let client = fixture.client();
    let shared = SharedRead::<Item>::default();
    let all = |limit| shared.all(&client, limit, client.get("/api/v2/x").numbered_pages());
    let (first, second) = (all(Duration::from_secs(60)), all(Duration::from_secs(60)));
    let gone = timeout(Duration::from_millis(100), first);
    let (gone, stayed) = join(gone, second).await;
    assert!(gone.is_err());
    assert_eq!(stayed.unwrap().len(), 3);
    assert_eq!(fixture.transport.sent().len(), 1);

    let error = all(Duration::from_millis(500)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert_eq!(all(Duration::from_secs(60)).await.unwrap().len(), 3);
}
