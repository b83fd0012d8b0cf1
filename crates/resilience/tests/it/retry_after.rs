use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use resilience::RetryAfter;

const SECOND: Duration = Duration::from_secs(1);

fn wall() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

fn parse(values: &[&str]) -> Option<Duration> {
    RetryAfter::parse(values, wall())
}

// errata ALL-09, INT-27, WID-09, EVR-42
#[test]
fn both_forms_are_read() {
    let date = httpdate::fmt_http_date(wall() + 90 * SECOND);
    assert_eq!(parse(&["120"]), Some(120 * SECOND));
    assert_eq!(parse(&[&date]), Some(90 * SECOND));
    assert_eq!(parse(&[" 7 "]), Some(7 * SECOND));
    // The two older forms of a date.
    assert_eq!(
        parse(&["Thursday, 01-Jan-26 00:00:30 GMT"]),
        Some(30 * SECOND)
    );
    assert_eq!(parse(&["Thu Jan  1 00:00:30 2026"]), Some(30 * SECOND));
}

// errata ALL-09
#[test]
fn a_date_in_the_past_is_zero() {
    let date = httpdate::fmt_http_date(wall() - 90 * SECOND);
    assert_eq!(parse(&[&date]), Some(Duration::ZERO));
}

#[test]
fn a_date_read_by_a_clock_that_jumped_is_a_bounded_fact_and_no_panic() {
    let date = httpdate::fmt_http_date(wall());
    let early = RetryAfter::parse([&date], SystemTime::UNIX_EPOCH);
    assert_eq!(early, Some(1_767_225_600 * SECOND));
    let late = RetryAfter::parse([&date], wall() + Duration::from_secs(10_000_000_000));
    assert_eq!(late, Some(Duration::ZERO));
}

// errata ALL-09
#[test]
fn zero_and_negative_are_zero() {
    for value in ["0", "-1", "-0", "-0.5", "-999999999999999999999999"] {
        assert_eq!(parse(&[value]), Some(Duration::ZERO), "{value}");
    }
}

#[test]
fn a_decimal_is_rounded_up() {
    for (value, seconds) in [
        ("1.2", 2),
        ("0.001", 1),
        ("3.0", 3),
        ("3.", 3),
        ("2.9999", 3),
    ] {
        assert_eq!(parse(&[value]), Some(seconds * SECOND), "{value}");
    }
}

#[test]
fn a_huge_value_is_seen_as_too_long_and_not_as_nothing() {
    assert_eq!(
        parse(&["1000000000000"]),
        Some(Duration::from_secs(1_000_000_000_000))
    );
    assert_eq!(
        parse(&["18446744073709551615"]),
        Some(Duration::from_secs(u64::MAX))
    );
    for value in [
        "18446744073709551616",
        "18446744073709551615.5",
        &"9".repeat(500),
    ] {
        assert_eq!(parse(&[value]), Some(Duration::MAX), "{value}");
    }
}

#[test]
fn garbage_is_ignored() {
    for value in [
        "", " ", "soon", "1e3", "0x10", "1,5s", ".5", "--1", "1 2", "١٢", "NaN", "inf", "-",
    ] {
        let read = parse(&[value]);
        assert!(read.is_none() || value == "1,5s", "{value}: {read:?}");
    }
    assert_eq!(RetryAfter::parse([b"\xff\xfe"], wall()), None);
    assert_eq!(parse(&[]), None);
}

#[test]
fn of_several_headers_the_longest_counts() {
    let date = httpdate::fmt_http_date(wall() + 90 * SECOND);
    assert_eq!(parse(&["2", "5", "3"]), Some(5 * SECOND));
    assert_eq!(parse(&["2", &date, "junk"]), Some(90 * SECOND));
    assert_eq!(parse(&["2, 5"]), Some(5 * SECOND), "joined by a proxy");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>, secs in 0_u64..1 << 40) {
        let _ = RetryAfter::parse([&bytes], SystemTime::UNIX_EPOCH + Duration::from_secs(secs));
    }

    #[test]
    fn no_header_like_text_makes_it_panic(text in "[-+.,: 0-9A-Za-z]{0,40}") {
        let _ = parse(&[&text]);
    }

    #[test]
    fn whole_seconds_are_read_exactly(seconds: u64) {
        prop_assert_eq!(parse(&[&seconds.to_string()]), Some(Duration::from_secs(seconds)));
    }

    #[test]
    fn a_date_is_never_read_as_earlier_than_it_is(ahead in 0_u64..1_000_000, nanos in 0_u32..1_000_000_000) {
        let wall = wall() + Duration::from_nanos(nanos.into());
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600 + ahead);
        let wait = RetryAfter::parse([httpdate::fmt_http_date(date)], wall).unwrap();
        prop_assert!(wall + wait >= date);
    }
}
