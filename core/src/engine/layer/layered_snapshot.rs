//! Reading the trees of an engine as of a snapshot.

use std::sync::Arc;

use super::moment::Moment;
use super::{LayeredCursor, LiveEngine, SnapshotEngine, SnapshotLayer};
use crate::engine::TreeName;
use crate::{Direction, Error, ErrorKind, KeyRange, KvRead, Operation, Result, Tree};

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
    moment: Moment<'s, E>,
}

impl<E: LiveEngine> Drop for LayeredSnapshot<'_, E> {
    fn drop(&mut self) {
        let is_over = {
            let mut state = self.moment.layer.state.write();
            state.log.unpin(self.moment.sequence);
            state.is_over()
        };
        if is_over {
            // The store is already closed, and this was its last reader. There is no caller to
            // report an error to.
            let _ = self.moment.layer.engine.release();
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
        let current = self.moment.layer.engine.get(tree, key)?;
        if self.moment.is_outdated()
            && let Some(before) =
                self.moment.layer.state.read().log.before(tree, key, self.moment.sequence)
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
        let current = self.moment.layer.engine.scan(tree, range.clone(), direction)?;
        Ok(LayeredCursor::new(&self.moment, current, tree, range, direction))
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.moment.layer.engine.open_tree(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        let mut names = self.moment.layer.engine.trees()?;
        if self.moment.is_outdated() {
            let changed = self.moment.layer.state.read().log.trees_changed(self.moment.sequence);
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

impl<E: LiveEngine> SnapshotEngine for SnapshotLayer<E> {
    type Snapshot<'s> = LayeredSnapshot<'s, E>;

    fn snapshot(&self) -> Result<Self::Snapshot<'_>> {
        let mut state = self.state.write();
        // A snapshot pinned now would keep files open that `close` has released or is about to
        // release.
        if state.closed {
            let message = "the store was closed";
            return Err(Error::new(ErrorKind::Closed, Operation::Snapshot, message));
        }
        let sequence = state.sequence;
        state.log.pin(sequence);
        Ok(LayeredSnapshot { moment: Moment { layer: self, sequence } })
    }
}
