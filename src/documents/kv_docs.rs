//! Documents over any engine of keys and values.

use std::collections::HashSet;
use std::ops::{Bound, ControlFlow, Deref, DerefMut};

use arbour_core::engine::Write;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead, KvWrite, Result, Tree};

use super::condition::Span;
use super::doc_store::{
    CommitCheck, DocChange, DocRead, DocWrite, Found, Holder, Notes, Visit, Visited,
};
use super::entries::{Entries, Entry, id_key, undecodable};
use super::find::{Find, IndexRead};
use super::trees::Trees;

/// The trees of a collection, read through a snapshot or a transaction: `T` is a reference to one.
///
/// A document is an entry in the tree of documents. In the tree of each index it has entries without
/// values, whose keys end with the key of the document.
pub(super) struct KvDocs<'c, T> {
    pub(super) trees: &'c Trees,
    pub(super) reader: T,
}

impl<T: Deref<Target: KvRead + Sized>> KvDocs<'_, T> {
    fn in_documents(&self, span: &Span, direction: Direction, visit: Visit<'_>) -> Visited {
        let mut cursor = self.reader.scan(&self.trees.documents, range(span), direction)?;
        while let Some((key, value)) = cursor.next()? {
            if visit(&Found { id_key: key, entry: None, value: Some(value) })?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn in_index(&self, read: &IndexRead, visit: Visit<'_>) -> Visited {
        let Some(tree) = self.trees.index(read.index) else {
            return Ok(ControlFlow::Continue(()));
        };
        for span in &read.spans {
            let mut cursor = self.reader.scan(tree, range(span), read.direction)?;
            while let Some((entry, _)) = cursor.next()? {
                let id_key = id_key(entry, self.trees.id_direction(read.index))
                    .map_err(|cause| undecodable(&self.trees.name, tree.name(), entry, cause))?;
                let found =
                    Found { id_key: &id_key, entry: Some((read.index, entry)), value: None };
                if visit(&found)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

impl<T: Deref<Target: KvRead + Sized>> DocRead for KvDocs<'_, T> {
    fn get(&self, id_key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool> {
        Ok(self.reader.get_with(&self.trees.documents, id_key, read)?.is_some())
    }

    fn contains(&self, id_key: &[u8]) -> Result<bool> {
        self.reader.contains(&self.trees.documents, id_key)
    }

    fn len(&self) -> Result<u64> {
        self.reader.len(&self.trees.documents)
    }

    fn index_len(&self, index: usize) -> Result<u64> {
        self.trees.index(index).map_or(Ok(0), |tree| self.reader.len(tree))
    }

    fn find(&self, find: &Find, visit: Visit<'_>) -> Visited {
        match find {
            Find::Nothing => Ok(ControlFlow::Continue(())),
            Find::Keys(keys) => {
                for key in keys {
                    let visited = self.reader.get_with(&self.trees.documents, key, |value| {
                        visit(&Found { id_key: key, entry: None, value: Some(value) })
                    })?;
                    if visited.transpose()?.is_some_and(|flow| flow.is_break()) {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
            Find::Documents { span, direction } => self.in_documents(span, *direction, visit),
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

    fn entries(&self, find: &Find, visit: Visit<'_>) -> Visited {
        match find {
            Find::Index(read) => self.in_index(read, visit),
            find => self.find(find, visit),
        }
    }

    fn last_key(&self) -> Result<Option<Vec<u8>>> {
        let last = self.reader.last(&self.trees.documents, KeyRange::all())?;
        Ok(last.map(|(key, _)| key))
    }

    fn entries_of(&self, own: &[u8], entries: &mut Entries) -> Result<()> {
        for (number, tree) in self.trees.indexes() {
            let direction = self.trees.id_direction(number);
            let mut cursor = self.reader.scan(tree, KeyRange::all(), Direction::Forward)?;
            while let Some((entry, _)) = cursor.next()? {
                if id_key(entry, direction).is_ok_and(|key| *key == *own) {
                    entries.push(number, entry);
                }
            }
        }
        Ok(())
    }

    fn note(&self, notes: Notes, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.reader.get_with(self.trees.of_notes(notes), key, <[u8]>::to_vec)
    }

    fn last_note(&self, notes: Notes) -> Result<Option<Vec<u8>>> {
        let last = self.reader.last(self.trees.of_notes(notes), KeyRange::all())?;
        Ok(last.map(|(key, _)| key))
    }

    fn holder(&self, entry: Entry<'_>, own: &[u8]) -> Result<Option<Holder>> {
        let Some(tree) = self.trees.index(entry.index) else { return Ok(None) };
        let direction = self.trees.id_direction(entry.index);
        let mut cursor = self.reader.prefix(tree, entry.values)?;
        while let Some((other, _)) = cursor.next()? {
            let id_key = id_key(other, direction)
                .map_err(|cause| undecodable(&self.trees.name, tree.name(), other, cause))?;
            if *id_key != *own {
                return Ok(Some(Holder { id_key: id_key.into_owned(), entry: other.to_vec() }));
            }
        }
        Ok(None)
    }
}

impl<T: DerefMut<Target: KvWrite + Sized>> DocWrite for KvDocs<'_, T> {
    fn check(&self, change: &DocChange<'_>) -> Result<()> {
        let DocChange { id_key: key, after: value, old, new, .. } = *change;
        self.reader.check(&Write { tree: &self.trees.documents, key, value })?;
        for entry in new.without(old) {
            if let Some(tree) = self.trees.index(entry.index) {
                self.reader.check(&Write { tree, key: entry.key, value: Some(b"") })?;
            }
        }
        Ok(())
    }

    fn before_commit(&mut self, check: CommitCheck) {
        self.reader.before_commit(check);
    }

    fn apply(&mut self, change: &DocChange<'_>) -> Result<()> {
        let DocChange { id_key, after, old, new, .. } = *change;
        for entry in old.without(new) {
            if let Some(tree) = self.trees.index(entry.index) {
                self.reader.delete(tree, entry.key)?;
            }
        }
        put_or_delete(&mut *self.reader, &self.trees.documents, id_key, after)?;
        for entry in new.without(old) {
            if let Some(tree) = self.trees.index(entry.index) {
                self.reader.put(tree, entry.key, b"")?;
            }
        }
        Ok(())
    }

    fn set_note(&mut self, notes: Notes, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        let tree = self.trees.of_notes(notes);
        put_or_delete(&mut *self.reader, tree, key, value)
    }

    fn undo(&mut self, change: &DocChange<'_>) {
        let DocChange { id_key, before, old, new, .. } = *change;
        let _ = put_or_delete(&mut *self.reader, &self.trees.documents, id_key, before);
        let removed = new.without(old).map(|entry| (entry, None));
        let restored = old.without(new).map(|entry| (entry, Some(&b""[..])));
        for (entry, value) in removed.chain(restored) {
            if let Some(tree) = self.trees.index(entry.index) {
                let _ = put_or_delete(&mut *self.reader, tree, entry.key, value);
            }
        }
    }
}

fn put_or_delete<W: KvWrite>(
    transaction: &mut W,
    tree: &Tree,
    key: &[u8],
    value: Option<&[u8]>,
) -> arbour_core::Result<()> {
    match value {
        Some(value) => transaction.put(tree, key, value),
        None => transaction.delete(tree, key),
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
