//! An external telemetry collector, attached to the event stream.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use genesys_cloud::core::observe::{Event, Observer};
use serde_json::{Value, json};

/// Events that wait for a slow collector. What does not fit is counted and not waited for.
const QUEUE: usize = 1_024;

/// Pushes one JSON line an event to a collector: a TCP connection to an agent, a file, a pipe. The exporter of a real
/// collector attaches in the same way.
///
/// An observer runs on the call path and must return at once, so that events go through a bounded queue to a thread that
/// writes. A collector that is slow or gone costs events and never a deployment.
pub struct Collector {
    queue: Mutex<Option<SyncSender<Value>>>,
    writer: Mutex<Option<JoinHandle<u64>>>,
    dropped: AtomicU64,
}

/// What became of the events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Pushed {
    /// Handed to the collector.
    pub pushed: u64,
    /// Lost to a full queue or a broken connection.
    pub dropped: u64,
}

impl Collector {
    /// Pushes to this connection or file.
    pub fn start(collector: impl Write + Send + 'static) -> Self {
        let (queue, events) = sync_channel::<Value>(QUEUE);
        let writer = std::thread::spawn(move || {
            let mut collector = BufWriter::new(collector);
            let mut pushed = 0;
            let mut push = |event: &Value| -> io::Result<()> {
                serde_json::to_writer(&mut collector, event)?;
                collector.write_all(b"\n")?;
                collector.flush()
            };
            for event in events {
                pushed += u64::from(push(&event).is_ok());
            }
            pushed
        });
        Self {
            queue: Mutex::new(Some(queue)),
            writer: Mutex::new(Some(writer)),
            dropped: AtomicU64::new(0),
        }
    }

    /// Waits until everything is handed over. Later events are dropped.
    pub fn close(&self) -> Pushed {
        let taken = || self.dropped.load(Ordering::Relaxed);
        drop(lock(&self.queue).take());
        let writer = lock(&self.writer).take();
        let queued = writer.and_then(|writer| writer.join().ok());
        Pushed {
            pushed: queued.unwrap_or_default(),
            dropped: taken(),
        }
    }

    fn push(&self, event: Value) {
        let lost = match &*lock(&self.queue) {
            Some(queue) => matches!(
                queue.try_send(event),
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_))
            ),
            None => true,
        };
        self.dropped.fetch_add(u64::from(lost), Ordering::Relaxed);
    }
}

impl Observer for Collector {
    fn on_event(&self, event: &Event<'_>) {
        let millis = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
        let event = match event {
            Event::OperationFinished(operation) => json!({
                "event": "operation",
                "name": operation.operation,
                "outcome": operation.outcome.as_str(),
                "elapsed_ms": millis(operation.elapsed),
            }),
            Event::CallFinished(call) => json!({
                "event": "call",
                "name": call.operation,
                "route": call.route,
                "outcome": call.outcome.as_str(),
                "attempts": call.attempts,
                "elapsed_ms": millis(call.elapsed),
                "wire_ms": millis(call.wire),
            }),
            _ => return,
        };
        self.push(event);
    }
}

fn lock<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use genesys_cloud::core::observe::{OperationFinished, Outcome};

    use super::*;

    #[derive(Clone, Default)]
    struct Wire(Arc<Mutex<Vec<u8>>>);

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Gone;

    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    }

    fn deploy(collector: &Collector) {
        let finished =
            OperationFinished::new("DEPLOY", Outcome::Success, Duration::from_millis(20));
        collector.on_event(&Event::OperationFinished(&finished));
    }

    #[test]
    fn a_collector_gets_one_line_an_event() {
        // errata WID-41
        let wire = Wire::default();
        let collector = Collector::start(wire.clone());
        deploy(&collector);
        deploy(&collector);
        let pushed = collector.close();
        assert_eq!((pushed.pushed, pushed.dropped), (2, 0));
        let text = String::from_utf8(lock(&wire.0).clone()).unwrap();
        let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&line["name"], &line["elapsed_ms"]),
            (&json!("DEPLOY"), &json!(20.0))
        );
    }

    #[test]
    fn a_collector_that_is_gone_costs_events_and_nothing_else() {
        let collector = Collector::start(Gone);
        deploy(&collector);
        assert_eq!(collector.close().pushed, 0);
        deploy(&collector);
        assert_eq!(collector.close().dropped, 1);
    }
}
