//! Writing entries in batches.

use arbour_core::engine::Write;
use arbour_core::{Batch, Durability, KvStore, Result};

/// Collects writes, and commits them in batches that the store accepts. The commits need not be durable.
pub(super) struct Batches<'s, S: KvStore> {
    store: &'s S,
    batch: Batch,
    /// How many bytes of keys and values are written in one commit.
    chunk_bytes: usize,
}

impl<'s, S: KvStore> Batches<'s, S> {
    pub(super) fn new(store: &'s S, chunk_bytes: usize) -> Self {
        Self { store, batch: Batch::new(), chunk_bytes }
    }

    /// Adds a write, and tells whether a commit was made.
    pub(super) fn add(&mut self, write: &Write<'_>) -> Result<bool> {
        let bytes = write.key.len() + write.value.map_or(0, <[u8]>::len);
        let limits = &self.store.capabilities().limits;
        let has_room =
            limits.admits_transaction(self.batch.len() + 1, self.batch.byte_len() + bytes);
        let mut is_written = !has_room && self.flush()?;
        match write.value {
            Some(value) => self.batch.put(write.tree, write.key, value),
            None => self.batch.delete(write.tree, write.key),
        }
        if self.batch.byte_len() >= self.chunk_bytes {
            is_written |= self.flush()?;
        }
        Ok(is_written)
    }

    /// Commits what was collected, and tells whether there was anything.
    pub(super) fn flush(&mut self) -> Result<bool> {
        if self.batch.is_empty() {
            return Ok(false);
        }
        self.store.apply(std::mem::take(&mut self.batch), Durability::None)?;
        Ok(true)
    }
}
