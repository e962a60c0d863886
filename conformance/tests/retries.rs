//! How often `write` runs a closure whose transactions conflict.

use arbour_conformance::Factory as _;
use arbour_conformance::faulty::{Fault, FaultyFactory};
use arbour_core::{Error, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, StoreOptions};

#[test]
fn a_write_that_always_conflicts_ends() {
    let folder = tempfile::tempdir().unwrap();
    // Transactions that wrote the same key conflict; this fault is correct in that respect.
    let factory = FaultyFactory::new(Fault::OnlyWritesConflict);
    let store = factory.open(&folder.path().join("store"), &StoreOptions::new()).unwrap();
    let tree = store.tree("t").unwrap();
    let interfere = |number: u32| {
        let mut other = store.begin().unwrap();
        other.put(&tree, b"key", &number.to_be_bytes()).unwrap();
        other.commit().unwrap();
    };

    let mut runs = 0;
    let ended = store.write(|transaction| {
        runs += 1;
        transaction.put(&tree, b"key", b"mine")?;
        interfere(runs);
        Ok::<_, Error>(())
    });
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(runs, 101, "once, and a hundred times more");
    assert_eq!(store.get(&tree, b"key").unwrap().unwrap(), 101_u32.to_be_bytes());

    let mut runs = 0;
    store
        .write(|transaction| {
            runs += 1;
            transaction.put(&tree, b"key", b"mine")?;
            if runs < 3 {
                interfere(runs);
            }
            Ok::<_, Error>(())
        })
        .unwrap();
    assert_eq!(runs, 3);
    assert_eq!(store.snapshot().unwrap().get(&tree, b"key").unwrap().unwrap(), b"mine");
}
