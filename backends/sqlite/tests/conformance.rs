//! The suite on SQLite.

use std::fs::OpenOptions;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use arbour_conformance::Factory;
use arbour_core::{Result, StoreOptions};
use arbour_sqlite::SqliteStore;

struct Sqlite;

impl Factory for Sqlite {
    type Store = SqliteStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<SqliteStore> {
        SqliteStore::open(path, options)
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        // The user_version is a big-endian number at offset 60.
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.seek(SeekFrom::Start(60))?;
        file.write_all(&2_u32.to_be_bytes())
    }
}

arbour_conformance::all_suites!(Sqlite);

mod mirror {
    use arbour_conformance::{BTreeFactory, MemoryFactory, mirror, seed};

    use super::Sqlite;

    #[test]
    fn answers_as_memory_does() {
        mirror(&Sqlite, &MemoryFactory, seed(), 32);
    }

    #[test]
    fn answers_as_the_layered_engine_does() {
        mirror(&Sqlite, &BTreeFactory, seed(), 32);
    }
}
