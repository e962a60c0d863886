//! A snapshot that records what is read from it.

use std::cell::RefCell;

use super::reads::Reads;
use super::recording_cursor::RecordingCursor;
use crate::engine::{TreeName, forward};
use crate::{Direction, KeyRange, KvRead, OwnedSnapshot, Result, Tree};

/// A snapshot, and what was read from it.
pub(super) struct RecordedSnapshot {
    pub(super) snapshot: OwnedSnapshot,
    reads: RefCell<Reads>,
}

impl RecordedSnapshot {
    pub(super) fn new(snapshot: OwnedSnapshot) -> Self {
        Self { snapshot, reads: RefCell::default() }
    }

    /// Tells whether nothing was read.
    pub(super) fn is_unread(&self) -> bool {
        self.reads.borrow().is_empty()
    }

    /// Compares what was read with the current state.
    pub(super) fn compare(&self, now: &impl KvRead) -> Result<()> {
        self.reads.borrow().compare(&self.snapshot, now)
    }

    /// Scans the keys of a range, whose values do not matter.
    pub(super) fn scan_keys(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
    ) -> Result<RecordingCursor<'_>> {
        RecordingCursor::new(&self.snapshot, &self.reads, tree, range, Direction::Forward, true)
    }
}

impl KvRead for RecordedSnapshot {
    type Value<'t> = <OwnedSnapshot as KvRead>::Value<'t>;
    type Cursor<'t> = RecordingCursor<'t>;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value<'_>>> {
        let value = self.snapshot.get(tree, key)?;
        self.reads.borrow_mut().note_value(tree, key, value.as_ref().map(AsRef::as_ref));
        Ok(value)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<RecordingCursor<'_>> {
        RecordingCursor::new(&self.snapshot, &self.reads, tree, range, direction, false)
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.snapshot.open_tree(name)
    }

    fn trees(&self) -> Result<Vec<String>> {
        let names = self.snapshot.trees()?;
        self.reads.borrow_mut().note_names(&names);
        Ok(names)
    }

    fn contains(&self, tree: &Tree, key: &[u8]) -> Result<bool> {
        let is_present = self.snapshot.contains(tree, key)?;
        self.reads.borrow_mut().note_presence(tree, key, is_present);
        Ok(is_present)
    }

    fn get_with<R>(
        &self,
        tree: &Tree,
        key: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        let found = self.snapshot.get_with(tree, key, |value| {
            // Recorded before the closure runs, which may itself read.
            self.reads.borrow_mut().note_value(tree, key, Some(value));
            read(value)
        })?;
        if found.is_none() {
            self.reads.borrow_mut().note_value(tree, key, None);
        }
        Ok(found)
    }

    fn len(&self, tree: &Tree) -> Result<u64> {
        let length = self.snapshot.len(tree)?;
        self.reads.borrow_mut().note_length(tree, length);
        Ok(length)
    }

    forward!(self => self.snapshot; prefetch);
}
