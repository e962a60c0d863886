//! Unique indexes that are checked right before the commit instead of at each write.

use std::sync::Arc;

use arbour_core::{DynSnapshot, Error, Result};

use super::collection::Collection;
use super::doc_store::{DocRead as _, Holder};
use super::entries::Entry;
use super::index_record::ForeignIndex;
use super::known::Known;
use super::{Body, DocError};
use crate::key::GROUP_DELIMITER;

/// The key of no document: a delimiter is no id.
const NO_DOCUMENT: &[u8] = &[GROUP_DELIMITER];

impl<D: Body> Collection<D> {
    /// Returns a check that fails if two documents have the values of an entry then.
    pub(super) fn unique_check(
        &self,
        known: &Arc<Known>,
        entry: Entry<'_>,
    ) -> impl Fn(&DynSnapshot<'_>) -> Result<()> + Send + 'static {
        let (collection, known) = (self.clone(), Arc::clone(known));
        let (index, values) = (entry.index, entry.values.to_vec());
        move |reader| {
            let entry = Entry { index, key: &values, values: &values, has_null: false };
            let docs = known.docs(reader);
            let Some(first) = docs.holder(entry, NO_DOCUMENT)? else { return Ok(()) };
            match docs.holder(entry, &first.id_key)? {
                Some(second) => Err(collection.taken(&known, index, &second)?),
                None => Ok(()),
            }
        }
    }

    /// Builds the error for the values of an entry that a document has already.
    pub(super) fn taken(&self, known: &Known, index: usize, holder: &Holder) -> Result<Error> {
        let foreign = known.foreign(index).map(ForeignIndex::index);
        Ok(DocError::Unique {
            collection: self.definition.name().to_owned(),
            fields: known.field_names(index),
            values: self.values_of(known, index, &holder.entry)?,
            holder: self.id_at(&holder.id_key)?,
            foreign_index: foreign.map(|index| index.name.clone()),
        }
        .into())
    }
}
