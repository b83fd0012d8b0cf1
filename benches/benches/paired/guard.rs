//! What the egress guard adds to a connection, beside what the URL's own parse costs.

use std::hint::black_box;
use std::net::IpAddr;

use endpoint_probe::EgressPolicy;
use genesys_benches::paired::{Limit, Table, Unit};
use url::Url;

const OPERATIONS: u64 = 20_000;
const ROUNDS: usize = 41;

/// A destination as a caller would name it.
pub(crate) const NAMED: &str = "https://hooks.example.com/genesys/events?tenant=7";
/// The same by its address.
pub(crate) const LITERAL: &str = "https://93.184.216.34/genesys/events?tenant=7";

/// Public ones: a refusal would end early.
pub(crate) fn addresses() -> [IpAddr; 8] {
    [
        "93.184.216.34",
        "2606:2800:220:1:248:1893:25c8:1946",
        "1.1.1.1",
        "2606:4700:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.4.4",
        "203.0.112.1",
        "2001:4860:4860::8888",
    ]
    .map(|text| text.parse().expect("an address"))
}

pub(crate) fn parse(text: &str, operations: u64) {
    for _ in 0..operations {
        black_box(Url::parse(black_box(text)).expect("a URL"));
    }
}

/// Everything that the guard does with a parsed URL and the answers of its look-up, but the look-up.
pub(crate) fn judge(text: &str, addresses: &[IpAddr], operations: u64) {
    let policy = EgressPolicy::new();
    let url = Url::parse(text).expect("a URL");
    for _ in 0..operations {
        black_box(&policy)
            .check_url(black_box(&url))
            .expect("allowed");
        for address in addresses {
            black_box(policy.check_address(black_box(*address)).expect("allowed"));
        }
    }
}

pub(crate) fn addresses_alone(addresses: &[IpAddr], operations: u64) {
    let policy = EgressPolicy::new();
    for _ in 0..operations {
        for address in addresses {
            black_box(policy.check_address(black_box(*address)).expect("allowed"));
        }
    }
}

pub(crate) fn run() {
    let all = addresses();
    let mut table = Table::new("A destination is guarded", Unit::Nanos).with_rounds(ROUNDS);
    table.row("Url::parse", OPERATIONS, || parse(NAMED, OPERATIONS));
    table.row("Url::parse again (A/A)", OPERATIONS, || {
        parse(NAMED, OPERATIONS);
    });
    table.row("guard: URL, name and one address", OPERATIONS, || {
        judge(NAMED, &all[..1], OPERATIONS);
    });
    table.row("guard: URL, name and eight addresses", OPERATIONS, || {
        judge(NAMED, &all, OPERATIONS);
    });
    table.row("Url::parse of an address", OPERATIONS, || {
        parse(LITERAL, OPERATIONS);
    });
    table.row("guard: URL that is an address", OPERATIONS, || {
        judge(LITERAL, &[], OPERATIONS);
    });
    table.row("guard: one address alone", OPERATIONS, || {
        addresses_alone(&all[..1], OPERATIONS);
    });
    let report = table.run();
    print!("{report}");
    for (guarded, parsed) in [
        ("guard: URL, name and one address", "Url::parse"),
        ("guard: URL, name and eight addresses", "Url::parse"),
        ("guard: URL that is an address", "Url::parse of an address"),
    ] {
        report.target(
            &format!("{guarded}, over {parsed}"),
            report.ratio(guarded, parsed),
            Limit::AtMost(1.0),
        );
    }
}
