//! Reading from a faulty document store.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use arbour::Result;
use arbour::documents::{
    Access, Body, Declaration, DocError, DocId, Explain, Filter, Ids, Page, Stored,
};
use arbour_core::KvRead;
use serde_json::Value;

use super::{DocFault, FaultyCollection, order, page, query};
use crate::documents::{Query, TestCollection, TestReader, collection::CollectionReader};

/// Reads the documents of a [`FaultyCollection`].
///
/// ```
/// use arbour_conformance::documents::{
///     DocFactory, Query, TestCollection, TestDocuments, TestReader, TestWriter,
/// };
/// use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory};
/// use arbour::documents::{Declaration, Filter};
/// use arbour_core::{KvStore, MemoryStore};
/// use serde_json::json;
/// # let store = MemoryStore::new();
/// let documents = FaultyDocFactory::new(DocFault::TotalIsOfPage).documents(&store);
/// let notes = documents.collection(Declaration::new("notes"))?;
/// store.write(|transaction| {
///     let mut notes = notes.writer(transaction)?;
///     notes.set(&json!({"id": "a"}))?;
///     notes.set(&json!({"id": "b"}))
/// })?;
/// let page = notes.reader(&store.snapshot()?).search(&Query::new(Filter::All).limit(1).with_total())?;
/// assert_eq!(page.total, Some(1));
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct FaultyReader<'r, D, R> {
    pub(super) collection: &'r FaultyCollection<D>,
    pub(super) reader: &'r R,
}

impl<'r, D: Body, R: KvRead> FaultyReader<'r, D, R> {
    fn below(&self) -> CollectionReader<'r, D, R> {
        self.collection.below.reader(self.reader)
    }

    fn has(&self, fault: DocFault) -> bool {
        self.collection.fault == Some(fault)
    }

    /// Changes the query of the caller.
    fn bent(&self, query: &Query<D>) -> Query<D> {
        match self.collection.fault {
            Some(fault) => query::bend(fault, &self.collection.declaration, query),
            None => query.clone(),
        }
    }

    fn bent_filter(&self, filter: &Filter<D>) -> Filter<D> {
        self.bent(&Query::new(filter.clone())).filter
    }

    /// Returns nothing for an unknown field, if that is the fault.
    fn told<T>(&self, nothing: T, answer: Result<T>) -> Result<T> {
        match answer.as_ref().err().and_then(|error| error.downcast_ref()) {
            Some(DocError::UnknownField { .. }) if self.has(DocFault::UnknownFieldIsNull) => {
                Ok(nothing)
            }
            Some(DocError::KindMismatch { .. }) if self.has(DocFault::KindsMixed) => Ok(nothing),
            _ => answer,
        }
    }

    fn search_with(&self, fault: DocFault, query: &Query<D>) -> Result<Page<Stored<D>>> {
        let (below, declaration) = (self.below(), &self.collection.declaration);
        match fault {
            DocFault::NumbersSortAsText
            | DocFault::TextsSortWithoutCase
            | DocFault::SortsByStart
            | DocFault::BytesSortByLength => order::search(fault, &below, declaration, query),
            DocFault::RankedByFrequency if query.relevance => {
                order::by_frequency(&below, declaration, query)
            }
            DocFault::RankedWithoutWords if query.relevance => {
                let mut unranked = query.clone();
                unranked.relevance = false;
                below.search(query).or_else(|_| below.search(&unranked))
            }
            DocFault::UndecodableSkipped => {
                let mut lenient = query.clone().lenient();
                lenient.cursor.clone_from(&query.cursor);
                let mut page = below.search(&lenient)?;
                page.unreadable.clear();
                Ok(page)
            }
            DocFault::OrRepeats | DocFault::ManyValuesRepeat => {
                let mut parts = query::parts(fault, query).into_iter();
                let Some(first) = parts.next() else { return below.search(query) };
                let mut page = below.search(&first)?;
                for part in parts {
                    page.items.append(&mut below.search(&part)?.items);
                }
                Ok(page)
            }
            _ => page::search(fault, self.collection.memory, &below, declaration, query),
        }
    }
}

impl<D: Body, R: KvRead> TestReader<D> for FaultyReader<'_, D, R> {
    fn declaration(&self) -> &Declaration<D> {
        &self.collection.declaration
    }

    fn get<'i>(&self, id: impl Into<DocId<'i>>) -> Result<Option<Stored<D>>> {
        let id = match (id.into(), &self.collection.declaration.ids) {
            (DocId::Integer(number), Ids::Chosen) if self.has(DocFault::NumberIsTextId) => {
                DocId::from(number.to_string())
            }
            (id, _) => id,
        };
        let answer = self.below().get(&id);
        let refusal = answer.as_ref().err().and_then(|error| error.downcast_ref());
        match (self.collection.fault, refusal) {
            (Some(DocFault::NewerSchemaRead), Some(DocError::TooNew { .. })) => {
                let collection = self.collection;
                collection.trees.read(self.reader, &collection.declaration, &id)
            }
            (Some(DocFault::UndecodableSkipped), Some(DocError::Undecodable { .. })) => Ok(None),
            _ => answer,
        }
    }

    fn search(&self, query: &Query<D>) -> Result<Page<Stored<D>>> {
        let bent = self.bent(query);
        let Some(fault) = self.collection.fault else { return self.below().search(&bent) };
        let mut page = self.told(Page::default(), self.search_with(fault, &bent))?;
        if fault == DocFault::TotalIsOfPage && page.total.is_some() {
            page.total = Some(page.items.len() as u64);
        }
        Ok(page)
    }

    fn one(&self, query: &Query<D>) -> Result<Option<Stored<D>>> {
        Ok(self.search(&query.clone().limit(1))?.items.pop())
    }

    fn all(&self, query: &Query<D>) -> Result<Vec<Stored<D>>> {
        let mut query = query.clone();
        (query.limit, query.offset, query.cursor) = (None, 0, None);
        Ok(self.search(&query)?.items)
    }

    fn explain(&self, query: &Query<D>) -> Result<Explain> {
        let mut explain = self.below().explain(&self.bent(query))?;
        if self.has(DocFault::ExplainHidesScan) && explain.scans_all() {
            explain.access = Access::Ids(explain.real_rows as usize);
            explain.reads_all = false;
        }
        if self.has(DocFault::WorseWayTaken) {
            explain.real_rows = self.below().count(&Filter::All)?;
        }
        if self.has(DocFault::RestAlwaysAsked) {
            explain.residual = Some(format!("{:?}", query.filter));
        }
        Ok(explain)
    }

    fn each(
        &self,
        query: &Query<D>,
        mut visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut bent = self.bent(query);
        if self.has(DocFault::EachIgnoresLimit) {
            bent.limit = None;
        }
        let goes_on = self.has(DocFault::EachGoesOn);
        // The visitor's own error is passed around the sound store, to tell it apart from the
        // store's errors.
        let mut failed = None;
        let answer = self.below().each(&bent, |stored| match visit(stored) {
            Ok(ControlFlow::Break(())) if goes_on => Ok(ControlFlow::Continue(())),
            Ok(flow) => Ok(flow),
            Err(error) => {
                failed = Some(error);
                Ok(ControlFlow::Break(()))
            }
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(self.told((), answer)?),
        }
    }

    fn each_concurrent(
        &self,
        query: &Query<D>,
        threads: NonZeroUsize,
        visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>> + Sync,
    ) -> Result<()> {
        if self.has(DocFault::ThreadsTakeTurns) {
            return self.each(query, visit);
        }
        let goes_on = self.has(DocFault::ThreadsGoOn);
        self.below().each_concurrent(&self.bent(query), threads, |stored| match visit(stored)? {
            ControlFlow::Break(()) if goes_on => Ok(ControlFlow::Continue(())),
            flow => Ok(flow),
        })
    }

    fn count(&self, filter: &Filter<D>) -> Result<u64> {
        let filter = match self.has(DocFault::CountIgnoresFilter) {
            true => Filter::All,
            false => self.bent_filter(filter),
        };
        self.told(0, self.below().count(&filter))
    }

    fn values(&self, filter: &Filter<D>, field: &str, visit: impl FnMut(&Value)) -> Result<()> {
        let answer = self.below().values(&self.bent_filter(filter), field, visit);
        self.told((), answer)
    }

    fn get_by(&self, field: &str, value: impl Into<Value>) -> Result<Option<D>> {
        if self.has(DocFault::GetByAnyField) {
            let found = self.one(&Query::new(Filter::eq(field, value)))?;
            return Ok(found.map(|stored| stored.body));
        }
        self.below().get_by(field, value)
    }

    fn get_many<'i, I: Into<DocId<'i>>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<Vec<Option<D>>> {
        let mut ids: Vec<DocId<'i>> = ids.into_iter().map(Into::into).collect();
        if self.has(DocFault::GetManySorts) {
            ids.sort();
        }
        let mut found = self.below().get_many(ids)?;
        if self.has(DocFault::GetManyDropsAbsent) {
            found.retain(Option::is_some);
        }
        Ok(found)
    }

    fn exists(&self, filter: &Filter<D>) -> Result<bool> {
        let filter = match self.has(DocFault::ExistsIgnoresFilter) {
            true => Filter::All,
            false => self.bent_filter(filter),
        };
        self.told(false, self.below().exists(&filter))
    }

    fn min(&self, filter: &Filter<D>, field: &str) -> Result<Option<Value>> {
        self.told(None, self.below().min(&self.bent_filter(filter), field))
    }

    fn max(&self, filter: &Filter<D>, field: &str) -> Result<Option<Value>> {
        self.told(None, self.below().max(&self.bent_filter(filter), field))
    }

    fn sum(&self, filter: &Filter<D>, field: &str) -> Result<Value> {
        if self.has(DocFault::DecimalsSummedAsFloats) {
            let mut sum = 0.0;
            self.values(filter, field, |value| {
                sum += value.as_str().and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
            })?;
            return Ok(sum.to_string().into());
        }
        if !self.has(DocFault::SumIgnoresFloats) {
            return self.told(0.into(), self.below().sum(&self.bent_filter(filter), field));
        }
        let mut sum = 0;
        self.values(filter, field, |value| sum += value.as_i64().unwrap_or(0))?;
        Ok(sum.into())
    }

    fn average(&self, filter: &Filter<D>, field: &str) -> Result<Option<f64>> {
        self.told(None, self.below().average(&self.bent_filter(filter), field))
    }

    fn distinct(&self, filter: &Filter<D>, field: &str) -> Result<Vec<Value>> {
        if !self.has(DocFault::DistinctRepeats) {
            return self.told(Vec::new(), self.below().distinct(&self.bent_filter(filter), field));
        }
        let mut values = Vec::new();
        self.values(filter, field, |value| values.push(value.clone()))?;
        Ok(values)
    }

    fn count_by(&self, filter: &Filter<D>, group: &str) -> Result<Vec<(Value, u64)>> {
        let mut groups =
            self.told(Vec::new(), self.below().count_by(&self.bent_filter(filter), group))?;
        if self.has(DocFault::NullHasNoGroup) {
            groups.retain(|(value, _)| !value.is_null());
        }
        if self.has(DocFault::GroupsUnordered) {
            groups.reverse();
        }
        Ok(groups)
    }

    fn sum_by(&self, filter: &Filter<D>, group: &str, summed: &str) -> Result<Vec<(Value, Value)>> {
        let sums = self.below().sum_by(&self.bent_filter(filter), group, summed);
        let mut sums = self.told(Vec::new(), sums)?;
        if self.has(DocFault::NullsHaveNoSum) {
            sums.retain(|(_, sum)| sum.as_f64() != Some(0.0));
        }
        Ok(sums)
    }

    fn min_by(&self, filter: &Filter<D>, group: &str, field: &str) -> Result<Vec<(Value, Value)>> {
        self.told(Vec::new(), self.below().min_by(&self.bent_filter(filter), group, field))
    }

    fn max_by(&self, filter: &Filter<D>, group: &str, field: &str) -> Result<Vec<(Value, Value)>> {
        self.told(Vec::new(), self.below().max_by(&self.bent_filter(filter), group, field))
    }
}
