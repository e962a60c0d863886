//! The highest revision of the documents that were removed from a collection.
//!
//! A new document begins above it. So no revision of an id ever comes again: a caller who knows a
//! removed document by its revision does not overwrite the one that has its id now. One number for the
//! whole collection does for that, where one for each removed document would grow without end.

use arbour_core::documents::layout::{CATALOG_TREE, FORMAT, Header};
use arbour_core::documents::{DocResult, Document};
use arbour_core::key::Key as _;
use arbour_core::{DecodeError, KvRead, KvWrite};

use super::collection::Collection;
use super::entries::undecodable;
use super::writer::CollectionWriter;

/// What stands before the name of a collection in the catalog, where the number is kept.
const HIGHEST: &str = "highest revision";

fn key(collection: &str) -> Vec<u8> {
    (HIGHEST, collection).to_key_bytes()
}

/// Reads the number; 0 if no document was removed yet.
fn read<R: KvRead, D: Document>(collection: &Collection<D>, reader: &R) -> DocResult<u64> {
    let key = key(collection.definition.name());
    let read = reader.get_with(&collection.trees.catalog, &key, |value| match value {
        [FORMAT, revision @ ..] => <[u8; 8]>::try_from(revision)
            .map(u64::from_be_bytes)
            .map_err(|_| DecodeError::new("8 bytes", revision.len().to_string())),
        _ => Err(DecodeError::new("format 1", "another")),
    })?;
    let read = read.transpose();
    let read = read.map_err(|cause| undecodable(&collection.definition, CATALOG_TREE, &key, cause));
    Ok(read?.unwrap_or(0))
}

impl<W: KvWrite, D: Document> CollectionWriter<'_, W, D> {
    /// Returns the highest revision of the documents that were removed.
    pub(super) fn highest_removed(&mut self) -> DocResult<u64> {
        if let Some(highest) = self.highest_removed {
            return Ok(highest);
        }
        let highest = read(self.collection, self.transaction)?;
        self.highest_removed = Some(highest);
        Ok(highest)
    }

    /// Notes the revision of the document in the buffer, which is removed.
    pub(super) fn note_removed(&mut self) -> DocResult<()> {
        let Ok((header, _)) = Header::split(&self.buffers.before) else { return Ok(()) };
        if header.revision > self.highest_removed()? {
            self.write_removed(header.revision)?;
            self.highest_removed = Some(header.revision);
        }
        Ok(())
    }

    /// Undoes [`note_removed`](Self::note_removed): the number is again what it was before.
    pub(super) fn restore_removed(&mut self, before: Option<u64>) {
        if self.highest_removed != before {
            // Where undoing fails as well, the transaction is the engine's to refuse.
            let _ = self.write_removed(before.unwrap_or(0));
            self.highest_removed = before;
        }
    }

    fn write_removed(&mut self, revision: u64) -> DocResult<()> {
        let key = key(self.collection.definition.name());
        let catalog = &self.collection.trees.catalog;
        if revision == 0 {
            return Ok(self.transaction.delete(catalog, &key)?);
        }
        let value = [&[FORMAT][..], &revision.to_be_bytes()].concat();
        Ok(self.transaction.put(catalog, &key, &value)?)
    }
}
