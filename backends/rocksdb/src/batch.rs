//! Batches in RocksDB's form.

use arbour_core::Batch;
use arbour_core::engine::TreeCatalog;
use rocksdb::WriteBatch;

/// The number of bytes in a RocksDB batch before its writes.
const HEAD_BYTES: usize = 12;

/// The overhead of a write in the batch beyond its key and value: a tag, two lengths and the number
/// of the tree.
const WRITE_BYTES: usize = 1 + 5 + 5 + 4;

/// Converts a batch to RocksDB's form, with the trees it enters in the catalog.
pub(crate) fn encode(batch: &Batch, catalog: &TreeCatalog) -> (WriteBatch, Vec<u32>) {
    let bytes = HEAD_BYTES + batch.byte_len() + batch.len() * WRITE_BYTES;
    let mut writes = WriteBatch::with_capacity_bytes(bytes);
    let entered = catalog.stored_writes(batch, |key, value| match value {
        Some(value) => writes.put(key, value),
        None => writes.delete(key),
    });
    (writes, entered)
}
