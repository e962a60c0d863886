//! Files written by earlier versions open forever.

use std::path::Path;

use arbour_conformance::{Factory, fixture};
use arbour_core::{Result, StoreOptions};
use arbour_lmdb::LmdbStore;

struct Engine;

impl Factory for Engine {
    type Store = LmdbStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<LmdbStore> {
        LmdbStore::open(path, options)
    }
}

#[test]
fn open_forever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lmdb");
    // The locks are of this machine.
    fixture::check(&Engine, &folder, |name| {
        name.ends_with("lock.mdb") || name.ends_with("writer.lock")
    });
}
