//! A loopback server on a thread of its own that answers GETs with prepared bytes.
//!
//! It reads a request up to its empty line, looks at `pageNumber` and writes one buffer: no HTTP library, so that it costs
//! the same little in every row of a table. Answers carry the platform's rate headers with a limit that is never reached,
//! because the client reads them.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use resilience::{Clock, SystemClock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers page `n` with the `n`th body, and every request without a page number with the first. Ends with the process.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    address: SocketAddr,
}

impl Server {
    /// Starts to answer with `bodies`, each after `delay`.
    ///
    /// # Errors
    /// When no thread, runtime or loopback port is to be had.
    pub fn start(bodies: Vec<String>, delay: Duration) -> io::Result<Self> {
        let answers: &'static [Vec<u8>] =
            Vec::leak(bodies.iter().map(|body| answer(body)).collect());
        let (sender, receiver) = mpsc::channel();
        thread::Builder::new()
            .name("server".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()?;
                runtime.block_on(async move {
                    let listener = TcpListener::bind("127.0.0.1:0").await?;
                    let _ = sender.send(listener.local_addr()?);
                    loop {
                        let (stream, _) = listener.accept().await?;
                        tokio::spawn(serve(stream, answers, delay));
                    }
                })
            })
            .and_then(|_: thread::JoinHandle<io::Result<()>>| {
                receiver
                    .recv()
                    .map(|address| Self { address })
                    .map_err(io::Error::other)
            })
    }

    /// Its base URL, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn answer(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         inin-correlation-id: 7c0b5f3e-0f6e-4b8f-9a52-1d3c5e7f9a11\r\ninin-ratelimit-count: 1\r\n\
         inin-ratelimit-allowed: 1000000000\r\ninin-ratelimit-reset: 60\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn serve(mut stream: TcpStream, answers: &'static [Vec<u8>], delay: Duration) {
    let _ = stream.set_nodelay(true);
    let mut request = Vec::with_capacity(2048);
    loop {
        request.clear();
        while !request.ends_with(b"\r\n\r\n") {
            match stream.read_buf(&mut request).await {
                Ok(read) if read > 0 => {}
                _ => return,
            }
        }
        if !delay.is_zero() {
            SystemClock.sleep_until(SystemClock.now() + delay).await;
        }
        let page = page_number(&request).unwrap_or(1).max(1);
        let answer = &answers[(page - 1) % answers.len()];
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

fn page_number(request: &[u8]) -> Option<usize> {
    let line = request.split(|byte| *byte == b'\r').next()?;
    let line = str::from_utf8(line).ok()?;
    let (_, rest) = line.split_once("pageNumber=")?;
    rest.split(['&', ' ']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_number_is_read_wherever_it_stands_in_the_query() {
        let number = |line: &str| page_number(format!("{line} HTTP/1.1\r\nhost: x").as_bytes());
        assert_eq!(number("GET /a?pageSize=100&pageNumber=7"), Some(7));
        assert_eq!(number("GET /a?pageNumber=12&pageSize=100"), Some(12));
        assert_eq!(number("GET /a"), None);
    }
}
