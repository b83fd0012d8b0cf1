//! What is stored, as the API would show it.

use crate::cloud::Cloud;
use crate::guide::{definitions, widgets};
#[cfg(feature = "platform")]
use crate::platform;
use crate::sandbox::Snapshot;
use crate::store::{Integration, Store};

pub(crate) fn take(cloud: &Cloud) -> Snapshot {
    let store = cloud.store();
    let integrations = store.integrations.iter().map(|row| match row {
        Integration::Definition(one) => definitions::view(one),
        Integration::Widget(one) => widgets::view(one),
        #[cfg(feature = "platform")]
        Integration::Platform(one) => platform::integrations::view(one),
    });
    let webhooks = store.webhooks.iter().map(|one| one.view.clone());
    let nodes = store.nodes.iter().map(|one| one.view.clone());
    let outbound = store.outbound.iter().map(|one| one.view.clone());
    Snapshot {
        integrations: integrations.collect(),
        webhooks: webhooks.collect(),
        outbound_integrations: outbound.collect(),
        nodes: nodes.collect(),
        ..platform_half(&store)
    }
}

#[cfg(feature = "platform")]
fn platform_half(store: &Store) -> Snapshot {
    let views =
        |version: fn(&platform::records::Action) -> Option<&platform::records::ActionVersion>| {
            let versions = store
                .actions
                .iter()
                .filter(|action| !action.built_in)
                .filter_map(|action| Some((action, version(action)?)));
            versions
                .map(|(action, version)| platform::actions::full_view(action, version))
                .collect()
        };
    Snapshot {
        credentials: store
            .credentials
            .iter()
            .map(platform::credentials::view)
            .collect(),
        actions: views(|action| action.published.as_ref()),
        drafts: views(|action| action.draft.as_ref()),
        triggers: store
            .triggers
            .iter()
            .map(platform::triggers::view)
            .collect(),
        ..Snapshot::default()
    }
}

#[cfg(not(feature = "platform"))]
fn platform_half(_: &Store) -> Snapshot {
    Snapshot::default()
}
