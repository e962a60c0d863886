//! A document store around a sound one.

use arbour::Result;
use arbour::documents::{Body, Collection, Declaration, from_json};
use arbour_core::KvStore;

use super::memory::Memory;
use super::trees::Trees;
use super::{DocFault, FaultyCollection, declaration};
use crate::documents::TestDocuments;

/// A document store that is wrong in one way, around a sound one.
///
/// ```
/// use arbour_conformance::documents::DocFactory;
/// use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory, FaultyDocuments};
/// use arbour_core::MemoryStore;
/// let store = MemoryStore::new();
/// let documents: FaultyDocuments<'_, MemoryStore> =
///     FaultyDocFactory::new(DocFault::TotalIsOfPage).documents(&store);
/// # let _ = documents;
/// ```
pub struct FaultyDocuments<'s, S> {
    pub(super) store: &'s S,
    pub(super) fault: Option<DocFault>,
    pub(super) memory: &'static Memory,
}

impl<S: KvStore> TestDocuments for FaultyDocuments<'_, S> {
    type Store = S;
    type Collection<D: Body> = FaultyCollection<D>;

    fn store(&self) -> &S {
        self.store
    }

    fn declare<D: Body>(&self, declaration: Declaration<D>) -> Result<FaultyCollection<D>> {
        let mut bent = declaration::copy(&declaration);
        if let Some(fault) = self.fault {
            declaration::bend(fault, &mut bent);
            if fault == DocFault::NewFieldIsNull {
                declaration::forget_new_fields(self.memory, self.store, &mut bent)?;
            }
        }
        let below = Collection::declare(self.store, bent)?;
        let trees = Trees::open(self.store, &declaration)?;
        let (fault, memory) = (self.fault, self.memory);
        let collection = FaultyCollection { below, declaration, trees, fault, memory };
        if fault == Some(DocFault::RollbackIsRedone) {
            self.redo(&collection)?;
        }
        Ok(collection)
    }
}

impl<S: KvStore> FaultyDocuments<'_, S> {
    /// Writes the remembered documents that are absent.
    fn redo<D: Body>(&self, collection: &FaultyCollection<D>) -> Result<()> {
        let written = self.memory.documents.lock().clone();
        let collection_name = &collection.declaration.name;
        self.store.write(|transaction| {
            for ((name, id), json) in &written {
                if name == collection_name && collection.below.get(transaction, id)?.is_none() {
                    collection.below.put(transaction, from_json(name, json.clone())?)?;
                }
            }
            Ok(())
        })
    }
}
