//! Writers beside writers: the second waits its turn, but never for itself and never for ever.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{
    Batch, Durability, Error, ErrorKind, KvStore, KvWrite, Operation, Result, StoreOptions, Writers,
};

use super::claims::{commit, everything, impatient, joined, make, patient, refused};
use crate::harness::Undisturbed;
use crate::{Bed, Factory};

/// How long a store that wrongly admits a second writer has to do so. On a correct store it is only
/// spent waiting.
const A_WHILE: Duration = Duration::from_millis(30);

/// How often something is tried that a faulty store may pass by chance.
const ROUNDS: usize = 4;

/// The time within which four writers that may each wait only a few milliseconds have to finish,
/// however busy the machine is. A store that ignores the timeout takes longer: rusqlite's own
/// timeout is five seconds for each.
const SOON: Duration = Duration::from_secs(3);

/// Asserts that an optimistic engine lets a second transaction begin beside the first, which it
/// does instead of waiting.
fn side_by_side<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    let (mut first, mut second) = (store.begin()?, store.begin()?);
    make(&mut first, &t, "a=1")?;
    make(&mut second, &t, "b=1")?;
    first.commit()?;
    second.rollback()?;
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1");
    bed.negative();
    Ok(())
}

/// A second writer on another thread, a transaction or a batch, waits for the first, then
/// continues, and finds what the first committed. Case 82.
pub(super) fn second_waits<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    if bed.capabilities().writers == Writers::Many {
        return side_by_side(bed);
    }
    bed.reopen_with(&patient())?;
    let (store, t) = (bed.store(), &bed.tree("t")?);
    let batch = || {
        let mut batch = Batch::new();
        batch.put(t, b"b", b"2");
        store.apply(batch, Durability::default())
    };
    let transaction = || {
        let mut transaction = store.begin()?;
        assert_eq!(everything(&transaction, t)?, "a=1", "what the second begins with");
        make(&mut transaction, t, "b=2")?;
        transaction.commit()
    };
    let second: [&(dyn Fn() -> Result<()> + Sync); 2] = [&transaction, &batch];
    // On a busy machine the second thread may not run at all while the first one looks. A store
    // that does not wait would have to be lucky in every round.
    let second = second.repeat(ROUNDS);
    for second in second {
        commit(store, t, "-a -b")?;
        let ended = &AtomicBool::new(false);
        thread::scope(|scope| {
            let mut first = store.begin()?;
            let (through, got_through) = mpsc::channel();
            let other = scope.spawn(move || {
                // On a busy machine a thread begins late; the first waits for it before it looks.
                let _ = through.send(());
                let result = second();
                assert!(ended.load(Ordering::SeqCst), "it got through beside the first");
                // The send fails if the first has already ended.
                let _ = through.send(());
                result
            });
            assert_eq!(got_through.recv(), Ok(()), "the second begins");
            let early = got_through.recv_timeout(A_WHILE);
            assert_eq!(early, Err(RecvTimeoutError::Timeout), "the second did not wait");
            make(&mut first, t, "a=1")?;
            ended.store(true, Ordering::SeqCst);
            first.commit()?;
            joined(other)
        })?;
        assert_eq!(everything(&store.snapshot()?, t)?, "a=1 b=2");
    }
    Ok(())
}

/// A second writer that has waited as long as the options allow, or not at all if they allow none,
/// fails with `Busy`, and succeeds once the first has ended. Case 82.
pub(super) fn second_gives_up_in_time<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    if bed.capabilities().writers == Writers::Many {
        return side_by_side(bed);
    }
    let brief = StoreOptions::new().busy_timeout(Duration::from_millis(5));
    for options in [impatient(), brief] {
        bed.reopen_with(&options)?;
        let (store, t) = (bed.store(), &bed.tree("t")?);
        store.write(|transaction| make(transaction, t, "-a -b a=1"))?;
        let mut first = store.begin()?;
        make(&mut first, t, "a=2")?;
        let second = || {
            let began = Instant::now();
            let error = refused(store.begin(), ErrorKind::Busy, "begin");
            assert_eq!(error.operation(), Operation::Begin);
            assert!(error.kind().is_retryable());
            let error = refused(store.put(t, b"b", b"2"), ErrorKind::Busy, "put");
            assert_eq!(error.operation(), Operation::Apply);
            refused(commit(store, t, "b=2"), ErrorKind::Busy, "write");
            let result = store.compare_and_swap(t, b"a", None, Some(b"2"));
            refused(result, ErrorKind::Busy, "compare_and_swap");
            assert!(began.elapsed() < SOON, "the timeout of the options is not kept");
            // Reading continues meanwhile.
            assert_eq!(everything(&store.snapshot()?, t)?, "a=1");
            Ok(())
        };
        thread::scope(|scope| joined(scope.spawn(second)))?;
        first.commit()?;
        thread::scope(|scope| joined(scope.spawn(|| commit(store, t, "b=3"))))?;
        assert_eq!(everything(&store.snapshot()?, t)?, "a=2 b=3");
    }
    Ok(())
}

/// A transaction begun while the same thread holds one fails with `Busy` at once, because it would
/// wait for itself. Case 82. The store's timeout is an hour, so an engine that waits hangs here, as
/// LMDB and redb do by themselves.
pub(super) fn same_thread_fails_at_once<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    if bed.capabilities().writers == Writers::Many {
        return side_by_side(bed);
    }
    bed.reopen_with(&patient())?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let mut transaction = store.begin()?;
    make(&mut transaction, &t, "a=1")?;
    for durability in Durability::ALL {
        refused(store.begin_with(durability), ErrorKind::Busy, "a nested begin");
    }
    let mut runs = 0;
    let result = store.write(|_| {
        runs += 1;
        Ok::<_, Error>(())
    });
    refused(result, ErrorKind::Busy, "a nested write");
    assert_eq!(runs, 0, "a closure ran without a transaction");
    make(&mut transaction, &t, "b=1")?;
    transaction.commit()?;
    // The slot is free for this thread as for any other, however the last transaction ended.
    store.begin()?.rollback()?;
    drop(store.begin()?);
    let nested = store.write(|_| store.begin().map(drop));
    refused(nested, ErrorKind::Busy, "a begin within write");
    commit(store, &t, "c=1")?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 b=1 c=1");
    Ok(())
}

/// Many threads that write at the same time, each in its own way, all succeed.
pub(super) fn follow_each_other<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    bed.reopen_with(&patient())?;
    let (store, t) = (bed.store(), &bed.tree("t")?);
    thread::scope(|scope| {
        let threads = ["a", "b", "c", "d", "e", "f"].map(|name| {
            scope.spawn(move || {
                for number in 0..12_u8 {
                    let key = format!("{name}{number:02}");
                    match number % 4 {
                        0 => store.put(t, key.as_bytes(), b"")?,
                        1 => commit(store, t, &key)?,
                        2 => {
                            let swap =
                                store.compare_and_swap(t, key.as_bytes(), None, Some(b""))?;
                            assert!(swap.swapped());
                        }
                        _ => {
                            let mut transaction = store.begin_with(Durability::None)?;
                            transaction.put(t, key.as_bytes(), b"lost")?;
                            transaction.rollback()?;
                            commit(store, t, &key)?;
                        }
                    }
                }
                Ok(())
            })
        });
        threads.into_iter().try_for_each(joined)
    })?;
    bed.settle()?;
    let expected: Vec<String> = ["a", "b", "c", "d", "e", "f"]
        .iter()
        .flat_map(|name| (0..12).map(move |number| format!("{name}{number:02}=")))
        .collect();
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, expected.join(" "));
    Ok(())
}
