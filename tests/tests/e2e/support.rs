//! A client on a sandbox, put together from the parts.

use std::sync::Arc;

use genesys_auth::{ClientCredentials, OAuth, TokenCache};
use genesys_core::transport::ReqwestTransport;
use genesys_core::{Client, ClientBuilder, Hosts, Transport};
use genesys_sandbox::{CLIENT_ID, CLIENT_SECRET, Sandbox};

pub(crate) fn hosts(sandbox: &Sandbox) -> Hosts {
    Hosts::new(&sandbox.api_url(), &sandbox.login_url()).unwrap()
}

pub(crate) fn transport() -> Arc<dyn Transport> {
    Arc::new(ReqwestTransport::builder().build().unwrap())
}

pub(crate) fn tokens(sandbox: &Sandbox, transport: Arc<dyn Transport>) -> TokenCache {
    let credentials = ClientCredentials::new(CLIENT_ID, CLIENT_SECRET).unwrap();
    let oauth = OAuth::builder(hosts(sandbox), credentials)
        .with_transport(transport)
        .build()
        .unwrap();
    TokenCache::new(oauth)
}

/// A client whose token cache is its own.
pub(crate) fn client(sandbox: &Sandbox) -> ClientBuilder {
    let transport = transport();
    Client::builder(hosts(sandbox))
        .with_token_source(tokens(sandbox, Arc::clone(&transport)))
        .with_transport(transport)
}
