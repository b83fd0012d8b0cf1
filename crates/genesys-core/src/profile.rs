//! Which of the two wire forms a capability speaks.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// Which wire form an adapter speaks.
///
/// Every capability is a trait with an adapter for each profile: [`Guide`](Profile::Guide) follows the published
/// tutorials and runs on the sandbox, [`Platform`](Profile::Platform) does the same job with calls of the published
/// API contract and runs on the real cloud as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Profile {
    /// The wire form of the source documents, served by the sandbox.
    Guide,
    /// Calls that the published API contract has.
    Platform,
}

impl Profile {
    /// The lower-case name used in settings and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Profile::Guide => "guide",
            Profile::Platform => "platform",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Profile {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::Config`] unless the text is `guide` or `platform`, in any case.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.trim().to_ascii_lowercase().as_str() {
            "guide" => Ok(Profile::Guide),
            "platform" => Ok(Profile::Platform),
            _ => Err(Error::new(
                ErrorKind::Config,
                "unknown profile; known are guide, platform",
            )),
        }
    }
}
