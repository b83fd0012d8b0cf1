//! Maps on disk.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use depgraph::Work;
use genesys_core::Profile;
use genesys_dependencies::{DependencyMap, MapErrorKind, Mapper, SnapshotStore};
use genesys_routing::read::ReadOptions;
use serde_json::json;

use crate::support::Platform;

async fn map(names: &[&str]) -> Arc<DependencyMap> {
    let queues = names
        .iter()
        .map(|name| json!({"id": format!("q-{name}"), "name": name}));
    let platform = Platform::new()
        .list("/api/v2/routing/queues", queues)
        .list("/api/v2/locations", []);
    let client = platform.client();
    let outcome = Mapper::for_profile(Profile::Guide, &client, &ReadOptions::default())
        .map()
        .await
        .unwrap();
    Arc::clone(&outcome.map)
}

fn files(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != ".lock").collect();
    names.sort();
    names
}

fn text(map: &DependencyMap) -> String {
    map.to_json(&mut Work::unlimited()).unwrap()
}

#[tokio::test]
async fn a_map_is_read_as_it_was_written_whatever_names_hold() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    assert!(store.last().unwrap().is_none());
    let map = map(&[
        "</script>",
        "a \"quote\"",
        "line\nbreak",
        "\u{202e}reversed",
        "\u{0}",
        "🦀",
    ])
    .await;
    let path = store.save(&map).unwrap();
    let stored = store.last().unwrap().unwrap();
    assert_eq!((text(&stored.map), &stored.path), (text(&map), &path));
    assert!(stored.skipped.is_empty());
}

#[tokio::test]
async fn only_the_newest_maps_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap().with_kept(2);
    for name in ["a", "b", "c"] {
        store.save(&*map(&[name]).await).unwrap();
    }
    assert_eq!(
        files(folder.path()),
        ["map-000000000002.json", "map-000000000003.json"]
    );
    drop(store);
    // Numbers go on after a restart, so that a newer map never hides behind an older one.
    let store = SnapshotStore::open(folder.path()).unwrap();
    let path = store.save(&*map(&["d"]).await).unwrap();
    assert!(path.ends_with("map-000000000004.json"));
}

#[tokio::test]
async fn a_crash_between_writing_and_naming_leaves_the_last_good_map() {
    let folder = tempfile::tempdir().unwrap();
    let good = map(&["good"]).await;
    SnapshotStore::open(folder.path())
        .unwrap()
        .save(&good)
        .unwrap();
    // What is there when the process dies before it gives the file its name: all of it, or a part.
    let next = text(&*map(&["next"]).await);
    fs::write(folder.path().join("map-000000000002.tmp"), &next).unwrap();
    fs::write(
        folder.path().join("map-000000000003.tmp"),
        &next[..next.len() / 2],
    )
    .unwrap();

    let store = SnapshotStore::open(folder.path()).unwrap();
    assert_eq!(files(folder.path()), ["map-000000000001.json"]);
    assert_eq!(text(&store.last().unwrap().unwrap().map), text(&good));
    assert!(
        store
            .save(&good)
            .unwrap()
            .ends_with("map-000000000002.json")
    );
}

#[tokio::test]
async fn a_broken_map_is_skipped_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let good = map(&["good"]).await;
    store.save(&good).unwrap();
    let whole = text(&good);
    for (broken, why) in [
        (whole[..whole.len() - 20].to_owned(), "not a map"),
        (
            whole.replace("\"version\":1,\"status\"", "\"version\":9,\"status\""),
            "version",
        ),
        (
            whole.replace("\"format\":\"depgraph\"", "\"format\":\"other\""),
            "graph",
        ),
        (
            whole.replace(
                "\"organization\":{\"id\":\"org-1\"",
                "\"organization\":{\"id\":\"\"",
            ),
            "organization",
        ),
        (String::new(), "not a map"),
        ("[".repeat(100_000), "not a map"),
    ] {
        let path = store.save(&good).unwrap();
        assert_ne!(broken, whole, "{why}");
        fs::write(&path, broken).unwrap();
        let stored = store.last().unwrap().unwrap();
        assert_eq!(text(&stored.map), whole);
        assert!(stored.skipped[0].1.contains(why), "{:?}", stored.skipped);
        fs::remove_file(path).unwrap();
    }
    fs::write(folder.path().join("map-000000000001.json"), "x").unwrap();
    let error = store.last().unwrap_err();
    assert_eq!(error.kind(), MapErrorKind::Store);
}

#[tokio::test]
async fn a_map_beyond_the_limit_is_refused_on_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let map = map(&["a"]).await;
    let size = text(&map).len();
    let store = SnapshotStore::open(folder.path()).unwrap();
    let exact = store.clone().with_limit(size);
    exact.save(&map).unwrap();
    let error = store.clone().with_limit(size - 1).save(&map).unwrap_err();
    assert_eq!(error.kind(), MapErrorKind::TooLarge);
    assert_eq!(
        files(folder.path()),
        ["map-000000000001.json"],
        "what was refused leaves nothing"
    );
    assert!(exact.last().unwrap().is_some());
    assert!(store.with_limit(size - 1).last().is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn maps_are_for_their_owner_alone_and_never_follow_a_link() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("maps");
    let store = SnapshotStore::open(&own).unwrap();
    let map = map(&["a"]).await;
    let path = store.save(&map).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&own)), (0o600, 0o700));
    let victim = folder.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, own.join("map-000000000002.tmp")).unwrap();
    assert_eq!(store.save(&map).unwrap_err().kind(), MapErrorKind::Store);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
}

#[tokio::test]
async fn a_folder_has_one_store_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = SnapshotStore::open(folder.path()).unwrap();
    assert_eq!(
        SnapshotStore::open(folder.path()).unwrap_err().kind(),
        MapErrorKind::Store
    );
    let clone = store.clone();
    drop(store);
    assert!(SnapshotStore::open(folder.path()).is_err());
    drop(clone);
    SnapshotStore::open(folder.path()).unwrap();
}
