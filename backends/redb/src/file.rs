//! The file under redb, and its preparation before redb reads it.

use std::io;
use std::ops::Bound;
use std::sync::OnceLock;

use redb::{BackendError, StorageBackend};

use crate::header::{Header, is_new};
use crate::progress::Progress;

/// How much is rewritten at once.
const CHUNK_BYTES: usize = 1 << 20;

/// No file system allocates smaller parts of a file.
const BLOCK_BYTES: usize = 512;

/// A file that is prepared when redb asks for its length, which is the first thing redb does once
/// it holds the lock on the file.
#[derive(Debug)]
pub(crate) struct StoreFile<B> {
    file: B,
    may_create: bool,
    prepared: OnceLock<()>,
    progress: Progress,
}

impl<B: StorageBackend> StoreFile<B> {
    pub(crate) fn new(file: B, may_create: bool, progress: Progress) -> Self {
        Self { file, may_create, prepared: OnceLock::new(), progress }
    }

    fn prepare(&self) -> io::Result<()> {
        if is_new(&self.file)? {
            if !self.may_create {
                return Err(io::Error::new(io::ErrorKind::NotFound, "the file holds no store yet"));
            }
            // redb creates a new database only in an empty file.
            return if self.file.len()? > 0 { self.file.set_len(0) } else { Ok(()) };
        }
        match Header::read(&self.file)? {
            Some(header) if header.is_unclean() => self.rewrite(),
            _ => Ok(()),
        }
    }

    /// Rewrites the file with its own content and syncs it.
    ///
    /// After a failed sync the system may treat data that it could not write as written: reads
    /// return it, no later sync writes it, and a power loss removes it. redb would repair the store
    /// from what it reads, and build further commits on pages that are not on the device.
    fn rewrite(&self) -> io::Result<()> {
        let length = self.file.len()?;
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut offset = 0;
        while offset < length {
            let rest = usize::try_from(length - offset).unwrap_or(CHUNK_BYTES);
            let Some(bytes) = chunk.get_mut(..rest.min(CHUNK_BYTES)) else { break };
            self.file.read(offset, bytes)?;
            self.write_over(offset, bytes)?;
            offset += bytes.len() as u64;
        }
        self.file.sync_data()
    }

    /// Writes bytes back to where they were read. On a full device this fails for parts that were
    /// never written, because only then does the file take space there: such a block reads as zeros
    /// and can stay as it is.
    fn write_over(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let is_full = |cause: &io::Error| cause.kind() == io::ErrorKind::StorageFull;
        match self.file.write(offset, bytes) {
            Err(cause) if is_full(&cause) => {}
            written => return written,
        }
        for (block, number) in bytes.chunks(BLOCK_BYTES).zip(0..) {
            match self.file.write(offset + number * BLOCK_BYTES as u64, block) {
                Err(cause) if is_full(&cause) && block.iter().all(|byte| *byte == 0) => {}
                written => written?,
            }
        }
        Ok(())
    }
}

impl<B: StorageBackend> StorageBackend for StoreFile<B> {
    fn len(&self) -> io::Result<u64> {
        if self.prepared.get().is_none() {
            self.prepare()?;
            self.prepared.get_or_init(|| ());
        }
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.progress.synced()?;
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.progress.written(offset);
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use arbour_core::{Error, KvStore as _, KvWrite as _, Result};
    use redb::StorageBackend as _;

    use super::StoreFile;
    use crate::RedbStore;
    use crate::device::Device;

    const ENTRIES: u32 = 300;

    /// Each commit writes to other pages than the ones before it.
    fn key(number: u32) -> [u8; 4] {
        (number * 37 % ENTRIES).to_be_bytes()
    }

    fn filled(device: &Device) -> Result<RedbStore> {
        let store = device.open()?;
        let tree = store.tree("t")?;
        store.write(|transaction| {
            (0..ENTRIES).try_for_each(|number| transaction.put(&tree, &key(number), &[0; 700]))?;
            Ok::<_, Error>(())
        })?;
        Ok(store)
    }

    fn commit(store: &RedbStore, number: u32) -> Result<()> {
        store.put(&store.tree("t")?, &key(number), &[number as u8; 700])
    }

    fn has(store: &RedbStore, number: u32) -> Result<bool> {
        let found = store.get(&store.tree("t")?, &key(number))?;
        Ok(found.is_some_and(|value| value == [number as u8; 700]))
    }

    #[test]
    fn what_is_acknowledged_after_a_failed_sync_survives_the_loss_of_power() -> Result<()> {
        let mut failures = 0;
        for failing_sync in 1..12 {
            let device = Device::default();
            let store = filled(&device)?;
            device.set(|state| state.failing_sync = state.syncs + failing_sync);
            let Some(failed) = (1..12).find(|number| commit(&store, *number).is_err()) else {
                continue;
            };
            failures += 1;
            drop(store);
            // Follow the advice of the error.
            let store = device.open()?;
            let acknowledged = (1..failed).chain(20..23);
            (20..23).try_for_each(|number| commit(&store, number))?;
            for kept in 0..4 {
                let device = device.lose_power(|sector| sector % 4 < kept);
                let found = device.open().and_then(|store| {
                    acknowledged
                        .clone()
                        .try_fold(0, |n, number| Ok(n + u32::from(has(&store, number)?)))
                });
                let what = format!("sync {failing_sync}, kept {kept}");
                assert_eq!(found.unwrap_or_else(|error| panic!("{what}: {error:?}")), failed + 2);
            }
        }
        assert!(failures > 5, "only {failures} syncs failed");
        Ok(())
    }

    #[test]
    fn only_what_was_not_closed_is_written_over_itself() -> Result<()> {
        let device = Device::default();
        let store = filled(&device)?;
        let killed = device.lose_power(|_| true);
        store.close()?;
        drop(store);
        let writes = |device: &Device| {
            let before = device.writes();
            let length = StoreFile::new(device.clone(), false, Default::default()).len().unwrap();
            (device.writes() - before, length)
        };
        assert_eq!(writes(&device).0, 0);
        let (count, length) = writes(&killed);
        assert_eq!(count as u64, length.div_ceil(super::CHUNK_BYTES as u64));
        Ok(())
    }

    /// A redb file is longer than what was written to it.
    #[test]
    fn a_full_device_does_not_keep_a_store_from_opening() -> Result<()> {
        let device = Device::default();
        drop(filled(&device)?);
        let store = device.open()?;
        let device = device.lose_power(|_| true);
        drop(store);
        let before = device.bytes();
        device.set(|state| state.is_full = true);
        let file = StoreFile::new(device.clone(), false, Default::default());
        assert_eq!(file.len().unwrap(), before.len() as u64);
        assert!(device.bytes() == before && device.syncs() == 1);
        Ok(())
    }
}
