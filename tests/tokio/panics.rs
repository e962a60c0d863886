//! A closure that panics loses its own write, and nothing else.

use arbour::tokio::Store;

use crate::bed::beds;
use crate::gate::{gate, poll_once};

/// Something whose drop panics.
struct Unruly;

impl Drop for Unruly {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            std::panic::panic_any("dropped");
        }
    }
}

/// Returns what a task panicked with.
fn panic_of<R: std::fmt::Debug>(ended: Result<R, tokio::task::JoinError>) -> &'static str {
    ended.unwrap_err().into_panic().downcast_ref::<&'static str>().copied().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_reaches_the_caller_and_the_others_go_on() {
    for bed in beds() {
        let (mut gate, mut passage) = gate();
        let first = bed.put("first");
        let mut first = Box::pin(bed.store.write(move |tx| {
            passage.pass();
            first(tx)
        }));
        assert!(poll_once(first.as_mut()).is_pending());
        gate.reached().await;
        let (put, store): (_, Store) = (bed.put("panicked"), bed.store.clone());
        let mut panicking = Box::pin(async move {
            store
                .write(move |tx| -> arbour::Result<()> {
                    put(tx)?;
                    std::panic::panic_any("written")
                })
                .await
        });
        assert!(poll_once(panicking.as_mut()).is_pending());
        let mut kept = Box::pin(bed.store.write(bed.put("kept")));
        assert!(poll_once(kept.as_mut()).is_pending());
        drop(gate);
        first.await.unwrap();
        assert_eq!(panic_of(tokio::spawn(panicking).await), "written", "{}", bed.engine);
        kept.await.unwrap();
        assert!(bed.has("first") && bed.has("kept") && !bed.has("panicked"), "{}", bed.engine);

        let store = bed.store.clone();
        let read = tokio::spawn(async move {
            store.read(|_| -> arbour::Result<()> { std::panic::panic_any("read") }).await
        });
        assert_eq!(panic_of(read.await), "read", "{}", bed.engine);
    }
}

#[tokio::test]
async fn what_panics_when_it_is_dropped_stops_no_other_write() {
    for bed in beds() {
        let (mut gate, mut passage) = gate();
        let mut first = Box::pin(bed.store.write(move |_| {
            passage.pass();
            // No caller waits for this result: it is dropped on the thread that commits.
            Ok(Unruly)
        }));
        assert!(poll_once(first.as_mut()).is_pending());
        gate.reached().await;
        drop(first);
        // No caller waits for this one either, and its closure holds what panics.
        let unruly = Unruly;
        let mut second = Box::pin(bed.store.write(move |_| {
            let _ = &unruly;
            Ok(())
        }));
        assert!(poll_once(second.as_mut()).is_pending());
        drop(second);
        let mut third = Box::pin(bed.store.write(bed.put("third")));
        assert!(poll_once(third.as_mut()).is_pending());
        drop(gate);
        third.await.unwrap();
        bed.store.write(bed.put("fourth")).await.unwrap();
        assert!(bed.has("third") && bed.has("fourth"), "{}", bed.engine);
        // The limits count none of them any more.
        bed.store.shutdown().await.unwrap();
    }
}
