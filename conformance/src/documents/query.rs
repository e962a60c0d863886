//! What a case asks of a document store.

use std::fmt;

use arbour::documents::{Body, Collection, Filter, Selection};
use arbour_core::Direction;

/// A query as plain data, so that a [faulty](crate::documents::faulty) store can answer another one. Its
/// fields and methods are what the methods of [`Selection`] of these names set.
///
/// ```
/// use arbour::documents::Filter;
/// use arbour_conformance::documents::Query;
/// let query = Query::<serde_json::Value>::new(Filter::eq("section", "net")).descending("size");
/// assert_eq!(query.sort[0].0, "size");
/// ```
#[allow(missing_docs, reason = "the fields and methods are those of Selection")]
pub struct Query<D> {
    pub filter: Filter<D>,
    pub sort: Vec<(String, Direction)>,
    pub relevance: bool,
    pub limit: Option<usize>,
    pub offset: usize,
    pub cursor: Option<String>,
    pub total: bool,
    pub index_required: bool,
    pub lenient: bool,
}

#[allow(missing_docs, reason = "the fields and methods are those of Selection")]
impl<D> Query<D> {
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

    #[must_use]
    pub fn ascending(mut self, field: &str) -> Self {
        self.sort.push((field.to_owned(), Direction::Forward));
        self
    }

    #[must_use]
    pub fn descending(mut self, field: &str) -> Self {
        self.sort.push((field.to_owned(), Direction::Reverse));
        self
    }

    #[must_use]
    pub fn by_relevance(self) -> Self {
        Self { relevance: true, ..self }
    }

    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit: Some(limit), ..self }
    }

    #[must_use]
    pub fn offset(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    #[must_use]
    pub fn at(self, cursor: impl Into<String>) -> Self {
        Self { cursor: Some(cursor.into()), ..self }
    }

    #[must_use]
    pub fn with_total(self) -> Self {
        Self { total: true, ..self }
    }

    #[must_use]
    pub fn require_index(self) -> Self {
        Self { index_required: true, ..self }
    }

    #[must_use]
    pub fn lenient(self) -> Self {
        Self { lenient: true, ..self }
    }
}

impl<D: Body> Query<D> {
    /// Asks Arbour's own collection.
    pub(super) fn of(&self, collection: &Collection<D>) -> Selection<D> {
        let mut selection = collection.find(self.filter.clone()).offset(self.offset);
        for (field, direction) in &self.sort {
            selection = match direction {
                Direction::Forward => selection.ascending(field),
                Direction::Reverse => selection.descending(field),
            };
        }
        if let Some(limit) = self.limit {
            selection = selection.limit(limit);
        }
        if let Some(cursor) = &self.cursor {
            selection = selection.at(cursor);
        }
        for (is_asked, ask) in [
            (self.relevance, Selection::by_relevance as fn(_) -> _),
            (self.total, Selection::with_total),
            (self.index_required, Selection::require_index),
            (self.lenient, Selection::lenient),
        ] {
            if is_asked {
                selection = ask(selection);
            }
        }
        selection
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
        f.debug_struct("Query")
            .field("filter", &self.filter)
            .field("sort", &self.sort)
            .field("relevance", &self.relevance)
            .field("limit", &self.limit)
            .field("offset", &self.offset)
            .field("cursor", &self.cursor)
            .finish_non_exhaustive()
    }
}
