//! Storing, moving and removing a document.

use arbour_core::Result;

use super::entries::Entries;
use super::existing::Existing;
use super::reader::FoundKey;
use super::writer::Writer;
use super::{Body, DocError, DocId, Precondition, Written, made_id, set_at, to_json};

impl<D: Body> Writer<'_, D> {
    /// Stores a document under an id, replacing any existing one.
    fn store(&mut self, body: &D, before: &Existing<D>, revision: u64) -> Result<()> {
        // Encode first: it limits the depth of the document, which the search for fields relies on.
        let after = self.encode(body, revision)?;
        self.check_fields(body)?;
        let (mut old, mut new) =
            (std::mem::take(&mut self.buffers.old), std::mem::take(&mut self.buffers.new));
        let mut refused = Vec::new();
        new.clear();
        self.collect(&mut new, &self.buffers.key, body, &after, &mut refused)?;
        new.sort();
        self.collect_old(before, &mut old, &mut refused)?;
        self.read_unbuilt(&new)?;
        self.prefetch_unique(&old, &new)?;
        self.check(None, &after, &old, &new)?;
        self.outdate(&refused)?;
        self.apply(before.is_there(), Some(&after), &old, &new)?;
        self.note_unbuilt(&new);
        (self.buffers.old, self.buffers.new, self.buffers.after) = (old, new, after);
        Ok(())
    }

    fn take_away(&mut self, before: &Existing<D>) -> Result<()> {
        let mut old = std::mem::take(&mut self.buffers.old);
        let mut refused = Vec::new();
        self.collect_old(before, &mut old, &mut refused)?;
        self.outdate(&refused)?;
        made_id::keep_highest(&self.collection.opened, &mut self.docs, &self.buffers.key)?;
        self.highest_removed()?;
        self.apply(true, None, &old, &Entries::default())?;
        self.buffers.old = old;
        Ok(())
    }

    /// Stores a document. If its id was made or defaults were filled in, also returns the document
    /// with them.
    pub(super) fn put(
        &mut self,
        body: &D,
        precondition: Precondition,
    ) -> Result<(Written, Option<D>)> {
        let (id, completed) = self.complete(body)?;
        self.point_at(&id);
        let before = self.existing(&id, precondition)?;
        let last = match before.header {
            Some(header) => header.revision,
            None => self.highest_removed()?,
        };
        let revision = last.saturating_add(1);
        self.store(completed.as_ref().unwrap_or(body), &before, revision)?;
        Ok((Written { id, revision, is_new: !before.is_there() }, completed))
    }

    pub(super) fn delete<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
    ) -> Result<bool> {
        let id = id.into();
        self.buffers.key = self.collection.opened.key_of(&id)?;
        let id = id.into_owned();
        let before = self.existing(&id, precondition)?;
        if !before.is_there() {
            return Ok(false);
        }
        self.take_away(&before)?;
        Ok(true)
    }

    /// Removes a document that was found, as [`delete`](Self::delete) does, but refuses one that cannot be
    /// read, as a search does.
    pub(super) fn delete_found(&mut self, found: &FoundKey) -> Result<()> {
        self.buffers.key.clone_from(&found.id_key);
        let id = self.collection.opened.id_at(&found.id_key)?;
        let before = self.existing(&id, Precondition::None)?;
        if !before.is_there() {
            return Err(self.collection.opened.dangling(found.index, &found.id_key)?);
        }
        if before.stored.is_none() {
            self.collection.decode(&found.id_key, &self.buffers.before)?;
        }
        self.take_away(&before)
    }

    pub(super) fn change_id<'i>(
        &mut self,
        from: impl Into<DocId<'i>>,
        to: impl Into<DocId<'i>>,
    ) -> Result<Written> {
        let (from, to) = (from.into(), to.into());
        let (from_key, to_key) =
            (self.collection.opened.key_of(&from)?, self.collection.opened.key_of(&to)?);
        let (from, to) = (from.into_owned(), self.collection.opened.id_at(&to_key)?);
        let Some(stored) = self.collection.get_at(self.docs.read(), &from_key)? else {
            return Err(DocError::Missing { collection: self.name(), id: from }.into());
        };
        if self.docs.read().contains(&to_key)? {
            return Err(DocError::Exists { collection: self.name(), id: to }.into());
        }
        let body = self.with_id(&stored.body, &to)?;
        // The new id may have belonged to a document that was removed.
        let revision = stored.revision.max(self.highest_removed()?).saturating_add(1);
        self.check_move(&from_key, &to_key, &body, revision)?;
        self.buffers.key.clone_from(&from_key);
        let before = self.existing(&from, Precondition::Present)?;
        self.take_away(&before)?;
        self.buffers.key = to_key;
        let nothing = Existing::nothing();
        let moved = self.store(&body, &nothing, revision);
        if moved.is_err() {
            // The store failed after the checks: put the document back where it was.
            self.buffers.key = from_key;
            self.store(&stored.body, &nothing, stored.revision)?;
        }
        moved.map(|()| Written { id: to, revision, is_new: false })
    }

    fn with_id(&self, body: &D, id: &DocId<'_>) -> Result<D> {
        let definition = &self.collection.definition;
        if definition.declaration.placeholder.as_ref() == Some(&id.to_json()) {
            let reason =
                format!("{id} stands for an id that is not made yet: choose another new id");
            return Err(definition.invalid(reason));
        }
        let mut json = to_json(definition.name(), body)?;
        set_at(&mut json, &definition.declaration.id_path, id.to_json());
        self.read_back(json, id)
    }

    /// Makes every check that can refuse a document under another key, before anything is written.
    /// Its unique values are still held under the old key.
    fn check_move(
        &mut self,
        from_key: &[u8],
        to_key: &[u8],
        body: &D,
        revision: u64,
    ) -> Result<()> {
        self.buffers.key.clear();
        self.buffers.key.extend_from_slice(to_key);
        let after = self.encode(body, revision)?;
        self.check_fields(body)?;
        let mut new = Entries::default();
        self.collect(&mut new, to_key, body, &after, &mut Vec::new())?;
        new.sort();
        self.read_unbuilt(&new)?;
        self.check(Some(from_key), &after, &Entries::default(), &new)
    }
}
