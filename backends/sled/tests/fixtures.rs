//! Files written by earlier versions open forever.

use std::path::Path;

use arbour_conformance::{Factory, fixture};
use arbour_core::{Result, StoreOptions};
use arbour_sled::SledStore;

struct Engine;

impl Factory for Engine {
    type Store = SledStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<SledStore> {
        SledStore::open(path, options)
    }
}

#[test]
fn open_forever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sled");
    fixture::check(&Engine, &folder, |_| false);
}
