//! Threads that share a count of operations.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The work of threads on a store; it gets the number of the operation.
pub(crate) type Operation<'o> = &'o (dyn Fn(u64) + Sync);

/// The minimum number of operations of each thread: with fewer operations than threads, some would
/// never run concurrently.
const OPERATIONS_A_THREAD_MIN: u64 = 4;

/// Runs `count` operations or more on `threads` threads, each free thread taking the next, and
/// returns the time for `count` of them, from the common start to the end of the last. Meanwhile
/// each of `beside` threads repeats the other operation.
pub(crate) fn time_threads(
    threads: u64,
    count: u64,
    run: Operation<'_>,
    beside: u64,
    run_beside: Operation<'_>,
) -> Duration {
    let total = count.max(threads * OPERATIONS_A_THREAD_MIN);
    let all = usize::try_from(threads + beside).expect("that many threads fit");
    let start = Barrier::new(all);
    let next = AtomicU64::new(0);
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for number in 0..beside {
            let (start, is_over) = (&start, &is_over);
            scope.spawn(move || {
                start.wait();
                let mut operation = number;
                while !is_over.load(Ordering::Relaxed) {
                    run_beside(operation);
                    operation += beside;
                }
            });
        }
        let working: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let started = Instant::now();
                    loop {
                        let operation = next.fetch_add(1, Ordering::Relaxed);
                        if operation >= total {
                            break;
                        }
                        run(operation);
                    }
                    (started, Instant::now())
                })
            })
            .collect();
        // Each thread takes the time itself, because this thread may wake long after they have
        // ended.
        let ended: Vec<_> = working.into_iter().map(|thread| thread.join()).collect();
        // Before a failure is reported: otherwise the threads beside would not end, and joining
        // them would hang.
        is_over.store(true, Ordering::Relaxed);
        let times = ended.into_iter().map(|thread| thread.expect("a thread's operations succeed"));
        let times: Vec<_> = times.collect();
        let started = times.iter().map(|(started, _)| *started).min();
        let ended = times.iter().map(|(_, ended)| *ended).max();
        let took = started.zip(ended).map(|(started, ended)| ended - started);
        let took = took.expect("there are threads");
        took.mul_f64(count as f64 / total as f64)
    })
}
