//! A cache of documents.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use super::{DocId, DocRead, DocResult, Document, Stored};

/// Reads each document once: for work that follows many references to few documents.
///
/// It belongs to one reader, and therefore to one state of the store. Its entries cannot become
/// stale: a snapshot never changes, and a transaction cannot write while it is borrowed for
/// reading.
///
/// ```
/// use arbour_core::documents::{DocCache, DocRead, DocResult};
/// use serde_json::Value;
///
/// fn mothers(people: &impl DocRead<Value>, names: &[&str]) -> DocResult<usize> {
///     let cache = DocCache::new(people);
///     let mut count = 0;
///     for name in names {
///         let Some(person) = cache.get(*name)? else { continue };
///         let mother = person.body["mother"].as_str().unwrap_or_default();
///         count += usize::from(!mother.is_empty() && cache.get(mother)?.is_some());
///     }
///     Ok(count)
/// }
/// ```
pub struct DocCache<'r, R, D> {
    reader: &'r R,
    read: RefCell<HashMap<DocId<'static>, Option<Rc<Stored<D>>>>>,
}

impl<'r, R: DocRead<D>, D: Document> DocCache<'r, R, D> {
    /// Creates an empty cache over a reader.
    ///
    /// ```
    /// # use arbour_core::documents::{DocCache, DocRead, Document};
    /// fn is_empty<D: Document>(reader: &impl DocRead<D>) -> bool {
    ///     DocCache::new(reader).is_empty()
    /// }
    /// ```
    #[must_use]
    pub fn new(reader: &'r R) -> Self {
        Self { reader, read: RefCell::default() }
    }

    /// Returns a document, from memory if it was requested before. Absent documents are remembered
    /// too.
    ///
    /// # Errors
    /// As [`DocRead::get`]; an error is not remembered.
    ///
    /// ```
    /// # use arbour_core::documents::{DocCache, DocRead, DocResult, Document};
    /// fn is_same<D: Document>(cache: &DocCache<'_, impl DocRead<D>, D>) -> DocResult<bool> {
    ///     let (first, second) = (cache.get("ada")?, cache.get("ada")?);
    ///     Ok(first.zip(second).is_none_or(|(first, second)| std::rc::Rc::ptr_eq(&first, &second)))
    /// }
    /// ```
    pub fn get<'i>(&self, id: impl Into<DocId<'i>>) -> DocResult<Option<Rc<Stored<D>>>> {
        let id = id.into().into_owned();
        if let Some(read) = self.read.borrow().get(&id) {
            return Ok(read.clone());
        }
        let read = self.reader.get(&id)?.map(Rc::new);
        self.read.borrow_mut().insert(id, read.clone());
        Ok(read)
    }

    /// Returns how many ids were requested.
    ///
    /// ```
    /// # use arbour_core::documents::{DocCache, DocRead, Document};
    /// fn count<D: Document>(cache: &DocCache<'_, impl DocRead<D>, D>) -> usize {
    ///     cache.len()
    /// }
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.read.borrow().len()
    }

    /// Tells whether nothing was requested yet.
    ///
    /// ```
    /// # use arbour_core::documents::{DocCache, DocRead, Document};
    /// fn is_fresh<D: Document>(cache: &DocCache<'_, impl DocRead<D>, D>) -> bool {
    ///     cache.is_empty()
    /// }
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read.borrow().is_empty()
    }
}
