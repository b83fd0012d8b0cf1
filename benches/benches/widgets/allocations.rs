//! Counts requests for memory while asked to. The tables time the same code, so that otherwise nothing may be counted: each
//! counter costs the side that allocates more.
#![allow(
    unsafe_code,
    reason = "`GlobalAlloc` is an unsafe trait; every method forwards to the system allocator with the arguments it was given"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

static ASKED: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

/// The system allocator, and a count of what it was asked for.
#[derive(Debug)]
pub(crate) struct Counting;

/// Requests for memory, and the bytes asked for, while `work` runs on this thread and no other one.
pub(crate) fn of<T>(work: impl FnOnce() -> T) -> (usize, usize) {
    CALLS.store(0, Relaxed);
    BYTES.store(0, Relaxed);
    ASKED.store(true, Relaxed);
    let kept = work();
    ASKED.store(false, Relaxed);
    drop(kept);
    (CALLS.load(Relaxed), BYTES.load(Relaxed))
}

fn asked(bytes: usize) {
    if ASKED.load(Relaxed) {
        CALLS.fetch_add(1, Relaxed);
        BYTES.fetch_add(bytes, Relaxed);
    }
}

// SAFETY: the contract of each method is the system allocator's own, and the counters touch no memory of the caller's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        asked(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        asked(layout.size());
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        asked(size);
        // SAFETY: `at` came from `System` with this layout, and the caller keeps the contract of `realloc`.
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: `at` came from `System` with this layout.
        unsafe { System.dealloc(at, layout) };
    }
}
