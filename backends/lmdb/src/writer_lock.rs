//! The lock that one writer holds, among all handles and processes.
//!
//! LMDB's own lock waits without end. A lock on a file can be tried, so that waiting ends at the
//! busy timeout; its holder has LMDB's lock to itself.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::folder::WRITER;

/// The longest pause between two attempts.
const PAUSE_MAX: Duration = Duration::from_millis(2);

pub(crate) struct WriterLock {
    file: File,
}

/// Holds the lock until it is dropped.
pub(crate) struct WriterLockGuard<'l> {
    file: &'l File,
}

impl WriterLock {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false);
        Ok(Self { file: file.open(folder.join(WRITER))? })
    }

    /// Takes the lock, waiting until `deadline`. The operating system frees the lock of a process
    /// that dies.
    pub(crate) fn acquire(
        &self,
        deadline: Instant,
        operation: Operation,
    ) -> Result<WriterLockGuard<'_>> {
        let mut pause = Duration::from_micros(20);
        loop {
            match self.file.try_lock() {
                Ok(()) => return Ok(WriterLockGuard { file: &self.file }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(cause)) => {
                    let message = "the file system cannot lock the store";
                    return Err(Error::from_io(cause, operation, message));
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let message = "the transaction of another process or handle did not end within \
                               the busy timeout";
                return Err(Error::new(ErrorKind::Busy, operation, message));
            }
            thread::sleep(pause.min(left));
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }
}

impl Drop for WriterLockGuard<'_> {
    fn drop(&mut self) {
        // Explicitly, because a child process may have inherited the descriptor. There is no way to
        // report an error, and none is known but of a bad descriptor.
        let _ = self.file.unlock();
    }
}
