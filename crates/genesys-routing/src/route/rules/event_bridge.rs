//! EventBridge partner event sources.

use super::{Code, Findings};
use crate::route::target::EventBridgeTarget;

const ACCOUNT_DIGITS: usize = 12;
const MAX_SUFFIX: usize = 64;

pub(super) fn check(findings: &mut Findings, target: &EventBridgeTarget) {
    let account = target.account_id.as_bytes();
    findings.require(
        account.len() == ACCOUNT_DIGITS && account.iter().all(u8::is_ascii_digit),
        Code::Format,
        "/awsAccountId",
        "must be 12 digits",
    );
    findings.require(
        is_region(&target.region),
        Code::Format,
        "/awsAccountRegion",
        "must be the id of an AWS region, such as eu-west-1",
    );
    let suffix = target.suffix.as_bytes();
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    findings.require(
        (1..=MAX_SUFFIX).contains(&suffix.len()) && suffix.iter().all(allowed),
        Code::Format,
        "/eventSourceSuffix",
        "must be 1 to 64 letters, digits, dots, hyphens or underscores",
    );
}

/// `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`: words and, at the end, a number.
fn is_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    let word = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    text.len() <= 32
        && words.contains('-')
        && words.split('-').all(word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}
