//! What one caller may take from the service.

use std::time::Duration;

/// Bounds of a [`Server`](crate::Server). Every bound can be changed; none can be left out.
///
/// | limit | default | what happens beyond it |
/// | --- | --- | --- |
/// | connections | 1,024 | further ones wait in the system's queue |
/// | requests at a time | 64 | further ones wait, each up to its deadline |
/// | request head | 10 s, 32 KiB, 64 headers | the connection is closed |
/// | request body | 64 KiB, 10 s | 413, 408 |
/// | whole request | 120 s | 504 |
/// | drain at shutdown | 15 s | what is left is dropped |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    pub(crate) connections: usize,
    pub(crate) requests: usize,
    pub(crate) head_time: Duration,
    pub(crate) body_bytes: usize,
    pub(crate) body_time: Duration,
    pub(crate) request_time: Duration,
    pub(crate) drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            requests: 64,
            head_time: Duration::from_secs(10),
            body_bytes: 64 << 10,
            body_time: Duration::from_secs(10),
            request_time: Duration::from_secs(120),
            drain: Duration::from_secs(15),
        }
    }
}

impl Limits {
    /// Sets how many connections are open at a time; at least one.
    #[must_use]
    pub fn with_connections(mut self, count: usize) -> Self {
        self.connections = count.max(1);
        self
    }

    /// Sets how many requests are worked on at a time; at least one.
    #[must_use]
    pub fn with_requests(mut self, count: usize) -> Self {
        self.requests = count.max(1);
        self
    }

    /// Sets how long a request's head may take. It is also how long a kept connection may be idle.
    #[must_use]
    pub fn with_head_time(mut self, limit: Duration) -> Self {
        self.head_time = limit;
        self
    }

    /// Sets the largest body in bytes.
    #[must_use]
    pub fn with_body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    /// Sets how long the whole body may take, however steadily it drips.
    #[must_use]
    pub fn with_body_time(mut self, limit: Duration) -> Self {
        self.body_time = limit;
        self
    }

    /// Sets how long a request may take, the wait for its turn included.
    #[must_use]
    pub fn with_request_time(mut self, limit: Duration) -> Self {
        self.request_time = limit;
        self
    }

    /// Sets how long running requests may take after the shutdown began.
    #[must_use]
    pub fn with_drain(mut self, limit: Duration) -> Self {
        self.drain = limit;
        self
    }
}
