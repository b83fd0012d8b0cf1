//! The pipeline, over a scripted cloud and scripted endpoints, in virtual time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use genesys_core::test_util::Reply;
use genesys_routing::resolver::{
    EndpointCheck, EndpointReason, EndpointResult, Required, ResolveError, ResolveOptions,
    ResolveReport, Resolver,
};
use genesys_routing::{EventRoute, GuideRoutes};
use resilience::Clock;
use resilience::test_util::FakeClock;
use serde_json::{Value, json};
use tokio::sync::Barrier;
use url::Url;

use crate::support::{World, page, with, world};

mod deadlines;
mod idempotency;
mod mesh;
mod probing;
mod recording;

const TOPIC: &str = "v2.detail.events.conversation.{id}.customer.end";
const PRIMARY: &str = "https://hooks.example.com/orders?tenant=hunter2";
const STANDBY: &str = "https://standby.example.net/orders";

fn route() -> EventRoute {
    EventRoute::https("orders", PRIMARY)
        .with_uri(STANDBY)
        .with_event(TOPIC)
        .build()
        .unwrap()
}

fn seen(route: &EventRoute, version: u64) -> Value {
    with(route.to_json(), json!({"id": "r-1", "version": version}))
}

/// How an endpoint behaves.
#[derive(Debug, Clone)]
enum Endpoint {
    Answers(Duration),
    Fails(&'static str),
    Hangs,
}

/// A check that answers from a script: by host, healthy at once unless said otherwise.
#[derive(Debug)]
struct Script {
    clock: FakeClock,
    hosts: Mutex<BTreeMap<String, Endpoint>>,
    calls: AtomicUsize,
    together: Option<Barrier>,
}

impl Script {
    fn new(clock: &FakeClock) -> Self {
        Self {
            clock: clock.clone(),
            hosts: Mutex::default(),
            calls: AtomicUsize::new(0),
            together: None,
        }
    }

    fn set(&self, host: &str, endpoint: Endpoint) {
        self.hosts.lock().unwrap().insert(host.to_owned(), endpoint);
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl EndpointCheck for Script {
    async fn check(&self, uri: &Url) -> EndpointResult {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if let Some(together) = &self.together {
            together.wait().await;
        }
        let host = uri.host_str().unwrap();
        let endpoint = self.hosts.lock().unwrap().get(host).cloned();
        match endpoint.unwrap_or(Endpoint::Answers(Duration::from_millis(7))) {
            Endpoint::Answers(latency) => {
                let at = self.clock.now() + latency;
                self.clock.sleep_until(at).await;
                EndpointResult::reachable(uri, latency)
            }
            Endpoint::Fails(code) => {
                let reason = EndpointReason::error(code, "scripted");
                EndpointResult::unreachable(uri, reason)
            }
            Endpoint::Hangs => std::future::pending().await,
        }
    }
}

/// A world with a resolver in it.
struct Stage {
    world: World,
    check: Arc<Script>,
    resolver: Resolver,
}

fn stage() -> Stage {
    stage_with(|script| script)
}

fn stage_with(set: impl FnOnce(Script) -> Script) -> Stage {
    let world = world();
    let check = Arc::new(set(Script::new(&world.clock)));
    let routes = Arc::new(GuideRoutes::new(world.client.clone()));
    let resolver = Resolver::new(&world.client, routes, check.clone());
    Stage {
        world,
        check,
        resolver,
    }
}

impl Stage {
    /// Runs the pipeline, moving time on whenever it waits.
    async fn resolve(
        &self,
        route: &EventRoute,
        options: &ResolveOptions,
    ) -> Result<ResolveReport, ResolveError> {
        let resolving = self.resolver.resolve(route, options);
        self.world.drive(resolving).await
    }

    /// The next resolve finds nothing and creates the route.
    fn script_creation(&self) {
        self.world
            .push_all([page(&[]), Reply::json(201, &seen(&route(), 1))]);
    }
}

fn options() -> ResolveOptions {
    ResolveOptions::new()
}

#[test]
fn a_resolve_can_be_spawned() {
    fn is_send<T: Send>(_: &T) {}
    let stage = stage();
    let (route, options) = (route(), options());
    is_send(&stage.resolver.resolve(&route, &options));
    is_send(&stage.resolver.resolve_json(b"{}", &options));
    let required = stage.resolver.clone().with_required(Required::Primary);
    is_send(&required.resolve(&route, &options));
}
