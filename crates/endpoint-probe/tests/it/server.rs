//! Raw listeners on loopback: what a server does with a connection, byte for byte.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use endpoint_probe::{EgressPolicy, Guard, GuardedClient, GuardedClientBuilder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What the server does once the request's head has arrived.
#[derive(Debug, Clone)]
pub enum Deed {
    /// These bytes, then the end.
    Answer(String),
    /// The first bytes, then the second again and again, for as long as somebody reads.
    Endless(&'static str, &'static str),
    /// These bytes, then silence.
    Stall(&'static str),
    /// These bytes, and then the connection is gone without a word.
    Cut(&'static str),
    /// A reset.
    Reset,
}

/// A listener and the heads of the requests that it got.
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Serves the deeds in turn, the last one again and again.
    pub async fn start(deeds: impl IntoIterator<Item = Deed>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let deeds: Vec<Deed> = deeds.into_iter().collect();
        tokio::spawn(async move {
            for index in 0.. {
                let Ok((mut socket, _)) = listener.accept().await else {
                    return;
                };
                let deed = deeds[index.min(deeds.len() - 1)].clone();
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    if matches!(deed, Deed::Reset) {
                        // Zero linger turns the close into a true reset.
                        socket.set_zero_linger().unwrap();
                    }
                    if let Some(request) = request(&mut socket).await {
                        seen.lock().unwrap().push(request);
                        serve(&mut socket, deed).await;
                    }
                });
            }
        });
        Self { address, requests }
    }

    pub async fn answering(answer: impl Into<String>) -> Self {
        Self::start([Deed::Answer(answer.into())]).await
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request so far, as it came: head, and the body that its length announces.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// A policy that opens this server and nothing else beyond the default.
    pub fn policy(&self) -> EgressPolicy {
        EgressPolicy::new()
            .allow_plain_http_to_loopback()
            .allow_port(self.address.port())
    }

    pub fn client(&self) -> GuardedClientBuilder {
        client(self.policy())
    }
}

/// A client that trusts one root, of nobody: building it reads no file of the machine's.
pub fn client(policy: EgressPolicy) -> GuardedClientBuilder {
    let own = rcgen::generate_simple_self_signed(["nobody.example".to_owned()]).unwrap();
    GuardedClient::builder(Guard::system(policy)).with_root_certificates([own.cert.der().to_vec()])
}

/// Reads one request.
pub async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

pub async fn serve(stream: &mut (impl AsyncWrite + Unpin), deed: Deed) {
    match deed {
        Deed::Answer(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Deed::Endless(first, again) => {
            let mut open = stream.write_all(first.as_bytes()).await.is_ok();
            while open {
                open = stream.write_all(again.as_bytes()).await.is_ok();
            }
        }
        Deed::Stall(first) => {
            let _ = stream.write_all(first.as_bytes()).await;
            let _ = stream.flush().await;
            std::future::pending().await
        }
        Deed::Cut(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.flush().await;
        }
        Deed::Reset => {}
    }
}
