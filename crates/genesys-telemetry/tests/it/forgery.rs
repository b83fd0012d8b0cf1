//! Input that tries to be more than one value of one line.

use genesys_core::ErrorKind;
use genesys_core::audit::{AuditEntry, AuditPhase, AuditSink};
use genesys_core::observe::Outcome;
use genesys_telemetry::{FileAudit, MemoryAudit};
use proptest::prelude::*;
use serde_json::json;

use crate::support::{folder, lines};

/// Text with what ends lines, strings and entries for one tool or another.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\"".to_owned()),
        Just("\\".to_owned()),
        Just("\u{2028}\u{2029}\u{85}\u{b}\u{c}".to_owned()),
        Just("\u{0}\u{1b}[2J\u{9b}\u{202e}\u{feff}\u{7f}".to_owned()),
        Just("\"}\n{\"schema\":1,\"seq\":99,\"actor\":\"forged\"}\n".to_owned()),
        Just(" | ".to_owned()),
        ".{0,12}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn entry(texts: &[String; 6]) -> AuditEntry {
    let mut entry = AuditEntry::new(
        texts[0].clone(),
        AuditPhase::Outcome,
        texts[1].as_str(),
        texts[2].as_str(),
    );
    entry.target = Some(texts[3].clone());
    entry.correlation_id = Some(texts[4].clone());
    entry.outcome = Some(Outcome::Failure(ErrorKind::Server));
    entry.error = Some((ErrorKind::Server, texts[5].clone()));
    entry.attributes = [(texts[0].clone(), json!({ texts[1].as_str(): [texts[2]] }))].into();
    entry
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_forges_or_breaks_an_entry(texts in prop::collection::vec(prop::array::uniform6(hostile()), 1..4)) {
        // errata ALL-21, INT-32
        let (_folder, path) = folder();
        let audit = FileAudit::open(&path).unwrap();
        let memory = MemoryAudit::default();
        for texts in &texts {
            audit.try_record(entry(texts)).unwrap();
            memory.try_record(entry(texts)).unwrap();
        }
        drop(audit);

        let raw = std::fs::read_to_string(&path).unwrap();
        let ends = raw.chars().filter(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202e}')).count();
        prop_assert_eq!(ends, texts.len(), "one line end a line and no other control character");
        let lines = lines(&path);
        prop_assert_eq!(lines.len(), texts.len());
        for (index, (line, texts)) in lines.iter().zip(&texts).enumerate() {
            prop_assert_eq!(line.seq, index as u64 + 1);
            prop_assert_eq!(&line.actor, &texts[2]);
            prop_assert_eq!(line.target.as_ref(), Some(&texts[3]));
            prop_assert_eq!(&line.error.as_ref().unwrap().message, &texts[5]);
            // The text that was written is the text that is read and shown again, byte by byte.
            prop_assert_eq!(line.to_string(), raw.lines().nth(index).unwrap());
        }
        let mut kept = memory.entries();
        for (kept, line) in kept.iter_mut().zip(&lines) {
            kept.time = line.time;
        }
        prop_assert_eq!(kept, lines);
    }
}
