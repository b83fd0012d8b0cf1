//! A list of 20,000 queues in 200 pages.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use genesys_benches::paired::{Limit, Table, Unit};
use genesys_benches::server::Server;
use genesys_core::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{bare, client, runtime, with_reqwest};

const PAGES: usize = 200;
const SIZE: usize = 100;
const PATH: &str = "/api/v2/routing/queues";

/// What a caller who lists queues looks at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Queue {
    id: String,
    name: String,
    division: Division,
    member_count: u32,
}

#[derive(Debug, Deserialize)]
struct Division {
    id: String,
}

/// Everything the server says about a queue, typed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FullQueue {
    id: String,
    name: String,
    description: String,
    division: FullDivision,
    date_modified: String,
    modified_by: String,
    member_count: u32,
    acw_settings: Acw,
    skill_evaluation_method: String,
    enable_transcription: bool,
    enable_manual_assignment: bool,
    self_uri: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FullDivision {
    id: String,
    name: String,
    self_uri: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Acw {
    wrapup_prompt: String,
    timeout_ms: u64,
}

impl FullQueue {
    /// Touches every member, so that none of them is decoded in vain.
    fn weight(&self) -> usize {
        let texts = [
            &self.id,
            &self.name,
            &self.description,
            &self.division.id,
            &self.division.name,
            &self.division.self_uri,
            &self.date_modified,
            &self.modified_by,
            &self.acw_settings.wrapup_prompt,
            &self.skill_evaluation_method,
            &self.self_uri,
        ];
        let flags =
            usize::from(self.enable_transcription) + usize::from(self.enable_manual_assignment);
        texts.iter().map(|text| text.len()).sum::<usize>()
            + flags
            + self.member_count as usize
            + usize::try_from(self.acw_settings.timeout_ms).unwrap_or(0)
    }
}

fn bodies() -> Vec<String> {
    (1..=PAGES)
        .map(|page| {
            let entities: Vec<Value> = (0..SIZE).map(|place| queue((page - 1) * SIZE + place)).collect();
            json!({
                "entities": entities, "pageSize": SIZE, "pageNumber": page, "pageCount": PAGES, "total": PAGES * SIZE,
                "selfUri": format!("{PATH}?pageSize={SIZE}&pageNumber={page}"),
            })
            .to_string()
        })
        .collect()
}

fn queue(number: usize) -> Value {
    let id = format!("{number:08x}-4b1c-4f0e-9c55-2f6d7a8b9c0d");
    json!({
        "id": id,
        "name": format!("Support queue {number}"),
        "description": "Calls and messages about orders, returns and invoices",
        "division": {"id": "5e1f0d3c-7c1c-4ed0-8a4d-4a0a3c1d2b9f", "name": "Home", "selfUri": "/api/v2/authorization/divisions/5e1f0d3c"},
        "dateModified": "2026-03-01T08:15:30.123Z",
        "modifiedBy": "9d3b6c1a-2f4e-4a5b-8c7d-6e5f4a3b2c1d",
        "memberCount": number % 90,
        "acwSettings": {"wrapupPrompt": "MANDATORY_TIMEOUT", "timeoutMs": 60_000},
        "skillEvaluationMethod": "BEST",
        "enableTranscription": false,
        "enableManualAssignment": true,
        "selfUri": format!("{PATH}/{id}"),
    })
}

async fn raw_bytes(client: &reqwest::Client, url: &str) -> usize {
    let mut bytes = 0;
    for page in 1..=PAGES {
        bytes += with_reqwest(client, &format!("{url}?pageSize={SIZE}&pageNumber={page}"))
            .await
            .len();
    }
    bytes
}

/// What a program does without an SDK: every page as generic JSON.
async fn generic(client: &reqwest::Client, url: &str) -> usize {
    let mut items = 0;
    for page in 1..=PAGES {
        let body = with_reqwest(client, &format!("{url}?pageSize={SIZE}&pageNumber={page}")).await;
        let page: Value = serde_json::from_slice(&body).expect("JSON");
        let entities = page["entities"].as_array().expect("entities");
        items += entities
            .iter()
            .filter(|queue| queue["id"].is_string())
            .count();
    }
    items
}

async fn typed(client: &Client, prefetch: usize) -> usize {
    let mut queues = client
        .get(PATH)
        .numbered_pages::<Queue>()
        .with_prefetch(prefetch);
    let mut items = 0;
    while let Some(queue) = queues.try_next().await.expect("a page") {
        items += usize::from(
            !queue.id.is_empty()
                && !queue.name.is_empty()
                && !queue.division.id.is_empty()
                && queue.member_count < 90,
        );
    }
    items
}

async fn typed_whole(client: &Client) -> usize {
    let mut queues = client.get(PATH).numbered_pages::<FullQueue>();
    let mut items = 0;
    while let Some(queue) = queues.try_next().await.expect("a page") {
        items += usize::from(queue.weight() > 100);
    }
    items
}

async fn untyped(client: &Client) -> usize {
    let mut queues = client.get(PATH).numbered_pages::<Value>();
    let mut items = 0;
    while let Some(queue) = queues.try_next().await.expect("a page") {
        items += usize::from(queue["id"].is_string());
    }
    items
}

pub(crate) fn run() {
    decode();
    in_flight();
}

fn decode() {
    let bodies = bodies();
    let length = bodies[0].len();
    let base = Server::start(bodies, Duration::ZERO)
        .expect("a server")
        .url();
    let url = format!("{base}{PATH}");
    let runtime = runtime();
    let (raw, ours) = (bare(), client(&base));

    println!("\nA page has {length} bytes.");
    let pages = PAGES as u64;
    let all = PAGES * SIZE;
    let mut table = Table::new(
        "200 pages of 100 queues, one after the other, a page",
        Unit::Micros,
    )
    .with_rounds(15);
    table.row("reqwest + generic JSON", pages, || {
        assert_eq!(runtime.block_on(generic(&raw, &url)), all)
    });
    table.row("reqwest + generic JSON again (A/A)", pages, || {
        assert_eq!(runtime.block_on(generic(&raw, &url)), all)
    });
    table.row("Pager, typed, the members a caller needs", pages, || {
        assert_eq!(runtime.block_on(typed(&ours, 1)), all)
    });
    table.row("Pager, typed, every member", pages, || {
        assert_eq!(runtime.block_on(typed_whole(&ours)), all)
    });
    table.row("Pager, generic JSON", pages, || {
        assert_eq!(runtime.block_on(untyped(&ours)), all)
    });
    table.row("floor: reqwest, bytes alone", pages, || {
        assert!(runtime.block_on(raw_bytes(&raw, &url)) > all)
    });
    let report = table.run();
    print!("{report}");
    let generic = "reqwest + generic JSON";
    report.target(
        "typed pages over generic JSON",
        report.ratio("Pager, typed, the members a caller needs", generic),
        Limit::AtMost(1.0),
    );
    report.target(
        "every member typed over generic JSON",
        report.ratio("Pager, typed, every member", generic),
        Limit::AtMost(1.0),
    );
}

fn in_flight() {
    let base = Server::start(bodies(), Duration::from_millis(20))
        .expect("a server")
        .url();
    let runtime = runtime();
    let ours = client(&base);
    let all = PAGES * SIZE;
    let mut table = Table::new(
        "200 pages from a server that takes 20 ms, the whole list",
        Unit::Millis,
    );
    table.waiting("one after the other", 1, || {
        assert_eq!(runtime.block_on(typed(&ours, 1)), all)
    });
    for prefetch in [2, 4, 8, 16] {
        let ours = &ours;
        let runtime = &runtime;
        table.waiting(format!("{prefetch} in flight"), 1, move || {
            assert_eq!(runtime.block_on(typed(ours, prefetch)), all)
        });
    }
    let report = table.run();
    print!("{report}");
    report.target(
        "one after the other over 8 in flight",
        report.ratio("one after the other", "8 in flight"),
        Limit::AtLeast(6.0),
    );
}
