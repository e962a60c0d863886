//! A document store around a sound one.

use arbour_core::KvStore as _;
use arbour_core::documents::{
    Declaration, DocCollection as _, DocRead as _, DocResult, DocStore, DocWrite as _, Document,
    from_json,
};

use super::memory::Memory;
use super::trees::Trees;
use super::{DocFault, FaultyCollection, declaration};

/// A document store that is wrong in one way, around a sound one.
///
/// ```
/// use arbour::documents::Documents;
/// use arbour_conformance::documents::DocFactory;
/// use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory, FaultyDocuments};
/// use arbour_core::MemoryStore;
/// let store = MemoryStore::new();
/// let documents: FaultyDocuments<Documents<'_, MemoryStore>> =
///     FaultyDocFactory::new(DocFault::TotalIsOfPage).documents(&store);
/// # let _ = documents;
/// ```
pub struct FaultyDocuments<B> {
    pub(super) below: B,
    pub(super) fault: Option<DocFault>,
    pub(super) memory: &'static Memory,
}

impl<B: DocStore> DocStore for FaultyDocuments<B> {
    type Store = B::Store;
    type Collection<D: Document> = FaultyCollection<D, B::Collection<D>>;

    fn store(&self) -> &B::Store {
        self.below.store()
    }

    fn declare<D: Document>(&self, declaration: Declaration<D>) -> DocResult<Self::Collection<D>> {
        let mut bent = declaration::copy(&declaration);
        if let Some(fault) = self.fault {
            declaration::bend(fault, &mut bent);
            if fault == DocFault::NewFieldIsNull {
                declaration::forget_new_fields(self.memory, self.below.store(), &mut bent)?;
            }
        }
        let below = self.below.declare(bent)?;
        let trees = Trees::open(self.below.store(), &declaration)?;
        let (fault, memory) = (self.fault, self.memory);
        let collection = FaultyCollection { below, declaration, trees, fault, memory };
        if fault == Some(DocFault::RollbackIsRedone) {
            self.redo(&collection)?;
        }
        Ok(collection)
    }
}

impl<B: DocStore> FaultyDocuments<B> {
    /// Writes the remembered documents that are absent.
    fn redo<D: Document>(
        &self,
        collection: &FaultyCollection<D, B::Collection<D>>,
    ) -> DocResult<()> {
        let written = self.memory.documents.lock().clone();
        let collection_name = &collection.declaration.name;
        self.store().write(|transaction| {
            for ((name, id), json) in &written {
                if name == collection_name && collection.reader(transaction).get(id)?.is_none() {
                    let body = from_json(name, json.clone())?;
                    collection.below.writer(transaction)?.set(&body)?;
                }
            }
            Ok(())
        })
    }
}
