//! Removing all entries of trees, a chunk in each transaction.

use std::ops::{Bound, ControlFlow};

use arbour_core::{Direction, KeyRange, Result, Tree};

use super::any_reader::{AnyReader, AnyTransaction};
use super::chunk::CHUNK;
use crate::key::successor;

/// How far trees have been cleared.
///
/// A call that clears trees keeps one, because some engines keep removed entries for a while: from the start
/// of the tree, each chunk would walk over all entries that the chunks before have removed. It is a hint
/// only: it may say more than what was committed, or come from other trees.
#[derive(Clone, Default)]
pub(crate) struct Clearing {
    tree: usize,
    after: Option<Vec<u8>>,
}

impl Clearing {
    /// Removes the next entries, at most a chunk, and returns their keys. All trees are empty if they were
    /// less than a chunk.
    pub(crate) fn advance(
        &mut self,
        transaction: &mut dyn AnyTransaction,
        trees: &[Tree],
    ) -> Result<Vec<Vec<u8>>> {
        let is_from_start = self.tree == 0 && self.after.is_none();
        let mut removed = Vec::new();
        self.walk(transaction, trees, &mut removed)?;
        if removed.len() < CHUNK && !is_from_start {
            // Others may have written behind it.
            *self = Self::default();
            self.walk(transaction, trees, &mut removed)?;
        }
        Ok(removed)
    }

    /// Removes entries until the end of the trees, or until a chunk is removed.
    fn walk(
        &mut self,
        transaction: &mut dyn AnyTransaction,
        trees: &[Tree],
        removed: &mut Vec<Vec<u8>>,
    ) -> Result<()> {
        while let Some(tree) = trees.get(self.tree) {
            let first = removed.len();
            self.find(transaction, tree, removed)?;
            for key in removed.iter().skip(first) {
                transaction.delete(tree, key)?;
            }
            if removed.len() == CHUNK {
                self.after = removed.last().cloned();
                break;
            }
            (self.tree, self.after) = (self.tree + 1, None);
        }
        Ok(())
    }

    /// Adds the next keys of a tree, until there is a chunk.
    fn find(&self, reader: &dyn AnyReader, tree: &Tree, keys: &mut Vec<Vec<u8>>) -> Result<()> {
        let start = self.after.as_deref().map(successor).unwrap_or_default();
        let range = KeyRange::from_bounds(Bound::Included(&start), Bound::Unbounded);
        let flow = reader.scan(tree, range, Direction::Forward, &mut |key, _| {
            keys.push(key.to_vec());
            Ok(if keys.len() == CHUNK { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        });
        flow.map(drop)
    }
}
