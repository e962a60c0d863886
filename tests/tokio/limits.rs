//! What is beyond the limits waits with its caller.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arbour::StoreOptions;
use arbour::tokio::Options;
use futures_util::future::join_all;

use crate::bed::beds_with;
use crate::gate::{gate, poll_once};

#[tokio::test]
async fn no_more_writes_are_queued_than_the_options_say() {
    const WRITES_MAX: usize = 3;
    for bed in beds_with(&Options::new().writes_max(WRITES_MAX), &StoreOptions::new()) {
        let (mut gate, mut passage) = gate();
        let mut first = Box::pin(bed.store.write(move |_| {
            passage.pass();
            Ok(())
        }));
        assert!(poll_once(first.as_mut()).is_pending());
        gate.reached().await;
        // Each closure holds one reference: those that survive their future were queued.
        let held = Arc::new(());
        for _ in 0..10 {
            let held = Arc::clone(&held);
            let mut write = Box::pin(bed.store.write(move |_| {
                let _ = &held;
                Ok(())
            }));
            assert!(poll_once(write.as_mut()).is_pending());
        }
        assert_eq!(Arc::strong_count(&held), WRITES_MAX, "{}", bed.engine);
        drop(gate);
        first.await.unwrap();
        let writes = (0..10).map(|number| bed.store.write(bed.put(&number.to_string())));
        assert!(join_all(writes).await.iter().all(Result::is_ok), "{}", bed.engine);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_reads_run_than_the_options_say() {
    const READS_MAX: usize = 3;
    for bed in beds_with(&Options::new().reads_max(READS_MAX), &StoreOptions::new()) {
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let reads = (0..20).map(|_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            bed.store.read(move |_| {
                let now = running.fetch_add(1, Ordering::SeqCst) + 1;
                most.fetch_max(now, Ordering::SeqCst);
                std::thread::sleep(std::time::Duration::from_millis(2));
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        });
        assert!(join_all(reads).await.iter().all(Result::is_ok), "{}", bed.engine);
        let most = most.load(Ordering::SeqCst);
        assert!((1..=READS_MAX).contains(&most), "{}: {most} at once", bed.engine);
    }
}
