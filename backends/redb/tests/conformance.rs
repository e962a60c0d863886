//! The suite on redb.

use std::fs::OpenOptions;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use arbour_conformance::Factory;
use arbour_core::{Result, StoreOptions};
use arbour_redb::RedbStore;

struct Redb;

impl Factory for Redb {
    type Store = RedbStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<RedbStore> {
        RedbStore::open(path, options)
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        // The version is the first byte of each of the two commit slots.
        let mut file = OpenOptions::new().write(true).open(path)?;
        for slot in [64, 192] {
            file.seek(SeekFrom::Start(slot))?;
            file.write_all(&[4])?;
        }
        Ok(())
    }
}

arbour_conformance::all_suites!(Redb);

mod mirror {
    use arbour_conformance::{BTreeFactory, MemoryFactory, mirror, seed};

    use super::Redb;

    #[test]
    fn answers_as_memory_does() {
        mirror(&Redb, &MemoryFactory, seed(), 32);
    }

    #[test]
    fn answers_as_the_layered_engine_does() {
        mirror(&Redb, &BTreeFactory, seed(), 32);
    }
}
