//! Unique indexes that are checked right before the commit instead of at each write.

use arbour_core::{DynSnapshot, Error, Result};

use super::collection::Collection;
use super::doc_store::{DocRead as _, Holder};
use super::entries::Entry;
use super::{Body, DocError};
use crate::key::GROUP_DELIMITER;

/// The key of no document: a delimiter is no id.
const NO_DOCUMENT: &[u8] = &[GROUP_DELIMITER];

impl<D: Body> Collection<D> {
    /// Returns a check that fails if two documents have the values of an entry then.
    pub(super) fn unique_check(
        &self,
        entry: Entry<'_>,
    ) -> impl Fn(&DynSnapshot<'_>) -> Result<()> + Send + 'static {
        let (collection, index, values) = (self.clone(), entry.index, entry.values.to_vec());
        move |reader| {
            let entry = Entry { index, key: &values, values: &values, has_null: false };
            let docs = collection.docs(reader);
            let Some(first) = docs.holder(entry, NO_DOCUMENT)? else { return Ok(()) };
            match docs.holder(entry, &first.id_key)? {
                Some(second) => Err(collection.taken(index, &second)?),
                None => Ok(()),
            }
        }
    }

    /// Builds the error for the values of an entry that a document has already.
    pub(super) fn taken(&self, index: usize, holder: &Holder) -> Result<Error> {
        let parts = self.definition.indexes.get(index).map(|index| index.parts.as_slice());
        let fields = parts.unwrap_or_default().iter();
        Ok(DocError::Unique {
            collection: self.definition.name().to_owned(),
            fields: fields.map(|part| self.definition.field_name(part.field).to_owned()).collect(),
            values: self.values_of(index, &holder.entry)?,
            holder: self.id_at(&holder.id_key)?,
        }
        .into())
    }
}
