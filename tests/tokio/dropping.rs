//! A future that is dropped at any await point leaves all of its write or none of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arbour::tokio::Options;
use arbour::{KvRead as _, StoreOptions};

use crate::bed::{Bed, beds, beds_with};
use crate::gate::{Gate, gate, poll_once};

/// A flag that says whether a closure ran, and lives as long as the closure does.
fn flag() -> (Arc<AtomicBool>, Arc<AtomicBool>) {
    let flag = Arc::new(AtomicBool::new(false));
    (Arc::clone(&flag), flag)
}

/// Occupies the store with a write that waits at a gate. Its caller no longer waits for it.
async fn occupy(bed: &Bed) -> Gate {
    let (mut gate, mut passage) = gate();
    let put = bed.put("first");
    let mut first = Box::pin(bed.store.write(move |tx| {
        passage.pass();
        put(tx)
    }));
    assert!(poll_once(first.as_mut()).is_pending());
    gate.reached().await;
    gate
}

#[tokio::test]
async fn a_write_that_is_never_polled_does_nothing() {
    for bed in beds() {
        drop(bed.store.write(bed.put("a")));
        bed.store.write(bed.put("b")).await.unwrap();
        assert!(!bed.has("a") && bed.has("b"), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_write_dropped_before_it_is_accepted_never_runs() {
    for bed in beds_with(&Options::new().writes_max(1), &StoreOptions::new()) {
        let gate = occupy(&bed).await;
        let ((has_run, alive), put) = (flag(), bed.put("a"));
        let weak = Arc::downgrade(&alive);
        let mut write = Box::pin(bed.store.write(move |tx| {
            alive.store(true, Ordering::SeqCst);
            put(tx)
        }));
        for _ in 0..3 {
            assert!(poll_once(write.as_mut()).is_pending());
        }
        drop(write);
        // Nothing else holds the closure: it was not queued.
        assert_eq!(weak.strong_count(), 1, "{}", bed.engine);
        drop(gate);
        bed.store.write(bed.put("b")).await.unwrap();
        assert!(!has_run.load(Ordering::SeqCst) && !bed.has("a"), "{}", bed.engine);
        assert!(bed.has("first") && bed.has("b"), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_write_dropped_while_it_is_queued_never_runs() {
    for bed in beds() {
        let gate = occupy(&bed).await;
        let ((has_run, alive), put) = (flag(), bed.put("a"));
        let mut dropped = Box::pin(bed.store.write(move |tx| {
            alive.store(true, Ordering::SeqCst);
            put(tx)
        }));
        assert!(poll_once(dropped.as_mut()).is_pending());
        let mut kept = Box::pin(bed.store.write(bed.put("b")));
        assert!(poll_once(kept.as_mut()).is_pending());
        drop(dropped);
        drop(gate);
        kept.await.unwrap();
        assert!(!has_run.load(Ordering::SeqCst) && !bed.has("a"), "{}", bed.engine);
        assert!(bed.has("first") && bed.has("b"), "{}", bed.engine);
        assert_eq!(Arc::strong_count(&has_run), 1, "what the closure held is released");
    }
}

#[tokio::test]
async fn a_write_dropped_while_it_runs_is_committed_whole() {
    for bed in beds() {
        let gate = occupy(&bed).await;
        drop(gate);
        // This one is behind the first, whichever group it is in.
        bed.store.write(bed.put("b")).await.unwrap();
        assert!(bed.has("first") && bed.has("b"), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_write_dropped_at_any_poll_is_whole_or_absent() {
    for bed in beds() {
        for polls in 0..6 {
            let key = format!("dropped after {polls}");
            let mut write = Box::pin(bed.store.write(bed.put(&key)));
            let mut is_done = false;
            for _ in 0..polls {
                if !is_done {
                    is_done = poll_once(write.as_mut()).is_ready();
                }
                tokio::task::yield_now().await;
            }
            drop(write);
            bed.store.write(bed.put("after")).await.unwrap();
            // `has` fails if half of it is there.
            assert!(bed.has(&key) || !is_done, "{}: {key}", bed.engine);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_writes_beside_a_running_group_are_whole_or_absent() {
    const TASKS: usize = 64;
    for bed in beds_with(&Options::new().writes_max(8), &StoreOptions::new()) {
        let gate = occupy(&bed).await;
        let tasks: Vec<_> = (0..TASKS)
            .map(|number| {
                let (store, put) = (bed.store.clone(), bed.put(&number.to_string()));
                tokio::spawn(async move { store.write(put).await })
            })
            .collect();
        drop(gate);
        let mut done = 0;
        for (number, task) in tasks.into_iter().enumerate() {
            if number % 3 == 0 {
                task.abort();
            }
            let has = match task.await {
                Ok(written) => {
                    written.unwrap();
                    done += 1;
                    assert!(bed.has(&number.to_string()), "{}: {number}", bed.engine);
                    true
                }
                Err(error) => error.is_cancelled(),
            };
            assert!(has, "{}: {number} panicked", bed.engine);
        }
        assert!(done >= TASKS * 2 / 3, "{}: {done} writes ended well", bed.engine);
        bed.store.write(bed.put("after")).await.unwrap();
        for number in 0..TASKS {
            bed.has(&number.to_string());
        }
    }
}

#[tokio::test]
async fn a_read_dropped_before_it_is_accepted_never_runs() {
    for bed in beds_with(&Options::new().reads_max(1), &StoreOptions::new()) {
        let (mut gate, mut passage) = gate();
        let mut first = Box::pin(bed.store.read(move |_| {
            passage.pass();
            Ok(())
        }));
        assert!(poll_once(first.as_mut()).is_pending());
        gate.reached().await;
        let (has_run, alive) = flag();
        let mut waiting = Box::pin(bed.store.read(move |_| {
            alive.store(true, Ordering::SeqCst);
            Ok(())
        }));
        assert!(poll_once(waiting.as_mut()).is_pending());
        drop(waiting);
        // The first one runs on although its caller is gone, and then makes room.
        drop(first);
        drop(gate);
        let left = bed.left.clone();
        bed.store.read(move |snapshot| snapshot.len(&left)).await.unwrap();
        assert!(!has_run.load(Ordering::SeqCst), "{}", bed.engine);
    }
}

#[tokio::test]
async fn a_read_that_runs_without_its_caller_still_counts() {
    for bed in beds_with(&Options::new().reads_max(1), &StoreOptions::new()) {
        let (order, first_order) = flag();
        let (mut gate, mut passage) = gate();
        let mut first = Box::pin(bed.store.read(move |_| {
            passage.pass();
            first_order.store(true, Ordering::SeqCst);
            Ok(())
        }));
        assert!(poll_once(first.as_mut()).is_pending());
        gate.reached().await;
        drop(first);
        let mut second = Box::pin(bed.store.read(move |_| Ok(order.load(Ordering::SeqCst))));
        assert!(poll_once(second.as_mut()).is_pending());
        // If the first did not count, the second would run now.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        drop(gate);
        assert!(second.await.unwrap(), "{}: it ran beside the first", bed.engine);
    }
}
