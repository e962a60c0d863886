//! Giving space back.

use std::time::Duration;

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use rusqlite::Connection;

use crate::connection::number;
use crate::{SqliteStore, error, tables};

const OPERATION: Operation = Operation::Compact;

/// Drops the tables of empty trees that no view reads, writes the file anew without gaps, and cuts it and its log.
pub(crate) fn compact(store: &SqliteStore) -> Result<()> {
    let _guard = store.slot().acquire(OPERATION)?;
    if store.readers().are_lent() {
        // The log could not be cut, and would hold a second copy of everything.
        return Err(in_the_way());
    }
    let (writer, connector) = (store.writer(), store.connector());
    let connection = writer.take(connector, Durability::PowerLoss, OPERATION)?;
    let compacted = drop_empty_tables(&connection)
        .and_then(|()| {
            if connector.vacuum_pages().is_some() && number(&connection, "auto_vacuum")? == 0 {
                connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL")?;
            }
            connection.execute_batch("VACUUM")
        })
        .and_then(|()| {
            // Whoever reads now may read for long, and may be this very thread.
            connector.set_busy_timeout(&connection, Duration::ZERO)?;
            let cut = cut_log(&connection);
            connector.set_busy_timeout(&connection, connector.busy_timeout())?;
            cut
        });
    // A failure in the midst has rolled back what was under way, or closing the connection does.
    if connection.is_autocommit() {
        writer.give(connection);
    }
    match compacted {
        Ok(true) => Ok(()),
        Ok(false) => Err(in_the_way()),
        Err(cause) => Err(error::sql_error(cause, OPERATION)),
    }
}

fn in_the_way() -> Error {
    Error::new(ErrorKind::Busy, OPERATION, "a snapshot or another process is in the way")
}

fn drop_empty_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let dropped = (|| {
        let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table'";
        let mut names = connection.prepare(sql)?;
        let names = names.query_map([], |row| row.get(0))?;
        let names = names.collect::<rusqlite::Result<Vec<String>>>()?;
        for table in names.iter().filter(|table| tables::tree_name(table).is_some()) {
            if is_in_a_view(connection, table)? {
                continue;
            }
            let table = tables::quoted(table);
            if !connection.prepare(&format!("SELECT 1 FROM {table}"))?.exists([])? {
                connection.execute_batch(&format!("DROP TABLE {table}"))?;
            }
        }
        Ok(())
    })();
    let end = if dropped.is_ok() { "COMMIT" } else { "ROLLBACK" };
    if connection.is_autocommit() {
        // The failure has rolled back already.
        return dropped;
    }
    let ended = connection.execute_batch(end);
    dropped.and(ended)
}

/// Tells whether a view may read a table: without it, every query of the view would fail. One too
/// many costs a page; names of trees' tables have no capital letters.
fn is_in_a_view(connection: &Connection, table: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'view' AND instr(lower(sql), ?1)";
    connection.prepare(sql)?.exists([table.replace('"', "\"\"")])
}

/// Moves the log into the file and cuts it. Tells whether nobody was in the way.
fn cut_log(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "PRAGMA main.wal_checkpoint(TRUNCATE)";
    let is_blocked = connection.query_row(sql, [], |row| row.get::<_, i64>(0))?;
    Ok(is_blocked == 0)
}
