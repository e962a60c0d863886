//! The suite on stores whose writes share their commits.

use std::path::Path;
use std::sync::Barrier;
use std::thread;

use arbour::GroupCommit;
use arbour_conformance::Factory;
use arbour_core::{
    Durability, Error, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, MemoryStore, Operation,
    Result, StoreOptions,
};

struct Grouped;

impl Factory for Grouped {
    type Store = GroupCommit<MemoryStore>;

    fn open(&self, _: &Path, options: &StoreOptions) -> Result<GroupCommit<MemoryStore>> {
        Ok(GroupCommit::new(MemoryStore::open(options)?))
    }
}

arbour_conformance::suite!(Grouped, volatile);

/// Lets threads write at once, each depending on its number, and returns the result of each.
fn write_at_once(
    store: &GroupCommit<MemoryStore>,
    writers: usize,
    fails: fn(usize) -> bool,
) -> Vec<Result<usize>> {
    let tree = store.tree("t").expect("a good name");
    let start = Barrier::new(writers);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| {
                let (tree, start) = (tree.clone(), &start);
                scope.spawn(move || {
                    start.wait();
                    store.write_grouped(Durability::PowerLoss, move |transaction| {
                        transaction.put(&tree, &[writer as u8], b"mine")?;
                        if fails(writer) {
                            let message = "changed its mind";
                            return Err(Error::new(
                                ErrorKind::InvalidArgument,
                                Operation::Put,
                                message,
                            ));
                        }
                        Ok(writer)
                    })
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no writer panics")).collect()
    })
}

#[test]
fn each_caller_gets_its_own_result() {
    let store = GroupCommit::new(MemoryStore::new());
    let results = write_at_once(&store, 32, |writer| writer % 3 == 0);
    let tree = store.tree("t").expect("a good name");
    for (writer, result) in results.iter().enumerate() {
        let stored = store.get(&tree, &[writer as u8]).expect("it reads").is_some();
        assert_eq!(stored, writer % 3 != 0, "only what succeeded is stored: {writer}");
        match result {
            Ok(own) => assert_eq!(*own, writer),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{writer}"),
        }
        assert_eq!(result.is_ok(), stored, "{writer} was told what happened");
    }
}

#[test]
fn a_panic_reaches_its_caller_and_harms_no_other() {
    let store = GroupCommit::new(MemoryStore::new());
    let tree = store.tree("t").expect("a good name");
    let panicked = thread::scope(|scope| {
        let (store, doomed) = (&store, tree.clone());
        let panics = scope.spawn(move || {
            store.write_grouped(Durability::None, move |transaction| {
                transaction.put(&doomed, b"doomed", b"")?;
                std::panic::panic_any("on purpose");
                #[allow(unreachable_code)]
                Ok::<(), Error>(())
            })
        });
        let others: Vec<_> = (0..16u8)
            .map(|writer| {
                let tree = tree.clone();
                scope.spawn(move || store.put(&tree, &[writer], b"mine"))
            })
            .collect();
        for other in others {
            other.join().expect("no other panics").expect("the others are stored");
        }
        panics.join().expect_err("the panic reaches the caller")
    });
    assert_eq!(panicked.downcast_ref::<&str>(), Some(&"on purpose"));
    let snapshot = store.snapshot().expect("still usable");
    assert!(!snapshot.contains(&tree, b"doomed").expect("it reads"));
    assert_eq!(snapshot.len(&tree).expect("it reads"), 16);
}

#[test]
fn writing_within_a_group_is_busy_at_once() {
    static STORE: std::sync::OnceLock<GroupCommit<MemoryStore>> = std::sync::OnceLock::new();
    let store = STORE.get_or_init(|| GroupCommit::new(MemoryStore::new()));
    let tree = store.tree("t").expect("a good name");
    let inner = store.write_grouped(Durability::None, move |_| {
        Ok::<_, Error>(STORE.get().and_then(|store| store.put(&tree, b"a", b"1").err()))
    });
    let refusal = inner.expect("the outer write goes on").expect("the inner one is refused");
    assert_eq!(refusal.kind(), ErrorKind::Busy);
}

#[test]
fn writes_that_come_together_share_a_commit() {
    // While the first closure runs the others queue up, so they are certain to share the next
    // commit.
    let store = GroupCommit::new(MemoryStore::new());
    let tree = store.tree("t").expect("a good name");
    let (queued_sender, queued) = std::sync::mpsc::channel::<()>();
    thread::scope(|scope| {
        let (store, first) = (&store, tree.clone());
        let (begun_sender, begun) = std::sync::mpsc::channel();
        scope.spawn(move || {
            store.write_grouped(Durability::None, move |transaction| {
                begun_sender.send(()).expect("the test waits for it");
                queued.recv().expect("the test says when");
                transaction.put(&first, b"first", b"")
            })
        });
        begun.recv().expect("the first begins");
        let others: Vec<_> = (0..8u8)
            .map(|writer| {
                let tree = tree.clone();
                scope.spawn(move || {
                    store.write_grouped(Durability::None, move |transaction| {
                        // Closures of one group see each other's writes before anything is
                        // committed.
                        transaction.put(&tree, &[writer], b"")?;
                        transaction.len(&tree)
                    })
                })
            })
            .collect();
        while store.queued() < 8 {
            thread::yield_now();
        }
        queued_sender.send(()).expect("the first waits for it");
        let mut seen: Vec<u64> = others
            .into_iter()
            .map(|other| other.join().expect("no panic").expect("it writes"))
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (2..=9).collect::<Vec<u64>>(), "one group, one after another");
    });
}

/// Callers that write again at once share commits with each other, and every caller gets its turn.
#[test]
fn callers_who_come_back_lose_nothing() {
    let store = GroupCommit::new(MemoryStore::new());
    let tree = store.tree("t").expect("a good name");
    let (writers, rounds) = (16u8, 250u8);
    thread::scope(|scope| {
        for writer in 0..writers {
            let (store, tree) = (&store, &tree);
            scope.spawn(move || {
                for round in 0..rounds {
                    store.put(tree, &[writer, round], b"").expect("it writes");
                    let stored = store.get(tree, &[writer, round]).expect("it reads");
                    assert!(stored.is_some(), "{writer} was told before {round} was committed");
                }
            });
        }
    });
    let snapshot = store.snapshot().expect("a snapshot");
    let stored = snapshot.len(&tree).expect("it reads");
    assert_eq!(stored, u64::from(writers) * u64::from(rounds));
    assert_eq!(store.queued(), 0);
}
