#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

#[cfg(feature = "platform")]
mod activation;
mod admin;
mod api_error;
mod builder;
mod clients;
mod cloud;
mod delivery;
mod digest;
mod error;
mod external;
mod faults;
mod gate;
mod guide;
mod input;
mod integrations;
mod ledger;
mod login;
mod pages;
mod permissions;
#[cfg(feature = "platform")]
mod platform;
mod post;
mod quota;
mod reply;
mod routes;
mod sandbox;
mod seeded;
mod server;
mod snapshot;
mod store;
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
pub use error::{SandboxError, SandboxErrorKind};
pub use external::{ExternalReply, ExternalSystems};
pub use faults::{Fault, FaultId, FaultKind, FaultStatus, Faults, Stage};
pub use ledger::{Counts, Effect, Host, LEDGER_CAPACITY, LedgerEntry, Object, Outcome, Verb};
pub use sandbox::{Sandbox, Snapshot};
