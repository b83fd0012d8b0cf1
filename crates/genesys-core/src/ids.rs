//! The macro that makes id newtypes.

/// Defines an opaque id: a newtype over `String` that serialises as its text and refuses to be empty.
///
/// ```
/// genesys_core::id_type! {
///     /// Names a queue.
///     pub struct QueueId;
/// }
/// assert_eq!(QueueId::new("q-1")?.as_str(), "q-1");
/// assert!(QueueId::new("").is_err());
/// # Ok::<(), genesys_core::Error>(())
/// ```
#[macro_export]
macro_rules! id_type {
    ($(#[$doc:meta])* $vis:vis struct $name:ident;) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        $vis struct $name(String);

        impl $name {
            /// Wraps the text that the platform gave.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::InvalidRequest`]($crate::ErrorKind::InvalidRequest) when it is empty.
            pub fn new(id: impl Into<String>) -> ::core::result::Result<Self, $crate::Error> {
                let id = id.into();
                if id.is_empty() {
                    return Err($crate::Error::new($crate::ErrorKind::InvalidRequest, concat!(stringify!($name), " is empty")));
                }
                Ok(Self(id))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl ::core::convert::AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl ::core::convert::TryFrom<String> for $name {
            type Error = $crate::Error;

            fn try_from(id: String) -> ::core::result::Result<Self, $crate::Error> {
                Self::new(id)
            }
        }

        impl ::core::convert::From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}
