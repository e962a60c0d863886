//! The suite on LMDB.

use std::fs::OpenOptions;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use arbour_conformance::Factory;
use arbour_core::{Result, StoreOptions};
use arbour_lmdb::LmdbStore;

struct Lmdb;

impl Factory for Lmdb {
    type Store = LmdbStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<LmdbStore> {
        LmdbStore::open(path, options)
    }

    fn data_file(&self, path: &Path) -> PathBuf {
        path.join("data.mdb")
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        // The version is in each of the two meta pages, after the header of the page and a magic
        // number.
        let mut file = OpenOptions::new().write(true).open(self.data_file(path))?;
        for page in [0, 4096] {
            file.seek(SeekFrom::Start(page + 20))?;
            file.write_all(&2_u32.to_ne_bytes())?;
        }
        Ok(())
    }
}

arbour_conformance::all_suites!(Lmdb);

mod mirror {
    use arbour_conformance::{BTreeFactory, MemoryFactory, mirror, seed};

    use super::Lmdb;

    #[test]
    fn answers_as_memory_does() {
        mirror(&Lmdb, &MemoryFactory, seed(), 32);
    }

    #[test]
    fn answers_as_the_layered_engine_does() {
        mirror(&Lmdb, &BTreeFactory, seed(), 32);
    }
}
