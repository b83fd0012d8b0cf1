//! The journal on disk.

use std::sync::Arc;

use genesys_core::ErrorKind;
use genesys_integrations::pipeline::JournalPhase;
use genesys_integrations::{Change, FileJournal, GuideIntegrations, Journal, Pipeline};

use crate::support::cloud::Cloud;
use crate::support::{PASSWORD, Rig, definition};

fn pipeline(rig: &Rig, journal: &FileJournal) -> Pipeline {
    let integrations = Arc::new(GuideIntegrations::new(rig.client.clone()));
    Pipeline::new(rig.client.clone(), integrations, definition())
        .with_journal(Arc::new(journal.clone()))
}

#[tokio::test]
async fn a_deployment_is_known_again_by_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/journal.json");
    let rig = Rig::new();
    let _cloud = Cloud::serve(&rig.transport);
    pipeline(&rig, &FileJournal::new(&path))
        .run()
        .await
        .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(PASSWORD), "{text}");
    assert!(
        text.contains("\"phase\": \"finished\"") && text.contains("\"integration\": \"i-1\""),
        "{text}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let journal = FileJournal::new(&path);
    assert_eq!(
        pipeline(&rig, &journal).run().await.unwrap().change,
        Change::Unchanged
    );
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        text,
        "equal records give equal bytes"
    );
    assert!(pipeline(&rig, &journal).roll_back().await.unwrap());
    assert!(
        !path.exists()
            && std::fs::read_dir(path.parent().unwrap())
                .unwrap()
                .next()
                .is_none()
    );
}

#[tokio::test]
async fn a_damaged_or_newer_journal_is_an_error_and_never_none() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.json");
    let journal = FileJournal::new(&path);
    assert_eq!(journal.load().await.unwrap(), None);
    for text in [
        "",
        "{",
        "[]",
        r#"{"schema": 99}"#,
        r#"{"schema": 1, "phase": "running"}"#,
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(
            journal.load().await.unwrap_err().kind(),
            ErrorKind::Io,
            "{text}"
        );
        let rig = Rig::new();
        let error = pipeline(&rig, &journal).run().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(rig.lines().is_empty(), "nothing is sent");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            text,
            "what cannot be read is not overwritten"
        );
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_stops_the_deployment_before_it_begins() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "").unwrap();
    let rig = Rig::new();
    let cloud = Cloud::serve(&rig.transport);
    let error = pipeline(&rig, &FileJournal::new(blocked.join("journal.json")))
        .run()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(cloud.with(|state| state.effects.is_empty()));
}

#[tokio::test]
async fn a_left_over_temporary_file_is_replaced_and_a_clear_is_repeatable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.json");
    std::fs::write(folder.path().join("journal.json.tmp"), "half a rec").unwrap();
    let rig = Rig::new();
    let _cloud = Cloud::serve(&rig.transport);
    let journal = FileJournal::new(&path);
    pipeline(&rig, &journal).run().await.unwrap();
    assert_eq!(
        journal.load().await.unwrap().unwrap().phase,
        JournalPhase::Finished
    );
    journal.clear().await.unwrap();
    journal.clear().await.unwrap();
    assert_eq!(journal.load().await.unwrap(), None);
}
