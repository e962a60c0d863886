//! The suites on an engine whose transactions have at most 128 writes and a mebibyte, similar to those
//! of etcd.

use std::path::Path;

use arbour_conformance::Factory;
use arbour_core::{Limits, MemoryStore, Result, StoreOptions};

/// The store in memory with transactions of a limited size.
struct Narrow;

impl Factory for Narrow {
    type Store = MemoryStore;

    fn open(&self, _: &Path, options: &StoreOptions) -> Result<MemoryStore> {
        let limits = Limits {
            transaction_writes_max: 128,
            transaction_bytes_max: 1 << 20,
            ..options.requested_limits()
        };
        MemoryStore::open(&options.clone().limits(limits))
    }
}

arbour_conformance::__planted_engine!(Narrow);
