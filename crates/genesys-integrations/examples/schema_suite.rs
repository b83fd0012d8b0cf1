//! Runs the required tests of the JSON-Schema-Test-Suite through our own wrapper; what `.ci/json-schema-suite` calls.
//!
//!     cargo run -p genesys-integrations --features executor --example schema_suite -- FOLDER
//!
//! `FOLDER` is a copy of the suite, with `tests` and `remotes`. Each test that comes out otherwise than the suite says must be one of
//! [`EXPLAINED`], and each of those must still come out so.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that reports on stdout"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use genesys_integrations::schema::{Draft, Schema, SchemaBuilder};
use serde_json::Value;

/// Where the suite expects its remotes to be.
const REMOTES: &str = "http://localhost:1234/";

const DRAFTS: [(Draft, &str, usize); 3] = [
    (Draft::Draft7, "draft7", 910),
    (Draft::Draft201909, "draft2019-09", 1_220),
    (Draft::Draft202012, "draft2020-12", 1_250),
];

/// Tests that come out otherwise: file, group, and why.
const EXPLAINED: &[(&str, &str, &str)] = &[];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: schema_suite FOLDER");
        return Ok(ExitCode::from(2));
    };
    let (mut failures, mut explained) = (Vec::new(), BTreeMap::new());
    for (draft, name, least) in DRAFTS {
        let remotes = remotes(&folder.join("remotes"), name)?;
        let (mut passed, mut missed) = (0_usize, 0_usize);
        for file in files(&folder.join("tests").join(name))? {
            let place = format!(
                "{name}/{}",
                file.file_name().unwrap_or_default().to_string_lossy()
            );
            for group in list(&read(&file)?) {
                let described = text(group, "description");
                let schema = builder(draft, &remotes).compile(&group["schema"]);
                for test in list(&group["tests"]) {
                    match outcome(&schema, test) {
                        Ok(()) => passed += 1,
                        Err(what) => {
                            missed += 1;
                            let line = format!(
                                "{place}: {described}: {}: {what}",
                                text(test, "description")
                            );
                            match EXPLAINED
                                .iter()
                                .find(|one| one.0 == place && one.1 == described)
                            {
                                Some(why) => *explained.entry(*why).or_insert(0) += 1,
                                None => failures.push(line),
                            }
                        }
                    }
                }
            }
        }
        println!("{name}: {passed} required tests hold, {missed} do not");
        if passed < least {
            failures.push(format!(
                "{name}: fewer than {least} tests hold; is {} the suite?",
                folder.display()
            ));
        }
    }
    for ((file, group, why), count) in &explained {
        println!("explained: {file}: {group} ({count}): {why}");
    }
    for one in EXPLAINED.iter().filter(|one| !explained.contains_key(*one)) {
        failures.push(format!("{}: {}: explained, and it holds", one.0, one.1));
    }
    for line in &failures {
        eprintln!("{line}");
    }
    Ok(if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The three ways of asking must agree with the suite and with each other.
fn outcome(
    schema: &Result<Schema, genesys_integrations::schema::SchemaError>,
    test: &Value,
) -> Result<(), String> {
    let schema = schema.as_ref().map_err(ToString::to_string)?;
    let (value, expected) = (&test["data"], test["valid"] == true);
    if schema.is_valid(value) != expected {
        return Err(format!("should be {expected}"));
    }
    let violations = schema.violations(value);
    match violations.is_empty() == expected {
        true => Ok(()),
        false => Err(format!("violations: {violations:?}")),
    }
}

fn builder(draft: Draft, remotes: &[(String, Value)]) -> SchemaBuilder {
    remotes.iter().fold(
        Schema::builder().with_default_draft(draft),
        |builder, (uri, document)| builder.with_document(uri, document.clone()),
    )
}

/// The remotes that belong to every draft, and those of this one.
fn remotes(folder: &Path, draft: &str) -> Result<Vec<(String, Value)>, Box<dyn Error>> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            let place = path
                .strip_prefix(folder)?
                .to_string_lossy()
                .replace('\\', "/");
            if path.is_dir() {
                if !place.starts_with("draft") || place.split('/').next() == Some(draft) {
                    open.push(path);
                }
            } else if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                found.push((format!("{REMOTES}{place}"), read(&path)?));
            }
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    Ok(found)
}

/// The required tests are those that stand in no folder of their own.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Value, Box<dyn Error>> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}
