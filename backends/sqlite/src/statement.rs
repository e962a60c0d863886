//! Single statements: running them, and asking for one value.

use rusqlite::types::FromSql;
use rusqlite::{Connection, Result};

/// Runs a statement that returns nothing; it is prepared once for each connection.
pub(crate) fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection.prepare_cached(sql)?.raw_execute().map(drop)
}

/// Runs a statement to its end and returns the single column of its first row.
///
/// An autocommit statement commits after its last row, so a failed commit is an error of the step
/// after it. `query_row` does not take that step and loses the error.
pub(crate) fn ask<T: FromSql>(connection: &Connection, sql: &str) -> Result<T> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.raw_query();
    let answer = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?.get(0)?;
    while rows.next()?.is_some() {}
    Ok(answer)
}

/// Reads a numeric pragma of the main database.
pub(crate) fn number(connection: &Connection, pragma: &str) -> Result<i64> {
    ask(connection, &format!("PRAGMA main.{pragma}"))
}

/// Tells whether the database has a table.
pub(crate) fn has_table(connection: &Connection, table: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
    connection.prepare(sql)?.exists([table])
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::ask;

    /// An autocommit statement commits after its last row.
    #[test]
    fn a_failed_commit_is_not_lost_behind_an_answer() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        let sql = "INSERT INTO t VALUES (1) RETURNING n";
        assert_eq!(ask::<i64>(&connection, sql), Ok(1));
        connection.commit_hook(Some(|| true)).unwrap();
        assert!(ask::<i64>(&connection, sql).is_err());
        connection.commit_hook(None::<fn() -> bool>).unwrap();
        assert_eq!(ask::<i64>(&connection, "SELECT count(*) FROM t"), Ok(1));
    }
}
