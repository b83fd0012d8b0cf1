//! What the measurements (`benches/`) and the stress programs (`src/bin/`) share. Not published.
//!
//! - [`paired`]: interleaved rounds, medians, ratios and an A/A row, because one figure of a shared machine says nothing.
//! - [`server`]: a loopback server that costs next to nothing, so that what is measured is the client.
//! - [`seed`]: every stress program draws from one printed seed and can be run again with it.
//! - [`transport`]: a simulated server in virtual time.
//! - [`counting`]: an allocator that counts.

#![allow(
    clippy::print_stdout,
    reason = "the programs of this package report on stdout"
)]

pub mod counting;
pub mod paired;
pub mod seed;
pub mod server;
pub mod stopwatch;
pub mod transport;
