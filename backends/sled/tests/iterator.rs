//! Mistakes of sled's own iterator, which this backend corrects.

use arbour_core::{
    Batch, Cursor, Direction, Durability, KeyRange, KvRead, KvStore, Result, StoreOptions,
};
use arbour_sled::SledStore;

/// Scanning backwards, sled never found its way from a leaf that begins at `00 00 01` to the one
/// before it, which begins at `00 00 00 FF FF FF FF F7`: numbers counted up past 2^40. It panicked
/// after a million attempts.
#[test]
fn reverse_scans_pass_runs_of_the_highest_byte() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = SledStore::open(folder.path().join("store"), &StoreOptions::new())?;
    // The first number decides which key begins a leaf.
    for before in 1..40_u64 {
        let tree = store.tree(&format!("from {before} before"))?;
        let first = (1_u64 << 40) - before;
        let keys: Vec<[u8; 8]> = (first..first + 80).map(u64::to_be_bytes).collect();
        for key in &keys {
            let mut batch = Batch::new();
            batch.put(&tree, key, b"value");
            store.apply(batch, Durability::None)?;
        }
        let snapshot = store.snapshot()?;
        let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Reverse)?;
        for key in keys.iter().rev() {
            assert_eq!(cursor.next()?, Some((&key[..], &b"value"[..])));
        }
        assert_eq!(cursor.next()?, None);
    }
    Ok(())
}
