//! The life of a store: opened, opened again, opened twice, opened where there is none.

use std::error::Error as _;
use std::fs;
use std::path::Path;
use std::thread;

use arbour_core::{
    Batch, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Operation, Result,
    StoreOptions, Update,
};

use super::claims::{commit, everything, joined, make, patient, refused};
use super::files::{assert_named, attempt, data_bytes, siblings};
use crate::harness::Undisturbed;
use crate::{Bed, Factory, apply_in_parts, entries};

/// Asserts that opening was refused with this kind, by an error that names the store.
#[track_caller]
fn refused_to_open<F: Factory>(
    bed: &Bed<F>,
    path: &Path,
    options: &StoreOptions,
    kind: ErrorKind,
    what: &str,
) -> Error {
    let error = refused(bed.factory().open(path, options), kind, what);
    assert_eq!(error.operation(), Operation::Open, "{what}: {error:?}");
    assert_named(bed, &error, path);
    error
}

/// Everything that was committed is there when the store is opened again, byte for byte, if the
/// engine persists; if it does not, nothing is there. Case 95.
pub(super) fn reopened_data_is_there<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, u, v) = (bed.tree("t")?, bed.tree("u")?, bed.tree("v")?);
    let mut batch = Batch::new();
    for number in 0..3000_u32 {
        batch.put(&t, &number.to_be_bytes(), &[number as u8; 50]);
    }
    for byte in 0..=255_u8 {
        batch.put(&u, &[byte, 0, 0xff, byte], &vec![byte; usize::from(byte) * 40]);
    }
    batch.put(&v, b"a", b"1");
    apply_in_parts(bed.store(), batch, Durability::default())?;
    let mut batch = Batch::new();
    for number in (0..3000_u32).step_by(3) {
        batch.delete(&t, &number.to_be_bytes());
    }
    apply_in_parts(bed.store(), batch, Durability::default())?;
    commit(bed.store(), &v, "b=1")?;
    bed.store().write(|transaction| {
        transaction.delete_range(&t, KeyRange::new(&2900_u32.to_be_bytes()[..]..))?;
        transaction.put(&t, &1_u32.to_be_bytes(), b"")?;
        make(transaction, &v, "-a -b")
    })?;
    let read = |bed: &Bed<F>| {
        let snapshot = bed.store().snapshot()?;
        let mut all = Vec::new();
        for name in bed.trees_of(&snapshot)? {
            let tree = bed.tree(&name)?;
            all.push((name, entries(snapshot.scan(&tree, KeyRange::all(), Default::default())?)?));
        }
        Ok::<_, Error>(all)
    };
    let before = read(bed)?;
    assert_eq!(before.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["t", "u"]);
    let counts: Vec<usize> = before.iter().map(|(_, entries)| entries.len()).collect();
    assert_eq!(counts, [2900 - 967, 256]);
    if !bed.capabilities().persistent {
        bed.reopen()?;
        bed.negative();
        let found = bed.store().snapshot()?.len(&bed.tree("t")?)?;
        assert_eq!(found, 0, "what does not persist is gone");
        return Ok(());
    }
    for _ in 0..2 {
        bed.reopen()?;
        assert!(read(bed)? == before, "what was committed is not what is there");
    }
    Ok(())
}

/// A store that is opened, changed and closed many times has every change.
pub(super) fn reopened_again_and_again<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let persistent = bed.capabilities().persistent;
    let mut expected = Vec::new();
    for round in 0..12 {
        let (t, u) = (bed.tree("t")?, bed.tree("u")?);
        bed.store().write(|transaction| {
            make(transaction, &t, &format!("r{round:02}=1 last={round}"))?;
            make(transaction, &u, &format!("r{round:02}=1"))
        })?;
        bed.store().delete(&u, format!("r{:02}", round - 1).as_bytes())?;
        expected.push(format!("r{round:02}=1"));
        bed.reopen()?;
        let snapshot = bed.store().snapshot()?;
        let (t, u) = (bed.tree("t")?, bed.tree("u")?);
        if persistent {
            let all = format!("last={round} {}", expected.join(" "));
            assert_eq!(everything(&snapshot, &t)?, all, "in round {round}");
            assert_eq!(everything(&snapshot, &u)?, format!("r{round:02}=1"), "in round {round}");
        } else {
            assert_eq!(everything(&snapshot, &t)?, "", "in round {round}");
        }
    }
    if !persistent {
        bed.negative();
    }
    Ok(())
}

/// A store that is dropped without being closed keeps what was committed and releases its files at
/// once. Engines with background threads release their lock a moment later.
pub(super) fn dropped_without_close<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let path = bed.other_path("dropped");
    for round in 1..=4_u64 {
        let store = bed.factory().open(&path, &StoreOptions::new())?;
        let t = store.tree("t")?;
        store.put(&t, format!("{round}").as_bytes(), b"")?;
        let expected = if bed.capabilities().persistent { round } else { 1 };
        assert_eq!(store.snapshot()?.len(&t)?, expected, "in round {round}");
        let mut transaction = store.begin()?;
        make(&mut transaction, &t, "uncommitted=1")?;
        drop(transaction);
    }
    if !bed.capabilities().persistent {
        bed.negative();
    }
    Ok(())
}

/// A second handle on an open store is refused with `Locked`, however often it is tried, unless the
/// engine allows several; then each sees what the other commits. Case 96. A lock of `fcntl` is lost
/// as soon as the process closes a second handle on the file.
pub(super) fn second_handle_by_manifest<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    if !bed.capabilities().persistent {
        let second = bed.factory().open(bed.path(), &StoreOptions::new())?;
        let seen = second.snapshot()?.len(&second.tree("t")?)?;
        assert_eq!(seen, 0, "two stores that do not persist share nothing");
        bed.negative();
        return Ok(());
    }
    if bed.capabilities().multi_process {
        let second = bed.factory().open(bed.path(), &StoreOptions::new())?;
        let in_second = second.tree("t")?;
        assert_eq!(everything(&second.snapshot()?, &in_second)?, "a=1");
        commit(&second, &in_second, "b=2")?;
        assert_eq!(everything(&store.snapshot()?, &t)?, "a=1 b=2");
        commit(store, &t, "c=3")?;
        assert_eq!(everything(&second.snapshot()?, &in_second)?, "a=1 b=2 c=3");
        return second.close();
    }
    for _ in 0..3 {
        let (path, options) = (bed.path(), StoreOptions::new());
        refused_to_open(bed, path, &options, ErrorKind::Locked, "a second handle");
        commit(store, &t, "b=2")?;
    }
    bed.reopen()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 b=2");
    bed.negative();
    Ok(())
}

/// Two stores in one process are independent: a transaction of one does not block the other. Case
/// 101. sled's transactions take a lock that all its stores share.
pub(super) fn two_stores_are_independent<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    bed.reopen_with(&patient())?;
    let path = bed.other_path("second");
    let second = bed.factory().open(&path, &patient())?;
    let (t, in_second) = (bed.tree("t")?, second.tree("t")?);
    let store = bed.store();
    let mut transaction = store.begin()?;
    make(&mut transaction, &t, "a=1")?;
    // On the same thread, one inside the other, and on another thread.
    commit(&second, &in_second, "a=2")?;
    second.put(&in_second, b"b", b"2")?;
    second.write(|inner| {
        make(inner, &in_second, "c=2")?;
        assert_eq!(everything(&transaction, &t)?, "a=1");
        make(&mut transaction, &t, "b=1")
    })?;
    thread::scope(|scope| joined(scope.spawn(|| commit(&second, &in_second, "d=2"))))?;
    assert_eq!(everything(&second.snapshot()?, &in_second)?, "a=2 b=2 c=2 d=2");
    second.close()?;
    make(&mut transaction, &t, "c=1")?;
    transaction.commit()?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 b=1 c=1");
    if bed.capabilities().persistent {
        let second = bed.factory().open(&path, &StoreOptions::new())?;
        let t = second.tree("t")?;
        assert_eq!(everything(&second.snapshot()?, &t)?, "a=2 b=2 c=2 d=2");
    }
    Ok(())
}

/// A store opened read-only can be read, refuses every kind of write and is not changed on disk; an
/// engine that cannot do this says so. Cases 83 and 102.
pub(super) fn read_only_by_manifest<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1")?;
    let read_only = StoreOptions::new().read_only(true);
    let absent = bed.other_path("absent");
    if !bed.capabilities().read_only {
        bed.store().close()?;
        for path in [bed.path(), &absent] {
            let result = bed.factory().open(path, &read_only);
            refused(result, ErrorKind::Unsupported, "opening read-only");
        }
        assert!(siblings(&absent)?.is_empty(), "a refusal created something");
        bed.reopen()?;
        bed.negative();
        return Ok(());
    }
    let (persistent, in_files) = (bed.capabilities().persistent, bed.capabilities().in_files());
    let data = |bed: &Bed<F>| {
        bed.store().close()?;
        if in_files { data_bytes(bed.factory(), bed.path()) } else { Ok(Vec::new()) }
    };
    let before = data(bed)?;
    bed.reopen_with(&read_only)?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let expected = if persistent { "a=1 b=1" } else { "" };
    assert_eq!(everything(&store.snapshot()?, &t)?, expected);
    for durability in Durability::ALL {
        refused(store.begin_with(durability), ErrorKind::ReadOnly, "begin");
        let mut batch = Batch::new();
        batch.put(&t, b"c", b"2");
        refused(store.apply(batch, durability), ErrorKind::ReadOnly, "apply");
    }
    refused(commit(store, &t, "c=2"), ErrorKind::ReadOnly, "write");
    refused(store.put(&t, b"c", b"2"), ErrorKind::ReadOnly, "put");
    refused(store.delete(&t, b"a"), ErrorKind::ReadOnly, "delete");
    let result = store.compare_and_swap(&t, b"c", None, Some(b"2"));
    refused(result, ErrorKind::ReadOnly, "compare_and_swap");
    let result = store.fetch_and_update(&t, b"a", |_| Update::Delete);
    refused(result, ErrorKind::ReadOnly, "fetch_and_update");
    refused(store.sync(), ErrorKind::ReadOnly, "sync");
    let kind = store.compact().err().map(|error| error.kind());
    let unsupported = !bed.capabilities().compaction && kind == Some(ErrorKind::Unsupported);
    assert!(kind == Some(ErrorKind::ReadOnly) || unsupported, "compact: {kind:?}");
    assert_eq!(everything(&store.snapshot()?, &t)?, expected, "after the refusals");
    assert!(data(bed)? == before, "the file was changed");
    if persistent {
        let error = refused_to_open(bed, &absent, &read_only, ErrorKind::NotFound, "an absent one");
        assert_eq!(error.source().is_some(), in_files, "the cause: {error:?}");
        assert!(siblings(&absent)?.is_empty(), "opening read-only created something");
        bed.reopen()?;
        commit(bed.store(), &bed.tree("t")?, "c=3")?;
        assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 b=1 c=3");
    }
    Ok(())
}

/// An absent store is not created if the options forbid it, and the attempt leaves nothing.
pub(super) fn absent_is_not_created<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (path, keep) = (bed.other_path("absent"), StoreOptions::new().create(false));
    if !bed.capabilities().persistent {
        // On a volatile engine no store exists before it is created.
        refused(bed.factory().open(&path, &keep), ErrorKind::NotFound, "an absent store");
        assert!(siblings(&path)?.is_empty(), "what does not persist left something");
        bed.negative();
        return Ok(());
    }
    for _ in 0..2 {
        refused_to_open(bed, &path, &keep, ErrorKind::NotFound, "an absent store");
        assert!(siblings(&path)?.is_empty(), "something was created");
    }
    let store = bed.factory().open(&path, &StoreOptions::new())?;
    commit(&store, &store.tree("t")?, "a=1")?;
    store.close()?;
    let store = bed.factory().open(&path, &keep)?;
    assert_eq!(everything(&store.snapshot()?, &store.tree("t")?)?, "a=1", "one that is there");
    Ok(())
}

/// A path that cannot be reached, because a folder is missing or a file is in its place, fails with
/// `Io` and its cause, and nothing is created on the way.
pub(super) fn unreachable_path_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (file, missing) = (bed.other_path("file"), bed.other_path("missing"));
    attempt(fs::write(&file, b"not a folder"), "cannot write a file")?;
    if bed.capabilities().remote {
        // Its path is none of this machine.
        bed.negative();
        return Ok(());
    }
    if !bed.capabilities().persistent {
        let store = bed.factory().open(&missing.join("store"), &StoreOptions::new())?;
        commit(&store, &store.tree("t")?, "a=1")?;
        assert!(!missing.exists(), "what does not persist left something");
        bed.negative();
        return Ok(());
    }
    for parent in [&file, &missing] {
        let (path, options) = (parent.join("store"), StoreOptions::new());
        let what = format!("a store under {}", parent.display());
        let error = refused_to_open(bed, &path, &options, ErrorKind::Io, &what);
        assert!(error.source().is_some(), "the cause is missing: {error:?}");
    }
    assert!(!missing.exists(), "a missing folder was created");
    assert_eq!(attempt(fs::read(&file), "cannot read a file")?, b"not a folder");
    Ok(())
}
