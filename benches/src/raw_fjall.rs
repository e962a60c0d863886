//! fjall through its own API.

use std::path::Path;

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use fjall::{
    Database, Guard, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, OwnedWriteBatch,
    PersistMode, Readable as _,
};

use crate::contender::Contender;
use crate::tables::{Record, Table, Tables};
use crate::workload::{Entry, Key, Prefix, look_at};

/// As Arbour's engine sets it.
const APART_FROM_BYTES: u32 = 4096;

/// fjall used directly: one keyspace with the options of Arbour's, batches for writes, and a snapshot
/// for reads.
///
/// ```
/// use arbour_benches::contender::Contender;
/// use arbour_benches::{RawFjall, workload};
/// use arbour_core::Durability;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("raw.fjall");
/// let raw = RawFjall::create(&path)?;
/// raw.put(&workload::entries(200), Durability::PowerLoss)?;
/// assert_eq!(raw.gets(&[workload::key(0)])?, workload::look_at(&workload::entries(1)[0].1));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RawFjall {
    entries: Keyspace,
    database: Database,
}

impl RawFjall {
    /// Creates a database folder.
    ///
    /// # Errors
    /// What fjall reports.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("raw.fjall");
    /// assert!(arbour_benches::RawFjall::create(&path).is_ok());
    /// ```
    pub fn create(path: &Path) -> Result<Self> {
        let database = Database::builder(path).worker_threads(2).open().map_err(failed)?;
        let entries = database.keyspace("entries", options).map_err(failed)?;
        Ok(Self { entries, database })
    }

    fn table(&self, table: Table) -> Result<Keyspace> {
        self.database.keyspace(table.name(), options).map_err(failed)
    }
}

fn options() -> KeyspaceCreateOptions {
    let apart = KvSeparationOptions::default().separation_threshold(APART_FROM_BYTES);
    KeyspaceCreateOptions::default().with_kv_separation(Some(apart))
}

fn failed(cause: fjall::Error) -> Error {
    Error::new(ErrorKind::Engine, Operation::Open, "raw fjall failed").with_source(cause)
}

fn look_at_entries(entries: impl Iterator<Item = Guard>) -> Result<u64> {
    let mut seen = 0;
    for entry in entries {
        let (key, value) = entry.into_inner().map_err(failed)?;
        seen += look_at(&key) + look_at(&value);
    }
    Ok(seen)
}

impl Contender for RawFjall {
    /// fjall's transactions add a tree of the writes; one that reads nothing needs only the batch.
    fn put(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        self.apply(entries, durability)
    }

    fn apply(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let mode = match durability {
            Durability::None => None,
            Durability::ProcessCrash => Some(PersistMode::Buffer),
            Durability::PowerLoss => Some(PersistMode::SyncData),
        };
        let batch = OwnedWriteBatch::with_capacity(self.database.clone(), entries.len());
        let mut batch = batch.durability(mode);
        for (key, value) in entries {
            batch.insert(&self.entries, key.as_slice(), value.as_slice());
        }
        batch.commit().map_err(failed)
    }

    fn gets(&self, keys: &[Key]) -> Result<u64> {
        let snapshot = self.database.snapshot();
        let mut seen = 0;
        for key in keys {
            if let Some(value) = snapshot.get(&self.entries, key).map_err(failed)? {
                seen += look_at(&value);
            }
        }
        Ok(seen)
    }

    /// fjall has no such call.
    fn multi_get(&self, keys: &[Key]) -> Result<u64> {
        self.gets(keys)
    }

    fn scan(&self) -> Result<u64> {
        look_at_entries(self.database.snapshot().iter(&self.entries))
    }

    fn prefix_scans(&self, prefixes: &[Prefix]) -> Result<u64> {
        let snapshot = self.database.snapshot();
        let mut seen = 0;
        for prefix in prefixes {
            seen += look_at_entries(snapshot.prefix(&self.entries, prefix))?;
        }
        Ok(seen)
    }

    fn hold(&self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let _snapshot = self.database.snapshot();
        meanwhile()
    }

    fn settle(&self) -> Result<()> {
        self.entries.rotate_memtable_and_wait().map_err(failed)?;
        self.entries.major_compact().map_err(failed)
    }
}

impl Tables for RawFjall {
    fn put_records(&self, records: &[Record]) -> Result<()> {
        let tables: Result<Vec<_>> = Table::of(records).map(|table| self.table(table)).collect();
        let tables = tables?;
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for record in records {
            for (table, entry) in tables.iter().zip(record) {
                let Some((key, value)) = entry else { continue };
                batch.insert(table, key.as_slice(), value.as_slice());
            }
        }
        batch.commit().map_err(failed)
    }

    fn get_from(
        &self,
        table: Table,
        keys: &[Vec<u8>],
        mut look: impl FnMut(&[u8]) -> u64,
    ) -> Result<u64> {
        let (table, snapshot) = (self.table(table)?, self.database.snapshot());
        let mut seen = 0;
        for key in keys {
            if let Some(value) = snapshot.get(&table, key).map_err(failed)? {
                seen += look(&value);
            }
        }
        Ok(seen)
    }

    fn scan_of(&self, table: Table, mut look: impl FnMut(&[u8], &[u8]) -> u64) -> Result<u64> {
        let (table, snapshot) = (self.table(table)?, self.database.snapshot());
        let mut seen = 0;
        for entry in snapshot.iter(&table) {
            let (key, value) = entry.into_inner().map_err(failed)?;
            seen += look(&key, &value);
        }
        Ok(seen)
    }
}
