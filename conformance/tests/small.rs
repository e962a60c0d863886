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

mod key_values {
    use super::Small;

    arbour_conformance::suite!(Small, volatile);
}

mod documents {
    use super::Small;

    arbour_conformance::documents_suite!(Small, volatile);
}

mod events {
    use super::Small;

    arbour_conformance::events_suite!(Small, volatile);
}

mod migrations {
    use super::Small;

    arbour_conformance::migrations_suite!(Small, volatile);
}
