//! Settings from the environment, every problem reported at once.

use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};

/// Where settings come from: the process environment, or a map in a test.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The process environment. A value that is no Unicode counts as set and empty.
pub fn process(name: &str) -> Option<String> {
    match std::env::var(name) {
        Ok(value) => Some(value),
        Err(std::env::VarError::NotPresent) => None,
        Err(std::env::VarError::NotUnicode(_)) => Some(String::new()),
    }
}

/// Reads settings and collects what is wrong with them.
///
/// ```
/// use genesys_core::env::Reader;
///
/// let lookup = |name: &str| (name == "PORT").then(|| "eighty".to_owned());
/// let mut reader = Reader::new(&lookup);
/// let port: Option<u16> = reader.optional("PORT");
/// let name: Option<String> = reader.required("NAME");
/// let error = reader.finish().unwrap_err();
/// assert_eq!((port, name), (None, None));
/// assert!(error.to_string().contains("PORT") && error.to_string().contains("NAME"));
/// ```
pub struct Reader<'a> {
    lookup: &'a Lookup<'a>,
    problems: Vec<String>,
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader")
            .field("problems", &self.problems)
            .finish_non_exhaustive()
    }
}

impl<'a> Reader<'a> {
    /// Reads through `lookup`; [`process`] is the real environment.
    pub fn new(lookup: &'a Lookup<'a>) -> Self {
        Self {
            lookup,
            problems: Vec::new(),
        }
    }

    /// The text of a setting; none when it is not set. A set but empty one is a problem.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let value = (self.lookup)(name)?;
        if value.trim().is_empty() {
            self.problem(format!("{name} is empty"));
            return None;
        }
        Some(value)
    }

    /// A setting that may be missing. One that cannot be parsed is a problem; its value is not repeated.
    pub fn optional<T: FromStr>(&mut self, name: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.text(name)?;
        match text.trim().parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(format!("{name}: {error}"));
                None
            }
        }
    }

    /// A setting that must be there.
    pub fn required<T: FromStr>(&mut self, name: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        if (self.lookup)(name).is_none() {
            self.problem(format!("{name} is not set"));
            return None;
        }
        self.optional(name)
    }

    /// Adds a problem that concerns several settings.
    pub fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] with every problem found.
    pub fn finish(self) -> Result<()> {
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::Config, self.problems.join("; ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_reported_at_once_and_no_value_is_repeated() {
        // errata ALL-28, EVR-46, RST-51
        let lookup = |name: &str| match name {
            "A" => Some("  ".to_owned()),
            "B" => Some("hunter2".to_owned()),
            _ => None,
        };
        let mut reader = Reader::new(&lookup);
        let _: Option<String> = reader.required("A");
        let _: Option<u8> = reader.required("B");
        let _: Option<String> = reader.required("C");
        let text = reader.finish().unwrap_err().to_string();
        for part in ["A is empty", "B: ", "C is not set"] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
    }
}
