#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(feature = "platform")]
mod activation;
mod admin;
mod api_error;
mod body;
mod builder;
mod clients;
mod cloud;
mod delivery;
#[cfg(feature = "tls")]
mod destinations;
mod digest;
mod entry;
mod error;
mod external;
mod fault;
mod faults;
mod gate;
#[cfg(feature = "generators")]
#[cfg_attr(docsrs, doc(cfg(feature = "generators")))]
pub mod generate;
mod guide;
mod input;
mod integrations;
mod ledger;
mod login;
mod loopback;
mod members;
mod organisation;
mod pages;
mod permissions;
#[cfg(feature = "platform")]
mod platform;
mod quota;
mod reply;
mod resources;
mod routes;
mod sandbox;
mod schema;
mod seeded;
mod server;
mod snapshot;
mod store;
mod strike;
mod template;
mod time;
mod tokens;
mod wire;

#[cfg(feature = "platform")]
#[cfg_attr(docsrs, doc(cfg(feature = "platform")))]
pub use activation::{Activation, Activations};
pub use builder::SandboxBuilder;
pub use clients::{CLIENT_ID, CLIENT_SECRET, OauthClient};
pub use cloud::Profile;
pub use delivery::{DELIVERY_LOG_CAPACITY, Delivery, DeliveryOutcome};
#[cfg(feature = "tls")]
#[cfg_attr(docsrs, doc(cfg(feature = "tls")))]
pub use destinations::{Destination, DestinationKind, Destinations};
pub use entry::{Counts, Effect, Host, LedgerEntry, Object, Outcome, Verb};
pub use error::{SandboxError, SandboxErrorKind};
pub use external::{ExternalReply, ExternalSystems};
pub use fault::{Fault, FaultKind, Stage};
pub use faults::{FaultId, FaultStatus, Faults};
pub use ledger::LEDGER_CAPACITY;
pub use organisation::{HOME_DIVISION_ID, Kind, ORGANISATION_ID, Organisation, TrackingStatus};
#[cfg(feature = "platform")]
#[cfg_attr(docsrs, doc(cfg(feature = "platform")))]
pub use platform::flows::{Flow, Flows, WORKFLOW_ID};
pub use resources::{RESOURCE_TOKEN, ResourceServer};
pub use sandbox::{Sandbox, Snapshot};
