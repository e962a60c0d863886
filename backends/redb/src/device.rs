//! A simulated device with failing syncs and power loss, for tests.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use arbour_core::engine::StorePath;
use arbour_core::{Operation, Result, StoreOptions};
use parking_lot::Mutex;
use redb::StorageBackend;

use crate::database::Database;
use crate::{RedbStore, error};

const SECTOR: usize = 512;

/// A file on a device, with the system's view of it in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Device(Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    /// What reading returns.
    cached: Vec<u8>,
    /// What is left after a power loss.
    durable: Vec<u8>,
    /// The sectors that the next sync writes.
    dirty: BTreeSet<usize>,
    /// The sectors that were ever written; the others take no space.
    allocated: BTreeSet<usize>,
    writes: usize,
    pub(crate) syncs: usize,
    /// The number of the sync that fails, from one.
    pub(crate) failing_sync: usize,
    /// Whether there is no space for sectors that were never written.
    pub(crate) is_full: bool,
}

impl Device {
    pub(crate) fn set(&self, set: impl FnOnce(&mut State)) {
        set(&mut self.0.lock());
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().cached.clone()
    }

    pub(crate) fn writes(&self) -> usize {
        self.0.lock().writes
    }

    pub(crate) fn syncs(&self) -> usize {
        self.0.lock().syncs
    }

    pub(crate) fn open(&self) -> Result<RedbStore> {
        let options = StoreOptions::new();
        let path = StorePath::resolve(std::env::temp_dir().join("device"))?;
        let failed = |cause| error::open(cause, Operation::Open, &path);
        let database = Database::over(self.clone(), &options, failed)?;
        Ok(RedbStore::new(database, path, &options))
    }

    /// Returns the device after a power loss. Of the sectors that were not synced it keeps those
    /// that `is_kept` selects.
    pub(crate) fn lose_power(&self, is_kept: impl Fn(usize) -> bool) -> Self {
        let state = self.0.lock();
        let mut durable = state.durable.clone();
        for sector in state.dirty.iter().copied().filter(|sector| is_kept(*sector)) {
            copy(&state.cached, &mut durable, sector);
        }
        let allocated = state.allocated.clone();
        Self(Arc::new(Mutex::new(State {
            cached: durable.clone(),
            durable,
            allocated,
            ..State::default()
        })))
    }
}

fn copy(from: &[u8], to: &mut [u8], sector: usize) {
    let range = sector * SECTOR..((sector + 1) * SECTOR).min(from.len());
    to[range.clone()].copy_from_slice(&from[range]);
}

impl StorageBackend for Device {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().cached.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.0.lock();
        let bytes = state.cached.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock();
        state.cached.resize(len as usize, 0);
        state.durable.resize(len as usize, 0);
        let sectors = state.cached.len().div_ceil(SECTOR);
        state.dirty.split_off(&sectors);
        state.allocated.split_off(&sectors);
        Ok(())
    }

    /// As on Linux: what a failed sync did not write counts as written.
    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        state.syncs += 1;
        let dirty = std::mem::take(&mut state.dirty);
        if state.syncs == state.failing_sync {
            return Err(io::Error::other("the device failed"));
        }
        let State { cached, durable, .. } = &mut *state;
        dirty.into_iter().for_each(|sector| copy(cached, durable, sector));
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock();
        let (start, end) = (offset as usize, offset as usize + data.len());
        let sectors = start / SECTOR..end.div_ceil(SECTOR);
        if state.is_full && !sectors.clone().all(|sector| state.allocated.contains(&sector)) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        state.writes += 1;
        state.cached[start..end].copy_from_slice(data);
        state.dirty.extend(sectors.clone());
        state.allocated.extend(sectors);
        Ok(())
    }
}
