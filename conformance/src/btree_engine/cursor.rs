//! The entries of a range, each read when it is requested.

use std::sync::Arc;

use arbour_core::engine::LiveCursor;
use arbour_core::{Cursor, Direction, KeyRange, Result};

use super::trees::Trees;

/// A live cursor: neither a snapshot nor isolated from concurrent writes.
///
/// No lock is held between two calls. Each call looks for the first key after the last one.
///
/// ```
/// use arbour_conformance::{BTreeCursor, BTreeEngine};
/// use arbour_core::engine::{Engine, LiveEngine, TreeName};
/// use arbour_core::{Batch, Cursor, Durability, KeyRange};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.btree");
/// let engine = BTreeEngine::open(&path, &Default::default())?;
/// let tree = engine.open_tree(TreeName::new("users")?)?;
/// let mut cursor: BTreeCursor<'_> = engine.scan(&tree, KeyRange::all(), Default::default())?;
/// let mut batch = Batch::new();
/// batch.put(&tree, b"ada", b"1815");
/// engine.apply(&batch, Durability::None)?;
/// assert!(cursor.next()?.is_some()); // written after the cursor was made
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct BTreeCursor<'e> {
    trees: &'e Trees,
    tree: usize,
    range: KeyRange<'static>,
    direction: Direction,
    /// The range left to read; `None` after the end.
    rest: Option<KeyRange<'static>>,
    shown: Option<(Vec<u8>, Arc<[u8]>)>,
}

impl<'e> BTreeCursor<'e> {
    pub(super) fn new(
        trees: &'e Trees,
        tree: usize,
        range: KeyRange<'static>,
        direction: Direction,
    ) -> Self {
        let rest = Some(range.clone());
        Self { trees, tree, range, direction, rest, shown: None }
    }
}

impl Cursor for BTreeCursor<'_> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        self.shown = None;
        let Some(rest) = self.rest.take() else {
            return Ok(None);
        };
        let Some((key, value)) = self.trees.next_entry(self.tree, &rest, self.direction) else {
            return Ok(None);
        };
        self.rest = Some(match self.direction {
            Direction::Forward => rest.resume_after(&key),
            Direction::Reverse => rest.resume_before(&key),
        });
        self.shown = Some((key, value));
        Ok(self.shown())
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.shown = None;
        self.rest = Some(self.range.from_key(key, self.direction).into_owned());
        Ok(())
    }
}

impl LiveCursor for BTreeCursor<'_> {
    fn shown(&self) -> Option<(&[u8], &[u8])> {
        self.shown.as_ref().map(|(key, value)| (key.as_slice(), value.as_ref()))
    }
}
