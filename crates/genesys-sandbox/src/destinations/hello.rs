//! A server that knows no TLS newer than 1.1, as far as a client gets to see.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The longest time that the whole exchange may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The type of a TLS record that holds handshake messages.
const HANDSHAKE: u8 = 22;
/// The type of the message that begins a handshake.
const CLIENT_HELLO: u8 = 1;
/// The longest body of a TLS record.
const RECORD: usize = 16_384;
/// What a client may still say before it goes; the rest is not read.
const FAREWELL: u64 = 16_384;

/// A record with one ServerHello: version 1.1 twice, a random without the marks of a downgrade, no session,
/// `TLS_RSA_WITH_AES_128_CBC_SHA`, no compression, no extensions.
const SERVER_HELLO: [u8; 47] = [
    HANDSHAKE, 3, 2, 0, 42, // Record: type, version 1.1, length.
    2, 0, 0, 38, // Message: ServerHello, length.
    3, 2, // Version 1.1.
    0x5a, 0x11, 0x3c, 0x9e, 0x07, 0xd4, 0x68, 0xb2, 0x21, 0xf5, 0x83, 0x4d, 0x96, 0x0b, 0xe8, 0x70,
    0x1f, 0xc3, 0x57, 0xaa, 0x34, 0x8d, 0xe1, 0x62, 0xb9, 0x05, 0x7c, 0xd0, 0x4b, 0x98, 0x2e, 0xf1,
    0, // Length of the session id.
    0, 0x2f, // Cipher suite.
    0,    // Compression.
];

/// Answers a ClientHello and waits until the client has gone. What is no ClientHello is not answered.
pub(super) async fn answer(mut stream: TcpStream) {
    // Whatever fails here, the connection is over.
    let _ = tokio::time::timeout(TIMEOUT, exchange(&mut stream)).await;
}

async fn exchange(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).await?;
    let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
    if header[0] != HANDSHAKE || length == 0 || length > RECORD {
        return Ok(());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    if body[0] != CLIENT_HELLO {
        return Ok(());
    }
    stream.write_all(&SERVER_HELLO).await?;
    // Closing with unread bytes would reset the connection, and the client might never see the answer.
    let mut rest = stream.take(FAREWELL);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_of_the_hello_are_right() {
        let (record, message) = (&SERVER_HELLO[5..], &SERVER_HELLO[9..]);
        assert_eq!(usize::from(SERVER_HELLO[4]), record.len());
        assert_eq!(usize::from(SERVER_HELLO[8]), message.len());
    }
}
