//! Files written by earlier versions open forever.

use std::path::Path;

use arbour_conformance::{Factory, fixture};
use arbour_core::{Result, StoreOptions};
use arbour_rocksdb::RocksdbStore;

struct Engine;

impl Factory for Engine {
    type Store = RocksdbStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<RocksdbStore> {
        RocksdbStore::open(path, options)
    }
}

#[test]
fn open_forever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/rocksdb");
    // RocksDB's own log names the machine on which it ran.
    fixture::check(&Engine, &folder, |name| name.starts_with("LOG"));
}
