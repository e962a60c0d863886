//! Writing to a faulty document store.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use arbour::Result;
use arbour::documents::{
    Body, Declaration, DocError, DocId, Explain, Filter, Page, Precondition, Stored, Written,
    from_json, read_id, set_at, to_json,
};
use arbour_core::{ErrorKind, KvWrite};
use serde_json::Value;

use super::body::{patched, updated, with_other_id};
use super::declaration::at;
use super::order::start_of;
use super::trees::key_of;
use super::{DocFault, FaultyCollection, FaultyReader};
use crate::documents::collection::CollectionWriter;
use crate::documents::{Query, TestReader, TestWriter};

/// Writes the documents of a [`FaultyCollection`].
///
/// ```
/// use arbour_conformance::documents::{DocFactory, TestCollection, TestDocuments, TestWriter};
/// use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory};
/// use arbour::documents::Declaration;
/// use arbour_core::{KvStore, MemoryStore};
/// use serde_json::json;
/// # let store = MemoryStore::new();
/// let documents = FaultyDocFactory::new(DocFault::InsertOverwrites).documents(&store);
/// let notes = documents.collection(Declaration::new("notes"))?;
/// let written = store.write(|transaction| {
///     let mut notes = notes.writer(transaction)?;
///     notes.insert(&json!({"id": "a"}))?;
///     notes.insert(&json!({"id": "a"}))
/// })?;
/// assert_eq!(written.revision, 2);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct FaultyWriter<'w, D, W> {
    pub(super) collection: &'w FaultyCollection<D>,
    pub(super) transaction: &'w mut W,
    /// Whether the declaration of the collection has changed, and it is written anyway.
    pub(super) is_stale: bool,
    /// Whether a write was refused, after which nothing more is written.
    pub(super) is_spoiled: bool,
}

impl<D: Body, W: KvWrite> FaultyWriter<'_, D, W> {
    pub(super) fn as_reader(&self) -> FaultyReader<'_, D, W> {
        FaultyReader { collection: self.collection, reader: &*self.transaction }
    }

    fn below(&mut self) -> CollectionWriter<'_, D, W> {
        CollectionWriter { collection: &self.collection.below, transaction: self.transaction }
    }

    fn has(&self, fault: DocFault) -> bool {
        self.collection.has(fault)
    }

    fn bent(&self, precondition: Precondition) -> Precondition {
        match (self.collection.fault, precondition) {
            (Some(DocFault::SetInsertsOnly), Precondition::None) => Precondition::Absent,
            (Some(DocFault::InsertOverwrites), Precondition::Absent)
            | (Some(DocFault::RevisionIgnored), Precondition::Revision(_)) => Precondition::None,
            (_, precondition) => precondition,
        }
    }
}

impl<D: Body, W: KvWrite> TestWriter<D> for FaultyWriter<'_, D, W> {
    fn put(&mut self, body: &D, precondition: Precondition) -> Result<Written> {
        if self.is_stale {
            return self.put_stale(body);
        }
        if self.is_spoiled {
            return Err(DocError::Invalid {
                collection: self.collection.declaration.name.clone(),
                reason: "a write was refused: roll back".to_owned(),
            }
            .into());
        }
        if self.has(DocFault::NullIsTaken) {
            self.refuse_null(body)?;
        }
        if self.has(DocFault::UniqueByStart) {
            self.refuse_start(body)?;
        }
        let precondition = self.bent(precondition);
        let other = with_other_id(&self.as_reader(), body)?;
        let body = other.as_ref().unwrap_or(body);
        let before = self.before(body)?;
        let answer = self.below().put(body, precondition);
        match answer {
            Ok(written) => self.after(body, &before, written),
            Err(refusal) => self.refused(body, refusal),
        }
    }

    fn delete<'i>(&mut self, id: impl Into<DocId<'i>>, precondition: Precondition) -> Result<bool> {
        let id = id.into();
        let precondition = match (self.collection.fault, precondition) {
            (Some(DocFault::RemovingAbsentFails), Precondition::None) => Precondition::Present,
            (Some(DocFault::RevisionIgnored), Precondition::Revision(_)) => Precondition::None,
            (_, precondition) => precondition,
        };
        let removed = self.below().delete(&id, precondition)?;
        let (name, memory) = (&self.collection.declaration.name, self.collection.memory);
        let id = id.into_owned();
        memory.documents.lock().remove(&(name.clone(), id.clone()));
        if removed && self.has(DocFault::FeedKeepsRolledBack) {
            memory.note_change(name, id, None);
        }
        Ok(removed)
    }

    fn change_id<'i>(
        &mut self,
        from: impl Into<DocId<'i>>,
        to: impl Into<DocId<'i>>,
    ) -> Result<Written> {
        let (from, to) = (from.into(), to.into());
        let trees = &self.collection.trees;
        let old = trees.stored(self.transaction, &from)?;
        if self.has(DocFault::ChangeIdOverwrites) && old.is_some() {
            self.below().delete(&to, Precondition::None)?;
        }
        let written = match self.below().change_id(&from, &to) {
            Err(error) if error.kind() == ErrorKind::TooLarge && self.has(DocFault::LongIdCut) => {
                self.below().change_id(&from, start_of(&to.to_string()))?
            }
            written => written?,
        };
        if let (Some(old), true) = (old, self.has(DocFault::ChangeIdLeavesOld)) {
            self.transaction.put(&trees.documents, &key_of(&from), &old)?;
        }
        Ok(written)
    }

    fn put_many<'d>(
        &mut self,
        bodies: impl IntoIterator<Item = &'d D>,
        precondition: Precondition,
    ) -> Result<Vec<Result<Written>>>
    where
        D: 'd,
    {
        let mut verdicts = Vec::new();
        for body in bodies {
            let verdict = self.put(body, precondition);
            let ends = verdict.is_err() && self.has(DocFault::BulkStopsAtRefusal);
            verdicts.push(verdict);
            if ends {
                break;
            }
        }
        Ok(verdicts)
    }

    fn modify<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        precondition: Precondition,
        change: impl FnOnce(Value) -> Result<Value>,
    ) -> Result<Written> {
        let id = id.into().into_owned();
        let declaration = &self.collection.declaration;
        let Some(stored) = self.get(&id)? else {
            // The sound collection builds the error.
            return self.below().modify(&id, precondition, change);
        };
        let mut json = change(to_json(&declaration.name, &stored.body)?)?;
        set_at(&mut json, &declaration.id_path, stored.id.to_json());
        let body: D = from_json(&declaration.name, json)?;
        let precondition = match precondition {
            Precondition::None => Precondition::Present,
            other => other,
        };
        self.put(&body, precondition)
    }

    fn update<'i>(&mut self, id: impl Into<DocId<'i>>, changes: &Value) -> Result<Written> {
        let Value::Object(members) = changes else {
            return self.below().update(id, changes);
        };
        let fault = self.collection.fault;
        self.modify(id, Precondition::Present, |json| Ok(updated(fault, json, members)))
    }

    fn patch<'i>(&mut self, id: impl Into<DocId<'i>>, patch: &Value) -> Result<Written> {
        if self.has(DocFault::PatchMergesShallow) {
            return self.update(id, patch);
        }
        self.modify(id, Precondition::Present, |json| Ok(patched(json, patch)))
    }

    fn upsert(&mut self, changes: &Value) -> Result<Written> {
        let Value::Object(members) = changes else {
            return self.below().upsert(changes);
        };
        let declaration = &self.collection.declaration;
        let id = at(changes, &declaration.id_path);
        let id = read_id(&declaration.ids, &declaration.name, Some(id))?;
        if let Some(id) = id
            && self.get(&id)?.is_some()
        {
            if self.has(DocFault::UpsertReplaces) {
                let body: D = from_json(&declaration.name, changes.clone())?;
                return self.put(&body, Precondition::Present);
            }
            return self.update(&id, changes);
        }
        let mut members = members.clone();
        members.retain(|_, value| !value.is_null());
        let body: D = from_json(&declaration.name, members.into())?;
        self.put(&body, Precondition::Absent)
    }

    fn insert_whole(&mut self, document: D) -> Result<D> {
        if self.has(DocFault::GivenIsReturned) {
            self.insert(&document)?;
            return Ok(document);
        }
        self.below().insert_whole(document)
    }

    fn put_whole(&mut self, document: D) -> Result<D> {
        self.below().put_whole(document)
    }

    fn modify_whole<'i>(
        &mut self,
        id: impl Into<DocId<'i>>,
        change: impl FnOnce(&mut D),
    ) -> Result<D> {
        let id = id.into().into_owned();
        if self.has(DocFault::ChangedIdIsCopied)
            && let Some(mut stored) = self.get(&id)?
        {
            change(&mut stored.body);
            return self.below().put_whole(stored.body);
        }
        self.below().modify_whole(&id, change)
    }

    fn upsert_whole(&mut self, document: D, change: impl FnOnce(&mut D)) -> Result<D> {
        if self.has(DocFault::UpsertTakesNew) {
            return self.below().put_whole(document);
        }
        self.below().upsert_whole(document, change)
    }

    fn delete_where(&mut self, filter: Filter<D>) -> Result<u64> {
        self.below().delete_where(filter)
    }

    fn update_where(&mut self, filter: Filter<D>, mut change: impl FnMut(&mut D)) -> Result<u64> {
        if !self.has(DocFault::ChangesStayAfterFailure) {
            return self.below().update_where(filter, change);
        }
        let found = self.all(&Query::new(filter))?;
        for stored in &found {
            self.below().modify_whole(&stored.id, &mut change)?;
        }
        Ok(found.len() as u64)
    }
}

/// A writer reads everything that a reader reads.
impl<D: Body, W: KvWrite> TestReader<D> for FaultyWriter<'_, D, W> {
    fn declaration(&self) -> &Declaration<D> {
        &self.collection.declaration
    }

    fn get<'i>(&self, id: impl Into<DocId<'i>>) -> Result<Option<Stored<D>>> {
        self.as_reader().get(id)
    }

    fn search(&self, query: &Query<D>) -> Result<Page<Stored<D>>> {
        self.as_reader().search(query)
    }

    fn explain(&self, query: &Query<D>) -> Result<Explain> {
        self.as_reader().explain(query)
    }

    fn each(
        &self,
        query: &Query<D>,
        visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.as_reader().each(query, visit)
    }

    fn count(&self, filter: &Filter<D>) -> Result<u64> {
        self.as_reader().count(filter)
    }

    fn values(&self, filter: &Filter<D>, field: &str, visit: impl FnMut(&Value)) -> Result<()> {
        self.as_reader().values(filter, field, visit)
    }

    fn one(&self, query: &Query<D>) -> Result<Option<Stored<D>>> {
        self.as_reader().one(query)
    }

    fn all(&self, query: &Query<D>) -> Result<Vec<Stored<D>>> {
        self.as_reader().all(query)
    }

    fn each_concurrent(
        &self,
        query: &Query<D>,
        threads: NonZeroUsize,
        visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>> + Sync,
    ) -> Result<()> {
        self.as_reader().each_concurrent(query, threads, visit)
    }

    fn average(&self, filter: &Filter<D>, field: &str) -> Result<Option<f64>> {
        self.as_reader().average(filter, field)
    }

    fn get_by(&self, field: &str, value: impl Into<Value>) -> Result<Option<D>> {
        self.as_reader().get_by(field, value)
    }

    fn get_many<'i, I: Into<DocId<'i>>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<Vec<Option<D>>> {
        self.as_reader().get_many(ids)
    }

    fn exists(&self, filter: &Filter<D>) -> Result<bool> {
        self.as_reader().exists(filter)
    }

    fn min(&self, filter: &Filter<D>, field: &str) -> Result<Option<Value>> {
        self.as_reader().min(filter, field)
    }

    fn max(&self, filter: &Filter<D>, field: &str) -> Result<Option<Value>> {
        self.as_reader().max(filter, field)
    }

    fn sum(&self, filter: &Filter<D>, field: &str) -> Result<Value> {
        self.as_reader().sum(filter, field)
    }

    fn distinct(&self, filter: &Filter<D>, field: &str) -> Result<Vec<Value>> {
        self.as_reader().distinct(filter, field)
    }

    fn count_by(&self, filter: &Filter<D>, group: &str) -> Result<Vec<(Value, u64)>> {
        self.as_reader().count_by(filter, group)
    }

    fn sum_by(&self, filter: &Filter<D>, group: &str, summed: &str) -> Result<Vec<(Value, Value)>> {
        self.as_reader().sum_by(filter, group, summed)
    }

    fn min_by(&self, filter: &Filter<D>, group: &str, field: &str) -> Result<Vec<(Value, Value)>> {
        self.as_reader().min_by(filter, group, field)
    }

    fn max_by(&self, filter: &Filter<D>, group: &str, field: &str) -> Result<Vec<(Value, Value)>> {
        self.as_reader().max_by(filter, group, field)
    }
}
