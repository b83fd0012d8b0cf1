//! What can be built, and what is refused.

use genesys_core::{Error, ErrorKind};
use genesys_integrations::widgets::{
    Display, FeatureCategory, HeaderSet, Level, Origin, Severity, WidgetError, WidgetKind, codes,
};

use super::*;

fn codes_of(error: &WidgetError) -> Vec<&'static str> {
    error.validation().codes().collect()
}

#[test]
fn the_documents_widget_passes_its_own_rules_and_has_one_form() {
    // errata ALL-31
    let widget = widget();
    let sent: Value = serde_json::from_slice(widget.document()).unwrap();
    assert_eq!(sent, document());
    assert!(widget.validation().is_accepted());
    assert_eq!(widget.document(), self::widget().document());
    assert_eq!(widget.fingerprint(), self::widget().fingerprint());
    let other = builder().with_dimensions(750, 501).build(&rules()).unwrap();
    assert_ne!(widget.fingerprint(), other.fingerprint());
    assert!(widget != other && widget == self::widget());
}

#[test]
fn a_dimension_of_another_type_is_an_error_and_never_a_pass() {
    // errata WID-16
    for wrong in [
        json!({"width": "750", "height": 500}),
        json!({"width": 750.5, "height": 500}),
        json!({"width": [750], "height": 500}),
        json!("750x500"),
    ] {
        let built = builder()
            .with_setting("dimensions", wrong.clone())
            .build(&rules());
        assert!(built.is_err(), "{wrong}");
    }
}

#[test]
fn a_size_must_be_there_and_within_its_bounds() {
    // errata WID-17
    for (width, height, code) in [
        (0, 500, "W304"),
        (801, 500, "W306"),
        (750, 601, "W306"),
        (u32::MAX, 500, "W306"),
    ] {
        let error = builder()
            .with_dimensions(width, height)
            .build(&rules())
            .unwrap_err();
        assert_eq!(codes_of(&error), [code], "{width} x {height}");
    }
    let without = Widget::builder("w", "https://d1.cloudfront.net/m.json").build(&rules());
    assert!(without.unwrap_err().has("W301"));
    // The platform knows no size, so that one that is left out is no fault there; one that is given is checked.
    let url = "https://widgets.example.com/";
    let platform = platform_rules();
    assert!(Widget::builder("w", url).build(&platform).is_ok());
    let tall = Widget::builder("w", url).with_dimensions(750, 601);
    assert!(tall.build(&platform).unwrap_err().has("W306"));
}

#[test]
fn the_limit_of_bytes_holds_for_the_document_that_is_sent() {
    // errata WID-18
    let with = |length: usize| {
        builder()
            .with_setting("note", "x".repeat(length))
            .build(&rules())
    };
    let empty = with(0).unwrap().document().len();
    let fits = with(10_240 - empty).unwrap();
    assert_eq!(fits.document().len(), 10_240);
    assert!(with(10_241 - empty).unwrap_err().has("W008"));
}

#[test]
fn texts_have_limits_and_unknown_settings_are_listed() {
    // errata WID-39
    let long = Widget::builder("n".repeat(257), "https://d1.cloudfront.net/m.json")
        .with_description("d".repeat(1_001))
        .with_dimensions(1, 1)
        .build(&rules())
        .unwrap_err();
    assert_eq!(codes_of(&long), ["W015", "W015"]);
    let many = (0..65).fold(builder(), |builder, number| {
        builder.with_setting(format!("s{number}"), number)
    });
    assert!(many.build(&rules()).unwrap_err().has("W015"));

    let open = builder()
        .with_setting("refreshIntervalMs", 5000)
        .build(&rules())
        .unwrap();
    let listed: Vec<_> = open.validation().findings().collect();
    assert_eq!(
        (listed.len(), listed[0].code.as_str(), &*listed[0].pointer),
        (1, "W017", "/settings/refreshIntervalMs")
    );
    assert_eq!(listed[0].severity, Severity::Info);
    let blink = builder().with_refresh_interval(Duration::from_micros(900));
    assert!(blink.build(&rules()).unwrap_err().has("W018"));
}

#[test]
fn the_url_is_https_on_an_origin_of_the_policy() {
    // errata WID-27
    for url in [
        "http://s3.amazonaws.com/m.json",
        "javascript:alert(1)",
        "data:text/html,x",
        "m.json",
        "https://cloudfront.net/m.json",
        "https://user@s3.amazonaws.com/m.json",
        "https://evil.example/m.json",
    ] {
        let built = Widget::builder("w", url)
            .with_dimensions(1, 1)
            .build(&rules());
        assert!(built.is_err(), "{url}");
    }
}

#[test]
fn headers_are_checked_when_they_are_handed_in_and_said_to_be_unchecked_otherwise() {
    // errata WID-28
    let text = widget().validation().documents()[0].to_string();
    assert!(text.contains("not checked"), "{text}");
    let headers = HeaderSet::new()
        .with_header("Content-Security-Policy", "frame-ancestors 'self'")
        .with_header("X-Frame-Options", "DENY");
    let rules = platform_rules();
    let url = "https://widgets.example.com/";
    let framed = Widget::builder("w", url).with_headers(headers);
    assert!(framed.build(&rules).unwrap_err().has("W640"));
    let admits = HeaderSet::new().with_header(
        "Content-Security-Policy",
        "frame-ancestors https://apps.mypurecloud.ie",
    );
    let admitted = Widget::builder("w", url).with_headers(admits);
    admitted.build(&rules).unwrap();
}

#[test]
fn a_definition_is_read_from_its_json_form_and_a_misspelled_member_is_found() {
    let bytes = serde_json::to_vec_pretty(&document()).unwrap();
    let read = Widget::read(&bytes, &rules()).unwrap();
    assert_eq!(read, widget());

    let mut wrong = document();
    wrong["manifestURL"] = wrong["manifestUrl"].take();
    wrong["settings"]["dimensions"]["height"] = json!("500");
    let bytes = serde_json::to_vec(&wrong).unwrap();
    let error = Widget::read(&bytes, &rules()).unwrap_err();
    for code in ["W011", "W302"] {
        assert!(error.has(code), "{code}: {error}");
    }
    // Places are those of the bytes that were read.
    let place = &error.validation().documents()[0];
    assert_eq!(&*place.bytes, bytes.as_slice());
    for text in ["", "[]", "{", "\u{feff}{}", "null"] {
        assert!(Widget::read(text.as_bytes(), &rules()).is_err(), "{text}");
    }
    // Rules that are switched off let nothing through that cannot be read.
    let mut lax = Policy::builder(RuleSet::Tutorial);
    for code in genesys_integrations::widgets::codes::structure::ALL {
        lax = lax.with_severity(*code, Level::Off);
    }
    let lax = Validator::new(lax.build().unwrap());
    let mut wrong = document();
    wrong["name"] = json!(7);
    let bytes = serde_json::to_vec(&wrong).unwrap();
    let error = Widget::read(&bytes, &lax).unwrap_err();
    assert!(std::error::Error::source(&error).is_some(), "{error:?}");
}

#[test]
fn every_violation_is_in_one_error_that_repeats_no_text_of_the_definition() {
    let error = Widget::builder(" ", "https://hunter2@evil.example/")
        .with_setting("dimensions", json!({"width": 900}))
        .build(&rules())
        .unwrap_err();
    for code in ["W014", "W103", "W110", "W301", "W306"] {
        assert!(error.has(code), "{code}: {error}");
    }
    let error = Error::from(error);
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    assert!(!error.to_string().contains("hunter2"), "{error}");
    assert!(error.to_string().contains("W103"), "{error}");
}

#[test]
fn what_the_platform_knows_has_typed_settings() {
    // errata WID-29
    let widget = builder()
        .with_kind(WidgetKind::Interaction)
        .with_sandbox(["allow-scripts", "allow-same-origin"])
        .with_permissions(["camera"])
        .with_display(Display::Widget)
        .with_feature_category(FeatureCategory::ContactCenterInsights)
        .with_groups(["g-1"])
        .with_communication_types(["call", "webmessaging"])
        .with_queues(["q-1", "q-2"])
        .build(&rules())
        .unwrap();
    let settings = Value::Object(widget.settings().clone());
    assert_eq!(settings["sandbox"], "allow-scripts,allow-same-origin");
    assert_eq!(settings["displayType"], "widget");
    assert_eq!(settings["featureCategory"], "contactCenterInsights");
    assert_eq!(settings["queueIdFilterList"], json!(["q-1", "q-2"]));
    let ids = WidgetKind::ALL.map(WidgetKind::type_id);
    assert_eq!(
        ids,
        [
            "embedded-client-app",
            "embedded-client-app-interaction-widget"
        ]
    );
}

#[test]
fn a_policy_can_be_the_callers_own() {
    let policy = Policy::builder(RuleSet::Recommended)
        .with_origin("*.widgets.example.com")
        .with_severity(codes::frame::FRAME_TOO_LARGE, Severity::Warning)
        .build()
        .unwrap();
    let apps = Origin::parse("https://apps.example.org").unwrap();
    let embedder = genesys_integrations::widgets::Embedder::genesys().with_origin(apps);
    let rules = Validator::new(policy).with_embedder(embedder);
    let widget = Widget::builder("w", "https://a.widgets.example.com/")
        .with_dimensions(750, 900)
        .build(&rules)
        .unwrap();
    assert_eq!(widget.validation().codes().collect::<Vec<_>>(), ["W306"]);
}
