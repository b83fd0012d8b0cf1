//! A process that dies in the middle.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use genesys_core::audit::AuditSink;
use genesys_telemetry::FileAudit;
use genesys_telemetry::audit::read;

use crate::support::{entry, folder, lines};

/// Tells the child where to write.
const TRAIL: &str = "GENESYS_TELEMETRY_TEST_TRAIL";

#[tokio::test]
async fn a_line_cut_anywhere_is_kept_noted_and_followed_by_whole_ones() {
    // errata ALL-20, INT-34
    let (_folder, path) = folder();
    let audit = FileAudit::open(&path).unwrap();
    audit.record(entry("first")).await.unwrap();
    audit.record(entry("second")).await.unwrap();
    audit.close().await.unwrap();
    let whole = fs::read(&path).unwrap();
    let second = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in (second + 1..whole.len())
        .step_by(7)
        .chain([whole.len() - 1])
    {
        fs::write(&path, &whole[..cut]).unwrap();
        let audit = FileAudit::open(&path).unwrap();
        audit.record(entry("third")).await.unwrap();
        audit.close().await.unwrap();

        let after = fs::read(&path).unwrap();
        assert_eq!(
            after[..cut],
            whole[..cut],
            "nothing that stood there is changed"
        );
        let found: Vec<_> = read(&path).unwrap().collect();
        if cut == whole.len() - 1 {
            // Only the line end was missing.
            assert!(found.iter().all(Result::is_ok));
            assert_eq!(found.len(), 3);
            continue;
        }
        assert!(found[1].is_err());
        let rest: Vec<_> = found.into_iter().skip(2).map(Result::unwrap).collect();
        assert_eq!((rest[0].action.as_ref(), rest[0].seq), ("AUDIT_GAP", 2));
        assert_eq!(
            rest[0].attributes,
            [("torn_bytes".to_owned(), (cut - second).into())].into()
        );
        assert_eq!((rest[1].operation_id.as_str(), rest[1].seq), ("third", 3));
    }
}

#[test]
fn what_record_promised_survives_a_kill_and_the_lock_does_not() {
    // errata ALL-20, INT-34
    let (_folder, path) = folder();
    let mut last = 0;
    for _ in 0..3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "crash::the_child_that_is_killed",
                "--ignored",
                "--nocapture",
            ])
            .env(TRAIL, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let promised = told
            .by_ref()
            .filter(|line| line.starts_with("recorded "))
            .nth(20)
            .unwrap();
        child.kill().unwrap();
        // Until the end of its output: the pipe closes when the process is gone.
        let promised = told
            .filter(|line| line.starts_with("recorded "))
            .last()
            .unwrap_or(promised);
        child.wait().unwrap();

        let audit = FileAudit::open(&path).unwrap();
        drop(audit);
        let numbers: Vec<u64> = read(&path)
            .unwrap()
            .filter_map(Result::ok)
            .map(|line| line.seq)
            .collect();
        let promised: u64 = promised.trim_start_matches("recorded ").parse().unwrap();
        assert!(numbers.len() as u64 >= last + promised);
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
        last = numbers.len() as u64;
    }
}

/// Not a test of its own: records until it is killed and says what it was promised.
#[tokio::test]
#[ignore = "the other half of the test above, run by it"]
#[expect(clippy::print_stdout, reason = "how the child talks to its parent")]
async fn the_child_that_is_killed() {
    let Some(path) = std::env::var_os(TRAIL) else {
        return;
    };
    let audit = FileAudit::open(path).unwrap();
    for count in 1..1_000_000 {
        audit.record(entry(count)).await.unwrap();
        println!("recorded {count}");
    }
}

#[tokio::test]
async fn a_gap_at_the_very_start_is_noted_too() {
    let (_folder, path) = folder();
    fs::write(&path, br#"{"schema":1,"se"#).unwrap();
    let audit = FileAudit::open(&path).unwrap();
    audit.close().await.unwrap();
    let found: Vec<_> = read(&path).unwrap().collect();
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].as_ref().unwrap().action, "AUDIT_GAP");
    // Once noted, it is history.
    FileAudit::open(&path).unwrap().close().await.unwrap();
    assert_eq!(read(&path).unwrap().count(), 2);
    let whole = lines_after_torn(&path);
    assert_eq!(whole, [1]);
}

fn lines_after_torn(path: &std::path::Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    let clean = path.with_extension("clean");
    fs::write(&clean, text.split_once('\n').unwrap().1).unwrap();
    lines(&clean).into_iter().map(|line| line.seq).collect()
}
