//! The tables a transaction has opened, so that no operation opens one again.

use std::cell::RefCell;

use arbour_core::{Operation, Result, Tree as _, TreeHandle};
use redb::{
    ReadOnlyTable, ReadTransaction, ReadableTableMetadata as _, StorageError, Table,
    TableDefinition, TableError, TableHandle as _, WriteTransaction,
};

use crate::error;

pub(crate) type Bytes = &'static [u8];

pub(crate) fn definition(name: &str) -> TableDefinition<'_, Bytes, Bytes> {
    TableDefinition::new(name)
}

/// The tables of a snapshot, by the number of their tree.
#[derive(Default)]
pub(crate) struct ReadTables {
    slots: RefCell<Vec<ReadSlot>>,
}

#[derive(Default)]
enum ReadSlot {
    #[default]
    Unopened,
    /// redb makes a table when it is first written; reading one before is an error there and an
    /// empty tree here.
    Absent,
    Opened(ReadOnlyTable<Bytes, Bytes>),
}

impl ReadTables {
    /// Calls `read` with the table of a tree, or returns `None` if there is none.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        transaction: &ReadTransaction,
        tree: &TreeHandle,
        operation: Operation,
        read: impl FnOnce(&ReadOnlyTable<Bytes, Bytes>) -> Result<R>,
    ) -> Result<Option<R>> {
        let mut slots = self.slots.borrow_mut();
        if let Some(ReadSlot::Opened(table)) = slots.get(tree.index()) {
            return read(table).map(Some);
        }
        if slots.len() <= tree.index() {
            slots.resize_with(tree.index() + 1, ReadSlot::default);
        }
        let Some(slot) = slots.get_mut(tree.index()) else {
            return Ok(None);
        };
        if matches!(slot, ReadSlot::Unopened) {
            *slot = match transaction.open_table(definition(tree.name())) {
                Ok(table) => ReadSlot::Opened(table),
                Err(TableError::TableDoesNotExist(_)) => ReadSlot::Absent,
                Err(cause) => return Err(error::table(cause, operation).with_tree(tree.name())),
            };
        }
        match slot {
            ReadSlot::Opened(table) => read(table).map(Some),
            _ => Ok(None),
        }
    }
}

/// The tables a write transaction has opened for writing, by the number of their tree.
#[derive(Default)]
pub(crate) struct WriteTables<'t> {
    slots: Vec<Option<Table<'t, Bytes, Bytes>>>,
}

impl<'t> WriteTables<'t> {
    #[inline]
    pub(crate) fn get(&self, tree: &TreeHandle) -> Option<&Table<'t, Bytes, Bytes>> {
        self.slots.get(tree.index())?.as_ref()
    }

    /// Counts the entries of each table opened.
    pub(crate) fn counts(&self, operation: Operation) -> Result<Vec<(String, u64)>> {
        let count = |table: &Table<'t, Bytes, Bytes>| {
            let count = table.len().map_err(|cause| error::storage(cause, operation))?;
            Ok((table.name().to_owned(), count))
        };
        self.slots.iter().flatten().map(count).collect()
    }

    /// Returns the table of a tree, opened now if it was not, made if there was none.
    #[inline]
    pub(crate) fn open(
        &mut self,
        transaction: &'t WriteTransaction,
        tree: &TreeHandle,
        operation: Operation,
    ) -> Result<&mut Table<'t, Bytes, Bytes>> {
        if self.slots.len() <= tree.index() {
            self.slots.resize_with(tree.index() + 1, || None);
        }
        match self.slots.get_mut(tree.index()) {
            Some(Some(table)) => Ok(table),
            Some(slot) => {
                let opened = transaction.open_table(definition(tree.name()));
                let opened = opened
                    .map_err(|cause| error::table(cause, operation).with_tree(tree.name()))?;
                Ok(slot.insert(opened))
            }
            None => unreachable!("the slots were just made long enough"),
        }
    }
}

/// Makes one write in a table.
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
