//! What a subscriber of `tracing` hears.

use std::io::Write;
use std::sync::{Arc, Mutex};

use genesys_core::test_util::Reply;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::Fixture;

/// Takes the lines. Clones share them.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// What was written since the last time.
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test(start_paused = true)]
async fn the_level_of_a_call_follows_its_outcome() {
    // errata EVR-36, EVR-37
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    // While there is one subscriber alone, a callsite that another test's thread meets first is switched off for good.
    let _second = tracing_subscriber::util::SubscriberInitExt::set_default(
        tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_writer(std::io::sink)
            .finish(),
    );
    let _listening = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    let fixture = Fixture::new();
    let client = fixture.client();
    let call = || client.get("/api/v2/users").query("key", "hunter2");

    fixture.transport.push(Reply::json(200, &json!({})));
    call().json::<Value>().await.unwrap();
    let told = lines.take();
    assert!(
        told.contains("DEBUG") && told.contains("call succeeded"),
        "{told}"
    );
    assert!(!told.contains("WARN"), "{told}");
    assert!(!told.contains("hunter2"), "{told}");

    fixture
        .transport
        .push(Reply::status(404).with_header("inin-correlation-id", "c-42"));
    call().json::<Value>().await.unwrap_err();
    let told = lines.take();
    let line = told
        .lines()
        .find(|line| line.contains("call failed"))
        .unwrap();
    assert!(
        line.contains("WARN") && line.contains("not_found"),
        "{told}"
    );
    assert!(
        told.contains("c-42"),
        "the operator finds it by its id: {told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
}
