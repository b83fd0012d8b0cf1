//! A small cloud of the guide profile behind a scripted transport, for tests of the pipeline.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use genesys_core::TransportErrorKind;
use genesys_core::test_util::{Reply, ScriptedTransport, SentRequest};
use serde_json::{Value, json};

/// What the cloud holds and how it misbehaves.
#[derive(Debug, Default)]
pub(crate) struct State {
    next: u32,
    pub(crate) objects: BTreeMap<String, Value>,
    /// Every write that took effect, as `VERB /path`.
    pub(crate) effects: Vec<String>,
    /// Answers of the next tests; success when empty.
    pub(crate) tests: Vec<(u16, Value)>,
    /// A request that takes effect and whose answer is lost: the next whose line starts with this.
    pub(crate) lose: Option<&'static str>,
    /// A request that takes effect and never ends: the next whose line starts with this.
    pub(crate) hang: Option<&'static str>,
    /// Requests that are refused with this status while set.
    pub(crate) refuse: Option<(&'static str, u16)>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Cloud(Arc<Mutex<State>>);

impl Cloud {
    pub(crate) fn serve(transport: &ScriptedTransport) -> Self {
        let cloud = Self::default();
        let served = cloud.clone();
        transport.handle(move |request| {
            let reply = served.answer(request);
            std::future::ready(reply)
        });
        cloud
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    pub(crate) fn statuses(&self) -> Vec<String> {
        self.with(|state| {
            state
                .objects
                .values()
                .map(|object| object["status"].as_str().unwrap().to_owned())
                .collect()
        })
    }

    fn answer(&self, request: &SentRequest) -> Reply {
        let line = super::line(request);
        self.with(|state| {
            if let Some((start, status)) = state.refuse
                && line.starts_with(start)
            {
                return Reply::json(
                    status,
                    &json!({"message": "refused by the test", "status": status}),
                );
            }
            let reply = state.serve(request, &line);
            let next = |wanted: &mut Option<&str>| {
                wanted.take_if(|start| line.starts_with(*start)).is_some()
            };
            if next(&mut state.lose) {
                return Reply::fail(TransportErrorKind::Reset);
            }
            if next(&mut state.hang) {
                return Reply::hang();
            }
            reply
        })
    }
}

impl State {
    fn serve(&mut self, request: &SentRequest, line: &str) -> Reply {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let path: Vec<&str> = request
            .uri
            .path()
            .trim_start_matches("/api/v2/integrations")
            .split('/')
            .skip(1)
            .collect();
        let missing = || {
            Reply::json(
                404,
                &json!({"message": "not found", "code": "not.found", "status": 404}),
            )
        };
        match (request.method.as_str(), path.as_slice()) {
            ("GET", []) => Reply::json(200, &super::page(self.objects.values().cloned().collect())),
            ("POST", []) => {
                self.next += 1;
                let id = format!("i-{}", self.next);
                let mut object = body;
                object["id"] = json!(id);
                object["createdAt"] = json!("2026-01-02T03:04:05Z");
                hide_password(&mut object);
                self.objects.insert(id, object.clone());
                self.effects.push(line.to_owned());
                Reply::json(201, &object)
            }
            (verb, [id]) => {
                let Some(object) = self.objects.get_mut(*id) else {
                    return missing();
                };
                match verb {
                    "GET" => Reply::json(200, object),
                    "DELETE" => {
                        self.objects.remove(*id);
                        self.effects.push(line.to_owned());
                        Reply::status(204)
                    }
                    _ => {
                        let before = object.clone();
                        for (name, value) in body.as_object().unwrap() {
                            object[name] = value.clone();
                        }
                        hide_password(object);
                        let answer = object.clone();
                        if before != answer || verb == "PUT" {
                            self.effects.push(line.to_owned());
                        }
                        Reply::json(200, &answer)
                    }
                }
            }
            ("POST", [id, "test"]) => {
                if !self.objects.contains_key(*id) {
                    return missing();
                }
                if self.tests.is_empty() {
                    return Reply::json(
                        200,
                        &json!({"status": "Success", "message": "answered 200", "responseTime": 12}),
                    );
                }
                let (status, body) = self.tests.remove(0);
                Reply::json(status, &body)
            }
            _ => missing(),
        }
    }
}

/// A widget has none.
fn hide_password(object: &mut Value) {
    if let Some(authentication) = object
        .get_mut("authentication")
        .and_then(Value::as_object_mut)
    {
        authentication.remove("password");
    }
}
