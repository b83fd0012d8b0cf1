//! Files that a program reads: bounded, named in every error, `-` for standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// No file is read beyond this.
pub const LARGEST: usize = 10 * 1024 * 1024;

/// A file with the name it has in reports.
#[derive(Debug, Clone)]
pub struct Input {
    /// The path as it was given; `stdin` for standard input.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Input {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Names the file: it cannot be read, or is larger than [`LARGEST`].
    pub fn read(path: &Path) -> Result<Self, String> {
        let name = if is_stdin(path) {
            "stdin".to_owned()
        } else {
            path.display().to_string()
        };
        let mut bytes = Vec::new();
        // One byte more tells a file that is too large from one that just fits, and a device ends too.
        let limit = LARGEST as u64 + 1;
        let read = if is_stdin(path) {
            io::stdin().lock().take(limit).read_to_end(&mut bytes)
        } else {
            File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
        };
        match read {
            Err(error) => Err(format!("{name}: {error}")),
            Ok(count) if count > LARGEST => {
                Err(format!("{name}: larger than {LARGEST} bytes, not read"))
            }
            Ok(_) => Ok(Self { name, bytes }),
        }
    }

    /// Reads several files.
    ///
    /// # Errors
    ///
    /// Names every file that cannot be read.
    pub fn read_all(paths: &[PathBuf]) -> Result<Vec<Self>, String> {
        let (mut inputs, mut problems) = (Vec::new(), Vec::new());
        for path in paths {
            match Self::read(path) {
                Ok(input) => inputs.push(input),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() {
            Ok(inputs)
        } else {
            Err(problems.join("\n  "))
        }
    }

    /// The header lines of the last response, as `curl -sI` prints them: with `-L` those of every redirect stand before it.
    ///
    /// # Errors
    ///
    /// Names file and line of what is no header.
    pub fn headers(&self) -> Result<Vec<(String, String)>, String> {
        let mut headers = Vec::new();
        for (number, line) in (1..).zip(String::from_utf8_lossy(&self.bytes).lines()) {
            if line.starts_with("HTTP/") {
                headers.clear();
            } else if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            } else if !line.trim().is_empty() {
                return Err(format!("{}:{number}: not a header", self.name));
            }
        }
        Ok(headers)
    }
}

/// True for `-`.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_file_may_be_as_large_as_the_limit_and_no_larger() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        std::fs::write(&path, vec![b' '; LARGEST]).unwrap();
        assert_eq!(Input::read(&path).unwrap().bytes.len(), LARGEST);
        std::fs::write(&path, vec![b' '; LARGEST + 1]).unwrap();
        let error = Input::read(&path).unwrap_err();
        assert!(
            error.contains("large: larger than 10485760 bytes"),
            "{error}"
        );
    }

    #[test]
    fn every_unreadable_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [
            folder.path().join("one"),
            folder.path().to_owned(),
            folder.path().join("two"),
        ];
        let error = Input::read_all(&paths).unwrap_err();
        assert_eq!(error.lines().count(), 3, "{error}");
        assert!(
            error.contains("one: ") && error.contains("two: "),
            "{error}"
        );
    }

    #[test]
    fn the_headers_of_the_last_response_count() {
        let text =
            "HTTP/1.1 301 Moved\r\nLocation: /w\r\n\r\nHTTP/2 200\r\nx-frame-options: DENY\r\n\r\n";
        let input = |text: &str| Input {
            name: "h".to_owned(),
            bytes: text.as_bytes().to_vec(),
        };
        let expected = [("x-frame-options".to_owned(), "DENY".to_owned())];
        assert_eq!(input(text).headers().unwrap(), expected);
        assert_eq!(
            input("a: b\nnonsense\n").headers().unwrap_err(),
            "h:2: not a header"
        );
    }
}
