//! What `write` does when its transaction conflicts.

use arbour_conformance::Factory as _;
use arbour_conformance::faulty::{Fault, FaultyFactory};
use arbour_core::{ErrorKind, KvRead as _, KvStore as _, KvWrite as _, StoreOptions};

#[test]
fn a_write_that_conflicts_is_not_run_again_and_the_caller_can() {
    let folder = tempfile::tempdir().unwrap();
    // Transactions that wrote the same key conflict; this fault is correct in that respect.
    let factory = FaultyFactory::new(Fault::OnlyWritesConflict);
    let store = factory.open(&folder.path().join("store"), &StoreOptions::new()).unwrap();
    let tree = store.tree("t").unwrap();
    let mut runs = 0_u8;
    let mut write = || {
        store.write(|transaction| {
            runs += 1;
            transaction.put(&tree, b"key", b"mine")?;
            if runs < 3 {
                let mut other = store.begin()?;
                other.put(&tree, b"key", &[runs])?;
                other.commit()?;
            }
            Ok(())
        })
    };
    for run in 1..=2 {
        assert_eq!(write().unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(store.get(&tree, b"key").unwrap().unwrap(), [run]);
    }
    write().unwrap();
    assert_eq!(runs, 3, "once for each call");
    assert_eq!(store.snapshot().unwrap().get(&tree, b"key").unwrap().unwrap(), b"mine");
}
