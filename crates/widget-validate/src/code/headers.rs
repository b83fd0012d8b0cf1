//! W8xx: framing and other response headers.

rules! {
    XFO_BLOCKS = "W801" "xfo-blocks" [Error, Error, Error] "X-Frame-Options forbids the embedder";
        "`DENY`, `SAMEORIGIN` and contradicting values stop the frame from loading, unless the response has `frame-ancestors`.";
        "X-Frame-Options: SAMEORIGIN"; "Content-Security-Policy: frame-ancestors https://apps.example.com";
    XFO_IGNORED = "W802" "xfo-ignored" [Off, Info, Warning] "X-Frame-Options is ignored because frame-ancestors is present";
        "Harmless in current browsers; readers of the configuration may believe the wrong one.";
        "X-Frame-Options: DENY  with  Content-Security-Policy: frame-ancestors https://apps.example.com"; "Content-Security-Policy: frame-ancestors https://apps.example.com";
    XFO_INVALID = "W803" "xfo-invalid" [Warning, Warning, Warning] "X-Frame-Options has a value that browsers ignore";
        "Only `DENY` and `SAMEORIGIN` have a meaning. `ALLOW-FROM` is dead: the frame loads anywhere.";
        "X-Frame-Options: ALLOW-FROM https://apps.example.com"; "Content-Security-Policy: frame-ancestors https://apps.example.com";
    CORP_BLOCKS = "W804" "corp-blocks" [Off, Warning, Warning] "Cross-Origin-Resource-Policy keeps the response from the embedder";
        "`same-origin` and `same-site` keep an isolated embedder from loading the frame, and any embedder from loading images and scripts.";
        "Cross-Origin-Resource-Policy: same-origin"; "Cross-Origin-Resource-Policy: cross-origin";
    COOP_POPUPS = "W805" "coop-popups" [Off, Info, Info] "Cross-Origin-Opener-Policy cuts the link to windows";
        "With `same-origin`, a login window opened by the widget cannot report back.";
        "Cross-Origin-Opener-Policy: same-origin"; "Cross-Origin-Opener-Policy: same-origin-allow-popups";
    COEP_SUBRESOURCES = "W806" "coep-subresources" [Off, Info, Info] "Cross-Origin-Embedder-Policy restricts what the widget may load";
        "With `require-corp`, every image, script and frame of another origin must opt in.";
        "Cross-Origin-Embedder-Policy: require-corp"; "Cross-Origin-Embedder-Policy: unsafe-none";
    NO_NOSNIFF = "W807" "no-nosniff" [Off, Warning, Warning] "X-Content-Type-Options: nosniff is missing";
        "Browsers may guess a type and run an uploaded file as a script.";
        "no X-Content-Type-Options"; "X-Content-Type-Options: nosniff";
    NO_REFERRER_POLICY = "W808" "no-referrer-policy" [Off, Info, Warning] "Referrer-Policy is missing";
        "The widget's address holds conversation ids through its placeholders; say what may leave with requests.";
        "no Referrer-Policy"; "Referrer-Policy: strict-origin-when-cross-origin";
    NO_HSTS = "W809" "no-hsts" [Off, Info, Warning] "Strict-Transport-Security is missing or switched off";
        "The first visit, or a typed address, can be caught on the network.";
        "Strict-Transport-Security: max-age=0"; "Strict-Transport-Security: max-age=31536000";
    REFERRER_LEAK = "W810" "referrer-leak" [Off, Warning, Error] "Referrer-Policy sends the full address to other origins";
        "Conversation ids in the query reach every host the widget loads something from.";
        "Referrer-Policy: unsafe-url"; "Referrer-Policy: strict-origin-when-cross-origin";
}
