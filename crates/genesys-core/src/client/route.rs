//! Paths with named holes, filled segment by segment.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, ErrorKind, Result};

/// Everything but the unreserved characters of RFC 3986 is encoded, `/` and `%` among them.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Fills the holes of `route` and appends the path without its leading slash to `out`.
pub(super) fn fill(
    out: &mut String,
    route: &str,
    segments: &[(&'static str, String)],
) -> Result<()> {
    let fail = |why: String| Err(Error::new(ErrorKind::InvalidRequest, why));
    let Some(relative) = route.strip_prefix('/') else {
        return fail("a route starts with a slash".to_owned());
    };
    // Most routes have neither holes nor anything that a dot could spoil.
    let special = |b| matches!(b, b'?' | b'#' | b'\\' | b'{' | b'}' | b'.');
    if segments.is_empty() && !relative.bytes().any(special) {
        out.push_str(relative);
        return Ok(());
    }
    if relative.contains(['?', '#', '\\']) {
        return fail("a route holds no query and no fragment".to_owned());
    }
    let mut used = 0;
    out.reserve(relative.len() + 32);
    for (index, part) in relative.split('/').enumerate() {
        if index > 0 {
            out.push('/');
        }
        let Some(name) = part
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
        else {
            if matches!(part, "." | "..") || part.contains(['{', '}']) {
                return fail(format!("route segment {part:?} is not allowed"));
            }
            out.push_str(part);
            continue;
        };
        let Some((_, value)) = segments.iter().find(|(key, _)| *key == name) else {
            return fail(format!("path segment {name} is not set"));
        };
        if value.is_empty() {
            return fail(format!("path segment {name} is empty"));
        }
        if matches!(value.as_str(), "." | "..") {
            return fail(format!("path segment {name} is a dot segment"));
        }
        out.extend(utf8_percent_encode(value, SEGMENT));
        used += 1;
    }
    if used < segments.len() {
        return fail("a path segment is set that the route does not have".to_owned());
    }
    Ok(())
}

/// The first three segments of a route, which share a circuit breaker: `api/v2/integrations`.
pub(super) fn family(route: &str) -> &str {
    let relative = route.strip_prefix('/').unwrap_or(route);
    let mut slashes = relative.bytes().enumerate().filter(|(_, b)| *b == b'/');
    match slashes.nth(2) {
        Some((end, _)) => &relative[..end],
        None => relative,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fill_all(route: &str, segments: &[(&'static str, String)]) -> Result<String> {
        let mut out = String::new();
        fill(&mut out, route, segments).map(|()| out)
    }

    #[test]
    fn a_segment_never_leaves_its_place() {
        // errata ALL-17
        let route = "/api/v2/integrations/{id}/test";
        let filled = fill_all(route, &[("id", "a/b?c#d%2e ü".to_owned())]).unwrap();
        assert_eq!(
            filled,
            "api/v2/integrations/a%2Fb%3Fc%23d%252e%20%C3%BC/test"
        );
        for bad in ["", ".", ".."] {
            // errata ALL-17, WID-31
            let error = fill_all(route, &[("id", bad.to_owned())]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
        }
        assert!(fill_all(route, &[]).is_err());
        assert!(fill_all("/api/{id}x", &[("id", "1".into())]).is_err());
        assert!(fill_all("/api", &[("id", "1".into())]).is_err());
    }

    #[test]
    fn a_family_is_three_segments() {
        assert_eq!(
            family("/api/v2/integrations/{id}/test"),
            "api/v2/integrations"
        );
        assert_eq!(family("/oauth/token"), "oauth/token");
    }

    proptest! {
        #[test]
        fn any_value_stays_one_segment(value in ".+") {
            prop_assume!(value != "." && value != "..");
            let filled = fill_all("/a/{id}/b", &[("id", value.clone())]).unwrap();
            prop_assert_eq!(filled.split('/').count(), 3);
            let url = url::Url::parse("https://h/").unwrap().join(&filled).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            prop_assert_eq!(segments.len(), 3);
            let decoded = percent_encoding::percent_decode_str(segments[1]).decode_utf8().unwrap();
            prop_assert_eq!(decoded.as_ref(), value.as_str());
        }
    }
}
