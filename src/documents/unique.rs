//! Unique indexes that are checked right before the commit instead of at each write.

use std::sync::Arc;

use arbour_core::{DynSnapshot, Error, Result};

use super::DocError;
use super::docs::Holder;
use super::entries::Entry;
use super::index_record::ForeignIndex;
use super::known::Known;
use super::opened::Opened;
use crate::key::GROUP_DELIMITER;

/// The key of no document: a delimiter is no id.
const NO_DOCUMENT: &[u8] = &[GROUP_DELIMITER];

impl Opened {
    /// Returns a check that fails if two documents have the values of an entry then.
    pub(super) fn unique_check(
        self: &Arc<Self>,
        known: &Arc<Known>,
        entry: Entry<'_>,
    ) -> impl Fn(&DynSnapshot<'_>) -> Result<()> + Send + 'static {
        let (opened, known) = (Arc::clone(self), Arc::clone(known));
        let (index, values) = (entry.index, entry.values.to_vec());
        move |reader| {
            let entry = Entry { index, key: &values, values: &values, has_null: false };
            let docs = known.docs(reader);
            let Some(first) = docs.holder(entry, NO_DOCUMENT)? else { return Ok(()) };
            match docs.holder(entry, &first.id_key)? {
                Some(second) => Err(opened.taken(&known, index, &second)?),
                None => Ok(()),
            }
        }
    }

    /// Builds the error for the values of an entry that a document has already.
    pub(super) fn taken(&self, known: &Known, index: usize, holder: &Holder) -> Result<Error> {
        let foreign = known.foreign(index).map(ForeignIndex::index);
        Ok(DocError::Unique {
            collection: self.schema.name().to_owned(),
            fields: known.field_names(index),
            values: self.values_of(known, index, &holder.entry)?,
            holder: self.id_at(&holder.id_key)?,
            foreign_index: foreign.map(|index| index.name.clone()),
        }
        .into())
    }
}
