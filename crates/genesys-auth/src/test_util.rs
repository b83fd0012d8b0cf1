//! The contract suite of [`TokenStore`](crate::TokenStore) and a fake token exchange, for your own tests.

pub mod contract;
mod fake;

pub use fake::FakeExchange;
