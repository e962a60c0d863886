//! Snapshots for an engine that can only read its current state.
//!
//! The writer publishes the pre-images of what it is about to change, then changes the engine, then
//! advances the sequence. A snapshot reads the engine first and the log second: if it has seen a
//! change in the engine, the pre-image was in the log before. If no snapshot is open, nothing is
//! kept.
//!
//! ```text
//! sequence   7          8                                   a snapshot pinned at 7 reads
//! writer     | keep pre-images | apply batch | advance |    engine, then log: as of 7
//! ```

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::undo_log::UndoLog;
use super::{Engine, LiveEngine};
use crate::engine::TreeName;
use crate::{Batch, Capabilities, Durability, Error, Provision, Result, Stats, Tree};

/// Adds snapshots to an engine without them.
///
/// A snapshot costs nothing until a value is overwritten while it is open; then the old value is
/// kept in memory until no snapshot needs it. If no other snapshot is open, a snapshot taken while
/// a batch is being applied waits for that batch.
///
/// ```
/// use arbour_core::engine::{LiveEngine, SnapshotLayer, TransactionLayer};
/// use arbour_core::{KvStore, StoreOptions};
/// fn store<E: LiveEngine>(engine: E) -> impl KvStore {
///     TransactionLayer::new(SnapshotLayer::new(engine), &StoreOptions::new(), None)
/// }
/// ```
pub struct SnapshotLayer<E: LiveEngine> {
    pub(super) engine: E,
    capabilities: Capabilities,
    /// Admits one batch at a time: each batch has its own sequence.
    writer: Mutex<()>,
    pub(super) state: RwLock<State>,
    /// The latest sequence for which pre-images were published. It tells a reader without a lock
    /// that nothing has changed since its snapshot.
    pub(super) published: AtomicU64,
}

pub(super) struct State {
    pub(super) sequence: u64,
    pub(super) closed: bool,
    pub(super) log: UndoLog,
}

impl State {
    /// Tells whether the engine can no longer be read.
    pub(super) fn is_over(&self) -> bool {
        self.closed && !self.log.is_watched()
    }
}

impl<E: LiveEngine> SnapshotLayer<E> {
    /// Adds snapshots to an engine.
    ///
    /// ```
    /// # use arbour_core::engine::{LiveEngine, SnapshotLayer};
    /// fn layered<E: LiveEngine>(engine: E) -> SnapshotLayer<E> {
    ///     SnapshotLayer::new(engine)
    /// }
    /// ```
    #[must_use]
    pub fn new(engine: E) -> Self {
        let mut capabilities = engine.capabilities().clone();
        capabilities.snapshots = Provision::Layered;
        capabilities.concurrent_batches = false;
        let state = RwLock::new(State { sequence: 1, closed: false, log: UndoLog::new() });
        Self { engine, capabilities, writer: Mutex::new(()), state, published: AtomicU64::new(0) }
    }

    /// Returns the engine, for operations that only it offers.
    ///
    /// ```
    /// # use arbour_core::engine::{Engine, LiveEngine, SnapshotLayer};
    /// fn name<E: LiveEngine>(layer: &SnapshotLayer<E>) -> &'static str {
    ///     layer.engine().capabilities().engine
    /// }
    /// ```
    #[must_use]
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// Returns how many old values are kept for open snapshots.
    ///
    /// ```
    /// # use arbour_core::engine::{LiveEngine, SnapshotLayer};
    /// fn is_idle<E: LiveEngine>(layer: &SnapshotLayer<E>) -> bool {
    ///     layer.values_kept() == 0
    /// }
    /// ```
    #[must_use]
    pub fn values_kept(&self) -> usize {
        self.state.read().log.len()
    }

    fn keep_pre_images(&self, state: &mut State, batch: &Batch, sequence: u64) -> Result<()> {
        for write in batch.iter() {
            state.log.keep(write.tree, write.key, sequence, || {
                let before = self.engine.get(write.tree, write.key)?;
                Ok::<_, Error>(before.map(|value| Arc::from(value.as_ref())))
            })?;
        }
        Ok(())
    }
}

impl<E: LiveEngine> Engine for SnapshotLayer<E> {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.engine.open_tree(name)
    }

    fn owns(&self, tree: &Tree) -> bool {
        self.engine.owns(tree)
    }

    fn apply(&self, batch: &Batch, durability: Durability) -> Result<()> {
        let _writer = self.writer.lock();
        let mut state = self.state.write();
        let next = state.sequence + 1;
        if !state.log.is_watched() {
            // No snapshot is open, so no pre-images are needed. A snapshot taken now waits for the
            // lock.
            let applied = self.engine.apply(batch, durability);
            state.sequence = next;
            return applied;
        }
        // Announce first: a reader that sees a change in the engine must also see that the log has
        // to be read.
        self.published.store(next, Ordering::SeqCst);
        // A snapshot taken while the batch is being applied is pinned before the batch. It needs
        // pre-images that no snapshot open now may need, so pin its sequence in advance.
        let before = state.sequence;
        state.log.pin(before);
        let kept = self.keep_pre_images(&mut state, batch, next);
        drop(state);
        let applied = kept.and_then(|()| self.engine.apply(batch, durability));
        // Advance even after a failure: whether or not the batch took effect, the pre-images that
        // were kept are correct for the older snapshots.
        let mut state = self.state.write();
        state.sequence = next;
        state.log.unpin(before);
        applied
    }

    fn sync(&self) -> Result<()> {
        self.engine.sync()
    }

    fn close(&self) -> Result<()> {
        let closed = self.engine.close();
        let is_over = {
            let mut state = self.state.write();
            state.closed = true;
            state.is_over()
        };
        // Otherwise the last snapshot releases it.
        let released = if is_over { self.engine.release() } else { Ok(()) };
        closed.and(released)
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
