//! An engine through its own API, as a program that maintains documents and indexes itself would
//! use it, and the entries that a layer stores.

use arbour_core::engine::TreeName;
use arbour_core::{Cursor as _, Direction, KeyRange, KvRead as _, KvStore, Result};

/// A key and its value.
pub(crate) type KeyValue = (Vec<u8>, Vec<u8>);

/// The entries of one document: its own, then one in each index that contains it.
pub(crate) type Record = Vec<Option<KeyValue>>;

/// A table of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Documents,
    FirstIndex,
    SecondIndex,
    ThirdIndex,
}

impl Table {
    pub(crate) const ALL: [Self; 4] =
        [Self::Documents, Self::FirstIndex, Self::SecondIndex, Self::ThirdIndex];

    /// Returns the tables in which records have entries.
    pub(crate) fn of(records: &[Record]) -> impl Iterator<Item = Self> {
        let count = records.iter().map(Vec::len).max().unwrap_or_default();
        Self::ALL.into_iter().take(count)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Documents => "documents",
            Self::FirstIndex => "first_index",
            Self::SecondIndex => "second_index",
            Self::ThirdIndex => "third_index",
        }
    }
}

/// A raw engine with a table for the documents and one for each index, keys of any length.
pub(crate) trait Tables {
    /// Stores records in one transaction that survives power loss, in their order: a document, then
    /// its entries in indexes.
    fn put_records(&self, records: &[Record]) -> Result<()>;

    /// Reads keys of a table in one snapshot, one after another, passes each borrowed value to a
    /// closure, and returns the sum of the results.
    fn get_from(
        &self,
        table: Table,
        keys: &[Vec<u8>],
        look: impl FnMut(&[u8]) -> u64,
    ) -> Result<u64>;

    /// Reads all of a table in one snapshot, in the order of the keys, passes each borrowed entry
    /// to a closure, and returns the sum of the results.
    fn scan_of(&self, table: Table, look: impl FnMut(&[u8], &[u8]) -> u64) -> Result<u64>;
}

/// Reads all entries of a tree that a layer keeps for itself.
pub(crate) fn entries<S: KvStore>(store: &S, tree: &str) -> Result<Vec<KeyValue>> {
    let tree = store.open_tree(TreeName::layer(tree)?)?;
    let snapshot = store.snapshot()?;
    let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
    let mut entries = Vec::new();
    while let Some((key, value)) = cursor.next()? {
        entries.push((key.to_vec(), value.to_vec()));
    }
    Ok(entries)
}
