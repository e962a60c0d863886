//! A cursor that records how far it was driven.

use std::cell::RefCell;

use super::reads::Reads;
use crate::{Cursor, Direction, KeyRange, KvRead, OwnedSnapshot, Result, Tree};

/// A cursor over a snapshot. Each step is recorded as it is taken, so that even a cursor that is
/// leaked has recorded what its caller saw.
pub struct RecordingCursor<'t> {
    below: <OwnedSnapshot as KvRead>::Cursor<'t>,
    reads: &'t RefCell<Reads>,
    /// The number of the scan that records this one's steps.
    scan: usize,
    tree: Tree,
    range: KeyRange<'static>,
    direction: Direction,
    keys_only: bool,
}

impl<'t> RecordingCursor<'t> {
    pub(super) fn new(
        snapshot: &'t OwnedSnapshot,
        reads: &'t RefCell<Reads>,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
        keys_only: bool,
    ) -> Result<Self> {
        let range = range.into_owned();
        let below = snapshot.scan(tree, range.clone(), direction)?;
        let scan = reads.borrow_mut().begin_scan(tree, range.clone(), direction, keys_only);
        Ok(Self { below, reads, scan, tree: tree.clone(), range, direction, keys_only })
    }
}

impl Cursor for RecordingCursor<'_> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        let entry = self.below.next()?;
        self.reads.borrow_mut().advance(self.scan, entry.is_some());
        Ok(entry)
    }

    /// What follows is a scan of its own: the entries that were jumped over were not read.
    fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.below.seek(key)?;
        let rest = self.range.from_key(key, self.direction);
        let mut reads = self.reads.borrow_mut();
        self.scan = reads.begin_scan(&self.tree, rest, self.direction, self.keys_only);
        Ok(())
    }
}
