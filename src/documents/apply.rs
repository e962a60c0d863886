//! Writing one document with its index entries, all or nothing.

use arbour_core::Result;
use arbour_core::engine::document_layout::Header;

use super::Body;
use super::doc_store::DocChange;
use super::entries::{Entries, Entry};
use super::writer::{HighestKey, Writer};

impl<D: Body> Writer<'_, D> {
    /// Refuses a document if another one has the same values in a unique index. `own` is the key of
    /// the document itself.
    fn check_unique(&self, entry: Entry<'_>, own: &[u8]) -> Result<()> {
        let Some(index) = self.known.index(entry.index) else { return Ok(()) };
        if !index.unique || entry.has_null {
            return Ok(());
        }
        // An index that is being built lacks documents, so it cannot be checked at the end.
        let is_complete = self.known.state(entry.index).is_complete();
        let deferred = self.collection.deferred.as_ref().filter(|_| is_complete);
        if deferred.is_some_and(|deferred| deferred.note(entry)) {
            return Ok(());
        }
        if self.known.is_checked(entry.index)
            && let Some(holder) = self.docs.holder(entry, own)?
        {
            return Err(self.collection.taken(
                &self.known,
                entry.index,
                &holder.id_key,
                &holder.entry,
            )?);
        }
        match self.unbuilt_holder(entry, own)? {
            Some(holder) => {
                Err(self.collection.taken(&self.known, entry.index, &holder, entry.key)?)
            }
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
    ) -> Result<()> {
        let id_key = self.buffers.key.as_slice();
        let change = DocChange { id_key, before: None, after: Some(after), old, new };
        self.docs.check(&change)?;
        new.without(old).try_for_each(|entry| self.check_unique(entry, own))
    }

    /// Writes one document and its entries; `after` is `None` to remove it. If a write fails, the
    /// earlier ones are undone.
    pub(super) fn apply(
        &mut self,
        has_before: bool,
        after: Option<&[u8]>,
        old: &Entries,
        new: &Entries,
    ) -> Result<()> {
        let highest_removed = self.highest_removed;
        let result = self.write(after, old, new);
        if result.is_err() {
            self.restore_removed(highest_removed);
            let before = has_before.then_some(self.buffers.before.as_slice());
            let id_key = self.buffers.key.as_slice();
            let change = DocChange { id_key, before, after, old, new };
            self.docs.undo(&change);
        }
        result
    }

    fn write(&mut self, after: Option<&[u8]>, old: &Entries, new: &Entries) -> Result<()> {
        if after.is_none() {
            self.note_removed()?;
        }
        let id_key = self.buffers.key.as_slice();
        let change = DocChange { id_key, before: None, after, old, new };
        self.docs.apply(&change)?;
        if let HighestKey::Known(highest) = &mut self.highest_key
            && self.buffers.key > *highest
        {
            highest.clone_from(&self.buffers.key);
        }
        let revision = after.and_then(|after| Header::split(after).ok());
        let revision = revision.map(|(header, _)| header.revision);
        self.collection.record_change(self.docs, &mut self.newest, &self.buffers.key, revision)
    }
}
