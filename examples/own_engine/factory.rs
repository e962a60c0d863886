//! How the suite opens the engine's stores.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use arbour::{Result, StoreOptions};
use arbour_conformance::Factory;
use arbour_core::engine::TransactionLayer;

use crate::engine::{self, OwnEngine};

/// The engine for the suite.
pub(crate) struct Own;

impl Factory for Own {
    type Store = TransactionLayer<OwnEngine>;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<Self::Store> {
        engine::open(path, options)
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        File::options().write(true).open(path)?.write_all(b"own log\x02")
    }
}
