//! The rules that refuse a destination.

use crate::address::AddressClass;

/// Why a destination is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Blocked {
    /// The text is no absolute URL, is longer than 8 KiB, or has a spelling that a parser repairs in silence.
    #[error("the text is no plain absolute URL")]
    Text,
    /// The scheme is not `https`, nor plain `http` to a loopback address where the policy allows that.
    #[error("the scheme is not allowed")]
    Scheme,
    /// The URL carries a user name or a password.
    #[error("user info is not allowed")]
    UserInfo,
    /// The port is not in the policy's list, or 0.
    #[error("the port is not allowed")]
    Port,
    /// The URL has no host, or one that is no host name: labels of letters, digits, `-` and `_`.
    #[error("the host is no host name")]
    Host,
    /// The name belongs to a private network, to this machine or to a metadata service.
    #[error("the name is not public")]
    Name,
    /// The policy lists hosts, and this is none of them.
    #[error("the host is not in the list")]
    Unlisted,
    /// An address, given or looked up, is of a class that the policy does not allow.
    #[error("the address is not allowed: {0}")]
    Address(AddressClass),
    /// The name has more addresses than the policy takes.
    #[error("the name has too many addresses")]
    TooManyAddresses,
    /// Another address answered than the one dialled.
    #[error("another address answered than the one dialled")]
    Peer,
    /// A redirect leads from `https` to plain `http`.
    #[error("a redirect leads from https to plain http")]
    Downgrade,
}
