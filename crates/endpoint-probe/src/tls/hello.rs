//! The first bytes of a peer, read apart from the TLS library: what it answers with when it is not TLS, and which version
//! and cipher it chose when nothing comes of the handshake.

use rustls::CipherSuite;

/// What a peer's first bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opening {
    /// No byte came.
    Nothing,
    /// The beginning of TLS, too short or too odd to say more.
    Tls,
    /// A server's choice.
    Hello { version: u16, cipher: u16 },
    /// An alert in the clear: level and description.
    Alert { description: u8 },
    /// An HTTP answer, or a page.
    Http,
    /// Something else.
    Other,
}

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const SUPPORTED_VERSIONS: u16 = 43;

impl Opening {
    pub(super) fn read(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Nothing,
            [ALERT, 3, _, 0, 2, _, description, ..] => Self::Alert {
                description: *description,
            },
            [HANDSHAKE, 3, _, ..] => hello(bytes).unwrap_or(Self::Tls),
            [20..=23, 3, ..] | [20..=23] => Self::Tls,
            _ if starts_with(bytes, b"HTTP/") || starts_with(bytes, b"<") => Self::Http,
            _ => Self::Other,
        }
    }
}

fn starts_with(bytes: &[u8], text: &[u8]) -> bool {
    bytes
        .get(..text.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(text))
}

/// A server's hello that stands in the first record.
fn hello(bytes: &[u8]) -> Option<Opening> {
    let mut record = Reader(bytes.get(5..)?);
    let (kind, length) = (record.byte()?, record.length(3)?);
    if kind != SERVER_HELLO {
        return None;
    }
    // The record may be cut off where the recording ends: what is there is read.
    let mut body = Reader(record.0.get(..length).unwrap_or(record.0));
    let legacy = body.number()?;
    body.skip(32)?;
    let session = body.length(1)?;
    body.skip(session)?;
    let cipher = body.number()?;
    let mut version = legacy;
    // Without a complete list of extensions the version is the one of TLS 1.2 and older.
    if body.skip(1).is_some() && body.length(2).is_some() {
        while let (Some(kind), Some(length)) = (body.number(), body.length(2)) {
            let Some(mut value) = body.take(length) else {
                break;
            };
            if kind == SUPPORTED_VERSIONS {
                version = value.number()?;
            }
        }
    }
    Some(Opening::Hello { version, cipher })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<Reader<'a>> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(Reader(head))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.take(count).map(|_| ())
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.0.first().copied()
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn length(&mut self, bytes: usize) -> Option<usize> {
        let head = self.take(bytes)?;
        Some(
            head.0
                .iter()
                .fold(0, |sum, byte| (sum << 8) | usize::from(*byte)),
        )
    }
}

/// The name of a protocol version, as OpenSSL writes it.
pub(super) fn version_name(version: u16) -> String {
    match version {
        0x0300 => "SSLv3".to_owned(),
        0x0301 => "TLSv1".to_owned(),
        0x0302 => "TLSv1.1".to_owned(),
        0x0303 => "TLSv1.2".to_owned(),
        0x0304 => "TLSv1.3".to_owned(),
        other => format!("{other:#06x}"),
    }
}

/// The name of a cipher suite in the registry.
pub(super) fn cipher_name(cipher: u16) -> String {
    CipherSuite::from(cipher)
        .as_str()
        .map_or_else(|| format!("{cipher:#06x}"), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_hello(version: u16, extensions: &[u8]) -> Vec<u8> {
        let mut body = version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.extend([0, 0xc0, 0x2f, 0]);
        if !extensions.is_empty() {
            body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
            body.extend(extensions);
        }
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        let mut message = vec![2, length[1], length[2], length[3]];
        message.extend(body);
        let mut record = vec![22, 3, 1];
        record.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
        record.extend(message);
        record
    }

    #[test]
    fn the_version_is_the_extensions_one_where_there_is_one() {
        let old = Opening::read(&server_hello(0x0302, &[]));
        assert_eq!(
            old,
            Opening::Hello {
                version: 0x0302,
                cipher: 0xc02f
            }
        );
        let new = Opening::read(&server_hello(0x0303, &[0, 43, 0, 2, 3, 4]));
        assert_eq!(
            new,
            Opening::Hello {
                version: 0x0304,
                cipher: 0xc02f
            }
        );
        assert_eq!(version_name(0x0302), "TLSv1.1");
        assert_eq!(cipher_name(0xc02f), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(cipher_name(0xfafa), "0xfafa");
    }

    #[test]
    fn every_prefix_of_a_hello_reads_without_a_panic() {
        let whole = server_hello(0x0303, &[0, 23, 0, 0, 0, 43, 0, 2, 3, 4]);
        for end in 0..=whole.len() {
            let _ = Opening::read(&whole[..end]);
        }
        assert_eq!(Opening::read(&whole[..3]), Opening::Tls);
    }

    #[test]
    fn what_is_not_tls_is_told() {
        assert_eq!(Opening::read(b""), Opening::Nothing);
        assert_eq!(
            Opening::read(b"HTTP/1.1 400 Bad Request\r\n"),
            Opening::Http
        );
        assert_eq!(Opening::read(b"<html>"), Opening::Http);
        assert_eq!(Opening::read(b"SSH-2.0-x"), Opening::Other);
        assert_eq!(
            Opening::read(&[21, 3, 1, 0, 2, 2, 70]),
            Opening::Alert { description: 70 }
        );
    }
}
