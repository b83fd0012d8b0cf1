//! Public behaviour of templates.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod attacks;
mod headers;
mod json;
mod limits;
mod missing;
mod model;
mod property;
mod requests;
mod schemas;
mod secrets;
mod urls;

use genesys_template::{Error, ErrorKind, Scope, Template, Values};
use serde_json::Value;

/// Values of `input`.
fn input(value: Value) -> Values {
    Values::new().with_json("input", &value)
}

/// Kind and offset of every problem.
fn problems(error: &Error) -> Vec<(ErrorKind, Option<usize>)> {
    let problems = error.problems().iter();
    problems.map(|one| (one.kind(), one.offset())).collect()
}

fn url(text: &str) -> Result<Template, Error> {
    Template::url(text, &Scope::node())
}

fn json(text: &str) -> Result<Template, Error> {
    Template::json(text, &Scope::node())
}

fn header(text: &str) -> Result<Template, Error> {
    Template::header("x-test", text, &Scope::node())
}
