//! A store that keeps nothing, and says so.

use arbour_core::{Durability, KvRead, KvStore, Result, StoreOptions};

use crate::harness::{Factory, new_folder};

/// Writes to a store, makes it as durable as it can be, closes it and opens it again. Panics if
/// anything is left or if the capabilities promised it. The test
/// `process::nothing_outlives_the_store` of a volatile engine calls it.
///
/// ```
/// # use arbour_conformance::Factory;
/// # use arbour_core::{MemoryStore, Result, StoreOptions};
/// # struct Memory;
/// # impl Factory for Memory {
/// #     type Store = MemoryStore;
/// #     fn open(&self, _: &std::path::Path, options: &StoreOptions) -> Result<MemoryStore> {
/// #         MemoryStore::open(options)
/// #     }
/// # }
/// arbour_conformance::process::nothing_outlives_the_store(&Memory)?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
///
/// # Errors
/// What the engine reports.
pub fn nothing_outlives_the_store<F: Factory>(factory: &F) -> Result<()> {
    let folder = new_folder()?;
    let path = folder.path().join("store");
    let store = factory.open(&path, &StoreOptions::new())?;
    let capabilities = store.capabilities();
    assert!(!capabilities.persistent, "call suite! without `volatile` for an engine that persists");
    assert!(capabilities.durability.is_empty(), "what does not persist has no durability");
    for level in Durability::ALL {
        assert_eq!(capabilities.effective_durability(level), None, "{level} is no promise");
    }
    let tree = store.tree("t")?;
    store.put(&tree, b"a", b"1")?;
    store.sync()?;
    assert!(store.get(&tree, b"a")?.is_some(), "what was put is there while the store is open");
    store.close()?;
    drop(store);
    let store = factory.open(&path, &StoreOptions::new())?;
    let left = store.snapshot()?.trees()?;
    assert!(left.is_empty(), "{left:?} outlived the store");
    Ok(())
}
