//! The folder of a store: its content, and to which program it belongs.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use arbour_core::engine::{StoreLock, StorePath, make_folder};
use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::error;

/// The content of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing, or leftovers of a creation that was interrupted.
    Nothing,
    /// A RocksDB database.
    Database,
}

/// RocksDB names its newest manifest in this file; without it there is no database.
const CURRENT: &str = "CURRENT";

/// The files RocksDB creates before `CURRENT`, which an interrupted creation leaves.
const MADE_FIRST: [&str; 6] =
    ["IDENTITY", "LOCK", "LOG", "MANIFEST-000001", "000000.dbtmp", "000001.dbtmp"];

/// The prefix of RocksDB's logs of earlier attempts.
const OLD_LOG: &str = "LOG.old.";

/// A folder that stays locked for the lifetime of this value.
///
/// RocksDB's own lock excludes a second writer but not a reader, whose files a writer would
/// replace. If a folder cannot be locked, RocksDB's lock is the only one.
pub(crate) struct Folder {
    _lock: Option<StoreLock>,
}

impl Folder {
    /// Opens a folder, creating it if it is absent and that is allowed, and locks it: shared for
    /// reading, exclusively for writing.
    pub(crate) fn open(path: &StorePath, create: bool, read_only: bool) -> Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                let message = "the path is that of a file; a store of RocksDB is a folder";
                return Err(error::corrupted(Operation::Open, message));
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && create => {
                make_folder(path).map_err(unreachable)?;
            }
            Err(cause) => return Err(path.open_error(cause)),
        }
        let lock = if cfg!(unix) { lock(path, read_only)? } else { None };
        path.pin()?;
        Ok(Self { _lock: lock })
    }
}

fn lock(path: &Path, read_only: bool) -> Result<Option<StoreLock>> {
    let folder = File::open(path).map_err(unreachable)?;
    let locked = if read_only { StoreLock::shared(folder) } else { StoreLock::exclusive(folder) };
    match locked {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == ErrorKind::Locked => Err(error),
        // Some network file systems cannot lock folders.
        Err(_) => Ok(None),
    }
}

/// Examines the content of a folder without changing it. A folder with any other content is
/// refused, because RocksDB would create a database in the middle of it.
pub(crate) fn content(path: &Path) -> Result<Content> {
    let mut only_beginnings = true;
    for entry in fs::read_dir(path).map_err(unreachable)? {
        let name = entry.map_err(unreachable)?.file_name();
        let name = name.to_string_lossy();
        if name == CURRENT {
            return Ok(Content::Database);
        }
        only_beginnings &= MADE_FIRST.contains(&&*name) || name.starts_with(OLD_LOG);
    }
    if only_beginnings {
        return Ok(Content::Nothing);
    }
    let message = "the folder holds files, but no database of RocksDB, or not all of it";
    Err(error::corrupted(Operation::Open, message))
}

/// Returns the total size of the files in a folder, in bytes.
pub(crate) fn size(path: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(path)? {
        match entry?.metadata() {
            Ok(found) => bytes += found.len(),
            // RocksDB removes files in the background.
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(bytes)
}

fn unreachable(cause: io::Error) -> Error {
    error::system(cause, Operation::Open, "the folder cannot be reached")
}
