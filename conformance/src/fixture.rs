//! Files written by earlier versions, which every later version must open.
//!
//! Each version of an engine's format has a folder with one store in it, which is committed and
//! never changed again:
//!
//! ```text
//! backends/redb/tests/fixtures/redb/v1/store
//! ```
//!
//! [`check`] opens a copy of each one and compares it, entry by entry, with the contents that this
//! module lists for that version. The list never changes either.
//!
//! # Adding a version
//! When the format of an engine changes, a store is written once more, beside the earlier ones:
//!
//! ```text
//! ARBOUR_WRITE_FIXTURES=v2 cargo nextest run -p arbour-redb fixtures
//! ```
//!
//! An existing version is not overwritten. Look at what was written before you commit it: it should
//! be small and reveal nothing about the machine, and no ignore file may hide a part of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use arbour_core::engine::TreeName;
use arbour_core::{
    Batch, Direction, Durability, Error, KeyRange, KvRead, KvStore, KvWrite, Limits, Result,
    StoreOptions,
};
use tempfile::TempDir;

use crate::{Factory, entries};

/// The name of the store in the folder of its version: a file or a folder, depending on the engine.
const STORE: &str = "store";

/// The environment variable that names a version to write.
const WRITE: &str = "ARBOUR_WRITE_FIXTURES";

/// The contents of a store: trees by name, entries by key.
type Contents = BTreeMap<String, BTreeMap<Vec<u8>, Vec<u8>>>;

/// Opens the stores in `folder`, one of each version, as [`open_all`] does. If the environment
/// variable `ARBOUR_WRITE_FIXTURES` names a version, its store is [written](write()) first.
///
/// # Panics
/// As [`open_all`] and [`write()`].
///
/// ```no_run
/// use arbour_conformance::{BTreeFactory, fixture};
/// use std::path::Path;
///
/// let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/btree");
/// fixture::check(&BTreeFactory, &folder, |_name| false);
/// ```
pub fn check(factory: &impl Factory, folder: &Path, leave_out: impl Fn(&str) -> bool) {
    if let Ok(version) = env::var(WRITE) {
        write(factory, &folder.join(version), leave_out);
    }
    open_all(factory, folder);
}

/// Writes a store into the folder of a version, which must not exist yet. The folder's name says
/// which version to write: `v1`.
///
/// Files for which `leave_out` returns true, given their name, are not copied. Use it for files
/// that the engine does not need and that reveal something about the machine, such as logs for
/// people. Empty folders are not copied either, because Git would not keep them.
///
/// # Panics
/// If the folder exists, or anything fails.
///
/// ```
/// use arbour_conformance::{BTreeFactory, fixture};
/// let folder = tempfile::tempdir().unwrap();
/// fixture::write(&BTreeFactory, &folder.path().join("v1"), |_name| false);
/// fixture::open_all(&BTreeFactory, folder.path());
/// ```
pub fn write(factory: &impl Factory, version: &Path, leave_out: impl Fn(&str) -> bool) {
    assert!(!version.exists(), "{} is there already, and stays", version.display());
    let scratch = scratch();
    let path = scratch.path().join(STORE);
    fill(factory, &path, version).expect("the engine writes a store");
    copy_folder(scratch.path(), version, &leave_out).expect("the store can be copied");
}

/// Opens a copy of the store of every version in `folder` and compares all its contents: for
/// reading only, if the engine can do that, and for writing. Then it writes to the copy, opens it
/// again and compares once more, also after compacting, and in a backup.
///
/// # Panics
/// If a store cannot be opened or anything differs, if a version is unknown, or if there is none.
///
/// ```
/// use arbour_conformance::{BTreeFactory, fixture};
/// let folder = tempfile::tempdir().unwrap();
/// let nothing = || fixture::open_all(&BTreeFactory, folder.path());
/// assert!(std::panic::catch_unwind(nothing).is_err());
/// ```
pub fn open_all(factory: &impl Factory, folder: &Path) {
    let versions = versions(folder).expect("the versions can be listed");
    assert!(!versions.is_empty(), "there is no store of any version in {}", folder.display());
    for version in versions {
        let opened = open_one(factory, &version);
        assert!(opened.is_ok(), "{}: {:?}", version.display(), opened.err());
    }
}

fn open_one(factory: &impl Factory, version: &Path) -> Result<()> {
    // Opening an older store may change it, so each attempt gets a copy.
    let (first, second) = (copied(version), copied(version));
    let existing = StoreOptions::new().create(false);
    let store = factory.open(&first.path().join(STORE), &existing)?;
    let capabilities = store.capabilities().clone();
    let mut expected = contents(version, capabilities.limits);
    compare(&store, &expected, "as it was written")?;
    store.close()?;
    drop(store);
    if capabilities.read_only {
        let read_only = StoreOptions::new().read_only(true);
        let store = factory.open(&second.path().join(STORE), &read_only)?;
        compare(&store, &expected, "opened read-only")?;
        store.close()?;
    }
    let store = factory.open(&first.path().join(STORE), &existing)?;
    change(&store, &mut expected)?;
    compare(&store, &expected, "after a change")?;
    store.close()?;
    drop(store);
    let store = factory.open(&first.path().join(STORE), &existing)?;
    compare(&store, &expected, "changed and opened again")?;
    if capabilities.compaction {
        store.compact()?;
        compare(&store, &expected, "compacted")?;
    }
    if capabilities.hot_backup {
        let backup = first.path().join("backup");
        store.backup(&backup)?;
        compare(&factory.open(&backup, &existing)?, &expected, "of the backup")?;
    }
    store.close()
}

/// Writes the contents of a version, and more that is overwritten or deleted again, because a
/// store's history is in its files too.
fn fill(factory: &impl Factory, path: &Path, version: &Path) -> Result<()> {
    let store = factory.open(path, &StoreOptions::new())?;
    let contents = contents(version, store.capabilities().limits);
    let doomed = |key: &[u8]| [key, b" doomed"].concat();
    let emptied = store.tree("emptied")?;
    store.write(|transaction| {
        transaction.put(&emptied, b"k", b"v")?;
        for (name, entries) in &contents {
            let tree = store.open_tree(TreeName::stored(name)?)?;
            for (number, (key, value)) in entries.iter().enumerate() {
                let overwritten = number % 3 == 0;
                transaction.put(&tree, key, if overwritten { b"old" } else { value })?;
                transaction.put(&tree, &doomed(key), b"doomed")?;
            }
        }
        Ok::<_, Error>(())
    })?;
    let mut batch = Batch::new();
    for (name, entries) in &contents {
        let tree = store.open_tree(TreeName::stored(name)?)?;
        for (key, value) in entries.iter().step_by(3) {
            batch.put(&tree, key, value);
        }
        for key in entries.keys() {
            batch.delete(&tree, &doomed(key));
        }
    }
    store.apply(batch, Durability::PowerLoss)?;
    store.write(|transaction| transaction.delete_range(&emptied, KeyRange::all()))?;
    compare(&store, &contents, "just written")?;
    store.close()
}

/// Returns the contents of the store of a version, as far as the engine's limits allow.
fn contents(version: &Path, limits: Limits) -> Contents {
    let name = version.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let mut contents = match name {
        "v1" => v1(),
        _ => Contents::new(),
    };
    assert!(!contents.is_empty(), "nobody knows what a store of version {name:?} holds");
    for entries in contents.values_mut() {
        entries
            .retain(|key, value| limits.admits_key(key) && value.len() <= limits.value_bytes_max);
    }
    contents
}

/// The contents of a store of version 1. They never change.
fn v1() -> Contents {
    let mut contents = Contents::new();
    let mut put = |tree: &str, key: &[u8], value: &[u8]| {
        contents.entry(tree.to_owned()).or_default().insert(key.to_vec(), value.to_vec());
    };
    for number in 0..400_usize {
        let value = format!("value {number} ").repeat(number % 5);
        put("t", format!("{number:04}").as_bytes(), value.as_bytes());
    }
    for key in [&b""[..], b"\0", b"\0\0", b"a", b"a\0", b"a\0b", b"ab", b"a\xfe", b"a\xff", b"b"] {
        put("keys", key, key);
    }
    for length in [1, 2, 33, 300, 2_000] {
        put("keys", &vec![0xff; length], format!("{length} times").as_bytes());
    }
    put("values", b"empty", b"");
    put("values", b"every byte", &(0..=255).collect::<Vec<u8>>());
    let large: Vec<u8> = (0..70_000_usize).map(|place| (place % 251) as u8).collect();
    put("values", b"large", &large);
    for name in ["Case", "case", "a/b c", "\u{e4}/\u{df} \u{1f332}\n", "arbour/fixture"] {
        put(name, b"name", name.as_bytes());
    }
    put(&"n".repeat(TreeName::BYTES_MAX), b"name", b"the longest");
    contents
}

/// Changes a store and the expected contents: overwrites, adds and deletes.
fn change(store: &impl KvStore, expected: &mut Contents) -> Result<()> {
    for (tree, key, value) in [
        ("t", "0001", Some("changed")),
        ("t", "0002", None),
        ("t", "new", Some("")),
        ("Case", "name", None),
        ("emptied", "k", Some("again")),
        ("new tree", "k", Some("v")),
    ] {
        let handle = store.tree(tree)?;
        let entries = expected.entry(tree.to_owned()).or_default();
        if let Some(value) = value {
            store.put(&handle, key.as_bytes(), value.as_bytes())?;
            entries.insert(key.into(), value.into());
        } else {
            store.delete(&handle, key.as_bytes())?;
            entries.remove(key.as_bytes());
        }
    }
    expected.retain(|_, entries| !entries.is_empty());
    Ok(())
}

/// Compares the contents of a store with the expected ones, in every way of reading.
fn compare<S: KvStore>(store: &S, expected: &Contents, when: &str) -> Result<()> {
    let snapshot = store.snapshot()?;
    let names: Vec<&String> = expected.keys().collect();
    assert_eq!(snapshot.trees()?.iter().collect::<Vec<_>>(), names, "the trees {when}");
    for (name, expected) in expected {
        let tree = store.open_tree(TreeName::stored(name)?)?;
        for direction in [Direction::Forward, Direction::Reverse] {
            let mut found = entries(snapshot.scan(&tree, KeyRange::all(), direction)?)?;
            if direction == Direction::Reverse {
                found.reverse();
            }
            let keys: Vec<_> = found.iter().map(|(key, _)| key).collect();
            assert_eq!(keys, expected.keys().collect::<Vec<_>>(), "the keys of {name:?} {when}");
            for (key, value) in &found {
                let same = expected.get(key) == Some(value);
                assert!(same, "the value of {key:?} in {name:?} {when}");
            }
        }
        for (key, value) in expected {
            let same = snapshot.get_with(&tree, key, |found| found == value)?;
            assert_eq!(same, Some(true), "the value got of {key:?} in {name:?} {when}");
        }
        assert_eq!(snapshot.len(&tree)?, expected.len() as u64, "the length of {name:?} {when}");
        assert!(!snapshot.contains(&tree, b"absent")?, "in {name:?} {when}");
    }
    Ok(())
}

/// Lists the folders of the versions, `v1` and so on, in order of name.
fn versions(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut versions = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            versions.push(path);
        }
    }
    versions.sort();
    Ok(versions)
}

fn copied(version: &Path) -> TempDir {
    let scratch = scratch();
    copy_folder(version, scratch.path(), &|_| false).expect("an old store can be copied");
    scratch
}

fn scratch() -> TempDir {
    TempDir::with_prefix("arbour-fixture-").expect("there is a place for temporary files")
}

/// Copies the files of a folder, and the folders that contain any.
fn copy_folder(from: &Path, to: &Path, leave_out: &impl Fn(&str) -> bool) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let (path, name) = {
            let entry = entry?;
            (entry.path(), entry.file_name())
        };
        if path.is_dir() {
            copy_folder(&path, &to.join(name), leave_out)?;
        } else if !name.to_str().is_some_and(leave_out) {
            fs::create_dir_all(to)?;
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}
