//! A collection of a faulty document store.

use std::ops::ControlFlow;

use arbour::documents::layout::{CATALOG_TREE, unchecked_tree};
use arbour::documents::{
    Body, Collection, Declaration, Index, IndexState, IndexStatus, ScrubReport,
};
use arbour::key::Key as _;
use arbour::{Progress, Result};
use arbour_core::engine::TreeName;
use arbour_core::{KeyRange, KvRead, KvStore, KvWrite, Tree};
use serde_json::{Map, Value};

use super::DocFault;
use super::memory::Memory;
use super::trees::{Trees, document_of, keys};

/// A collection of a [`FaultyDocuments`](super::FaultyDocuments).
///
/// ```
/// use arbour_conformance::documents::{DocFactory, TestCollection, TestDocuments};
/// use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory};
/// use arbour::documents::{Declaration, Field, Index};
/// use arbour_core::{KvStore, MemoryStore};
/// # let store = MemoryStore::new();
/// let documents = FaultyDocFactory::new(DocFault::DisableShrugs).documents(&store);
/// let notes = documents.collection(
///     Declaration::<serde_json::Value>::new("notes").field(Field::path("a")).index(Index::on("a")),
/// )?;
/// store.write(|transaction| notes.disable(transaction, "a"))?;
/// assert!(notes.indexes(&store.snapshot()?)?[0].state.is_complete());
/// # Ok::<(), arbour::Error>(())
/// ```
pub struct FaultyCollection<D> {
    pub(super) below: Collection<D>,
    /// What the caller declared.
    pub(super) declaration: Declaration<D>,
    pub(super) trees: Trees,
    /// The indexes of other programs that there were when it was opened.
    pub(super) foreign: Vec<String>,
    pub(super) fault: Option<DocFault>,
    pub(super) memory: &'static Memory,
}

impl<D: Body> FaultyCollection<D> {
    pub(super) fn has(&self, fault: DocFault) -> bool {
        self.fault == Some(fault)
    }

    /// Reports wrong states of the indexes.
    pub(super) fn told(&self, mut indexes: Vec<IndexStatus>) -> Vec<IndexStatus> {
        for index in &mut indexes {
            if self.has(DocFault::PendingIsReadable) && index.state == IndexState::UniquePending {
                index.state = IndexState::Readable;
            }
        }
        indexes
    }

    /// Hides the dangling entries that were found.
    pub(super) fn shown(&self, mut report: ScrubReport) -> ScrubReport {
        if self.has(DocFault::ScrubFindsNoDangling) {
            report.dangling.clear();
            report.dangling_count = 0;
        }
        report
    }

    /// Returns the indexes that are not complete, with their trees.
    fn incomplete<R: KvRead>(&self, reader: &R) -> Result<Vec<(&Index, &Tree)>> {
        let states = self.below.indexes(reader)?;
        let indexes = self.declaration.indexes.iter().zip(&self.trees.indexes);
        let with_states = indexes.zip(states).filter(|(_, status)| !status.state.is_complete());
        Ok(with_states.map(|(index, _)| index).collect())
    }

    /// Builds, and removes the entries of documents that were written during the build.
    pub(super) fn build_without_new<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<IndexStatus>> {
        let snapshot = store.snapshot()?;
        let old = keys(&snapshot, &self.trees.documents)?;
        let incomplete = self.incomplete(&snapshot)?;
        drop(snapshot);
        let indexes = self.below.build(store, progress)?;
        for (index, tree) in incomplete {
            let is_new = |entry: &&Vec<u8>| {
                document_of(index, entry).is_some_and(|document| !old.contains(&document))
            };
            let entries = keys(&store.snapshot()?, tree)?;
            remove(store, tree, entries.iter().filter(is_new))?;
        }
        Ok(indexes)
    }

    /// Changes what an upgrade relies on.
    pub(super) fn spoil_upgrade<S: KvStore>(&self, store: &S) -> Result<()> {
        let name = &self.declaration.name;
        if self.has(DocFault::WrittenUnchecked) {
            let tree = store.open_tree(TreeName::stored(&unchecked_tree(name))?)?;
            store.write(|transaction| transaction.delete_range(&tree, KeyRange::all()))?;
        }
        if !self.has(DocFault::SwitchedUnchecked) && !self.has(DocFault::HalfIsConverted) {
            return Ok(());
        }
        let (catalog, key) = (
            store.open_tree(TreeName::stored(CATALOG_TREE)?)?,
            ("collection", &**name).to_key_bytes(),
        );
        let version = self.declaration.format.schema;
        store.write(|transaction| {
            let stored = transaction.get_with(&catalog, &key, <[u8]>::to_vec)?;
            let Some((format, json)) = stored.as_deref().and_then(<[u8]>::split_first) else {
                return Ok(());
            };
            let Ok(mut record) = serde_json::from_slice::<Map<String, Value>>(json) else {
                return Ok(());
            };
            if self.has(DocFault::SwitchedUnchecked) {
                record.insert("schema".to_owned(), version.into());
            }
            let is_switched = record.get("schema") == Some(&version.into());
            if self.has(DocFault::HalfIsConverted) && is_switched {
                record.remove("upgrade");
            }
            let mut changed = vec![*format];
            changed.extend(Value::from(record).to_string().bytes());
            transaction.put(&catalog, &key, &changed)
        })
    }

    /// Builds, and removes the entries of an earlier build that ended early.
    pub(super) fn build_without_resumed<S: KvStore>(
        &self,
        store: &S,
        progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<Vec<IndexStatus>> {
        let name = &self.declaration.name;
        let snapshot = store.snapshot()?;
        let mut forgotten = Vec::new();
        // After a break, an error or a panic the note remains.
        if !self.memory.building.lock().insert(name.clone()) {
            for (_, tree) in self.incomplete(&snapshot)? {
                forgotten.push((tree, keys(&snapshot, tree)?));
            }
        }
        drop(snapshot);
        let indexes = self.below.build(store, progress)?;
        if indexes.iter().all(|index| index.state.is_complete()) {
            self.memory.building.lock().remove(name);
            for (tree, entries) in forgotten {
                remove(store, tree, entries.iter())?;
            }
        }
        Ok(indexes)
    }
}

fn remove<'e, S: KvStore>(
    store: &S,
    tree: &Tree,
    entries: impl Iterator<Item = &'e Vec<u8>>,
) -> Result<()> {
    let mut transaction = store.begin()?;
    for entry in entries {
        transaction.delete(tree, entry)?;
    }
    transaction.commit()
}
