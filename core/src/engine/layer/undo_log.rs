//! Old values of changed keys, kept for as long as a snapshot may need them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use super::changed_keys::ChangedKeys;
use crate::{Direction, KeyRange, Tree};

/// The value a key had before a change; `None` if it was absent.
pub(crate) type PreImage = Option<Arc<[u8]>>;

/// The pre-images of changes by tree and key, and the snapshots that may need them.
///
/// Snapshots are identified by the sequence at which they were pinned. If a key was changed at
/// sequence `b` and next at `c`, the pre-image of `c` is read by the snapshots pinned at `b` up to,
/// but not including, `c`; if there are none, it is not kept.
pub(crate) struct UndoLog {
    /// How many snapshots are pinned at each sequence.
    pinned: BTreeMap<u64, usize>,
    trees: HashMap<Tree, ChangedKeys<Changes>>,
    entries: usize,
    /// The number of entries after the last sweep. Sweeping again only when it has doubled keeps
    /// the cost of sweeping proportional to the cost of keeping.
    entries_swept: usize,
}

/// The changes of one key, oldest first.
#[derive(Default)]
struct Changes {
    list: Vec<Change>,
    /// The number of changes left by the last search for superfluous ones.
    needed: usize,
}

struct Change {
    sequence: u64,
    before: PreImage,
}

/// Up to this many changes, a key's list is searched for superfluous ones at each further change.
const CHANGES_FEW: usize = 8;

/// Below this many entries a sweep is not worthwhile.
const ENTRIES_UNSWEPT_MAX: usize = 1024;

impl UndoLog {
    pub(crate) fn new() -> Self {
        Self { pinned: BTreeMap::new(), trees: HashMap::new(), entries: 0, entries_swept: 0 }
    }

    /// Tells whether any snapshot is open.
    pub(crate) fn is_watched(&self) -> bool {
        !self.pinned.is_empty()
    }

    /// Returns the number of pre-images kept.
    pub(crate) fn len(&self) -> usize {
        self.entries
    }

    pub(crate) fn pin(&mut self, sequence: u64) {
        *self.pinned.entry(sequence).or_default() += 1;
    }

    pub(crate) fn unpin(&mut self, sequence: u64) {
        if let Some(count) = self.pinned.get_mut(&sequence) {
            *count -= 1;
            if *count == 0 {
                self.pinned.remove(&sequence);
            }
        }
        if self.pinned.is_empty() {
            self.trees.clear();
            self.entries = 0;
            self.entries_swept = 0;
        } else if self.entries > ENTRIES_UNSWEPT_MAX.max(2 * self.entries_swept) {
            self.sweep();
        }
    }

    /// Keeps the value a key had before the change at `sequence`, if an open snapshot may need it.
    /// Only then is the engine read.
    pub(crate) fn keep<E>(
        &mut self,
        tree: &Tree,
        key: &[u8],
        sequence: u64,
        before: impl FnOnce() -> Result<PreImage, E>,
    ) -> Result<(), E> {
        let changes = self.trees.get(tree).and_then(|keys| keys.get(key));
        let changed_last = changes.and_then(|changes| changes.list.last()).map(|c| c.sequence);
        if changed_last == Some(sequence)
            || !is_needed(&self.pinned, changed_last.unwrap_or(0), sequence)
        {
            return Ok(());
        }
        let change = Change { sequence, before: before()? };
        let keys = match self.trees.get_mut(tree) {
            Some(keys) => keys,
            None => self.trees.entry(tree.clone()).or_default(),
        };
        keys.change(key, sequence, |changes| {
            // Searching a long list only when it has doubled keeps the cost proportional to the
            // number of changes, however many snapshots are open.
            if changes.list.len() <= CHANGES_FEW || changes.list.len() > 2 * changes.needed {
                self.entries -= changes.forget(&self.pinned);
            }
            changes.list.push(change);
        });
        self.entries += 1;
        Ok(())
    }

    /// Returns the value of a key at a snapshot, if the key was changed since: `Some(None)` if it
    /// was absent then.
    pub(crate) fn before(&self, tree: &Tree, key: &[u8], pinned_at: u64) -> Option<PreImage> {
        self.trees.get(tree)?.get(key)?.seen_at(pinned_at)
    }

    /// Returns the next key in a range that was changed since a snapshot, with its value at the
    /// snapshot.
    pub(crate) fn next(
        &self,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
        pinned_at: u64,
    ) -> Option<(&[u8], PreImage)> {
        if range.is_empty() {
            return None;
        }
        let (key, changes) = self.trees.get(tree)?.next(range, direction, pinned_at)?;
        // The key's last change is later than the snapshot. If that change was forgotten, no
        // snapshot is pinned between it and the change before it, so this snapshot is older than
        // the latter, and finds it or an earlier one.
        Some((key, changes.seen_at(pinned_at)?))
    }

    /// Returns the trees that were changed since a snapshot.
    pub(crate) fn trees_changed(&self, pinned_at: u64) -> Vec<Tree> {
        let changed = self.trees.iter().filter(|(_, keys)| keys.newest() > pinned_at);
        changed.map(|(tree, _)| tree.clone()).collect()
    }

    fn sweep(&mut self) {
        for keys in self.trees.values_mut() {
            keys.retain(|changes| {
                self.entries -= changes.forget(&self.pinned);
                !changes.list.is_empty()
            });
        }
        self.trees.retain(|_, keys| keys.newest() > 0);
        self.entries_swept = self.entries;
    }
}

/// Tells whether an open snapshot reads the state between two changes.
fn is_needed(pinned: &BTreeMap<u64, usize>, from: u64, to: u64) -> bool {
    pinned.range((Bound::Included(from), Bound::Excluded(to))).next().is_some()
}

impl Changes {
    /// Removes the changes that no snapshot needs, and returns how many.
    fn forget(&mut self, pinned: &BTreeMap<u64, usize>) -> usize {
        let kept_before = self.list.len();
        let mut from = 0;
        self.list.retain(|change| {
            let needed = is_needed(pinned, from, change.sequence);
            from = change.sequence;
            needed
        });
        self.needed = self.list.len();
        kept_before - self.needed
    }

    /// Returns the value that the first change after `pinned_at` replaced.
    fn seen_at(&self, pinned_at: u64) -> Option<PreImage> {
        let first = self.list.partition_point(|change| change.sequence <= pinned_at);
        self.list.get(first).map(|change| change.before.clone())
    }
}
