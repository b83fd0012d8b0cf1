#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod builder;
mod cloud;
mod status_step;

pub use builder::GenesysCloudBuilder;
pub use cloud::{GenesysCloud, Origin};
pub use genesys_core::{Client, Error, ErrorKind, Hosts, Profile, Region, Result};
pub use status_step::StatusStep;

#[cfg(feature = "dependencies")]
#[cfg_attr(docsrs, doc(cfg(feature = "dependencies")))]
#[doc(no_inline)]
pub use depgraph;
#[cfg(any(feature = "dependencies", feature = "resolver", feature = "simulator"))]
#[cfg_attr(
    docsrs,
    doc(cfg(any(feature = "dependencies", feature = "resolver", feature = "simulator")))
)]
#[doc(no_inline)]
pub use endpoint_probe;
#[doc(no_inline)]
pub use genesys_auth as auth;
#[doc(no_inline)]
pub use genesys_core as core;
#[cfg(feature = "dependencies")]
#[cfg_attr(docsrs, doc(cfg(feature = "dependencies")))]
#[doc(no_inline)]
pub use genesys_dependencies as dependencies;
#[doc(no_inline)]
pub use genesys_integrations as integrations;
#[doc(no_inline)]
pub use genesys_routing as routing;
#[cfg(feature = "sandbox")]
#[cfg_attr(docsrs, doc(cfg(feature = "sandbox")))]
#[doc(no_inline)]
pub use genesys_sandbox as sandbox;
#[doc(no_inline)]
pub use genesys_telemetry as telemetry;
#[doc(no_inline)]
pub use genesys_webhooks as webhooks;
#[doc(no_inline)]
pub use resilience;
