//! Queries and their result pages.

use std::fmt;

use arbour_core::{Direction, Error};

use super::Filter;

/// What a [`Selection`](super::Selection) asks for. The documents with equal values in the fields of the
/// sort are in the order of their ids, in the direction of the last field.
pub(super) struct Query<D> {
    pub(super) filter: Filter<D>,
    pub(super) sort: Vec<(String, Direction)>,
    /// Whether the most relevant documents come first, instead of a sort by fields.
    pub(super) relevance: bool,
    pub(super) limit: Option<usize>,
    /// How many documents to skip, counted from the cursor if there is one.
    pub(super) offset: usize,
    pub(super) cursor: Option<String>,
    pub(super) total: bool,
    pub(super) index_required: bool,
    pub(super) lenient: bool,
}

impl<D> Query<D> {
    /// Asks for all documents that match a filter, in the order of their ids.
    pub(super) fn new(filter: Filter<D>) -> Self {
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

    pub(super) fn limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
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

/// What cursors are bound to: a change of this text makes the cursors of earlier versions invalid.
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
/// Its cursors are texts, which can be sent to a client and back to [`at`](super::Selection::at). A
/// cursor refers to the document at which it was made, not to an offset, so inserts and removals do not
/// make a page skip or repeat other documents. It is bound to the query (its filter and sort), the
/// collection and the store. It is authenticated with a key of the store, so clients cannot change
/// it.
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
    pub next: Option<String>,
    /// Where the previous page ends; `None` if there is nothing before this one.
    pub previous: Option<String>,
    /// How many documents match the filter, if requested.
    pub total: Option<u64>,
    /// The errors of documents that cannot be decoded, if the query is [lenient](super::Selection::lenient).
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
