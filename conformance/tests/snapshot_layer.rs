//! Snapshots that are taken while a batch is applied.
//!
//! The writer once kept only the pre-images that the snapshots alive at its beginning could need,
//! and dropping the last of those discarded them all. A snapshot that was taken while the engine
//! was applying the batch was pinned before it, found nothing kept, and saw half of the batch. Here
//! the engine stops in the middle of a batch, so that this happens every time.

#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use arbour_conformance::{BTreeCursor, BTreeEngine};
use arbour_core::engine::{Engine, LiveEngine, SnapshotEngine, SnapshotLayer, TreeName};
use arbour_core::{
    Batch, Capabilities, Direction, Durability, KeyRange, KvRead, Result, Stats, Tree,
};

/// An engine that can be made to wait before it applies a batch.
struct Halting {
    engine: BTreeEngine,
    halt: Mutex<Option<(Sender<()>, Receiver<()>)>>,
}

impl Halting {
    fn new(path: &Path) -> Result<Self> {
        let engine = BTreeEngine::open(path, &Default::default())?;
        Ok(Self { engine, halt: Mutex::new(None) })
    }

    /// Makes the next batch wait. Returns a channel that reports that it waits, and one that lets
    /// it continue.
    fn halt_next(&self) -> (Receiver<()>, Sender<()>) {
        let ((arrive, arrived), (go, leave)) = (channel(), channel());
        *self.halt.lock().unwrap() = Some((arrive, leave));
        (arrived, go)
    }
}

impl Engine for Halting {
    fn capabilities(&self) -> &Capabilities {
        self.engine.capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.engine.open_tree(name)
    }

    fn owns(&self, tree: &Tree) -> bool {
        self.engine.owns(tree)
    }

    fn apply(&self, batch: &Batch, durability: Durability) -> Result<()> {
        if let Some((arrive, leave)) = self.halt.lock().unwrap().take() {
            arrive.send(()).unwrap();
            leave.recv().unwrap();
        }
        self.engine.apply(batch, durability)
    }

    fn sync(&self) -> Result<()> {
        self.engine.sync()
    }

    fn close(&self) -> Result<()> {
        self.engine.close()
    }

    fn stats(&self) -> Result<Stats> {
        self.engine.stats()
    }
}

impl LiveEngine for Halting {
    type Value = <BTreeEngine as LiveEngine>::Value;
    type Cursor<'e> = BTreeCursor<'e>;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value>> {
        self.engine.get(tree, key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<BTreeCursor<'_>> {
        self.engine.scan(tree, range, direction)
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.engine.trees()
    }
}

/// Puts a value under two keys.
fn put(layer: &SnapshotLayer<Halting>, tree: &Tree, value: &[u8]) -> Result<()> {
    let mut batch = Batch::new();
    batch.put(tree, b"a", value);
    batch.put(tree, b"b", value);
    layer.apply(&batch, Durability::None)
}

/// Takes a snapshot while a batch replaces "before" with "after", after `meanwhile` has used the
/// existing snapshots, and checks what it reads before and after the batch lands.
fn examine(layer: &SnapshotLayer<Halting>, tree: &Tree, meanwhile: impl FnOnce()) -> Result<()> {
    let (arrived, go) = layer.engine().halt_next();
    thread::scope(|scope| {
        let writer = scope.spawn(|| put(layer, tree, b"after"));
        arrived.recv().unwrap();
        meanwhile();
        let snapshot = layer.snapshot()?;
        let read = |key| snapshot.get_with(tree, key, <[u8]>::to_vec);
        assert_eq!(read(b"a")?.as_deref(), Some(&b"before"[..]));
        go.send(()).unwrap();
        writer.join().unwrap()?;
        assert_eq!(read(b"b")?.as_deref(), Some(&b"before"[..]), "the batch is half there");
        assert_eq!(snapshot.last(tree, KeyRange::all())?.unwrap().1, b"before");
        drop(snapshot);
        Ok(())
    })
}

#[test]
fn last_snapshot_dropped_while_a_batch_is_applied() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let layer = SnapshotLayer::new(Halting::new(&folder.path().join("store"))?);
    let tree = layer.open_tree(TreeName::new("t")?)?;
    put(&layer, &tree, b"before")?;
    let old = layer.snapshot()?;
    examine(&layer, &tree, || drop(old))?;
    assert_eq!(layer.values_kept(), 0);
    Ok(())
}

#[test]
fn key_changed_since_the_oldest_snapshot() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let layer = SnapshotLayer::new(Halting::new(&folder.path().join("store"))?);
    let tree = layer.open_tree(TreeName::new("t")?)?;
    put(&layer, &tree, b"oldest")?;
    let old = layer.snapshot()?;
    put(&layer, &tree, b"before")?;
    examine(&layer, &tree, || {})?;
    assert_eq!(old.get_with(&tree, b"a", <[u8]>::to_vec)?.as_deref(), Some(&b"oldest"[..]));
    drop(old);
    assert_eq!(layer.values_kept(), 0);
    Ok(())
}
