//! Queries and their result pages.

use std::fmt;

use arbour_core::{Direction, Error};

use super::Filter;
use super::sort::Sort;

/// A query as a value: which documents, in which order, and how many. A program that puts a query
/// together step by step keeps one, and gives it to [`Collection::find`](super::Collection::find).
///
/// Documents are sorted by the given fields, null first. Ties are broken by id, in the direction of
/// the last field. Without a sort field, documents are in the order of their ids.
///
/// ```
/// use arbour::documents::{Filter, Query};
/// let query = Query::<serde_json::Value>::new(Filter::eq("section", "net"))
///     .descending("size")
///     .limit(10);
/// assert_eq!(query.limit, Some(10));
/// ```
#[non_exhaustive]
pub struct Query<D> {
    /// The filter.
    pub filter: Filter<D>,
    /// The fields to sort by.
    pub sort: Vec<(String, Direction)>,
    /// Whether the most relevant documents come first, instead of a sort by fields.
    pub relevance: bool,
    /// The maximum number of documents; `None` for all.
    pub limit: Option<usize>,
    /// How many documents to skip, counted from the cursor if there is one.
    pub offset: usize,
    /// Where to continue.
    pub cursor: Option<PageCursor>,
    /// Whether to count all documents that match the filter.
    pub total: bool,
    /// Whether to fail instead of reading every document.
    pub index_required: bool,
    /// Whether documents that cannot be decoded are left out and listed in the page.
    pub lenient: bool,
}

impl<D> Query<D> {
    /// Queries all documents that match a filter, in the order of their ids.
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query};
    /// let all = Query::<serde_json::Value>::new(Filter::All);
    /// assert!(all.sort.is_empty());
    /// ```
    #[must_use]
    pub fn new(filter: Filter<D>) -> Self {
        Self {
            filter,
            sort: Vec::new(),
            relevance: false,
            limit: None,
            offset: 0,
            cursor: None,
            total: false,
            index_required: false,
            lenient: false,
        }
    }

    /// Sorts by a field, after the fields added before.
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query};
    /// let query = Query::<serde_json::Value>::new(Filter::All).ascending("name");
    /// assert_eq!(query.sort.len(), 1);
    /// ```
    #[must_use]
    pub fn ascending(mut self, field: &str) -> Self {
        self.sort.push((field.to_owned(), Direction::Forward));
        self
    }

    /// Sorts by a field, greatest value first.
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query};
    /// let query = Query::<serde_json::Value>::new(Filter::All).descending("size");
    /// assert_eq!(query.sort[0].0, "size");
    /// ```
    #[must_use]
    pub fn descending(mut self, field: &str) -> Self {
        self.sort.push((field.to_owned(), Direction::Reverse));
        self
    }

    /// Sorts by a typed field, after the fields added before.
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query, TypedField};
    /// const SIZE: TypedField<serde_json::Value, u64> = TypedField::new("size");
    /// assert_eq!(Query::new(Filter::All).sort(SIZE.descending()).sort[0].0, "size");
    /// ```
    #[must_use]
    pub fn sort(mut self, sort: Sort<D>) -> Self {
        self.sort.push((sort.field.to_owned(), sort.direction));
        self
    }

    /// Sorts by how well the words of the documents fit those of the filter, best first; see
    /// [`Selection::by_relevance`](super::Selection::by_relevance).
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query};
    /// let query = Query::<()>::new(Filter::any_words("title", "printer fire")).by_relevance();
    /// assert!(query.relevance && query.sort.is_empty());
    /// ```
    #[must_use]
    pub fn by_relevance(mut self) -> Self {
        self.relevance = true;
        self
    }

    /// Returns at most this many documents.
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query};
    /// assert_eq!(Query::<()>::new(Filter::All).limit(3).limit, Some(3));
    /// ```
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Skips this many documents at the start. A cursor is quicker, and pages do not shift when
    /// documents are inserted or removed between them.
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query};
    /// assert_eq!(Query::<()>::new(Filter::All).offset(3).offset, 3);
    /// ```
    #[must_use]
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Continues where a page of the same query ended or began.
    ///
    /// ```
    /// # use arbour::documents::{Filter, PageCursor, Query};
    /// let query = Query::<()>::new(Filter::All).at(PageCursor::new("text from a page"));
    /// assert!(query.cursor.is_some());
    /// ```
    #[must_use]
    pub fn at(mut self, cursor: PageCursor) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// Counts all documents that match the filter, which requires reading them or their index.
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query};
    /// assert!(Query::<()>::new(Filter::All).with_total().total);
    /// ```
    #[must_use]
    pub fn with_total(mut self) -> Self {
        self.total = true;
        self
    }

    /// Fails instead of reading every document.
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query};
    /// assert!(Query::<()>::new(Filter::All).require_index().index_required);
    /// ```
    #[must_use]
    pub fn require_index(mut self) -> Self {
        self.index_required = true;
        self
    }

    /// Leaves out documents that cannot be decoded and lists their errors, instead of failing.
    ///
    /// ```
    /// # use arbour::documents::{Filter, Query};
    /// assert!(Query::<()>::new(Filter::All).lenient().lenient);
    /// ```
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }
}

impl<D> From<Filter<D>> for Query<D> {
    fn from(filter: Filter<D>) -> Self {
        Self::new(filter)
    }
}

impl<D> Clone for Query<D> {
    fn clone(&self) -> Self {
        Self {
            filter: self.filter.clone(),
            sort: self.sort.clone(),
            cursor: self.cursor.clone(),
            ..*self
        }
    }
}

impl<D> fmt::Debug for Query<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.filter)?;
        for (field, direction) in &self.sort {
            let sign = if *direction == Direction::Reverse { "-" } else { "+" };
            write!(f, " {sign}{field:?}")?;
        }
        if self.relevance {
            f.write_str(" by relevance")?;
        }
        Ok(())
    }
}

/// The result of a query: documents of type `T`, or [`Stored`](super::Stored) documents.
///
/// ```
/// use arbour::documents::Page;
/// let page = Page::<u32>::default();
/// assert!(page.items.is_empty() && page.next.is_none());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<T> {
    /// The documents in the requested order, even if the page was reached backwards.
    pub items: Vec<T>,
    /// Where the next page begins; `None` if there is nothing after this one.
    pub next: Option<PageCursor>,
    /// Where the previous page ends; `None` if there is nothing before this one.
    pub previous: Option<PageCursor>,
    /// How many documents match the filter, if requested.
    pub total: Option<u64>,
    /// The errors of documents that cannot be decoded, if the query is [lenient](Query::lenient).
    pub unreadable: Vec<Error>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None, previous: None, total: None, unreadable: Vec::new() }
    }
}

impl<T> Page<T> {
    pub(super) fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        let Self { items, next, previous, total, unreadable } = self;
        Page { items: items.into_iter().map(convert).collect(), next, previous, total, unreadable }
    }
}

/// A place between two documents of a query, as a text that can be sent to a client and back.
///
/// It refers to the document at which it was made, not to an offset, so inserts and removals do not
/// make a page skip or repeat other documents. It is bound to the query (its filter and sort), the
/// collection and the store. It is authenticated with a key of the store, so clients cannot change
/// it.
///
/// ```
/// use arbour::documents::PageCursor;
/// assert_eq!(PageCursor::new("abc").to_string(), "abc");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageCursor(String);

impl PageCursor {
    /// Wraps a text that a page returned. The search validates it.
    ///
    /// ```
    /// # use arbour::documents::PageCursor;
    /// assert_eq!(PageCursor::new("abc").as_str(), "abc");
    /// ```
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text.
    ///
    /// ```
    /// # use arbour::documents::PageCursor;
    /// assert_eq!(PageCursor::new("abc").as_str().len(), 3);
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
