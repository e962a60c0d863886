//! The documents of a collection in a snapshot or a transaction, as bytes.
//!
//! This is the seam between documents and an engine. Above it are types, paths, filters and the planner, which
//! know the documents of type `D`. Below it are keys and values, which know the engine. Everything that
//! crosses it is bytes and numbers of indexes.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::{Bound, ControlFlow};

use arbour_core::engine::Write;
use arbour_core::{Direction, KeyRange, Result, Tree};

use super::any_reader::{AnyReader, AnyTransaction, CommitCheck, Visited};
use super::condition::Span;
use super::entries::{Entries, Entry, id_key, undecodable};
use super::find::{Find, IndexRead};
use super::index_tree::IndexTree;
use super::trees::{Notes, Trees};

/// A found document before it is decoded: its key, and where it was found.
pub(super) struct Found<'f> {
    pub(super) id_key: &'f [u8],
    /// The number of the index, and the entry in it.
    pub(super) entry: Option<(usize, &'f [u8])>,
    /// The stored document, if finding it has read it.
    pub(super) value: Option<&'f [u8]>,
}

/// A found document, kept for later.
pub(super) struct OwnedFound {
    pub(super) id_key: Vec<u8>,
    entry: Option<(usize, Vec<u8>)>,
    value: Option<Vec<u8>>,
}

impl Found<'_> {
    pub(super) fn to_owned(&self) -> OwnedFound {
        let entry = self.entry.map(|(index, entry)| (index, entry.to_vec()));
        OwnedFound { id_key: self.id_key.to_vec(), entry, value: self.value.map(<[u8]>::to_vec) }
    }
}

impl OwnedFound {
    pub(super) fn lend(&self) -> Found<'_> {
        let entry = self.entry.as_ref().map(|(index, entry)| (*index, entry.as_slice()));
        Found { id_key: &self.id_key, entry, value: self.value.as_deref() }
    }
}

/// Takes what is found.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&Found<'_>) -> Visited;

/// Another document that has the values of an entry of a unique index.
pub(super) struct Holder {
    pub(super) id_key: Vec<u8>,
    /// Its own entry.
    pub(super) entry: Vec<u8>,
}

/// A document to write or to remove, with its entries before and after.
#[derive(Clone, Copy)]
pub(super) struct DocChange<'c> {
    pub(super) id_key: &'c [u8],
    /// The stored document, if there is one.
    pub(super) before: Option<&'c [u8]>,
    /// The document to store; `None` to remove it.
    pub(super) after: Option<&'c [u8]>,
    pub(super) old: &'c Entries,
    pub(super) new: &'c Entries,
}

/// The documents of a collection, to be read.
///
/// A document is an entry in the tree of documents. In each [index](IndexTree) it has entries, which end
/// with the key of the document.
#[derive(Clone, Copy)]
pub(super) struct Docs<'d> {
    pub(super) trees: &'d Trees,
    pub(super) reader: &'d dyn AnyReader,
}

impl Docs<'_> {
    /// Passes the stored document under a key to a closure. Returns whether there is one.
    pub(super) fn get(&self, id_key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool> {
        self.reader.get(&self.trees.documents, id_key, read)
    }

    /// Tells whether there is a document under a key.
    pub(super) fn contains(&self, id_key: &[u8]) -> Result<bool> {
        self.reader.contains(&self.trees.documents, id_key)
    }

    /// Counts all documents.
    pub(super) fn len(&self) -> Result<u64> {
        self.reader.len(&self.trees.documents)
    }

    /// Counts all entries of an index.
    pub(super) fn index_len(&self, index: usize) -> Result<u64> {
        self.trees.index(index).map_or(Ok(0), |index| index.len(self.reader))
    }

    /// Visits what an access path finds, in its order, each document once.
    pub(super) fn find(&self, find: &Find, visit: Visit<'_>) -> Visited {
        match find {
            Find::Nothing => Ok(ControlFlow::Continue(())),
            Find::Keys(keys) => {
                for key in keys {
                    let mut flow = Ok(ControlFlow::Continue(()));
                    self.get(key, &mut |value| {
                        flow = visit(&Found { id_key: key, entry: None, value: Some(value) });
                    })?;
                    if flow?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
            Find::Documents { span, direction } => {
                let documents = &self.trees.documents;
                self.reader.scan(documents, range(span), *direction, &mut |key, value| {
                    visit(&Found { id_key: key, entry: None, value: Some(value) })
                })
            }
            Find::Index(read) if read.repeats => self.in_index(read, &mut once(visit)),
            Find::Index(read) => self.in_index(read, visit),
            Find::Union(parts) => {
                let mut visit = once(visit);
                for part in parts {
                    let flow = self.find(part, &mut visit)?;
                    if flow.is_break() {
                        return Ok(flow);
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    fn in_index(&self, read: &IndexRead, visit: Visit<'_>) -> Visited {
        let Some(index) = self.trees.index(read.index) else {
            return Ok(ControlFlow::Continue(()));
        };
        for span in &read.spans {
            let flow = index.scan(self.reader, range(span), read.direction, |entry, _| {
                let id_key = self.id_key(index, entry)?;
                visit(&Found { id_key: &id_key, entry: Some((read.index, entry)), value: None })
            })?;
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads the key of the document that an entry leads to.
    fn id_key<'e>(&self, index: &IndexTree, entry: &'e [u8]) -> Result<Cow<'e, [u8]>> {
        id_key(entry, index.id_direction)
            .map_err(|cause| undecodable(&self.trees.name, index.tree.name(), entry, cause))
    }

    /// Visits each entry that an access path finds. A document with several entries in an index is
    /// visited once for each.
    pub(super) fn entries(&self, find: &Find, visit: Visit<'_>) -> Visited {
        match find {
            Find::Index(read) => self.in_index(read, visit),
            find => self.find(find, visit),
        }
    }

    /// Counts the entries that an access path finds, up to a limit, without reading documents.
    pub(super) fn count(&self, find: &Find, limit: u64) -> Result<u64> {
        let mut count = 0;
        let mut visit = |_: &Found<'_>| {
            count += 1;
            Ok(if count < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        };
        self.entries(find, &mut visit).map(drop)?;
        Ok(count)
    }

    /// Returns the highest key of a document; `None` if there is none.
    pub(super) fn last_key(&self) -> Result<Option<Vec<u8>>> {
        self.reader.last_key(&self.trees.documents)
    }

    /// Adds the entries of all indexes that lead to a document, sound or not, by searching all
    /// indexes. Entries that cannot be decoded are left out.
    pub(super) fn entries_of(&self, own: &[u8], entries: &mut Entries) -> Result<()> {
        for (number, index) in self.trees.indexes() {
            let add = |entry: &[u8], _: &[u8]| {
                if id_key(entry, index.id_direction).is_ok_and(|key| *key == *own) {
                    entries.push(number, entry);
                }
                Ok(ControlFlow::Continue(()))
            };
            index.scan(self.reader, KeyRange::all(), Direction::Forward, add).map(drop)?;
        }
        Ok(())
    }

    /// Returns a note; `None` if it is absent.
    pub(super) fn note(&self, notes: Notes, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.reader.value(self.trees.of_notes(notes), key)
    }

    /// Returns the highest key of a note; `None` if there is none.
    pub(super) fn last_note(&self, notes: Notes) -> Result<Option<Vec<u8>>> {
        self.reader.last_key(self.trees.of_notes(notes))
    }

    /// Finds a document other than `own` that has the values of an entry of a complete index.
    pub(super) fn holder(&self, entry: Entry<'_>, own: &[u8]) -> Result<Option<Holder>> {
        let Some(index) = self.trees.index(entry.index) else { return Ok(None) };
        let mut holder = None;
        let range = KeyRange::prefix(entry.values);
        let flow = index.scan(self.reader, range, Direction::Forward, |other, _| {
            let id_key = self.id_key(index, other)?;
            if *id_key == *own {
                return Ok(ControlFlow::Continue(()));
            }
            holder = Some(Holder { id_key: id_key.into_owned(), entry: other.to_vec() });
            Ok(ControlFlow::Break(()))
        });
        flow.map(|_| holder)
    }
}

/// The documents of a collection, to be written.
pub(super) struct DocsMut<'d> {
    pub(super) trees: &'d Trees,
    pub(super) transaction: &'d mut dyn AnyTransaction,
}

impl DocsMut<'_> {
    pub(super) fn read(&self) -> Docs<'_> {
        Docs { trees: self.trees, reader: &*self.transaction }
    }

    /// Makes every check by which the engine could refuse a change.
    ///
    /// # Errors
    /// The error with which the change would fail, such as `TooLarge`.
    pub(super) fn check(&self, change: &DocChange<'_>) -> Result<()> {
        let DocChange { id_key: key, after: value, old, new, .. } = *change;
        self.transaction.check(&Write { tree: &self.trees.documents, key, value })?;
        for entry in new.without(old) {
            if let Some(index) = self.trees.index(entry.index) {
                index.check(self.transaction, entry.key)?;
            }
        }
        Ok(())
    }

    /// Adds a check that runs right before the commit.
    pub(super) fn before_commit(&mut self, check: CommitCheck) {
        self.transaction.before_commit(check);
    }

    /// Writes a document and its entries.
    ///
    /// # Errors
    /// Errors of the engine. Part of the change may be written then.
    pub(super) fn apply(&mut self, change: &DocChange<'_>) -> Result<()> {
        let DocChange { id_key, after, old, new, .. } = *change;
        for entry in old.without(new) {
            if let Some(index) = self.trees.index(entry.index) {
                index.delete(self.transaction, entry.key)?;
            }
        }
        self.put_or_delete(&self.trees.documents, id_key, after)?;
        for entry in new.without(old) {
            if let Some(index) = self.trees.index(entry.index) {
                index.put(self.transaction, entry.key)?;
            }
        }
        Ok(())
    }

    /// Writes a note, or removes it.
    pub(super) fn set_note(
        &mut self,
        notes: Notes,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<()> {
        self.put_or_delete(self.trees.of_notes(notes), key, value)
    }

    /// Undoes a change, all of it or the part that was written. If undoing fails too, the engine
    /// refuses to commit the transaction.
    pub(super) fn undo(&mut self, change: &DocChange<'_>) {
        let DocChange { id_key, before, old, new, .. } = *change;
        let _ = self.put_or_delete(&self.trees.documents, id_key, before);
        for entry in new.without(old) {
            if let Some(index) = self.trees.index(entry.index) {
                let _ = index.delete(self.transaction, entry.key);
            }
        }
        for entry in old.without(new) {
            if let Some(index) = self.trees.index(entry.index) {
                let _ = index.put(self.transaction, entry.key);
            }
        }
    }

    fn put_or_delete(&mut self, tree: &Tree, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        match value {
            Some(value) => self.transaction.put(tree, key, value),
            None => self.transaction.delete(tree, key),
        }
    }
}

/// Wraps a visitor so that it visits each document once.
fn once(visit: Visit<'_>) -> impl FnMut(&Found<'_>) -> Visited {
    let mut seen = HashSet::new();
    move |found| {
        if seen.insert(found.id_key.to_vec()) {
            visit(found)
        } else {
            Ok(ControlFlow::Continue(()))
        }
    }
}

/// Returns the keys of a span.
pub(super) fn range(span: &Span) -> KeyRange<'_> {
    let end = span.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    KeyRange::from_bounds(Bound::Included(&span.start), end)
}
