//! Every measurement of the workspace, or the parts named on the command line:
//! `cargo bench -p genesys-benches -- breaker token client pages guard probe template nodes instructions`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot run has nothing to say"
)]

mod breaker;
mod client;
mod guard;
mod instructions;
mod nodes;
mod pages;
mod probe;
mod template;
mod token;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if instructions::child(&arguments) {
        return;
    }
    let parts: [(&str, fn()); 9] = [
        ("breaker", breaker::run),
        ("token", token::run),
        ("client", client::run),
        ("pages", pages::run),
        ("guard", guard::run),
        ("probe", probe::run),
        ("template", template::run),
        ("nodes", nodes::run),
        ("instructions", instructions::run),
    ];
    // `cargo bench` adds `--bench`.
    let asked: Vec<&String> = arguments
        .iter()
        .filter(|name| !name.starts_with('-'))
        .collect();
    if let Some(unknown) = asked
        .iter()
        .find(|name| !parts.iter().any(|part| part.0 == **name))
    {
        eprintln!(
            "no part {unknown}; there are {}",
            parts.map(|part| part.0).join(", ")
        );
        std::process::exit(2);
    }
    for (name, run) in parts {
        if asked.is_empty() || asked.iter().any(|part| *part == name) {
            run();
        }
    }
}
