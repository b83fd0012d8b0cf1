//! Origins: which URLs a policy admits, and hostile spellings.

use widget_validate::{Origin, OriginPattern, Policy, RuleSet, Severity, Validator};

use crate::support::{assert_found, codes, validator, with_url};

fn admitting(entries: &[&str]) -> Validator {
    Validator::new(
        Policy::builder(RuleSet::Tutorial)
            .with_origins(entries.iter().copied())
            .build()
            .unwrap(),
    )
}

/// Codes for a URL under a policy.
fn judged(entries: &[&str], url: &str) -> Vec<String> {
    codes(&admitting(entries), with_url(url).as_str())
        .into_iter()
        .map(|(code, _)| code)
        .collect()
}

// errata WID-19, WID-20
#[test]
fn a_wildcard_matches_labels_below_it_at_any_depth_and_not_itself() {
    for (entry, url, admitted) in [
        ("*.example.co.uk", "https://a.example.co.uk/", true),
        ("*.a.example.com", "https://b.a.example.com/", true),
        ("*.a.example.com", "https://c.b.a.example.com/", true),
        ("*.a.example.com", "https://a.example.com/", false),
        ("*.a.example.com", "https://xa.example.com/", false),
        ("*.cloudfront.net", "https://d111.cloudfront.net/", true),
        ("*.cloudfront.net", "https://cloudfront.net/", false),
        ("*.cloudfront.net", "https://evilcloudfront.net/", false),
        (
            "*.cloudfront.net",
            "https://d111.cloudfront.net.evil.example/",
            false,
        ),
        ("example.com", "https://a.example.com/", false),
    ] {
        let expected: &[&str] = if admitted { &[] } else { &["W110"] };
        assert_eq!(judged(&[entry], url), expected, "{entry} {url}");
    }
}

// errata WID-21, WID-22
#[test]
fn hosts_of_one_label_and_addresses_are_judged_without_a_crash() {
    for (url, code) in [
        ("https://localhost/", "W106"),
        ("https://widgets/", "W106"),
        ("https:///", "W101"),
        ("https://", "W101"),
        ("https://192.0.1.1/", "W105"),
        ("https://10.0.0.1/", "W105"),
        ("https://[::1]/", "W105"),
        ("https://printer.local/", "W106"),
    ] {
        assert_eq!(judged(&["*.example.com"], url), [code], "{url}");
    }
    assert!(OriginPattern::parse("*.0.1").is_err());
    assert!(OriginPattern::parse("*.192.0.1.1").is_err());
    assert!(judged(&["192.0.2.1"], "https://192.0.2.1/").is_empty());
    assert!(judged(&["[2001:db8::1]:8443"], "https://[2001:db8::1]:8443/").is_empty());
    assert_eq!(judged(&["192.0.2.1"], "https://192.0.2.10/"), ["W105"]);
    assert!(judged(&["localhost:8443"], "https://localhost:8443/").is_empty());
}

// errata WID-23
#[test]
fn scheme_host_and_port_are_compared_with_default_ports() {
    for (entry, url, expected) in [
        ("cdn.example.com", "https://cdn.example.com/", vec![]),
        (
            "https://cdn.example.com",
            "https://cdn.example.com/",
            vec![],
        ),
        (
            "cdn.example.com:8443",
            "https://cdn.example.com:8443/",
            vec![],
        ),
        (
            "cdn.example.com",
            "https://cdn.example.com:8443/",
            vec!["W110"],
        ),
        (
            "cdn.example.com:8443",
            "https://cdn.example.com/",
            vec!["W110"],
        ),
        ("cdn.example.com", "http://cdn.example.com/", vec!["W102"]),
        (
            "cdn.example.com",
            "https://cdn.example.com:443/",
            vec!["W108"],
        ),
    ] {
        assert_eq!(judged(&[entry], url), expected, "{entry} {url}");
    }
    assert_eq!(
        Origin::parse("https://a.example:443"),
        Origin::parse("https://a.example")
    );
    assert_ne!(
        Origin::parse("https://a.example"),
        Origin::parse("http://a.example")
    );
}

// errata WID-24
#[test]
fn case_and_international_names_are_normalised_and_a_trailing_dot_is_another_origin() {
    assert_eq!(
        judged(&["CDN.Example.COM"], "https://cdn.example.com/"),
        Vec::<String>::new()
    );
    assert_eq!(
        judged(&["cdn.example.com"], "https://CDN.EXAMPLE.com/"),
        ["W108"]
    );
    assert_eq!(
        judged(
            &["bücher.example.com"],
            "https://xn--bcher-kva.example.com/"
        ),
        Vec::<String>::new()
    );
    assert_eq!(
        judged(
            &["xn--bcher-kva.example.com"],
            "https://Bücher.example.com/"
        ),
        ["W108"]
    );
    assert_eq!(
        judged(&["cdn.example.com"], "https://cdn.example.com./"),
        ["W107"]
    );
    assert_eq!(
        judged(&["*.example.com"], "https://cdn.example.com./"),
        ["W107"]
    );
    assert!(OriginPattern::parse("cdn.example.com.").is_err());
}

// errata WID-27
#[test]
fn only_absolute_https_without_user_info_passes() {
    for (url, code) in [
        ("http://cdn.example.com/w.json", "W102"),
        ("HTTP://cdn.example.com/w.json", "W102"),
        ("javascript:alert(1)", "W102"),
        ("javascript://cdn.example.com/%0aalert(1)", "W102"),
        ("data:text/html,<script>", "W102"),
        ("blob:https://cdn.example.com/3f9a", "W102"),
        ("file:///etc/passwd", "W102"),
        ("ftp://cdn.example.com/", "W102"),
        ("wss://cdn.example.com/", "W102"),
        ("/widget.json", "W101"),
        ("//cdn.example.com/w.json", "W101"),
        ("w.json", "W101"),
        ("https://trusted@cdn.example.com/", "W103"),
        ("https://user:password@cdn.example.com/", "W103"),
    ] {
        assert_eq!(judged(&["cdn.example.com"], url), [code], "{url}");
    }
    assert_eq!(
        judged(
            &["cdn.example.com"],
            "https://cdn.example.com@evil.example/"
        ),
        ["W103", "W110"]
    );
    let report = admitting(&["cdn.example.com"])
        .validate(with_url("https://user:hunter2@cdn.example.com/").as_str());
    assert!(
        !report.to_json("w.json").contains("hunter2"),
        "only the fix's guard may hold the value"
    );
}

/// Spellings that a parser accepts and a reader misreads: each is refused, or admitted for what it really is with a finding.
#[test]
fn hostile_spellings_are_never_silently_admitted() {
    let hostile = [
        "https://cdn.example.com.evil.example/",
        "https://evil.example/cdn.example.com",
        "https://evil.example?cdn.example.com",
        "https://evil.example#cdn.example.com",
        "https://evil.example\\cdn.example.com",
        "https://cdn.example.com\\@evil.example/",
        "https://cdn.example.com%2eevil.example/",
        "https://cdn.example.com%00.evil.example/",
        "https://cdn.example.com;.evil.example/",
        "https://cdn.example.com:443@evil.example/",
        "https://cdn.example.com:@evil.example/",
        "https://@cdn.example.com/",
        "https://:@cdn.example.com/",
        "https:cdn.example.com/",
        "https:/cdn.example.com/",
        "https:\\\\cdn.example.com/",
        "https:///cdn.example.com/",
        "\thttps://cdn.example.com/",
        "ht\ntps://cdn.example.com/",
        "https://cdn.exa\tmple.com/",
        "https://cdn.example.com\u{3002}evil.example/",
        "https://cdn\u{ff0e}example.com/",
        "https://cdn.example.com\u{200b}/",
        "https://\u{ff43}dn.example.com/",
        "https://cdn.ex\u{430}mple.com/",
        "https://cdn.example.c\u{43e}m/",
        "https://CDN.EXAMPLE.COM/",
        "https://cdn.example.com:0443/",
        "https://cdn.example.com:00443/",
        "https://cdn.example.com:8443/",
        "https://cdn.example.com:65536/",
        "https://cdn.example.com:-1/",
        "https://cdn.example.com./",
        "https://cdn.example.com../",
        "https://.cdn.example.com/",
        "https://a..widgets.example.com/",
        "https://*.widgets.example.com/",
        "https://a;.widgets.example.com/",
        "https://-a.widgets.example.com/",
        "https://a-.widgets.example.com/",
        "https://a_b.widgets.example.com/",
        "https://widgets.example.com/",
        "https://xn--.widgets.example.com/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::]/",
        "https://%6c%6f%63%61%6c%68%6f%73%74/",
        "https://cdn.example.com/a/../b",
        "https://cdn.example.com/./a",
        "https://cdn.example.com/%2e%2e/a",
        "https://cdn.example.com/a b",
        "https://cdn.example.com/a\"b",
        "https://cdn.example.com/ü",
        "https://cdn.examp1e.com/",
        "https://cdn.exarnple.com/",
        "https://cdn.example.co/",
        "https://cdn.example.com.",
        "https://cdn.example.comm/",
        "https://xcdn.example.com/",
        "http://cdn.example.com/",
        "httpss://cdn.example.com/",
        "https//cdn.example.com/",
        "https://cdn.example.com{{gcLangTag}}/",
        "https://{{gcHostOrigin}}/",
        "{{gcHostOrigin}}",
        "feed:https://cdn.example.com/",
        "view-source:https://cdn.example.com/",
        "blob:https://cdn.example.com/x",
        "filesystem:https://cdn.example.com/x",
        "about:blank",
        "javascript:0//cdn.example.com",
    ];
    let strict = validator(RuleSet::Strict);
    for url in hostile {
        let report = strict.validate(with_url(url).as_str());
        assert_eq!(
            report.worst(),
            Some(Severity::Error),
            "{url:?} passes strict: {:?}",
            report.findings()
        );
        for rules in [RuleSet::Tutorial, RuleSet::Recommended] {
            assert!(
                !validator(rules)
                    .validate(with_url(url).as_str())
                    .findings()
                    .is_empty(),
                "{url:?} passes {rules}"
            );
        }
    }
    for honest in [
        "https://cdn.example.com",
        "https://cdn.example.com/",
        "https://cdn.example.com/w.json?v=1#top",
        "https://a.widgets.example.com/",
        "https://a.b-c.d1.widgets.example.com/x",
        "https://cdn.example.com/%20/%C3%BC",
        "https://cdn.example.com/a.b/..c",
        "https://xn--bcher-kva.widgets.example.com/",
        "https://cdn.example.com/?u=https://evil.example/",
        "https://cdn.example.com/@user",
        "https://cdn.example.com/?lang={{gcLangTag}}&o={{gcHostOrigin}}&e={{gcTargetEnv}}",
    ] {
        assert_found(&strict, with_url(honest).as_str(), &[]);
    }
}

#[test]
fn look_alikes_are_told_from_merely_foreign_hosts() {
    let judged = |url| judged(&["cdn.example.com", "*.paypal.example"], url);
    assert_eq!(judged("https://cdn.examp1e.com/"), ["W109"]);
    assert_eq!(judged("https://www.paypa1.example/"), ["W109"]);
    assert_eq!(judged("https://xn--bcher-kva.example/"), ["W110"]);
    assert_eq!(judged("https://cdn.xn--xample-2of.com/"), ["W109"]);
    assert_eq!(judged("https://unrelated.example/"), ["W110"]);
}
