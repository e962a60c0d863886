//! Reading documents.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use serde_json::{Number, Value};

use super::{
    Declaration, DocError, DocId, DocResult, Document, Explain, Filter, Page, Query, Stored,
    encode_scalar, sum::Sum,
};

/// Reads the documents of a collection in one state: that of a snapshot, or of a transaction
/// including its own writes.
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

    /// Returns a document by its id, or `None` if there is none. A body of an older schema version
    /// is upgraded.
    ///
    /// # Errors
    /// [`Invalid`](DocError::Invalid) for an id of another type than the collection's;
    /// [`Undecodable`](DocError::Undecodable), [`TooNew`](DocError::TooNew); errors of the store.
    ///
    /// ```
    /// # use arbour_core::documents::{DocRead, DocResult, Document};
    /// fn is_there<D: Document>(documents: &impl DocRead<D>, id: &str) -> DocResult<bool> {
    ///     Ok(documents.get(id)?.is_some())
    /// }
    /// ```
    fn get<'i>(&self, id: impl Into<DocId<'i>>) -> DocResult<Option<Stored<D>>>;

    /// Runs a query; see [`Query`]. Without a limit, one page contains all documents.
    ///
    /// # Errors
    /// [`UnknownField`](DocError::UnknownField) and [`Invalid`](DocError::Invalid) for an invalid
    /// query; [`Cursor`](DocError::Cursor) for a cursor of another query;
    /// [`FullScan`](DocError::FullScan) if that is forbidden; as [`get`](Self::get), unless the
    /// query is lenient.
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

    /// Runs a query and returns how it was answered.
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

    /// Visits the documents of a query one by one, until the visitor breaks or fails. They are held
    /// in memory only if the query must sort without an index. Without a sort they arrive in the
    /// order in which they are found. The cursor, the offset and the total of the query are not
    /// used.
    ///
    /// # Errors
    /// Errors of the visitor, and as [`search`](Self::search).
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

    /// Visits the documents of a query on several threads, in no particular order, while this
    /// thread reads them. A break or an error stops it, but documents that other threads have
    /// already started on are still visited.
    ///
    /// # Errors
    /// As [`each`](Self::each); an error of the visitor takes precedence. A panic of the visitor is
    /// propagated to the caller.
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

    /// Counts the documents that match a filter: from an index, if one answers the whole filter.
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

    /// Visits the values of a field in the documents that match a filter, except nulls, in any
    /// order: from an index over the field, if one answers the whole filter. For a multi-valued
    /// field, each value is visited once per document.
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

    /// Returns the document with this value in a unique index.
    ///
    /// # Errors
    /// As [`get`](Self::get); [`Invalid`](DocError::Invalid) if there is no unique index over
    /// exactly this field.
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

    /// Returns documents by their ids, in the order of the ids; `None` for those that do not exist.
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

    /// Returns all documents of a query, ignoring its limit.
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

    /// Tells whether any document matches a filter.
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

    /// Returns the least value of a field among the documents that match a filter; `None` if none
    /// has a value.
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

    /// Returns the sum of the numbers of a field: an integer, if all of them are. Other values are
    /// ignored.
    ///
    /// # Errors
    /// As [`search`](Self::search); [`KindMismatch`](DocError::KindMismatch) for a field declared
    /// to hold no numbers, and [`WrongType`](DocError::WrongType) if there are only other values;
    /// [`SumRange`](DocError::SumRange) if the sum does not fit 64 bits.
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
    /// As [`sum`](Self::sum), but a field with only other values is not an error.
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

    /// Returns the distinct values of a field, in order.
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
            // Only scalars are values of a field.
            if encode_scalar(value, &mut bytes).is_ok() && !different.contains_key(&bytes) {
                different.insert(bytes.clone(), value.clone());
            }
        })?;
        Ok(different.into_values().collect())
    }
}

/// Keeps a value with its encoding if it is better than the one kept so far.
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
