//! New files: nothing lost, nothing doubled, names stable.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use genesys_core::audit::AuditSink;
use genesys_telemetry::FileAudit;
use genesys_telemetry::audit::{Rotation, read_all};

use crate::support::{all_lines, entry, folder, numbers};

fn archives(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| name.starts_with("audit.log.0"))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

#[tokio::test]
async fn a_trail_over_many_files_and_openings_loses_no_line_and_renames_no_file() {
    // errata INT-33
    let (folder, path) = folder();
    let rotation = Rotation::never().with_max_bytes(1000);
    let mut seen = BTreeMap::new();
    for round in 0..5 {
        let audit = FileAudit::builder(&path)
            .with_rotation(rotation)
            .open()
            .unwrap();
        for id in 0..20 {
            audit.record(entry(round * 20 + id)).await.unwrap();
        }
        audit.close().await.unwrap();
        let now = archives(folder.path());
        for (name, content) in &seen {
            assert_eq!(now.get(name), Some(content), "{name} changed");
        }
        seen = now;
    }
    assert!(seen.len() > 10, "{:?}", seen.keys());
    assert!(seen.values().all(|content| content.len() <= 1000));
    assert_eq!(numbers(&all_lines(&path)), (1..=100).collect::<Vec<_>>());
    for (name, content) in &seen {
        let first: serde_json::Value =
            serde_json::from_slice(content.split(|b| *b == b'\n').next().unwrap()).unwrap();
        assert!(
            name.ends_with(&format!("{:012}", first["seq"].as_u64().unwrap())),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_trail_whose_current_file_is_gone_goes_on_from_its_archives() {
    let (_folder, path) = folder();
    let rotation = Rotation::never().with_max_bytes(1);
    let audit = FileAudit::builder(&path)
        .with_rotation(rotation)
        .open()
        .unwrap();
    for id in 1..=3 {
        audit.record(entry(id)).await.unwrap();
    }
    audit.close().await.unwrap();
    // As after a crash between putting the file away and starting the next.
    fs::rename(&path, path.with_file_name("audit.log.000000000003")).unwrap();
    let audit = FileAudit::open(&path).unwrap();
    audit.record(entry(4)).await.unwrap();
    audit.close().await.unwrap();
    assert_eq!(numbers(&all_lines(&path)), [1, 2, 3, 4]);
}

#[tokio::test]
async fn only_the_files_to_keep_stay() {
    let (folder, path) = folder();
    let rotation = Rotation::never().with_max_bytes(1).with_kept_files(2);
    let audit = FileAudit::builder(&path)
        .with_rotation(rotation)
        .open()
        .unwrap();
    for id in 1..=6 {
        audit.record(entry(id)).await.unwrap();
    }
    audit.close().await.unwrap();
    let kept: Vec<_> = archives(folder.path()).into_keys().collect();
    assert_eq!(kept, ["audit.log.000000000004", "audit.log.000000000005"]);
    assert_eq!(numbers(&all_lines(&path)), [4, 5, 6]);
}

#[tokio::test]
async fn an_archive_is_never_overwritten() {
    let (_folder, path) = folder();
    let foreign = path.with_file_name("audit.log.000000000001");
    let audit = FileAudit::builder(&path)
        .with_rotation(Rotation::never().with_max_bytes(1))
        .open()
        .unwrap();
    audit.record(entry(1)).await.unwrap();
    fs::write(&foreign, "precious").unwrap();
    audit.record(entry(2)).await.unwrap();
    assert!(audit.flush().await.is_err());
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "precious");
    fs::remove_file(&foreign).unwrap();
    audit.record(entry(3)).await.unwrap();
    audit.close().await.unwrap();
    assert_eq!(numbers(&all_lines(&path)), [1, 2, 3]);
}

#[tokio::test]
async fn reading_while_files_are_put_away_sees_each_line_once() {
    let (_folder, path) = folder();
    let audit = FileAudit::builder(&path)
        .with_rotation(Rotation::never().with_max_bytes(400))
        .open()
        .unwrap();
    for id in 1..=50 {
        audit.record(entry(id)).await.unwrap();
        let before = read_all(&path).unwrap();
        // The reader holds its files; what is put away now changes nothing for it.
        audit.record(entry(id)).await.unwrap();
        let seen = numbers(&before.map(Result::unwrap).collect::<Vec<_>>());
        assert_eq!(
            seen[..id * 2 - 1],
            (1..=id as u64 * 2 - 1).collect::<Vec<_>>()
        );
    }
}
