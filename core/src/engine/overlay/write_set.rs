//! The writes of a transaction that the engine has not seen yet.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map};

use super::empty_ranges::EmptyRanges;
use crate::bound::successor;
use crate::{Batch, Cursor, Direction, KeyRange, KvRead, Result, Tree};

/// Writes in order, indexed by key once something is read.
///
/// A transaction that only writes costs no more than collecting a batch; the index is built at the
/// first read and maintained from then on.
pub(crate) struct WriteSet {
    batch: Batch,
    index: OnceCell<Index>,
    /// For each tree, ranges known to be empty both below and in the writes. Cursors record what
    /// they skip, so that later ones need not skip it again; this stays valid because nothing below
    /// changes during the transaction.
    empty: RefCell<HashMap<Tree, EmptyRanges>>,
}

/// For each tree, the written keys, and the position in the batch of the last write to each.
type Index = HashMap<Tree, BTreeMap<Box<[u8]>, usize>>;

impl WriteSet {
    pub(crate) fn new() -> Self {
        Self { batch: Batch::new(), index: OnceCell::new(), empty: RefCell::default() }
    }

    /// Returns the writes in order; if a key was written several times, the last write wins.
    pub(crate) fn batch(&self) -> &Batch {
        &self.batch
    }

    pub(crate) fn into_batch(self) -> Batch {
        self.batch
    }

    #[inline]
    pub(crate) fn put(&mut self, tree: &Tree, key: &[u8], value: &[u8]) {
        self.batch.put(tree, key, value);
        self.note(tree, key);
        // A deletion leaves an empty range empty; only a put can make a note wrong.
        if let Some(empty) = self.empty.get_mut().get_mut(tree) {
            empty.cut(key);
        }
    }

    #[inline]
    pub(crate) fn delete(&mut self, tree: &Tree, key: &[u8]) {
        self.batch.delete(tree, key);
        self.note(tree, key);
    }

    /// Deletes all the given keys, in order.
    pub(crate) fn delete_all(&mut self, tree: &Tree, keys: &[Vec<u8>]) {
        for key in keys {
            self.delete(tree, key);
        }
        // The caller has listed every key of a range, so nothing is left between the first and the
        // last.
        if let (Some(first), Some(last)) = (keys.first(), keys.last()) {
            self.note_empty(tree, first, &successor(last));
        }
    }

    #[inline]
    fn note(&mut self, tree: &Tree, key: &[u8]) {
        if let Some(index) = self.index.get_mut() {
            insert(index, tree, key, self.batch.len() - 1);
        }
    }

    /// Records that no entry is left from `start` up to, but not including, `end`.
    pub(super) fn note_empty(&self, tree: &Tree, start: &[u8], end: &[u8]) {
        let mut empty = self.empty.borrow_mut();
        match empty.get_mut(tree) {
            Some(ranges) => ranges.add(start, end),
            None => empty.entry(tree.clone()).or_default().add(start, end),
        }
    }

    /// Returns where a cursor at a deleted key can continue, because there is no entry before that;
    /// `None` if the jump would not even skip the next write.
    pub(super) fn end_of_empty(
        &self,
        tree: &Tree,
        (deleted, next): (&[u8], &[u8]),
        direction: Direction,
    ) -> Option<Box<[u8]>> {
        let empty = self.empty.borrow();
        let (start, end) = empty.get(tree)?.around(deleted)?;
        match direction {
            Direction::Forward => (next < end).then(|| Box::from(end)),
            Direction::Reverse => (next > start).then(|| Box::from(start)),
        }
    }

    /// Returns the write to a key: `Some(None)` if the key was deleted, `None` if it was not
    /// written.
    pub(crate) fn get(&self, tree: &Tree, key: &[u8]) -> Option<Option<&[u8]>> {
        if self.batch.is_empty() {
            return None;
        }
        let position = *self.index().get(tree)?.get(key)?;
        self.batch.get(position).map(|write| write.value)
    }

    /// Returns the keys written in a range, with the last write to each.
    pub(crate) fn range(
        &self,
        tree: &Tree,
        range: &KeyRange<'_>,
        direction: Direction,
    ) -> WriteSetRange<'_> {
        let keys = if self.batch.is_empty() || range.is_empty() {
            None
        } else {
            self.index().get(tree).map(|keys| keys.range::<[u8], _>(range.clone()))
        };
        WriteSetRange { keys, batch: &self.batch, direction }
    }

    /// Tells whether a key is present, considering both the writes and what is below.
    pub(crate) fn contains_over(
        &self,
        below: &impl KvRead,
        tree: &Tree,
        key: &[u8],
    ) -> Result<bool> {
        match self.get(tree, key) {
            Some(written) => Ok(written.is_some()),
            None => below.contains(tree, key),
        }
    }

    /// Reads a value without copying, considering both the writes and what is below.
    pub(crate) fn get_with_over<R>(
        &self,
        below: &impl KvRead,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        match self.get(tree, key) {
            Some(written) => Ok(written.map(read)),
            None => below.get_with(tree, key, read),
        }
    }

    /// Counts the entries of a tree: those below, corrected for each written key. If the engine
    /// knows its own count, nothing is scanned.
    pub(crate) fn len_over(&self, below: &impl KvRead, tree: &Tree) -> Result<u64> {
        let mut len = below.len(tree)?;
        // Only what is below tells whether a put adds an entry or replaces one.
        for (key, written) in self.range(tree, &KeyRange::all(), Direction::Forward) {
            match (below.contains(tree, key)?, written.is_some()) {
                (false, true) => len = len.saturating_add(1),
                (true, false) => len = len.saturating_sub(1),
                _ => {}
            }
        }
        Ok(len)
    }

    /// Corrects the names of the trees that hold an entry below for the writes; `reader` reads both
    /// combined.
    pub(crate) fn trees_over(
        &self,
        reader: &impl KvRead,
        below: Vec<String>,
    ) -> Result<Vec<String>> {
        let mut names: BTreeSet<String> = below.into_iter().collect();
        if !self.batch.is_empty() {
            for tree in self.index().keys() {
                // The writes may have deleted the last entry below, or only keys that are absent.
                if reader.scan(tree, KeyRange::all(), Direction::Forward)?.next()?.is_some() {
                    names.insert(tree.name().to_owned());
                } else {
                    names.remove(tree.name());
                }
            }
        }
        Ok(names.into_iter().collect())
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::new();
            for (position, write) in self.batch.iter().enumerate() {
                insert(&mut index, write.tree, write.key, position);
            }
            index
        })
    }
}

fn insert(index: &mut Index, tree: &Tree, key: &[u8], position: usize) {
    // Look up first: `entry` needs an owned key, also for one that is there already.
    let keys = match index.get_mut(tree) {
        Some(keys) => keys,
        None => index.entry(tree.clone()).or_default(),
    };
    match keys.get_mut(key) {
        Some(last) => *last = position,
        None => {
            keys.insert(Box::from(key), position);
        }
    }
}

/// The keys of a [`WriteSet`] in a range, in order: each with its value, or `None` if it was
/// deleted.
pub(crate) struct WriteSetRange<'t> {
    keys: Option<btree_map::Range<'t, Box<[u8]>, usize>>,
    batch: &'t Batch,
    direction: Direction,
}

impl<'t> Iterator for WriteSetRange<'t> {
    type Item = (&'t [u8], Option<&'t [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let keys = self.keys.as_mut()?;
        let (_, position) = match self.direction {
            Direction::Forward => keys.next(),
            Direction::Reverse => keys.next_back(),
        }?;
        let write = self.batch.get(*position)?;
        Some((write.key, write.value))
    }
}
