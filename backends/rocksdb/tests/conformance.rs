//! The suite on RocksDB.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbour_conformance::Factory;
use arbour_core::{Result, StoreOptions};
use arbour_rocksdb::RocksdbStore;
use rocksdb::{DB, Options};

struct Rocksdb;

impl Factory for Rocksdb {
    type Store = RocksdbStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<RocksdbStore> {
        RocksdbStore::open(path, options)
    }

    fn data_file(&self, path: &Path) -> PathBuf {
        // A closed store has its entries in sorted files, and those of a case in one file.
        let files = fs::read_dir(path).into_iter().flatten().flatten().map(|file| file.path());
        let sorted = files.filter(|file| file.extension().is_some_and(|ending| ending == "sst"));
        sorted.max_by_key(|file| file.metadata().map_or(0, |found| found.len())).unwrap_or_default()
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        let options = Options::default();
        let made = DB::list_cf(&options, path).and_then(|families| {
            DB::open_cf(&options, path, families)?.create_cf("arbour-2", &options)
        });
        made.map_err(io::Error::other)
    }
}

arbour_conformance::all_suites!(Rocksdb);

mod mirror {
    use arbour_conformance::{BTreeFactory, MemoryFactory, mirror, seed};

    use super::Rocksdb;

    #[test]
    fn answers_as_memory_does() {
        mirror(&Rocksdb, &MemoryFactory, seed(), 32);
    }

    #[test]
    fn answers_as_the_layered_engine_does() {
        mirror(&Rocksdb, &BTreeFactory, seed(), 32);
    }
}
