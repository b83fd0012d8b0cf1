//! The published OpenAPI contract, and what of an exchange breaks it.

use std::collections::BTreeMap;
use std::path::Path;

use http::header::CONTENT_TYPE;
use serde_json::{Map, Value, json};

use crate::recording::Exchange;

/// An OpenAPI 3.0 document.
#[derive(Debug)]
pub struct Contract {
    document: Value,
    /// Schemas of requests keep their enums; those of answers drop the open ones, which a server may extend.
    request_components: Value,
    response_components: Value,
}

/// What one exchange showed.
#[derive(Debug)]
pub struct Verdict {
    /// The operation's id, or the method and path that no operation has.
    pub operation: String,
    /// Everything that breaks the contract, request first.
    pub problems: Vec<String>,
}

impl Contract {
    /// Reads the document that `GENESYS_OPENAPI` names; none when it is not set.
    pub fn from_env() -> Option<Self> {
        let path = std::env::var_os("GENESYS_OPENAPI")?;
        Some(Self::read(Path::new(&path)))
    }

    /// Reads a document.
    pub fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self::new(serde_json::from_str(&text).unwrap())
    }

    /// Takes a document.
    pub fn new(document: Value) -> Self {
        let request_components = document["components"].clone();
        let mut response_components = request_components.clone();
        drop_open_enums(&mut response_components);
        Self {
            document,
            request_components,
            response_components,
        }
    }

    /// Holds one exchange against the document.
    pub fn check(&self, exchange: &Exchange) -> Verdict {
        let path = exchange.url.path();
        let Some((item, operation)) = self.operation(exchange) else {
            return Verdict {
                operation: format!("{} {path}", exchange.method),
                problems: vec!["no such operation".into()],
            };
        };
        let mut problems = Vec::new();
        self.check_query(exchange, item, operation, &mut problems);
        self.check_request(exchange, operation, &mut problems);
        self.check_answer(exchange, operation, &mut problems);
        Verdict {
            operation: operation["operationId"]
                .as_str()
                .unwrap_or("unnamed")
                .to_owned(),
            problems,
        }
    }

    /// Every operation id of the paths that start with `prefix`.
    pub fn operations(&self, prefix: &str) -> Vec<String> {
        let mut ids: Vec<String> = self.document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .filter(|(path, _)| path.starts_with(prefix))
            .flat_map(|(_, item)| item.as_object().unwrap().values())
            .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
            .collect();
        ids.sort();
        ids
    }

    /// The path item and operation; a literal segment wins over a hole.
    fn operation(&self, exchange: &Exchange) -> Option<(&Value, &Value)> {
        let have: Vec<&str> = exchange.url.path_segments()?.collect();
        let method = exchange.method.as_str().to_ascii_lowercase();
        self.document["paths"]
            .as_object()?
            .iter()
            .filter_map(|(template, item)| {
                let want: Vec<&str> = template.trim_start_matches('/').split('/').collect();
                let fits = want.len() == have.len()
                    && want.iter().zip(&have).all(|(want, have)| {
                        want.starts_with('{') && !have.is_empty() || want == have
                    });
                let literals = want
                    .iter()
                    .filter(|segment| !segment.starts_with('{'))
                    .count();
                (fits && item.get(&method).is_some()).then_some((literals, item))
            })
            .max_by_key(|(literals, _)| *literals)
            .map(|(_, item)| (item, &item[&method]))
    }

    fn check_query(
        &self,
        exchange: &Exchange,
        item: &Value,
        operation: &Value,
        problems: &mut Vec<String>,
    ) {
        let parameters: Vec<&Value> = [item, operation]
            .iter()
            .filter_map(|holder| holder["parameters"].as_array())
            .flatten()
            .map(|parameter| self.resolve(parameter))
            .filter(|parameter| parameter["in"] == "query")
            .collect();
        for (name, value) in exchange.url.query_pairs() {
            let Some(parameter) = parameters
                .iter()
                .find(|parameter| parameter["name"] == *name)
            else {
                problems.push(format!("query parameter {name} is not declared"));
                continue;
            };
            let schema = &parameter["schema"];
            let schema = if schema["type"] == "array" {
                &schema["items"]
            } else {
                schema
            };
            let fits = match schema["type"].as_str() {
                Some("integer") => value.parse::<i64>().is_ok(),
                Some("boolean") => matches!(&*value, "true" | "false"),
                _ => schema["enum"]
                    .as_array()
                    .is_none_or(|allowed| allowed.contains(&json!(value))),
            };
            if !fits {
                problems.push(format!("query parameter {name} does not fit its type"));
            }
        }
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap_or_default();
            if parameter["required"] == true
                && !exchange.url.query_pairs().any(|(key, _)| key == name)
            {
                problems.push(format!("query parameter {name} is missing"));
            }
        }
    }

    fn check_request(&self, exchange: &Exchange, operation: &Value, problems: &mut Vec<String>) {
        let body = &operation["requestBody"];
        if body.is_null() {
            if !exchange.request_body.is_empty() {
                problems.push("request: a body is sent and none is declared".into());
            }
            return;
        }
        if exchange.request_body.is_empty() {
            if body["required"] == true {
                problems.push("request: the body is missing".into());
            }
            return;
        }
        let sent = essence(&exchange.request_headers);
        let Some(media) = body["content"].get(&sent) else {
            problems.push(format!("request: content type {sent} is not declared"));
            return;
        };
        let instance = if sent == "application/x-www-form-urlencoded" {
            let pairs: Map<String, Value> = url::form_urlencoded::parse(&exchange.request_body)
                .map(|(key, value)| (key.into_owned(), json!(value)))
                .collect();
            Value::Object(pairs)
        } else {
            match serde_json::from_slice(&exchange.request_body) {
                Ok(value) => value,
                Err(error) => {
                    problems.push(format!("request: {error}"));
                    return;
                }
            }
        };
        self.validate(
            "request",
            &media["schema"],
            &self.request_components,
            &instance,
            problems,
        );
        self.members("request", &media["schema"], &instance, true, "", problems);
    }

    fn check_answer(&self, exchange: &Exchange, operation: &Value, problems: &mut Vec<String>) {
        let status = exchange.status.as_u16().to_string();
        // The document says that it assumed which 2xx an operation answers.
        let answer = operation["responses"].get(&status).or_else(|| {
            let assumed = operation["responses"]
                .as_object()?
                .iter()
                .find(|(code, _)| code.starts_with('2'))?;
            exchange.status.is_success().then_some(assumed.1)
        });
        let Some(answer) = answer else {
            problems.push(format!("answer: status {status} is not declared"));
            return;
        };
        let answer = self.resolve(answer);
        if exchange.url.path() != "/oauth/token"
            && !exchange.headers.contains_key("inin-correlation-id")
        {
            problems.push("answer: no correlation id".into());
        }
        let schema = &answer["content"]["application/json"]["schema"];
        if schema.is_null() {
            if !exchange.body.is_empty() && exchange.status.is_success() {
                problems.push("answer: a body came and none is declared".into());
            }
            return;
        }
        if exchange.body.is_empty() {
            problems.push("answer: the body is missing".into());
            return;
        }
        if essence(&exchange.headers) != "application/json" {
            problems.push("answer: the content type is not JSON".into());
        }
        match serde_json::from_slice(&exchange.body) {
            Ok(instance) => {
                self.validate(
                    "answer",
                    schema,
                    &self.response_components,
                    &instance,
                    problems,
                );
                self.members("answer", schema, &instance, false, "", problems);
            }
            Err(error) => problems.push(format!("answer: {error}")),
        }
    }

    fn validate(
        &self,
        what: &str,
        schema: &Value,
        components: &Value,
        instance: &Value,
        problems: &mut Vec<String>,
    ) {
        let whole = json!({"allOf": [schema], "components": components});
        let validator = jsonschema::draft4::options()
            .should_validate_formats(false)
            .build(&whole)
            .unwrap_or_else(|error| panic!("{error}"));
        for error in validator.iter_errors(instance) {
            problems.push(format!(
                "{what}: {} at {}",
                error.masked(),
                error.instance_path()
            ));
        }
    }

    /// Finds members that the schema does not have, and read-only ones that are sent: a misnamed member is optional to a
    /// schema, so validation alone would never see it.
    fn members(
        &self,
        what: &str,
        schema: &Value,
        instance: &Value,
        sent: bool,
        at: &str,
        problems: &mut Vec<String>,
    ) {
        let schema = self.resolve(schema);
        match instance {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.members(
                        what,
                        &schema["items"],
                        item,
                        sent,
                        &format!("{at}/{index}"),
                        problems,
                    );
                }
            }
            Value::Object(object) => {
                let mut known = BTreeMap::new();
                let mut open = schema.get("properties").is_none() && schema.get("allOf").is_none();
                self.collect(schema, &mut known, &mut open);
                for (name, value) in object {
                    let at = format!("{at}/{name}");
                    match known.get(name.as_str()) {
                        Some(member) => {
                            // An object below the top is a reference, and a reference is its id.
                            let reference = name == "id" && at.matches('/').count() > 1;
                            if sent && self.is_read_only(member) && !reference {
                                problems.push(format!("{what}: read-only member {at} is sent"));
                            }
                            self.members(what, member, value, sent, &at, problems);
                        }
                        None if open || schema.get("additionalProperties").is_some() => {
                            self.members(
                                what,
                                &schema["additionalProperties"],
                                value,
                                sent,
                                &at,
                                problems,
                            );
                        }
                        None => problems.push(format!("{what}: unknown member {at}")),
                    }
                }
            }
            _ => {}
        }
    }

    fn collect<'a>(
        &'a self,
        schema: &'a Value,
        known: &mut BTreeMap<&'a str, &'a Value>,
        open: &mut bool,
    ) {
        let schema = self.resolve(schema);
        if let Some(properties) = schema["properties"].as_object() {
            known.extend(
                properties
                    .iter()
                    .map(|(name, member)| (name.as_str(), member)),
            );
        } else if schema.get("allOf").is_none() {
            *open = true;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.collect(part, known, open);
        }
    }

    fn is_read_only(&self, schema: &Value) -> bool {
        schema["readOnly"] == true
    }

    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("a local reference");
                self.resolve(
                    self.document
                        .pointer(pointer)
                        .expect("a reference that leads somewhere"),
                )
            }
            None => value,
        }
    }
}

fn essence(headers: &http::HeaderMap) -> String {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

fn drop_open_enums(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("x-genesys-open-enum") == Some(&Value::Bool(true)) {
                object.remove("enum");
            }
            object.values_mut().for_each(drop_open_enums);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_open_enums),
        _ => {}
    }
}
