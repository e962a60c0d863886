//! Filling a store with entries that come in order.

use std::collections::BTreeSet;

use arbour_core::engine::TreeName;
use arbour_core::{Batch, Cursor, Direction, Durability, KeyRange, KvRead, KvStore, Result, Tree};

use super::mark::is_left_out;

/// Writes entries in their order to a store, in commits that need not be durable each: the mark says that
/// the store is not whole yet.
///
/// Where there are entries already it walks along them and writes only what differs: so it goes on where
/// it was broken off, and replaces what was there by what comes.
pub(super) struct Loader<'s, S: KvStore, R: KvRead> {
    store: &'s S,
    /// What was there before; `None` if nothing was.
    before: Option<&'s R>,
    batch: Batch,
    /// How many bytes of keys and values are written in one commit.
    chunk_bytes: usize,
    filling: Option<Filling<'s, R>>,
    filled: BTreeSet<String>,
}

/// The tree that is being filled, and what lies in it behind what was filled.
struct Filling<'s, R: KvRead + 's> {
    name: String,
    tree: Tree,
    there: Option<There<R::Cursor<'s>>>,
}

/// The entries of a tree, the first of those that are left at hand.
struct There<C> {
    cursor: C,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl<C: Cursor> There<C> {
    /// Returns the entries of a cursor; `None` if there are none.
    fn new(cursor: C) -> Result<Option<Self>> {
        Self { cursor, key: Vec::new(), value: Vec::new() }.behind()
    }

    /// Goes on to the next entry; `None` behind the last.
    fn behind(mut self) -> Result<Option<Self>> {
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
        Self { store, before, batch: Batch::new(), chunk_bytes, filling: None, filled }
    }

    /// Takes the next entry, and tells whether a chunk was written.
    pub(super) fn entry(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<bool> {
        if self.filling.as_ref().is_none_or(|filling| filling.name != tree) {
            self.end_tree()?;
            self.begin_tree(tree)?;
        }
        let Some(filling) = &mut self.filling else { return Ok(false) };
        while let Some(there) = filling.there.take_if(|there| there.key.as_slice() <= key) {
            let is_same = there.key == key && there.value == value;
            let is_gone = there.key != key;
            if is_gone {
                self.batch.delete(&filling.tree, &there.key);
            }
            filling.there = there.behind()?;
            if is_same {
                return Ok(false);
            }
        }
        self.batch.put(&filling.tree, key, value);
        self.flush(self.chunk_bytes)
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

    /// Removes what lies in a tree behind all that came.
    fn end_tree(&mut self) -> Result<()> {
        let Some(Filling { tree, mut there, .. }) = self.filling.take() else { return Ok(()) };
        while let Some(gone) = there {
            self.batch.delete(&tree, &gone.key);
            self.flush(self.chunk_bytes)?;
            there = gone.behind()?;
        }
        Ok(())
    }

    fn flush(&mut self, bytes_min: usize) -> Result<bool> {
        if self.batch.byte_len() < bytes_min || self.batch.is_empty() {
            return Ok(false);
        }
        self.store.apply(std::mem::take(&mut self.batch), Durability::None)?;
        Ok(true)
    }

    /// Writes what is left, removes the trees that nothing came for, and makes all of it durable.
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
        self.flush(0)?;
        self.store.sync()
    }
}
