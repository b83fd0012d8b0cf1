//! W7xx: CORS headers of the widget's response.

rules! {
    CORS_WILDCARD_CREDENTIALS = "W701" "cors-wildcard-credentials" [Error, Error, Error] "any origin is allowed together with credentials";
        "Browsers refuse the combination, so requests with cookies fail.";
        "Access-Control-Allow-Origin: *\nAccess-Control-Allow-Credentials: true"; "Access-Control-Allow-Origin: https://apps.example.com\nAccess-Control-Allow-Credentials: true\nVary: Origin";
    CORS_NULL = "W702" "cors-null" [Error, Error, Error] "the origin `null` is allowed";
        "Every sandboxed frame and every local file has this origin, whoever wrote it.";
        "Access-Control-Allow-Origin: null"; "Access-Control-Allow-Origin: https://apps.example.com";
    CORS_MULTIPLE = "W703" "cors-multiple" [Error, Error, Error] "the allowed origin is given more than once";
        "The header takes one origin or `*`; with a list or a second header nothing is allowed.";
        "Access-Control-Allow-Origin: https://a.example, https://b.example"; "Access-Control-Allow-Origin: https://a.example\nVary: Origin";
    CORS_NO_VARY = "W704" "cors-no-vary" [Off, Warning, Warning] "one origin is allowed without `Vary: Origin`";
        "A shared cache hands the answer made for one origin to another, which then fails.";
        "Access-Control-Allow-Origin: https://apps.example.com"; "Access-Control-Allow-Origin: https://apps.example.com\nVary: Origin";
    CORS_HTTP = "W705" "cors-http" [Warning, Warning, Error] "an http origin is allowed";
        "Anybody on the network path can speak for an http page and read the answers.";
        "Access-Control-Allow-Origin: http://apps.example.com"; "Access-Control-Allow-Origin: https://apps.example.com";
    CORS_EMBEDDER = "W706" "cors-embedder" [Error, Error, Error] "no origin of the embedder is allowed";
        "The embedder's page cannot read the manifest.";
        "Access-Control-Allow-Origin: https://other.example"; "Access-Control-Allow-Origin: https://apps.example.com\nVary: Origin";
    CORS_REFLECTED = "W707" "cors-reflected" [Error, Error, Error] "the answer allows whatever origin asks";
        "The server echoes the request's origin without a list, so every page may read the answers, with the user's cookies where credentials are allowed.";
        "Origin: https://stranger.example  answered by  Access-Control-Allow-Origin: https://stranger.example"; "no Access-Control-Allow-Origin for strangers";
    CORS_CREDENTIALS_VALUE = "W708" "cors-credentials-value" [Off, Warning, Warning] "the credentials header has another value than `true`";
        "Only the lower-case word `true` counts; leave the header out otherwise.";
        "Access-Control-Allow-Credentials: True"; "Access-Control-Allow-Credentials: true";
    CORS_MISSING = "W709" "cors-missing" [Off, Warning, Warning] "no origin is allowed to read the response";
        "Without `Access-Control-Allow-Origin` a page of another origin can frame the widget and cannot fetch its manifest.";
        "no Access-Control-Allow-Origin"; "Access-Control-Allow-Origin: https://apps.example.com\nVary: Origin";
    CORS_VALUE = "W710" "cors-value" [Error, Error, Error] "the allowed origin is not an origin";
        "Browsers compare the value as text with the serialised origin: no path, no trailing slash, no wildcard inside, lower case, no default port.";
        "Access-Control-Allow-Origin: https://apps.example.com/"; "Access-Control-Allow-Origin: https://apps.example.com";
}
