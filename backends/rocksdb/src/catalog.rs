//! The names of trees and their numbers.
//!
//! A column family for each tree was measured and rejected: creating one writes and reads back the
//! options of all, which takes 30 ms for the first and twice that for the three-hundredth, and each
//! of them is flushed to files of its own.

use std::collections::{BTreeSet, HashMap};

use arbour_core::engine::keyspace::{CATALOG, TreeNumber, stored_key};
use arbour_core::engine::{TreeName, TreeRegistry};
use arbour_core::{Error, ErrorKind, Operation, Result, Tree};
use parking_lot::RwLock;
use rocksdb::WriteBatch;

use crate::cursor::EntryCursor;
use crate::database::Database;
use crate::error;

/// The trees of a store known so far: those in the database, and those resolved since.
///
/// A number is assigned when a name is first resolved, and entered in the database by each batch
/// that writes to the tree until one of them has succeeded. Concurrent batches may enter the same
/// tree twice, which does no harm.
pub(crate) struct Catalog {
    registry: TreeRegistry,
    trees: RwLock<Trees>,
    /// The trees that the database is known to contain.
    entered: RwLock<BTreeSet<TreeNumber>>,
}

struct Trees {
    by_name: HashMap<String, Tree>,
    next: TreeNumber,
}

impl Catalog {
    /// Reads the catalog of a database.
    pub(crate) fn read(database: &Database) -> Result<Self> {
        let registry = TreeRegistry::new();
        let mut trees = Trees { by_name: HashMap::new(), next: CATALOG + 1 };
        let mut entered = BTreeSet::new();
        let mut entries = EntryCursor::of_tree(database, CATALOG, Default::default());
        while let Some((name, number)) = entries.next(Operation::Open)? {
            let (name, number) = entry(name, number, Operation::Open)?;
            let tree = registry.numbered(TreeName::stored(name)?, number);
            entered.insert(number);
            trees.by_name.insert(name.to_owned(), tree);
            trees.next = trees.next.max(number.saturating_add(1));
        }
        Ok(Self { registry, trees: RwLock::new(trees), entered: RwLock::new(entered) })
    }

    /// Returns the handle of a name; the same one each time.
    pub(crate) fn resolve(&self, name: TreeName<'_>) -> Result<Tree> {
        if let Some(tree) = self.trees.read().by_name.get(name.as_str()) {
            return Ok(tree.clone());
        }
        let mut trees = self.trees.write();
        if let Some(tree) = trees.by_name.get(name.as_str()) {
            return Ok(tree.clone());
        }
        let number = trees.next;
        if number == TreeNumber::MAX {
            let message =
                format!("all {number} numbers for trees are used: copy the store to a new one");
            return Err(Error::new(ErrorKind::Engine, Operation::Tree, message));
        }
        trees.next += 1;
        let tree = self.registry.numbered(name, number);
        trees.by_name.insert(name.as_str().to_owned(), tree.clone());
        Ok(tree)
    }

    #[inline]
    pub(crate) fn owns(&self, tree: &Tree) -> bool {
        self.registry.owns(tree)
    }

    #[inline]
    pub(crate) fn check(&self, tree: &Tree, operation: Operation) -> Result<()> {
        self.registry.check(tree, operation)
    }

    /// Tells whether the database is known to contain a tree.
    pub(crate) fn is_entered(&self, tree: TreeNumber) -> bool {
        self.entered.read().contains(&tree)
    }

    /// Records that the database contains trees.
    pub(crate) fn note_entered(&self, trees: &[TreeNumber]) {
        if !trees.is_empty() {
            self.entered.write().extend(trees);
        }
    }

    /// Records that the database may no longer contain trees. No batch may be in progress.
    pub(crate) fn leave_out(&self, names: &[String]) {
        let (trees, mut entered) = (self.trees.read(), self.entered.write());
        for tree in names.iter().filter_map(|name| trees.by_name.get(name)) {
            entered.remove(&tree.number());
        }
    }
}

/// Enters a tree in the database, as part of a batch.
pub(crate) fn enter(tree: &Tree, writes: &mut WriteBatch) {
    writes.put(stored_key(CATALOG, tree.name().as_bytes()), tree.number().to_be_bytes());
}

/// Decodes an entry of the catalog: the name of a tree and its number.
pub(crate) fn entry<'e>(
    name: &'e [u8],
    number: &[u8],
    operation: Operation,
) -> Result<(&'e str, TreeNumber)> {
    let name = str::from_utf8(name).ok();
    let number = number.try_into().map(TreeNumber::from_be_bytes).ok();
    match (name, number.filter(|number| *number != CATALOG)) {
        (Some(name), Some(number)) => Ok((name, number)),
        _ => Err(error::corrupted(operation, "the list of the trees is damaged")),
    }
}
