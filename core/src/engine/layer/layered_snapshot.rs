//! Reading the trees of an engine as of a snapshot.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::undo_log::PreImage;
use super::{LayeredCursor, LiveEngine, SnapshotLayer};
use crate::{Direction, KeyRange, KvRead, Result, Tree};

/// A snapshot of a [`SnapshotLayer`].
///
/// ```
/// use arbour_core::engine::{LayeredSnapshot, LiveEngine, SnapshotEngine, SnapshotLayer};
/// use arbour_core::KvRead;
/// fn names<E: LiveEngine>(layer: &SnapshotLayer<E>) -> arbour_core::Result<Vec<String>> {
///     let snapshot: LayeredSnapshot<'_, E> = layer.snapshot()?;
///     snapshot.trees()
/// }
/// ```
pub struct LayeredSnapshot<'s, E: LiveEngine> {
    layer: &'s SnapshotLayer<E>,
    sequence: u64,
}

impl<'s, E: LiveEngine> LayeredSnapshot<'s, E> {
    /// Takes over a sequence that the layer has pinned for it.
    pub(super) fn new(layer: &'s SnapshotLayer<E>, sequence: u64) -> Self {
        Self { layer, sequence }
    }

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

impl<E: LiveEngine> Drop for LayeredSnapshot<'_, E> {
    fn drop(&mut self) {
        let is_over = {
            let mut state = self.layer.state.write();
            state.log.unpin(self.sequence);
            state.is_over()
        };
        if is_over {
            // The store is already closed, and this was its last reader. There is no caller to
            // report an error to.
            let _ = self.layer.engine.release();
        }
    }
}

/// A value read through a [`LayeredSnapshot`].
///
/// ```
/// use arbour_core::engine::LayeredValue;
/// let value: LayeredValue<Vec<u8>> = LayeredValue::Current(b"1815".to_vec());
/// assert_eq!(value.as_ref(), b"1815");
/// ```
#[derive(Clone, Debug)]
pub enum LayeredValue<V> {
    /// The engine's own bytes: the key was not changed since the snapshot.
    Current(V),
    /// The value of the key before it was changed.
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
    type Value<'t>
        = LayeredValue<E::Value>
    where
        Self: 't;
    type Cursor<'t>
        = LayeredCursor<'t, E>
    where
        Self: 't;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
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
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        let current = self.layer.engine.scan(tree, range.clone(), direction)?;
        Ok(LayeredCursor::new(self, current, tree, range, direction))
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
