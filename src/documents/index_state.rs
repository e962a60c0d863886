//! The states of indexes, and what keeps a unique one from being complete.

use std::ops::ControlFlow;

use arbour_core::{Direction, KeyRange, KvRead, KvWrite, Result};
use serde_json::Value;

use super::any_reader::{AnyReader, AnyTransaction};
use super::collection::Collection;
use super::entries::{id_key, part_value, undecodable, values_prefix};
use super::index_record::{Build, IndexRecord};
use super::known::Known;
use super::opened::Opened;
use super::scalar::decode_scalar;
use super::schema::IndexDefinition;
use super::{Body, DocError, DocId, IndexState, IndexStatus};

/// Values that several documents have in an index, one for each of its fields, and these documents.
type Duplicate = (Vec<Value>, Vec<DocId<'static>>);

impl<D: Body> Collection<D> {
    /// Returns the state of each index, in the order of their declaration. One that was dropped since the
    /// collection was opened is [disabled](IndexState::Disabled).
    ///
    /// # Errors
    /// [`Redeclared`](DocError::Redeclared) if the collection was declared since it was opened in a way
    /// that this program cannot follow; errors of the store.
    pub fn indexes<R: KvRead>(&self, reader: &R) -> Result<Vec<IndexStatus>> {
        self.opened.indexes(reader)
    }

    /// Returns the indexes that the store has and this program does not declare: those of a version of
    /// it that runs beside it, or ran before. Writes keep them right, and searches of this program do
    /// not use them. Their names are those for
    /// [`drop_index`](super::DocumentStore::drop_index).
    ///
    /// # Errors
    /// As [`indexes`](Self::indexes).
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use arbour::KvStore;
    /// use arbour::documents::{Collection, Declaration, DocumentStore, Field, Index};
    /// use serde_json::Value;
    /// let store = arbour::MemoryStore::new();
    /// let notes = || Declaration::<Value>::new("notes").field(Field::path("by"));
    /// Collection::open(&store, notes().index(Index::on("by")))?;
    /// let notes = Collection::open(&store, notes())?;
    /// for index in notes.undeclared_indexes(&store.snapshot()?)? {
    ///     assert_eq!(index.name, "by");
    ///     store.drop_index("notes", &index.name, |_| ControlFlow::Continue(()))?;
    /// }
    /// # Ok::<(), arbour::Error>(())
    /// ```
    pub fn undeclared_indexes<R: KvRead>(&self, reader: &R) -> Result<Vec<IndexStatus>> {
        let known = self.opened.known(reader)?;
        let status =
            |index: &IndexRecord| IndexStatus { name: index.name.clone(), state: index.state };
        Ok(known.undeclared().map(status).collect())
    }

    /// Disables an index: writes do not maintain it and searches do not use it until it is
    /// [enabled](Self::enable).
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) if there is no such index; errors of the store.
    pub fn disable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<()> {
        self.opened.set_state(transaction, index, IndexState::Disabled)
    }

    /// Enables a disabled index. Writes maintain it from then on; searches use it once it is
    /// [built](Self::build).
    ///
    /// # Errors
    /// As [`disable`](Self::disable).
    pub fn enable<W: KvWrite>(&self, transaction: &mut W, index: &str) -> Result<()> {
        self.opened.set_state(transaction, index, IndexState::WriteOnly)
    }

    /// Returns the values that several documents have in an index, one for each of its fields, with the
    /// ids of these documents: what keeps a unique index from being complete. They are in order, at most
    /// `limit`.
    ///
    /// # Errors
    /// As [`disable`](Self::disable); [`IndexState`](DocError::IndexState) for an index that is not
    /// built.
    pub fn duplicates<R: KvRead>(
        &self,
        reader: &R,
        index: &str,
        limit: usize,
    ) -> Result<Vec<Duplicate>> {
        self.opened.duplicates(reader, index, limit)
    }
}

impl Opened {
    pub(super) fn indexes(&self, reader: &dyn AnyReader) -> Result<Vec<IndexStatus>> {
        let known = self.known(reader)?;
        let indexes = self.schema.indexes.iter().enumerate();
        let status = |(number, index): (usize, &IndexDefinition)| IndexStatus {
            name: index.name.clone(),
            state: known.state(number),
        };
        Ok(indexes.map(status).collect())
    }

    /// Changes the state of an index at once. The entries of a disabled index are removed; an
    /// enabled one waits to be built.
    fn set_state(
        &self,
        transaction: &mut dyn AnyTransaction,
        name: &str,
        state: IndexState,
    ) -> Result<()> {
        let number = self.index(name)?;
        let known = self.known(transaction)?;
        let mut record = known.record.clone();
        let place = known.place(number).ok_or_else(|| known.dropped(number))?;
        let Some(index) = record.indexes.get_mut(place) else { return Ok(()) };
        let is_disabled = index.state == IndexState::Disabled;
        if is_disabled == (state == IndexState::Disabled) {
            return Ok(());
        }
        (index.state, index.build) = (state, Build::default());
        self.save(transaction, &record)
    }

    fn duplicates(
        &self,
        reader: &dyn AnyReader,
        index: &str,
        limit: usize,
    ) -> Result<Vec<Duplicate>> {
        let number = self.index(index)?;
        let known = self.known(reader)?;
        let state = known.state(number);
        if !state.is_complete() {
            return Err(DocError::IndexState {
                collection: self.schema.name().to_owned(),
                index: index.to_owned(),
                state,
            }
            .into());
        }
        self.find_duplicates(reader, &known, number, limit)
    }

    /// Finds values that several documents share in an index.
    pub(super) fn find_duplicates(
        &self,
        reader: &dyn AnyReader,
        known: &Known,
        index: usize,
        limit: usize,
    ) -> Result<Vec<Duplicate>> {
        let Some(entries) = known.trees.index(index) else { return Ok(Vec::new()) };
        let mut duplicates: Vec<Duplicate> = Vec::new();
        // The values of the previous entry, and the document it points to.
        let mut last: Option<(Vec<u8>, Vec<u8>)> = None;
        let mut is_counted = false;
        let look = |entry: &[u8], _: &[u8]| {
            let read = |cause| undecodable(&self.trees.name, entries.tree.name(), entry, cause);
            let values = values_prefix(entry).map_err(read)?;
            let id_key = id_key(entry, entries.id_direction).map_err(read)?;
            let is_same = last.as_ref().is_some_and(|(old, _)| old == values);
            if is_same && !self.has_null(known, index, entry)? {
                if !is_counted {
                    if duplicates.len() == limit {
                        return Ok(ControlFlow::Break(()));
                    }
                    let first = last.as_ref().map(|(_, key)| self.id_at(key)).transpose()?;
                    let values = self.values_of(known, index, entry)?;
                    duplicates.push((values, first.into_iter().collect()));
                    is_counted = true;
                }
                if let Some((_, holders)) = duplicates.last_mut() {
                    holders.push(self.id_at(&id_key)?);
                }
            } else {
                is_counted = false;
            }
            last = Some((values.to_vec(), id_key.into_owned()));
            Ok(ControlFlow::Continue(()))
        };
        entries.scan(reader, KeyRange::all(), Direction::Forward, look).map(drop)?;
        Ok(duplicates)
    }

    fn has_null(&self, known: &Known, index: usize, entry: &[u8]) -> Result<bool> {
        Ok(self.values_of(known, index, entry)?.iter().any(Value::is_null))
    }

    /// Decodes the values of an entry, one for each part of its index.
    pub(super) fn values_of(
        &self,
        known: &Known,
        index: usize,
        entry: &[u8],
    ) -> Result<Vec<Value>> {
        let parts = known.index(index).map(|index| index.parts.iter());
        let value = |(number, part): (usize, &super::schema::Part)| {
            part_value(entry, number, part.direction).and_then(|value| decode_scalar(&value))
        };
        let values: Result<Vec<Value>, _> =
            parts.into_iter().flatten().enumerate().map(value).collect();
        values.map_err(|cause| {
            let tree = known.trees.index(index).map_or("", |index| index.tree.name());
            undecodable(&self.trees.name, tree, entry, cause)
        })
    }
}
