//! What the breaker's threads meet at, in one place, so that a test can compile the breaker over a scheduler that tries
//! interleavings (`stress_schedules` of this workspace's `benches`).

pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64};
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock, TryLockError};
pub(crate) use std::thread::panicking;
