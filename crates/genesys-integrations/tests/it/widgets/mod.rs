//! Agent widgets: definitions, both wire forms, and their deployment.

use std::time::Duration;

use genesys_core::{Hosts, Profile, Region};
use genesys_integrations::widgets::{
    Policy, RuleSet, Validator, Widget, WidgetBuilder, default_rules,
};
use serde_json::{Value, json};

mod definition;
mod guide;
mod pipeline;
mod platform;
mod sandbox;

const WIDGET: &str = "Agent Dashboard Widget";

/// The tutorial's policy: its numbers and its two origins.
fn rules() -> Validator {
    Validator::new(Policy::builder(RuleSet::Tutorial).build().unwrap())
}

/// The recommended rules with what is known of a region's pages.
fn platform_rules() -> Validator {
    default_rules(Profile::Platform, &Hosts::from(Region::EuWest1)).unwrap()
}

/// The source document's widget.
fn builder() -> WidgetBuilder {
    Widget::builder(
        WIDGET,
        "https://s3.amazonaws.com/my-bucket/widget-manifest.json",
    )
    .with_description("Custom metrics display for agent desktop")
    .with_dimensions(750, 500)
    .with_refresh_interval(Duration::from_secs(5))
}

fn widget() -> Widget {
    builder().build(&rules()).unwrap()
}

/// What the guide profile sends for it.
fn document() -> Value {
    json!({
        "name": WIDGET,
        "description": "Custom metrics display for agent desktop",
        "type": "webapp",
        "status": "inactive",
        "manifestUrl": "https://s3.amazonaws.com/my-bucket/widget-manifest.json",
        "settings": {"dimensions": {"width": 750, "height": 500}, "refresh_interval_ms": 5000},
    })
}

/// The widget as the guide profile's cloud shows it.
fn object(status: &str) -> Value {
    let mut object = document();
    object["id"] = json!("w-1");
    object["status"] = json!(status);
    object["createdAt"] = json!("2026-01-02T03:04:05Z");
    object
}
