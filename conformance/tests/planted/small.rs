//! The suites on an engine that accepts keys of 1 to 511 bytes, as LMDB does.

use std::path::Path;

use arbour_conformance::Factory;
use arbour_core::{Limits, MemoryStore, Result, StoreOptions};

/// The store in memory with the limits of a smaller engine.
struct Small;

impl Factory for Small {
    type Store = MemoryStore;

    fn open(&self, _: &Path, options: &StoreOptions) -> Result<MemoryStore> {
        let engine = Limits { key_bytes_min: 1, key_bytes_max: 511, ..Limits::default() };
        let limits = options.requested_limits().within(engine);
        MemoryStore::open(&options.clone().limits(limits))
    }
}

arbour_conformance::__planted_engine!(Small);
