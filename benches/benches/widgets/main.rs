//! Widget validation: from bytes to a full report, beside the tutorial's validator in Rust; allocations; time by size.
//!
//! `cargo bench -p genesys-benches --bench widgets`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement that cannot run has nothing to say"
)]

mod allocations;
mod tutorial;

use std::fmt::Write as _;
use std::hint::black_box;

use genesys_benches::paired::{Limit, Table, Unit};
use serde_json::Value;
use widget_validate::{Policy, RuleSet, Severity, Validator};

#[global_allocator]
static MEMORY: allocations::Counting = allocations::Counting;

/// The tutorial's own payload, indented as the tutorial sends it.
const PAYLOAD: &[u8] = include_bytes!("../../../examples/widgets/dashboard.json");

/// Payloads a batch.
const BATCH: u64 = 5_000;

fn main() {
    payload();
    sizes();
}

fn validator(rules: RuleSet) -> Validator {
    Validator::new(Policy::builder(rules).build().unwrap())
}

fn payload() {
    let config = tutorial::Config::default();
    let ours = validator(RuleSet::Tutorial);
    assert!(ours.validate(PAYLOAD).is_clean_at(Severity::Info));
    tutorial::validate(PAYLOAD, &config).unwrap();

    let mut table = Table::new(
        "The tutorial's payload, from bytes to a report",
        Unit::Nanos,
    );
    let batch = |work: &dyn Fn()| (0..BATCH).for_each(|_| work());
    table.row("tutorial's algorithm", BATCH, || {
        batch(&|| tutorial::validate(black_box(PAYLOAD), &config).unwrap());
    });
    table.row("tutorial's algorithm (A/A)", BATCH, || {
        batch(&|| tutorial::validate(black_box(PAYLOAD), &config).unwrap());
    });
    table.row("full report", BATCH, || {
        batch(&|| drop(black_box(ours.validate(black_box(PAYLOAD)))));
    });
    table.row("full report and its JSON", BATCH, || {
        batch(&|| {
            drop(black_box(
                ours.validate(black_box(PAYLOAD)).to_json("w.json"),
            ))
        });
    });
    table.row("serde_json into a value, no check", BATCH, || {
        batch(&|| {
            drop(black_box(serde_json::from_slice::<Value>(black_box(
                PAYLOAD,
            ))))
        });
    });
    table.row("url::Url::parse of its URL alone", BATCH, || {
        let text = "https://s3.amazonaws.com/my-bucket/widget-manifest.json";
        batch(&|| drop(black_box(url::Url::parse(black_box(text)))));
    });
    let report = table.run();
    println!("{report}");
    let times = 1.0 / report.ratio("full report", "tutorial's algorithm");
    report.target("tutorial's time / ours", times, Limit::AtLeast(3.0));
    let rate = 1e9 / report.median("full report");
    println!(
        "  {rate:.0} payloads/s on one core, {} bytes each\n",
        PAYLOAD.len()
    );

    println!("| allocations for one valid payload | calls | bytes |\n| --- | --- | --- |");
    let line =
        |what: &str, (calls, bytes): (usize, usize)| println!("| {what} | {calls} | {bytes} |");
    for rules in RuleSet::ALL {
        let validator = validator(rules);
        line(
            &format!("full report, {rules}"),
            allocations::of(|| validator.validate(PAYLOAD)),
        );
    }
    line(
        "tutorial's algorithm",
        allocations::of(|| tutorial::validate(PAYLOAD, &config)),
    );
    line(
        "serde_json into a value",
        allocations::of(|| serde_json::from_slice::<Value>(PAYLOAD)),
    );
}

/// What documents of one table are made of.
struct Shape {
    title: &'static str,
    is_clean: bool,
    make: fn(usize) -> String,
}

/// Time a byte from 1 kB to 10 MB, for documents that differ in what they are made of.
fn sizes() {
    const SIZES: [(usize, &str); 5] = [
        (1_000, "1 kB"),
        (10_000, "10 kB"),
        (100_000, "100 kB"),
        (1_000_000, "1 MB"),
        (10_000_000, "10 MB"),
    ];
    let policy = Policy::builder(RuleSet::Recommended)
        .adjust_limits(|limits| limits.max_bytes = usize::MAX)
        .build()
        .unwrap();
    let validator = &Validator::new(policy);
    let shapes = [
        Shape {
            title: "Nanoseconds a byte, lists and objects",
            is_clean: true,
            make: lists,
        },
        Shape {
            title: "Nanoseconds a byte, one long text",
            is_clean: true,
            make: text,
        },
        Shape {
            title: "Nanoseconds a byte, a finding every 40 bytes",
            is_clean: false,
            make: faults,
        },
    ];
    for Shape {
        title,
        is_clean,
        make,
    } in shapes
    {
        let documents: Vec<(&str, String)> = SIZES
            .iter()
            .map(|(size, name)| (*name, make(*size)))
            .collect();
        let mut table = Table::new(title, Unit::Nanos);
        for (name, document) in &documents {
            let report = validator.validate(document.as_str());
            assert_eq!(
                report.is_clean_at(Severity::Warning),
                is_clean,
                "{title}: {:?}",
                report.findings().first()
            );
            // Every batch reads the same number of bytes.
            let times = 10_000_000_usize.div_ceil(document.len());
            table.row(*name, (times * document.len()) as u64, move || {
                (0..times).for_each(|_| {
                    drop(black_box(validator.validate(black_box(document.as_str()))))
                });
            });
        }
        let report = table.run();
        println!("{report}");
        let worst = SIZES
            .iter()
            .map(|(_, name)| report.ratio(name, "1 kB"))
            .fold(0.0, f64::max);
        report.target(
            "time a byte / that at 1 kB, worst",
            worst,
            Limit::AtMost(1.3),
        );
    }
}

const HEAD: &str = r#"{"name":"W","type":"webapp","manifestUrl":"https://cdn.example.com/w.json","#;
const DIMENSIONS: &str = r#""dimensions":{"width":750,"height":500}"#;

fn lists(size: usize) -> String {
    let mut page = format!(r#"{HEAD}"settings":{{{DIMENSIONS},"rows":["#);
    for row in 0.. {
        if page.len() + 60 > size {
            break;
        }
        let separator = if row == 0 { "" } else { "," };
        write!(
            page,
            r#"{separator}{{"id":{},"label":"queue {}","on":true}}"#,
            row % 1000,
            row % 100
        )
        .unwrap();
    }
    page + "]}}"
}

fn text(size: usize) -> String {
    let head = format!(r#"{HEAD}"settings":{{{DIMENSIONS},"note":""#);
    let filler = "Lorem ipsum dolor sit amet. ";
    let filled: String = filler
        .chars()
        .cycle()
        .take(size.saturating_sub(head.len() + 3))
        .collect();
    head + &filled + "\"}}"
}

fn faults(size: usize) -> String {
    let mut page = format!(r#"{HEAD}"settings":{{{DIMENSIONS}}}"#);
    for row in 0.. {
        if page.len() + 40 > size {
            break;
        }
        write!(
            page,
            r#","unheard_of_{:07}":"{:>13}""#,
            row % 10_000_000,
            row
        )
        .unwrap();
    }
    page + "}"
}
