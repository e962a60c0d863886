//! What closing a store leaves, and what it waits for.

use std::error::Error as _;
use std::fs;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use arbour_core::engine::{Engine as _, SnapshotEngine as _, SnapshotLayer};
use arbour_core::{Batch, Durability, ErrorKind, KvRead as _, KvStore, Result, StoreOptions};
use arbour_sled::{SledEngine, SledStore};

use crate::bed::{Bed, open};

/// While a snapshot lives the files stay open, but everything that was committed is in them.
#[test]
fn everything_is_written_though_a_snapshot_lives() -> Result<()> {
    for (number, durability) in Durability::ALL.into_iter().enumerate() {
        let bed = Bed::new();
        let store = bed.open("store")?;
        let tree = store.tree("t")?;
        let snapshot = store.snapshot()?;
        let mut batch = Batch::new();
        batch.put(&tree, b"small", b"1");
        batch.put(&tree, b"large", &vec![7; 300_000]);
        store.apply(batch, durability)?;
        store.close()?;
        let copied = open(&bed.kill("store", &format!("copy {number}")))?;
        let copied_tree = copied.tree("t")?;
        assert_eq!(
            copied.get(&copied_tree, b"small")?.as_deref(),
            Some(&b"1"[..]),
            "{durability:?}"
        );
        assert_eq!(copied.get(&copied_tree, b"large")?, Some(vec![7; 300_000]), "{durability:?}");
        assert!(!snapshot.contains(&tree, b"small")?);
    }
    Ok(())
}

/// A snapshot that is taken while the store is closed is refused, instead of failing when it is
/// read.
#[test]
fn no_snapshot_is_given_out_after_close() -> Result<()> {
    let bed = Bed::new();
    let engine = SledEngine::open(bed.path("store"), &StoreOptions::new())?;
    let layer = SnapshotLayer::new(engine);
    let live = layer.snapshot()?;
    layer.close()?;
    assert_eq!(layer.snapshot().err().unwrap().kind(), ErrorKind::Closed);
    drop(live);
    assert_eq!(layer.snapshot().err().unwrap().kind(), ErrorKind::Closed);
    Ok(())
}

/// A closed store can be opened at once, even though other threads start processes, which inherit
/// its files for a moment.
#[cfg(unix)]
#[test]
fn can_be_opened_at_once_while_processes_start() -> Result<()> {
    use std::process::Command;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    struct Stop<'s>(&'s AtomicBool);

    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let bed = Bed::new();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _stop = Stop(&stop);
        for _ in 0..2 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    Command::new("true").status().unwrap();
                }
            });
        }
        for _ in 0..20 {
            bed.open("store")?.close()?;
        }
        Ok(())
    })
}

/// Files that disappear while the store is open are reported, without waiting for what cannot be
/// written.
#[test]
fn missing_files_are_reported_and_not_waited_for() -> Result<()> {
    for (lost, is_large) in
        [("db", false), ("db", true), ("blobs", false), ("blobs", true), ("", false), ("", true)]
    {
        let bed = Bed::new();
        let store = bed.open("store")?;
        let tree = store.tree("t")?;
        store.put(&tree, b"large", &vec![7; 300_000])?;
        let path = bed.path("store").join(lost);
        if lost == "db" {
            fs::remove_file(path).unwrap()
        } else {
            fs::remove_dir_all(path).unwrap()
        }
        let written = if is_large {
            store.put(&tree, b"another", &vec![8; 300_000])
        } else {
            store.put(&tree, b"small", b"1")
        };
        let what = format!("{lost}, large {is_large}");
        // Only the log's name is missing, and it is not needed until the store is closed.
        assert_eq!(written.is_ok(), lost == "db", "{what}: {written:?}");
        let closed = store.close();
        assert!(closed.is_err(), "{what}");
        drop(store);
        assert!(lost != "db" || bed.open("store").is_err(), "{what}");
    }
    Ok(())
}

/// After a failed commit the state in memory is unknown.
#[test]
fn a_store_that_failed_refuses_everything() -> Result<()> {
    let bed = Bed::new();
    let store = bed.open("store")?;
    let tree = store.tree("t")?;
    store.put(&tree, b"a", b"1")?;
    let snapshot = store.snapshot()?;
    fs::remove_dir_all(bed.path("store").join("blobs")).unwrap();
    let error = store.put(&tree, b"large", &vec![7; 300_000]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CommitUnknown);
    let kind = ErrorKind::Corrupted;
    assert_eq!(store.put(&tree, b"b", b"1").unwrap_err().kind(), kind);
    assert_eq!(store.get(&tree, b"a").unwrap_err().kind(), kind);
    assert_eq!(snapshot.get(&tree, b"a").unwrap_err().kind(), kind);
    assert_eq!(snapshot.trees().unwrap_err().kind(), kind);
    assert_eq!(store.stats().unwrap_err().kind(), kind);
    assert_eq!(store.sync().unwrap_err().kind(), kind);
    let error = store.backup(&bed.path("backup")).unwrap_err();
    assert_eq!(error.kind(), kind, "{error:?}");
    assert!(!bed.path("backup").exists());
    drop(snapshot);
    let error = store.close().unwrap_err();
    assert!(error.to_string().contains("an earlier failure stopped the database"), "{error}");
    Ok(())
}

/// A sync that waits while a commit fails is refused: sled does not note that it could not write a
/// large value, and would wait for its record for ever.
#[test]
fn a_sync_that_waited_for_a_failed_commit_is_refused() -> Result<()> {
    for _ in 0..10 {
        let bed = Bed::new();
        let store = Arc::new(bed.open("store")?);
        let tree = store.tree("t")?;
        store.put(&tree, b"a", b"1")?;
        let (sender, refused) = mpsc::channel();
        let syncing = store.clone();
        let thread = thread::spawn(move || {
            let error = loop {
                if let Err(error) = syncing.sync() {
                    break error;
                }
            };
            sender.send(error)
        });
        fs::remove_dir_all(bed.path("store").join("blobs")).unwrap();
        store.put(&tree, b"large", &vec![7; 300_000]).unwrap_err();
        let error = refused.recv_timeout(Duration::from_secs(10)).expect("sync returns");
        assert!(error.source().is_some(), "{error:?}");
        thread.join().unwrap().unwrap();
    }
    Ok(())
}

/// Returns a store in which a read failed because it could not write: sled splits a grown page at
/// its next read, and here a part of it is too large for the log.
fn failed_read(bed: &Bed) -> Result<Option<SledStore>> {
    let (blobs, away) = (bed.path("store").join("blobs"), bed.path("away"));
    let store = bed.open("store")?;
    let tree = store.tree("t")?;
    store.put(&tree, b"z", &vec![7; 150_000])?;
    for number in 0..200_u32 {
        store.put(&tree, &number.to_be_bytes(), &[7; 1_000])?;
        fs::rename(&blobs, &away).unwrap();
        let read = store.get(&tree, b"z");
        fs::rename(&away, &blobs).unwrap();
        if read.is_err() {
            return Ok(Some(store));
        }
    }
    Ok(None)
}

#[test]
fn a_flush_after_a_read_that_could_not_write_ends() -> Result<()> {
    for closes in [false, true] {
        let bed = Bed::new();
        let store = failed_read(&bed)?.expect("a read writes");
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || sender.send(if closes { store.close() } else { store.sync() }));
        let error = ended.recv_timeout(Duration::from_secs(20)).expect("it ends").unwrap_err();
        assert!(error.to_string().contains("until this process ends"), "{error}");
        assert!(error.source().is_some(), "{error:?}");
    }
    Ok(())
}

/// sled writes the finished part of a failed batch, when its own thread flushes.
#[test]
fn nothing_of_a_failed_batch_is_ever_written() -> Result<()> {
    let bed = Bed::new();
    let store = bed.open("store")?;
    let trees = [store.tree("t")?, store.tree("u")?];
    for tree in &trees {
        store.put(tree, b"a", b"before")?;
    }
    let log_bytes = || fs::metadata(bed.path("store").join("db")).unwrap().len();
    let written = log_bytes();
    fs::remove_dir_all(bed.path("store").join("blobs")).unwrap();
    let mut batch = Batch::new();
    for tree in &trees {
        batch.put(tree, b"a", b"after");
        // Several segments of the log.
        (0..20_000_u32).for_each(|key| batch.put(tree, &key.to_be_bytes(), &[7; 100]));
    }
    batch.put(&trees[1], b"z", &vec![7; 300_000]);
    let error = store.apply(batch, Durability::None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CommitUnknown, "{error:?}");
    drop(store);
    // Twice as long as sled takes to flush by itself.
    thread::sleep(Duration::from_secs(1));
    assert!(log_bytes() > written, "sled wrote nothing, which proves nothing");
    let killed = bed.kill("store", "killed");
    fs::create_dir_all(killed.join("blobs")).unwrap();
    let killed = open(&killed)?;
    for name in ["t", "u"] {
        let tree = killed.tree(name)?;
        assert_eq!(killed.get(&tree, b"a")?.as_deref(), Some(&b"before"[..]), "{name}");
        assert_eq!(killed.snapshot()?.len(&tree)?, 1, "{name}");
    }
    Ok(())
}
