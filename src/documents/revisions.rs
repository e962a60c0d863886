//! The highest revision among the documents removed from a collection.
//!
//! A new document starts above it, so a revision of an id never occurs twice: a caller that refers
//! to a removed document by its revision cannot overwrite a new document with the same id. One
//! number for the whole collection suffices; one for each removed document would grow without
//! bound.

use arbour_core::engine::document_layout::{CATALOG_TREE, FORMAT, Header};
use arbour_core::{DecodeError, Result};

use super::Body;
use super::docs::Docs;
use super::entries::undecodable;
use super::trees::Notes;
use super::writer::Writer;
use crate::key::Key as _;

/// The prefix of the catalog key that holds the number.
const HIGHEST: &str = "highest revision";

pub(super) fn key(collection: &str) -> Vec<u8> {
    (HIGHEST, collection).to_key_bytes()
}

/// Reads the number; 0 if no document was removed yet.
fn read(collection: &str, docs: Docs<'_>) -> Result<u64> {
    let key = key(collection);
    let Some(noted) = docs.note(Notes::Catalog, &key)? else { return Ok(0) };
    let revision = match noted.as_slice() {
        [FORMAT, revision @ ..] => <[u8; 8]>::try_from(revision)
            .map(u64::from_be_bytes)
            .map_err(|_| DecodeError::new("8 bytes", revision.len().to_string())),
        _ => Err(DecodeError::new("format 1", "another")),
    };
    revision.map_err(|cause| undecodable(collection, CATALOG_TREE, &key, cause))
}

impl<D: Body> Writer<'_, D> {
    /// Returns the highest revision of a removed document.
    pub(super) fn highest_removed(&mut self) -> Result<u64> {
        if let Some(highest) = self.highest_removed {
            return Ok(highest);
        }
        let highest = read(self.collection.opened.schema.name(), self.docs.read())?;
        self.highest_removed = Some(highest);
        Ok(highest)
    }

    /// Notes the revision of the document in the buffer, which is about to be removed.
    pub(super) fn note_removed(&mut self) -> Result<()> {
        let Ok((header, _)) = Header::split(&self.buffers.before) else { return Ok(()) };
        if header.revision > self.highest_removed()? {
            self.write_removed(header.revision)?;
            self.highest_removed = Some(header.revision);
        }
        Ok(())
    }

    /// Undoes [`note_removed`](Self::note_removed) by restoring the earlier number.
    pub(super) fn restore_removed(&mut self, before: Option<u64>) {
        if self.highest_removed != before {
            // If undoing fails too, the engine refuses to commit the transaction.
            let _ = self.write_removed(before.unwrap_or(0));
            self.highest_removed = before;
        }
    }

    fn write_removed(&mut self, revision: u64) -> Result<()> {
        let key = key(self.collection.opened.schema.name());
        let value = [&[FORMAT][..], &revision.to_be_bytes()].concat();
        self.docs.set_note(Notes::Catalog, &key, (revision > 0).then_some(&value))
    }
}
