//! Changing and deleting all documents that match a filter.

use std::ops::ControlFlow;

use arbour_core::{KvRead, KvWrite, Result};

#[cfg(doc)]
use super::DocError;
use super::collection::Collection;
use super::{Body, DocId, Filter, Query};

/// Either all documents that match are written, or the method fails and none is. The ids of the
/// documents are held in memory. For more documents than one transaction should hold, take pages of
/// ids and a transaction for each.
impl<D: Body> Collection<D> {
    /// Deletes the documents that match a filter, and returns how many there were. Where an index tells
    /// which ones match, each document is read once.
    ///
    /// # Errors
    /// Those of [`find`](Self::find) and of [`delete`](Self::delete).
    ///
    /// ```
    /// use arbour::KvStore;
    /// use arbour::documents::{Collection, Declaration, Field, Filter};
    /// use serde_json::{Value, json};
    /// let store = arbour::MemoryStore::new();
    /// let declaration = Declaration::<Value>::new("notes").field(Field::path("shelf"));
    /// let notes = Collection::open(&store, declaration)?;
    /// let deleted = store.write(|transaction| {
    ///     notes.insert(transaction, json!({"id": "a", "shelf": 3}))?;
    ///     notes.insert(transaction, json!({"id": "b", "shelf": 4}))?;
    ///     notes.delete_where(transaction, Filter::above("shelf", 3))
    /// })?;
    /// assert_eq!(deleted, 1);
    /// assert_eq!(notes.all().count(&store.snapshot()?)?, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn delete_where<W: KvWrite>(&self, transaction: &mut W, filter: Filter<D>) -> Result<u64> {
        let found = self.with_reader(&*transaction, |reader| reader.keys(&filter))?;
        transaction.savepoint(|savepoint| {
            self.with_writer(savepoint, |writer| {
                for found in &found {
                    writer.delete_found(found)?;
                }
                Ok(found.len() as u64)
            })
        })
    }

    /// Changes the documents that match a filter, and returns how many there were. Which documents
    /// match is decided before the first is changed.
    ///
    /// # Errors
    /// Those of [`find`](Self::find) and of [`modify`](Self::modify).
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// # use arbour::prelude::*;
    /// # #[derive(Serialize, Deserialize, Document)]
    /// # #[document(collection = "parcels")]
    /// # struct Parcel {
    /// #     #[document(id)]
    /// #     code: String,
    /// #     #[document(index)]
    /// #     shelf: u8,
    /// # }
    /// # let store = arbour::open("memory:")?;
    /// # let parcels = store.collection::<Parcel>()?;
    /// # let parcel = || Parcel { code: "a".to_owned(), shelf: 1 };
    /// # store.write(|transaction| parcels.insert(transaction, parcel()))?;
    /// let moved = store.write(|transaction| {
    ///     parcels.update_where(transaction, Parcel::SHELF.eq(1), |parcel| parcel.shelf = 7)
    /// })?;
    /// assert_eq!(moved, 1);
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn update_where<W: KvWrite>(
        &self,
        transaction: &mut W,
        filter: Filter<D>,
        mut change: impl FnMut(&mut D),
    ) -> Result<u64> {
        let ids = self.ids_of(transaction, filter)?;
        transaction.savepoint(|savepoint| {
            for id in &ids {
                self.modify(savepoint, id, &mut change)?;
            }
            Ok(ids.len() as u64)
        })
    }

    /// Returns the ids of the documents that match, all found before any of them is written.
    fn ids_of<R: KvRead>(&self, reader: &R, filter: Filter<D>) -> Result<Vec<DocId<'static>>> {
        let mut ids = Vec::new();
        self.with_reader(reader, |reader| {
            reader.each(&Query::new(filter), |stored| {
                ids.push(stored.id);
                Ok(ControlFlow::Continue(()))
            })
        })?;
        Ok(ids)
    }
}
