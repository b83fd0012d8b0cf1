//! The names of a trail's files.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Digits of the number in an archive's name; more when the number needs them.
const DIGITS: usize = 12;

/// The name of the file that starts with line `first`.
pub(super) fn archive(path: &Path, first: u64) -> PathBuf {
    with_suffix(path, &format!(".{first:0DIGITS$}"))
}

/// The file whose lock marks the trail as taken. It stays, empty: removing it would race with the next writer.
pub(super) fn lock(path: &Path) -> PathBuf {
    with_suffix(path, ".lock")
}

/// The folder that holds the trail.
pub(super) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The archives of a trail with their first numbers, oldest first.
pub(super) fn archives(path: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let Some(name) = path.file_name() else {
        return Ok(Vec::new());
    };
    let name = name.as_encoded_bytes();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder(path))? {
        let entry = entry?;
        let candidate = entry.file_name();
        let number = candidate
            .as_encoded_bytes()
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix(b"."))
            .filter(|digits| digits.len() >= DIGITS && digits.iter().all(u8::is_ascii_digit))
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        if let Some(number) = number {
            found.push((number, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_found_in_the_order_of_their_lines_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        for name in [
            "a.log",
            "a.log.lock",
            "a.log.000000000020",
            "a.log.000000000003",
            "a.log.1",
            "b.log.000000000001",
            "a.log.00000000000x",
        ] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let numbers: Vec<u64> = archives(&path)
            .unwrap()
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        assert_eq!(numbers, [3, 20]);
        assert_eq!(archive(&path, 20), folder.path().join("a.log.000000000020"));
    }
}
