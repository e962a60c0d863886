//! Options that only RocksDB has.

use arbour_core::StoreOptions;
use rocksdb::{
    BlockBasedOptions, Cache, CompactionPri, DBCompressionType, DBRecoveryMode, LogLevel, Options,
};

/// How the blocks of sorted files are compressed. Files written with one setting can be read with
/// any other.
///
/// ```
/// use arbour_rocksdb::{Compression, RocksdbOptions};
/// let options = RocksdbOptions::new().compression(Compression::None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Blocks are not compressed.
    None,
    /// Quick, and halves most data.
    #[default]
    Lz4,
}

/// The options of RocksDB beyond [`StoreOptions`], whose `cache_bytes` is the size of its block
/// cache (64 MiB by default).
///
/// They are not stored: each opening has its own.
///
/// ```
/// use arbour_core::StoreOptions;
/// use arbour_rocksdb::{RocksdbOptions, RocksdbStore};
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("app.rocksdb");
/// let general = StoreOptions::new().cache_bytes(256 << 20);
/// let own = RocksdbOptions::new().write_buffer_bytes(64 << 20).background_jobs(4);
/// let store = RocksdbStore::open_with(&path, &general, &own)?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RocksdbOptions {
    compression: Compression,
    write_buffer_bytes: usize,
    background_jobs: u16,
    open_files_max: u16,
}

const CACHE_BYTES: usize = 64 << 20;

/// Larger than RocksDB's default of 4 KiB, because larger blocks need a smaller index.
const BLOCK_BYTES: usize = 16 << 10;

/// With ten bits for each key, one in a hundred gets of an absent key passes the filter.
const BLOOM_BITS: f64 = 10.0;

/// Pinned, so that after an upgrade of RocksDB the previous version can still read the files.
const TABLE_FORMAT: i32 = 6;

/// Written to the device in steps, so that a sync never has much to wait for.
const BYTES_PER_SYNC: u64 = 1 << 20;

impl Default for RocksdbOptions {
    fn default() -> Self {
        Self {
            compression: Compression::default(),
            write_buffer_bytes: 32 << 20,
            background_jobs: 2,
            open_files_max: 512,
        }
    }
}

impl RocksdbOptions {
    /// Creates the defaults: LZ4, 32 MiB of write buffer, two background jobs, 512 open files.
    ///
    /// ```
    /// let options = arbour_rocksdb::RocksdbOptions::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how new files are compressed.
    ///
    /// ```
    /// use arbour_rocksdb::{Compression, RocksdbOptions};
    /// let options = RocksdbOptions::new().compression(Compression::None);
    /// ```
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Sets how many bytes are collected in memory, and in the log, before they are written to a
    /// sorted file. Up to twice as many are used while one is being written.
    ///
    /// ```
    /// let options = arbour_rocksdb::RocksdbOptions::new().write_buffer_bytes(8 << 20);
    /// ```
    #[must_use]
    pub fn write_buffer_bytes(mut self, bytes: usize) -> Self {
        self.write_buffer_bytes = bytes;
        self
    }

    /// Sets the maximum number of threads that write and merge sorted files. They are shared by all
    /// stores of the process.
    ///
    /// ```
    /// let options = arbour_rocksdb::RocksdbOptions::new().background_jobs(4);
    /// ```
    #[must_use]
    pub fn background_jobs(mut self, jobs: u16) -> Self {
        self.background_jobs = jobs;
        self
    }

    /// Sets the maximum number of sorted files, of up to 64 MiB each, that are kept open.
    ///
    /// ```
    /// let options = arbour_rocksdb::RocksdbOptions::new().open_files_max(4096);
    /// ```
    #[must_use]
    pub fn open_files_max(mut self, files: u16) -> Self {
        self.open_files_max = files;
        self
    }

    /// Converts them to RocksDB's form.
    pub(crate) fn resolve(&self, store: &StoreOptions) -> Options {
        let mut options = Options::default();
        options.create_if_missing(store.may_create());
        options.create_missing_column_families(!store.is_read_only());
        // Keep the commits up to where the log is torn, which is the right mode after a power loss.
        // A stricter mode would refuse to open then.
        options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
        options.set_track_and_verify_wals_in_manifest(true);
        options.set_block_based_table_factory(&self.table(store));
        options.set_compression_type(match self.compression {
            Compression::None => DBCompressionType::None,
            Compression::Lz4 => DBCompressionType::Lz4,
        });
        options.set_write_buffer_size(self.write_buffer_bytes);
        options.set_max_background_jobs(self.background_jobs.max(1).into());
        options.set_max_open_files(self.open_files_max.max(64).into());
        options.set_level_compaction_dynamic_level_bytes(true);
        options.set_compaction_pri(CompactionPri::MinOverlappingRatio);
        options.set_bytes_per_sync(BYTES_PER_SYNC);
        options.set_wal_bytes_per_sync(BYTES_PER_SYNC);
        // Statistics would cost a thread and a write every ten minutes.
        options.set_stats_dump_period_sec(0);
        options.set_stats_persist_period_sec(0);
        options.set_log_level(LogLevel::Warn);
        options.set_keep_log_file_num(2);
        options.set_max_log_file_size(1 << 20);
        options
    }

    fn table(&self, store: &StoreOptions) -> BlockBasedOptions {
        let mut table = BlockBasedOptions::default();
        let cache = Cache::new_lru_cache(store.cache_size().unwrap_or(CACHE_BYTES));
        table.set_block_cache(&cache);
        table.set_block_size(BLOCK_BYTES);
        table.set_bloom_filter(BLOOM_BITS, false);
        table.set_format_version(TABLE_FORMAT);
        // Indexes and filters are in the cache, so that its size limits them too.
        table.set_cache_index_and_filter_blocks(true);
        table.set_cache_index_and_filter_blocks_with_high_priority(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        table.set_pin_top_level_index_and_filter(true);
        table
    }
}
