//! The suite on the engine that is always there.

use std::path::Path;

use arbour_conformance::Factory;
use arbour_core::{MemoryStore, Result, StoreOptions};

struct Memory;

impl Factory for Memory {
    type Store = MemoryStore;

    fn open(&self, _: &Path, options: &StoreOptions) -> Result<MemoryStore> {
        Ok(MemoryStore::with_options(options))
    }
}

arbour_conformance::suite!(Memory, volatile);
