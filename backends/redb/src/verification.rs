//! Verifying a whole file without changing it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io;
use std::ops::Bound;

use arbour_core::engine::StorePath;
use arbour_core::{Error, ErrorKind, Operation, Result};
use parking_lot::Mutex;
use redb::backends::FileBackend;
use redb::{BackendError, Builder, DatabaseError, StorageBackend};

use crate::catch_panic::{PanicSafe, catch_panic};
use crate::error;

/// Every page is read once or twice, so a large cache is of little use.
const CACHE_BYTES: usize = 16 << 20;

/// The unit in which changes are kept.
const BLOCK_BYTES: u64 = 4096;

/// Whether a verification must lock the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lock {
    /// Lock it against writers; readers do not disturb the verification.
    Needed,
    /// The caller holds the lock.
    Held,
}

/// Reads all of a file and compares every checksum.
///
/// redb repairs what it verifies, and if it cannot, it leaves the file in a state that it refuses
/// to open again. So it gets a view of the file that keeps its writes in memory.
pub(crate) fn verify(path: &StorePath, lock: Lock, operation: Operation) -> Result<()> {
    catch_panic(operation, || {
        let failed = |cause| error::open(cause, operation, path);
        let file = File::open(path).map_err(DatabaseError::from).map_err(failed)?;
        let file = FileBackend::new(file).map_err(failed)?;
        let database = Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(Scratch {
            file,
            lock,
            changes: Mutex::default(),
        });
        let mut database = PanicSafe::new(database.map_err(failed)?);
        if database.check_integrity().map_err(failed)? {
            return Ok(());
        }
        let message = "the file is damaged: redb's account of its pages does not match them";
        Err(Error::new(ErrorKind::Corrupted, operation, message))
    })
}

/// A copy-on-write view of a file.
#[derive(Debug)]
struct Scratch<B> {
    file: B,
    lock: Lock,
    changes: Mutex<Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    /// The length, if it was set.
    length: Option<u64>,
    /// The blocks that were written, by number.
    blocks: BTreeMap<u64, Vec<u8>>,
}

impl<B: StorageBackend> Scratch<B> {
    fn length(&self, changes: &Changes) -> io::Result<u64> {
        changes.length.map_or_else(|| self.file.len(), Ok)
    }

    /// Reads a block of the underlying file; the part after its end is zero.
    fn original(&self, number: u64) -> io::Result<Vec<u8>> {
        let start = number * BLOCK_BYTES;
        let available = self.file.len()?.saturating_sub(start).min(BLOCK_BYTES);
        let mut block = vec![0; available as usize];
        self.file.read(start, &mut block)?;
        block.resize(BLOCK_BYTES as usize, 0);
        Ok(block)
    }
}

/// Splits a range of a file at block boundaries: the number of each block, the position of the part
/// in it, and its position in the range.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = (at % BLOCK_BYTES) as usize;
        let count = (BLOCK_BYTES as usize - within).min(length - done);
        let part = (at / BLOCK_BYTES, within, done, count);
        done += count;
        (count > 0).then_some(part)
    })
}

fn copy(from: &[u8], start: usize, to: &mut [u8], place: usize, count: usize) {
    if let (Some(from), Some(to)) =
        (from.get(start..start + count), to.get_mut(place..place + count))
    {
        to.copy_from_slice(from);
    }
}

impl<B: StorageBackend> StorageBackend for Scratch<B> {
    fn len(&self) -> io::Result<u64> {
        self.length(&self.changes.lock())
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes.lock();
        let end = offset.saturating_add(out.len() as u64);
        if end > self.length(&changes)? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if changes.blocks.is_empty() && end <= self.file.len()? {
            return self.file.read(offset, out);
        }
        for (number, within, done, count) in parts(offset, out.len()) {
            match changes.blocks.get(&number) {
                Some(block) => copy(block, within, out, done, count),
                None => copy(&self.original(number)?, within, out, done, count),
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.changes.lock().length = Some(len);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes.lock();
        for (number, within, done, count) in parts(offset, data.len()) {
            let block = match changes.blocks.entry(number) {
                Entry::Occupied(block) => block.into_mut(),
                Entry::Vacant(place) => place.insert(self.original(number)?),
            };
            copy(data, done, block, within, count);
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    /// redb locks as a writer does, but a verification writes nothing.
    fn try_lock_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> std::result::Result<bool, BackendError> {
        match self.lock {
            Lock::Needed => self.file.try_lock_shared_range(start, end),
            Lock::Held => Ok(true),
        }
    }

    fn unlock_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> std::result::Result<(), BackendError> {
        match self.lock {
            Lock::Needed => self.file.unlock_range(start, end),
            Lock::Held => Ok(()),
        }
    }
}
