//! What takes deliveries: a listener that shows every byte.

use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

/// A request, as it came.
pub(crate) struct Letter {
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: Value,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) inbox: Arc<Mutex<Vec<Letter>>>,
}

impl Receiver {
    pub(crate) async fn bodies(&self) -> Vec<Value> {
        let inbox = self.inbox.lock().await;
        inbox.iter().map(|letter| letter.body.clone()).collect()
    }
}

/// A receiver that answers with these statuses in turn (the last one repeats) and keeps what it got.
pub(crate) async fn receiver(statuses: &'static [u16]) -> Receiver {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook?key=hidden", listener.local_addr().unwrap());
    let inbox = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&inbox);
    tokio::spawn(async move {
        for n in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            let mut chunk = [0; 4096];
            let letter = loop {
                let length = stream.read(&mut chunk).await.unwrap();
                bytes.extend_from_slice(&chunk[..length]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n")
                    && let Ok(body) = serde_json::from_str(body)
                {
                    let head = format!("{head}\r\n");
                    break Letter { head, body };
                }
                assert!(length > 0, "the request ended too early: {text}");
            };
            kept.lock().await.push(letter);
            let status = statuses[n.min(statuses.len() - 1)];
            let answer =
                format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    Receiver { url, inbox }
}
