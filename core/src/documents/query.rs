//! A search, and the page it answers with.

use std::fmt;

use super::{DocError, Filter, Stored};
use crate::Direction;

/// A search: which documents, in which order, how many.
///
/// Documents come in the order of the fields sorted by, null first, and those alike in these in the
/// order of their ids, in the direction of the last field. Without a field to sort by they come in the
/// order of their ids.
///
/// ```
/// use arbour_core::documents::{Filter, Query};
/// let query = Query::<serde_json::Value>::new(Filter::eq("section", "net"))
///     .descending("size")
///     .limit(10);
/// assert_eq!(query.limit, Some(10));
/// ```
#[non_exhaustive]
pub struct Query<D> {
    /// Which documents.
    pub filter: Filter<D>,
    /// What they are sorted by.
    pub sort: Vec<(String, Direction)>,
    /// How many at most; `None` for all.
    pub limit: Option<usize>,
    /// How many of the first are left out. It counts from the cursor, if there is one.
    pub offset: usize,
    /// Where to go on.
    pub cursor: Option<PageCursor>,
    /// Whether to count all documents the filter means.
    pub total: bool,
    /// Whether to refuse rather than read every document.
    pub index_required: bool,
    /// Whether documents that cannot be read are left out, and listed in the page.
    pub lenient: bool,
}

impl<D> Query<D> {
    /// Searches all documents that a filter means, in the order of their ids.
    ///
    /// ```
    /// # use arbour_core::documents::{Filter, Query};
    /// let all = Query::<serde_json::Value>::new(Filter::All);
    /// assert!(all.sort.is_empty());
    /// ```
    #[must_use]
    pub fn new(filter: Filter<D>) -> Self {
        Self {
            filter,
            sort: Vec::new(),
            limit: None,
            offset: 0,
            cursor: None,
            total: false,
            index_required: false,
            lenient: false,
        }
    }

    /// Sorts by a field, those alike in the fields before it.
    ///
    /// ```
    /// # use arbour_core::documents::{Filter, Query};
    /// let query = Query::<serde_json::Value>::new(Filter::All).ascending("name");
    /// assert_eq!(query.sort.len(), 1);
    /// ```
    #[must_use]
    pub fn ascending(mut self, field: &str) -> Self {
        self.sort.push((field.to_owned(), Direction::Forward));
        self
    }

    /// Sorts by a field, the greatest first.
    ///
    /// ```
    /// # use arbour_core::documents::{Filter, Query};
    /// let query = Query::<serde_json::Value>::new(Filter::All).descending("size");
    /// assert_eq!(query.sort[0].0, "size");
    /// ```
    #[must_use]
    pub fn descending(mut self, field: &str) -> Self {
        self.sort.push((field.to_owned(), Direction::Reverse));
        self
    }

    /// Answers with at most so many documents.
    ///
    /// ```
    /// # use arbour_core::documents::{Filter, Query};
    /// assert_eq!(Query::<()>::new(Filter::All).limit(3).limit, Some(3));
    /// ```
    #[must_use]
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Leaves out so many documents at the beginning. A cursor is quicker, and misses none that were
    /// not there when the page before was read.
    ///
    /// ```
    /// # use arbour_core::documents::{Filter, Query};
    /// assert_eq!(Query::<()>::new(Filter::All).offset(3).offset, 3);
    /// ```
    #[must_use]
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Goes on where a page of the same query ended or began.
    ///
    /// ```
    /// # use arbour_core::documents::{Filter, PageCursor, Query};
    /// let query = Query::<()>::new(Filter::All).at(PageCursor::new("text from a page"));
    /// assert!(query.cursor.is_some());
    /// ```
    #[must_use]
    pub fn at(mut self, cursor: PageCursor) -> Self {
        self.cursor = Some(cursor);
        self
    }

    /// Counts all documents the filter means, which takes reading them or their index.
    ///
    /// ```
    /// # use arbour_core::documents::{Filter, Query};
    /// assert!(Query::<()>::new(Filter::All).with_total().total);
    /// ```
    #[must_use]
    pub fn with_total(mut self) -> Self {
        self.total = true;
        self
    }

    /// Refuses the query rather than reading every document for it.
    ///
    /// ```
    /// # use arbour_core::documents::{Filter, Query};
    /// assert!(Query::<()>::new(Filter::All).require_index().index_required);
    /// ```
    #[must_use]
    pub fn require_index(mut self) -> Self {
        self.index_required = true;
        self
    }

    /// Leaves out documents that cannot be read, and lists what is wrong with them, where the query
    /// would fail else.
    ///
    /// ```
    /// # use arbour_core::documents::{Filter, Query};
    /// assert!(Query::<()>::new(Filter::All).lenient().lenient);
    /// ```
    #[must_use]
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
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
        Ok(())
    }
}

/// What a search found.
///
/// ```
/// use arbour_core::documents::Page;
/// let page = Page::<u32>::default();
/// assert!(page.items.is_empty() && page.next.is_none());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page<D> {
    /// The documents, in the order asked for, also where the page was reached backwards.
    pub items: Vec<Stored<D>>,
    /// Where the next page begins; `None` if there is nothing behind this one.
    pub next: Option<PageCursor>,
    /// Where the page before ends; `None` if there is nothing before this one.
    pub previous: Option<PageCursor>,
    /// How many documents the filter means, if that was asked for.
    pub total: Option<u64>,
    /// The documents that cannot be read, if the query is [lenient](Query::lenient).
    pub unreadable: Vec<DocError>,
}

impl<D> Default for Page<D> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None, previous: None, total: None, unreadable: Vec::new() }
    }
}

/// A place between two documents of a query: a text that can be sent to somebody and comes back.
///
/// It stands for the document it was made at, not for a number of documents: what is inserted or
/// removed meanwhile makes no page lose or repeat others. It is bound to the query (its filter and
/// its sort), the collection and the store, and changed by nobody else: it carries a code of the store
/// over itself.
///
/// ```
/// use arbour_core::documents::PageCursor;
/// assert_eq!(PageCursor::new("abc").to_string(), "abc");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageCursor(String);

impl PageCursor {
    /// Takes a text that a page gave out. Whether it is one is found out by the search.
    ///
    /// ```
    /// # use arbour_core::documents::PageCursor;
    /// assert_eq!(PageCursor::new("abc").as_str(), "abc");
    /// ```
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the text.
    ///
    /// ```
    /// # use arbour_core::documents::PageCursor;
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
