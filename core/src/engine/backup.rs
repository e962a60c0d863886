//! Moving a backup to its destination once it is complete.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};

use super::copy_entries::copy_entries;
use super::store_folder::sync_folder;
use crate::{Error, ErrorKind, KvStore, Operation, Result, StoreOptions};

/// Writes a backup next to its destination and moves it there once it is complete. Engines use it
/// to implement [`KvStore::backup`](crate::KvStore::backup), whether their stores are files or
/// folders.
///
/// `write` gets a path at which nothing exists, and must leave its result there closed and durable.
/// Leftovers of an earlier attempt that was killed are removed first. The move is durable when the
/// call returns. A relative destination is resolved once, so the process may change its current
/// folder meanwhile.
///
/// # Errors
/// [`InvalidArgument`](ErrorKind::InvalidArgument) if something already exists at the destination,
/// [`Io`](ErrorKind::Io) for errors of the system, or the error of `write`. In the last two cases
/// nothing is left at the destination or next to it.
///
/// ```
/// use arbour_core::engine::write_backup;
/// # let folder = tempfile::tempdir().unwrap();
/// let destination = folder.path().join("copy.toy");
/// write_backup(&destination, |unfinished| {
///     std::fs::write(unfinished, b"all of it").unwrap();
///     Ok(())
/// })?;
/// assert_eq!(std::fs::read(&destination).unwrap(), b"all of it");
/// assert!(write_backup(&destination, |_| Ok(())).is_err());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn write_backup(destination: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let refused = |cause| io_error(cause, destination);
    let destination = &path::absolute(destination).map_err(refused)?;
    if destination.symlink_metadata().is_ok() {
        let message = "the destination exists already: name one that does not";
        let error = Error::new(ErrorKind::InvalidArgument, Operation::Backup, message);
        return Err(error.with_path(destination));
    }
    let unfinished = unfinished(destination);
    remove(&unfinished).map_err(refused)?;
    let written = write(&unfinished).and_then(|()| {
        fs::rename(&unfinished, destination)
            .and_then(|()| destination.parent().map_or(Ok(()), sync_folder))
            .map_err(refused)
    });
    if written.is_err() {
        // The original failure is the one to report. Leftovers that cannot be removed have a name
        // that says what they are.
        let _ = remove(&unfinished);
    }
    written
}

/// Copies the entries of one snapshot of a store to a new store of the same engine at `destination`,
/// as [`KvStore::backup`] of an engine that has no better way. `open` opens or creates a store.
///
/// # Errors
/// As [`write_backup`]; errors of either store.
///
/// ```
/// use arbour_core::engine::backup_by_copy;
/// use arbour_core::{KvStore, Result, StoreOptions};
/// use std::path::Path;
/// fn backup<S: KvStore>(
///     store: &S,
///     destination: &Path,
///     open: impl FnOnce(&Path, &StoreOptions) -> Result<S>,
/// ) -> Result<()> {
///     backup_by_copy(store, destination, open)
/// }
/// ```
pub fn backup_by_copy<S: KvStore>(
    store: &S,
    destination: &Path,
    open: impl FnOnce(&Path, &StoreOptions) -> Result<S>,
) -> Result<()> {
    let copied = write_backup(destination, |unfinished| {
        let options = StoreOptions::new().limits(store.capabilities().limits);
        let copy = open(unfinished, &options)?;
        copy_entries(store, &copy)?;
        copy.close()
    });
    copied.map_err(|error| error.with_operation(Operation::Backup))
}

/// Returns the temporary name of an incomplete backup.
fn unfinished(destination: &Path) -> PathBuf {
    let mut name = OsString::from(destination);
    name.push(".unfinished");
    PathBuf::from(name)
}

/// Removes a file or a folder with its content, if it exists.
fn remove(path: &Path) -> io::Result<()> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(cause) => Err(cause),
    };
    match removed {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn io_error(cause: io::Error, path: &Path) -> Error {
    Error::from_io(cause, Operation::Backup, "cannot write the backup").with_path(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::write_backup;
    use crate::{Error, ErrorKind, Operation};

    #[test]
    fn a_folder_takes_its_place_whole() {
        let folder = tempfile::tempdir().unwrap();
        let destination = folder.path().join("copy");
        // Leftovers of an attempt that was killed.
        fs::create_dir(folder.path().join("copy.unfinished")).unwrap();
        fs::write(folder.path().join("copy.unfinished/old"), b"half").unwrap();
        write_backup(&destination, |unfinished| {
            assert!(!unfinished.exists());
            fs::create_dir(unfinished).unwrap();
            fs::write(unfinished.join("new"), b"whole").unwrap();
            Ok(())
        })
        .unwrap();
        assert_eq!(fs::read(destination.join("new")).unwrap(), b"whole");
        assert!(!destination.join("old").exists());
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let destination = folder.path().join("copy");
        let failed = write_backup(&destination, |unfinished| {
            fs::write(unfinished, b"half").unwrap();
            Err(Error::new(ErrorKind::Io, Operation::Backup, "the device is full"))
        });
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Io);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
