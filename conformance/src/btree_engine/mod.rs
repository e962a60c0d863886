//! The worked example for engine authors: an engine with neither snapshots nor transactions.
//!
//! [`BTreeEngine`] keeps ordered maps in memory and a log of batches in one file. It does the least
//! an engine can do: it reads the current state and applies a batch as a whole. The layers make a
//! complete store of it: [`SnapshotLayer`] adds the snapshots, [`TransactionLayer`] the
//! transactions. It is a real engine, which persists and survives a crash; but all its data has to
//! fit into memory, and its log only grows.
//!
//! ```text
//! engine.rs   the two traits: Engine (write) and LiveEngine (read)
//! cursor.rs   the entries of a range, each read when its turn comes
//! trees.rs    the maps in memory
//! log.rs      the file: append, replay, torn tails
//! record.rs   the bytes of a batch
//! ```

mod cursor;
mod engine;
mod log;
mod record;
#[cfg(test)]
mod tests;
mod trees;

use std::io::Write;
use std::path::Path;
use std::{fs, io};

use arbour_core::engine::{SnapshotLayer, TransactionLayer};
use arbour_core::{Result, StoreOptions};

pub use cursor::BTreeCursor;
pub use engine::BTreeEngine;

use crate::Factory;

/// A complete store of a [`BTreeEngine`].
///
/// ```
/// use arbour_conformance::{BTreeFactory, BTreeStore, Factory};
/// use arbour_core::{KvStore, StoreOptions};
/// let folder = tempfile::tempdir().unwrap();
/// let path = folder.path().join("app.btree");
/// let store: BTreeStore = BTreeFactory.open(&path, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// store.close()?;
///
/// let store = BTreeFactory.open(&path, &StoreOptions::new())?;
/// assert_eq!(store.get(&store.tree("users")?, b"ada")?.as_deref(), Some(&b"1815"[..]));
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub type BTreeStore = TransactionLayer<SnapshotLayer<BTreeEngine>>;

/// Opens [`BTreeStore`]s, for the suite and for other tests.
///
/// ```
/// arbour_conformance::suite!(arbour_conformance::BTreeFactory);
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct BTreeFactory;

impl Factory for BTreeFactory {
    type Store = BTreeStore;

    fn open(&self, path: &Path, options: &StoreOptions) -> Result<BTreeStore> {
        let engine = SnapshotLayer::new(BTreeEngine::open(path, options)?);
        Ok(TransactionLayer::new(engine, options, Some(path.to_owned())))
    }

    fn make_newer(&self, path: &Path) -> io::Result<()> {
        write_header(path, log::VERSION + 1)
    }
}

/// Marks a closed store as written by this version, whichever version wrote it.
pub(crate) fn make_current(path: &Path) -> io::Result<()> {
    write_header(path, log::VERSION)
}

fn write_header(path: &Path, version: u32) -> io::Result<()> {
    fs::OpenOptions::new().write(true).open(path)?.write_all(&log::header(version))
}
