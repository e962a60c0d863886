//! Folders that do not belong to a store: refused, and left unchanged.

use std::fs;
use std::path::Path;

use arbour_core::{ErrorKind, KvRead as _, KvStore as _, Result, StoreOptions};
use arbour_rocksdb::RocksdbStore;
use rocksdb::{DB, Options};
use tempfile::tempdir;

use crate::contents::{copy_folder, ending, files, keys};

fn writable() -> StoreOptions {
    StoreOptions::new()
}

fn read_only() -> StoreOptions {
    StoreOptions::new().read_only(true)
}

fn kind(path: &Path, options: &StoreOptions) -> Option<ErrorKind> {
    RocksdbStore::open(path, options).err().map(|error| error.kind())
}

/// Asserts that a folder is refused, twice and also read-only, and that nothing in it changes.
#[track_caller]
fn stays_refused(path: &Path, expected: ErrorKind) {
    let before = files(path);
    for options in [writable(), writable(), read_only()] {
        assert_eq!(kind(path, &options), Some(expected));
        assert!(files(path) == before, "the folder was changed");
    }
}

fn creating() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options
}

fn make(path: &Path) -> Result<()> {
    let store = RocksdbStore::open(path, &writable())?;
    store.put(&store.tree("t")?, b"a", b"1")?;
    store.close()
}

/// RocksDB makes a database in any folder it is given, whatever else is there.
#[test]
fn of_other_files_is_refused() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), b"not to be lost").unwrap();
    stays_refused(folder.path(), ErrorKind::Corrupted);
    let file = folder.path().join("letter.txt");
    assert_eq!(kind(&file, &writable()), Some(ErrorKind::Corrupted));
    assert_eq!(kind(&file, &read_only()), Some(ErrorKind::Corrupted));
    assert_eq!(fs::read(&file).unwrap(), b"not to be lost");
}

#[test]
fn of_another_program_is_refused() {
    let folder = tempdir().unwrap();
    let (plain, with_families) = (folder.path().join("plain"), folder.path().join("families"));
    let other = DB::open(&creating(), &plain).unwrap();
    other.put(b"theirs", b"1").unwrap();
    drop(other);
    stays_refused(&plain, ErrorKind::InvalidArgument);
    let other = DB::open(&creating(), &plain).unwrap();
    assert_eq!(other.get(b"theirs").unwrap().as_deref(), Some(&b"1"[..]));

    let mut other = DB::open(&creating(), &with_families).unwrap();
    other.create_cf("theirs", &Options::default()).unwrap();
    drop(other);
    stays_refused(&with_families, ErrorKind::InvalidArgument);
}

#[test]
fn of_a_later_version_is_refused() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    make(&path)?;
    let options = Options::default();
    let mut later = DB::open_cf(&options, &path, ["default", "arbour-1"]).unwrap();
    later.create_cf("arbour-2", &options).unwrap();
    later.drop_cf("arbour-1").unwrap();
    drop(later);
    stays_refused(&path, ErrorKind::TooNew);
    Ok(())
}

/// Without this file RocksDB treats the database as absent, makes a new one and removes the files
/// of the old one.
#[test]
fn without_its_current_file_is_refused() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    make(&path)?;
    fs::remove_file(path.join("CURRENT")).unwrap();
    stays_refused(&path, ErrorKind::Corrupted);
    Ok(())
}

/// The manifest lists the files, and another file names the manifest.
#[test]
fn with_a_damaged_manifest_is_refused() -> Result<()> {
    let folder = tempdir().unwrap();
    let whole = folder.path().join("whole");
    make(&whole)?;
    let manifest = files(&whole).into_keys().find(|name| name.starts_with("MANIFEST")).unwrap();
    for (name, content) in [
        (manifest.as_str(), None),
        (manifest.as_str(), Some(&b"noise"[..])),
        (manifest.as_str(), Some(&[0xa5; 3000])),
        ("CURRENT", Some(b"noise")),
        ("CURRENT", Some(b"MANIFEST-777777\n")),
        ("CURRENT", Some(b"")),
    ] {
        let path = folder.path().join("damaged");
        copy_folder(&whole, &path);
        match content {
            Some(bytes) => fs::write(path.join(name), bytes).unwrap(),
            None => fs::remove_file(path.join(name)).unwrap(),
        }
        for options in [writable(), read_only(), writable()] {
            let found = kind(&path, &options);
            assert_eq!(found, Some(ErrorKind::Corrupted), "{name} with {content:?}");
        }
        fs::remove_dir_all(&path).unwrap();
    }
    Ok(())
}

#[test]
fn without_a_sorted_file_is_refused() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    make(&path)?;
    for name in ending(&path, ".sst") {
        fs::remove_file(path.join(name)).unwrap();
    }
    for options in [writable(), read_only(), writable()] {
        assert_eq!(kind(&path, &options), Some(ErrorKind::Corrupted));
    }
    Ok(())
}

/// A process that dies while it creates a store leaves a part of it.
#[test]
fn of_a_creation_cut_short_is_made_whole() -> Result<()> {
    let folder = tempdir().unwrap();
    let whole = folder.path().join("whole");
    make(&whole)?;
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let begun = folder.path().join("begun");
    fs::create_dir(&begun).unwrap();
    for name in ["IDENTITY", "LOCK", "LOG"] {
        fs::copy(whole.join(name), begun.join(name)).unwrap();
    }
    fs::write(begun.join("MANIFEST-000001"), b"half").unwrap();
    let unmarked = folder.path().join("unmarked");
    drop(DB::open(&creating(), &unmarked).unwrap());
    for path in [&empty, &begun, &unmarked] {
        assert_eq!(kind(path, &read_only()), Some(ErrorKind::NotFound), "{}", path.display());
        let keep = writable().create(false);
        if path != &unmarked {
            assert_eq!(kind(path, &keep), Some(ErrorKind::NotFound), "{}", path.display());
        }
        make(path)?;
        assert_eq!(keys(&RocksdbStore::open(path, &keep)?, "t")?, [b"a"]);
    }
    Ok(())
}

#[test]
fn is_written_by_one_or_read_by_many() -> Result<()> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store");
    make(&path)?;
    let writer = RocksdbStore::open(&path, &writable())?;
    for options in [writable(), read_only(), writable()] {
        assert_eq!(kind(&path, &options), Some(ErrorKind::Locked), "beside a writer");
    }
    // The files are released with the last snapshot, which needs them.
    let (snapshot, t) = (writer.snapshot()?, writer.tree("t")?);
    writer.close()?;
    assert_eq!(kind(&path, &read_only()), Some(ErrorKind::Locked), "beside a snapshot");
    assert!(snapshot.contains(&t, b"a")?);
    drop(snapshot);
    let first = RocksdbStore::open(&path, &read_only())?;
    let second = RocksdbStore::open(&path, &read_only())?;
    assert_eq!(kind(&path, &writable()), Some(ErrorKind::Locked), "beside readers");
    for store in [&first, &second] {
        assert_eq!(keys(store, "t")?, [b"a"]);
    }
    first.close()?;
    assert_eq!(kind(&path, &writable()), Some(ErrorKind::Locked), "beside one reader");
    second.close()?;
    assert_eq!(kind(&path, &writable()), None);
    Ok(())
}

#[test]
fn opened_read_only_is_not_changed() -> Result<()> {
    let folder = tempdir().unwrap();
    let (path, copy) = (folder.path().join("store"), folder.path().join("copy"));
    make(&path)?;
    let before = files(&path);
    let store = RocksdbStore::open(&path, &read_only())?;
    assert_eq!(keys(&store, "t")?, [b"a"]);
    store.backup(&copy)?;
    store.close()?;
    assert!(files(&path) == before);
    assert_eq!(keys(&RocksdbStore::open(&copy, &read_only())?, "t")?, [b"a"]);
    Ok(())
}
