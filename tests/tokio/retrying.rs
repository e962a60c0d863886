//! Detached transactions that are run again after a conflict.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use arbour::tokio::Options;
use arbour::{
    DetachedTransaction, Error, ErrorKind, KvRead as _, KvWrite as _, StoreOptions, Tree,
};
use parking_lot::Mutex;

use crate::bed::{Bed, beds, beds_with};
use crate::gate::poll_once;

fn count(tx: &DetachedTransaction, tree: &Tree) -> u8 {
    tx.get_with(tree, b"count", |value| value[0]).unwrap().unwrap_or(0)
}

/// Adds one to the count, with an await between reading and writing.
async fn increment(bed: &Bed) -> Result<u32, Error> {
    let tries = AtomicU32::new(0);
    let (tries, tree) = (&tries, &bed.left);
    let run = |mut tx: DetachedTransaction| async move {
        tries.fetch_add(1, Ordering::SeqCst);
        let count = count(&tx, tree);
        tokio::task::yield_now().await;
        tx.put(tree, b"count", &[count + 1])
    };
    bed.store.retry(run).await?;
    Ok(tries.load(Ordering::SeqCst))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_update_is_lost_by_tasks_that_meet() {
    for bed in beds() {
        let bed = Arc::new(bed);
        let tasks: Vec<_> = (0..6)
            .map(|_| {
                let bed = Arc::clone(&bed);
                // Spawning it also shows that the future is `Send`.
                tokio::spawn(async move {
                    for _ in 0..5 {
                        increment(&bed).await.unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let left = bed.left.clone();
        let count = bed.store.read(move |snapshot| snapshot.get_with(&left, b"count", |v| v[0]));
        assert_eq!(count.await.unwrap(), Some(30), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_transaction_dropped_at_an_await_writes_nothing() {
    for bed in beds() {
        let tree = &bed.left;
        let mut pending = Box::pin(bed.store.retry(|mut tx| async move {
            tx.put(tree, b"a", b"")?;
            std::future::pending::<()>().await;
            Ok(())
        }));
        let left = tokio::time::timeout(Duration::from_millis(20), pending.as_mut()).await;
        assert!(left.is_err(), "{}: it waits without an end", bed.engine);
        assert!(poll_once(pending.as_mut()).is_pending());
        drop(pending);
        // It held no lock either.
        bed.store.write(bed.put("b")).await.unwrap();
        assert!(!bed.has("a") && bed.has("b"), "{}", bed.engine);
    }
}

#[tokio::test]
async fn what_never_succeeds_ends_with_the_last_conflict() {
    let brief = StoreOptions::new().busy_timeout(Duration::from_millis(100));
    for bed in beds_with(&Options::new(), &brief) {
        let tries = AtomicU32::new(0);
        let (bed, tries) = (&bed, &tries);
        let refused = bed.store.retry(|mut tx| async move {
            let count = count(&tx, &bed.left);
            let number = tries.fetch_add(1, Ordering::SeqCst) as u8;
            // Another write gets in between each time.
            let left = bed.left.clone();
            bed.store.write(move |tx| tx.put(&left, b"count", &[number, 1])).await?;
            tx.put(&bed.left, b"mine", &[count])
        });
        let error = refused.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{}: {error}", bed.engine);
        let tries = tries.load(Ordering::SeqCst);
        let times = if tries == 1 { "once".to_owned() } else { format!("{tries} times") };
        assert!(error.to_string().contains(&format!("run {times}")), "{error}");
        let left = bed.left.clone();
        let mine = bed.store.read(move |snapshot| snapshot.contains(&left, b"mine"));
        assert!(!mine.await.unwrap(), "{}: nothing of it is there", bed.engine);
    }
}

#[derive(Debug, PartialEq)]
enum Refusal {
    SoldOut,
    Store(ErrorKind),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Store(error.kind())
    }
}

#[tokio::test]
async fn an_error_of_the_closure_writes_nothing_and_comes_back() {
    for bed in beds() {
        let tree = &bed.left;
        let refused = bed.store.try_retry(|mut tx| async move {
            tx.put(tree, b"a", b"")?;
            Err::<(), _>(Refusal::SoldOut)
        });
        assert_eq!(refused.await.unwrap_err(), Refusal::SoldOut);
        assert!(!bed.has("a"), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_transaction_that_is_kept_elsewhere_is_refused() {
    for bed in beds() {
        let kept = Mutex::new(None);
        let (kept, tree) = (&kept, &bed.left);
        let refused = bed.store.retry(|mut tx| async move {
            tx.put(tree, b"a", b"")?;
            *kept.lock() = Some(tx);
            Ok(())
        });
        assert_eq!(refused.await.unwrap_err().kind(), ErrorKind::InvalidArgument);
        drop(kept.lock().take());
        assert!(!bed.has("a"), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_closure_that_commits_by_itself_is_not_committed_again() {
    for bed in beds() {
        let (left, right) = (&bed.left, &bed.right);
        bed.store
            .retry(|mut tx| async move {
                tx.put(left, b"a", b"")?;
                tx.put(right, b"a", b"")?;
                tx.commit()
            })
            .await
            .unwrap();
        assert!(bed.has("a"), "{}", bed.engine);
    }
}

#[tokio::test]
async fn none_begins_after_shutdown() {
    for bed in beds() {
        bed.store.shutdown().await.unwrap();
        let refused = bed.store.retry(|_| async { Ok(()) }).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Closed, "{}: {refused}", bed.engine);
    }
}
