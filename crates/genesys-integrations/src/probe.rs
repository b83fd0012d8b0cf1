//! How tests are sent: their own retry policy and their own circuit breaker.

use std::sync::Arc;

use genesys_core::observe::{BreakerChanged, Event, Observer};
use genesys_core::{Client, RequestBuilder, policy};
use resilience::{BreakerListener, BreakerRegistry, Transition};

use crate::report::TestRequest;

/// One breaker an upstream, kept for as long as the adapter or a clone of it lives: 3 failures in a row open it, for 5 s and
/// growing. Tests fail for other reasons than the rest of the API, so they do not share its breaker.
#[derive(Debug, Clone)]
pub(crate) struct Probes {
    breakers: BreakerRegistry,
}

#[derive(Debug)]
struct Transitions(Arc<dyn Observer>);

impl BreakerListener for Transitions {
    fn on_transition(&self, transition: &Transition) {
        let cause = format!("{:?}", transition.cause);
        let event = BreakerChanged::new(&transition.name, transition.from, transition.to, &cause);
        self.0.on_event(&Event::BreakerChanged(&event));
    }
}

impl Probes {
    pub(crate) fn new(client: &Client) -> Self {
        let listener = Transitions(Arc::clone(client.recorder().observer()));
        let breakers = BreakerRegistry::new(
            policy::guide_000_breaker(),
            Arc::clone(client.clock()),
            Arc::clone(client.random()),
        )
        .with_listener(Arc::new(listener));
        Self { breakers }
    }

    /// Gives a test request its policy, its breaker and its class.
    pub(crate) fn guard(
        &self,
        client: &Client,
        call: RequestBuilder,
        request: &TestRequest,
    ) -> RequestBuilder {
        let host = client.hosts().api().host_str().unwrap_or_default();
        let breaker = self
            .breakers
            .get(&format!("{host}/integrations.test"), client.clock().now());
        let call = request
            .secrets()
            .iter()
            .fold(call, |call, secret| call.with_secret(secret));
        call.operation("integrations.test")
            .retry(policy::guide_000_test())
            .breaker(breaker)
            .idempotent(request.is_repeatable())
    }
}
