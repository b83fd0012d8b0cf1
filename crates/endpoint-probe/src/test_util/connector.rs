//! A connector that answers from memory.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

use crate::connect::{Connector, Stream};

/// The other end of a scripted connection, which a test reads requests from and writes answers to.
pub type FarEnd = DuplexStream;

type Server = dyn Fn(SocketAddr, FarEnd) + Send + Sync;

/// Bytes that a direction of a scripted connection holds before the writer waits.
const BUFFER: usize = 64 << 10;

/// What becomes of a dialled address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialled {
    /// A connection in memory.
    Connected,
    /// Refused, with this kind of error.
    Refused(io::ErrorKind),
    /// No answer, ever.
    Stalled,
}

/// Answers connections by streams in memory, refusals or silence, and records every address dialled.
///
/// ```
/// use endpoint_probe::Connector;
/// use endpoint_probe::test_util::{Dialled, ScriptedConnector};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let wire = ScriptedConnector::accepting()
///     .with_outcome("10.0.0.1".parse()?, Dialled::Refused(std::io::ErrorKind::ConnectionRefused));
/// assert!(wire.connect("10.0.0.1:443".parse()?).await.is_err());
/// assert!(wire.connect("10.0.0.2:443".parse()?).await.is_ok());
/// assert_eq!(wire.dialled().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct ScriptedConnector {
    default: Dialled,
    outcomes: HashMap<IpAddr, Dialled>,
    peer: Option<SocketAddr>,
    server: Arc<Server>,
    dialled: Mutex<Vec<SocketAddr>>,
}

impl ScriptedConnector {
    /// Every address connects; the other end closes at once unless [`with_server`](Self::with_server) serves it.
    pub fn accepting() -> Self {
        Self {
            default: Dialled::Connected,
            outcomes: HashMap::new(),
            peer: None,
            server: Arc::new(|_, _| {}),
            dialled: Mutex::new(Vec::new()),
        }
    }

    /// Every address refuses.
    pub fn refusing() -> Self {
        Self {
            default: Dialled::Refused(io::ErrorKind::ConnectionRefused),
            ..Self::accepting()
        }
    }

    /// Sets what becomes of one address.
    #[must_use]
    pub fn with_outcome(mut self, address: IpAddr, outcome: Dialled) -> Self {
        self.outcomes.insert(address, outcome);
        self
    }

    /// Hands the other end of each connection to `serve`, which usually spawns a task for it.
    #[must_use]
    pub fn with_server(
        mut self,
        serve: impl Fn(SocketAddr, FarEnd) + Send + Sync + 'static,
    ) -> Self {
        self.server = Arc::new(serve);
        self
    }

    /// Makes every connection say that `peer` is at its other end, whatever was dialled.
    #[must_use]
    pub fn with_peer(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self
    }

    /// Every address dialled so far, in order.
    pub fn dialled(&self) -> Vec<SocketAddr> {
        self.record().clone()
    }

    /// How many addresses were dialled so far.
    pub fn dialled_count(&self) -> usize {
        self.record().len()
    }

    fn record(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.dialled.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ScriptedConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedConnector")
            .field("default", &self.default)
            .field("outcomes", &self.outcomes)
            .field("dialled", &self.record().len())
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Connector for ScriptedConnector {
    async fn connect(&self, address: SocketAddr) -> io::Result<Box<dyn Stream>> {
        self.record().push(address);
        match self.outcomes.get(&address.ip()).unwrap_or(&self.default) {
            Dialled::Connected => {
                let (stream, far) = duplex(BUFFER);
                (self.server)(address, far);
                let peer = self.peer.unwrap_or(address);
                Ok(Box::new(InMemory { stream, peer }))
            }
            Dialled::Refused(kind) => Err((*kind).into()),
            Dialled::Stalled => std::future::pending().await,
        }
    }
}

struct InMemory {
    stream: DuplexStream,
    peer: SocketAddr,
}

impl Stream for InMemory {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

impl AsyncRead for InMemory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for InMemory {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
