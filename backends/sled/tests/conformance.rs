//! The suite on sled.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbour_conformance::Factory;
use arbour_core::{Result, StoreOptions};
use arbour_sled::SledStore;

struct Sled;

impl Factory for Sled {
    type Store = SledStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<SledStore> {
        SledStore::open(path, options)
    }

    fn data_file(&self, path: &Path) -> PathBuf {
        path.join("db")
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        let seal = path.join("seal");
        let line = fs::read_to_string(&seal)?;
        fs::write(&seal, line.replacen("arbour-sled 1 ", "arbour-sled 2 ", 1))
    }
}

arbour_conformance::all_suites!(Sled);

mod mirror {
    use arbour_conformance::{BTreeFactory, MemoryFactory, mirror, seed};

    use super::Sled;

    #[test]
    fn answers_as_memory_does() {
        mirror(&Sled, &MemoryFactory, seed(), 32);
    }

    #[test]
    fn answers_as_the_layered_engine_does() {
        mirror(&Sled, &BTreeFactory, seed(), 32);
    }
}
