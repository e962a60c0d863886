//! Batches in RocksDB's form.

use arbour_core::Batch;
use arbour_core::engine::keyspace::{CATALOG, NUMBER_BYTES, TreeNumber};
use rocksdb::WriteBatch;
use smallvec::SmallVec;

use crate::catalog::{self, Catalog};

/// The number of bytes in a RocksDB batch before its writes.
const HEAD_BYTES: usize = 12;

/// The overhead of a write in the batch beyond its key and value: a tag, two lengths and the number
/// of the tree.
const WRITE_BYTES: usize = 1 + 5 + 5 + 4;

/// The numbers of the few trees that a batch writes to.
type Numbers = SmallVec<[TreeNumber; 8]>;

/// Converts a batch to RocksDB's form, with the trees it enters in the catalog.
pub(crate) fn encode(batch: &Batch, catalog: &Catalog) -> (WriteBatch, Numbers) {
    let bytes = HEAD_BYTES + batch.byte_len() + batch.len() * WRITE_BYTES;
    let mut writes = WriteBatch::with_capacity_bytes(bytes);
    let (mut last, mut seen, mut entered) = (CATALOG, Numbers::new(), Numbers::new());
    let mut key = Vec::with_capacity(64);
    for write in batch.iter() {
        let number = write.tree.number();
        if number != last {
            last = number;
            key.clear();
            key.extend_from_slice(&number.to_be_bytes());
            if let Err(place) = seen.binary_search(&number) {
                seen.insert(place, number);
                if !catalog.is_entered(number) {
                    catalog::enter(write.tree, &mut writes);
                    entered.push(number);
                }
            }
        }
        key.truncate(NUMBER_BYTES);
        key.extend_from_slice(write.key);
        match write.value {
            Some(value) => writes.put(&key, value),
            None => writes.delete(&key),
        }
    }
    (writes, entered)
}
