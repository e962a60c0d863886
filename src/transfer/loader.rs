//! Filling a store with entries that arrive in order.

use std::collections::BTreeSet;

use arbour_core::engine::{TreeName, Write};
use arbour_core::{Cursor, Direction, KeyRange, KvRead, KvStore, Result, Tree};

use super::batches::Batches;
use super::mark::is_left_out;

/// Writes entries in order to a store. Its commits need not be durable, because the mark says that
/// the store is incomplete.
///
/// If the store already has entries, the loader walks along them and writes only differences. That
/// is how it resumes an interrupted transfer, and how it replaces existing entries.
pub(super) struct Loader<'s, S: KvStore, R: KvRead> {
    store: &'s S,
    /// The entries that existed before; `None` if there were none.
    before: Option<&'s R>,
    batches: Batches<'s, S>,
    filling: Option<Filling<'s, R>>,
    filled: BTreeSet<String>,
}

/// The tree being filled, and its existing entries that have not been reached.
struct Filling<'s, R: KvRead + 's> {
    name: String,
    tree: Tree,
    there: Option<There<R::Cursor<'s>>>,
}

/// The existing entries of a tree, with the next one already read.
struct There<C> {
    cursor: C,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<C: Cursor> There<C> {
    /// Returns the entries of a cursor; `None` if there are none.
    fn new(cursor: C) -> Result<Option<Self>> {
        Self { cursor, key: Vec::new(), value: Vec::new() }.advanced()
    }

    /// Advances to the next entry; `None` after the last.
    fn advanced(mut self) -> Result<Option<Self>> {
        let Some((key, value)) = self.cursor.next()? else { return Ok(None) };
        self.key.clear();
        self.key.extend_from_slice(key);
        self.value.clear();
        self.value.extend_from_slice(value);
        Ok(Some(self))
    }
}

impl<'s, S: KvStore, R: KvRead> Loader<'s, S, R> {
    pub(super) fn new(store: &'s S, before: Option<&'s R>, chunk_bytes: usize) -> Self {
        let filled = BTreeSet::new();
        let batches = Batches::new(store, chunk_bytes);
        Self { store, before, batches, filling: None, filled }
    }

    /// Takes the next entry, and tells whether a commit was made.
    pub(super) fn entry(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<bool> {
        if self.filling.as_ref().is_none_or(|filling| filling.name != tree) {
            self.end_tree()?;
            self.begin_tree(tree)?;
        }
        let Some(filling) = &mut self.filling else { return Ok(false) };
        while let Some(there) = filling.there.take_if(|there| there.key.as_slice() <= key) {
            let is_same = there.key == key && there.value == value;
            let is_gone = there.key != key;
            // Entries arrive in order, so an existing key before this one is not in the source.
            if is_gone {
                self.batches.add(&Write { tree: &filling.tree, key: &there.key, value: None })?;
            }
            filling.there = there.advanced()?;
            if is_same {
                return Ok(false);
            }
        }
        self.batches.add(&Write { tree: &filling.tree, key, value: Some(value) })
    }

    fn begin_tree(&mut self, name: &str) -> Result<()> {
        let tree = self.store.open_tree(TreeName::stored(name)?)?;
        let there = match self.before {
            Some(before) => There::new(before.scan(&tree, KeyRange::all(), Direction::Forward)?)?,
            None => None,
        };
        self.filled.insert(name.to_owned());
        self.filling = Some(Filling { name: name.to_owned(), tree, there });
        Ok(())
    }

    /// Removes the remaining existing entries of a tree.
    fn end_tree(&mut self) -> Result<()> {
        let Some(Filling { tree, mut there, .. }) = self.filling.take() else { return Ok(()) };
        while let Some(gone) = there {
            self.batches.add(&Write { tree: &tree, key: &gone.key, value: None })?;
            there = gone.advanced()?;
        }
        Ok(())
    }

    /// Writes what is left, removes trees that received no entries, and makes everything durable.
    pub(super) fn finish(mut self) -> Result<()> {
        self.end_tree()?;
        if let Some(before) = self.before {
            for name in before.trees()? {
                if !is_left_out(&name) && !self.filled.contains(&name) {
                    self.begin_tree(&name)?;
                    self.end_tree()?;
                }
            }
        }
        self.batches.flush()?;
        self.store.sync()
    }
}
