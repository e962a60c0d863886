//! The path of a store: relative paths, links, and files that are replaced under an open store.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use arbour_core::{ErrorKind, KvStore, Result, StoreOptions};

use super::claims::{commit, everything, refused};
use super::files::{attempt, copy_files, siblings};
use crate::{Bed, Factory};

/// The current folder belongs to the whole process, so only one case at a time may change it.
static CURRENT_FOLDER: Mutex<()> = Mutex::new(());

/// Changes the current folder until it is dropped.
struct CurrentFolder {
    before: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl CurrentFolder {
    fn change(to: &Path) -> Result<Self> {
        let alone = CURRENT_FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
        let before = attempt(env::current_dir(), "cannot tell the current folder")?;
        attempt(env::set_current_dir(to), "cannot change the current folder")?;
        Ok(Self { before, _alone: alone })
    }
}

impl Drop for CurrentFolder {
    fn drop(&mut self) {
        // A failed case reports its own message.
        let _ = env::set_current_dir(&self.before);
    }
}

/// A relative path refers to the folder that was current when the store was opened, whatever the
/// process does later. SQLite opens its readers by the path it was given, and sled opens its files
/// of large values in the same way.
pub(super) fn relative_path_is_resolved_once<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (home, away) = (bed.other_path("home"), bed.other_path("away"));
    for folder in [&home, &away] {
        attempt(fs::create_dir(folder), "cannot make a folder")?;
    }
    let large = vec![7; 100_000];
    let here = CurrentFolder::change(&home)?;
    let store = bed.factory().open(Path::new("store"), &StoreOptions::new())?;
    attempt(env::set_current_dir(&away), "cannot change the current folder")?;
    let t = store.tree("t")?;
    commit(&store, &t, "a=1")?;
    store.put(&store.tree("large")?, b"k", &large)?;
    let snapshot = store.snapshot()?;
    commit(&store, &t, "b=2")?;
    assert_eq!(everything(&snapshot, &t)?, "a=1");
    drop(snapshot);
    assert_eq!(store.stats()?.entries, 3);
    if bed.capabilities().hot_backup {
        store.backup(&bed.other_path("copy"))?;
    }
    store.close()?;
    drop(store);
    assert!(siblings(&away.join("store"))?.is_empty(), "another folder was written");
    drop(here);
    if !bed.capabilities().in_files() {
        bed.negative();
        return Ok(());
    }
    let store = bed.factory().open(&home.join("store"), &StoreOptions::new())?;
    assert_eq!(everything(&store.snapshot()?, &store.tree("t")?)?, "a=1 b=2");
    assert!(store.get(&store.tree("large")?, b"k")?.is_some_and(|value| value == large));
    Ok(())
}

/// Symbolic links, to the store itself and to its folder, lead to one store: for the lock, and for
/// what an engine finds after its process died.
pub(super) fn links_lead_to_one_store<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let data = bed.other_path("data");
    attempt(fs::create_dir(&data), "cannot make a folder")?;
    let (link, folder) = (bed.other_path("link"), bed.other_path("folder"));
    let in_files = bed.capabilities().in_files();
    if !(in_files && make_link(&data, &folder)? && make_link(&data.join("store"), &link)?) {
        bed.negative();
        return Ok(());
    }
    // The link leads to a store that does not exist yet.
    let store = bed.factory().open(&link, &StoreOptions::new())?;
    let t = store.tree("t")?;
    commit(&store, &t, "a=1")?;
    assert!(!siblings(&data.join("store"))?.is_empty(), "the store is not where the link leads");
    for other in [&data.join("store"), &folder.join("store"), &link] {
        let second = bed.factory().open(other, &StoreOptions::new());
        if bed.capabilities().multi_process {
            let second = second?;
            commit(&second, &second.tree("t")?, "b=2")?;
            second.close()?;
        } else {
            refused(second, ErrorKind::Locked, "the store by another name");
        }
    }
    let expected = if bed.capabilities().multi_process { "a=1 b=2" } else { "a=1" };
    assert_eq!(everything(&store.snapshot()?, &t)?, expected);
    // What a dying process leaves, reached through a link.
    let (dead, to_dead) = (bed.other_path("dead"), bed.other_path("link to dead"));
    copy_files(&data.join("store"), &dead)?;
    store.close()?;
    drop(store);
    assert!(make_link(&dead, &to_dead)?, "a link could be made just now");
    for path in [&to_dead, &link, &folder.join("store"), &data.join("store")] {
        let store = bed.factory().open(path, &StoreOptions::new())?;
        assert_eq!(everything(&store.snapshot()?, &store.tree("t")?)?, expected, "{path:?}");
        store.close()?;
    }
    Ok(())
}

/// A store whose files are renamed, or replaced by those of another store, fails with `Moved` at
/// the next durable commit, and never writes to the other files.
pub(super) fn exchanged_while_open<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if !bed.capabilities().in_files() || !cfg!(unix) {
        bed.negative();
        return Ok(());
    }
    let (path, other) = (bed.other_path("place"), bed.other_path("other"));
    let stranger = bed.factory().open(&other, &StoreOptions::new())?;
    commit(&stranger, &stranger.tree("t")?, "x=9")?;
    stranger.close()?;
    drop(stranger);
    let store = bed.factory().open(&path, &StoreOptions::new())?;
    let t = store.tree("t")?;
    commit(&store, &t, "a=1")?;
    let before = store.snapshot()?;
    assert_eq!(everything(&before, &t)?, "a=1");
    let moved = bed.other_path("moved");
    move_files(&path, &moved)?;
    let error = refused(store.put(&t, b"b", b"2"), ErrorKind::Moved, "a write after renaming");
    assert_eq!(error.path(), Some(&*path), "the error does not name the store: {error:?}");
    refused(commit(&store, &t, "b=2"), ErrorKind::Moved, "a transaction after renaming");
    move_files(&other, &path)?;
    refused(store.put(&t, b"b", b"2"), ErrorKind::Moved, "a write over another store");
    refused(store.sync(), ErrorKind::Moved, "a sync over another store");
    assert_eq!(everything(&before, &t)?, "a=1", "the snapshot reads another store");
    // A snapshot may be refused now, but must not read the other store.
    match store.snapshot() {
        Ok(snapshot) => assert_eq!(everything(&snapshot, &t)?, "a=1"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Moved, "{error:?}"),
    }
    drop(before);
    // The engine may or may not report the loss on closing; what it must not do is write.
    let _ = store.close();
    drop(store);
    // RocksDB cannot be closed without writing to its path, so that path stays in use.
    let found = bed.other_path("found");
    move_files(&path, &found)?;
    for (path, expected) in [(&found, "x=9"), (&moved, "a=1")] {
        let store = bed.factory().open(path, &StoreOptions::new())?;
        assert_eq!(everything(&store.snapshot()?, &store.tree("t")?)?, expected, "{path:?}");
        store.close()?;
    }
    Ok(())
}

/// Renames the files of a store.
fn move_files(from: &Path, to: &Path) -> Result<()> {
    for file in siblings(from)? {
        let mut target = to.as_os_str().to_owned();
        let name = file.as_os_str().to_string_lossy().into_owned();
        target.push(name.strip_prefix(&*from.to_string_lossy()).unwrap_or_default());
        attempt(fs::rename(&file, &target), "cannot rename a store's file")?;
    }
    Ok(())
}

/// Makes a symbolic link; returns `false` if the system has none.
#[cfg(unix)]
fn make_link(target: &Path, link: &Path) -> Result<bool> {
    attempt(std::os::unix::fs::symlink(target, link), "cannot make a link").map(|()| true)
}

#[cfg(not(unix))]
fn make_link(_: &Path, _: &Path) -> Result<bool> {
    Ok(false)
}
