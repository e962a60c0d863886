//! Files written by earlier versions open forever.

use std::path::Path;

use arbour_conformance::{Factory, fixture};
use arbour_core::{Result, StoreOptions};
use arbour_fjall::FjallStore;

struct Engine;

impl Factory for Engine {
    type Store = FjallStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<FjallStore> {
        FjallStore::open(path, options)
    }
}

#[test]
fn open_forever() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fjall");
    fixture::check(&Engine, &folder, |_| false);
}
