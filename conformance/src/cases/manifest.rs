//! The manifest: each capability is proven if it is true, and its refusal if it is false.

use std::error::Error as _;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::engine::{TreeName, copy_entries};
use arbour_core::{
    Direction, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, MemoryStore, Operation,
    Result, StoreOptions, Writers,
};

use super::claims::{commit, everything, make, patient, refused};
use super::files::{assert_named, attempt, siblings};
use crate::{Bed, Factory, entries};

/// A tree's name with its entries.
type Contents = (String, Vec<(Vec<u8>, Vec<u8>)>);

/// Reads a whole store, Arbour's own trees and the neighbours included.
fn contents<S: KvStore>(store: &S) -> Result<Vec<Contents>> {
    let snapshot = store.snapshot()?;
    let mut contents = Vec::new();
    for name in snapshot.trees()? {
        let tree = store.open_tree(TreeName::stored(&name)?)?;
        let found = entries(snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?)?;
        contents.push((name, found));
    }
    Ok(contents)
}

/// A backup of a store in use, beside a snapshot and a transaction, holds what was committed and
/// opens as a store of its own; an existing file at its path is not overwritten. An engine that
/// cannot do it says so. Case 104.
pub(super) fn hot_backup<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    bed.reopen_with(&patient())?;
    let t = bed.tree("t")?;
    commit(bed.store(), &t, "a=1 b=1")?;
    let count = bed.capabilities().limits.transaction_writes_max.min(2000) as u32;
    bed.store().write(|transaction| {
        (0..count).try_for_each(|number| transaction.put(&t, &number.to_be_bytes(), &[7; 100]))
    })?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    let destination = bed.other_path("copy");
    if !bed.capabilities().hot_backup {
        refused(store.backup(&destination), ErrorKind::Unsupported, "backup");
        assert!(siblings(&destination)?.is_empty(), "a refused backup left something");
        bed.negative();
        return Ok(());
    }
    let older = store.snapshot()?;
    commit(store, &t, "-a c=2")?;
    commit(store, &u, "a=2")?;
    let mut transaction = store.begin()?;
    make(&mut transaction, &t, "-b d=3")?;
    store.backup(&destination)?;
    let expected = contents(store)?;
    make(&mut transaction, &u, "b=3")?;
    transaction.commit()?;
    let backup = bed.factory().open(&destination, &StoreOptions::new())?;
    assert!(contents(&backup)? == expected, "the backup is not what was committed");
    assert_eq!(everything(&older, &u)?, "", "the snapshot beside it");
    // The two stores are independent.
    let in_backup = backup.tree("u")?;
    commit(&backup, &in_backup, "c=4")?;
    assert_eq!(everything(&store.snapshot()?, &u)?, "a=2 b=3");
    assert_eq!(everything(&backup.snapshot()?, &in_backup)?, "a=2 c=4");
    let expected = contents(&backup)?;
    backup.close()?;
    let result = store.backup(&destination);
    refused(result, ErrorKind::InvalidArgument, "a backup onto something");
    let result = store.backup(bed.path());
    refused(result, ErrorKind::InvalidArgument, "a backup onto the store itself");
    let nowhere = bed.other_path("missing");
    refused(store.backup(&nowhere.join("copy")), ErrorKind::Io, "a backup into a missing folder");
    assert!(!nowhere.exists(), "a failed backup left something");
    let backup = bed.factory().open(&destination, &StoreOptions::new())?;
    assert!(contents(&backup)? == expected, "a refused backup changed what is there");
    Ok(())
}

/// Compacting frees space and changes nothing that is read: emptied trees read as empty, handles
/// stay good, snapshots stay as they are. An engine that cannot do it says so. Case 104.
pub(super) fn compaction<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    commit(bed.store(), &t, "a=1 b=1")?;
    if !bed.capabilities().compaction {
        refused(bed.store().compact(), ErrorKind::Unsupported, "compact");
        bed.settle()?;
        let found = everything(&bed.store().snapshot()?, &bed.tree("t")?)?;
        assert_eq!(found, "a=1 b=1", "after the refusal");
        bed.negative();
        return Ok(());
    }
    for number in 0..8_u32 {
        bed.store().write(|transaction| {
            (0..64_u32).try_for_each(|part| {
                let key = [number.to_be_bytes(), part.to_be_bytes()].concat();
                transaction.put(&u, &key, &vec![part as u8; 8 * 1024])
            })
        })?;
    }
    bed.store().write(|transaction| transaction.delete_range(&u, KeyRange::all()))?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    let before = store.stats()?.disk_bytes;
    store.compact()?;
    let after = store.stats()?.disk_bytes;
    assert!(after < before, "no space was given back: {before} bytes before, {after} after");
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1 b=1");
    assert_eq!(everything(&store.snapshot()?, &u)?, "", "a tree that was emptied");
    assert_eq!(bed.trees_of(&store.snapshot()?)?, ["t"]);
    commit(store, &u, "a=2")?;
    let pinned = store.snapshot()?;
    commit(store, &u, "a=3 b=3")?;
    if let Err(error) = store.compact() {
        assert_eq!(error.kind(), ErrorKind::Busy, "beside a snapshot: {error:?}");
    }
    assert_eq!(everything(&pinned, &u)?, "a=2", "of a snapshot that lives meanwhile");
    drop(pinned);
    store.compact()?;
    bed.settle()?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(everything(&snapshot, &bed.tree("t")?)?, "a=1 b=1");
    assert_eq!(everything(&snapshot, &bed.tree("u")?)?, "a=3 b=3");
    Ok(())
}

/// A store that is copied to another engine and back is the same. Case 106.
pub(super) fn copied_between_engines<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let limits = bed.capabilities().limits;
    let (t, unicode) = (bed.tree("t")?, bed.tree("ä/ß \u{1f332}\n")?);
    let own = bed.store().open_tree(TreeName::layer("arbour/suite")?)?;
    bed.store().write(|transaction| {
        for key in [&b"k"[..], b"\0", b"\xff", b"\xff\xff", b"a\0b"] {
            transaction.put(&t, key, key)?;
            transaction.put(&unicode, key, b"")?;
        }
        transaction.put(&t, &vec![b'k'; limits.key_bytes_max.min(2000)], &vec![7; 100_000])?;
        if limits.key_bytes_min == 0 {
            transaction.put(&t, b"", b"the empty key")?;
        }
        transaction.put(&own, b"k", b"Arbour's own")
    })?;
    bed.settle()?;
    let expected = contents(bed.store())?;
    let count = expected.iter().map(|(_, entries)| entries.len() as u64).sum::<u64>();
    let memory = MemoryStore::new();
    assert_eq!(copy_entries(bed.store(), &memory)?, count);
    assert!(contents(&memory)? == expected, "the copy in memory differs");
    let path = bed.other_path("second");
    let second = bed.factory().open(&path, &StoreOptions::new())?;
    let in_second = second.tree("t")?;
    commit(&second, &in_second, "k=overwritten kept=1")?;
    assert_eq!(copy_entries(&memory, &second)?, count);
    assert_eq!(second.get(&in_second, b"kept")?, Some(b"1".to_vec()), "what was there before");
    second.delete(&in_second, b"kept")?;
    assert!(contents(&second)? == expected, "the copy of the copy differs");
    second.close()?;
    if bed.capabilities().persistent {
        let second = bed.factory().open(&path, &StoreOptions::new())?;
        assert!(contents(&second)? == expected, "the copy differs once it is opened again");
    }
    Ok(())
}

/// `len` is exact, and the number of entries in the stats is between half and twice the exact one,
/// after overwrites, deletions and rollbacks. Case 107.
pub(super) fn counts_are_exact<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let near = |bed: &Bed<F>, own: u64| {
        let (stats, exact) = (bed.store().stats()?, own + bed.neighbour_entries());
        let near = exact / 2..=exact * 2;
        assert!(near.contains(&stats.entries), "{} entries counted as {stats:?}", exact);
        assert_eq!(stats.disk_bytes > 0, bed.capabilities().persistent, "{stats:?}");
        Ok::<_, Error>(())
    };
    near(bed, 0)?;
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    let key = |number: u32| number.to_be_bytes();
    let part = (bed.capabilities().limits.transaction_writes_max / 15).min(100) as u32;
    bed.store().write(|transaction| {
        (0..10 * part).try_for_each(|number| transaction.put(&t, &key(number), b"first"))?;
        (0..5 * part).try_for_each(|number| transaction.put(&u, &key(number), b"first"))
    })?;
    for _ in 0..4 {
        bed.store().write(|transaction| {
            (0..8 * part).try_for_each(|number| transaction.put(&t, &key(number), b"again"))
        })?;
    }
    bed.store().write(|transaction| {
        (0..15 * part).step_by(2).try_for_each(|number| transaction.delete(&t, &key(number)))?;
        transaction.delete_range(&u, KeyRange::new(&key(part)[..]..))
    })?;
    let mut undone = bed.store().begin()?;
    (5000..9000).try_for_each(|number| undone.put(&u, &key(number), b"undone"))?;
    undone.rollback()?;
    bed.settle()?;
    let (snapshot, t, u) = (bed.store().snapshot()?, bed.tree("t")?, bed.tree("u")?);
    assert_eq!(snapshot.len(&t)?, u64::from(5 * part));
    assert_eq!(snapshot.len(&u)?, u64::from(part));
    assert_eq!(snapshot.len(&bed.tree("v")?)?, 0);
    drop(snapshot);
    near(bed, u64::from(6 * part))
}

/// What was committed is there when the store is opened again exactly if the engine says that it
/// persists, and then it is tested on that axis.
pub(super) fn persistence_agrees_with_axes<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let persistent = bed.capabilities().persistent;
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    bed.reopen()?;
    let found = bed.store().get(&bed.tree("t")?, b"a")?;
    assert_eq!(found.is_some(), persistent, "persistence is not as the capabilities say");
    assert_eq!(bed.capabilities().persistent, persistent, "the capabilities changed");
    assert!(persistent || bed.axis() != crate::Axis::Reopened, "suite!(.., volatile) is missing");
    let in_files = bed.capabilities().in_files();
    assert_eq!(in_files, !siblings(bed.path())?.is_empty(), "of the files at its path");
    if !persistent {
        bed.negative();
    }
    Ok(())
}

/// Errors name the operation, the tree, the key and the store, on one line, and keep their cause.
pub(super) fn errors_name_their_place<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let name = "a \"tree\"\nof two lines";
    let (store, tree) = (bed.store(), bed.tree(name)?);
    let mut long = b"two\nlines \xff".to_vec();
    long.resize(bed.capabilities().limits.key_bytes_max + 1, b'k');
    let error = refused(store.put(&tree, &long, b""), ErrorKind::TooLarge, "put");
    assert_eq!((error.operation(), error.tree()), (Operation::Put, Some(name)));
    let shown = error.key().unwrap_or_default();
    assert!(shown.starts_with(r"two\nlines \xff"), "the key is shown as {shown}");
    assert!(shown.len() < 200, "the key is not shortened: {shown}");
    let error = refused(store.delete(&tree, &long), ErrorKind::TooLarge, "delete");
    assert_eq!((error.operation(), error.tree()), (Operation::Delete, Some(name)));
    let error = refused(store.tree("a\0b"), ErrorKind::InvalidArgument, "a bad name");
    assert_eq!(error.operation(), Operation::Tree);
    if bed.capabilities().writers == Writers::One {
        let transaction = store.begin()?;
        let error = refused(store.begin(), ErrorKind::Busy, "a nested begin");
        assert_eq!(error.operation(), Operation::Begin);
        assert_named(bed, &error, bed.path());
        transaction.rollback()?;
    }
    store.close()?;
    let error = refused(store.snapshot(), ErrorKind::Closed, "a closed store");
    assert_eq!(error.operation(), Operation::Snapshot);
    assert_named(bed, &error, bed.path());
    if bed.capabilities().in_files() {
        let path = bed.other_path("missing").join("store");
        let options = StoreOptions::new();
        let error = refused(bed.factory().open(&path, &options), ErrorKind::Io, "a missing folder");
        assert_eq!(error.operation(), Operation::Open);
        assert_named(bed, &error, &path);
        assert!(error.source().is_some(), "the cause is missing: {error:?}");
    }
    Ok(())
}

/// As many snapshots can be open as the engine says, and 200 if it names no limit. One more is refused
/// until one of them ends.
pub(super) fn snapshots_to_the_limit<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    commit(store, &t, "a=1")?;
    let limit = bed.capabilities().snapshots_max;
    let oldest = store.snapshot()?;
    let mut others = Vec::new();
    for _ in 1..limit.unwrap_or(200) {
        let snapshot = store.snapshot()?;
        assert!(snapshot.contains(&t, b"a")?);
        others.push(snapshot);
    }
    if limit.is_some() {
        refused(store.snapshot(), ErrorKind::Busy, "a snapshot more than the engine allows");
        others.pop();
    }
    // A transaction may need one too.
    commit(store, &t, "a=2")?;
    assert_eq!(everything(&oldest, &t)?, "a=1", "the oldest of them");
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=2", "after one of them has ended");
    drop((oldest, others));
    if limit.is_none() {
        bed.negative();
    }
    Ok(())
}

/// A snapshot can be read as long as the engine says, whatever is committed meanwhile.
pub(super) fn snapshots_until_their_age<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    /// Engines that promise more than this are believed.
    const LONGEST: Duration = Duration::from_millis(500);

    let (store, t) = (bed.store(), bed.tree("t")?);
    commit(store, &t, "a=1 b=1")?;
    let age = bed.capabilities().snapshot_age_max;
    let snapshot = store.snapshot()?;
    let made = Instant::now();
    let until = made + age.map_or(LONGEST / 10, |age| (age / 2).min(LONGEST));
    while Instant::now() < until {
        commit(store, &t, "a=2 -b c=2")?;
        assert_eq!(everything(&snapshot, &t)?, "a=1 b=1", "after {:?}", made.elapsed());
        thread::sleep(LONGEST / 50);
    }
    drop(snapshot);
    if age.is_none() {
        bed.negative();
    }
    Ok(())
}

/// A store with snapshots and a transaction holds at most as many of its files open as it says. Only
/// Linux shows which files are open.
pub(super) fn open_files<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    commit(store, &t, "a=1")?;
    let snapshots = (0..20).map(|_| store.snapshot()).collect::<Result<Vec<_>>>()?;
    for snapshot in &snapshots {
        assert!(snapshot.contains(&t, b"a")?);
    }
    let mut transaction = store.begin()?;
    make(&mut transaction, &t, "b=2")?;
    let open = open_files_below(bed.path())?;
    let most = bed.capabilities().open_files_max;
    assert!(open <= most.unwrap_or(open), "{open} files are open, and at most {most:?} should be");
    transaction.rollback()?;
    drop(snapshots);
    if most.is_none() {
        bed.negative();
    }
    Ok(())
}

/// Counts the open files of this process whose paths begin with that of a store.
fn open_files_below(path: &Path) -> Result<usize> {
    if !cfg!(target_os = "linux") {
        return Ok(0);
    }
    let folder = attempt(path.parent().unwrap_or(path).canonicalize(), "cannot find the folder")?;
    let shown = attempt(fs::read_dir("/proc/self/fd"), "cannot list the open files")?;
    // Those that another thread has closed since the list was begun have no target any more.
    let targets = shown.filter_map(|file| fs::read_link(file.ok()?.path()).ok());
    Ok(targets.filter(|target| target.starts_with(&folder)).count())
}

/// What a store says to keep on other machines is there when everything on this one is lost.
pub(super) fn lost_machine<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if !bed.capabilities().replicated {
        bed.negative();
        return Ok(());
    }
    let path = bed.other_path("lost");
    let store = bed.factory().open(&path, &StoreOptions::new())?;
    commit(&store, &store.tree("t")?, "a=1")?;
    store.close()?;
    drop(store);
    for lost in siblings(&path)? {
        let removed =
            if lost.is_dir() { fs::remove_dir_all(&lost) } else { fs::remove_file(&lost) };
        attempt(removed, "cannot remove a file of the store")?;
    }
    let store = bed.factory().open(&path, &StoreOptions::new().create(false))?;
    assert_eq!(everything(&store.snapshot()?, &store.tree("t")?)?, "a=1", "on other machines");
    Ok(())
}
