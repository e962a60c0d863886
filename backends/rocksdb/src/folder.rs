//! The folder of a store: what is in it, and whose it is.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use arbour_core::engine::{StoreLock, StorePath};
use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::error;

/// What lies in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing, or what a creation left that never came to its end.
    Nothing,
    /// A database of RocksDB.
    Database,
}

/// RocksDB names its newest manifest in this file; a database without it is none.
const CURRENT: &str = "CURRENT";

/// What RocksDB makes before the file above, and so what a creation cut short leaves.
const MADE_FIRST: [&str; 6] =
    ["IDENTITY", "LOCK", "LOG", "MANIFEST-000001", "000000.dbtmp", "000001.dbtmp"];

/// Its logs of earlier attempts begin with this.
const OLD_LOG: &str = "LOG.old.";

/// The folder, locked for as long as this lives.
///
/// RocksDB's own lock keeps a second writer away but not a reader, under whom a writer would
/// exchange the files. Where a folder cannot be locked, RocksDB's lock is all there is.
pub(crate) struct Folder {
    _lock: Option<StoreLock>,
}

impl Folder {
    /// Opens a folder, making it if it is absent and that is allowed, and locks it: to be read
    /// beside others, or to be written alone.
    pub(crate) fn open(path: &StorePath, create: bool, read_only: bool) -> Result<Self> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => {
                let message = "the path is that of a file; a store of RocksDB is a folder";
                return Err(error::corrupted(Operation::Open, message));
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound && create => make(path)?,
            Err(cause) => return Err(path.open_error(cause)),
        }
        let lock = if cfg!(unix) { lock(path, read_only)? } else { None };
        path.pin()?;
        Ok(Self { _lock: lock })
    }
}

/// Makes a folder that outlives the loss of power.
fn make(path: &Path) -> Result<()> {
    match fs::create_dir(path) {
        // Another process was quicker; the lock decides.
        Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {
            return Ok(());
        }
        made => made.map_err(unreachable)?,
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if cfg!(unix) {
        let synced = File::open(parent.unwrap_or(Path::new("."))).and_then(|file| file.sync_all());
        synced.map_err(unreachable)?;
    }
    Ok(())
}

fn lock(path: &Path, read_only: bool) -> Result<Option<StoreLock>> {
    let folder = File::open(path).map_err(unreachable)?;
    let locked = if read_only { StoreLock::shared(folder) } else { StoreLock::exclusive(folder) };
    match locked {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == ErrorKind::Locked => Err(error),
        // Some network file systems lock no folders.
        Err(_) => Ok(None),
    }
}

/// Looks what is in a folder, without changing it. A folder that holds anything else is refused:
/// RocksDB would make a database in the midst of it.
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

/// Returns how many bytes the files in a folder have.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_another_process_made_is_taken_and_a_file_is_not() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("store");
        make(&folder).unwrap();
        make(&folder).unwrap();
        let file = scratch.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = make(&file).unwrap_err();
        assert_eq!(refused.kind(), arbour_core::ErrorKind::Io, "{refused}");
        let refused = make(&scratch.path().join("nowhere/store")).unwrap_err();
        assert_eq!(refused.kind(), arbour_core::ErrorKind::Io, "{refused}");
    }
}
