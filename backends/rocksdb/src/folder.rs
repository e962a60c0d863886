//! The folder of a store: its content, and to which program it belongs.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use arbour_core::engine::{StoreLock, StorePath, open_folder};
use arbour_core::{Error, ErrorKind, Operation, Result, StoreOptions};

/// RocksDB names its newest manifest in this file; without it there is no database.
const CURRENT: &str = "CURRENT";

/// The files RocksDB creates before `CURRENT`, which an interrupted creation leaves.
const MADE_FIRST: [&str; 6] =
    ["IDENTITY", "LOCK", "LOG", "MANIFEST-000001", "000000.dbtmp", "000001.dbtmp"];

/// The prefix of RocksDB's logs of earlier attempts.
const OLD_LOG: &str = "LOG.old.";

/// Opens a folder, creating it if it is absent and that is allowed, and locks it: shared for
/// reading, exclusively for writing.
///
/// RocksDB's own lock excludes a second writer but not a reader, whose files a writer would
/// replace. If a folder cannot be locked, RocksDB's lock is the only one.
pub(crate) fn lock(path: &StorePath, options: &StoreOptions) -> Result<Option<StoreLock>> {
    open_folder(path, "RocksDB", options.may_create())?;
    path.pin()?;
    if !cfg!(unix) {
        return Ok(None);
    }
    let lock = if options.is_read_only() { StoreLock::shared } else { StoreLock::exclusive };
    match lock(File::open(path).map_err(unreachable)?) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == ErrorKind::Locked => Err(error),
        // Some network file systems cannot lock folders.
        Err(_) => Ok(None),
    }
}

/// Tells whether a folder holds a database, and not just what an interrupted creation left. A folder
/// with any other content is refused, because RocksDB would create a database in the middle of it.
pub(crate) fn has_database(path: &Path) -> Result<bool> {
    let mut only_beginnings = true;
    for entry in fs::read_dir(path).map_err(unreachable)? {
        let name = entry.map_err(unreachable)?.file_name();
        let name = name.to_string_lossy();
        if name == CURRENT {
            return Ok(true);
        }
        only_beginnings &= MADE_FIRST.contains(&&*name) || name.starts_with(OLD_LOG);
    }
    if only_beginnings {
        return Ok(false);
    }
    let message = "the folder holds files, but no database of RocksDB, or not all of it";
    Err(Error::new(ErrorKind::Corrupted, Operation::Open, message))
}

fn unreachable(cause: io::Error) -> Error {
    Error::from_io(cause, Operation::Open, "the folder cannot be reached")
}
