//! Shutting down completes what was accepted, and refuses the rest.

use arbour::tokio::Options;
use arbour::{ErrorKind, KvStore as _, StoreOptions};

use crate::bed::beds_with;
use crate::gate::{gate, poll_once};

#[tokio::test]
async fn what_waits_is_completed_and_what_comes_later_is_refused() {
    for bed in beds_with(&Options::new().writes_max(2).reads_max(1), &StoreOptions::new()) {
        let (mut gate, mut passage) = gate();
        let put = bed.put("first");
        let mut first = Box::pin(bed.store.write(move |tx| {
            passage.pass();
            put(tx)
        }));
        assert!(poll_once(first.as_mut()).is_pending());
        gate.reached().await;
        let mut queued = Box::pin(bed.store.write(bed.put("queued")));
        assert!(poll_once(queued.as_mut()).is_pending());
        let mut waiting = Box::pin(bed.store.write(bed.put("waiting")));
        assert!(poll_once(waiting.as_mut()).is_pending());
        let mut shutdown = Box::pin(bed.store.shutdown());
        assert!(poll_once(shutdown.as_mut()).is_pending());
        let mut late = Box::pin(bed.store.write(bed.put("late")));
        assert!(poll_once(late.as_mut()).is_pending());
        drop(gate);
        let (first, queued, waiting, late, shutdown) =
            tokio::join!(first, queued, waiting, late, shutdown);
        assert!(first.is_ok() && queued.is_ok() && waiting.is_ok(), "{}", bed.engine);
        assert_eq!(late.unwrap_err().kind(), ErrorKind::Closed, "{}", bed.engine);
        shutdown.unwrap();
        let closed = bed.store.read(|_| Ok(())).await.unwrap_err();
        assert_eq!(closed.kind(), ErrorKind::Closed, "{}", bed.engine);
        let closed = bed.store.blocking().snapshot().err().map(|error| error.kind());
        assert_eq!(closed, Some(ErrorKind::Closed), "{}", bed.engine);
        bed.store.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_shutdown_that_is_dropped_leaves_the_store_open() {
    for bed in beds_with(&Options::new(), &StoreOptions::new()) {
        let (mut gate, mut passage) = gate();
        let mut first = Box::pin(bed.store.write(move |_| {
            passage.pass();
            Ok(())
        }));
        assert!(poll_once(first.as_mut()).is_pending());
        gate.reached().await;
        let mut shutdown = Box::pin(bed.store.shutdown());
        assert!(poll_once(shutdown.as_mut()).is_pending());
        drop(shutdown);
        drop(gate);
        first.await.unwrap();
        bed.store.write(bed.put("later")).await.unwrap();
        assert!(bed.has("later"), "{}", bed.engine);
    }
}
