//! A document store around a sound one.

use std::ops::ControlFlow;

use arbour::documents::layout::{
    CATALOG_TREE, documents_tree, feed_ack_tree, feed_tree, index_tree, unchecked_tree,
};
use arbour::documents::{
    Body, Collection, Declaration, DocumentStore as _, StoredCollection, from_json,
};
use arbour::key::Key as _;
use arbour::{Progress, Result};
use arbour_core::engine::TreeName;
use arbour_core::{KeyRange, KvStore, KvWrite as _};

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
        if fault == Some(DocFault::OpeningReadsAll) {
            collection.below.check_upgrade(self.store, &mut |_| ControlFlow::Continue(()))?;
        }
        if fault == Some(DocFault::OpeningUpgrades) {
            collection.below.finish_upgrade(self.store, &mut |_| ControlFlow::Continue(()))?;
        }
        if fault == Some(DocFault::OpeningRemovesForeign) {
            let undeclared = collection.below.undeclared_indexes(&self.store.snapshot()?)?;
            for index in undeclared {
                let name = &collection.declaration.name;
                self.store.drop_index(name, &index.name, |_| ControlFlow::Continue(()))?;
            }
        }
        Ok(collection)
    }

    fn collections(&self) -> Result<Vec<StoredCollection>> {
        let mut collections = self.store.collections()?;
        if self.fault == Some(DocFault::ListLacksFields) {
            collections.iter_mut().for_each(|collection| collection.fields.clear());
        }
        Ok(collections)
    }

    fn drop_collection(
        &self,
        name: &str,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        if self.fault == Some(DocFault::DropLeavesEntries) {
            self.forget(name, &[&documents_tree(name)])?;
            return Ok(true);
        }
        if self.fault == Some(DocFault::RecordDroppedFirst) {
            let trees = self.trees_of(name)?;
            self.forget(name, &[])?;
            self.forget(name, &trees.iter().map(String::as_str).collect::<Vec<_>>())?;
            return Ok(true);
        }
        let is_gone = self.store.drop_collection(name, progress)?;
        if !is_gone && self.fault == Some(DocFault::DroppingIsOpen) {
            self.forget(name, &[])?;
        }
        Ok(is_gone)
    }

    fn drop_index(
        &self,
        collection: &str,
        index: &str,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<bool> {
        match self.fault {
            Some(DocFault::DropIndexLeavesEntries) => {
                self.store.drop_index(collection, index, |progressed| {
                    let _ = progress(progressed);
                    ControlFlow::Break(())
                })?;
                Ok(true)
            }
            Some(DocFault::DroppedIsSearched) => {
                let name = index_tree(collection, index);
                let tree = self.store.open_tree(TreeName::stored(&name)?)?;
                self.store.write(|transaction| transaction.delete_range(&tree, KeyRange::all()))?;
                Ok(false)
            }
            _ => self.store.drop_index(collection, index, progress),
        }
    }
}

impl<S: KvStore> FaultyDocuments<'_, S> {
    /// Lists the trees of a collection.
    fn trees_of(&self, name: &str) -> Result<Vec<String>> {
        let collections = self.store.collections()?;
        let found = collections.iter().find(|found| found.name == name);
        let indexes = found.iter().flat_map(|found| &found.indexes);
        let indexes = indexes.map(|index| index_tree(name, &index.name));
        let others =
            [documents_tree(name), feed_tree(name), feed_ack_tree(name), unchecked_tree(name)];
        Ok(indexes.chain(others).collect())
    }

    /// Removes the record of a collection, and trees.
    fn forget(&self, name: &str, trees: &[&str]) -> Result<()> {
        let catalog = self.store.open_tree(TreeName::stored(CATALOG_TREE)?)?;
        let trees: Result<Vec<_>> =
            trees.iter().map(|tree| self.store.open_tree(TreeName::stored(tree)?)).collect();
        let trees = trees?;
        self.store.write(|transaction| {
            transaction.delete(&catalog, &("collection", name).to_key_bytes())?;
            trees.iter().try_for_each(|tree| transaction.delete_range(tree, KeyRange::all()))
        })
    }

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
