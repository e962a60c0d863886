//! What `write` does when its transaction conflicts.

use std::time::Duration;

use arbour_conformance::Factory as _;
use arbour_conformance::faulty::{Fault, FaultyFactory};
use arbour_core::{ErrorKind, KvRead as _, KvStore as _, KvWrite as _, StoreOptions};

#[test]
fn a_write_that_conflicts_is_run_again_until_its_time_is_up() {
    let folder = tempfile::tempdir().unwrap();
    // Transactions that wrote the same key conflict; this fault is correct in that respect.
    let factory = FaultyFactory::new(Fault::OnlyWritesConflict);
    let options = StoreOptions::new().busy_timeout(Duration::from_millis(20));
    let store = factory.open(&folder.path().join("store"), &options).unwrap();
    let tree = store.tree("t").unwrap();
    let write = |disturbed: u64| {
        let mut runs = 0_u64;
        let result = store.write(|transaction| {
            runs += 1;
            transaction.put(&tree, b"key", b"mine")?;
            if runs <= disturbed {
                let mut other = store.begin()?;
                other.put(&tree, b"key", &runs.to_be_bytes())?;
                other.commit()?;
            }
            Ok(())
        });
        (result, runs)
    };
    let read = || store.snapshot().unwrap().get(&tree, b"key").unwrap().unwrap().to_vec();
    // The time begins with the first conflict, so there is always a second run.
    let (result, runs) = write(1);
    result.unwrap();
    assert_eq!((runs, read()), (2, b"mine".to_vec()));

    let (result, runs) = write(u64::MAX);
    let error = result.unwrap_err();
    assert_eq!((error.kind(), read()), (ErrorKind::Conflict, runs.to_be_bytes().to_vec()));
    let said = format!("run {runs} times within 20ms, still in conflict");
    assert!(runs > 1 && error.message().starts_with(&said), "{error}");
}
