//! The suite on fjall.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbour_conformance::Factory;
use arbour_core::{Result, StoreOptions};
use arbour_fjall::FjallStore;

struct Fjall;

impl Factory for Fjall {
    type Store = FjallStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<FjallStore> {
        FjallStore::open(path, options)
    }

    fn data_file(&self, path: &Path) -> PathBuf {
        // A closed store has its entries in sorted files, and those of a case in one file.
        let files = fs::read_dir(path.join("keyspaces/1/tables")).into_iter().flatten().flatten();
        let files = files.map(|file| file.path());
        files.max_by_key(|file| file.metadata().map_or(0, |found| found.len())).unwrap_or_default()
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        fs::write(path.join("arbour"), "arbour-fjall 2\n")
    }
}

arbour_conformance::suite!(Fjall);
arbour_conformance::documents_suite!(Fjall);
arbour_conformance::events_suite!(Fjall);
arbour_conformance::migrations_suite!(Fjall);

mod mirror {
    use arbour_conformance::{BTreeFactory, MemoryFactory, mirror, seed};

    use super::Fjall;

    #[test]
    fn answers_as_memory_does() {
        mirror(&Fjall, &MemoryFactory, seed(), 32);
    }

    #[test]
    fn answers_as_the_layered_engine_does() {
        mirror(&Fjall, &BTreeFactory, seed(), 32);
    }
}
