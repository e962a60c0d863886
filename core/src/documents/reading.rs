//! Reading documents.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use serde_json::{Number, Value};

use super::{
    Declaration, DocError, DocId, DocResult, Document, Explain, Filter, Page, Query, Stored,
    encode_scalar, sum::Sum,
};

/// Reads the documents of a collection at one moment: that of a snapshot, or of a transaction with
/// its own writes.
///
/// ```
/// use arbour_core::documents::{DocRead, DocResult, Filter, Query};
/// use serde_json::Value;
///
/// /// Prints the ten largest packages of a section, in any implementation, on any engine.
/// fn largest(packages: &impl DocRead<Value>, section: &str) -> DocResult<()> {
///     let query = Query::new(Filter::eq("section", section)).descending("size").limit(10);
///     for package in packages.search(&query)?.items {
///         println!("{} {}", package.id, package.body["size"]);
///     }
///     Ok(())
/// }
/// ```
pub trait DocRead<D: Document> {
    /// Returns the declaration of the collection.
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, Document};
    /// fn name<D: Document>(documents: &impl DocRead<D>) -> &str {
    ///     &documents.declaration().name
    /// }
    /// ```
    fn declaration(&self) -> &Declaration<D>;

    /// Gets a document by its id, or `None` if there is none. A body of an older schema version is
    /// upgraded.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) for an id of another sort than the collection's;
    /// [`Undecodable`](DocError::Undecodable), [`TooNew`](DocError::TooNew), or what the store
    /// reports.
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document};
    /// fn is_there<D: Document>(documents: &impl DocRead<D>, id: &str) -> DocResult<bool> {
    ///     Ok(documents.get(id)?.is_some())
    /// }
    /// ```
    fn get<'i>(&self, id: impl Into<DocId<'i>>) -> DocResult<Option<Stored<D>>>;

    /// Searches; see [`Query`]. Without a limit all documents come, in one page.
    ///
    /// # Errors
    /// [`UnknownField`](DocError::UnknownField) and [`Invalid`](DocError::Invalid) for a query that
    /// cannot be; [`Cursor`](DocError::Cursor) for a cursor that is none of this query;
    /// [`FullScan`](DocError::FullScan) where that is forbidden; those of [`get`](Self::get), unless
    /// the query is lenient.
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Query};
    /// /// Visits all pages.
    /// fn pages<D: Document>(documents: &impl DocRead<D>, query: &Query<D>) -> DocResult<usize> {
    ///     let (mut query, mut count) = (query.clone().limit(50), 0);
    ///     loop {
    ///         let page = documents.search(&query)?;
    ///         count += page.items.len();
    ///         let Some(next) = page.next else { return Ok(count) };
    ///         query = query.at(next);
    ///     }
    /// }
    /// ```
    fn search(&self, query: &Query<D>) -> DocResult<Page<D>>;

    /// Runs a query and says how it was answered.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Query};
    /// fn is_slow<D: Document>(documents: &impl DocRead<D>, query: &Query<D>) -> DocResult<bool> {
    ///     Ok(documents.explain(query)?.scans_all())
    /// }
    /// ```
    fn explain(&self, query: &Query<D>) -> DocResult<Explain>;

    /// Visits the documents of a query one by one, until the visitor breaks or fails. Only those of a
    /// query that sorts without an index are held in memory. Without a sort they come in the order
    /// they are found in. The cursor, the offset and the total of the query are not used.
    ///
    /// # Errors
    /// The visitor's own, and those of [`search`](Self::search).
    ///
    /// ```
    /// # use std::ops::ControlFlow;
    /// # use arbour_core::documents::{DocError, DocRead, DocResult, Document, Filter, Query};
    /// fn print_all<D: Document>(documents: &impl DocRead<D>) -> DocResult<()> {
    ///     documents.each(&Query::new(Filter::All), |document| {
    ///         println!("{}", document.id);
    ///         Ok::<_, DocError>(ControlFlow::Continue(()))
    ///     })
    /// }
    /// ```
    fn each<E: From<DocError>>(
        &self,
        query: &Query<D>,
        visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E>;

    /// Visits the documents of a query with several threads, in no order, while this one reads them. A
    /// break or a failure ends it: documents that other threads are at are still visited.
    ///
    /// # Errors
    /// As [`each`](Self::each), the visitor's own first. A panic of the visitor reaches the caller.
    ///
    /// ```
    /// # use std::num::NonZeroUsize;
    /// # use std::ops::ControlFlow;
    /// # use std::sync::atomic::{AtomicUsize, Ordering};
    /// # use arbour_core::documents::{DocError, DocRead, DocResult, Filter, Query};
    /// # use serde_json::Value;
    /// fn check_all(pages: &impl DocRead<Value>, threads: NonZeroUsize) -> DocResult<usize> {
    ///     let long = AtomicUsize::new(0);
    ///     pages.each_concurrent(&Query::new(Filter::All), threads, |page| {
    ///         if page.body.to_string().len() > 1000 {
    ///             long.fetch_add(1, Ordering::Relaxed);
    ///         }
    ///         Ok::<_, DocError>(ControlFlow::Continue(()))
    ///     })?;
    ///     Ok(long.into_inner())
    /// }
    /// ```
    fn each_concurrent<E: From<DocError> + Send>(
        &self,
        query: &Query<D>,
        threads: NonZeroUsize,
        visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>, E> + Sync,
    ) -> Result<(), E> {
        let read =
            |hand: super::concurrent::Hand<'_, D>| self.each(query, |stored| Ok(hand(stored)));
        super::concurrent::visit_with_threads(threads, read, visit)
    }

    /// Counts the documents that a filter means: from an index, where one answers the whole filter.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter};
    /// fn is_empty<D: Document>(documents: &impl DocRead<D>) -> DocResult<bool> {
    ///     Ok(documents.count(&Filter::All)? == 0)
    /// }
    /// ```
    fn count(&self, filter: &Filter<D>) -> DocResult<u64>;

    /// Visits the values that a field has in the documents that a filter means, nulls left out, in
    /// any order: from an index over it, where one answers the whole filter. Of a field of many
    /// values each document's are visited once.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter};
    /// fn longest<D: Document>(documents: &impl DocRead<D>, field: &str) -> DocResult<usize> {
    ///     let mut longest = 0;
    ///     documents.values(&Filter::All, field, |value| longest = longest.max(value.to_string().len()))?;
    ///     Ok(longest)
    /// }
    /// ```
    fn values(&self, filter: &Filter<D>, field: &str, visit: impl FnMut(&Value)) -> DocResult<()>;

    /// Gets the document that has these values in a unique index.
    ///
    /// # Errors
    /// As [`get`](Self::get); [`Invalid`](DocError::Invalid) if no unique index is over this one
    /// field.
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document};
    /// fn is_taken<D: Document>(users: &impl DocRead<D>, email: &str) -> DocResult<bool> {
    ///     Ok(users.get_by("email", email)?.is_some())
    /// }
    /// ```
    fn get_by(&self, field: &str, value: impl Into<Value>) -> DocResult<Option<Stored<D>>> {
        let declaration = self.declaration();
        let is_unique = field == declaration.id_name()
            || declaration.indexes.iter().any(|index| {
                index.unique && matches!(index.parts.as_slice(), [part] if part.field == field)
            });
        if !is_unique {
            return Err(DocError::Invalid {
                collection: declaration.name.clone(),
                reason: format!("no unique index is over {field:?} alone"),
            });
        }
        self.one(&Query::new(Filter::eq(field, value)))
    }

    /// Gets documents by their ids, in the order of these; `None` where there is none.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document};
    /// fn are_there<D: Document>(documents: &impl DocRead<D>) -> DocResult<bool> {
    ///     Ok(documents.get_many(["ada", "bob"])?.iter().all(Option::is_some))
    /// }
    /// ```
    fn get_many<'i, I: Into<DocId<'i>>>(
        &self,
        ids: impl IntoIterator<Item = I>,
    ) -> DocResult<Vec<Option<Stored<D>>>> {
        ids.into_iter().map(|id| self.get(id)).collect()
    }

    /// Returns the first document of a query.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter, Query};
    /// fn any<D: Document>(documents: &impl DocRead<D>) -> DocResult<bool> {
    ///     Ok(documents.one(&Query::new(Filter::All))?.is_some())
    /// }
    /// ```
    fn one(&self, query: &Query<D>) -> DocResult<Option<Stored<D>>> {
        Ok(self.search(&query.clone().limit(1))?.items.pop())
    }

    /// Returns all documents of a query, its limit apart.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter, Query};
    /// fn count<D: Document>(documents: &impl DocRead<D>) -> DocResult<usize> {
    ///     Ok(documents.all(&Query::new(Filter::All))?.len())
    /// }
    /// ```
    fn all(&self, query: &Query<D>) -> DocResult<Vec<Stored<D>>> {
        let query = Query { limit: None, offset: 0, cursor: None, ..query.clone() };
        Ok(self.search(&query)?.items)
    }

    /// Tells whether a filter means any document.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter};
    /// fn has_net<D: Document>(packages: &impl DocRead<D>) -> DocResult<bool> {
    ///     packages.exists(&Filter::eq("section", "net"))
    /// }
    /// ```
    fn exists(&self, filter: &Filter<D>) -> DocResult<bool> {
        let mut exists = false;
        self.each(&Query::new(filter.clone()).limit(1), |_| {
            exists = true;
            Ok::<_, DocError>(ControlFlow::Break(()))
        })?;
        Ok(exists)
    }

    /// Returns the least value of a field among the documents that a filter means; `None` if none has
    /// one.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter};
    /// # use serde_json::Value;
    /// fn smallest<D: Document>(packages: &impl DocRead<D>) -> DocResult<Option<Value>> {
    ///     packages.min(&Filter::All, "size")
    /// }
    /// ```
    fn min(&self, filter: &Filter<D>, field: &str) -> DocResult<Option<Value>> {
        let mut least = None;
        self.values(filter, field, |value| keep(&mut least, value, |new, old| new < old))?;
        Ok(least.map(|(_, value)| value))
    }

    /// Returns the greatest value of a field; see [`min`](Self::min).
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter};
    /// # use serde_json::Value;
    /// fn largest<D: Document>(packages: &impl DocRead<D>) -> DocResult<Option<Value>> {
    ///     packages.max(&Filter::All, "size")
    /// }
    /// ```
    fn max(&self, filter: &Filter<D>, field: &str) -> DocResult<Option<Value>> {
        let mut greatest = None;
        self.values(filter, field, |value| keep(&mut greatest, value, |new, old| new > old))?;
        Ok(greatest.map(|(_, value)| value))
    }

    /// Adds up the numbers of a field: an integer, if all were. Other values beside them are left out.
    ///
    /// # Errors
    /// As [`search`](Self::search); [`KindMismatch`](DocError::KindMismatch) for a field that is declared
    /// to hold no numbers, and [`WrongType`](DocError::WrongType) for one that has other values alone;
    /// [`SumRange`](DocError::SumRange) for a sum that 64 bits do not hold.
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter};
    /// fn total<D: Document>(packages: &impl DocRead<D>) -> DocResult<serde_json::Number> {
    ///     packages.sum(&Filter::eq("section", "net"), "size")
    /// }
    /// ```
    fn sum(&self, filter: &Filter<D>, field: &str) -> DocResult<Number> {
        let mut sum = Sum::of(self.declaration(), field)?;
        self.values(filter, field, |value| sum.add(value))?;
        sum.total(self.declaration(), field)
    }

    /// Returns the mean of the numbers of a field; `None` if there are none.
    ///
    /// # Errors
    /// As [`sum`](Self::sum), but that there are other values alone is no error.
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter};
    /// fn mean<D: Document>(packages: &impl DocRead<D>) -> DocResult<Option<f64>> {
    ///     packages.average(&Filter::All, "size")
    /// }
    /// ```
    fn average(&self, filter: &Filter<D>, field: &str) -> DocResult<Option<f64>> {
        let mut sum = Sum::of(self.declaration(), field)?;
        self.values(filter, field, |value| sum.add(value))?;
        sum.mean(self.declaration(), field)
    }

    /// Returns the different values of a field, in order.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document, Filter};
    /// fn sections<D: Document>(packages: &impl DocRead<D>) -> DocResult<usize> {
    ///     Ok(packages.distinct(&Filter::All, "section")?.len())
    /// }
    /// ```
    fn distinct(&self, filter: &Filter<D>, field: &str) -> DocResult<Vec<Value>> {
        let mut different = BTreeMap::new();
        let mut bytes = Vec::new();
        self.values(filter, field, |value| {
            bytes.clear();
            // What is no scalar is no value of a field.
            if encode_scalar(value, &mut bytes).is_ok() && !different.contains_key(&bytes) {
                different.insert(bytes.clone(), value.clone());
            }
        })?;
        Ok(different.into_values().collect())
    }
}

/// Keeps a value with its bytes if it is to take the place of the one kept so far.
fn keep(
    kept: &mut Option<(Vec<u8>, Value)>,
    value: &Value,
    is_better: impl Fn(&[u8], &[u8]) -> bool,
) {
    let mut bytes = Vec::new();
    if encode_scalar(value, &mut bytes).is_err() {
        return;
    }
    if kept.as_ref().is_none_or(|(old, _)| is_better(&bytes, old)) {
        *kept = Some((bytes, value.clone()));
    }
}
