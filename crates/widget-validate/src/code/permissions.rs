//! W5xx: browser features granted to the frame.

rules! {
    PERMISSION_UNKNOWN = "W501" "permission-unknown" [Error, Error, Error] "a permission does not exist";
        "No browser knows the feature, so nothing is granted.";
        "mikrophone"; "microphone";
    PERMISSION_NOT_OFFERED = "W502" "permission-not-offered" [Warning, Warning, Error] "a permission exists, and the embedder does not offer it";
        "The platform never passes it on to the frame.";
        "camera,usb"; "camera";
    PERMISSION_REPEATED = "W503" "permission-repeated" [Warning, Warning, Warning] "a permission is repeated";
        "The second mention has no effect; probably another feature was meant.";
        "camera,camera"; "camera,microphone";
    PERMISSION_ALLOWLIST = "W504" "permission-allowlist" [Error, Error, Error] "a permission carries an allowlist";
        "The member is a list of feature names; the platform grants them to the widget's origin only. `*` and origins have no place in it.";
        "camera *"; "camera";
    PERMISSION_USELESS = "W505" "permission-useless" [Warning, Warning, Warning] "permissions are granted to a widget that cannot run scripts";
        "Features are used from scripts, and the sandbox forbids them.";
        "permissions: camera  with  sandbox: allow-forms"; "permissions: camera  with  sandbox: allow-scripts,allow-same-origin";
    PERMISSION_MANY = "W506" "permission-many" [Off, Info, Warning] "the widget asks for more than three permissions";
        "Marketplace reviews ask for the reason of each beyond three, and users refuse long lists.";
        "camera,microphone,geolocation,fullscreen"; "camera,microphone";
    PERMISSION_DENIED = "W507" "permission-denied" [Warning, Warning, Warning] "the widget's own Permissions-Policy denies what the frame grants";
        "Both must allow a feature; the response header takes it away.";
        "permissions: camera  with  Permissions-Policy: camera=()"; "Permissions-Policy: camera=(self)";
}
