//! What kind of host a name is.

/// A host, roughly sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HostKind {
    /// An IPv4 or IPv6 address.
    Address,
    /// A name that means something else on every machine.
    Local,
    /// A name of the public tree.
    Public,
}

/// Names reserved for private use or special handling (RFC 6761, RFC 6762, RFC 8375, RFC 7686, and the customary ones).
const LOCAL_SUFFIXES: &[&str] = &[
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "home.arpa",
    "lan",
    "test",
    "invalid",
    "onion",
];

/// Shared hosts that the public suffix list does not name: buckets in the path, or public mirrors of anybody's packages.
const SHARED_HOSTS: &[&str] = &[
    "storage.googleapis.com",
    "cdn.jsdelivr.net",
    "unpkg.com",
    "cdnjs.cloudflare.com",
    "raw.githubusercontent.com",
    "gitcdn.link",
    "esm.sh",
    "cdn.skypack.dev",
    "dl.dropboxusercontent.com",
    "drive.google.com",
    "sites.google.com",
];

/// Names with shared hosts at some depth below them, so that a wildcard over the whole covers those too.
const SHARED_PARENTS: &[&str] = &[
    "amazonaws.com",
    "windows.net",
    "azure.com",
    "googleapis.com",
    "googleusercontent.com",
    "digitaloceanspaces.com",
    "oraclecloud.com",
    "aliyuncs.com",
    "myqcloud.com",
    "cloudflare.com",
    "fastly.net",
    "akamaized.net",
    "githubusercontent.com",
];

pub(crate) fn host_kind(host: &str) -> HostKind {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or("");
    if host.starts_with('[') || last.bytes().all(|byte| byte.is_ascii_digit()) {
        return HostKind::Address;
    }
    let name = host.trim_end_matches('.');
    let below = |suffix: &&str| {
        name.strip_suffix(*suffix)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if !name.contains('.') || LOCAL_SUFFIXES.iter().any(below) {
        HostKind::Local
    } else {
        HostKind::Public
    }
}

/// True when every label is 1 to 63 letters, digits and inner hyphens. The name is lower case and has no trailing dot.
pub(crate) fn has_ldh_labels(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        })
}

/// The kind of the public suffix that the name is, if it is one as a whole.
fn suffix_type(name: &str) -> Option<psl::Type> {
    let suffix =
        psl::suffix(name.as_bytes()).filter(|suffix| suffix.as_bytes() == name.as_bytes())?;
    suffix.typ()
}

/// The kind of public suffix that a wildcard over the name covers: the name is one, or, by a rule such as `*.kawasaki.jp`,
/// every name just below it is. A name of one label that no rule lists counts as a suffix of the registries.
pub(crate) fn public_suffix_of_names_below(name: &str) -> Option<psl::Type> {
    let unlisted = (!name.contains('.')).then_some(psl::Type::Icann);
    suffix_type(name)
        .or_else(|| suffix_type(&format!("0probe.{name}")))
        .or(unlisted)
}

/// True when strangers can publish under this host (exact) or below it (wildcard).
pub(crate) fn is_shared_host(host: &str, wildcard: bool) -> bool {
    let private_suffix = if wildcard {
        public_suffix_of_names_below(host) == Some(psl::Type::Private)
    } else {
        suffix_type(host) == Some(psl::Type::Private)
    };
    let covers = |known: &&str| {
        known
            .strip_suffix(host)
            .is_some_and(|rest| rest.is_empty() || (wildcard && rest.ends_with('.')))
    };
    private_suffix
        || SHARED_HOSTS.iter().any(&covers)
        || (wildcard && SHARED_PARENTS.iter().any(covers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_sorted_into_addresses_local_and_public_names() {
        for (host, kind) in [
            ("203.0.113.7", HostKind::Address),
            ("[2001:db8::1]", HostKind::Address),
            ("localhost", HostKind::Local),
            ("widgets", HostKind::Local),
            ("printer.local", HostKind::Local),
            ("a.home.arpa", HostKind::Local),
            ("notlocal.example.com", HostKind::Public),
            ("mylocalhost.com", HostKind::Public),
        ] {
            assert_eq!(host_kind(host), kind, "{host}");
        }
    }

    #[test]
    fn shared_hosts_come_from_the_public_suffix_list_and_a_short_list_of_our_own() {
        for (host, wildcard, shared) in [
            ("s3.amazonaws.com", false, true),
            ("cloudfront.net", true, true),
            ("github.io", true, true),
            ("amazonaws.com", true, true),
            ("storage.googleapis.com", false, true),
            ("my-bucket.s3.amazonaws.com", false, false),
            ("d111.cloudfront.net", false, false),
            ("example.co.uk", true, false),
            ("cdn.example.com", false, false),
        ] {
            assert_eq!(is_shared_host(host, wildcard), shared, "{host}");
        }
    }
}
