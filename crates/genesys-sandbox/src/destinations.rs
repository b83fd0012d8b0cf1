//! Destinations on loopback that are as good or as bad as their names say.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::error::{SandboxError, SandboxErrorKind};

mod authority;
mod hello;
mod kind;
mod serve;
mod state;

pub use kind::DestinationKind;

use authority::Authority;
use serve::Mode;
use state::State;

/// HTTPS servers with a certificate authority of their own, one for each [`DestinationKind`], each on a free port of
/// `127.0.0.1`.
///
/// They have names below `sandbox.test`, which no name server knows: a client resolves them by
/// [`resolver`](Self::resolver) and trusts [`ca_certificate`](Self::ca_certificate). Nothing listens before
/// [`start`](Self::start); dropping the value stops all of them at once.
///
/// ```
/// # async fn example() -> Result<(), genesys_sandbox::SandboxError> {
/// use genesys_sandbox::{DestinationKind, Destinations};
///
/// let destinations = Destinations::start().await?;
/// let healthy = destinations.get(DestinationKind::Healthy);
/// assert_eq!(healthy.host(), "healthy.sandbox.test");
/// assert!(healthy.url().starts_with("https://healthy.sandbox.test:"));
///
/// // For a fake resolver: the name's address, and none for any other name.
/// let resolve = destinations.resolver();
/// assert_eq!(resolve("Healthy.Sandbox.Test."), Some(healthy.address().ip()));
/// assert_eq!(resolve("example.com"), None);
/// # Ok(()) }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Debug)]
pub struct Destinations {
    all: Vec<Destination>,
    ca: Authority,
    tasks: Vec<JoinHandle<()>>,
}

impl Destinations {
    /// Makes the certificates and opens the listeners, one a kind.
    ///
    /// Keys and certificates are new each time; validity counts from the machine's clock now.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Listen`] when there is no free port, [`SandboxErrorKind::Certificates`] when a
    /// certificate cannot be made.
    pub async fn start() -> Result<Self, SandboxError> {
        let ca = Authority::new(crate::time::since_epoch())?;
        // Dropped on an early return, which stops those that run already.
        let mut started = Self {
            all: Vec::new(),
            ca,
            tasks: Vec::new(),
        };
        for kind in DestinationKind::ALL {
            started.add(kind).await?;
        }
        let home = started.get(DestinationKind::Healthy).url();
        started
            .get(DestinationKind::Redirecting)
            .set_location(&home)?;
        Ok(started)
    }

    async fn add(&mut self, kind: DestinationKind) -> Result<(), SandboxError> {
        let failed = |error| {
            SandboxError::new(SandboxErrorKind::Listen, "cannot listen on 127.0.0.1")
                .with_source(error)
        };
        let mode = match kind {
            DestinationKind::Tls11 => Mode::Hello,
            _ => Mode::Tls(self.ca.acceptor(kind)?),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let state = Arc::new(State::new(kind));
        let task = serve::run(listener, mode, Arc::clone(&state));
        self.tasks.push(tokio::spawn(task));
        self.all.push(Destination {
            kind,
            host: kind.host(),
            address,
            state,
        });
        Ok(())
    }

    /// The certificate of the authority that the good ones are signed by, in DER. The only one to trust.
    #[must_use]
    pub fn ca_certificate(&self) -> &[u8] {
        self.ca.certificate_der()
    }

    /// The same in PEM.
    #[must_use]
    pub fn ca_certificate_pem(&self) -> &str {
        self.ca.certificate_pem()
    }

    /// The destination of this kind.
    #[must_use]
    pub fn get(&self, kind: DestinationKind) -> &Destination {
        // They stand in the order of the enumeration, one each.
        &self.all[kind as usize]
    }

    /// All of them, in the order of [`DestinationKind::ALL`].
    pub fn iter(&self) -> std::slice::Iter<'_, Destination> {
        self.all.iter()
    }

    /// Names and where they listen.
    #[must_use]
    pub fn addresses(&self) -> BTreeMap<String, SocketAddr> {
        self.all
            .iter()
            .map(|one| (one.host.clone(), one.address))
            .collect()
    }

    /// A look-up for a fake resolver: the address of one of the names, and `None` for every other one. Case and one
    /// trailing dot do not count. The ports differ, so they stand in [`Destination::url`].
    pub fn resolver(&self) -> impl Fn(&str) -> Option<IpAddr> + Clone + Send + Sync + 'static {
        let table = Arc::new(self.addresses());
        move |name| {
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            table.get(&name).map(SocketAddr::ip)
        }
    }
}

impl Drop for Destinations {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl<'a> IntoIterator for &'a Destinations {
    type Item = &'a Destination;
    type IntoIter = std::slice::Iter<'a, Destination>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// One destination, running. Its answers can be changed while it serves.
pub struct Destination {
    kind: DestinationKind,
    host: String,
    address: SocketAddr,
    state: Arc<State>,
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Destination")
            .field("kind", &self.kind)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Destination {
    /// What is good or bad about it.
    #[must_use]
    pub fn kind(&self) -> DestinationKind {
        self.kind
    }

    /// Its name, such as `healthy.sandbox.test`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL with name and port, such as `https://healthy.sandbox.test:40123/`. Every path is answered alike.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}:{}/", self.host, self.address.port())
    }

    /// Connections taken so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.state.connections()
    }

    /// TLS handshakes that were finished. A client that refuses the certificate may have finished none.
    #[must_use]
    pub fn handshakes(&self) -> u64 {
        self.state.handshakes()
    }

    /// HTTP requests, answered or still waiting for their answer.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state.requests()
    }

    /// The statuses to answer with from now on, in turn and then from the start again. One status is answered always.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Script`] for an empty sequence and for a status outside 200–599.
    pub fn set_statuses(
        &self,
        statuses: impl IntoIterator<Item = u16>,
    ) -> Result<(), SandboxError> {
        self.state.set_statuses(statuses.into_iter().collect())
    }

    /// How long each answer takes from now on. The sandbox really waits.
    pub fn set_delay(&self, delay: Duration) {
        self.state.set_delay(delay);
    }

    /// The `Location` of the answers from now on, whatever their status; a redirect needs a status to match.
    ///
    /// # Errors
    /// [`SandboxErrorKind::Script`] for what no header can hold.
    pub fn set_location(&self, location: &str) -> Result<(), SandboxError> {
        self.state.set_location(location)
    }
}
