//! The documents that match a filter, and what a program asks of them.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use arbour_core::{Direction, KvRead, Result};
use serde_json::Value;

#[cfg(doc)]
use super::DocError;
use super::collection::Collection;
use super::field_name::{typed_sum, typed_value};
use super::query::Query;
use super::reader::Reader;
use super::sort::Sort;
use super::{Body, Explain, FieldName, Filter, Page, Stored, SumField};

/// The documents of a collection that match a filter, from [`Collection::find`] or
/// [`all`](Collection::all).
///
/// It is what a program asks, as a value: it reads nothing until it is given a snapshot or a
/// transaction, it can be kept, cloned, sent to another thread and asked again. The first methods say in
/// which order and how many; the others read, and take the reader first. Each reads at the moment of the
/// snapshot, or what the transaction sees, its own writes included.
///
/// Documents are sorted by the given fields, null first. Ties are broken by id, in the direction of
/// the last field. Without a sort field, documents are in the order of their ids.
///
/// # Errors
/// All methods that read fail with [`UnknownField`](DocError::UnknownField),
/// [`KindMismatch`](DocError::KindMismatch) or [`Invalid`](DocError::Invalid) if the query cannot be
/// answered, [`FullScan`](DocError::FullScan) if it forbids one,
/// [`Undecodable`](DocError::Undecodable) if a document cannot be read,
/// [`TooNew`](DocError::TooNew) if a newer program wrote it, and with what the store reports.
///
#[cfg_attr(feature = "derive", doc = "```")]
#[cfg_attr(not(feature = "derive"), doc = "```text")]
/// use arbour::prelude::*;
///
/// #[derive(Serialize, Deserialize, Document)]
/// #[document(collection = "parcels", index(shelf, weight desc))]
/// struct Parcel {
///     #[document(id)]
///     code: String,
///     #[document(index)]
///     shelf: u8,
///     #[document(index)]
///     weight: u32,
/// }
///
/// let store = arbour::open("memory:")?;
/// let parcels = store.collection::<Parcel>()?;
/// store.write(|transaction| {
///     for (code, shelf, weight) in [("a", 1, 700), ("b", 2, 90), ("c", 1, 1500)] {
///         parcels.insert(transaction, Parcel { code: code.to_owned(), shelf, weight })?;
///     }
///     Ok(())
/// })?;
///
/// let snapshot = store.snapshot()?;
/// let on_shelf = parcels.find(Parcel::SHELF.eq(1)).sort(Parcel::WEIGHT.descending());
/// assert_eq!(on_shelf.first(&snapshot)?.unwrap().code, "c");
/// assert_eq!(on_shelf.count(&snapshot)?, 2);
/// assert_eq!(parcels.all().sum_by(&snapshot, Parcel::SHELF, Parcel::WEIGHT)?, [(1, 2200), (2, 90)]);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct Selection<D> {
    collection: Collection<D>,
    query: Query<D>,
}

/// In which order, and how many.
impl<D> Selection<D> {
    /// Sorts by a typed field, after the fields added before: `Ticket::CREATED.descending()`.
    #[must_use]
    pub fn sort(mut self, sort: Sort<D>) -> Self {
        self.query.sort.push((sort.field.to_owned(), sort.direction));
        self
    }

    /// Sorts by a field, least value first, after the fields added before.
    #[must_use]
    pub fn ascending(mut self, field: &str) -> Self {
        self.query.sort.push((field.to_owned(), Direction::Forward));
        self
    }

    /// Sorts by a field, greatest value first, after the fields added before.
    #[must_use]
    pub fn descending(mut self, field: &str) -> Self {
        self.query.sort.push((field.to_owned(), Direction::Reverse));
        self
    }

    /// Sorts by how well the words of the documents fit those of the filter, best first, in place of a
    /// sort by fields. Documents with equal scores are in the order of their ids.
    ///
    /// Every word that the filter asks for by [`words`](Filter::words) or
    /// [`any_words`](Filter::any_words) counts, in each field of its own; a word with `*` counts as one
    /// word, however many it stands for. Words under `not`, and all other conditions, only say which
    /// documents there are. The score is Okapi BM25 (Robertson and Zaragoza, 2009) with `k1` = 1.2 and
    /// `b` = 0.75: rare words count more than common ones, a word that occurs again adds less each time,
    /// and long texts are discounted. The length of a text is the number of its different words.
    ///
    /// All documents that match are read and scored, and as many are held in memory as the
    /// [limit](Self::limit) and the offset say; without a limit, all of them. Nothing is stored for it: an
    /// index of words tells how common each word is by the entries of the word, and the mean length by the
    /// number of its entries, which redb and memory know and other engines count. Without an index of
    /// words, all documents are read once before. The result is the same.
    ///
    /// Pages go forward and back as in other orders, and their cursors belong to this query. Scores change
    /// with the whole collection, so only pages from one snapshot are sure to skip and repeat nothing.
    ///
    /// # Errors
    /// The methods that read fail with [`Invalid`](DocError::Invalid) if the filter asks for no words, or
    /// if there is a sort by a field. A text without words is no error: all scores are 0.
    ///
    #[cfg_attr(feature = "derive", doc = "```")]
    #[cfg_attr(not(feature = "derive"), doc = "```text")]
    /// # use arbour::prelude::*;
    /// # #[derive(Serialize, Deserialize, Document)]
    /// # #[document(collection = "tickets")]
    /// # struct Ticket {
    /// #     #[document(id, made)]
    /// #     id: u64,
    /// #     #[document(words)]
    /// #     title: String,
    /// # }
    /// # let store = arbour::open("memory:")?;
    /// # let tickets = store.collection::<Ticket>()?;
    /// # store.write(|transaction| {
    /// #     for title in ["Printer out of paper", "Fire drill on Monday", "Printer on fire"] {
    /// #         tickets.insert(transaction, Ticket { id: 0, title: title.to_owned() })?;
    /// #     }
    /// #     Ok(())
    /// # })?;
    /// # let snapshot = store.snapshot()?;
    /// let fire = tickets.find(Ticket::TITLE.any_words("printer fire")).by_relevance().limit(20);
    /// assert_eq!(fire.list(&snapshot)?[0].title, "Printer on fire");
    /// # Ok::<(), arbour::Error>(())
    /// ```
    #[must_use]
    pub fn by_relevance(mut self) -> Self {
        self.query.relevance = true;
        self
    }

    /// Returns at most this many documents.
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.query.limit = Some(limit);
        self
    }

    /// Skips this many documents at the start. A cursor is quicker, and pages do not shift when
    /// documents are inserted or deleted between them.
    #[must_use]
    pub fn offset(mut self, offset: usize) -> Self {
        self.query.offset = offset;
        self
    }

    /// Continues at a cursor, where a [page](Page) of the same query ended or began. Any text can be
    /// given: the methods that read check it.
    #[must_use]
    pub fn at(mut self, cursor: impl Into<String>) -> Self {
        self.query.cursor = Some(cursor.into());
        self
    }

    /// Also counts all documents that match, for [`Page::total`].
    #[must_use]
    pub fn with_total(mut self) -> Self {
        self.query.total = true;
        self
    }

    /// Fails instead of reading every document.
    #[must_use]
    pub fn require_index(mut self) -> Self {
        self.query.index_required = true;
        self
    }

    /// Leaves out documents that cannot be decoded and lists their errors in [`Page::unreadable`],
    /// instead of failing.
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.query.lenient = true;
        self
    }
}

/// The documents themselves.
impl<D: Body> Selection<D> {
    pub(super) fn new(collection: &Collection<D>, filter: Filter<D>) -> Self {
        Self { collection: collection.clone(), query: Query::new(filter) }
    }

    /// Reads the collection with a reader that lives as long as the closure.
    fn with<R: KvRead, T>(
        &self,
        reader: &R,
        run: impl FnOnce(&Reader<'_, D>) -> Result<T>,
    ) -> Result<T> {
        self.collection.with_reader(reader, run)
    }

    /// Returns a page of documents, with the cursors of the pages before and after it. Without a
    /// limit all documents are in one page.
    ///
    /// # Errors
    /// [`Cursor`](DocError::Cursor) for a cursor of another query, and those of all reads.
    pub fn page<R: KvRead>(&self, reader: &R) -> Result<Page<D>> {
        Ok(self.stored(reader)?.map(|stored| stored.body))
    }

    /// Returns a page of documents with their ids and revisions, as [`page`](Self::page) does.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn stored<R: KvRead>(&self, reader: &R) -> Result<Page<Stored<D>>> {
        self.with(reader, |reader| reader.search(&self.query))
    }

    /// Returns the documents of this page.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn list<R: KvRead>(&self, reader: &R) -> Result<Vec<D>> {
        Ok(self.page(reader)?.items)
    }

    /// Returns the first document, or `None` if none matches.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn first<R: KvRead>(&self, reader: &R) -> Result<Option<D>> {
        let first = self.with(reader, |reader| reader.one(&self.query))?;
        Ok(first.map(|stored| stored.body))
    }

    /// Visits the documents one by one, until the visitor breaks or fails. Only a selection that
    /// sorts without an index holds its documents in memory. Without a sort the order is that of the
    /// index or tree that is read. The cursor and the offset are not used.
    ///
    /// # Errors
    /// The visitor's own, and those of all reads.
    pub fn each<R: KvRead>(
        &self,
        reader: &R,
        visit: impl FnMut(Stored<D>) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.with(reader, |reader| reader.each(&self.query, visit))
    }

    /// Visits the documents on several threads, in no order, while this thread reads them. After a
    /// break or a failure, documents that other threads hold are still visited.
    ///
    /// # Errors
    /// The visitor's own first, then those of all reads. A panic of the visitor reaches the caller.
    pub fn each_concurrent<R: KvRead>(
        &self,
        reader: &R,
        threads: NonZeroUsize,
        visit: impl Fn(Stored<D>) -> Result<ControlFlow<()>> + Sync,
    ) -> Result<()> {
        self.with(reader, |reader| reader.each_concurrent(&self.query, threads, visit))
    }

    /// Runs the query and says how it was answered: by which index, and how much was read.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub fn explain<R: KvRead>(&self, reader: &R) -> Result<Explain> {
        self.with(reader, |reader| reader.explain(&self.query))
    }
}

/// What the documents add up to. The order, the limit, the offset and the cursor are not used: all
/// documents that match count. A field is named by its constant, and the result has its type; or by a
/// text, and the result is JSON. Where an index contains what is asked, no document is read.
impl<D: Body> Selection<D> {
    /// Tells whether any document matches.
    ///
    /// # Errors
    /// Those of all reads.
    pub fn exists<R: KvRead>(&self, reader: &R) -> Result<bool> {
        self.with(reader, |reader| reader.exists(&self.query.filter))
    }

    /// Counts the documents.
    ///
    /// # Errors
    /// Those of all reads.
    pub fn count<R: KvRead>(&self, reader: &R) -> Result<u64> {
        self.with(reader, |reader| reader.count(&self.query.filter))
    }

    /// Visits the values of a field in any order, without nulls. In a field with many values, a
    /// value that occurs several times in one document is visited once for it.
    ///
    /// # Errors
    /// Those of all reads.
    pub fn values<R: KvRead>(
        &self,
        reader: &R,
        field: impl FieldName<D>,
        mut visit: impl FnMut(&Value),
    ) -> Result<()> {
        self.with(reader, |reader| {
            reader.values(&self.query.filter, field.field_name(), |_, value| visit(value))
        })
    }

    /// Returns the different values of a field, in the order of indexes, without null.
    ///
    /// # Errors
    /// Those of all reads.
    pub fn distinct<R: KvRead, F: FieldName<D>>(
        &self,
        reader: &R,
        field: F,
    ) -> Result<Vec<F::Value>> {
        let name = field.field_name();
        let values = self.with(reader, |reader| reader.distinct(&self.query.filter, name))?;
        values.into_iter().map(|value| typed_value(&self.collection, &field, value)).collect()
    }

    /// Returns the least value of a field, in the order of indexes, or `None` if all are null.
    ///
    /// # Errors
    /// Those of all reads.
    pub fn min<R: KvRead, F: FieldName<D>>(
        &self,
        reader: &R,
        field: F,
    ) -> Result<Option<F::Value>> {
        self.edge(reader, &field, Direction::Forward)
    }

    /// Returns the greatest value of a field, in the order of indexes, or `None` if all are null.
    ///
    /// # Errors
    /// Those of all reads.
    pub fn max<R: KvRead, F: FieldName<D>>(
        &self,
        reader: &R,
        field: F,
    ) -> Result<Option<F::Value>> {
        self.edge(reader, &field, Direction::Reverse)
    }

    fn edge<R: KvRead, F: FieldName<D>>(
        &self,
        reader: &R,
        field: &F,
        direction: Direction,
    ) -> Result<Option<F::Value>> {
        let name = field.field_name();
        let edge = self.with(reader, |reader| reader.edge(&self.query.filter, name, direction))?;
        edge.map(|value| typed_value(&self.collection, field, value)).transpose()
    }

    /// Adds up the values of a field; zero if all are null. Integers and decimal numbers are added
    /// exactly; named by a text, a field of decimal numbers has a text as its sum.
    ///
    /// # Errors
    /// [`SumRange`](DocError::SumRange) if the sum leaves the range of its numbers,
    /// [`KindMismatch`](DocError::KindMismatch) if the field is declared to hold something else, and
    /// those of all reads.
    pub fn sum<R: KvRead, F: SumField<D>>(&self, reader: &R, field: F) -> Result<F::Sum> {
        let name = field.field_name();
        let sum = self.with(reader, |reader| reader.sum(&self.query.filter, name))?;
        typed_sum(&self.collection, &field, sum)
    }

    /// Returns the mean of a field's values, or `None` if all are null.
    ///
    /// # Errors
    /// As [`sum`](Self::sum).
    pub fn average<R: KvRead>(&self, reader: &R, field: impl SumField<D>) -> Result<Option<f64>> {
        self.with(reader, |reader| reader.average(&self.query.filter, field.field_name()))
    }

    /// Counts the documents of each value of a field, in the order of indexes. Documents in which the
    /// field is null are counted if its type has a place for null. A document with many values is
    /// counted for each of them.
    ///
    /// # Errors
    /// Those of all reads.
    pub fn count_by<R: KvRead, F: FieldName<D>>(
        &self,
        reader: &R,
        field: F,
    ) -> Result<Vec<(F::Value, u64)>> {
        let name = field.field_name();
        let groups = self.with(reader, |reader| reader.count_by(&self.query.filter, name))?;
        self.typed_groups(&field, groups, Ok)
    }

    /// Adds up one field for each value of another, in the order of indexes; grouped as by
    /// [`count_by`](Self::count_by). A document in which the summed field is null adds nothing.
    ///
    /// # Errors
    /// As [`sum`](Self::sum).
    pub fn sum_by<R: KvRead, F: FieldName<D>, S: SumField<D>>(
        &self,
        reader: &R,
        group: F,
        summed: S,
    ) -> Result<Vec<(F::Value, S::Sum)>> {
        let (name, of) = (group.field_name(), summed.field_name());
        let groups = self.with(reader, |reader| reader.sum_by(&self.query.filter, name, of))?;
        self.typed_groups(&group, groups, |sum| typed_sum(&self.collection, &summed, sum))
    }

    /// Returns the least value of one field for each value of another, in the order of indexes.
    /// Groups in which all are null are left out.
    ///
    /// # Errors
    /// Those of all reads.
    pub fn min_by<R: KvRead, F: FieldName<D>, V: FieldName<D>>(
        &self,
        reader: &R,
        group: F,
        field: V,
    ) -> Result<Vec<(F::Value, V::Value)>> {
        self.edge_by(reader, &group, &field, Direction::Forward)
    }

    /// Returns the greatest value of one field for each value of another, in the order of indexes.
    /// Groups in which all are null are left out.
    ///
    /// # Errors
    /// Those of all reads.
    pub fn max_by<R: KvRead, F: FieldName<D>, V: FieldName<D>>(
        &self,
        reader: &R,
        group: F,
        field: V,
    ) -> Result<Vec<(F::Value, V::Value)>> {
        self.edge_by(reader, &group, &field, Direction::Reverse)
    }

    fn edge_by<R: KvRead, F: FieldName<D>, V: FieldName<D>>(
        &self,
        reader: &R,
        group: &F,
        field: &V,
        direction: Direction,
    ) -> Result<Vec<(F::Value, V::Value)>> {
        let (name, of) = (group.field_name(), field.field_name());
        let edges =
            |reader: &Reader<'_, D>| reader.edge_by(&self.query.filter, name, of, direction);
        let groups = self.with(reader, edges)?;
        self.typed_groups(group, groups, |edge| typed_value(&self.collection, field, edge))
    }

    /// Converts groups to the types of their fields. A group of null is left out if the type of the
    /// field has no place for null.
    fn typed_groups<F: FieldName<D>, T, U>(
        &self,
        group: &F,
        groups: Vec<(Value, T)>,
        convert: impl Fn(T) -> Result<U>,
    ) -> Result<Vec<(F::Value, U)>> {
        let mut typed = Vec::with_capacity(groups.len());
        for (value, found) in groups {
            let is_null = value.is_null();
            match typed_value(&self.collection, group, value) {
                Ok(value) => typed.push((value, convert(found)?)),
                Err(_) if is_null => {}
                Err(error) => return Err(error),
            }
        }
        Ok(typed)
    }
}

impl<D> Clone for Selection<D> {
    fn clone(&self) -> Self {
        Self { collection: self.collection.clone(), query: self.query.clone() }
    }
}

impl<D> fmt::Debug for Selection<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {:?}", self.query, self.collection)
    }
}
