//! Tests of the fixture check: it accepts correct files and detects wrong ones.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arbour_conformance::{BTreeFactory, Factory, fixture};
use arbour_core::engine::TreeName;
use arbour_core::{KvStore, Result, StoreOptions};
use tempfile::TempDir;

/// A folder with a store of version 1.
fn written() -> TempDir {
    let folder = tempfile::tempdir().expect("there is a place for temporary files");
    fixture::write(&BTreeFactory, &folder.path().join("v1"), |_| false);
    folder
}

/// Expects the check to fail with a message that contains these words.
#[track_caller]
fn is_refused(folder: &Path, says: &str) {
    let checked = catch_unwind(AssertUnwindSafe(|| fixture::open_all(&BTreeFactory, folder)));
    let panic = checked.expect_err("the check passes");
    let message = panic.downcast_ref::<String>().cloned().unwrap_or_default();
    assert!(message.contains(says), "{says:?} is not in {message:?}");
}

#[test]
fn what_was_written_opens_again_and_again_and_stays_as_it_was() {
    let folder = written();
    let store = folder.path().join("v1/store");
    let before = fs::read(&store).unwrap();
    for _ in 0..2 {
        fixture::open_all(&BTreeFactory, folder.path());
        assert_eq!(fs::read(&store).unwrap(), before);
    }
}

#[test]
fn every_alteration_is_seen() -> Result<()> {
    type Alter = fn(&dyn Fn(&str, &[u8], Option<&[u8]>));
    let alterations: [(Alter, &str); 6] = [
        (|set| set("t", b"0399", Some(b"value 399 ")), "the value of"),
        (|set| set("t", b"0399", None), "the keys of \"t\""),
        (|set| set("keys", b"", None), "the keys of \"keys\""),
        (|set| set("arbour/fixture", b"name", Some(b"")), "the value of"),
        (|set| set("another", b"k", Some(b"")), "the trees"),
        (|set| set("case", b"name", None), "the trees"),
    ];
    for (alter, says) in alterations {
        let folder = written();
        let store = BTreeFactory.open(&folder.path().join("v1/store"), &StoreOptions::new())?;
        alter(&|tree, key, value| {
            let tree = store.open_tree(TreeName::stored(tree).unwrap()).unwrap();
            match value {
                Some(value) => store.put(&tree, key, value).unwrap(),
                None => store.delete(&tree, key).unwrap(),
            }
        });
        store.close()?;
        drop(store);
        is_refused(folder.path(), says);
    }
    Ok(())
}

#[test]
fn a_store_that_is_gone_or_damaged_is_seen() {
    let folder = written();
    let store = folder.path().join("v1/store");
    fs::write(&store, b"no store").unwrap();
    is_refused(folder.path(), "Corrupted");
    fs::remove_file(&store).unwrap();
    is_refused(folder.path(), "NotFound");
}

#[test]
fn no_version_and_an_unknown_version_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    is_refused(folder.path(), "no store of any version");
    let folder = written();
    fs::rename(folder.path().join("v1"), folder.path().join("v999")).unwrap();
    is_refused(folder.path(), "nobody knows what a store of version \"v999\" holds");
}

#[test]
fn one_bad_version_among_good_ones_is_seen() {
    let folder = written();
    fs::create_dir(folder.path().join("v0")).unwrap();
    is_refused(folder.path(), "v0");
}

#[test]
fn a_version_is_not_written_twice() {
    let folder = written();
    let version = folder.path().join("v1");
    let before = fs::read(version.join("store")).unwrap();
    let again = AssertUnwindSafe(|| fixture::write(&BTreeFactory, &version, |_| false));
    assert!(catch_unwind(again).is_err());
    assert_eq!(fs::read(version.join("store")).unwrap(), before);
}

#[test]
fn what_is_left_out_and_empty_folders_are_not_taken_along() {
    let folder = tempfile::tempdir().unwrap();
    let version = folder.path().join("v1");
    fixture::write(&BTreeFactory, &version, |name| name == "store");
    assert!(!version.exists(), "nothing was left to write");
}
