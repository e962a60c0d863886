//! Files written by earlier versions open forever.

use std::path::Path;

use arbour_conformance::{Factory, fixture};
use arbour_core::{Result, StoreOptions};
use arbour_redb::RedbStore;

struct Engine;

impl Factory for Engine {
    type Store = RedbStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<RedbStore> {
        RedbStore::open(path, options)
    }
}

#[test]
fn open_forever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/redb");
    fixture::check(&Engine, &folder, |_| false);
}
