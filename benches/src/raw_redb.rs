//! redb through its own API.

use std::ops::RangeBounds;
use std::path::Path;

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use redb::{Database, ReadOnlyTable, ReadableDatabase as _, TableDefinition};

use crate::contender::Contender;
use crate::tables::{Record, Table, Tables};
use crate::workload::{Entry, Key, Prefix, look_at};

type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

const TABLE: Definition = TableDefinition::new("entries");

/// redb used directly: one table, opened once in each transaction.
///
/// ```
/// use arbour_benches::contender::Contender;
/// use arbour_benches::{RawRedb, workload};
/// use arbour_core::Durability;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("raw.redb");
/// let raw = RawRedb::create(&path)?;
/// raw.put(&workload::entries(200), Durability::PowerLoss)?;
/// assert_eq!(raw.gets(&[workload::key(0)])?, workload::look_at(&workload::entries(1)[0].1));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RawRedb {
    database: Database,
}

impl RawRedb {
    /// Creates a database file.
    ///
    /// # Errors
    /// What redb reports.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("raw.redb");
    /// assert!(arbour_benches::RawRedb::create(&path).is_ok());
    /// ```
    pub fn create(path: &Path) -> Result<Self> {
        let raw = Self { database: Database::create(path).map_err(failed)? };
        // Makes the table, so that it can be read from now on.
        raw.put(&[], Durability::PowerLoss)?;
        Ok(raw)
    }

    fn table(&self) -> Result<ReadOnlyTable<&'static [u8], &'static [u8]>> {
        self.open(TABLE)
    }

    fn open(&self, table: Definition) -> Result<ReadOnlyTable<&'static [u8], &'static [u8]>> {
        self.database.begin_read().map_err(failed)?.open_table(table).map_err(failed)
    }
}

fn failed(cause: impl Into<redb::Error>) -> Error {
    Error::new(ErrorKind::Engine, Operation::Open, "raw redb failed").with_source(cause.into())
}

fn look_at_range<'a>(
    table: &ReadOnlyTable<&'static [u8], &'static [u8]>,
    range: impl RangeBounds<&'a [u8]>,
) -> Result<u64> {
    let mut seen = 0;
    for entry in table.range::<&[u8]>(range).map_err(failed)? {
        let (key, value) = entry.map_err(failed)?;
        seen += look_at(key.value()) + look_at(value.value());
    }
    Ok(seen)
}

impl Contender for RawRedb {
    fn put(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let mut transaction = self.database.begin_write().map_err(failed)?;
        let level = match durability {
            Durability::None => redb::Durability::None,
            Durability::ProcessCrash | Durability::PowerLoss => redb::Durability::Immediate,
        };
        transaction.set_durability(level).map_err(failed)?;
        {
            let mut table = transaction.open_table(TABLE).map_err(failed)?;
            for (key, value) in entries {
                table.insert(key.as_slice(), value.as_slice()).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)
    }

    /// redb has no batch: its transaction is the fastest way.
    fn apply(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        self.put(entries, durability)
    }

    fn gets(&self, keys: &[Key]) -> Result<u64> {
        let table = self.table()?;
        let mut seen = 0;
        for key in keys {
            if let Some(value) = table.get(key.as_slice()).map_err(failed)? {
                seen += look_at(value.value());
            }
        }
        Ok(seen)
    }

    /// redb has no such call, so collecting the values would gain nothing.
    fn multi_get(&self, keys: &[Key]) -> Result<u64> {
        self.gets(keys)
    }

    fn scan(&self) -> Result<u64> {
        look_at_range(&self.table()?, ..)
    }

    fn prefix_scans(&self, prefixes: &[Prefix]) -> Result<u64> {
        let table = self.table()?;
        let mut seen = 0;
        for prefix in prefixes {
            let end = (u64::from_be_bytes(*prefix) + 1).to_be_bytes();
            seen += look_at_range(&table, prefix.as_slice()..end.as_slice())?;
        }
        Ok(seen)
    }

    fn hold(&self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let _snapshot = self.table()?;
        meanwhile()
    }

    /// A commit that waits for the device also makes earlier ones durable.
    fn settle(&self) -> Result<()> {
        self.put(&[], Durability::PowerLoss)
    }
}

impl Tables for RawRedb {
    fn put_records(&self, records: &[Record]) -> Result<()> {
        let transaction = self.database.begin_write().map_err(failed)?;
        {
            let open = |table: Table| transaction.open_table(Definition::new(table.name()));
            let tables: Result<Vec<_>, _> = Table::of(records).map(open).collect();
            let mut tables = tables.map_err(failed)?;
            for record in records {
                for (table, entry) in tables.iter_mut().zip(record) {
                    let Some((key, value)) = entry else { continue };
                    table.insert(key.as_slice(), value.as_slice()).map_err(failed)?;
                }
            }
        }
        transaction.commit().map_err(failed)
    }

    fn get_from(
        &self,
        table: Table,
        keys: &[Vec<u8>],
        mut look: impl FnMut(&[u8]) -> u64,
    ) -> Result<u64> {
        let table = self.open(Definition::new(table.name()))?;
        let mut seen = 0;
        for key in keys {
            if let Some(value) = table.get(key.as_slice()).map_err(failed)? {
                seen += look(value.value());
            }
        }
        Ok(seen)
    }

    fn scan_of(&self, table: Table, mut look: impl FnMut(&[u8], &[u8]) -> u64) -> Result<u64> {
        let table = self.open(Definition::new(table.name()))?;
        let mut seen = 0;
        for entry in table.range::<&[u8]>(..).map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            seen += look(key.value(), value.value());
        }
        Ok(seen)
    }
}
