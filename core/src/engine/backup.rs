//! Putting a backup in its place only once it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{self, Path, PathBuf};

use crate::{Error, ErrorKind, Operation, Result};

/// Has a backup written beside its destination and moves it there once it is whole: how an engine
/// implements [`KvStore::backup`](crate::KvStore::backup), whether its stores are files or folders.
///
/// `write` is given the path to write to, where nothing is, and leaves what it wrote closed and
/// durable there. What an earlier attempt that was killed left there is removed first. The move is
/// durable when the call returns. A relative destination is resolved once, so it does not matter if
/// the process changes its current folder meanwhile.
///
/// # Errors
/// [`InvalidArgument`](ErrorKind::InvalidArgument) if something is at the destination already,
/// [`Io`](ErrorKind::Io) if the system refuses, or the error of `write`. Nothing is at the
/// destination then, and nothing is left beside it.
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
            .and_then(|()| sync_folder_of(destination))
            .map_err(refused)
    });
    if written.is_err() {
        // What failed is reported; a rest that cannot be removed either is under a name that says
        // what it is.
        let _ = remove(&unfinished);
    }
    written
}

/// The name of a backup that is not whole yet.
fn unfinished(destination: &Path) -> PathBuf {
    let mut name = OsString::from(destination);
    name.push(".unfinished");
    PathBuf::from(name)
}

/// Removes a file, or a folder with what is in it, or nothing.
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

/// A name is durable once its folder is. Only Unix lets a folder be opened for that.
fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if cfg!(unix) => File::open(folder)?.sync_all(),
        _ => Ok(()),
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
        // An attempt that was killed left a part behind.
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
