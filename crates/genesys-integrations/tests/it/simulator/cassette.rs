//! Recorded and answered from: without credentials, within limits.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use genesys_core::test_util::{Reply, ScriptedTransport};
use genesys_core::vocabulary::Method;
use genesys_core::{Transport, TransportErrorKind};
use genesys_integrations::executor::{Executor, NodeCall};
use genesys_integrations::nodes::RestNode;
use genesys_integrations::simulator::{
    CassetteErrorKind, CassetteLimits, RecordingTransport, ReplayingTransport, Simulation,
    Simulator,
};
use resilience::SeededRandom;
use resilience::test_util::FakeClock;
use serde_json::{Value, json};

use crate::executor::support::answer_schema;

const SECRET: &str = "s3cr3t\"/x";

fn simulator(transport: Arc<dyn Transport>, clock: &FakeClock, secret: &str) -> Simulator {
    let executor = Executor::builder(transport)
        .with_clock(Arc::new(clock.clone()))
        .with_random(Arc::new(SeededRandom::new(3)))
        .with_credential("token", secret.into())
        .build();
    let node = RestNode::builder(
        "n",
        Method::PUT,
        "https://api.example.com/{{credentials.token}}/{{input.id}}",
    )
    .with_header("Authorization", "Bearer {{credentials.token}}")
    .with_header("X-Trace", "{{input.id}}")
    .with_body(r#"{"id": "{{input.id}}", "key": "{{credentials.token}}"}"#)
    .with_response_schema(answer_schema());
    Simulator::builder(executor)
        .with_node(node.build().unwrap())
        .build()
        .unwrap()
}

async fn ask(transport: Arc<dyn Transport>, secret: &str, ids: &[&str]) -> Vec<Simulation> {
    let clock = FakeClock::new();
    let simulator = simulator(transport, &clock, secret);
    let mut done = Vec::new();
    for id in ids {
        let call = NodeCall::new(json!({"id": id}).to_string());
        done.push(clock.drive(simulator.simulate("n", call)).await);
    }
    done
}

/// What a flow sees, but for the ids and times of a run.
fn seen(done: &[Simulation]) -> Vec<Value> {
    done.iter()
        .map(|one| {
            let mut json = serde_json::to_value(one).unwrap();
            json.as_object_mut().unwrap().remove("contextId");
            json
        })
        .collect()
}

fn file(folder: &Path) -> PathBuf {
    folder.join("cassette.jsonl")
}

fn echo() -> Value {
    json!({"status": format!("{SECRET} received"), "n": 1})
}

#[tokio::test]
async fn a_recording_answers_as_the_external_system_did_and_holds_no_credential() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = ScriptedTransport::new();
    for reply in [
        Reply::status(503).with_header("retry-after", "2"),
        Reply::fail(TransportErrorKind::Reset),
        Reply::json(200, &echo())
            .with_header("set-cookie", "a=b")
            .with_header("x-debug", SECRET),
        Reply::body(200, "application/json", r#"{"status": "\u00733cr3t\"/x"}"#),
        Reply::body(200, "application/octet-stream", vec![0xff, 0x00]),
    ] {
        cloud.push(reply);
    }
    let recorder = Arc::new(
        RecordingTransport::create(
            file(folder.path()),
            cloud.shared(),
            CassetteLimits::default(),
        )
        .unwrap(),
    );
    let ids = ["A-1", "A-1", "B/2"];
    let recorded = ask(recorder.clone(), SECRET, &ids).await;
    assert_eq!(
        recorded.iter().map(Simulation::retries).collect::<Vec<_>>(),
        [2, 0, 0]
    );
    assert_eq!(recorder.recorded().unwrap(), 5);
    recorder.flush().unwrap();

    let text = fs::read_to_string(file(folder.path())).unwrap();
    assert_eq!(text.lines().count(), 6);
    for form in ["s3cr3t", "u00733cr3t", "a=b"] {
        assert!(!text.contains(form), "{form} in {text}");
    }
    assert!(text.contains("A-1") && text.contains(r#"["retry-after","2"]"#));

    // Another credential: what it was is not known to the cassette.
    let replay = ReplayingTransport::open(file(folder.path()), CassetteLimits::default()).unwrap();
    let replay = Arc::new(replay);
    let replayed = ask(replay.clone(), "another", &ids).await;
    assert_eq!(seen(&replayed), seen(&recorded));
    assert_eq!((replay.left(), cloud.sent().len()), (0, 5));

    // Each answer once.
    let more = ask(replay, "another", &["A-1"]).await;
    assert_eq!(
        (more[0].code().as_deref(), more[0].retries()),
        (Some("node.refused"), 0)
    );
}

#[cfg(unix)]
#[test]
fn a_cassette_is_its_owners_alone_and_never_written_over() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let create = |path: PathBuf| {
        let cloud = ScriptedTransport::new();
        RecordingTransport::create(path, cloud.shared(), CassetteLimits::default())
    };
    create(file(folder.path())).unwrap();
    let mode = fs::metadata(file(folder.path()))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = create(file(folder.path())).unwrap_err();
    assert_eq!(again.kind(), CassetteErrorKind::Io);
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
    assert_eq!(create(link).unwrap_err().kind(), CassetteErrorKind::Io);
    assert!(!folder.path().join("elsewhere").exists());
}

#[tokio::test]
async fn a_full_cassette_lets_nothing_out() {
    for limits in [
        CassetteLimits::default().with_exchanges(2),
        CassetteLimits::default().with_bytes(700),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let cloud = ScriptedTransport::new();
        cloud.handle(|_| async { Reply::json(200, &json!({"status": "open"})) });
        let recorder = Arc::new(
            RecordingTransport::create(file(folder.path()), cloud.shared(), limits).unwrap(),
        );
        let done = ask(recorder.clone(), SECRET, &["1", "2", "3", "4"]).await;
        let sent = cloud.sent().len();
        assert!(sent < 4 && done[0].is_success() && !done[3].is_success());
        assert_eq!(done[3].code().as_deref(), Some("node.refused"));
        let length = fs::metadata(file(folder.path())).unwrap().len();
        assert!(length <= 700 * 2);
        let read = ReplayingTransport::open(file(folder.path()), limits).unwrap();
        assert_eq!(
            read.left(),
            recorder.recorded().map_or(read.left(), |count| count)
        );
    }
}

#[test]
fn what_is_no_cassette_is_refused_with_its_line() {
    let line = r#"{"request":{"method":"GET","url":"https://a/"},"answer":{"status":200}}"#;
    let read = |text: &str| {
        let limits = CassetteLimits::default().with_exchanges(2);
        ReplayingTransport::parse(text, limits)
            .map(|one| one.left())
            .map_err(|error| (error.kind(), error.line()))
    };
    assert_eq!(
        read(&format!("{{\"cassette\":1}}\n{line}\n{line}\n")),
        Ok(2)
    );
    for (text, kind, at) in [
        (String::new(), CassetteErrorKind::Version, 1),
        (line.to_owned(), CassetteErrorKind::Version, 1),
        (
            "{\"cassette\":2}\n".to_owned(),
            CassetteErrorKind::Version,
            1,
        ),
        (
            format!("{{\"cassette\":1}}\n{line}\n{}", &line[..40]),
            CassetteErrorKind::Malformed,
            3,
        ),
        (
            format!("{{\"cassette\":1}}\n{}", line.replace("200", "20")),
            CassetteErrorKind::Malformed,
            2,
        ),
        (
            format!(
                "{{\"cassette\":1}}\n{}",
                line.replace("}}", "},\"error\":\"reset\"}")
            ),
            CassetteErrorKind::Malformed,
            2,
        ),
        (
            format!("{{\"cassette\":1}}\n{line}\n{line}\n{line}"),
            CassetteErrorKind::Full,
            4,
        ),
    ] {
        assert_eq!(read(&text), Err((kind, Some(at))), "{text}");
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(file(folder.path()), "x".repeat(1_000)).unwrap();
    let small = CassetteLimits::default().with_bytes(100);
    let error = ReplayingTransport::open(file(folder.path()), small).unwrap_err();
    assert_eq!(error.kind(), CassetteErrorKind::Full);
    assert!(ReplayingTransport::open(folder.path().join("none"), small).is_err());
}
