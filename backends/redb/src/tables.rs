//! The tables that a transaction has opened, so that each is opened once.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use arbour_core::{Operation, Result, Tree};
use redb::{
    ReadOnlyTable, ReadTransaction, ReadableTableMetadata as _, StorageError, Table,
    TableDefinition, TableError, TableHandle as _, WriteTransaction,
};

use crate::catch_panic::PanicSafe;
use crate::error;

pub(crate) type Bytes = &'static [u8];

pub(crate) fn definition(name: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(name)
}

type ReadTable = PanicSafe<ReadOnlyTable<Bytes, Bytes>>;

/// A read transaction and the tables it has opened, by the number of their tree. It is a map
/// because numbers grow with all trees ever resolved, while a snapshot opens few of them.
pub(crate) struct ReadTables {
    tables: RefCell<BTreeMap<u32, Option<ReadTable>>>,
    /// Dropped after its tables.
    transaction: PanicSafe<ReadTransaction>,
}

impl ReadTables {
    pub(crate) fn new(transaction: PanicSafe<ReadTransaction>) -> Self {
        Self { tables: RefCell::default(), transaction }
    }

    /// Calls `read` with the table of a tree; returns `None` if there is no table. redb creates a
    /// table when it is first written, and reading it before is an error there but an empty tree
    /// here.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        tree: &Tree,
        operation: Operation,
        read: impl FnOnce(&ReadOnlyTable<Bytes, Bytes>) -> Result<R>,
    ) -> Result<Option<R>> {
        let mut tables = self.tables.borrow_mut();
        let table = match tables.entry(tree.number()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert(match self.transaction.open_table(definition(tree.name())) {
                    Ok(table) => Some(PanicSafe::new(table)),
                    Err(TableError::TableDoesNotExist(_)) => None,
                    Err(cause) => return Err(error::table(cause, operation).with_tree(tree.name())),
                })
            }
        };
        table.as_ref().map(|table| read(table)).transpose()
    }

    /// Counts the entries of each table that is not empty.
    pub(crate) fn counts(&self, operation: Operation) -> Result<Vec<(String, u64)>> {
        let storage = |cause| error::storage(cause, operation);
        let mut counts = Vec::new();
        for handle in self.transaction.list_tables().map_err(storage)? {
            let name = handle.name().to_owned();
            let table = self.transaction.open_untyped_table(handle);
            let table = table.map_err(|cause| error::table(cause, operation).with_tree(&name))?;
            let count = table.len().map_err(storage)?;
            if count > 0 {
                counts.push((name, count));
            }
        }
        Ok(counts)
    }
}

/// The tables that a write transaction has opened for writing, by the number of their tree.
#[derive(Default)]
pub(crate) struct WriteTables<'t> {
    tables: BTreeMap<u32, PanicSafe<Table<'t, Bytes, Bytes>>>,
}

impl<'t> WriteTables<'t> {
    #[inline]
    pub(crate) fn get(&self, tree: &Tree) -> Option<&Table<'t, Bytes, Bytes>> {
        self.tables.get(&tree.number()).map(|table| &**table)
    }

    /// Counts the entries of each opened table.
    pub(crate) fn counts(&self, operation: Operation) -> Result<Vec<(String, u64)>> {
        let count = |table: &PanicSafe<Table<'t, Bytes, Bytes>>| {
            let count = table.len().map_err(|cause| error::storage(cause, operation))?;
            Ok((table.name().to_owned(), count))
        };
        self.tables.values().map(count).collect()
    }

    /// Returns the table of a tree, opening it if necessary and creating it if it does not exist.
    #[inline]
    pub(crate) fn open(
        &mut self,
        transaction: &'t WriteTransaction,
        tree: &Tree,
        operation: Operation,
    ) -> Result<&mut Table<'t, Bytes, Bytes>> {
        match self.tables.entry(tree.number()) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let opened = transaction.open_table(definition(tree.name()));
                let opened = opened
                    .map_err(|cause| error::table(cause, operation).with_tree(tree.name()))?;
                Ok(entry.insert(PanicSafe::new(opened)))
            }
        }
    }
}

/// Applies one write to a table.
#[inline]
pub(crate) fn set(
    table: &mut Table<'_, Bytes, Bytes>,
    key: &[u8],
    value: Option<&[u8]>,
) -> Result<(), StorageError> {
    match value {
        Some(value) => table.insert(key, value).map(drop),
        None => table.remove(key).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use arbour_core::engine::{TreeName, TreeRegistry};
    use arbour_core::{Operation, Result};
    use redb::ReadableDatabase as _;
    use redb::backends::InMemoryBackend;

    use super::{ReadTables, WriteTables};
    use crate::catch_panic::PanicSafe;

    #[test]
    fn a_table_costs_what_it_does_whatever_its_number() -> Result<()> {
        let registry = TreeRegistry::new();
        let names = (0..1000).map(|number| format!("t{number}"));
        let trees: Vec<_> =
            names.map(|name| Ok(registry.resolve(TreeName::new(&name)?))).collect::<Result<_>>()?;
        let last = &trees[999];
        let database = redb::Builder::new().create_with_backend(InMemoryBackend::new()).unwrap();
        let transaction = database.begin_write().unwrap();
        let mut written = WriteTables::default();
        written.open(&transaction, last, Operation::Put)?;
        assert_eq!((written.tables.len(), written.get(&trees[998]).is_some()), (1, false));
        drop(written);
        transaction.commit().unwrap();
        let read = ReadTables::new(PanicSafe::new(database.begin_read().unwrap()));
        for (tree, is_there) in [(last, true), (&trees[998], false)] {
            let found = read.with(tree, Operation::Get, |_| Ok(()))?;
            assert_eq!(found.is_some(), is_there);
        }
        assert_eq!(read.tables.borrow().len(), 2);
        Ok(())
    }
}
