//! RocksDB through its own API.

use std::path::Path;

use arbour_core::{Durability, Error, ErrorKind, Operation, Result};
use rocksdb::{
    BlockBasedOptions, BottommostLevelCompaction, Cache, ColumnFamily, ColumnFamilyDescriptor,
    CompactOptions, CompactionPri, DBAccess, DBCompressionType, DBRawIteratorWithThreadMode,
    DEFAULT_COLUMN_FAMILY_NAME, ErrorKind as Cause, OptimisticTransactionDB,
    OptimisticTransactionOptions, Options, ReadOptions, SnapshotWithThreadMode, Transaction,
    WriteBatchWithTransaction, WriteOptions,
};

use crate::contender::Contender;
use crate::tables::{Record, Table, Tables};
use crate::workload::{Entry, Key, Prefix, look_at};

/// RocksDB used directly: its only column family, its optimistic transactions, its batches, its raw
/// iterators with bounds, and values where they are pinned.
///
/// ```
/// use arbour_benches::contender::Contender;
/// use arbour_benches::{RawRocksdb, workload};
/// use arbour_core::Durability;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("raw.rocksdb");
/// let raw = RawRocksdb::create(&path)?;
/// raw.put(&workload::entries(200), Durability::PowerLoss)?;
/// assert_eq!(raw.gets(&[workload::key(0)])?, workload::look_at(&workload::entries(1)[0].1));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct RawRocksdb {
    database: OptimisticTransactionDB,
}

impl RawRocksdb {
    /// Creates a database folder.
    ///
    /// # Errors
    /// What RocksDB reports.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("raw.rocksdb");
    /// assert!(arbour_benches::RawRocksdb::create(&path).is_ok());
    /// ```
    pub fn create(path: &Path) -> Result<Self> {
        let options = options();
        let family = ColumnFamilyDescriptor::new(DEFAULT_COLUMN_FAMILY_NAME, options.clone());
        let database = OptimisticTransactionDB::open_cf_descriptors(&options, path, [family]);
        Ok(Self { database: database.map_err(failed)? })
    }

    fn family(&self) -> Result<&ColumnFamily> {
        self.database.cf_handle(DEFAULT_COLUMN_FAMILY_NAME).ok_or_else(|| {
            Error::new(ErrorKind::Engine, Operation::Open, "the column family is not there")
        })
    }

    /// Writes in a transaction, and retries if another one conflicted.
    fn transact(
        &self,
        durability: Durability,
        write: impl Fn(
            &Transaction<'_, OptimisticTransactionDB>,
            &ColumnFamily,
        ) -> Result<(), rocksdb::Error>,
    ) -> Result<()> {
        let family = self.family()?;
        let (options, optimistic) = (lasting(durability), OptimisticTransactionOptions::default());
        loop {
            let transaction = self.database.transaction_opt(&options, &optimistic);
            write(&transaction, family).map_err(failed)?;
            match transaction.commit() {
                // Another one has overwritten what this one wrote, or so much that RocksDB cannot
                // tell.
                Err(cause) if matches!(cause.kind(), Cause::Busy | Cause::TryAgain) => {}
                committed => return committed.map_err(failed),
            }
        }
    }

    /// Reads in a snapshot, with options that are made once.
    fn read(&self, reads: impl FnOnce(&ColumnFamily, ReadOptions) -> Result<u64>) -> Result<u64> {
        let snapshot = self.database.snapshot();
        reads(self.family()?, at(&snapshot))
    }
}

/// The settings of `RocksdbStore`, as far as they affect the measurements.
fn options() -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_block_cache(&Cache::new_lru_cache(64 << 20));
    table.set_block_size(16 << 10);
    table.set_bloom_filter(10.0, false);
    table.set_format_version(6);
    table.set_cache_index_and_filter_blocks(true);
    table.set_cache_index_and_filter_blocks_with_high_priority(true);
    table.set_pin_l0_filter_and_index_blocks_in_cache(true);
    table.set_pin_top_level_index_and_filter(true);
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(32 << 20);
    options.set_max_background_jobs(2);
    options.set_max_open_files(512);
    options.set_level_compaction_dynamic_level_bytes(true);
    options.set_compaction_pri(CompactionPri::MinOverlappingRatio);
    options.set_bytes_per_sync(1 << 20);
    options.set_wal_bytes_per_sync(1 << 20);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

fn at(snapshot: &SnapshotWithThreadMode<'_, OptimisticTransactionDB>) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_snapshot(snapshot);
    options
}

fn failed(cause: rocksdb::Error) -> Error {
    Error::new(ErrorKind::Engine, Operation::Open, "raw RocksDB failed").with_source(cause)
}

/// The system gets the log with each commit; the highest level waits for the device.
fn lasting(durability: Durability) -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(durability == Durability::PowerLoss);
    options
}

fn look_at_rest<D: DBAccess>(entries: &mut DBRawIteratorWithThreadMode<'_, D>) -> Result<u64> {
    let mut seen = 0;
    while let Some((key, value)) = entries.item() {
        seen += look_at(key) + look_at(value);
        entries.next();
    }
    entries.status().map_err(failed)?;
    Ok(seen)
}

impl Contender for RawRocksdb {
    fn put(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        self.transact(durability, |transaction, family| {
            entries.iter().try_for_each(|(key, value)| transaction.put_cf(family, key, value))
        })
    }

    fn apply(&self, entries: &[Entry], durability: Durability) -> Result<()> {
        let family = self.family()?;
        let mut batch = WriteBatchWithTransaction::<true>::default();
        for (key, value) in entries {
            batch.put_cf(family, key, value);
        }
        self.database.write_opt(batch, &lasting(durability)).map_err(failed)
    }

    fn gets(&self, keys: &[Key]) -> Result<u64> {
        self.read(|family, options| {
            let mut seen = 0;
            for key in keys {
                let value = self.database.get_pinned_cf_opt(family, key, &options);
                if let Some(value) = value.map_err(failed)? {
                    seen += look_at(&value);
                }
            }
            Ok(seen)
        })
    }

    fn multi_get(&self, keys: &[Key]) -> Result<u64> {
        self.read(|family, options| {
            let mut seen = 0;
            for value in self.database.batched_multi_get_cf_opt(family, keys, false, &options) {
                if let Some(value) = value.map_err(failed)? {
                    seen += look_at(&value);
                }
            }
            Ok(seen)
        })
    }

    fn scan(&self) -> Result<u64> {
        self.read(|family, options| {
            let mut entries = self.database.raw_iterator_cf_opt(family, options);
            entries.seek_to_first();
            look_at_rest(&mut entries)
        })
    }

    fn prefix_scans(&self, prefixes: &[Prefix]) -> Result<u64> {
        let snapshot = self.database.snapshot();
        let family = self.family()?;
        let mut seen = 0;
        for prefix in prefixes {
            let mut options = at(&snapshot);
            options.set_iterate_upper_bound((u64::from_be_bytes(*prefix) + 1).to_be_bytes());
            let mut entries = self.database.raw_iterator_cf_opt(family, options);
            entries.seek(prefix);
            seen += look_at_rest(&mut entries)?;
        }
        Ok(seen)
    }

    fn hold(&self, meanwhile: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let _snapshot = self.database.snapshot();
        meanwhile()
    }

    /// Writes the buffer out and merges the files, so that reads find them in one shape and no
    /// background thread of RocksDB is active.
    fn settle(&self) -> Result<()> {
        let family = self.family()?;
        self.database.flush_cf(family).map_err(failed)?;
        let mut options = CompactOptions::default();
        // A file that is only moved down keeps its index pinned, as if it were new: the stores of
        // both sides have to be in files that were merged.
        options.set_bottommost_level_compaction(BottommostLevelCompaction::ForceOptimized);
        self.database.compact_range_cf_opt(family, None::<&[u8]>, None::<&[u8]>, &options);
        Ok(())
    }
}

/// A table is a range of keys with its number before them, as in Arbour's backend, because a column
/// family for each table would be written out and merged separately.
impl Tables for RawRocksdb {
    fn put_records(&self, records: &[Record]) -> Result<()> {
        self.transact(Durability::PowerLoss, |transaction, family| {
            let mut numbered = Vec::new();
            for record in records {
                for (table, entry) in Table::ALL.into_iter().zip(record) {
                    let Some((key, value)) = entry else { continue };
                    number(table, key, &mut numbered);
                    transaction.put_cf(family, &numbered, value)?;
                }
            }
            Ok(())
        })
    }

    fn get_from(
        &self,
        table: Table,
        keys: &[Vec<u8>],
        mut look: impl FnMut(&[u8]) -> u64,
    ) -> Result<u64> {
        self.read(|family, options| {
            let (mut seen, mut numbered) = (0, Vec::new());
            for key in keys {
                number(table, key, &mut numbered);
                let value = self.database.get_pinned_cf_opt(family, &numbered, &options);
                if let Some(value) = value.map_err(failed)? {
                    seen += look(&value);
                }
            }
            Ok(seen)
        })
    }

    fn scan_of(&self, table: Table, mut look: impl FnMut(&[u8], &[u8]) -> u64) -> Result<u64> {
        self.read(|family, mut options| {
            options.set_iterate_upper_bound([table as u8 + 1]);
            let mut entries = self.database.raw_iterator_cf_opt(family, options);
            entries.seek([table as u8]);
            let mut seen = 0;
            while let Some((key, value)) = entries.item() {
                seen += look(key.get(1..).unwrap_or_default(), value);
                entries.next();
            }
            entries.status().map_err(failed)?;
            Ok(seen)
        })
    }
}

/// Writes a key with the number of its table before it.
fn number(table: Table, key: &[u8], numbered: &mut Vec<u8>) {
    numbered.clear();
    numbered.push(table as u8);
    numbered.extend_from_slice(key);
}
