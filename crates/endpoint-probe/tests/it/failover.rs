//! Readiness of standbys: each aspect alone, all together, and from real probes.

mod observed;
mod shape;

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use endpoint_probe::{
    CertificateIdentity, EndpointFacts, FailoverPolicy, FateKind, HealthState, Independence,
    Readiness, ReadinessAspect, ReadinessFinding, Requirement, ResponseShape, SharedFate, TlsFacts,
};
use proptest::prelude::*;

const DAY: Duration = Duration::from_secs(86_400);

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

fn shape(body: &str) -> ResponseShape {
    serde_json::from_str::<ResponseShape>(body)
        .unwrap()
        .with_status(200)
        .with_media_type("application/json; charset=utf-8")
}

fn tls(fingerprint: &str, days: u32) -> TlsFacts {
    let certificate = CertificateIdentity::new(fingerprint)
        .with_serial("CN=CA", format!("0{fingerprint}"))
        .with_key(format!("key-{fingerprint}"));
    TlsFacts::valid(now() + DAY * days).with_certificate(certificate)
}

fn primary() -> EndpointFacts {
    EndpointFacts::new("a.example.com")
        .with_addresses([ip("198.51.100.10"), ip("2001:db8:1::10")])
        .with_aliases(["lb-a.example.net".to_owned()])
        .with_tls(tls("aa", 200))
        .with_health(HealthState::Up)
        .with_shape(shape(r#"{"id": "x"}"#))
        .with_attribute("timeout", "30 s")
        .with_region("eu-west-1")
        .with_autonomous_system(64_496)
}

/// A standby that shares nothing with the primary and is ready.
fn standby() -> EndpointFacts {
    EndpointFacts::new("b.example.com")
        .with_addresses([ip("203.0.113.10"), ip("2001:db8:2::10")])
        .with_aliases(["lb-b.example.net".to_owned()])
        .with_tls(tls("bb", 100))
        .with_health(HealthState::Up)
        .with_shape(shape(r#"{"id": "y"}"#))
        .with_attribute("timeout", "30 s")
        .with_region("us-east-1")
        .with_autonomous_system(64_500)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn assess(standby: &EndpointFacts) -> Readiness {
    FailoverPolicy::new().assess(&primary(), standby, now())
}

fn blocking(readiness: &Readiness) -> Vec<ReadinessFinding> {
    let findings = readiness.blocking().map(|reason| reason.finding.clone());
    findings.collect()
}

fn warnings(readiness: &Readiness) -> Vec<ReadinessFinding> {
    let findings = readiness.warnings().map(|reason| reason.finding.clone());
    findings.collect()
}

#[test]
fn a_standby_with_everything_of_its_own_is_ready() {
    let readiness = assess(&standby());
    assert!(readiness.ready, "{readiness:?}");
    assert_eq!(readiness.independence, Independence::Independent);
    assert_eq!(readiness.reasons, []);
    assert_eq!(readiness.expiry_gap_seconds, Some(-100 * 86_400));
    assert_eq!(readiness.standby, "b.example.com");
}

#[test]
fn what_nobody_looked_at_is_not_ready() {
    let readiness = assess(&EndpointFacts::new("b.example.com"));
    assert!(!readiness.ready);
    let aspects: Vec<_> = readiness.blocking().map(|reason| reason.aspect).collect();
    assert_eq!(
        aspects,
        [
            ReadinessAspect::Dns,
            ReadinessAspect::Tls,
            ReadinessAspect::Health,
            ReadinessAspect::Parity,
            ReadinessAspect::Parity, // The setting that the primary has.
            ReadinessAspect::Expiry,
            ReadinessAspect::Independence,
            ReadinessAspect::Independence,
        ]
    );
    assert_eq!(readiness.independence, Independence::Unknown);
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let broken = EndpointFacts::new("b.example.com")
        .with_addresses([])
        .with_tls(TlsFacts::invalid("wrong\nname").with_not_after(now() - DAY))
        .with_health(HealthState::Down)
        .with_shape(
            ResponseShape::new()
                .with_status(404)
                .with_media_type("text/html"),
        )
        .with_attribute("retries", "3");
    let not_after = now() - DAY;
    let found = blocking(&assess(&broken));
    for expected in [
        ReadinessFinding::NoAddress,
        ReadinessFinding::TlsProblem {
            problem: "wrong\u{fffd}name".into(),
        },
        ReadinessFinding::NotUp {
            state: HealthState::Down,
        },
        ReadinessFinding::StatusDiffers {
            primary: 200,
            standby: 404,
        },
        ReadinessFinding::AttributeDiffers {
            name: "timeout".into(),
        },
        ReadinessFinding::AttributeDiffers {
            name: "retries".into(),
        },
        ReadinessFinding::Expired { not_after },
    ] {
        assert!(found.contains(&expected), "{expected:?} in {found:?}");
    }
    let kinds = |wanted: &str| {
        found
            .iter()
            .any(|finding| finding.to_string().contains(wanted))
    };
    assert!(kinds("media type text/html"));
    assert!(
        kinds("members of the answer that differ: 1 (the body is missing)"),
        "{found:?}"
    );
    // One line each.
    assert!(
        found
            .iter()
            .all(|finding| !finding.to_string().contains('\n'))
    );
}

#[test]
fn each_shared_fate_is_found_alone() {
    let cases = [
        (
            standby().with_aliases(["x.example.org".to_owned(), "LB-A.example.net.".to_owned()]),
            SharedFate::Name("lb-a.example.net".into()),
        ),
        (
            standby().with_aliases(["A.example.com".to_owned()]),
            SharedFate::Name("a.example.com".into()),
        ),
        (
            standby().with_addresses([ip("203.0.113.10"), ip("198.51.100.10")]),
            SharedFate::Address(ip("198.51.100.10")),
        ),
        (
            standby().with_addresses([ip("::ffff:198.51.100.10")]),
            SharedFate::Address(ip("198.51.100.10")),
        ),
        (
            standby().with_addresses([ip("198.51.100.255")]),
            SharedFate::Network("198.51.100.0/24".into()),
        ),
        (
            standby().with_addresses([ip("2001:db8:1:ffff::1")]),
            SharedFate::Network("2001:db8:1::/48".into()),
        ),
        (
            standby().with_tls(tls("AA", 200)),
            SharedFate::Certificate("aa".into()),
        ),
        (
            // Read by another tool, with another hash: the serial number tells.
            standby().with_tls(TlsFacts::valid(now() + DAY * 100).with_certificate(
                CertificateIdentity::new("another hash").with_serial("cn=ca", "0AA"),
            )),
            SharedFate::Certificate("aa".into()),
        ),
        (
            // Renewed over the same key.
            standby().with_tls(
                TlsFacts::valid(now() + DAY * 100)
                    .with_certificate(CertificateIdentity::new("cc").with_key("KEY:AA")),
            ),
            SharedFate::Key("keyaa".into()),
        ),
        (
            standby().with_autonomous_system(64_496),
            SharedFate::AutonomousSystem(64_496),
        ),
        (
            standby().with_region(" EU-West-1"),
            SharedFate::Region("eu-west-1".into()),
        ),
    ];
    for (standby, fate) in cases {
        let readiness = assess(&standby);
        assert_eq!(
            readiness.independence,
            Independence::Shared(vec![fate.clone()])
        );
        assert_eq!(
            blocking(&readiness),
            [ReadinessFinding::SharedFate { fate }]
        );
    }
}

#[test]
fn neighbours_of_a_network_are_independent() {
    for address in [
        "198.51.101.10",
        "198.51.99.255",
        "2001:db8:0:ffff::",
        "2001:db8:2::",
    ] {
        let readiness = assess(&standby().with_addresses([ip(address)]));
        assert_eq!(
            readiness.independence,
            Independence::Independent,
            "{address}"
        );
    }
}

#[test]
fn a_host_that_is_an_address_is_compared_as_one() {
    let mut literal = standby();
    literal.host = "198.51.100.10".into();
    let fate = SharedFate::Address(ip("198.51.100.10"));
    assert_eq!(
        assess(&literal).independence,
        Independence::Shared(vec![fate])
    );
}

#[test]
fn the_region_is_what_the_user_says_and_else_unknown() {
    // errata DEP-29
    let mut unknown = standby();
    unknown.region = None;
    let readiness = assess(&unknown);
    assert!(readiness.ready);
    let what = "regions of both";
    assert_eq!(
        warnings(&readiness),
        [ReadinessFinding::NotChecked { what }]
    );
}

#[test]
fn a_certificate_has_to_last() {
    let lasting = |days| assess(&standby().with_tls(tls("bb", days)));
    assert!(lasting(14).ready);
    let [ReadinessFinding::ExpiresSoon { days_left, .. }] = blocking(&lasting(13))[..] else {
        panic!("the life is too short");
    };
    assert_eq!(days_left, 13);
    let patient = FailoverPolicy::new().with_min_certificate_life(DAY);
    assert!(
        patient
            .assess(&primary(), &standby().with_tls(tls("bb", 13)), now())
            .ready
    );
}

#[test]
fn certificates_that_end_together_are_warned_of() {
    let together = standby().with_tls(tls("bb", 200));
    let readiness = assess(&together);
    assert!(readiness.ready);
    let gap_seconds = 0;
    assert_eq!(
        warnings(&readiness),
        [ReadinessFinding::ExpireTogether { gap_seconds }]
    );
    assert_eq!(readiness.expiry_gap_seconds, Some(0));
    let relaxed = FailoverPolicy::new().with_min_expiry_gap(Duration::ZERO);
    assert_eq!(relaxed.assess(&primary(), &together, now()).reasons, []);
}

#[test]
fn a_degraded_standby_is_ready_with_a_warning_and_a_flapping_one_is_not() {
    let degraded = assess(&standby().with_health(HealthState::Degraded));
    assert!(degraded.ready);
    assert_eq!(warnings(&degraded).len(), 1);
    assert!(!assess(&standby().with_health(HealthState::Flapping)).ready);
}

#[test]
fn the_policy_decides_what_blocks_and_the_facts_stay() {
    let same = standby().with_tls(tls("aa", 200));
    let fate = SharedFate::Certificate("aa".into());
    let accepting = FailoverPolicy::new().with_accepted(FateKind::Certificate);
    let readiness = accepting.assess(&primary(), &same, now());
    assert!(readiness.ready);
    assert_eq!(
        readiness.independence,
        Independence::Shared(vec![fate.clone()])
    );
    assert_eq!(
        warnings(&readiness),
        [ReadinessFinding::SharedFate { fate }]
    );

    let down = standby().with_health(HealthState::Down);
    let with = |requirement| {
        FailoverPolicy::new()
            .with_requirement(ReadinessAspect::Health, requirement)
            .assess(&primary(), &down, now())
    };
    assert!(!with(Requirement::Required).ready);
    assert!(with(Requirement::Advised).ready);
    assert_eq!(with(Requirement::Advised).reasons.len(), 1);
    assert_eq!(with(Requirement::Ignored).reasons, []);
}

#[test]
fn standbys_that_share_a_fate_with_each_other_are_told() {
    let mut second = standby().with_label("second");
    second.host = "c.example.com".into();
    let broken = EndpointFacts::new("d.example.com");
    let report = FailoverPolicy::new().assess_all(&primary(), &[standby(), second, broken], now());
    assert_eq!((report.ready, report.is_covered()), (2, true));
    let names: Vec<_> = report
        .standbys
        .iter()
        .map(|one| one.standby.as_str())
        .collect();
    assert_eq!(names, ["b.example.com", "second", "d.example.com"]);
    let [pair] = &report.shared_standbys[..] else {
        panic!("one pair");
    };
    assert_eq!(
        (pair.one.as_str(), pair.other.as_str()),
        ("b.example.com", "second")
    );
    assert!(pair.fates.contains(&SharedFate::Region("us-east-1".into())));
    let none = FailoverPolicy::new().assess_all(&primary(), &[], now());
    assert!(!none.is_covered());
}

#[test]
fn a_report_is_serialized_without_the_settings_values() {
    let standby = standby()
        .with_attribute("timeout", "hunter2")
        .with_addresses([ip("198.51.100.11")])
        .with_tls(tls("bb", 3));
    let json = serde_json::to_value(assess(&standby)).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "standby": "b.example.com",
            "ready": false,
            "independence": {
                "verdict": "shared",
                "fates": [{"kind": "network", "what": "198.51.100.0/24"}],
            },
            "expiryGapSeconds": -197 * 86_400,
            "reasons": [
                {"aspect": "parity", "blocking": true, "kind": "attributeDiffers", "name": "timeout"},
                {
                    "aspect": "expiry", "blocking": true, "kind": "expiresSoon",
                    "notAfter": "2026-01-04T00:00:00Z", "daysLeft": 3,
                },
                {
                    "aspect": "independence", "blocking": true, "kind": "sharedFate",
                    "fate": {"kind": "network", "what": "198.51.100.0/24"},
                },
            ],
        })
    );
}

fn facts() -> impl Strategy<Value = EndpointFacts> {
    let address = prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::V4(bits.into())),
        any::<u128>().prop_map(|bits| IpAddr::V6(bits.into())),
        (0..4_u32).prop_map(|low| IpAddr::V4((0xc633_6400 + low).into())),
    ];
    let tls = (prop::option::of("[a-c]{1,2}"), any::<u32>(), any::<bool>());
    (
        "[a-c]\\.example",
        prop::option::of(prop::collection::vec(address, 0..4)),
        prop::option::of(tls),
        prop::option::of("[xy]"),
        prop::option::of(0..3_u32),
    )
        .prop_map(|(host, addresses, found, region, system)| {
            let mut facts = EndpointFacts::new(host);
            facts.addresses = addresses;
            facts.tls = found.map(|(fingerprint, seconds, valid)| {
                let end = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into());
                let facts = if valid {
                    TlsFacts::valid(end)
                } else {
                    TlsFacts::invalid("no").with_not_after(end)
                };
                match fingerprint {
                    Some(hash) => facts.with_certificate(CertificateIdentity::new(hash)),
                    None => facts,
                }
            });
            facts.region = region;
            facts.autonomous_system = system;
            facts
        })
}

proptest! {
    #[test]
    fn independence_looks_the_same_from_both_sides(one in facts(), other in facts()) {
        let policy = FailoverPolicy::new();
        let there = policy.assess(&one, &other, now());
        let back = policy.assess(&other, &one, now());
        prop_assert_eq!(&there.independence, &back.independence);
        prop_assert_eq!(there.ready, there.blocking().next().is_none());
        // Nobody is independent of themselves.
        let own = policy.assess(&one, &one, now()).independence;
        prop_assert!(matches!(own, Independence::Shared(_)), "{:?}", own);
        if let Independence::Shared(fates) = &there.independence {
            let told = there.reasons.iter().filter(|reason| {
                matches!(&reason.finding, ReadinessFinding::SharedFate { .. })
            });
            prop_assert_eq!(told.count(), fates.len());
        }
    }
}
