//! An engine outside of Arbour: a start to copy, and complete as it is.
//!
//! 1. Copy this folder. In `Cargo.toml` change the name, and the paths of Arbour's crates.
//! 2. `toy.rs` stands for the engine that you have: delete it, and depend on your engine instead.
//! 3. Fill in three files, as far as their comments marked **Yours** say: `database.rs` opens and
//!    writes, `reading.rs` reads, `error.rs` maps errors.
//! 4. Run `cargo test`: the one macro in `tests/suite.rs` runs every suite of Arbour over the engine.
//!
//! The engine that you have needs to be an ordered map of bytes, with snapshots and atomic batches.
//! Trees, transactions, savepoints, limits, waiting and closing come from Arbour's layers.
//!
//! A program opens it by its type, or registers it once and opens it by a URL:
//!
//! ```
//! use arbour::{DynStore, KvStore};
//! arbour::register("own", |place, options| Ok(DynStore::new(own_engine::open(place, options)?)))?;
//! # let folder = tempfile::tempdir().unwrap();
//! # let url = format!("own:{}", folder.path().join("app.own").display());
//! let store = arbour::open(&url)?; // "own:app.own"
//! store.put(&store.tree("users")?, b"ada", b"1815")?;
//! # Ok::<(), arbour::Error>(())
//! ```

mod database;
mod error;
mod reading;
mod toy;

use std::path::Path;

use arbour_core::engine::{TransactionLayer, TreeLayer};
use arbour_core::{Result, StoreOptions};

pub use database::OwnEngine;

/// A store of this engine.
pub type OwnStore = TransactionLayer<TreeLayer<OwnEngine>>;

/// Opens the store in the folder at `path`, creating it if it is absent and the options allow.
///
/// # Errors
/// Those of [`StoreFolder::open`](arbour_core::engine::StoreFolder::open), and those of the engine.
pub fn open(path: impl AsRef<Path>, options: &StoreOptions) -> Result<OwnStore> {
    Ok(TreeLayer::new(OwnEngine::open(path.as_ref(), options)?)?.into_store(options))
}
