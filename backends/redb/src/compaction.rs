//! Compaction.

use arbour_core::{Durability, Operation, Result};
use redb::{TableHandle as _, UntypedTableHandle};

use crate::catch_panic::catch_panic;
use crate::{RedbSnapshot, RedbStore, error};

const OPERATION: Operation = Operation::Compact;

/// Drops the tables of empty trees, moves the content of the file to its start, and truncates the
/// rest.
pub(crate) fn compact(store: &RedbStore) -> Result<()> {
    let _guard = store.slot.acquire(OPERATION)?;
    drop_empty_tables(store)?;
    let mut database = store.database.write();
    let Some(database) = database.as_mut() else { return Ok(()) };
    database.compact(&store.path).map_err(|error| store.locate(error))
}

/// Drops empty tables, in a commit that redb never has to roll back: see
/// [`compact`](arbour_core::KvStore::compact).
fn drop_empty_tables(store: &RedbStore) -> Result<()> {
    let used = RedbSnapshot::new(store)?.counts(OPERATION)?;
    let mut transaction = store.begin_write(Durability::PowerLoss, OPERATION)?;
    let dropped = catch_panic(OPERATION, || {
        transaction.set_two_phase_commit(true);
        let tables = transaction.list_tables();
        let tables = tables.map_err(|cause| error::storage(cause, OPERATION))?;
        let is_empty =
            |table: &UntypedTableHandle| !used.iter().any(|(name, _)| name == table.name());
        for table in tables.filter(is_empty).collect::<Vec<_>>() {
            let deleted = transaction.delete_table(table);
            deleted.map_err(|cause| error::table(cause, OPERATION))?;
        }
        Ok(())
    });
    dropped.map_err(|error| store.locate(error))?;
    store.commit(transaction, Durability::PowerLoss, OPERATION)
}
