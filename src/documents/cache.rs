//! A cache of documents.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use arbour_core::{KvRead, Result};

use super::collection::Collection;
use super::{Body, DocId};

/// Reads each document of a collection once: for work that follows many references to few documents.
///
/// It belongs to one snapshot or transaction. Its entries cannot become stale: a snapshot never
/// changes, and a transaction cannot write while it is borrowed for reading.
///
/// ```
/// use arbour::KvStore;
/// use arbour::documents::{Collection, Declaration, DocCache};
/// use serde_json::{Value, json};
/// let store = arbour::MemoryStore::new();
/// let people = Collection::open(&store, Declaration::<Value>::new("people"))?;
/// store.write(|transaction| {
///     people.insert(transaction, json!({"id": "ada", "mother": "annabella"}))?;
///     people.insert(transaction, json!({"id": "byron", "sister": "ada"}))
/// })?;
/// let snapshot = store.snapshot()?;
/// let cache = DocCache::new(&people, &snapshot);
/// for name in ["byron", "ada", "byron"] {
///     assert!(cache.get(name)?.is_some());
/// }
/// assert_eq!(cache.len(), 2);
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct DocCache<'r, R, D> {
    collection: &'r Collection<D>,
    reader: &'r R,
    read: RefCell<HashMap<DocId<'static>, Option<Rc<D>>>>,
}

impl<'r, R: KvRead, D: Body> DocCache<'r, R, D> {
    /// Creates an empty cache of a collection in a snapshot or transaction.
    #[must_use]
    pub fn new(collection: &'r Collection<D>, reader: &'r R) -> Self {
        Self { collection, reader, read: RefCell::default() }
    }

    /// Returns a document, from memory if it was requested before. Absent documents are remembered
    /// too.
    ///
    /// # Errors
    /// As [`Collection::get`]; an error is not remembered.
    pub fn get<'i>(&self, id: impl Into<DocId<'i>>) -> Result<Option<Rc<D>>> {
        let id = id.into().into_owned();
        if let Some(read) = self.read.borrow().get(&id) {
            return Ok(read.clone());
        }
        let read = self.collection.get(self.reader, &id)?.map(Rc::new);
        self.read.borrow_mut().insert(id, read.clone());
        Ok(read)
    }

    /// Returns how many ids were requested.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read.borrow().len()
    }

    /// Tells whether nothing was requested yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.read.borrow().is_empty()
    }
}
