//! Nodes by name, faults, and exchanges on disk.

mod cassette;
mod engine;
mod faults;
