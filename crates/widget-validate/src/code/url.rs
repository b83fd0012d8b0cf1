//! W1xx: the widget's URL and its origin.

rules! {
    NOT_ABSOLUTE = "W101" "not-absolute" [Error, Error, Error] "the URL is not an absolute URL with a host";
        "A relative URL would be resolved against the platform's own page; a text that no parser accepts loads nothing.";
        "widget-manifest.json"; "https://cdn.example.com/widget-manifest.json";
    NOT_HTTPS = "W102" "not-https" [Error, Error, Error] "the URL is not https";
        "Browsers block http frames inside https pages, and `javascript:`, `data:` and `blob:` run in somebody else's origin.";
        "http://cdn.example.com/w.json"; "https://cdn.example.com/w.json";
    USER_INFO = "W103" "user-info" [Error, Error, Error] "the URL carries a user name or password";
        "Credentials in a URL are stored and logged, browsers refuse them in frames, and `https://trusted@evil` reads like `trusted`.";
        "https://cdn.example.com@evil.example/w.json"; "https://cdn.example.com/w.json";
    UNUSUAL_PORT = "W104" "unusual-port" [Off, Info, Warning] "the URL names a port other than 443";
        "Company networks often let nothing but 443 out, so the widget loads for its author and for nobody else.";
        "https://cdn.example.com:8443/w.json"; "https://cdn.example.com/w.json";
    IP_ADDRESS = "W105" "ip-address" [Error, Error, Error] "the host is an IP address that the policy does not list";
        "An address is matched only by its exact entry, never by a pattern. Certificates for addresses are rare, and private ones mean something else to each reader.";
        "https://203.0.113.7/w.json"; "https://cdn.example.com/w.json";
    LOCAL_NAME = "W106" "local-name" [Error, Error, Error] "the host is a local name that the policy does not list";
        "`localhost`, names of one label and names reserved for private use resolve differently on every machine.";
        "https://localhost/w.json"; "https://cdn.example.com/w.json";
    TRAILING_DOT = "W107" "trailing-dot" [Error, Error, Error] "the host ends with a dot";
        "`example.com.` is another origin than `example.com`: cookies, CORS and the policy's entries do not match it.";
        "https://cdn.example.com./w.json"; "https://cdn.example.com/w.json";
    REPAIRED_SPELLING = "W108" "repaired-spelling" [Warning, Warning, Error] "a URL parser repairs this spelling";
        "Upper-case hosts, backslashes, tabs, missing slashes, default ports, encoded hosts and numeric tricks such as `0x7f.1` mean another text than they show. Checks that compare texts are fooled.";
        "https:\\\\CDN.example.com:443/w.json"; "https://cdn.example.com/w.json";
    LOOK_ALIKE = "W109" "look-alike" [Error, Error, Error] "the host imitates another name with similar letters";
        "A label mixes scripts, or reads like an allowed host when similar letters are treated as equal.";
        "https://cdn.\u{435}xample.com/w.json  (Cyrillic e)"; "https://cdn.example.com/w.json";
    ORIGIN_NOT_ALLOWED = "W110" "origin-not-allowed" [Error, Error, Error] "the origin is not in the policy";
        "Scheme, host and port are compared with each entry. `*.example.com` admits names below `example.com` and not `example.com` itself; an entry without a port means 443.";
        "https://evil.example/w.json  with the policy *.example.com"; "https://cdn.example.com/w.json";
    BAD_HOST_LABEL = "W111" "bad-host-label" [Error, Error, Error] "a host label has other characters than letters, digits and inner hyphens";
        "URL parsers accept `a;.cdn.net` and `*.cdn.net` as hosts, certificates and name servers do not.";
        "https://my_bucket.cdn.example.com/w.json"; "https://my-bucket.cdn.example.com/w.json";
}
