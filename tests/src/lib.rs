//! Shared by the programs beside it.
