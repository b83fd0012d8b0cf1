//! What the text of a URL tells, and what each allowance opens.

use endpoint_probe::{AddressClass, Blocked, EgressPolicy, HostPattern};

fn judge(policy: &EgressPolicy, url: &str) -> Result<(), Blocked> {
    policy.check_url(&url.parse().unwrap())
}

#[test]
fn only_https_on_its_port_to_public_hosts_passes_by_default() {
    // errata ALL-27, EVR-08, EVR-09, EVR-19
    let strict = EgressPolicy::new();
    for good in [
        "https://hooks.example.com/in?tenant=7",
        "HTTPS://HOOKS.EXAMPLE.COM:443/",
        "https://hooks.example.com./",
        "https://xn--mnchen-3ya.example/",
        "https://a_b.example.com/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/",
        "https://notlocal.example/",
        "https://localhost.example.com/",
        "https://metadata.example.com/",
    ] {
        assert_eq!(judge(&strict, good), Ok(()), "{good}");
    }
    let address = Blocked::Address;
    for (bad, why) in [
        ("http://hooks.example.com/", Blocked::Scheme),
        ("http://127.0.0.1/", Blocked::Scheme),
        ("ftp://hooks.example.com/", Blocked::Scheme),
        ("file:///etc/passwd", Blocked::Scheme),
        ("javascript:alert(1)", Blocked::Scheme),
        ("https://user@hooks.example.com/", Blocked::UserInfo),
        ("https://:pw@hooks.example.com/", Blocked::UserInfo),
        ("https://hooks.example.com:8443/", Blocked::Port),
        ("https://hooks.example.com:22/", Blocked::Port),
        ("https://hooks.example.com:0/", Blocked::Port),
        ("https://*.example.com/", Blocked::Host),
        ("https://evil.example;.example.com/", Blocked::Host),
        ("https://.example.com/", Blocked::Host),
        ("https://hooks..example.com/", Blocked::Host),
        ("https://hooks.example.com../", Blocked::Host),
        ("https://localhost/", Blocked::Name),
        ("https://LOCALHOST./", Blocked::Name),
        ("https://api.localhost/", Blocked::Name),
        ("https://intranet/", Blocked::Name),
        ("https://instance-data/", Blocked::Name),
        ("https://metadata/", Blocked::Name),
        ("https://metadata.google.internal/", Blocked::Name),
        ("https://METADATA.google.INTERNAL./", Blocked::Name),
        ("https://metadata.tencentyun.com/", Blocked::Name),
        ("https://printer.local/", Blocked::Name),
        ("https://nas.home.arpa/", Blocked::Name),
        ("https://hidden.onion/", Blocked::Name),
        ("https://api.default.svc/", Blocked::Name),
        ("https://api.default.svc.cluster.local/", Blocked::Name),
        ("https://127.0.0.1/", address(AddressClass::Loopback)),
        ("https://169.254.169.254/", address(AddressClass::Metadata)),
        ("https://168.63.129.16/", address(AddressClass::Metadata)),
        // Other spellings of 169.254.169.254 and 10.0.0.1.
        ("https://2852039166/", address(AddressClass::Metadata)),
        ("https://0xa9fea9fe/", address(AddressClass::Metadata)),
        (
            "https://0251.0376.0251.0376/",
            address(AddressClass::Metadata),
        ),
        (
            "https://[::ffff:a9fe:a9fe]/",
            address(AddressClass::Metadata),
        ),
        (
            "https://[64:ff9b::a9fe:a9fe]/",
            address(AddressClass::Metadata),
        ),
        ("https://10.1/", address(AddressClass::Private)),
        ("https://%31%30.0.0.1/", address(AddressClass::Private)),
        ("https://①⓪.0.0.1/", address(AddressClass::Private)),
        ("https://0/", address(AddressClass::Unspecified)),
        ("https://[::]/", address(AddressClass::Unspecified)),
        ("https://[fe80::1]/", address(AddressClass::LinkLocal)),
        (
            "https://[2002:a9fe:a9fe::1]/",
            address(AddressClass::SixToFour),
        ),
    ] {
        assert_eq!(judge(&strict, bad), Err(why), "{bad}");
    }
}

#[test]
fn each_allowance_opens_what_it_says() {
    let strict = EgressPolicy::new();
    let open = |policy: &EgressPolicy, url: &str| {
        assert!(judge(&strict, url).is_err(), "{url}");
        assert_eq!(judge(policy, url), Ok(()), "{url}");
    };
    let closed = |policy: &EgressPolicy, url: &str| {
        assert!(judge(policy, url).is_err(), "{url}");
    };

    let ports = EgressPolicy::new().allow_port(8443);
    open(&ports, "https://hooks.example.com:8443/");
    closed(&ports, "https://hooks.example.com:8444/");
    let ports = EgressPolicy::new().allow_any_port();
    open(&ports, "https://hooks.example.com:1/");
    closed(&ports, "https://hooks.example.com:0/");

    let loopback = EgressPolicy::new().allow_loopback();
    open(&loopback, "https://127.0.0.1/");
    open(&loopback, "https://[::1]/");
    open(&loopback, "https://[::ffff:127.0.0.1]/");
    open(&loopback, "https://localhost/");
    open(&loopback, "https://api.localhost./");
    closed(&loopback, "http://127.0.0.1:443/");
    closed(&loopback, "https://127.0.0.1:8443/");
    closed(&loopback, "https://0.0.0.0/");
    closed(&loopback, "https://10.0.0.1/");

    let plain = EgressPolicy::new()
        .allow_plain_http_to_loopback()
        .allow_port(80);
    open(&plain, "http://127.0.0.1/");
    open(&plain, "https://127.0.0.1/");
    closed(&plain, "http://127.0.0.1:8080/");
    closed(&plain, "http://93.184.216.34/");
    closed(&plain, "http://10.0.0.1/");

    let network = EgressPolicy::new().allow_network("10.20.0.0/16".parse().unwrap());
    open(&network, "https://10.20.30.40/");
    open(&network, "https://[::ffff:10.20.30.40]/");
    closed(&network, "https://10.21.0.0/");
    closed(&network, "https://intranet/");

    let host = EgressPolicy::new()
        .allow_host("Hooks.Corp.INTERNAL.".parse().unwrap())
        .allow_host("*.dev.local".parse().unwrap());
    open(&host, "https://hooks.corp.internal/");
    open(&host, "https://a.b.dev.local/");
    closed(&host, "https://dev.local/");
    closed(&host, "https://x.hooks.corp.internal/");
    closed(&host, "https://evil-dev.local/");
}

#[test]
fn metadata_stays_closed_unless_it_is_named_alone() {
    // errata ALL-27
    let url = "https://169.254.169.254/latest";
    let blocked = Err(Blocked::Address(AddressClass::Metadata));
    for range in ["169.254.0.0/16", "169.254.169.254/31", "0.0.0.0/0"] {
        let policy = EgressPolicy::new().allow_network(range.parse().unwrap());
        assert_eq!(judge(&policy, url), blocked, "{range}");
        assert_eq!(judge(&policy, "https://[::ffff:169.254.169.254]/"), blocked);
    }
    let named = EgressPolicy::new().allow_network("169.254.169.254".parse().unwrap());
    assert_eq!(judge(&named, url), Ok(()));
    assert!(judge(&named, "https://169.254.170.2/").is_err());
    let six = EgressPolicy::new().allow_network("fd00::/8".parse().unwrap());
    assert_eq!(judge(&six, "https://[fd00:ec2::254]/"), blocked);
    assert_eq!(judge(&six, "https://[fd00:ec2::1]/"), Ok(()));
}

#[test]
fn a_list_of_hosts_refuses_every_other() {
    // errata ALL-27
    let only = EgressPolicy::new()
        .restrict_to_hosts(["*.example.com".parse().unwrap()])
        .restrict_to_hosts(["93.184.216.34".parse().unwrap()]);
    for good in [
        "https://a.example.com/",
        "https://b.c.example.com/",
        "https://93.184.216.34/",
    ] {
        assert_eq!(judge(&only, good), Ok(()), "{good}");
    }
    for bad in [
        "https://example.com/",
        "https://badexample.com/",
        "https://a.example.com.evil.net/",
        "https://93.184.216.35/",
        "https://[2606:4700::1]/",
    ] {
        assert_eq!(judge(&only, bad), Err(Blocked::Unlisted), "{bad}");
    }
    // The list opens nothing.
    let private = EgressPolicy::new().restrict_to_hosts(["10.0.0.1".parse().unwrap()]);
    assert_eq!(
        judge(&private, "https://10.0.0.1/"),
        Err(Blocked::Address(AddressClass::Private))
    );
    let empty = EgressPolicy::new().restrict_to_hosts([]);
    assert_eq!(
        judge(&empty, "https://a.example.com/"),
        Err(Blocked::Unlisted)
    );
}

#[test]
fn a_pattern_is_a_host_and_nothing_more() {
    for bad in [
        "",
        "*",
        "*.",
        "**.a.com",
        "a.*.com",
        "*.10.0.0.1",
        "https://a.com",
        "a.com:443",
        "a/b",
        "a b",
    ] {
        assert!(bad.parse::<HostPattern>().is_err(), "{bad}");
    }
    for (good, shown) in [
        ("A.Example.COM.", "a.example.com"),
        ("*.Example.com", "*.example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("10.1", "10.0.0.1"),
        ("[::1]", "[::1]"),
    ] {
        assert_eq!(good.parse::<HostPattern>().unwrap().to_string(), shown);
    }
}

#[test]
fn a_host_is_judged_alone_as_it_is_in_a_url() {
    let strict = EgressPolicy::new();
    for (url, expected) in [
        ("ftp://user@intranet:22/", Err(Blocked::Name)),
        ("ftp://user@hooks.example.com.:22/", Ok(())),
        (
            "http://10.0.0.1:22/",
            Err(Blocked::Address(AddressClass::Private)),
        ),
        ("https://*.example.com/", Err(Blocked::Host)),
    ] {
        let url: url::Url = url.parse().unwrap();
        assert_eq!(strict.check_host(&url.host().unwrap()), expected, "{url}");
    }
}
