//! What counts as an answer.

use genesys_core::TransportErrorKind;
use genesys_core::test_util::Reply;
use genesys_core::vocabulary::Method;
use genesys_integrations::executor::{AnswerData, CacheOutcome, ExecutionErrorKind, PreparedNode};
use genesys_integrations::nodes::RestNode;
use genesys_integrations::schema::SchemaErrorKind;
use serde_json::json;

use super::support::{URL, World, answer_schema, get, input, memoised, ok, post, prepare};

#[tokio::test]
async fn a_schema_failure_is_final_and_names_every_violation() {
    // errata RST-36, RST-39
    let world = World::new();
    world.push([Reply::json(200, &json!({"status": 7, "resultId": 8})), ok()]);
    let node = prepare(memoised());
    let error = world.run(&node, input()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), world.sent()),
        (ExecutionErrorKind::Schema, Some(200), 1)
    );
    assert_eq!((error.violations().len(), error.retries()), (2, 0));
    assert!(!error.is_transient());
    // Nothing was kept of it.
    let done = world.run(&node, input()).await.unwrap();
    assert_eq!(
        (done.cache, world.sent()),
        (CacheOutcome::Miss { stored: true }, 2)
    );
}

#[tokio::test]
async fn no_client_error_is_a_success_even_if_it_fits_the_schema() {
    // errata RST-30, RST-43, RST-44
    for status in [300, 304, 400, 401, 403, 404, 409, 418, 422] {
        let world = World::new();
        world.push([Reply::json(status, &json!({"status": "ok"})), ok()]);
        let node = prepare(memoised());
        let error = world.run(&node, input()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ExecutionErrorKind::Status, Some(status))
        );
        assert_eq!((error.retries(), world.sent()), (0, 1));
        assert_eq!(
            world.run(&node, input()).await.unwrap().status,
            200,
            "nothing was kept of {status}"
        );
    }
}

#[tokio::test]
async fn an_empty_answer_and_one_that_is_no_json_are_told_apart() {
    // errata RST-40
    let world = World::new();
    let page = || Reply::body(200, "text/html; charset=utf-8", "<html>login</html>");
    world.push([
        Reply::status(204),
        Reply::body(200, "application/json", ""),
        page(),
        Reply::body(200, "application/json", vec![0xff]),
    ]);
    let node = prepare(post());
    for expected in [
        ExecutionErrorKind::Empty,
        ExecutionErrorKind::Empty,
        ExecutionErrorKind::NotJson,
        ExecutionErrorKind::NotJson,
    ] {
        assert_eq!(
            world.run(&node, input()).await.unwrap_err().kind(),
            expected
        );
    }
    assert_eq!(world.sent(), 4);

    // Declared: an empty answer stands for null.
    let mut schema = answer_schema();
    schema["type"] = json!(["object", "null"]);
    let node = prepare(post().with_response_schema(schema));
    world.push([Reply::status(204), ok()]);
    let empty = world.run(&node, input()).await.unwrap();
    assert_eq!((empty.status, empty.data), (204, AnswerData::Empty));
    assert_eq!(
        world.run(&node, input()).await.unwrap().data.json(),
        Some(r#"{"status":"open"}"#)
    );
}

#[tokio::test]
async fn without_a_schema_an_answer_is_json_when_it_says_so_and_bytes_otherwise() {
    // errata RST-54
    // Never kept, so that each call is one.
    let plain = || prepare(RestNode::builder("Plain", Method::DELETE, URL));
    let world = World::new();
    world.push([
        Reply::body(200, "text/csv; charset=utf-8", "a,b"),
        Reply::body(
            200,
            "application/problem+json",
            "[1e400, 12345678901234567890]",
        ),
        Reply::body(200, "application/json", "{nearly"),
        Reply::body(200, "application/json", r#"{"a": 1, "a": 2}"#),
    ]);
    let done = world.run(&plain(), input()).await;
    assert_eq!(
        done.unwrap().data,
        AnswerData::Other {
            media_type: "text/csv".into(),
            bytes: "a,b".into()
        }
    );
    let number = world.run(&plain(), input()).await.unwrap();
    assert_eq!(number.data.json(), Some("[1e400, 12345678901234567890]"));
    for _ in 0..2 {
        let error = world.run(&plain(), input()).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status()),
            (ExecutionErrorKind::NotJson, Some(200))
        );
    }
}

#[tokio::test]
async fn an_answer_is_handed_on_digit_by_digit() {
    let digits = "9".repeat(300);
    let text = format!(r#"{{"status": "open", "id": {digits}, "exact": 0.10000000000000000001}}"#);
    let world = World::new();
    world.push([Reply::body(200, "application/json", text.clone())]);
    let done = world.run(&prepare(get()), input()).await.unwrap();
    assert_eq!(done.data.json(), Some(&*text));
}

#[tokio::test]
async fn what_is_deep_cut_off_or_too_large_is_an_error_of_its_own() {
    let world = World::new();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    world.push([Reply::body(200, "application/json", deep)]);
    let error = world.run(&prepare(get()), input()).await.unwrap_err();
    assert_eq!(error.kind(), ExecutionErrorKind::NotJson);
    world
        .cloud
        .handle(|_| async { Reply::fail(TransportErrorKind::BodyTooLarge) });
    let error = world.run(&prepare(get()), input()).await.unwrap_err();
    assert_eq!(error.kind(), ExecutionErrorKind::TooLarge);
    world
        .cloud
        .handle(|_| async { Reply::fail(TransportErrorKind::Truncated) });
    let error = world.run(&prepare(get()), input()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.retries()),
        (ExecutionErrorKind::Truncated, 3)
    );
}

#[test]
fn a_node_whose_schema_cannot_be_used_is_not_prepared() {
    // errata RST-38
    for (schema, kind) in [
        (json!({"pattern": "(a)\\1"}), SchemaErrorKind::Pattern),
        (json!({"allOf": [{"$ref": "#"}]}), SchemaErrorKind::Cycle),
        (
            json!({"$schema": "http://json-schema.org/draft-04/schema#"}),
            SchemaErrorKind::Draft,
        ),
        (json!({"type": "objekt"}), SchemaErrorKind::Invalid),
    ] {
        let node = get().with_response_schema(schema).build().unwrap();
        let error = PreparedNode::new(&node).unwrap_err();
        assert_eq!(
            (error.member(), error.schema().kind()),
            ("/responseSchema", kind)
        );
    }
}
