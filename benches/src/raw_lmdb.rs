//! LMDB through heed.

use std::fs;
use std::ops::Bound;
use std::path::Path;

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use heed::types::Bytes;
use heed::{CommitOrAbort, Database, Env, EnvFlags, EnvOpenOptions, RoTxn, WithoutTls};

use crate::contender::Contender;
use crate::tables::{Record, Table, Tables};
use crate::workload::{Entry, Key, Prefix, look_at};

/// LMDB used directly: its main database, and commits that are synced as those of `LmdbStore`.
///
/// ```
/// use arbour_benches::contender::Contender;
/// use arbour_benches::{RawLmdb, workload};
/// use arbour_core::Durability;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("raw.lmdb");
/// let raw = RawLmdb::create(&path)?;
/// raw.put(&workload::entries(200), Durability::PowerLoss)?;
/// assert_eq!(raw.gets(&[workload::key(0)])?, workload::look_at(&workload::entries(1)[0].1));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RawLmdb {
    env: Env<WithoutTls>,
    entries: Database<'static, Bytes, Bytes>,
}

impl RawLmdb {
    /// Creates a folder with a database.
    ///
    /// # Errors
    /// What LMDB reports.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("raw.lmdb");
    /// assert!(arbour_benches::RawLmdb::create(&path).is_ok());
    /// ```
    pub fn create(path: &Path) -> Result<Self> {
        fs::create_dir(path).map_err(|cause| failed(cause.into()))?;
        let env = open(path).map_err(failed)?;
        let transaction = env.read_txn().map_err(failed)?;
        let opened = env.open_databases_and_commit(transaction, |opener, transaction| {
            let entries = opener.open_database::<Bytes, Bytes>(transaction, None)?;
            heed::Result::Ok(entries.map_or(CommitOrAbort::Abort(()), CommitOrAbort::Commit))
        });
        let entries = opened.map_err(failed)?.commit().ok_or_else(|| {
            Error::new(ErrorKind::Engine, Operation::Open, "the main database is not there")
        })?;
        Ok(Self { env, entries })
    }

    fn read(&self) -> Result<RoTxn<'_, WithoutTls>> {
        self.env.read_txn().map_err(failed)
    }

    /// Looks at the entries of a range.
    fn look_at_range(
        &self,
        transaction: &RoTxn<'_>,
        start: Bound<&[u8]>,
        end: Bound<&[u8]>,
        mut look: impl FnMut(&[u8], &[u8]) -> u64,
    ) -> Result<u64> {
        let mut seen = 0;
        for entry in self.entries.range(transaction, &(start, end)).map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            seen += look(key, value);
        }
        Ok(seen)
    }
}

#[allow(unsafe_code, reason = "a memory map is opened")]
fn open(path: &Path) -> heed::Result<Env<WithoutTls>> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(1 << 40);
    // SAFETY: the folder was made for this measurement, and nothing else opens or changes its files.
    unsafe { options.flags(EnvFlags::NO_META_SYNC).open(path) }
}

fn failed(cause: heed::Error) -> Error {
    Error::new(ErrorKind::Engine, Operation::Open, "raw LMDB failed").with_source(cause)
}

impl Contender for RawLmdb {
    fn put(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let mut transaction = self.env.write_txn().map_err(failed)?;
        for (key, value) in entries {
            self.entries.put(&mut transaction, key, value).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        match durability {
            Durability::PowerLoss => self.env.force_sync().map_err(failed),
            _ => Ok(()),
        }
    }

    /// LMDB has no batch: its transaction is the fastest way.
    fn apply(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        self.put(entries, durability)
    }

    fn gets(&self, keys: &[Key]) -> Result<u64> {
        let transaction = self.read()?;
        let mut seen = 0;
        for key in keys {
            if let Some(value) = self.entries.get(&transaction, key).map_err(failed)? {
                seen += look_at(value);
            }
        }
        Ok(seen)
    }

    /// LMDB has no such call, so collecting the values would gain nothing.
    fn multi_get(&self, keys: &[Key]) -> Result<u64> {
        self.gets(keys)
    }

    fn scan(&self) -> Result<u64> {
        let transaction = self.read()?;
        let mut seen = 0;
        for entry in self.entries.iter(&transaction).map_err(failed)? {
            let (key, value) = entry.map_err(failed)?;
            seen += look_at(key) + look_at(value);
        }
        Ok(seen)
    }

    fn prefix_scans(&self, prefixes: &[Prefix]) -> Result<u64> {
        let transaction = self.read()?;
        let mut seen = 0;
        for prefix in prefixes {
            let end = (u64::from_be_bytes(*prefix) + 1).to_be_bytes();
            let (start, end) = (Bound::Included(&prefix[..]), Bound::Excluded(&end[..]));
            let look = |key: &[u8], value: &[u8]| look_at(key) + look_at(value);
            seen += self.look_at_range(&transaction, start, end, look)?;
        }
        Ok(seen)
    }

    fn hold(&self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let _snapshot = self.read()?;
        meanwhile()
    }

    fn settle(&self) -> Result<()> {
        self.env.force_sync().map_err(failed)
    }
}

/// A table is a range of keys with its number before them, as in Arbour's backend: with named
/// databases each transaction would copy the records of all of them.
impl Tables for RawLmdb {
    fn put_records(&self, records: &[Record]) -> Result<()> {
        let mut transaction = self.env.write_txn().map_err(failed)?;
        let mut numbered = Vec::new();
        for record in records {
            for (table, entry) in Table::ALL.into_iter().zip(record) {
                let Some((key, value)) = entry else { continue };
                number(table, key, &mut numbered);
                self.entries.put(&mut transaction, &numbered, value).map_err(failed)?;
            }
        }
        transaction.commit().map_err(failed)?;
        self.env.force_sync().map_err(failed)
    }

    fn get_from(
        &self,
        table: Table,
        keys: &[Vec<u8>],
        mut look: impl FnMut(&[u8]) -> u64,
    ) -> Result<u64> {
        let transaction = self.read()?;
        let (mut seen, mut numbered) = (0, Vec::new());
        for key in keys {
            number(table, key, &mut numbered);
            if let Some(value) = self.entries.get(&transaction, &numbered).map_err(failed)? {
                seen += look(value);
            }
        }
        Ok(seen)
    }

    fn scan_of(&self, table: Table, mut look: impl FnMut(&[u8], &[u8]) -> u64) -> Result<u64> {
        let transaction = self.read()?;
        let (start, end) = ([table as u8], [table as u8 + 1]);
        let (start, end) = (Bound::Included(&start[..]), Bound::Excluded(&end[..]));
        self.look_at_range(&transaction, start, end, |key, value| {
            look(key.get(1..).unwrap_or_default(), value)
        })
    }
}

/// Writes a key with the number of its table before it.
fn number(table: Table, key: &[u8], numbered: &mut Vec<u8>) {
    numbered.clear();
    numbered.push(table as u8);
    numbered.extend_from_slice(key);
}
