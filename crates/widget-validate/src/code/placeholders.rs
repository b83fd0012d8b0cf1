//! W9xx: placeholders that the embedder fills into the URL.

rules! {
    PLACEHOLDER_UNKNOWN = "W901" "placeholder-unknown" [Error, Error, Error] "a placeholder is not one that the embedder fills";
        "It reaches the widget as literal braces.";
        "?origin={{gcHostOrigni}}"; "?origin={{gcHostOrigin}}";
    PLACEHOLDER_PAIR = "W902" "placeholder-pair" [Off, Warning, Warning] "a placeholder stands without its partner";
        "The client SDK needs the host origin and the target environment together to know whom to trust.";
        "?gcHostOrigin={{gcHostOrigin}}"; "?gcHostOrigin={{gcHostOrigin}}&gcTargetEnv={{gcTargetEnv}}";
    PLACEHOLDER_OUTSIDE_QUERY = "W903" "placeholder-outside-query" [Warning, Warning, Error] "a placeholder stands in the path or fragment";
        "Filled values are meant for the query; in a path they change which file is asked for.";
        "https://cdn.example.com/{{gcLangTag}}/w.html"; "https://cdn.example.com/w.html?lang={{gcLangTag}}";
    PLACEHOLDER_IN_ORIGIN = "W904" "placeholder-in-origin" [Error, Error, Error] "a placeholder stands in the scheme, host or port";
        "Nobody can tell which origin will be loaded, so no policy can admit it.";
        "https://{{gcTargetEnv}}.cdn.example.com/w.html"; "https://cdn.example.com/w.html?env={{gcTargetEnv}}";
    PLACEHOLDER_MALFORMED = "W905" "placeholder-malformed" [Error, Error, Error] "braces do not form a placeholder";
        "A placeholder is two opening braces, a name of letters and digits, and two closing braces.";
        "?origin={{gcHostOrigin}"; "?origin={{gcHostOrigin}}";
    PLACEHOLDER_OUTDATED = "W906" "placeholder-outdated" [Off, Info, Warning] "a placeholder has a newer name";
        "Older names are kept for existing widgets.";
        "?env={{pcEnvironment}}"; "?env={{gcTargetEnv}}";
    PLACEHOLDER_ENCODED = "W907" "placeholder-encoded" [Error, Error, Error] "a placeholder is percent-encoded";
        "The embedder looks for braces and does not decode; the widget receives the name instead of the value.";
        "?origin=%7B%7BgcHostOrigin%7D%7D"; "?origin={{gcHostOrigin}}";
}
