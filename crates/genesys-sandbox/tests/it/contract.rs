//! Answers against the published API contract, when `GENESYS_OPENAPI` names one.

use std::sync::OnceLock;

use serde_json::{Value, json};

/// The contract, read once; without one this says so, and nothing is checked.
#[allow(
    clippy::print_stdout,
    reason = "a check that checks nothing has to say so"
)]
fn document() -> Option<&'static Value> {
    static DOCUMENT: OnceLock<Option<Value>> = OnceLock::new();
    DOCUMENT
        .get_or_init(|| {
            let Ok(path) = std::env::var("GENESYS_OPENAPI") else {
                println!("GENESYS_OPENAPI is not set: no answer is checked against the contract");
                return None;
            };
            Some(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
        })
        .as_ref()
}

/// Checks an answer of the operation behind this route of the sandbox.
pub(crate) fn check(method: &str, route: &str, status: u16, body: &Value) {
    let Some(document) = document() else { return };
    let path = published(document, route);
    let operation = &document["paths"][&path][method.to_lowercase()];
    assert!(
        operation.is_object(),
        "{method} {path} is not in the contract"
    );
    let schema = if status >= 400 {
        json!({"$ref": "#/components/schemas/ErrorBody"})
    } else {
        let answers = operation["responses"].as_object().unwrap();
        // The contract's 2xx statuses are an assumption of its makers; there is one for each operation.
        let (_, answer) = answers
            .iter()
            .find(|(code, _)| code.starts_with('2'))
            .unwrap();
        answer["content"]["application/json"]["schema"].clone()
    };
    if schema.is_null() {
        assert!(
            body.is_null(),
            "{method} {path} has no body in the contract"
        );
        return;
    }
    let mut whole = json!({"allOf": [schema]});
    whole["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&whole).unwrap();
    let violations: Vec<String> = validator
        .iter_errors(body)
        .map(|e| format!("{} {e}", e.instance_path()))
        .collect();
    assert!(
        violations.is_empty(),
        "{method} {path} {status}: {violations:?}\n{body}"
    );
}

/// The contract's path of this shape; its variable segments may have other names.
fn published(document: &Value, route: &str) -> String {
    let shape = |path: &str| {
        path.split('/')
            .map(|segment| {
                if segment.starts_with('{') {
                    "{}"
                } else {
                    segment
                }
                .to_owned()
            })
            .collect::<Vec<_>>()
    };
    let paths = document["paths"].as_object().unwrap().keys();
    let same = paths.into_iter().find(|path| shape(path) == shape(route));
    same.map_or_else(|| route.to_owned(), Clone::clone)
}
