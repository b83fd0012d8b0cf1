//! A place in a list, as text.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

/// A place in a list, to go on from later. Its text form is stable.
///
/// ```
/// use genesys_core::page::PageToken;
///
/// let token: PageToken = "number:7".parse()?;
/// assert_eq!(token.to_string(), "number:7");
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageToken {
    /// A page number, from 1.
    Number(u32),
    /// A cursor that the server gave.
    Cursor(String),
}

impl fmt::Display for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PageToken::Number(number) => write!(f, "number:{number}"),
            PageToken::Cursor(cursor) => write!(f, "cursor:{cursor}"),
        }
    }
}

impl FromStr for PageToken {
    type Err = Error;

    /// # Errors
    ///
    /// [`ErrorKind::InvalidRequest`] for a text that no token has.
    fn from_str(text: &str) -> Result<Self, Error> {
        let token = match text.split_once(':') {
            Some(("number", number)) => number
                .parse()
                .ok()
                .filter(|n| *n > 0)
                .map(PageToken::Number),
            Some(("cursor", cursor)) if !cursor.is_empty() => {
                Some(PageToken::Cursor(cursor.to_owned()))
            }
            _ => None,
        };
        token.ok_or_else(|| Error::new(ErrorKind::InvalidRequest, "no page token"))
    }
}
