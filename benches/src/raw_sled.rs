//! sled through its own API.

use std::fs::File;
use std::path::Path;

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use sled::transaction::ConflictableTransactionError;
use sled::{Batch, Db, IVec, Transactional as _, Tree};

use crate::contender::Contender;
use crate::tables::{Record, Table, Tables};
use crate::workload::{Entry, Key, Prefix, look_at};

/// sled used directly: one opened tree. Its reads are not a snapshot, because sled has none.
///
/// ```
/// use arbour_benches::contender::Contender;
/// use arbour_benches::{RawSled, workload};
/// use arbour_core::Durability;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("raw.sled");
/// let raw = RawSled::create(&path)?;
/// raw.put(&workload::entries(200), Durability::PowerLoss)?;
/// assert_eq!(raw.gets(&[workload::key(0)])?, workload::look_at(&workload::entries(1)[0].1));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RawSled {
    database: Db,
    tree: Tree,
    /// sled's flush hands its log to the device, and does not wait until it is durable.
    log: File,
}

impl RawSled {
    /// Creates a database folder.
    ///
    /// # Errors
    /// What sled reports.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("raw.sled");
    /// assert!(arbour_benches::RawSled::create(&path).is_ok());
    /// ```
    pub fn create(path: &Path) -> Result<Self> {
        let database = sled::Config::new().path(path).open().map_err(failed)?;
        let tree = database.open_tree("entries").map_err(failed)?;
        let log = File::open(path.join("db")).map_err(failed)?;
        Ok(Self { database, tree, log })
    }

    fn table(&self, table: Table) -> Result<Tree> {
        self.database.open_tree(table.name()).map_err(failed)
    }

    fn flush(&self, durability: Durability) -> Result<()> {
        if durability >= Durability::ProcessCrash {
            self.database.flush().map_err(failed)?;
        }
        if durability == Durability::PowerLoss {
            self.log.sync_data().map_err(failed)?;
        }
        Ok(())
    }
}

fn failed(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Engine, Operation::Open, "raw sled failed").with_source(cause)
}

fn look_at_entries(entries: impl Iterator<Item = sled::Result<(IVec, IVec)>>) -> sled::Result<u64> {
    let mut seen = 0;
    for entry in entries {
        let (key, value) = entry?;
        seen += look_at(&key) + look_at(&value);
    }
    Ok(seen)
}

impl Contender for RawSled {
    fn put(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let stored = self.tree.transaction(|tree| {
            for (key, value) in entries {
                tree.insert(key.as_slice(), value.as_slice())?;
            }
            Ok::<(), ConflictableTransactionError<sled::Error>>(())
        });
        stored.map_err(failed)?;
        self.flush(durability)
    }

    fn apply(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let mut batch = Batch::default();
        for (key, value) in entries {
            batch.insert(key.as_slice(), value.as_slice());
        }
        self.tree.apply_batch(batch).map_err(failed)?;
        self.flush(durability)
    }

    fn gets(&self, keys: &[Key]) -> Result<u64> {
        let mut seen = 0;
        for key in keys {
            if let Some(value) = self.tree.get(key).map_err(failed)? {
                seen += look_at(&value);
            }
        }
        Ok(seen)
    }

    /// sled has no such call.
    fn multi_get(&self, keys: &[Key]) -> Result<u64> {
        self.gets(keys)
    }

    fn scan(&self) -> Result<u64> {
        look_at_entries(self.tree.iter()).map_err(failed)
    }

    fn prefix_scans(&self, prefixes: &[Prefix]) -> Result<u64> {
        let mut seen = 0;
        for prefix in prefixes {
            seen += look_at_entries(self.tree.scan_prefix(prefix)).map_err(failed)?;
        }
        Ok(seen)
    }

    fn hold(&self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        meanwhile()
    }

    fn settle(&self) -> Result<()> {
        self.flush(Durability::PowerLoss)
    }
}

impl Tables for RawSled {
    fn put_records(&self, records: &[Record]) -> Result<()> {
        let tables: Result<Vec<_>> = Table::of(records).map(|table| self.table(table)).collect();
        let stored = tables?.as_slice().transaction(|tables| {
            for record in records {
                for (table, entry) in tables.iter().zip(record) {
                    let Some((key, value)) = entry else { continue };
                    table.insert(key.as_slice(), value.as_slice())?;
                }
            }
            Ok::<(), ConflictableTransactionError<sled::Error>>(())
        });
        stored.map_err(failed)?;
        self.flush(Durability::PowerLoss)
    }

    fn get_from(
        &self,
        table: Table,
        keys: &[Vec<u8>],
        mut look: impl FnMut(&[u8]) -> u64,
    ) -> Result<u64> {
        let table = self.table(table)?;
        let mut seen = 0;
        for key in keys {
            if let Some(value) = table.get(key).map_err(failed)? {
                seen += look(&value);
            }
        }
        Ok(seen)
    }

    fn scan_of(&self, table: Table, mut look: impl FnMut(&[u8], &[u8]) -> u64) -> Result<u64> {
        let mut seen = 0;
        for entry in &self.table(table)? {
            let (key, value) = entry.map_err(failed)?;
            seen += look(&key, &value);
        }
        Ok(seen)
    }
}
