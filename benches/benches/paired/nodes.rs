//! REST nodes: an answer held to its schema, and a simulated call beside the same call by the bare client.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use endpoint_probe::{EgressPolicy, Guard, GuardedClient};
use genesys_benches::paired::{Limit, Table, Unit};
use genesys_benches::server::Server;
use genesys_benches::stopwatch;
use genesys_core::transport::{GuardedTransport, ReqwestTransport};
use genesys_core::vocabulary::Method;
use genesys_core::{Transport, TransportError};
use genesys_integrations::executor::{Caller, Executor, NodeCall};
use genesys_integrations::nodes::RestNode;
use genesys_integrations::schema::Schema;
use genesys_integrations::simulator::Simulator;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response};
use serde_json::{Value, json};

use crate::client::runtime;

const OPERATIONS: u64 = 100;
const ROUNDS: usize = 61;
const VALIDATIONS: u64 = 10_000;
const COMPILATIONS: u64 = 50;
const INPUT: &str = r#"{"targetId":"A-10042"}"#;
const TOKEN: &str = "token-1";
const BODY: &str = r#"{"status":"open","resultId":"r-10042"}"#;

/// The response schema of the tutorial.
fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"status": {"type": "string"}, "resultId": {"type": "string"}},
        "required": ["status"],
    })
}

pub(crate) fn run() {
    validation();
    work();
    calls();
}

/// A transport that costs nothing: what is left is the simulator's own work.
#[derive(Debug)]
struct Nothing;

#[async_trait::async_trait]
impl Transport for Nothing {
    async fn send(&self, _: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let mut answer = Response::new(Bytes::from_static(BODY.as_bytes()));
        let json = HeaderValue::from_static("application/json");
        answer.headers_mut().insert(CONTENT_TYPE, json);
        Ok(answer)
    }
}

fn work() {
    const CALLS: u64 = 2_000;
    let runtime = runtime();
    let simulator = simulator("http://127.0.0.1:1", Arc::new(Nothing));
    let mut table = Table::new(
        "A simulated call over a transport that costs nothing",
        Unit::Nanos,
    )
    .with_rounds(ROUNDS);
    for name in ["Simulator::simulate", "Simulator::simulate (A/A)"] {
        table.row(name, CALLS, || {
            runtime.block_on(async {
                for _ in 0..CALLS {
                    let call = NodeCall::new(INPUT).with_caller(Caller::new("flow"));
                    assert!(simulator.simulate("node", call).await.is_success());
                }
            });
        });
    }
    print!("{}", table.run());
}

fn validation() {
    const CACHED: &str = "compiled once";
    const EACH: &str = "jsonschema compiled for each answer (the tutorial's way)";
    let (schema, value) = (schema(), serde_json::from_str::<Value>(BODY).expect("JSON"));
    let text = schema.to_string();
    let compiled = Schema::compile(&schema).expect("a schema");
    assert!(compiled.is_valid(&value));
    let cached = |operations: u64| {
        for _ in 0..operations {
            assert!(
                black_box(&compiled)
                    .violations(black_box(&value))
                    .is_empty()
            );
        }
    };
    let mut table = Table::new("An answer is held to its schema", Unit::Nanos).with_rounds(ROUNDS);
    table.row(CACHED, VALIDATIONS, || cached(VALIDATIONS));
    table.row("compiled once (A/A)", VALIDATIONS, || cached(VALIDATIONS));
    table.row("Schema compiled for each answer", COMPILATIONS, || {
        for _ in 0..COMPILATIONS {
            let compiled = Schema::compile(black_box(&schema)).expect("a schema");
            assert!(compiled.violations(black_box(&value)).is_empty());
        }
    });
    // The engine alone, without the checks that our own compilation adds, from the bytes that the tutorial keeps.
    table.row(EACH, COMPILATIONS, || {
        for _ in 0..COMPILATIONS {
            let schema: Value = serde_json::from_str(black_box(&text)).expect("JSON");
            let compiled = jsonschema::draft7::new(&schema).expect("a schema");
            assert!(compiled.is_valid(black_box(&value)));
        }
    });
    let report = table.run();
    print!("{report}");
    report.target(
        "compiled for each answer, over compiled once",
        report.ratio(EACH, CACHED),
        Limit::AtLeast(100.0),
    );
}

fn simulator(base: &str, transport: Arc<dyn Transport>) -> Simulator {
    let executor = Executor::builder(transport)
        .with_credential("token", TOKEN.into())
        .build();
    // Neither a body, which the server does not read, nor a method whose answers are kept.
    let url = format!("{base}/v1/resources/{{{{input.targetId}}}}");
    let node = RestNode::builder("node", Method::DELETE, url)
        .with_header("Authorization", "Bearer {{credentials.token}}")
        .with_response_schema(schema())
        .build()
        .expect("a node");
    Simulator::builder(executor)
        .with_node(node)
        .build()
        .expect("a simulator")
}

fn request(base: &str) -> Request<Bytes> {
    Request::delete(format!("{base}/v1/resources/A-10042"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .body(Bytes::new())
        .expect("a request")
}

fn calls() {
    let base = Server::start(vec![BODY.to_owned()], Duration::ZERO)
        .expect("a server")
        .url();
    let policy = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_any_port();
    let guarded = GuardedClient::builder(Guard::system(policy))
        .build()
        .expect("a client");
    let guarded: Arc<dyn Transport> = Arc::new(GuardedTransport::new(guarded));
    compare(
        "A call, a guarded connection each",
        &base,
        &guarded,
        Some(1.08),
    );
    let kept = ReqwestTransport::builder().build().expect("a client");
    let kept: Arc<dyn Transport> = Arc::new(kept);
    compare(
        "A call on a kept connection, which no guard allows",
        &base,
        &kept,
        None,
    );
}

fn compare(title: &'static str, base: &str, transport: &Arc<dyn Transport>, target: Option<f64>) {
    const BARE: &str = "the bare client";
    const OURS: &str = "Simulator::simulate";
    let runtime = runtime();
    let simulator = simulator(base, Arc::clone(transport));
    let bare = || {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                let answer = transport.send(request(base)).await.expect("an answer");
                assert_eq!(answer.body(), BODY);
            }
        });
    };
    let simulated = || {
        runtime.block_on(async {
            for _ in 0..OPERATIONS {
                let call = NodeCall::new(INPUT).with_caller(Caller::new("flow"));
                let done = simulator.simulate("node", call).await;
                assert!(done.is_success(), "{:?}", done.error());
            }
        });
    };
    let mut table = Table::new(title, Unit::Micros).with_rounds(ROUNDS);
    table.timed(BARE, OPERATIONS, || stopwatch::wall(bare));
    table.timed("the bare client (A/A)", OPERATIONS, || {
        stopwatch::wall(bare)
    });
    table.timed(OURS, OPERATIONS, || stopwatch::wall(simulated));
    let report = table.run();
    print!("{report}");
    if let Some(target) = target {
        report.target(
            "a simulated call over the bare client's",
            report.ratio(OURS, BARE),
            Limit::AtMost(target),
        );
    }
}
