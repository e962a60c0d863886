//! Writing one document with its index entries, all or nothing.

use std::sync::Arc;

use arbour_core::Result;
use arbour_core::engine::document_layout::Header;

use super::Body;
use super::docs::{DocChange, Holder};
use super::entries::{Entries, Entry};
use super::highest_key::HighestKey;
use super::trees::Notes;
use super::writer::Writer;

impl<D: Body> Writer<'_, D> {
    /// Refuses a document if another one has the same values in a unique index, or leaves that to the
    /// commit.
    fn check_unique(&mut self, entry: Entry<'_>, moved_from: Option<&[u8]>) -> Result<()> {
        let known = Arc::clone(&self.known);
        let Some(index) = known.index(entry.index) else { return Ok(()) };
        if !index.unique || entry.has_null {
            return Ok(());
        }
        let own = moved_from.unwrap_or(&self.buffers.key);
        if known.is_checked(entry.index)
            && let Some(holder) = self.docs.read().holder(entry, own)?
        {
            // An index that is being built lacks documents, so the commit cannot check it.
            if index.deferred && known.state(entry.index).is_complete() {
                self.docs
                    .before_commit(Box::new(self.collection.opened.unique_check(&known, entry)));
                return Ok(());
            }
            return Err(self.collection.opened.taken(&known, entry.index, &holder)?);
        }
        match self.unbuilt_holder(entry, own)? {
            Some(id_key) => {
                let holder = Holder { id_key, entry: entry.key.to_vec() };
                Err(self.collection.opened.taken(&known, entry.index, &holder)?)
            }
            None => Ok(()),
        }
    }

    /// Checks every write before the first is made. `moved_from` is the key under which the document
    /// currently holds its unique values, if it is to get another.
    pub(super) fn check(
        &mut self,
        moved_from: Option<&[u8]>,
        after: &[u8],
        old: &Entries,
        new: &Entries,
    ) -> Result<()> {
        let id_key = self.buffers.key.as_slice();
        let change = DocChange { id_key, before: None, after: Some(after), old, new };
        self.docs.check(&change)?;
        new.without(old).try_for_each(|entry| self.check_unique(entry, moved_from))
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
        if revision.is_some() && self.known.record.is_noted(&self.collection.definition) {
            self.docs.set_note(Notes::Unchecked, &self.buffers.key, Some(b""))?;
        }
        self.collection.opened.record_change(
            &mut self.docs,
            &mut self.newest,
            &self.buffers.key,
            revision,
        )
    }
}
