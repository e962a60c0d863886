//! The lock on the file or folder of a store.

use std::fs::{File, TryLockError};

use crate::{Error, ErrorKind, Operation, Result};

/// A lock on an open file or folder, held until it is dropped.
///
/// The lock is released explicitly, before the file is closed. Closing alone is not enough: a child
/// process that another thread is starting inherits the file between `fork` and `exec` and would
/// keep the lock for that moment, so that opening the store again could fail with
/// [`ErrorKind::Locked`].
///
/// ```
/// use arbour_core::engine::StoreLock;
/// use arbour_core::ErrorKind;
/// use std::fs::File;
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("store");
/// let lock = StoreLock::exclusive(File::create(&path).unwrap())?;
/// let second = StoreLock::shared(File::open(&path).unwrap());
/// assert_eq!(second.unwrap_err().kind(), ErrorKind::Locked);
/// drop(lock);
/// assert!(StoreLock::shared(File::open(&path).unwrap()).is_ok());
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct StoreLock {
    file: File,
}

impl StoreLock {
    /// Locks a file exclusively.
    ///
    /// # Errors
    /// [`ErrorKind::Locked`] if another handle or process holds a lock on it; [`ErrorKind::Io`] if
    /// the file system does not support locks, like some network file systems.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// let file = std::fs::File::create(folder.path().join("store")).unwrap();
    /// assert!(arbour_core::engine::StoreLock::exclusive(file).is_ok());
    /// ```
    pub fn exclusive(file: File) -> Result<Self> {
        let locked = file.try_lock();
        Self::locked(file, locked)
    }

    /// Locks a file against exclusive locks; several handles can share it.
    ///
    /// # Errors
    /// As [`exclusive`](Self::exclusive).
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// let file = std::fs::File::create(folder.path().join("store")).unwrap();
    /// assert!(arbour_core::engine::StoreLock::shared(file).is_ok());
    /// ```
    pub fn shared(file: File) -> Result<Self> {
        let locked = file.try_lock_shared();
        Self::locked(file, locked)
    }

    /// Returns the locked file.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let file = std::fs::File::create(folder.path().join("store")).unwrap();
    /// let lock = arbour_core::engine::StoreLock::exclusive(file)?;
    /// assert_eq!(lock.file().metadata().unwrap().len(), 0);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    fn locked(file: File, locked: Result<(), TryLockError>) -> Result<Self> {
        match locked {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => {
                let message = "another process or handle has the store open";
                Err(Error::new(ErrorKind::Locked, Operation::Open, message))
            }
            Err(TryLockError::Error(cause)) => {
                Err(Error::from_io(cause, Operation::Open, "the file system cannot lock the store"))
            }
        }
    }
}

impl Drop for StoreLock {
    fn drop(&mut self) {
        // There is no way to report an error here. Closing the file releases the lock too, only
        // later.
        let _ = self.file.unlock();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;

    use super::StoreLock;

    #[test]
    fn dropping_it_releases_a_lock_that_a_second_descriptor_shares() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let file = File::create(&path).unwrap();
        // Simulates what a child process inherits between fork and exec.
        let inherited = file.try_clone().unwrap();
        drop(StoreLock::exclusive(file).unwrap());
        assert!(StoreLock::exclusive(File::open(&path).unwrap()).is_ok());
        drop(inherited);
    }
}
