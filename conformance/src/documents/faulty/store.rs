//! A document store around a sound one.

use std::ops::ControlFlow;

use arbour::documents::layout::{
    CATALOG_TREE, documents_tree, feed_ack_tree, feed_tree, index_tree, unchecked_tree,
};
use arbour::documents::{
    Body, Collection, Declaration, DocError, DocumentStore as _, StoredCollection, from_json,
    set_at,
};
use arbour::key::Key as _;
use arbour::{Progress, Result};
use arbour_core::engine::TreeName;
use arbour_core::{KeyRange, KvRead as _, KvStore, KvWrite as _};
use serde_json::{Value, from_slice};

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
        self.bar(&declaration)?;
        let below = Collection::declare(self.store, bent)?;
        let mut foreign = Vec::new();
        if self.fault.is_some() {
            let undeclared = below.undeclared_indexes(&self.store.snapshot()?)?;
            foreign.extend(undeclared.into_iter().map(|index| index.name));
        }
        let trees = Trees::open(self.store, &declaration)?;
        let (fault, memory) = (self.fault, self.memory);
        let collection = FaultyCollection { below, declaration, trees, foreign, fault, memory };
        if fault == Some(DocFault::RollbackIsRedone) {
            self.redo(&collection)?;
        }
        if fault == Some(DocFault::OpeningReadsAll) {
            collection.below.check_upgrade(self.store, &mut |_| ControlFlow::Continue(()))?;
        }
        if fault == Some(DocFault::OpeningUpgrades) {
            collection.below.finish_upgrade(self.store, &mut |_| ControlFlow::Continue(()))?;
        }
        self.remove_foreign(&collection)?;
        self.distort_builds(&collection.declaration.name)?;
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

    /// Refuses an earlier program if an upgrade was begun.
    fn bar<D: Body>(&self, declaration: &Declaration<D>) -> Result<()> {
        if self.fault != Some(DocFault::BegunUpgradeBars) {
            return Ok(());
        }
        let collections = self.store.collections()?;
        let found = collections.iter().find(|found| found.name == declaration.name);
        let known = declaration.format.schema;
        match found.and_then(|found| found.upgrading_to) {
            Some(stored) if stored > known => {
                let collection = declaration.name.clone();
                Err(DocError::Upgraded { collection, stored, known }.into())
            }
            _ => Ok(()),
        }
    }

    /// Removes indexes of other programs.
    fn remove_foreign<D: Body>(&self, collection: &FaultyCollection<D>) -> Result<()> {
        let declared = &collection.declaration;
        for name in &collection.foreign {
            let is_changed = || declared.indexes.iter().any(|index| name.starts_with(&index.name));
            let is_removed = match self.fault {
                Some(DocFault::OpeningRemovesForeign) => true,
                Some(DocFault::ChangedIndexReplaces) => is_changed(),
                _ => false,
            };
            if is_removed {
                self.store.drop_index(&declared.name, name, |_| ControlFlow::Continue(()))?;
            }
        }
        Ok(())
    }

    /// Records wrong progress of the indexes that are not built.
    fn distort_builds(&self, collection: &str) -> Result<()> {
        let distort: fn(&mut Value) = match self.fault {
            Some(DocFault::KilledBuildIsSearched) => |index| {
                if index.pointer("/build/done").is_some_and(|done| *done != 0) {
                    set_at(index, &["state".to_owned()], "Readable".into());
                }
            },
            Some(DocFault::ReopenedKeepsDropped) => |index| {
                let path = ["build", "is_cleared"].map(str::to_owned);
                set_at(index, &path, true.into());
            },
            Some(DocFault::LimitUnnoticed) => |index| {
                let fingerprint = index.get("fingerprint").and_then(Value::as_str);
                let limited = fingerprint.and_then(|text| text.split_once(" keys "));
                let Some((options, rest)) = limited else { return };
                let parts = rest.split_once(';').map_or("", |(_, parts)| parts);
                let fingerprint = format!("{options};{parts}");
                set_at(index, &["fingerprint".to_owned()], fingerprint.into());
                set_at(index, &["state".to_owned()], "Readable".into());
            },
            _ => return Ok(()),
        };
        let catalog = self.store.open_tree(TreeName::stored(CATALOG_TREE)?)?;
        let key = ("collection", collection).to_key_bytes();
        self.store.write(|transaction| {
            let record = transaction.get_with(&catalog, &key, <[u8]>::to_vec)?.unwrap_or_default();
            let Some((format, json)) = record.split_first() else { return Ok(()) };
            let mut json: Value = from_slice(json).expect("the record is JSON");
            let indexes = json.get_mut("indexes").and_then(Value::as_array_mut);
            indexes.into_iter().flatten().for_each(distort);
            set_at(&mut json, &["dropped".to_owned()], Value::Array(Vec::new()));
            transaction.put(&catalog, &key, &[&[*format], json.to_string().as_bytes()].concat())
        })
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
