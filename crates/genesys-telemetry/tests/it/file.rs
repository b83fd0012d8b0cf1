//! Opening, privacy, locking, reopening.

use std::fs;

use genesys_core::ErrorKind;
use genesys_core::audit::AuditSink;
use genesys_telemetry::FileAudit;
use genesys_telemetry::audit::{Rotation, read};

use crate::support::{entry, folder, ids, lines, numbers};

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn the_trail_and_the_folder_made_for_it_are_private() {
    // errata INT-33
    let (folder, _) = folder();
    let path = folder.path().join("made/for/audit.log");
    let audit = FileAudit::builder(&path)
        .with_rotation(Rotation::never().with_max_bytes(1))
        .open()
        .unwrap();
    for id in 0..2 {
        audit.record(entry(id)).await.unwrap();
    }
    audit.close().await.unwrap();
    assert_eq!(
        (mode(&path), mode(&folder.path().join("made/for"))),
        (0o600, 0o700)
    );
    assert_eq!(
        mode(&folder.path().join("made/for/audit.log.000000000001")),
        0o600
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_could_read_is_tightened() {
    // errata INT-33
    use std::os::unix::fs::PermissionsExt;
    let (_folder, path) = folder();
    fs::write(&path, "").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(FileAudit::open(&path).unwrap());
    assert_eq!(mode(&path), 0o600);
}

#[cfg(unix)]
#[test]
fn a_link_or_a_device_or_a_folder_is_refused() {
    let (folder, path) = folder();
    let real = folder.path().join("real.log");
    fs::write(&real, "").unwrap();
    std::os::unix::fs::symlink(&real, &path).unwrap();
    for path in [
        path.as_path(),
        folder.path(),
        std::path::Path::new("/dev/null"),
    ] {
        let error = FileAudit::open(path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Audit, "{error}");
    }
    assert_eq!(fs::read(&real).unwrap(), b"");
    assert!(
        !path.with_file_name("audit.log.lock").exists(),
        "nothing is left beside what is refused"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_trail_is_opened_once_and_not_for_every_entry() {
    let (folder, path) = folder();
    let audit = FileAudit::open(&path).unwrap();
    audit.record(entry(0)).await.unwrap();
    // Whoever opened it again by its name would make a new file.
    let moved = folder.path().join("moved.log");
    fs::rename(&path, &moved).unwrap();
    for id in 1..10 {
        audit.record(entry(id)).await.unwrap();
    }
    audit.close().await.unwrap();
    assert!(!path.exists());
    assert_eq!(fs::read_to_string(&moved).unwrap().lines().count(), 10);
}

#[tokio::test]
async fn a_trail_has_one_writer_at_a_time() {
    // errata INT-33
    let (_folder, path) = folder();
    let first = FileAudit::open(&path).unwrap();
    let error = FileAudit::open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Audit);
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "another writer has the trail open");
    first.close().await.unwrap();
    FileAudit::open(&path).unwrap().close().await.unwrap();
}

#[tokio::test]
async fn numbers_go_on_after_reopening() {
    // errata ALL-21
    let (_folder, path) = folder();
    for round in 0..3 {
        let audit = FileAudit::open(&path).unwrap();
        for id in 0..2 {
            audit.record(entry(round * 2 + id)).await.unwrap();
        }
        audit.close().await.unwrap();
    }
    let lines = lines(&path);
    assert_eq!(ids(&lines), ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(numbers(&lines), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_file_that_is_no_trail_is_left_alone() {
    let (_folder, path) = folder();
    fs::write(&path, "user=alice\n").unwrap();
    assert_eq!(FileAudit::open(&path).unwrap_err().kind(), ErrorKind::Audit);
    assert_eq!(fs::read_to_string(&path).unwrap(), "user=alice\n");
}

#[test]
fn every_setting_that_makes_no_sense_is_named_at_once() {
    let rotation = Rotation::never()
        .with_max_bytes(0)
        .with_max_age(std::time::Duration::ZERO);
    let error = FileAudit::builder("x.log")
        .with_queue(0)
        .with_attribute_limit(usize::MAX)
        .with_rotation(rotation)
        .open()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for word in ["queue", "attribute limit", "rotation size", "rotation age"] {
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn a_trail_that_is_not_there_is_an_error_and_not_an_empty_one() {
    let (_folder, path) = folder();
    assert_eq!(read(&path).unwrap_err().kind(), ErrorKind::Audit);
}

#[tokio::test]
async fn a_line_stays_readable_however_much_an_entry_brings() {
    // errata ALL-20
    let (_folder, path) = folder();
    let audit = FileAudit::open(&path).unwrap();
    let mut huge = entry("huge");
    huge.actor = "\u{1}".repeat(1 << 20);
    huge.error = Some((ErrorKind::Server, "\u{85}".repeat(1 << 20)));
    for index in 0..1000 {
        huge.attributes
            .insert(format!("{index:04}"), "x".repeat(1000).into());
    }
    audit.record(huge).await.unwrap();
    audit.close().await.unwrap();
    assert!(fs::metadata(&path).unwrap().len() < 128 * 1024);
    let line = &lines(&path)[0];
    assert!(
        line.attributes.len() < 10 && line.truncated > 990,
        "{}",
        line.truncated
    );
    assert!(line.actor.ends_with('…'));
}
