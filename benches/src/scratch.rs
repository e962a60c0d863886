//! Folders for stores that are measured.

use std::fs;
use std::io;
use std::path::PathBuf;

use arbour_core::{Error, ErrorKind, Operation, Result};
use tempfile::TempDir;

/// A folder for stores that is removed when this is dropped.
pub(crate) struct Scratch {
    folder: TempDir,
}

impl Scratch {
    pub(crate) fn new() -> Result<Self> {
        let folder = TempDir::with_prefix("arbour-overhead-").map_err(failed)?;
        Ok(Self { folder })
    }

    /// Returns a path for a store, in a folder of its own. What an earlier store of that name left
    /// there is removed.
    pub(crate) fn store(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.path().join(name);
        match fs::remove_dir_all(&folder) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
            _ => fs::create_dir(&folder).map_err(failed)?,
        }
        Ok(folder.join("store"))
    }
}

fn failed(cause: io::Error) -> Error {
    let message = "cannot prepare a folder for a store";
    Error::new(ErrorKind::Io, Operation::Open, message).with_source(cause)
}
