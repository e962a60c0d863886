//! Every suite of Arbour, over this engine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbour_conformance::Factory;
use arbour_core::{Result, StoreOptions};
use own_engine::OwnStore;

/// How the suites open stores.
struct Own;

impl Factory for Own {
    type Store = OwnStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<OwnStore> {
        own_engine::open(path, options)
    }

    /// **Yours**: the file with the entries, which cases about damage overwrite.
    fn data_file(&self, path: &Path) -> PathBuf {
        path.join("log")
    }

    /// **Yours**: the name of the engine, and a version that you have not reached.
    fn make_newer(&self, path: &Path) -> io::Result<()> {
        fs::write(path.join("arbour"), "arbour-own 2\n")
    }
}

arbour_conformance::all_suites!(Own);
