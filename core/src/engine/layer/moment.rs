//! The moment at which a snapshot reads.

use std::sync::atomic::Ordering;

use super::undo_log::PreImage;
use super::{LiveEngine, SnapshotLayer};
use crate::{Direction, KeyRange, Tree};

/// A layer, and how many batches had been applied when the snapshot was made.
pub(super) struct Moment<'s, E: LiveEngine> {
    pub(super) layer: &'s SnapshotLayer<E>,
    pub(super) sequence: u64,
}

impl<E: LiveEngine> Moment<'_, E> {
    /// Takes over a sequence that the layer has pinned for it.
    /// Returns the next key in a range that was changed since the snapshot, with its value at the
    /// snapshot.
    pub(super) fn next_changed(
        &self,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
    ) -> Option<(Vec<u8>, PreImage)> {
        let state = self.layer.state.read();
        let (key, before) = state.log.next(tree, range, direction, self.sequence)?;
        Some((key.to_vec(), before))
    }

    /// Tells whether anything may have changed since the snapshot. Must be called after reading the
    /// engine.
    pub(super) fn is_outdated(&self) -> bool {
        self.layer.published.load(Ordering::SeqCst) > self.sequence
    }
}
