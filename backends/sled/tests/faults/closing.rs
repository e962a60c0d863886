//! What closing a store leaves, and what it waits for.

use arbour_core::{
    Batch, Durability, Engine as _, ErrorKind, KvRead as _, KvStore, Result, SnapshotEngine as _,
    SnapshotLayer, StoreOptions,
};
use arbour_sled::SledEngine;

use crate::bed::{Bed, open};

/// While a snapshot lives the files stay open, but all that was committed is in them.
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

/// One that comes while the store is closed is refused, instead of failing when it is read.
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

/// A store that was closed can be opened at once, though threads beside it start processes, which
/// inherit its files for a moment.
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
