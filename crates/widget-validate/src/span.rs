//! Byte ranges and line numbers.

/// A range of bytes, `start` inclusive, `end` exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` to before `end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span {
            start,
            end: end.max(start),
        }
    }

    /// Number of bytes.
    pub fn len(self) -> usize {
        self.end - self.start
    }

    /// True for a place between two bytes.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same range, counted from `base`.
    pub(crate) fn after(self, base: usize) -> Span {
        Span {
            start: base + self.start,
            end: base + self.end,
        }
    }
}

/// A place as people count: line and column start at 1, and columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LineColumn {
    /// The line, from 1.
    pub(crate) line: usize,
    /// The character in the line, from 1.
    pub(crate) column: usize,
}

/// Where the lines of a text begin; look-ups take logarithmic time, so that a report with many findings stays fast.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    bytes: &'a [u8],
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Lines<'a> {
        let breaks = bytes
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(at, _)| at + 1);
        Lines {
            bytes,
            starts: std::iter::once(0).chain(breaks).collect(),
        }
    }

    fn index(&self, offset: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// Line and column of a byte. The column stops counting 4,096 bytes into a line, so that one line of megabytes costs little.
    pub(crate) fn locate(&self, offset: usize) -> LineColumn {
        let offset = offset.min(self.bytes.len());
        let index = self.index(offset);
        let start = self.starts.get(index).copied().unwrap_or(0);
        let counted = &self.bytes[start..offset.min(start + 4096)];
        let skipped = offset.saturating_sub(start + 4096);
        let column = String::from_utf8_lossy(counted).chars().count() + skipped + 1;
        LineColumn {
            line: index + 1,
            column,
        }
    }

    /// The line around a byte, cut to a readable length: its text and the byte where that text begins.
    pub(crate) fn excerpt(&self, offset: usize) -> (usize, String) {
        const BEFORE: usize = 60;
        const WIDTH: usize = 120;
        let offset = offset.min(self.bytes.len());
        let index = self.index(offset);
        let start = self.starts.get(index).copied().unwrap_or(0);
        let end = self
            .starts
            .get(index + 1)
            .map_or(self.bytes.len(), |next| next - 1);
        let mut from = start.max(offset.saturating_sub(BEFORE));
        while from > start && (self.bytes[from] & 0xC0) == 0x80 {
            from -= 1;
        }
        let to = end.min(from + WIDTH).max(from);
        (
            from,
            String::from_utf8_lossy(&self.bytes[from..to])
                .trim_end_matches(['\r', '\u{fffd}'])
                .to_owned(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_start_at_one_and_count_characters() {
        let lines = Lines::new("a\né!\n".as_bytes());
        assert_eq!(lines.locate(0), LineColumn { line: 1, column: 1 });
        assert_eq!(lines.locate(4), LineColumn { line: 2, column: 2 });
        assert_eq!(lines.locate(99), LineColumn { line: 3, column: 1 });
        assert_eq!(lines.excerpt(4), (2, "é!".to_owned()));
    }
}
