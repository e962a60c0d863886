//! Snapshots for an engine that only reads what is there now.
//!
//! The writer publishes the pre-images of what it is about to change, then changes the engine,
//! then advances the sequence. A snapshot reads the engine first and the log second: whatever
//! change it may have seen in the engine, the pre-image was in the log before. Nothing is kept
//! when no older snapshot lives.
//!
//! ```text
//! sequence   7          8                                   a snapshot pinned at 7 reads
//! writer     | keep pre-images | apply batch | advance |    engine, then log: as of 7
//! ```

use std::cmp;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::undo_log::{PreImage, UndoLog};
use super::{Engine, LiveEngine, SnapshotEngine};
use crate::{
    Batch, Capabilities, Cursor, Direction, Durability, KeyRange, KvRead, Provision, Result, Stats,
    Tree, TreeName,
};

/// Gives snapshots to an engine that has none.
///
/// A snapshot costs nothing until something is overwritten while it lives; then the old value is
/// kept in memory until no snapshot needs it. A snapshot taken in the very moment a batch is
/// applied waits for that batch if no other snapshot lives.
///
/// ```
/// use arbour_core::{KvStore, LiveEngine, SnapshotLayer, StoreOptions, TransactionLayer};
/// fn store<E: LiveEngine>(engine: E) -> impl KvStore {
///     TransactionLayer::new(SnapshotLayer::new(engine), &StoreOptions::new(), None)
/// }
/// ```
pub struct SnapshotLayer<E: LiveEngine> {
    engine: E,
    capabilities: Capabilities,
    /// Lets one batch in at a time: a sequence is one batch.
    writer: Mutex<()>,
    state: RwLock<State<E::Tree>>,
    /// The latest sequence that pre-images were published for: tells a reader, without a lock,
    /// that nothing has changed since its snapshot.
    published: AtomicU64,
}

struct State<T: Tree> {
    sequence: u64,
    log: UndoLog<T>,
}

impl<E: LiveEngine> SnapshotLayer<E> {
    /// Adds snapshots to an engine.
    ///
    /// ```
    /// # use arbour_core::{LiveEngine, SnapshotLayer};
    /// fn layered<E: LiveEngine>(engine: E) -> SnapshotLayer<E> {
    ///     SnapshotLayer::new(engine)
    /// }
    /// ```
    #[must_use]
    pub fn new(engine: E) -> Self {
        let mut capabilities = engine.capabilities().clone();
        capabilities.snapshots = Provision::Layered;
        capabilities.concurrent_batches = false;
        let state = RwLock::new(State { sequence: 1, log: UndoLog::new() });
        Self { engine, capabilities, writer: Mutex::new(()), state, published: AtomicU64::new(0) }
    }

    /// Returns the engine, for what only it can do.
    ///
    /// ```
    /// # use arbour_core::{Engine, LiveEngine, SnapshotLayer};
    /// fn name<E: LiveEngine>(layer: &SnapshotLayer<E>) -> &'static str {
    ///     layer.engine().capabilities().engine
    /// }
    /// ```
    #[must_use]
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// Returns how many old values are kept for the snapshots that live.
    ///
    /// ```
    /// # use arbour_core::{LiveEngine, SnapshotLayer};
    /// fn is_idle<E: LiveEngine>(layer: &SnapshotLayer<E>) -> bool {
    ///     layer.values_kept() == 0
    /// }
    /// ```
    #[must_use]
    pub fn values_kept(&self) -> usize {
        self.state.read().log.len()
    }

    fn keep_pre_images(
        &self,
        state: &mut State<E::Tree>,
        batch: &Batch<E::Tree>,
        sequence: u64,
    ) -> Result<()> {
        for write in batch.iter() {
            state.log.keep(write.tree, write.key, sequence, || {
                let before = self.engine.get(write.tree, write.key)?;
                Ok::<_, crate::Error>(before.map(|value| Arc::from(value.as_ref())))
            })?;
        }
        Ok(())
    }
}

impl<E: LiveEngine> Engine for SnapshotLayer<E> {
    type Tree = E::Tree;

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Self::Tree> {
        self.engine.open_tree(name)
    }

    fn owns(&self, tree: &Self::Tree) -> bool {
        self.engine.owns(tree)
    }

    fn apply(&self, batch: &Batch<Self::Tree>, durability: Durability) -> Result<()> {
        let _writer = self.writer.lock();
        let mut state = self.state.write();
        let next = state.sequence + 1;
        if !state.log.is_watched() {
            // Nobody can ask for what was before. A snapshot that comes now waits at the lock.
            let applied = self.engine.apply(batch, durability);
            state.sequence = next;
            return applied;
        }
        // Announced first: who sees a change in the engine sees that there is a log to look at.
        self.published.store(next, Ordering::SeqCst);
        // A snapshot that comes while the batch is applied is pinned before it, and needs what
        // none that lives now may need.
        let before = state.sequence;
        state.log.pin(before);
        let kept = self.keep_pre_images(&mut state, batch, next);
        drop(state);
        let applied = kept.and_then(|()| self.engine.apply(batch, durability));
        // Also after a failure: what was kept is what is there, or what was there before an
        // outcome nobody knows.
        let mut state = self.state.write();
        state.sequence = next;
        state.log.unpin(before);
        applied
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

    fn compact(&self) -> Result<()> {
        self.engine.compact()
    }

    fn backup(&self, destination: &Path) -> Result<()> {
        self.engine.backup(destination)
    }
}

impl<E: LiveEngine> SnapshotEngine for SnapshotLayer<E> {
    type Snapshot<'s> = LayeredSnapshot<'s, E>;

    fn snapshot(&self) -> Result<Self::Snapshot<'_>> {
        let mut state = self.state.write();
        let sequence = state.sequence;
        state.log.pin(sequence);
        Ok(LayeredSnapshot { layer: self, sequence })
    }
}

/// A snapshot of a [`SnapshotLayer`].
///
/// ```
/// use arbour_core::{KvRead, LayeredSnapshot, LiveEngine, SnapshotEngine, SnapshotLayer};
/// fn names<E: LiveEngine>(layer: &SnapshotLayer<E>) -> arbour_core::Result<Vec<String>> {
///     let snapshot: LayeredSnapshot<'_, E> = layer.snapshot()?;
///     snapshot.trees()
/// }
/// ```
pub struct LayeredSnapshot<'s, E: LiveEngine> {
    layer: &'s SnapshotLayer<E>,
    sequence: u64,
}

impl<E: LiveEngine> LayeredSnapshot<'_, E> {
    /// Tells whether anything may have changed since the snapshot. Asked after reading the
    /// engine.
    fn is_outdated(&self) -> bool {
        self.layer.published.load(Ordering::SeqCst) > self.sequence
    }
}

impl<E: LiveEngine> Drop for LayeredSnapshot<'_, E> {
    fn drop(&mut self) {
        self.layer.state.write().log.unpin(self.sequence);
    }
}

/// A value read through a [`LayeredSnapshot`].
///
/// ```
/// use arbour_core::LayeredValue;
/// let value: LayeredValue<Vec<u8>> = LayeredValue::Current(b"1815".to_vec());
/// assert_eq!(value.as_ref(), b"1815");
/// ```
#[derive(Clone, Debug)]
pub enum LayeredValue<V> {
    /// The engine's own bytes: the key was not changed since.
    Current(V),
    /// What the key held before it was changed.
    Before(Arc<[u8]>),
}

impl<V: AsRef<[u8]>> AsRef<[u8]> for LayeredValue<V> {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Current(value) => value.as_ref(),
            Self::Before(value) => value,
        }
    }
}

impl<E: LiveEngine> KvRead for LayeredSnapshot<'_, E> {
    type Tree = E::Tree;
    type Value<'t>
        = LayeredValue<E::Value>
    where
        Self: 't;
    type Cursor<'t>
        = LayeredCursor<'t, E>
    where
        Self: 't;

    fn get(&self, tree: &Self::Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        let current = self.layer.engine.get(tree, key)?;
        if self.is_outdated()
            && let Some(before) = self.layer.state.read().log.before(tree, key, self.sequence)
        {
            return Ok(before.map(LayeredValue::Before));
        }
        Ok(current.map(LayeredValue::Current))
    }

    fn scan(
        &self,
        tree: &Self::Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        Ok(LayeredCursor {
            snapshot: self,
            current: self.layer.engine.scan(tree, range.clone(), direction)?,
            head: Head::Unread,
            head_key: Vec::new(),
            head_value: Vec::new(),
            last: Last::Nothing,
            last_key: Vec::new(),
            last_value: Arc::from([]),
            tree: tree.clone(),
            range: range.into_owned(),
            direction,
            failed: false,
        })
    }

    fn trees(&self) -> Result<Vec<String>> {
        let mut names = self.layer.engine.trees()?;
        if self.is_outdated() {
            let changed = self.layer.state.read().log.trees_changed(self.sequence);
            for tree in changed {
                names.retain(|name| name != tree.name());
                if self.first(&tree, KeyRange::all())?.is_some() {
                    names.push(tree.name().to_owned());
                }
            }
            names.sort_unstable();
        }
        Ok(names)
    }
}

/// A cursor of a [`LayeredSnapshot`]: the engine's entries, with what was changed since put back.
///
/// ```
/// use arbour_core::{Cursor, KeyRange, KvRead, LayeredCursor, LayeredSnapshot, LiveEngine};
/// fn count<E: LiveEngine>(
///     snapshot: &LayeredSnapshot<'_, E>,
///     tree: &E::Tree,
/// ) -> arbour_core::Result<u64> {
///     let mut cursor: LayeredCursor<'_, E> =
///         snapshot.scan(tree, KeyRange::all(), Default::default())?;
///     let mut count = 0;
///     while cursor.next()?.is_some() {
///         count += 1;
///     }
///     Ok(count)
/// }
/// ```
pub struct LayeredCursor<'t, E: LiveEngine> {
    snapshot: &'t LayeredSnapshot<'t, E>,
    current: E::Cursor<'t>,
    /// The engine's next entry, copied because what was changed before it has to be lent first.
    head: Head,
    head_key: Vec<u8>,
    head_value: Vec<u8>,
    /// Where the log is read on from.
    last: Last,
    last_key: Vec<u8>,
    last_value: Arc<[u8]>,
    tree: E::Tree,
    range: KeyRange<'static>,
    direction: Direction,
    failed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Head {
    Unread,
    Held,
    Ended,
}

/// What `last_key` is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Nothing,
    Sought,
    Passed,
}

/// Whose entry comes next.
enum Turn {
    Current,
    Before(Arc<[u8]>),
    Ended,
}

impl<E: LiveEngine> LayeredCursor<'_, E> {
    fn read_head(&mut self) -> Result<()> {
        if self.head == Head::Unread {
            self.head = match self.current.next()? {
                Some((key, value)) => {
                    self.head_key.clear();
                    self.head_key.extend_from_slice(key);
                    self.head_value.clear();
                    self.head_value.extend_from_slice(value);
                    Head::Held
                }
                None => Head::Ended,
            };
        }
        Ok(())
    }

    /// Returns the next key that was changed since the snapshot.
    fn next_changed(&self) -> Option<(Vec<u8>, PreImage)> {
        let last = self.last_key.as_slice();
        let rest = match (self.last, self.direction) {
            (Last::Nothing, _) => KeyRange::from_bounds(self.range.start(), self.range.end()),
            (Last::Sought, direction) => self.range.from_key(last, direction),
            (Last::Passed, Direction::Forward) => {
                KeyRange::from_bounds(Bound::Excluded(last), self.range.end())
            }
            (Last::Passed, Direction::Reverse) => {
                KeyRange::from_bounds(self.range.start(), Bound::Excluded(last))
            }
        };
        let state = self.snapshot.layer.state.read();
        let (key, before) =
            state.log.next(&self.tree, &rest, self.direction, self.snapshot.sequence)?;
        Some((key.to_vec(), before))
    }

    /// Decides whose entry is next and takes it from its side.
    fn take_turn(&mut self) -> Result<Turn> {
        loop {
            // The engine first, the log second.
            self.read_head()?;
            let changed = if self.snapshot.is_outdated() { self.next_changed() } else { None };
            let held = self.head == Head::Held;
            let order = match (&changed, held) {
                (None, false) => return Ok(Turn::Ended),
                (None, true) => cmp::Ordering::Greater,
                (Some(_), false) => cmp::Ordering::Less,
                (Some((key, _)), true) => match self.direction {
                    Direction::Forward => key.cmp(&self.head_key),
                    Direction::Reverse => self.head_key.cmp(key),
                },
            };
            self.last = Last::Passed;
            if order != cmp::Ordering::Less {
                self.head = Head::Unread;
            }
            match changed {
                Some((key, before)) if order != cmp::Ordering::Greater => {
                    self.last_key = key;
                    if let Some(value) = before {
                        return Ok(Turn::Before(value));
                    }
                }
                _ => {
                    std::mem::swap(&mut self.last_key, &mut self.head_key);
                    return Ok(Turn::Current);
                }
            }
        }
    }
}

impl<E: LiveEngine> Cursor for LayeredCursor<'_, E> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        if self.failed {
            return Ok(None);
        }
        match self.take_turn() {
            Ok(Turn::Current) => Ok(Some((&self.last_key, &self.head_value))),
            Ok(Turn::Before(value)) => {
                self.last_value = value;
                Ok(Some((&self.last_key, &self.last_value)))
            }
            Ok(Turn::Ended) => Ok(None),
            Err(error) => {
                self.failed = true;
                Err(error)
            }
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if self.failed {
            return Ok(());
        }
        self.head = Head::Unread;
        self.last = Last::Sought;
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.current.seek(key).inspect_err(|_| self.failed = true)
    }
}
