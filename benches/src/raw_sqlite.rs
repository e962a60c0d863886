//! SQLite through rusqlite.

use std::path::{Path, PathBuf};

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use parking_lot::Mutex;
use rusqlite::{CachedStatement, Connection, Row, Statement};

use crate::contender::Contender;
use crate::tables::{Record, Table, Tables};
use crate::workload::{Entry, Key, Prefix, look_at};

/// SQLite used directly: one table clustered by its key, a connection that writes, a pool of
/// connections that read.
///
/// A statement belongs to its connection, and a connection that moves between threads cannot be
/// kept together with what borrows it. So a statement is looked up once for each call and used for
/// all its rows and keys.
///
/// ```
/// use arbour_benches::contender::Contender;
/// use arbour_benches::{RawSqlite, workload};
/// use arbour_core::Durability;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("raw.sqlite");
/// let raw = RawSqlite::create(&path)?;
/// raw.put(&workload::entries(200), Durability::PowerLoss)?;
/// assert_eq!(raw.gets(&[workload::key(0)])?, workload::look_at(&workload::entries(1)[0].1));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RawSqlite {
    path: PathBuf,
    writer: Mutex<Writer>,
    idle: Mutex<Vec<Connection>>,
}

/// The connection that writes, and its current level: it is switched only when another level is
/// requested.
struct Writer {
    connection: Connection,
    durability: Durability,
}

impl RawSqlite {
    /// Creates a database file.
    ///
    /// # Errors
    /// What SQLite reports.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("raw.sqlite");
    /// assert!(arbour_benches::RawSqlite::create(&path).is_ok());
    /// ```
    pub fn create(path: &Path) -> Result<Self> {
        let connection = connect(path)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 PRAGMA journal_size_limit = 4194304;
                 CREATE TABLE entries (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID",
            )
            .map_err(failed)?;
        let writer = Writer { connection, durability: Durability::PowerLoss };
        let (writer, idle) = (Mutex::new(writer), Mutex::new(Vec::new()));
        Ok(Self { path: path.to_owned(), writer, idle })
    }

    /// Runs reads on a connection of the pool, all in one transaction: a snapshot.
    fn read(&self, reads: impl FnOnce(&Connection) -> rusqlite::Result<u64>) -> Result<u64> {
        let pooled = self.idle.lock().pop();
        let connection = pooled.map_or_else(|| connect(&self.path), Ok)?;
        let seen = (|| {
            kept(&connection, "BEGIN")?.raw_execute()?;
            let seen = reads(&connection)?;
            kept(&connection, "COMMIT")?.raw_execute()?;
            Ok(seen)
        })();
        // A connection whose transaction may still run is not reused.
        if seen.is_ok() {
            self.idle.lock().push(connection);
        }
        seen.map_err(failed)
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(failed)?;
    // As large as Arbour's: with SQLite's own 2 MiB the reads of a small store would go to the
    // file.
    connection.execute_batch("PRAGMA cache_size = -16384").map_err(failed)?;
    Ok(connection)
}

fn failed(cause: rusqlite::Error) -> Error {
    Error::new(ErrorKind::Engine, Operation::Open, "raw SQLite failed").with_source(cause)
}

fn kept<'c>(connection: &'c Connection, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
    connection.prepare_cached(sql)
}

fn look_at_rows(statement: &mut Statement<'_>) -> rusqlite::Result<u64> {
    let mut rows = statement.raw_query();
    let mut seen = 0;
    while let Some(row) = rows.next()? {
        seen += look_at(blob(row, 0)?) + look_at(blob(row, 1)?);
    }
    Ok(seen)
}

fn look_at_each(
    connection: &Connection,
    table: &str,
    keys: &[impl AsRef<[u8]>],
    mut look: impl FnMut(&[u8]) -> u64,
) -> rusqlite::Result<u64> {
    let mut get = kept(connection, &format!("SELECT v FROM {table} WHERE k = ?1"))?;
    let mut seen = 0;
    for key in keys {
        get.raw_bind_parameter(1, key.as_ref())?;
        let mut rows = get.raw_query();
        if let Some(row) = rows.next()? {
            seen += look(blob(row, 0)?);
        }
    }
    Ok(seen)
}

/// The bytes of a column, borrowed from SQLite.
fn blob<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r [u8]> {
    Ok(row.get_ref(column)?.as_blob()?)
}

impl Writer {
    fn begin(&mut self, durability: Durability) -> rusqlite::Result<()> {
        let connection = &self.connection;
        if self.durability != durability {
            connection.execute_batch(match durability {
                Durability::PowerLoss => "PRAGMA synchronous = FULL",
                Durability::ProcessCrash | Durability::None => "PRAGMA synchronous = NORMAL",
            })?;
            self.durability = durability;
        }
        kept(connection, "BEGIN IMMEDIATE")?.raw_execute()?;
        Ok(())
    }

    fn put(&mut self, entries: &[Entry], durability: Durability) -> rusqlite::Result<()> {
        self.begin(durability)?;
        let connection = &self.connection;
        let mut put = kept(connection, "REPLACE INTO entries VALUES (?1, ?2)")?;
        for (key, value) in entries {
            put.raw_bind_parameter(1, key.as_slice())?;
            put.raw_bind_parameter(2, value.as_slice())?;
            put.raw_execute()?;
        }
        kept(connection, "COMMIT")?.raw_execute()?;
        Ok(())
    }

    fn put_records(&mut self, records: &[Record]) -> rusqlite::Result<()> {
        self.begin(Durability::PowerLoss)?;
        let connection = &self.connection;
        for name in Table::of(records).map(Table::name) {
            connection.execute_batch(&format!(
                "CREATE TABLE IF NOT EXISTS {name} (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL)
                 STRICT, WITHOUT ROWID"
            ))?;
        }
        let put = |table: Table| {
            kept(connection, &format!("REPLACE INTO {} VALUES (?1, ?2)", table.name()))
        };
        let puts: rusqlite::Result<Vec<_>> = Table::of(records).map(put).collect();
        let mut puts = puts?;
        for record in records {
            for (put, entry) in puts.iter_mut().zip(record) {
                let Some((key, value)) = entry else { continue };
                put.raw_bind_parameter(1, key.as_slice())?;
                put.raw_bind_parameter(2, value.as_slice())?;
                put.raw_execute()?;
            }
        }
        kept(connection, "COMMIT")?.raw_execute()?;
        Ok(())
    }
}

impl Contender for RawSqlite {
    fn put(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        self.writer.lock().put(entries, durability).map_err(failed)
    }

    /// SQLite has no batch: its transaction is the fastest way.
    fn apply(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        self.put(entries, durability)
    }

    fn gets(&self, keys: &[Key]) -> Result<u64> {
        self.read(|connection| look_at_each(connection, "entries", keys, look_at))
    }

    /// SQLite has no such call: a kept statement for each key is the fastest way.
    fn multi_get(&self, keys: &[Key]) -> Result<u64> {
        self.gets(keys)
    }

    fn scan(&self) -> Result<u64> {
        self.read(|connection| {
            look_at_rows(&mut *kept(connection, "SELECT k, v FROM entries ORDER BY k")?)
        })
    }

    fn prefix_scans(&self, prefixes: &[Prefix]) -> Result<u64> {
        self.read(|connection| {
            let sql = "SELECT k, v FROM entries WHERE k >= ?1 AND k < ?2 ORDER BY k";
            let mut range = kept(connection, sql)?;
            let mut seen = 0;
            for prefix in prefixes {
                let end = (u64::from_be_bytes(*prefix) + 1).to_be_bytes();
                range.raw_bind_parameter(1, prefix.as_slice())?;
                range.raw_bind_parameter(2, end.as_slice())?;
                seen += look_at_rows(&mut range)?;
            }
            Ok(seen)
        })
    }

    fn hold(&self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let mut done = Ok(());
        self.read(|connection| {
            // SQLite pins the state that a transaction sees at its first read.
            let mut pin = kept(connection, "PRAGMA schema_version")?;
            pin.raw_query().next()?;
            done = meanwhile();
            Ok(0)
        })?;
        done
    }

    fn settle(&self) -> Result<()> {
        checkpoint(&self.path)
    }
}

impl Tables for RawSqlite {
    fn put_records(&self, records: &[Record]) -> Result<()> {
        self.writer.lock().put_records(records).map_err(failed)
    }

    fn get_from(
        &self,
        table: Table,
        keys: &[Vec<u8>],
        look: impl FnMut(&[u8]) -> u64,
    ) -> Result<u64> {
        self.read(|connection| look_at_each(connection, table.name(), keys, look))
    }

    fn scan_of(&self, table: Table, mut look: impl FnMut(&[u8], &[u8]) -> u64) -> Result<u64> {
        self.read(|connection| {
            let sql = format!("SELECT k, v FROM {} ORDER BY k", table.name());
            let mut scan = kept(connection, &sql)?;
            let mut rows = scan.raw_query();
            let mut seen = 0;
            while let Some(row) = rows.next()? {
                seen += look(blob(row, 0)?, blob(row, 1)?);
            }
            Ok(seen)
        })
    }
}

/// Moves the log into the database, so that no measured commit has to.
pub(crate) fn checkpoint(path: &Path) -> Result<()> {
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let done = connect(path)?.query_row(sql, [], |row| row.get::<_, i64>(0));
    done.map(|_| ()).map_err(failed)
}
