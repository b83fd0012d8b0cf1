//! Ids of the objects that an integration is made of.

genesys_core::id_type! {
    /// Names an integration.
    pub struct IntegrationId;
}

genesys_core::id_type! {
    /// Names a stored credential (platform profile).
    pub struct CredentialId;
}

genesys_core::id_type! {
    /// Names a data action (platform profile).
    pub struct ActionId;
}

genesys_core::id_type! {
    /// Names a registered REST node: in the platform profile a data action.
    pub struct NodeId;
}
