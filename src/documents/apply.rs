//! Writing one document with its index entries, all or nothing.

use arbour_core::engine::document_layout::Header;
use arbour_core::{Cursor as _, KvWrite, Tree, Write};

use super::entries::{Entries, Entry, id_key, undecodable};
use super::writer::{HighestKey, Writer};
use super::{DocError, DocResult, Document};

impl<W: KvWrite, D: Document> Writer<'_, W, D> {
    /// Refuses a document if another one has the same values in a unique index. `own` is the key of
    /// the document itself.
    fn check_unique(&self, entry: Entry<'_>, own: &[u8]) -> DocResult<()> {
        let definition = &self.collection.definition;
        let (Some(index), Some(tree)) =
            (definition.indexes.get(entry.index), self.collection.trees.indexes.get(entry.index))
        else {
            return Ok(());
        };
        if !index.unique || entry.has_null {
            return Ok(());
        }
        let taken = |holder: &[u8], taken: &[u8]| {
            Ok(DocError::Unique {
                collection: self.name(),
                fields: index
                    .parts
                    .iter()
                    .map(|part| definition.field_name(part.field).to_owned())
                    .collect(),
                values: self.collection.values_of(entry.index, taken)?,
                holder: self.collection.id_at(holder)?,
            })
        };
        if self.known.is_checked(entry.index) {
            let direction = index.id_direction();
            let mut cursor = self.transaction.prefix(tree, entry.values)?;
            while let Some((other, _)) = cursor.next()? {
                let holder = id_key(other, direction)
                    .map_err(|cause| undecodable(definition, tree.name(), other, cause))?;
                if *holder != *own {
                    return taken(&holder, other).and_then(Err);
                }
            }
        }
        match self.unbuilt_holder(entry, own)? {
            Some(holder) => taken(&holder, entry.key).and_then(Err),
            None => Ok(()),
        }
    }

    /// Checks every write before the first is made. `own` is the key under which the document
    /// currently holds its unique values.
    pub(super) fn check(
        &self,
        own: &[u8],
        after: &[u8],
        old: &Entries,
        new: &Entries,
    ) -> DocResult<()> {
        let documents = &self.collection.trees.documents;
        let key = self.buffers.key.as_slice();
        self.transaction.check(&Write { tree: documents, key, value: Some(after) })?;
        for entry in new.without(old) {
            if let Some(tree) = self.collection.trees.indexes.get(entry.index) {
                self.transaction.check(&Write { tree, key: entry.key, value: Some(b"") })?;
            }
            self.check_unique(entry, own)?;
        }
        Ok(())
    }

    /// Writes one document and its entries; `after` is `None` to remove it. If a write fails, the
    /// earlier ones are undone.
    pub(super) fn apply(
        &mut self,
        has_before: bool,
        after: Option<&[u8]>,
        old: &Entries,
        new: &Entries,
    ) -> DocResult<()> {
        let highest_removed = self.highest_removed;
        let result = self.write(after, old, new);
        if result.is_err() {
            self.restore_removed(highest_removed);
            let key = self.buffers.key.as_slice();
            let before = has_before.then_some(self.buffers.before.as_slice());
            // If undoing fails too, the engine refuses to commit the transaction.
            let _ = put_or_delete(self.transaction, &self.collection.trees.documents, key, before);
            for (entry, value) in new
                .without(old)
                .map(|entry| (entry, None))
                .chain(old.without(new).map(|entry| (entry, Some(&b""[..]))))
            {
                if let Some(tree) = self.collection.trees.indexes.get(entry.index) {
                    let _ = put_or_delete(self.transaction, tree, entry.key, value);
                }
            }
        }
        result
    }

    fn write(&mut self, after: Option<&[u8]>, old: &Entries, new: &Entries) -> DocResult<()> {
        if after.is_none() {
            self.note_removed()?;
        }
        let trees = &self.collection.trees;
        for entry in old.without(new) {
            if let Some(tree) = trees.indexes.get(entry.index) {
                self.transaction.delete(tree, entry.key)?;
            }
        }
        put_or_delete(self.transaction, &trees.documents, &self.buffers.key, after)?;
        if let HighestKey::Known(highest) = &mut self.highest_key
            && self.buffers.key > *highest
        {
            highest.clone_from(&self.buffers.key);
        }
        for entry in new.without(old) {
            if let Some(tree) = trees.indexes.get(entry.index) {
                self.transaction.put(tree, entry.key, b"")?;
            }
        }
        let revision = after.and_then(|after| Header::split(after).ok());
        let revision = revision.map(|(header, _)| header.revision);
        self.collection.record_change(
            self.transaction,
            &mut self.newest,
            &self.buffers.key,
            revision,
        )
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
