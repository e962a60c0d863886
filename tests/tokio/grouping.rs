//! Concurrent writes share a commit, and are apart from each other within it.

use std::sync::Arc;
use std::time::Duration;

use arbour::tokio::Options;
use arbour::{
    Durability, Error, ErrorKind, KvRead as _, KvStore as _, KvWrite as _, Operation, StoreOptions,
};
use futures_util::future::join_all;
use tokio::runtime::Handle;

use crate::bed::{Bed, beds, beds_with};
use crate::gate::gate;

/// The error of a program that uses a store.
#[derive(Debug)]
enum Refusal {
    Full { count: u64 },
    Store(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// Occupies the store with a write that waits at a gate, and returns the write and the gate.
async fn occupy(bed: &Bed) -> (tokio::task::JoinHandle<arbour::Result<()>>, crate::gate::Gate) {
    let (mut gate, mut passage) = gate();
    let (store, put) = (bed.store.clone(), bed.put("first"));
    let first = tokio::spawn(async move {
        store
            .write(move |tx| {
                passage.pass();
                put(tx)
            })
            .await
    });
    gate.reached().await;
    (first, gate)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_wait_share_a_commit() {
    const WRITES: u64 = 20;
    for bed in beds() {
        let (first, gate) = occupy(&bed).await;
        let counts = (0..WRITES).map(|number| {
            let (put, right) = (bed.put(&format!("write {number}")), bed.right.clone());
            let blocking = bed.store.blocking().clone();
            bed.store.write(move |tx| {
                put(tx)?;
                let committed = blocking.snapshot()?.len(&right)?;
                Ok((tx.len(&right)?, committed))
            })
        });
        let mut counts = Box::pin(join_all(counts));
        assert!(crate::gate::poll_once(counts.as_mut()).is_pending());
        drop(gate);
        first.await.unwrap().unwrap();
        let counts: Vec<_> = counts.await.into_iter().map(Result::unwrap).collect();
        // Each saw those before it, none of which was committed.
        let expected: Vec<_> = (0..WRITES).map(|number| (number + 2, 1)).collect();
        assert_eq!(counts, expected, "{}", bed.engine);
        assert!((0..WRITES).all(|number| bed.has(&format!("write {number}"))));
    }
}

#[tokio::test]
async fn a_write_that_fails_is_undone_and_the_others_go_on() {
    for bed in beds() {
        let (first, gate) = occupy(&bed).await;
        let (put, left) = (bed.put("refused"), bed.left.clone());
        let refused = bed.store.try_write(move |tx| {
            put(tx)?;
            let count = tx.len(&left)?;
            if count > 1 { Err(Refusal::Full { count }) } else { Ok(()) }
        });
        let kept = bed.store.write_with(Durability::None, bed.put("kept"));
        let both = async { tokio::join!(refused, kept) };
        let mut both = Box::pin(both);
        assert!(crate::gate::poll_once(both.as_mut()).is_pending());
        drop(gate);
        let (refused, kept) = both.await;
        assert!(matches!(refused, Err(Refusal::Full { count: 2 })), "{}", bed.engine);
        kept.unwrap();
        first.await.unwrap().unwrap();
        assert!(bed.has("kept") && !bed.has("refused"), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_write_whose_check_fails_is_undone_and_the_others_go_on() {
    for bed in beds() {
        let (first, gate) = occupy(&bed).await;
        let put = bed.put("refused");
        let refused = bed.store.write(move |tx| {
            tx.before_commit(|_| {
                Err(Error::new(ErrorKind::Failed, Operation::Commit, "the check refuses"))
            });
            put(tx)
        });
        let both = async { tokio::join!(refused, bed.store.write(bed.put("kept"))) };
        let mut both = Box::pin(both);
        assert!(crate::gate::poll_once(both.as_mut()).is_pending());
        drop(gate);
        let (refused, kept) = both.await;
        assert_eq!(refused.unwrap_err().message(), "the check refuses", "{}", bed.engine);
        kept.unwrap();
        first.await.unwrap().unwrap();
        assert!(bed.has("kept") && !bed.has("refused"), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_read_returns_the_programs_own_error() {
    for bed in beds() {
        let left = bed.left.clone();
        let read = bed.store.try_read(move |snapshot| match snapshot.len(&left)? {
            0 => Err(Refusal::Full { count: 0 }),
            count => Ok(count),
        });
        assert!(matches!(read.await, Err(Refusal::Full { count: 0 })));
        bed.store.shutdown().await.unwrap();
        let closed: Result<(), Refusal> = bed.store.try_read(|_| Ok(())).await;
        assert!(matches!(closed, Err(Refusal::Store(error)) if error.kind() == ErrorKind::Closed));
    }
}

#[tokio::test]
async fn a_store_that_others_occupy_is_busy_and_nothing_runs() {
    let brief = StoreOptions::new().busy_timeout(Duration::from_millis(20));
    for bed in beds_with(&Options::new(), &brief) {
        let blocking = bed.store.blocking().clone();
        let (mut gate, mut passage) = gate();
        let other = std::thread::spawn(move || {
            let transaction = blocking.begin().unwrap();
            passage.pass();
            transaction.rollback().unwrap();
        });
        gate.reached().await;
        let (one, two) = tokio::join!(bed.store.write(bed.put("a")), bed.store.write(bed.put("b")));
        assert_eq!(one.unwrap_err().kind(), ErrorKind::Busy, "{}", bed.engine);
        assert_eq!(two.unwrap_err().kind(), ErrorKind::Busy, "{}", bed.engine);
        drop(gate);
        other.join().unwrap();
        bed.store.write(bed.put("c")).await.unwrap();
        assert!(!bed.has("a") && !bed.has("b") && bed.has("c"), "{}", bed.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closure_that_waits_for_its_own_group_is_refused() {
    for bed in beds() {
        let (store, inner, outer) =
            (bed.store.clone(), Arc::new(bed.put("inner")), bed.put("outer"));
        let runtime = Handle::current();
        let refused = bed.store.write(move |tx| {
            outer(tx)?;
            let inner = Arc::clone(&inner);
            Ok(runtime.block_on(store.write(move |tx| inner(tx))))
        });
        assert_eq!(refused.await.unwrap().unwrap_err().kind(), ErrorKind::Busy);
        assert!(bed.has("outer") && !bed.has("inner"), "{}", bed.engine);
    }
}
