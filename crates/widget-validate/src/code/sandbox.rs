//! W4xx: the `sandbox` attribute of the frame.

rules! {
    SANDBOX_UNKNOWN = "W401" "sandbox-unknown" [Error, Error, Error] "a sandbox token does not exist";
        "Browsers ignore it, so the permission that was meant is not given.";
        "allow-script"; "allow-scripts";
    SANDBOX_NOT_OFFERED = "W402" "sandbox-not-offered" [Warning, Warning, Error] "a sandbox token exists in HTML, and the embedder does not offer it";
        "The platform drops it or refuses the configuration.";
        "allow-scripts,allow-pointer-lock"; "allow-scripts";
    SANDBOX_REPEATED = "W403" "sandbox-repeated" [Warning, Warning, Warning] "a sandbox token is repeated";
        "The second one has no effect; probably another token was meant.";
        "allow-scripts,allow-scripts"; "allow-scripts";
    SANDBOX_SEPARATORS = "W404" "sandbox-separators" [Off, Warning, Warning] "sandbox tokens are not separated by single commas";
        "The platform's form is a comma list, HTML's is separated by white space. A list that mixes both, or has empty items, is read differently by the two.";
        "allow-scripts allow-forms,allow-modals"; "allow-scripts,allow-forms,allow-modals";
    SANDBOX_ESCAPE = "W405" "sandbox-escape" [Error, Error, Error] "scripts and same-origin are allowed to a widget on the embedder's own site";
        "A frame of the embedder's own origin with both tokens can reach its parent and remove its sandbox. Host the widget on another site.";
        "allow-scripts,allow-same-origin  for a widget below the embedder's domain"; "the same tokens for a widget on a site of its own";
    SANDBOX_ORIGIN_ONLY = "W406" "sandbox-origin-only" [Off, Warning, Warning] "scripts and same-origin together leave only the origin boundary";
        "Common, and needed by most widgets; the sandbox then adds little beyond what the browser's same-origin policy gives. Make sure nothing else is served from the widget's origin.";
        "allow-scripts,allow-same-origin"; "allow-scripts";
    SANDBOX_NO_SCRIPTS = "W407" "sandbox-no-scripts" [Error, Error, Error] "the sandbox does not allow scripts";
        "Neither the widget nor the client SDK can run.";
        "allow-forms,allow-same-origin"; "allow-scripts,allow-forms,allow-same-origin";
    SANDBOX_OPAQUE = "W408" "sandbox-opaque" [Off, Info, Info] "the sandbox does not allow the widget's own origin";
        "The widget runs in an opaque origin `null`: no cookies, no storage, and no CORS request with credentials.";
        "allow-scripts"; "allow-scripts,allow-same-origin";
    SANDBOX_TOP_NAVIGATION = "W409" "sandbox-top-navigation" [Error, Error, Error] "the widget may navigate the embedder's page";
        "One script in the widget can send the agent's whole desktop elsewhere.";
        "allow-scripts,allow-top-navigation"; "allow-scripts";
    SANDBOX_POPUP_ESCAPE = "W410" "sandbox-popup-escape" [Warning, Warning, Error] "windows opened by the widget leave the sandbox";
        "The embedder does not offer the token, and the windows are restricted by nothing.";
        "allow-popups,allow-popups-to-escape-sandbox"; "allow-popups";
    SANDBOX_POPUPS = "W411" "sandbox-popups" [Off, Off, Info] "windows opened by the widget inherit the sandbox";
        "A login page in such a window lacks storage and forms unless the sandbox allows them. Check the login, and the embedder's setting for authentication in a window.";
        "allow-scripts,allow-popups"; "allow-scripts";
    SANDBOX_EMPTY = "W412" "sandbox-empty" [Error, Error, Error] "the sandbox is empty, which forbids everything";
        "An empty list is the strictest sandbox, not none.";
        r#""sandbox": """#; r#""sandbox": "allow-scripts,allow-same-origin""#;
    SANDBOX_NARROWED = "W413" "sandbox-narrowed" [Warning, Warning, Warning] "the widget's own CSP takes sandbox permissions away";
        "The `sandbox` directive of the response and the attribute of the frame both hold: only tokens in both are in force.";
        "sandbox: allow-scripts,allow-forms  with  Content-Security-Policy: sandbox allow-scripts"; "Content-Security-Policy: sandbox allow-scripts allow-forms";
    SANDBOX_CSP_NO_SCRIPTS = "W414" "sandbox-csp-no-scripts" [Error, Error, Error] "the widget's own CSP forbids scripts by its sandbox directive";
        "The response sandboxes itself without `allow-scripts`, so no script of the widget runs whatever the frame allows.";
        "Content-Security-Policy: sandbox allow-forms"; "Content-Security-Policy: sandbox allow-forms allow-scripts";
}
