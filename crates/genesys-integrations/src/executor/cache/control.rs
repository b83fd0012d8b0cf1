//! For how long an answer may be used again (RFC 9111).

use std::time::{Duration, SystemTime};

use http::header::{AGE, AUTHORIZATION, CACHE_CONTROL, DATE, EXPIRES, PRAGMA, SET_COOKIE, VARY};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_cache_semantics::{CacheOptions, CachePolicy};

/// Beyond this every number of seconds is the same (RFC 9111, section 1.2.2).
const FOR_EVER: u64 = 1 << 31;

/// What `Cache-Control` says: names in lower case, quotes taken off.
#[derive(Debug, Default)]
pub(super) struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut found = Vec::new();
        for line in headers.get_all(CACHE_CONTROL) {
            // A line that is no text may say anything: then nothing is kept.
            let Ok(line) = std::str::from_utf8(line.as_bytes()) else {
                return Self(vec![("no-store".to_owned(), None)]);
            };
            for part in split(line) {
                let (name, value) = match part.split_once('=') {
                    Some((name, value)) => (name, Some(value.trim().trim_matches('"').to_owned())),
                    None => (part, None),
                };
                let name = name.trim().to_ascii_lowercase();
                if !name.is_empty() {
                    found.push((name, value));
                }
            }
        }
        Self(found)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(directive, _)| directive == name)
    }

    /// The least of the seconds given; what is no number counts as none at all.
    pub(super) fn seconds(&self, name: &str) -> Option<Duration> {
        let given = self.0.iter().filter(|(directive, _)| directive == name);
        given
            .map(|(_, value)| Duration::from_secs(value.as_deref().map_or(0, seconds)))
            .min()
    }
}

fn seconds(text: &str) -> u64 {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u64>() {
        Ok(seconds) => seconds.min(FOR_EVER),
        Err(_) if digits => FOR_EVER,
        Err(_) => 0,
    }
}

/// Parts between commas that stand in no quotes.
fn split(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
}

/// What a node allows beyond HTTP's own rules.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// The longest that an answer is used.
    pub(super) limit: Duration,
    /// An answer is used for that long although nothing in it says so, whatever the method.
    pub(super) memoised: bool,
    /// Kept for one caller alone.
    pub(super) private: bool,
    /// How long beyond that it may stand in for one that cannot be had.
    pub(super) stale: Duration,
}

/// How long an answer is of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// How old it was when it came.
    pub(super) age: Duration,
    /// From then on.
    pub(super) fresh: Duration,
    /// After that.
    pub(super) stale: Duration,
}

/// The lifetime of an answer that may be kept.
pub(super) fn lifetime(
    terms: Terms,
    method: &Method,
    request: &HeaderMap,
    status: StatusCode,
    answer: &HeaderMap,
    uncounted: &[HeaderName],
    now: SystemTime,
) -> Option<Lifetime> {
    let directives = Directives::of(answer);
    let kept = status.is_success()
        && status != StatusCode::PARTIAL_CONTENT
        && !directives.has("no-store")
        && !Directives::of(request).has("no-store")
        && (terms.private || !directives.has("private"))
        && !answer.contains_key(SET_COOKIE)
        && varies_by_the_key(answer, uncounted);
    if !kept {
        return None;
    }
    let policy = policy(terms, method, request, status, answer, &directives, now);
    // What must be asked for each time is of no use.
    let dead = directives.has("no-cache");
    let explicit = directives.has("max-age")
        || (!terms.private && directives.has("s-maxage"))
        || answer.contains_key(EXPIRES);
    let fresh = if dead {
        Duration::ZERO
    } else if explicit || !terms.memoised {
        policy.time_to_live(now).min(terms.limit)
    } else {
        terms.limit.saturating_sub(policy.age(now))
    };
    let stale = match directives.seconds("stale-if-error") {
        Some(allowed) => terms.stale.min(allowed),
        None => terms.stale,
    };
    let strict = ["must-revalidate", "proxy-revalidate", "must-understand"];
    let stale = if strict.iter().any(|name| directives.has(name)) {
        Duration::ZERO
    } else {
        stale
    };
    (!fresh.is_zero()).then(|| Lifetime {
        age: policy.age(now),
        fresh,
        stale,
    })
}

/// Every header that is sent is a part of the key, but those that do not count.
fn varies_by_the_key(answer: &HeaderMap, uncounted: &[HeaderName]) -> bool {
    answer.get_all(VARY).iter().all(|line| {
        line.to_str().is_ok_and(|line| {
            line.split(',').map(str::trim).all(|name| {
                name != "*"
                    && !uncounted
                        .iter()
                        .any(|one| one.as_str().eq_ignore_ascii_case(name))
            })
        })
    })
}

/// The rules of HTTP, told only what they read right: directives in lower case without contradictions, an age that can be added to,
/// and never a `POST`, whose body they leave out of account.
fn policy(
    terms: Terms,
    method: &Method,
    request: &HeaderMap,
    status: StatusCode,
    answer: &HeaderMap,
    directives: &Directives,
    now: SystemTime,
) -> CachePolicy {
    let mut asked = Request::new(());
    if !terms.memoised {
        *asked.method_mut() = method.clone();
    }
    // Memoising is the node's own decision, which it makes for its credential too.
    if !terms.memoised
        && (request.contains_key(AUTHORIZATION) || request.values().any(HeaderValue::is_sensitive))
    {
        asked
            .headers_mut()
            .insert(AUTHORIZATION, HeaderValue::from_static("present"));
    }
    let mut answered = Response::new(());
    *answered.status_mut() = status;
    let headers = answered.headers_mut();
    for name in [DATE, EXPIRES, PRAGMA] {
        if let Some(value) = answer.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let age = answer
        .get_all(AGE)
        .iter()
        .map(|age| age.to_str().map_or(FOR_EVER, |age| seconds(age.trim())))
        .max();
    if let Some(age) = age {
        headers.insert(AGE, HeaderValue::from(age));
    }
    let mut control = Vec::new();
    for name in ["max-age", "s-maxage"] {
        if let Some(seconds) = directives.seconds(name) {
            control.push(format!("{name}={}", seconds.as_secs()));
        }
    }
    for name in [
        "no-cache",
        "public",
        "private",
        "must-revalidate",
        "proxy-revalidate",
    ] {
        if directives.has(name) {
            control.push(name.to_owned());
        }
    }
    if let Ok(control) = HeaderValue::from_str(&control.join(", "))
        && !control.is_empty()
    {
        headers.insert(CACHE_CONTROL, control);
    }
    let options = CacheOptions {
        shared: !terms.private,
        // Nothing is guessed: an answer that does not say for how long it holds is not kept.
        cache_heuristic: 0.0,
        immutable_min_time_to_live: Duration::ZERO,
        ignore_cargo_cult: false,
    };
    CachePolicy::new_options(&asked, &answered, now, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_767_225_600;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value);
                map
            })
    }

    fn terms(memoised: bool) -> Terms {
        Terms {
            limit: Duration::from_secs(300),
            memoised,
            private: true,
            stale: Duration::from_secs(60),
        }
    }

    fn judge(terms: Terms, status: u16, answer: &[(&'static str, &str)]) -> Option<u64> {
        let found = lifetime(
            terms,
            &Method::GET,
            &HeaderMap::new(),
            StatusCode::from_u16(status).unwrap(),
            &headers(answer),
            &[HeaderName::from_static("x-request-id")],
            SystemTime::UNIX_EPOCH + Duration::from_secs(NOW),
        );
        found.map(|lifetime| lifetime.fresh.as_secs())
    }

    #[test]
    fn an_answer_is_kept_as_long_as_it_says_and_never_longer_than_we_say() {
        // errata RST-31
        type Row = (
            &'static [(&'static str, &'static str)],
            Option<u64>,
            Option<u64>,
        );
        let table: [Row; 25] = [
            (&[], None, Some(300)),
            (&[("cache-control", "max-age=60")], Some(60), Some(60)),
            (&[("cache-control", "max-age=9999")], Some(300), Some(300)),
            (&[("cache-control", "Max-Age=60")], Some(60), Some(60)),
            (&[("cache-control", "max-age=\"60\"")], Some(60), Some(60)),
            (
                &[("cache-control", "max-age=60, max-age=10")],
                Some(10),
                Some(10),
            ),
            (
                &[("cache-control", "max-age=60"), ("age", "20")],
                Some(40),
                Some(40),
            ),
            (&[("age", "20")], None, Some(280)),
            (
                &[("cache-control", "max-age=60"), ("age", "60")],
                None,
                None,
            ),
            (
                &[
                    ("cache-control", "max-age=60"),
                    ("age", "18446744073709551615"),
                ],
                None,
                None,
            ),
            (
                &[
                    ("cache-control", "max-age=60"),
                    ("age", "99999999999999999999999"),
                ],
                None,
                None,
            ),
            (
                &[("cache-control", "max-age=99999999999999999999999")],
                Some(300),
                Some(300),
            ),
            (&[("cache-control", "max-age=soon")], None, None),
            (&[("cache-control", "max-age")], None, None),
            (&[("cache-control", "No-Store, max-age=60")], None, None),
            (
                &[
                    ("cache-control", "max-age=60"),
                    ("cache-control", "no-store"),
                ],
                None,
                None,
            ),
            (&[("cache-control", "no-cache, max-age=60")], None, None),
            (
                &[("cache-control", "private=\"a, b\", max-age=60")],
                Some(60),
                Some(60),
            ),
            (
                &[
                    ("expires", "Thu, 01 Jan 2026 00:01:00 GMT"),
                    ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
                ],
                Some(60),
                Some(60),
            ),
            (&[("expires", "0")], None, None),
            (
                &[
                    ("pragma", "no-cache"),
                    ("expires", "Thu, 01 Jan 2026 00:01:00 GMT"),
                ],
                None,
                None,
            ),
            (
                &[("vary", "*"), ("cache-control", "max-age=60")],
                None,
                None,
            ),
            (
                &[
                    ("vary", "accept, X-Request-Id"),
                    ("cache-control", "max-age=60"),
                ],
                None,
                None,
            ),
            (
                &[
                    ("vary", "accept, authorization"),
                    ("cache-control", "max-age=60"),
                ],
                Some(60),
                Some(60),
            ),
            (
                &[
                    ("set-cookie", "a=b"),
                    ("cache-control", "public, max-age=60"),
                ],
                None,
                None,
            ),
        ];
        for (answer, plain, memoised) in table {
            assert_eq!(judge(terms(false), 200, answer), plain, "{answer:?}");
            assert_eq!(
                judge(terms(true), 200, answer),
                memoised,
                "memoised {answer:?}"
            );
        }
    }

    #[test]
    fn only_a_success_is_kept() {
        // errata RST-30
        for status in [100, 206, 301, 304, 400, 404, 410, 429, 500, 501] {
            let plain = judge(terms(false), status, &[("cache-control", "max-age=60")]);
            assert_eq!(plain, None, "{status}");
            assert_eq!(judge(terms(true), status, &[]), None, "{status}");
        }
    }

    #[test]
    fn what_is_private_is_kept_for_a_caller_with_a_name_alone() {
        // errata RST-28
        let shared = Terms {
            private: false,
            ..terms(false)
        };
        let answer = [("cache-control", "private, max-age=60")];
        assert_eq!(judge(terms(false), 200, &answer), Some(60));
        assert_eq!(judge(shared, 200, &answer), None);
        assert_eq!(
            judge(shared, 200, &[("cache-control", "s-maxage=30, max-age=60")]),
            Some(30)
        );
        let mut request = HeaderMap::new();
        request.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        let judge = |line: &str| {
            lifetime(
                shared,
                &Method::GET,
                &request,
                StatusCode::OK,
                &headers(&[("cache-control", line)]),
                &[],
                SystemTime::UNIX_EPOCH + Duration::from_secs(NOW),
            )
        };
        assert_eq!(judge("max-age=60"), None);
        assert!(judge("public, max-age=60").is_some());
    }

    #[test]
    fn a_stale_answer_stands_in_only_where_the_server_leaves_room() {
        let stale = |line: &str| {
            let answer = headers(&[("cache-control", line)]);
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
            let found = lifetime(
                terms(false),
                &Method::GET,
                &HeaderMap::new(),
                StatusCode::OK,
                &answer,
                &[],
                now,
            );
            found.unwrap().stale.as_secs()
        };
        assert_eq!(stale("max-age=60"), 60);
        assert_eq!(stale("max-age=60, stale-if-error=5"), 5);
        assert_eq!(stale("max-age=60, must-revalidate"), 0);
    }
}
