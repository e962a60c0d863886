//! fjall through its own API.

use std::path::{Path, PathBuf};

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use fjall::{
    Guard, KeyspaceCreateOptions, KvSeparationOptions, OwnedWriteBatch, PersistMode, Readable as _,
    SingleWriterTxDatabase, SingleWriterTxKeyspace,
};
use parking_lot::{RwLock, RwLockReadGuard};

use crate::contender::Contender;
use crate::tables::{Record, Table, Tables};
use crate::workload::{Entry, Key, Prefix, look_at};

/// As Arbour's engine sets it.
const APART_FROM_BYTES: u32 = 4096;

/// fjall used directly: one keyspace with the options of Arbour's, its transactions and batches, and a
/// snapshot for reads.
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
    path: PathBuf,
    /// Absent only if opening it again has failed.
    open: RwLock<Option<Open>>,
}

struct Open {
    entries: SingleWriterTxKeyspace,
    database: SingleWriterTxDatabase,
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
        Ok(Self { path: path.to_owned(), open: RwLock::new(Some(Open::new(path)?)) })
    }

    fn read(&self) -> Result<parking_lot::MappedRwLockReadGuard<'_, Open>> {
        RwLockReadGuard::try_map(self.open.read(), Option::as_ref).map_err(|_| {
            Error::new(ErrorKind::Closed, Operation::Get, "raw fjall could not be opened again")
        })
    }
}

impl Open {
    fn new(path: &Path) -> Result<Self> {
        let builder = SingleWriterTxDatabase::builder(path).worker_threads(2);
        let database = builder.open().map_err(failed)?;
        let entries = database.keyspace("entries", options).map_err(failed)?;
        Ok(Self { entries, database })
    }

    fn table(&self, table: Table) -> Result<SingleWriterTxKeyspace> {
        self.database.keyspace(table.name(), options).map_err(failed)
    }
}

fn mode(durability: Durability) -> Option<PersistMode> {
    match durability {
        Durability::None => None,
        Durability::ProcessCrash => Some(PersistMode::Buffer),
        Durability::PowerLoss => Some(PersistMode::SyncData),
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
    fn put(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let open = self.read()?;
        let mut transaction = open.database.write_tx().durability(mode(durability));
        for (key, value) in entries {
            transaction.insert(&open.entries, key.as_slice(), value.as_slice());
        }
        transaction.commit().map_err(failed)
    }

    fn apply(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let open = self.read()?;
        let database = open.database.inner().clone();
        let batch = OwnedWriteBatch::with_capacity(database, entries.len());
        let mut batch = batch.durability(mode(durability));
        for (key, value) in entries {
            batch.insert(open.entries.inner(), key.as_slice(), value.as_slice());
        }
        batch.commit().map_err(failed)
    }

    fn gets(&self, keys: &[Key]) -> Result<u64> {
        let open = self.read()?;
        let snapshot = open.database.read_tx();
        let mut seen = 0;
        for key in keys {
            if let Some(value) = snapshot.get(&open.entries, key).map_err(failed)? {
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
        let open = self.read()?;
        look_at_entries(open.database.read_tx().iter(&open.entries))
    }

    fn prefix_scans(&self, prefixes: &[Prefix]) -> Result<u64> {
        let open = self.read()?;
        let snapshot = open.database.read_tx();
        let mut seen = 0;
        for prefix in prefixes {
            seen += look_at_entries(snapshot.prefix(&open.entries, prefix))?;
        }
        Ok(seen)
    }

    fn hold(&self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let _snapshot = self.read()?.database.read_tx();
        meanwhile()
    }

    /// Opens the database again, as Arbour does: fjall allocates a new journal in advance, and lets one
    /// that it finds grow, which makes durable commits slower.
    fn settle(&self) -> Result<()> {
        let mut held = self.open.write();
        if let Some(open) = held.take() {
            open.entries.inner().rotate_memtable_and_wait().map_err(failed)?;
            open.entries.inner().major_compact().map_err(failed)?;
        }
        *held = Some(Open::new(&self.path)?);
        Ok(())
    }
}

impl Tables for RawFjall {
    fn put_records(&self, records: &[Record]) -> Result<()> {
        let open = self.read()?;
        let tables: Result<Vec<_>> = Table::of(records).map(|table| open.table(table)).collect();
        let tables = tables?;
        let mut batch = open.database.inner().batch().durability(Some(PersistMode::SyncData));
        for record in records {
            for (table, entry) in tables.iter().zip(record) {
                let Some((key, value)) = entry else { continue };
                batch.insert(table.inner(), key.as_slice(), value.as_slice());
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
        let open = self.read()?;
        let (table, snapshot) = (open.table(table)?, open.database.read_tx());
        let mut seen = 0;
        for key in keys {
            if let Some(value) = snapshot.get(&table, key).map_err(failed)? {
                seen += look(&value);
            }
        }
        Ok(seen)
    }

    fn scan_of(&self, table: Table, mut look: impl FnMut(&[u8], &[u8]) -> u64) -> Result<u64> {
        let open = self.read()?;
        let (table, snapshot) = (open.table(table)?, open.database.read_tx());
        let mut seen = 0;
        for entry in snapshot.iter(&table) {
            let (key, value) = entry.into_inner().map_err(failed)?;
            seen += look(&key, &value);
        }
        Ok(seen)
    }
}
