//! W2xx: the policy itself. Errors of this family refuse the whole policy; warnings load and are reported with every result.

rules! {
    ANY_ORIGIN = "W201" "any-origin" [Error, Error, Error] "an entry admits every host";
        "`*` and a bare scheme switch the check off while it still looks switched on.";
        "*"; "*.widgets.example.com";
    MISPLACED_WILDCARD = "W202" "misplaced-wildcard" [Error, Error, Error] "a wildcard stands elsewhere than as the whole first label";
        "Only `*.` at the start has a meaning. `cdn.*.example.com` or `*cdn.example.com` would match nothing, or too much.";
        "cdn.*.example.com"; "*.cdn.example.com";
    PUBLIC_SUFFIX = "W203" "public-suffix" [Error, Error, Error] "a wildcard covers a whole public suffix";
        "Anybody can register a name below it.";
        "*.co.uk"; "*.example.co.uk";
    SHARED_TENANT = "W204" "shared-tenant" [Warning, Warning, Warning] "an entry admits every customer of a shared host";
        "Anybody can rent a name or a bucket there, so the entry admits strangers. Entries are origins and cannot name a bucket in a path; use a name of your own in front of it.";
        "s3.amazonaws.com"; "widgets.example.com";
    POLICY_NOT_HTTPS = "W205" "policy-not-https" [Error, Error, Error] "an entry is not https";
        "Widgets are loaded over https only; an entry of another scheme can never match.";
        "http://cdn.example.com"; "https://cdn.example.com";
    POLICY_PATH = "W206" "policy-path" [Error, Error, Error] "an entry has a path, query or fragment";
        "Entries are origins. A path in an entry would be ignored by every browser, and so protects nothing.";
        "s3.amazonaws.com/my-bucket"; "my-bucket.s3.amazonaws.com";
    POLICY_HOST = "W207" "policy-host" [Error, Error, Error] "an entry has no usable host or port";
        "The grammar is `[https://][*.]host[:port]`. User info, empty labels and ports outside 1 to 65535 have no place in it.";
        "cdn.example.com:https"; "cdn.example.com:8443";
    REDUNDANT_ENTRY = "W208" "redundant-entry" [Info, Warning, Warning] "another entry covers this one";
        "Removing it changes nothing; keeping it hides what the policy really admits.";
        "*.example.com and *.cdn.example.com"; "*.example.com";
    POLICY_SPELLING = "W209" "policy-spelling" [Warning, Warning, Error] "an entry is not spelled the way a parser stores it";
        "Upper-case letters, international letters, a default port or a trailing dot. Write what is compared.";
        "CDN.Example.com:443"; "cdn.example.com";
    LOCAL_ENTRY = "W210" "local-entry" [Warning, Warning, Error] "an entry is an IP address or a local name";
        "Useful on a developer's machine only: elsewhere it points at another machine or at nobody.";
        "localhost:8443"; "cdn.example.com";
    POLICY_MEMBER = "W211" "policy-member" [Error, Error, Error] "a member of the policy file is unknown or has an unusable value";
        "A misspelled member would be ignored, and the policy would be weaker than it reads.";
        r#"{"maxWidht": 800}"#; r#"{"maxWidth": 800}"#;
    SUPPRESSION_EXPIRED = "W212" "suppression-expired" [Warning, Warning, Error] "a suppression has expired";
        "Its findings count again. Repair them, or extend the suppression with a fresh reason.";
        r#"{"code": "W306", "reason": "new layout", "expires": "2020-01-31"}"#; r#"{"code": "W306", "reason": "new layout", "expires": "2999-01-31"}"#;
    SUPPRESSION_UNUSED = "W213" "suppression-unused" [Off, Info, Warning] "a suppression suppressed nothing";
        "What it was for is repaired. Remove it before it hides something new.";
        r#"a suppression of W306, and a frame that fits"#; "no suppression";
}
