//! A platform made of lists, and a client on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use genesys_core::test_util::{RecordingAudit, Reply, ScriptedTransport, SentRequest};
use genesys_core::{Client, Region, StaticToken};
use serde_json::{Value, json};

/// Lists by path, answered in numbered pages; one object by the list's path and its id.
#[derive(Clone, Default)]
pub(crate) struct Platform {
    pub(crate) transport: ScriptedTransport,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    lists: BTreeMap<String, Vec<Value>>,
    statuses: BTreeMap<String, u16>,
    fixed: BTreeMap<String, Value>,
}

impl Platform {
    pub(crate) fn new() -> Self {
        let platform = Self::default();
        let state = Arc::clone(&platform.state);
        platform.transport.handle(move |request| {
            let reply = answer(&state.lock().unwrap(), request);
            async move { reply }
        });
        platform.object(
            "/api/v2/organizations/me",
            json!({"id": "org-1", "name": "Acme"}),
        )
    }

    pub(crate) fn list(self, path: &str, items: impl IntoIterator<Item = Value>) -> Self {
        self.state
            .lock()
            .unwrap()
            .lists
            .insert(path.to_owned(), items.into_iter().collect());
        self
    }

    /// Answers a path and everything below it with a status.
    pub(crate) fn status(self, path: &str, status: u16) -> Self {
        self.set_status(path, Some(status));
        self
    }

    pub(crate) fn set_status(&self, path: &str, status: Option<u16>) {
        let statuses = &mut self.state.lock().unwrap().statuses;
        match status {
            Some(status) => statuses.insert(path.to_owned(), status),
            None => statuses.remove(path),
        };
    }

    /// Answers one path with one document.
    pub(crate) fn object(self, path: &str, document: Value) -> Self {
        self.state
            .lock()
            .unwrap()
            .fixed
            .insert(path.to_owned(), document);
        self
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub(crate) fn audited(&self) -> (Client, RecordingAudit) {
        let trail = RecordingAudit::new();
        let client = self
            .builder()
            .with_audit(Arc::new(trail.clone()), "client-1")
            .build()
            .unwrap();
        (client, trail)
    }

    fn builder(&self) -> genesys_core::ClientBuilder {
        Client::builder(Region::EuWest1)
            .with_token_source(StaticToken::new("a token".to_owned().into()).unwrap())
            .with_transport(self.transport.shared())
            .with_retry(genesys_core::vocabulary::RetryPolicy::default().with_max_attempts(1))
    }

    /// The paths that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.transport
            .sent()
            .iter()
            .map(|request| request.uri.path().to_owned())
            .collect()
    }
}

fn answer(state: &State, request: &SentRequest) -> Reply {
    let path = request.uri.path();
    let refused = state
        .statuses
        .iter()
        .find(|(prefix, _)| path.starts_with(prefix.as_str()));
    if let Some((_, status)) = refused {
        let body = json!({"status": status, "code": "scripted", "message": "scripted"});
        return Reply::json(*status, &body);
    }
    if let Some(document) = state.fixed.get(path) {
        return Reply::json(200, document);
    }
    if let Some(items) = state.lists.get(path) {
        return Reply::json(200, &page(items, request));
    }
    let parent = path
        .rsplit_once('/')
        .and_then(|(list, id)| Some((state.lists.get(list)?, id)));
    match parent.and_then(|(items, id)| items.iter().find(|item| item["id"] == id)) {
        Some(item) => Reply::json(200, item),
        None => Reply::json(
            404,
            &json!({"status": 404, "code": "not.found", "message": "not found"}),
        ),
    }
}

fn page(items: &[Value], request: &SentRequest) -> Value {
    let query = request.uri.query().unwrap_or_default();
    let number = |name: &str, default: usize| {
        let found = query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        found.map_or(default, |text| text.parse().unwrap())
    };
    let (size, number) = (number("pageSize", 25), number("pageNumber", 1));
    let shown: Vec<&Value> = items.iter().skip((number - 1) * size).take(size).collect();
    json!({
        "entities": shown, "pageNumber": number, "pageSize": size, "total": items.len(),
        "pageCount": items.len().div_ceil(size),
    })
}
