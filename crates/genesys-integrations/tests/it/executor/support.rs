//! A node, an external system that answers from a script, and time that moves when it is waited for.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use genesys_core::test_util::{Reply, ScriptedTransport};
use genesys_core::vocabulary::Method;
use genesys_integrations::executor::{
    Caller, Execution, ExecutionError, Executor, ExecutorBuilder, NodeCall, PreparedNode,
};
use genesys_integrations::nodes::{RestNode, RestNodeBuilder};
use resilience::SeededRandom;
use resilience::test_util::FakeClock;
use serde_json::{Value, json};

pub(crate) const URL: &str = "https://api.example.com/v1/cases/{{input.id}}";

pub(crate) struct World {
    pub(crate) cloud: ScriptedTransport,
    pub(crate) clock: FakeClock,
    pub(crate) executor: Executor,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(ExecutorBuilder) -> ExecutorBuilder) -> Self {
        let (cloud, clock) = (ScriptedTransport::new(), FakeClock::new());
        let builder = Executor::builder(cloud.shared())
            .with_clock(Arc::new(clock.clone()))
            .with_random(Arc::new(SeededRandom::new(7)));
        Self {
            executor: change(builder).build(),
            cloud,
            clock,
        }
    }

    pub(crate) fn push(&self, replies: impl IntoIterator<Item = Reply>) -> &Self {
        for reply in replies {
            self.cloud.push(reply);
        }
        self
    }

    pub(crate) async fn run(
        &self,
        node: &PreparedNode,
        input: Value,
    ) -> Result<Execution, ExecutionError> {
        self.call(node, call(&input)).await
    }

    pub(crate) async fn call(
        &self,
        node: &PreparedNode,
        call: NodeCall,
    ) -> Result<Execution, ExecutionError> {
        self.drive(self.executor.execute(node, call)).await
    }

    /// Runs a future; whenever it does nothing but wait, time moves on.
    pub(crate) async fn drive<F: Future>(&self, future: F) -> F::Output {
        self.clock.drive(future).await
    }

    pub(crate) fn sent(&self) -> usize {
        self.cloud.sent().len()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn call(input: &Value) -> NodeCall {
    NodeCall::from(input).with_caller(Caller::new("flow-1"))
}

pub(crate) fn input() -> Value {
    json!({"id": "A-1"})
}

pub(crate) fn ok() -> Reply {
    Reply::json(200, &json!({"status": "open"}))
}

/// The schema of the source document.
pub(crate) fn answer_schema() -> Value {
    json!({
        "type": "object",
        "properties": {"status": {"type": "string"}, "resultId": {"type": "string"}},
        "required": ["status"],
    })
}

pub(crate) fn get() -> RestNodeBuilder {
    RestNode::builder("Find case", Method::GET, URL).with_response_schema(answer_schema())
}

pub(crate) fn post() -> RestNodeBuilder {
    RestNode::builder("Change case", Method::POST, URL)
        .with_body(r#"{"id":"{{input.id}}"}"#)
        .with_response_schema(answer_schema())
}

/// The source document's node: a `POST` that changes nothing.
pub(crate) fn memoised() -> RestNodeBuilder {
    post().with_memoise(Duration::from_secs(300))
}

pub(crate) fn prepare(node: RestNodeBuilder) -> PreparedNode {
    PreparedNode::new(&node.build().unwrap()).unwrap()
}
