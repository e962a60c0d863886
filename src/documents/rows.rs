//! Reading the documents found by a plan.

use std::collections::HashSet;
use std::ops::{Bound, ControlFlow};

use arbour_core::{Cursor as _, Direction, KeyRange, KvRead};

use super::collection::Collection;
use super::condition::Span;
use super::entries::id_key;
use super::find::{Find, IndexRead};
use super::{DocError, DocResult, Document, Stored};

/// A found document before it is decoded: its key, and where it was found.
pub(super) struct Found<'f> {
    pub(super) id_key: &'f [u8],
    /// The number of the index, and the entry in it.
    pub(super) entry: Option<(usize, &'f [u8])>,
    /// The stored document, if the scan has passed it.
    value: Option<&'f [u8]>,
}

/// Finds documents through a snapshot or a transaction.
pub(super) struct Rows<'r, R: KvRead, D> {
    pub(super) collection: &'r Collection<D>,
    pub(super) reader: &'r R,
}

impl<R: KvRead, D> Clone for Rows<'_, R, D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R: KvRead, D> Copy for Rows<'_, R, D> {}

/// The result of a visitor: whether to continue.
pub(super) type Visited = DocResult<ControlFlow<()>>;

impl<'r, R: KvRead, D: Document> Rows<'r, R, D> {
    /// Visits what a way finds, in its order, each document once.
    pub(super) fn find(self, find: &Find, visit: &mut dyn FnMut(&Found<'_>) -> Visited) -> Visited {
        match find {
            Find::Nothing => Ok(ControlFlow::Continue(())),
            Find::Keys(keys) => {
                for key in keys {
                    let documents = &self.collection.trees.documents;
                    let visited = self.reader.get_with(documents, key, |value| {
                        visit(&Found { id_key: key, entry: None, value: Some(value) })
                    })?;
                    if visited.transpose()?.is_some_and(|flow| flow.is_break()) {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
            Find::Documents { span, direction } => self.in_documents(span, *direction, visit),
            Find::Index(read) if read.repeats => self.in_index(read, &mut once(visit)),
            Find::Index(read) => self.in_index(read, visit),
            Find::Union(parts) => {
                let mut visit = once(visit);
                for part in parts {
                    let flow = self.find(part, &mut visit)?;
                    if flow.is_break() {
                        return Ok(flow);
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    fn in_documents(
        self,
        span: &Span,
        direction: Direction,
        visit: &mut dyn FnMut(&Found<'_>) -> Visited,
    ) -> Visited {
        let tree = &self.collection.trees.documents;
        let mut cursor = self.reader.scan(tree, range(span), direction)?;
        while let Some((key, value)) = cursor.next()? {
            let found = Found { id_key: key, entry: None, value: Some(value) };
            if visit(&found)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn in_index(self, read: &IndexRead, visit: &mut dyn FnMut(&Found<'_>) -> Visited) -> Visited {
        let Some(tree) = self.collection.trees.indexes.get(read.index) else {
            return Ok(ControlFlow::Continue(()));
        };
        let id_direction = self.collection.id_direction(read.index);
        for span in &read.spans {
            let mut cursor = self.reader.scan(tree, range(span), read.direction)?;
            while let Some((entry, _)) = cursor.next()? {
                let id_key = id_key(entry, id_direction).map_err(|cause| {
                    let definition = &self.collection.definition;
                    let name = arbour_core::Tree::name(tree);
                    super::entries::undecodable(definition, name, entry, cause)
                })?;
                let found =
                    Found { id_key: &id_key, entry: Some((read.index, entry)), value: None };
                if visit(&found)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Counts what a way finds, up to a limit, without reading documents. A document that is found
    /// several times counts several times.
    pub(super) fn count(self, find: &Find, limit: u64) -> DocResult<u64> {
        let mut count = 0;
        let mut visit = |_: &Found<'_>| {
            count += 1;
            Ok(if count < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        };
        self.entries(find, &mut visit).map(drop)?;
        Ok(count)
    }

    /// Visits what a way finds, entry by entry: a document with several entries in an index is
    /// visited several times.
    pub(super) fn entries(
        self,
        find: &Find,
        visit: &mut dyn FnMut(&Found<'_>) -> Visited,
    ) -> Visited {
        match find {
            Find::Index(read) => self.in_index(read, visit),
            find => self.find(find, visit),
        }
    }

    /// Reads a document that was found.
    ///
    /// # Errors
    /// [`Dangling`](DocError::Dangling) if an index points to a document that does not exist.
    pub(super) fn read(self, found: &Found<'_>) -> DocResult<Stored<D>> {
        if let Some(value) = found.value {
            return self.collection.decode(found.id_key, value);
        }
        match (self.collection.get_at(self.reader, found.id_key)?, found.entry) {
            (Some(stored), _) => Ok(stored),
            (None, entry) => Err(DocError::Dangling {
                collection: self.collection.definition.name().to_owned(),
                index: entry
                    .and_then(|(index, _)| self.collection.definition.indexes.get(index))
                    .map_or_else(String::new, |index| index.name.clone()),
                id: self.collection.id_at(found.id_key)?,
            }),
        }
    }
}

/// Wraps a visitor so that it visits each document once.
fn once(visit: &mut dyn FnMut(&Found<'_>) -> Visited) -> impl FnMut(&Found<'_>) -> Visited {
    let mut seen = HashSet::new();
    move |found| {
        if seen.insert(found.id_key.to_vec()) {
            visit(found)
        } else {
            Ok(ControlFlow::Continue(()))
        }
    }
}

/// Returns the keys of a span.
pub(super) fn range(span: &Span) -> KeyRange<'_> {
    let end = span.end.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
    KeyRange::from_bounds(Bound::Included(&span.start), end)
}
