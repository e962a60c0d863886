//! Compaction.

use std::time::Duration;

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use rusqlite::Connection;

use crate::connection::Connector;
use crate::statement::{number, run};
use crate::{SqliteStore, checkpoints, error, latch, tables};

const OPERATION: Operation = Operation::Compact;

/// Drops the tables of empty trees that no view reads, rewrites the file without gaps, and
/// truncates it and its log.
pub(crate) fn compact(store: &SqliteStore) -> Result<()> {
    let _guard = store.slot.acquire(OPERATION)?;
    if store.readers.are_lent() {
        // The log could not be truncated, and would hold a second copy of everything.
        return Err(in_the_way());
    }
    let (writer, connector) = (&store.writer, &store.connector);
    let connection = writer.take(connector, Durability::PowerLoss, OPERATION)?;
    let compacted = connector.path().check(OPERATION).and_then(|()| {
        drop_empty_tables(&connection, connector)?;
        vacuum(&connection, connector).map_err(|cause| failed(cause, connector))
    });
    // Either the failure has rolled the transaction back, or closing the connection does.
    if connection.is_autocommit() {
        writer.give(connection);
    }
    if compacted? { Ok(()) } else { Err(in_the_way()) }
}

fn in_the_way() -> Error {
    Error::new(
        ErrorKind::Busy,
        OPERATION,
        "a snapshot or another process still reads the file: end it",
    )
}

/// Maps a failure to rewrite the file. Every statement is the store's own, so an entry that breaks
/// a constraint now already broke it before.
fn failed(cause: rusqlite::Error, connector: &Connector) -> Error {
    latch::note(connector.latch(), &cause);
    let error = error::own(cause, OPERATION);
    if error.kind() != ErrorKind::InvalidArgument {
        return error;
    }
    let message = "the file is damaged: its content cannot be written to a new one";
    Error::new(ErrorKind::Corrupted, OPERATION, message).with_source(error)
}

/// Rewrites the file and truncates it and its log. Tells whether nothing was in the way.
fn vacuum(connection: &Connection, connector: &Connector) -> rusqlite::Result<bool> {
    if connector.vacuum_pages().is_some() && number(connection, "auto_vacuum")? == 0 {
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
    }
    connection.execute_batch("VACUUM")?;
    // Do not wait: a reader may take long, and may be this very thread.
    connector.set_busy_timeout(connection, Duration::ZERO)?;
    let cut = checkpoints::move_all(connection);
    connector.set_busy_timeout(connection, connector.busy_timeout())?;
    cut
}

fn drop_empty_tables(connection: &Connection, connector: &Connector) -> Result<()> {
    let failed = |cause| failed(cause, connector);
    run(connection, "BEGIN IMMEDIATE").map_err(failed)?;
    let dropped = tables::of_trees(connection, OPERATION).and_then(|trees| {
        trees.iter().try_for_each(|(_, table)| drop_if_empty(connection, table)).map_err(failed)
    });
    let end = if dropped.is_ok() { "COMMIT" } else { "ROLLBACK" };
    if connection.is_autocommit() {
        // The failure has already rolled back.
        return dropped;
    }
    let ended = run(connection, end).map_err(failed);
    dropped.and(ended)
}

fn drop_if_empty(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    if is_in_a_view(connection, table)? {
        return Ok(());
    }
    let table = tables::quoted(table);
    if connection.prepare(&format!("SELECT 1 FROM {table}"))?.exists([])? {
        return Ok(());
    }
    connection.execute_batch(&format!("DROP TABLE {table}"))
}

/// Tells whether a view may read a table, because without the table every query of the view would
/// fail. A false positive costs one page; names of tree tables have no capital letters.
fn is_in_a_view(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'view' AND instr(lower(sql), ?1)";
    connection.prepare(sql)?.exists([table.replace('"', "\"\"")])
}
