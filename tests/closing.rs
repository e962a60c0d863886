//! A read concurrent with `close` sees the whole store or is refused, and never sees a half-closed
//! store.

use std::sync::Barrier;
use std::thread;

use arbour::GroupCommit;
use arbour_core::{ErrorKind, KvRead, KvStore, MemoryStore, Result};

/// How often reading and `close` are raced: some of these rounds failed before the fix.
const ROUNDS: usize = 200;

fn unless_closed<R>(result: Result<R>) -> Option<R> {
    match result {
        Ok(result) => Some(result),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Closed);
            None
        }
    }
}

fn race<S: KvStore>(open: impl Fn() -> S) {
    for _ in 0..ROUNDS {
        let store = open();
        let tree = store.tree("t").expect("a good name");
        store.put(&tree, b"k", b"v").expect("it writes");
        let start = Barrier::new(2);
        thread::scope(|scope| {
            scope.spawn(|| {
                start.wait();
                store.close().expect("nothing is in its way");
            });
            start.wait();
            while let Some(entries) = unless_closed(store.stats().map(|stats| stats.entries)) {
                assert_eq!(entries, 1);
                let snapshot = store.snapshot().and_then(|snapshot| snapshot.len(&tree));
                assert_eq!(unless_closed(snapshot).unwrap_or(1), 1);
            }
        });
    }
}

#[test]
fn a_snapshot_made_beside_close_is_whole_or_refused() {
    race(MemoryStore::new);
    race(|| GroupCommit::new(MemoryStore::new()));
}
