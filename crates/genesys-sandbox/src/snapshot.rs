//! What is stored, as the API would show it.

use serde_json::Value;

use crate::cloud::Cloud;
use crate::guide::{definitions, widgets};
#[cfg(feature = "platform")]
use crate::platform;
use crate::sandbox::Snapshot;
use crate::store::Integration;

pub(crate) fn take(cloud: &Cloud) -> Snapshot {
    let store = cloud.store();
    let integrations = store.integrations.iter().map(|row| match row {
        Integration::Definition(one) => definitions::view(one),
        Integration::Widget(one) => widgets::view(one),
        #[cfg(feature = "platform")]
        Integration::Platform(one) => platform::integrations::view(one),
    });
    let integrations = integrations.collect();
    let webhooks = store
        .webhooks
        .iter()
        .map(|webhook| webhook.view.clone())
        .collect();
    #[cfg(feature = "platform")]
    let (credentials, actions, drafts) = (
        store
            .credentials
            .iter()
            .map(platform::credentials::view)
            .collect(),
        store
            .actions
            .iter()
            .filter_map(|action| {
                Some(platform::actions::full_view(
                    action,
                    action.published.as_ref()?,
                ))
            })
            .collect(),
        store
            .actions
            .iter()
            .filter_map(|action| Some(platform::actions::full_view(action, action.draft.as_ref()?)))
            .collect(),
    );
    #[cfg(not(feature = "platform"))]
    let (credentials, actions, drafts): (Vec<Value>, Vec<Value>, Vec<Value>) = Default::default();
    let kinds: [Vec<Value>; 5] = [integrations, webhooks, credentials, actions, drafts];
    let [integrations, webhooks, credentials, actions, drafts] = kinds;
    Snapshot {
        integrations,
        webhooks,
        credentials,
        actions,
        drafts,
    }
}
