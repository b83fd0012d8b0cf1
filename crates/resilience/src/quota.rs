//! Quota gate.
