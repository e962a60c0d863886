//! Unique indexes that are checked after several writes instead of after each.

use arbour_core::{Error, KvRead, KvWrite, Result, Savepoint};

use super::collection::Collection;
use super::deferred::Deferred;
use super::doc_store::DocRead as _;
use super::entries::Entry;
use super::index_record::ForeignIndex;
use super::known::Known;
use super::{Body, DocError};
use crate::key::GROUP_DELIMITER;

/// The key of no document: a delimiter is no id.
const NO_DOCUMENT: &[u8] = &[GROUP_DELIMITER];

impl<D: Body> Collection<D> {
    /// Runs writes and checks unique indexes once at the end, so that documents can exchange their
    /// values. In between, two documents may have the same ones. If two have the same ones at the
    /// end, or the closure fails, all of its writes are undone.
    ///
    /// The closure gets a handle of the collection that defers the checks, and the transaction to use
    /// it with. A unique index that is still being built is checked at each write.
    ///
    /// # Errors
    /// The closure's own; [`Unique`](DocError::Unique) if documents share the values of a unique index
    /// at the end; and what the store reports.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// use arbour::prelude::*;
    ///
    /// #[derive(Serialize, Deserialize, Document)]
    /// #[document(collection = "racks")]
    /// struct Rack {
    ///     #[document(id)]
    ///     name: String,
    ///     #[document(unique)]
    ///     place: u32,
    /// }
    ///
    /// let store = arbour::open("memory:")?;
    /// let racks = store.collection::<Rack>()?;
    /// store.write(|tx| {
    ///     racks.insert(tx, Rack { name: "a".to_owned(), place: 1 })?;
    ///     racks.insert(tx, Rack { name: "b".to_owned(), place: 2 })
    /// })?;
    /// store.write(|tx| {
    ///     racks.defer_unique(tx, |racks, tx| {
    ///         racks.modify(tx, "a", |rack| rack.place = 2)?;
    ///         racks.modify(tx, "b", |rack| rack.place = 1)
    ///     })
    /// })?;
    /// assert_eq!(racks.find(Rack::PLACE.eq(1)).first(&store.snapshot()?)?.unwrap().name, "b");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn defer_unique<W: KvWrite, R>(
        &self,
        transaction: &mut W,
        run: impl FnOnce(&Self, &mut Savepoint<'_, W>) -> Result<R>,
    ) -> Result<R> {
        let deferred = Deferred::new().into();
        let deferring = Self { deferred: Some(deferred), ..self.clone() };
        transaction.savepoint(|savepoint| {
            let result = run(&deferring, savepoint)?;
            deferring.check_deferred(savepoint)?;
            Ok(result)
        })
    }

    /// Checks the values that were noted. A handle that outlives the closure checks at each write from
    /// now on.
    fn check_deferred<R: KvRead>(&self, reader: &R) -> Result<()> {
        let Some(deferred) = &self.deferred else { return Ok(()) };
        let known = self.known(reader)?;
        let docs = known.docs(reader);
        for (index, values) in deferred.end() {
            let entry = Entry { index, key: &values, values: &values, has_null: false };
            let Some(first) = docs.holder(entry, NO_DOCUMENT)? else { continue };
            if let Some(second) = docs.holder(entry, &first.id_key)? {
                return Err(self.taken(&known, index, &second.id_key, &second.entry)?);
            }
        }
        Ok(())
    }

    /// Builds the error for the values of an entry that a document has already.
    pub(super) fn taken(
        &self,
        known: &Known<D>,
        index: usize,
        holder: &[u8],
        entry: &[u8],
    ) -> Result<Error> {
        let foreign = known.foreign(index).and_then(ForeignIndex::index);
        Ok(DocError::Unique {
            collection: self.definition.name().to_owned(),
            fields: known.field_names(index),
            values: self.values_of(known, index, entry)?,
            holder: self.id_at(holder)?,
            foreign_index: foreign.map(|index| index.name.clone()),
        }
        .into())
    }
}
