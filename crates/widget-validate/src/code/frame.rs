//! W3xx: the size of the frame.

rules! {
    FRAME_MISSING = "W301" "frame-missing" [Error, Error, Error] "width or height is missing";
        "Without both, the frame has no size that anybody checked.";
        r#"{"dimensions": {"width": 750}}"#; r#"{"dimensions": {"width": 750, "height": 500}}"#;
    FRAME_TYPE = "W302" "frame-type" [Error, Error, Error] "width or height is not a number";
        "A quoted number passes unchecked through readers that look for numbers.";
        r#"{"width": "750", "height": 500}"#; r#"{"width": 750, "height": 500}"#;
    FRAME_FRACTION = "W303" "frame-fraction" [Error, Error, Error] "width or height is not a whole number";
        "Frames are measured in whole CSS pixels.";
        r#"{"width": 750.5, "height": 500}"#; r#"{"width": 750, "height": 500}"#;
    FRAME_NOT_POSITIVE = "W304" "frame-not-positive" [Error, Error, Error] "width or height is zero or negative";
        "The widget would be invisible.";
        r#"{"width": 0, "height": 500}"#; r#"{"width": 750, "height": 500}"#;
    FRAME_TOO_SMALL = "W305" "frame-too-small" [Error, Error, Error] "width or height is below the usable minimum";
        "Nobody can read or click anything in it.";
        r#"{"width": 12, "height": 500}"#; r#"{"width": 750, "height": 500}"#;
    FRAME_TOO_LARGE = "W306" "frame-too-large" [Error, Error, Error] "width or height exceeds the maximum";
        "The widget would cover the agent's other panels or be clipped.";
        r#"{"width": 750, "height": 900}"#; r#"{"width": 750, "height": 600}"#;
}
