//! Where a file that exists already left off.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::time::SystemTime;

use serde::Deserialize;

use super::line::{AuditLine, SCHEMA};

/// How much of the end is searched for a readable line: far more than the longest line.
const WINDOW_MAX: u64 = 16 * 1024 * 1024;
const WINDOW_MIN: u64 = 64 * 1024;
/// Bytes of the first line that are read to learn the file's age.
const FIRST_LINE_MAX: u64 = 1024 * 1024;

/// Where a file left off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The file's size.
    pub(super) len: u64,
    /// The number of the first line; the last one's when the first is not readable, none when no line is.
    pub(super) first: Option<u64>,
    /// The number of the last readable line.
    pub(super) seq: Option<u64>,
    /// Bytes after the last readable line that are no line: a write that a crash cut off.
    pub(super) torn: u64,
    /// The file does not end with a line end.
    pub(super) open_ended: bool,
    /// The time of the first line.
    pub(super) started: Option<SystemTime>,
}

/// What every version of the format starts with.
#[derive(Deserialize)]
struct Head {
    schema: u32,
    seq: u64,
}

/// Reads the end of `file`.
///
/// # Errors
///
/// Those of the file, and `InvalidData` for a file that is no audit trail or one of a newer version: nothing is ever
/// appended to such a file.
pub(super) fn inspect(file: &mut File) -> io::Result<Tail> {
    let len = file.metadata()?.len();
    if len == 0 {
        return Ok(Tail::default());
    }
    let first = first_line(file)?;
    let mut window = WINDOW_MIN;
    loop {
        let start = len.saturating_sub(window);
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.by_ref().take(len - start).read_to_end(&mut bytes)?;
        let open_ended = bytes.last() != Some(&b'\n');
        if let Some((seq, torn)) = last_line(&bytes, start == 0)? {
            return Ok(Tail {
                len,
                first: Some(first.as_ref().map_or(seq, |line| line.seq)),
                seq: Some(seq),
                torn,
                open_ended,
                started: first.map(|line| line.time),
            });
        }
        if start == 0 && is_torn_start(&bytes) {
            return Ok(Tail {
                len,
                torn: len,
                open_ended,
                ..Tail::default()
            });
        }
        if start == 0 || window >= WINDOW_MAX {
            return Err(invalid("the file is no audit trail"));
        }
        window *= 4;
    }
}

/// The number of the last readable line and the bytes behind it.
fn last_line(bytes: &[u8], from_start: bool) -> io::Result<Option<(u64, u64)>> {
    let mut end = bytes.len();
    let mut torn = 0;
    while end > 0 {
        let body = bytes[..end].strip_suffix(b"\n").unwrap_or(&bytes[..end]);
        let start = body
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        if start == 0 && !from_start {
            // The window begins within this line.
            return Ok(None);
        }
        match serde_json::from_slice::<Head>(&body[start..]) {
            Ok(head) if head.schema > SCHEMA => {
                return Err(invalid("the trail has a newer version"));
            }
            Ok(head) => return Ok(Some((head.seq, torn as u64))),
            Err(_) => torn += end - start,
        }
        end = start;
    }
    Ok(None)
}

/// A file whose very first write was cut off: the beginning of a line, or the zeros that some file systems leave.
fn is_torn_start(bytes: &[u8]) -> bool {
    const START: &[u8] = br#"{"schema":"#;
    let shared = bytes.len().min(START.len());
    bytes[..shared] == START[..shared] || bytes.iter().all(|byte| *byte == 0)
}

/// The first line, when it is one.
pub(super) fn first_line(file: &mut File) -> io::Result<Option<AuditLine>> {
    file.seek(SeekFrom::Start(0))?;
    let mut line = Vec::new();
    BufReader::new(file.by_ref().take(FIRST_LINE_MAX)).read_until(b'\n', &mut line)?;
    Ok(serde_json::from_slice(&line).ok())
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn inspect_bytes(bytes: &[u8]) -> io::Result<Tail> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        inspect(&mut file)
    }

    fn line(seq: u64) -> String {
        format!("{{\"schema\":1,\"seq\":{seq}}}\n")
    }

    #[test]
    fn a_clean_end_gives_the_last_number() {
        let tail = inspect_bytes((line(1) + &line(2)).as_bytes()).unwrap();
        assert_eq!((tail.seq, tail.torn, tail.open_ended), (Some(2), 0, false));
    }

    #[test]
    fn every_cut_of_the_last_line_is_told_from_a_whole_one() {
        let (first, second) = (line(7), line(8));
        for cut in 0..=second.len() {
            let text = first.clone() + &second[..cut];
            let tail = inspect_bytes(text.as_bytes()).unwrap();
            // Only the line end may be missing from a line that counts.
            let whole = cut + 1 >= second.len();
            assert_eq!(tail.seq, Some(if whole { 8 } else { 7 }), "{cut}");
            assert_eq!(tail.torn, if whole { 0 } else { cut as u64 }, "{cut}");
            assert_eq!(tail.open_ended, cut > 0 && cut < second.len(), "{cut}");
        }
    }

    #[test]
    fn a_first_line_that_was_cut_or_zeroed_is_ours() {
        for bytes in [&br#"{"sch"#[..], br#"{"schema":1,"seq":1,"ti"#, &[0; 40]] {
            let tail = inspect_bytes(bytes).unwrap();
            assert_eq!((tail.seq, tail.torn), (None, bytes.len() as u64));
        }
    }

    #[test]
    fn another_kind_of_file_is_refused() {
        for bytes in [&b"root:x:0:0\n"[..], b"{}\n", b"{\"schema\":2,\"seq\":1}\n"] {
            assert_eq!(
                inspect_bytes(bytes).unwrap_err().kind(),
                io::ErrorKind::InvalidData
            );
        }
    }

    #[test]
    fn garbage_longer_than_the_first_window_is_passed_over() {
        let mut bytes = line(5).into_bytes();
        bytes.extend(std::iter::repeat_n(b'x', 3 * WINDOW_MIN as usize));
        let tail = inspect_bytes(&bytes).unwrap();
        assert_eq!((tail.seq, tail.torn), (Some(5), 3 * WINDOW_MIN));
    }
}
