//! The signature, checked by its receiving side and by another implementation.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use genesys_webhooks::{MessageId, RejectedKind, SigningKey, Verifier};
use http::{HeaderMap, HeaderName, HeaderValue};
use resilience::test_util::FakeClock;
use secrecy::SecretString;

use crate::support::key;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const AT: u64 = 1_614_265_330;
const BODY: &[u8] = br#"{"test": 2432232314}"#;
const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

fn published() -> SigningKey {
    SigningKey::parse(&SecretString::from(SECRET)).unwrap()
}

fn headers(id: &str, at: &str, signature: &str) -> HeaderMap {
    HeaderMap::from_iter(
        [
            ("webhook-id", id),
            ("webhook-timestamp", at),
            ("webhook-signature", signature),
        ]
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        }),
    )
}

fn verifier(keys: impl IntoIterator<Item = SigningKey>, now: u64) -> Verifier {
    let clock = FakeClock::new();
    clock.set_wall(UNIX_EPOCH + Duration::from_secs(now));
    Verifier::new(keys).unwrap().with_clock(Arc::new(clock))
}

#[test]
fn the_published_vector_verifies() {
    // errata INT-31
    let headers = headers(ID, &AT.to_string(), SIGNATURE);
    let verifier = verifier([published()], AT + 10);
    let verified = verifier.verify(&headers, BODY).unwrap();
    assert_eq!((verified.id(), verified.body()), (ID, BODY));
    assert_eq!(verified.timestamp(), UNIX_EPOCH + Duration::from_secs(AT));
}

#[test]
fn any_changed_byte_of_any_part_is_refused() {
    // errata INT-31
    let verifier = verifier([published()], AT);
    for index in 0..BODY.len() {
        let mut body = BODY.to_vec();
        body[index] ^= 1;
        let headers = headers(ID, &AT.to_string(), SIGNATURE);
        assert_eq!(
            verifier.verify(&headers, &body).unwrap_err().kind(),
            RejectedKind::Signature
        );
    }
    for (id, at) in [("msg_other", AT), (ID, AT + 1)] {
        let headers = headers(id, &at.to_string(), SIGNATURE);
        assert_eq!(
            verifier.verify(&headers, BODY).unwrap_err().kind(),
            RejectedKind::Signature
        );
    }
    for signature in [
        "",
        "v1,",
        "v1",
        "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        // Shorter, not padded, not canonical (the last digit carries stray bits), url-safe.
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1A==",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE",
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OF=",
        "v1,g0hM9SsE-OTPJTGt_tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ] {
        let headers = headers(ID, &AT.to_string(), signature);
        assert_eq!(
            verifier.verify(&headers, BODY).unwrap_err().kind(),
            RejectedKind::Signature,
            "{signature}"
        );
    }
}

#[test]
fn one_signature_of_one_key_is_enough_and_no_more_than_sixteen_are_tried() {
    // errata INT-31
    let at = AT.to_string();
    let both = format!("v1,AAAA {SIGNATURE}");
    assert!(
        verifier([key(9), published()], AT)
            .verify(&headers(ID, &at, &both), BODY)
            .is_ok()
    );
    assert!(
        verifier([key(9)], AT)
            .verify(&headers(ID, &at, &both), BODY)
            .is_err()
    );
    let sixteenth = format!("{}{SIGNATURE}", "v1,AAAA ".repeat(15));
    assert!(
        verifier([published()], AT)
            .verify(&headers(ID, &at, &sixteenth), BODY)
            .is_ok()
    );
    let seventeenth = format!("{}{SIGNATURE}", "v1,AAAA ".repeat(16));
    assert!(
        verifier([published()], AT)
            .verify(&headers(ID, &at, &seventeenth), BODY)
            .is_err()
    );
    assert!(Verifier::new([]).is_err());
}

#[test]
fn a_timestamp_counts_for_five_minutes_in_either_direction() {
    // errata INT-31
    let headers = headers(ID, &AT.to_string(), SIGNATURE);
    for (now, ok) in [
        (AT - 300, true),
        (AT - 301, false),
        (AT + 300, true),
        (AT + 301, false),
        (0, false),
    ] {
        let result = verifier([published()], now)
            .verify(&headers, BODY)
            .map(|_| ());
        assert_eq!(
            result.map_err(|rejected| rejected.kind()),
            if ok {
                Ok(())
            } else {
                Err(RejectedKind::Timestamp)
            },
            "{now}"
        );
    }
    let patient = verifier([published()], AT + 3600).with_tolerance(Duration::from_secs(3600));
    assert!(patient.verify(&headers, BODY).is_ok());
}

#[test]
fn headers_that_could_be_read_in_two_ways_are_refused() {
    // errata INT-31
    let verifier = verifier([published()], AT);
    let at = AT.to_string();
    for (id, at) in [
        ("msg.1", &*at),
        ("", &*at),
        (ID, ""),
        (ID, "+1614265330"),
        (ID, "-1"),
        (ID, "1614265330.0"),
        (ID, "99999999999999999999999"),
        (ID, "18446744073709551615"),
    ] {
        let rejected = verifier
            .verify(&headers(id, at, SIGNATURE), BODY)
            .unwrap_err();
        assert!(
            matches!(
                rejected.kind(),
                RejectedKind::Header | RejectedKind::Timestamp
            ),
            "{id} {at}"
        );
    }
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut twice = headers(ID, &at, SIGNATURE);
        let value = twice[name].clone();
        twice.append(name, value);
        assert_eq!(
            verifier.verify(&twice, BODY).unwrap_err().kind(),
            RejectedKind::Header,
            "{name}"
        );
        let mut without = headers(ID, &at, SIGNATURE);
        without.remove(name);
        assert_eq!(
            verifier.verify(&without, BODY).unwrap_err().kind(),
            RejectedKind::Header,
            "{name}"
        );
    }
}

/// The vector above is the oracle; where the program is there, it agrees on a message of its own.
#[test]
#[allow(clippy::print_stderr, reason = "a check that is skipped says so")]
fn openssl_computes_the_same_mac() {
    // errata INT-31
    let body = "{\"name\":\"Zürich\",\"n\":[1,2,3]}";
    let hex: String = [0xa5_u8; 40]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("message");
    std::fs::write(&file, format!("msg_openssl.1700000000.{body}")).unwrap();
    let output = Command::new("openssl")
        .args([
            "dgst",
            "-sha256",
            "-mac",
            "HMAC",
            "-macopt",
            &format!("hexkey:{hex}"),
            "-r",
        ])
        .arg(&file)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!(
                "skipped: the program openssl is not installed; the published vector is checked all the same"
            );
            return;
        }
        Err(error) => panic!("openssl: {error}"),
    };
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let theirs = text.split(' ').next().unwrap();

    use base64::Engine;
    let ours = SigningKey::from_bytes(&[0xa5; 40]).unwrap().sign(
        &MessageId::new("msg_openssl").unwrap(),
        1_700_000_000,
        body.as_bytes(),
    );
    let mac = base64::engine::general_purpose::STANDARD
        .decode(ours.strip_prefix("v1,").unwrap())
        .unwrap();
    let ours: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(ours, theirs);
}
