//! Doubles for tests of programs that use the client: a scripted transport and a recording observer and sink.

mod record;
mod script;

pub use record::{RecordedEvent, RecordingAudit, RecordingObserver};
pub use script::{Reply, ScriptedTransport, SentRequest};
