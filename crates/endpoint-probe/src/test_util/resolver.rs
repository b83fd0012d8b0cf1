//! A resolver that answers from a script.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::resolve::{Resolution, ResolveError, Resolver};

/// Answers look-ups from a script and counts them.
///
/// A name's answers are given in their order, and the last one again and again: a name that rebinds is one with two answers.
/// Names without a script do not exist ([`ResolveError::NotFound`]).
///
/// ```
/// use endpoint_probe::Resolver;
/// use endpoint_probe::test_util::ScriptedResolver;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let names = ScriptedResolver::new()
///     .with_answer("rebind.example.com", ["93.184.216.34".parse()?])
///     .with_answer("rebind.example.com", ["127.0.0.1".parse()?]);
/// assert!(!names.resolve("rebind.example.com").await?.addresses[0].is_loopback());
/// assert!(names.resolve("rebind.example.com").await?.addresses[0].is_loopback());
/// assert_eq!(names.lookups("rebind.example.com"), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct ScriptedResolver {
    names: Mutex<HashMap<String, Script>>,
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Result<Resolution, ResolveError>>,
    lookups: usize,
}

impl ScriptedResolver {
    /// No name exists.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer to `name`'s script: these addresses.
    #[must_use]
    pub fn with_answer(
        self,
        name: impl Into<String>,
        addresses: impl IntoIterator<Item = IpAddr>,
    ) -> Self {
        self.push(name, Ok(Resolution::new(addresses)));
        self
    }

    /// Adds an answer to `name`'s script: this failure.
    #[must_use]
    pub fn with_failure(self, name: impl Into<String>, error: ResolveError) -> Self {
        self.push(name, Err(error));
        self
    }

    /// Adds any answer to `name`'s script, also while it is in use.
    pub fn push(&self, name: impl Into<String>, answer: Result<Resolution, ResolveError>) {
        self.names()
            .entry(name.into())
            .or_default()
            .answers
            .push_back(answer);
    }

    /// How often `name` was looked up.
    pub fn lookups(&self, name: &str) -> usize {
        self.names().get(name).map_or(0, |script| script.lookups)
    }

    fn names(&self) -> MutexGuard<'_, HashMap<String, Script>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Resolver for ScriptedResolver {
    async fn resolve(&self, host: &str) -> Result<Resolution, ResolveError> {
        let mut names = self.names();
        let script = names.entry(host.to_owned()).or_default();
        script.lookups += 1;
        let answer = match script.answers.len() {
            0 | 1 => script.answers.front().cloned(),
            _ => script.answers.pop_front(),
        };
        answer.unwrap_or(Err(ResolveError::NotFound))
    }
}
