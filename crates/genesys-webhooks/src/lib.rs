#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![forbid(unsafe_code)]

mod api;
mod guide;
mod inbox;
mod notifier;
mod platform;
mod poll;
#[cfg(feature = "receiver")]
mod receiver;
mod registration;
mod rejected;
mod signing;
mod status;
mod target;
mod verifier;
mod watch;
mod webhook;

pub use api::{Ensured, EnsuredState, Webhooks, for_profile};
pub use guide::GuideWebhooks;
pub use inbox::{Inbox, MAX_DELIVERY};
pub use notifier::{Notification, Notifier, Receipt};
pub use platform::PlatformWebhooks;
pub use poll::PlatformWatch;
#[cfg(feature = "receiver")]
#[cfg_attr(docsrs, doc(cfg(feature = "receiver")))]
pub use receiver::StatusReceiver;
pub use registration::{RegistrationBuilder, WebhookRegistration, WebhookShape};
pub use rejected::{Rejected, RejectedKind};
pub use signing::{MessageId, SigningKey};
pub use status::{Status, StatusChange, StatusSource};
pub use target::TargetUrl;
pub use verifier::{Verified, Verifier};
pub use watch::{StatusChanges, Watch};
pub use webhook::{Webhook, WebhookId};
