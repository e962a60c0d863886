//! The longest keys and values.

use arbour_core::{ErrorKind, KvStore, KvWrite, Limits, Result, StoreOptions};
use arbour_fjall::FjallStore;
use tempfile::TempDir;

const KEY_BYTES_MAX: usize = 65_531;
const VALUE_BYTES_MAX: usize = 1 << 30;

/// Opens a store that accepts all that the engine can store.
fn open(folder: &TempDir) -> Result<FjallStore> {
    let most =
        Limits { value_bytes_max: usize::MAX, key_bytes_max: usize::MAX, ..Limits::default() };
    FjallStore::open(folder.path().join("store"), &StoreOptions::new().limits(most))
}

#[test]
fn keys_and_values_have_limits() -> Result<()> {
    let folder = TempDir::new().unwrap();
    let store = open(&folder)?;
    let (tree, limits) = (store.tree("t")?, store.capabilities().limits);
    assert_eq!((limits.key_bytes_max, limits.value_bytes_max), (KEY_BYTES_MAX, VALUE_BYTES_MAX));
    let keys = [b'\0', b'k', 0xff].map(|byte| vec![byte; KEY_BYTES_MAX]);
    for key in &keys {
        store.put(&tree, key, b"value")?;
    }
    store.close()?;
    let store = open(&folder)?;
    let tree = store.tree("t")?;
    for key in &keys {
        assert_eq!(store.get(&tree, key)?.as_deref(), Some(&b"value"[..]));
    }
    let error = store.put(&tree, &[b'k'; KEY_BYTES_MAX + 1], b"value").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains("65532 bytes, and the limit is 65531"), "{error}");
    // Memory that is never touched: a batch would copy it.
    let value = vec![0; VALUE_BYTES_MAX + 1];
    let error = store.write(|transaction| transaction.put(&tree, b"key", &value)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains("the limit is 1073741824"), "{error}");
    Ok(())
}
