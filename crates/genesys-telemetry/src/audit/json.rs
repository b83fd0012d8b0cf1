//! How values of a line are written: one physical line whatever they hold, equal bytes for equal values.

use std::collections::BTreeMap;
use std::io;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A compact JSON writer that also escapes what some viewers take for a line end or obey as a command.
pub(super) fn serializer<W: io::Write>(out: W) -> serde_json::Serializer<W, OneLine> {
    serde_json::Serializer::with_formatter(out, OneLine)
}

/// JSON itself requires escapes only below U+0020. U+0085, U+2028 and U+2029 end a line for many tools, the C1 controls
/// drive terminals, and the bidirectional controls reorder what a person reads.
#[derive(Debug)]
pub(super) struct OneLine;

impl serde_json::ser::Formatter for OneLine {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        if fragment.is_ascii() && !fragment.contains('\u{7f}') {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, found)) = rest.char_indices().find(|(_, c)| is_unsafe(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", u32::from(found))?;
            rest = &rest[at + found.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Characters of the basic plane, so that one escape of four digits names each.
fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\u{7f}'..='\u{9f}'
        | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}')
}

/// Writes the attributes with sorted keys at every depth, whichever map `serde_json` was built with.
pub(super) fn sorted_map<S: Serializer>(
    map: &BTreeMap<String, Value>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_map(Some(map.len()))?;
    for (key, value) in map {
        out.serialize_entry(key, &Sorted(value))?;
    }
    out.end()
}

struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(items) => {
                let mut out = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    out.serialize_element(&Sorted(item))?;
                }
                out.end()
            }
            Value::Object(members) => {
                let sorted: BTreeMap<&String, &Value> = members.iter().collect();
                let mut out = serializer.serialize_map(Some(sorted.len()))?;
                for (key, value) in sorted {
                    out.serialize_entry(key, &Sorted(value))?;
                }
                out.end()
            }
            scalar => scalar.serialize(serializer),
        }
    }
}

/// RFC 3339 in UTC with exactly six decimals, so that lines sort by their text.
pub(crate) mod time {
    use std::time::{Duration, SystemTime};

    use jiff::Timestamp;
    use serde::de::Error as _;
    use serde::ser::Error as _;

    use super::{Deserialize, Deserializer, Serializer};

    /// What the format can say of `time`. A clock beyond the years -9999 to 9999 reads as their end.
    pub(crate) fn to_micros(time: SystemTime) -> SystemTime {
        let stamp = Timestamp::try_from(time).unwrap_or(if time < SystemTime::UNIX_EPOCH {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        });
        from_micros(stamp.as_microsecond())
    }

    /// Some platforms cannot hold the distant past; no clock says it, so a file that does is read as the epoch.
    fn from_micros(micros: i64) -> SystemTime {
        let distance = Duration::from_micros(micros.unsigned_abs());
        let time = if micros < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        };
        time.unwrap_or(SystemTime::UNIX_EPOCH)
    }

    pub(crate) fn serialize<S: Serializer>(
        time: &SystemTime,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let stamp = Timestamp::try_from(*time).map_err(S::Error::custom)?;
        serializer.collect_str(&format_args!("{stamp:.6}"))
    }

    pub(in crate::audit) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<SystemTime, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let stamp: Timestamp = text.parse().map_err(D::Error::custom)?;
        Ok(from_micros(stamp.as_microsecond()))
    }
}

/// Milliseconds as a number with decimals.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::de::Error as _;

    use super::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        latency: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        // One correctly rounded division: 12.345 ms reads 12.345 and not 12.344999999999999.
        latency
            .map(|latency| latency.as_nanos() as f64 / 1e6)
            .serialize(serializer)
    }

    pub(in crate::audit) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let Some(millis) = Option::<f64>::deserialize(deserializer)? else {
            return Ok(None);
        };
        let nanos = (millis * 1e6).round();
        if nanos < 2_f64.powi(53) && nanos >= 0.0 {
            return Ok(Some(Duration::from_nanos(nanos as u64)));
        }
        Duration::try_from_secs_f64(millis / 1e3)
            .map(Some)
            .map_err(D::Error::custom)
    }
}

/// `intent` or `outcome`.
pub(super) mod phase {
    use genesys_core::audit::AuditPhase;
    use serde::de::Error as _;

    use super::{Deserialize, Deserializer, Serializer};

    pub(in crate::audit) fn serialize<S: Serializer>(
        phase: &AuditPhase,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(phase.as_str())
    }

    pub(in crate::audit) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<AuditPhase, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        [AuditPhase::Intent, AuditPhase::Outcome]
            .into_iter()
            .find(|phase| phase.as_str() == text)
            .ok_or_else(|| D::Error::custom("unknown phase"))
    }
}
