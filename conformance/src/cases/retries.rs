//! Detached transactions that are run until they commit, alone, in other transactions, and at random.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use arbour_core::engine::panic_message;
use arbour_core::{Durability, Error, ErrorKind, KvRead, KvStore, KvWrite, Result, Retry};

use super::claims::{commit, dynamic, everything, joined, make, number, patient, refused, set};
use crate::serializability::{self, KvLists};
use crate::{Bed, Factory, seed};

/// It can be committed as a part of another transaction, and its conflict leaves that one usable.
pub(super) fn joins_another_transaction<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    commit(&store, &t, "a=1")?;
    let reading = |writes: &str| {
        let mut transaction = store.begin_detached()?;
        transaction.get(&t, b"a")?;
        make(&mut transaction, &t, writes)?;
        Ok::<_, Error>(transaction)
    };
    let (mut joining, mut late) = (reading("b=2")?, reading("c=3")?);
    bed.store().write(|transaction| {
        joining.commit_in(transaction)?;
        make(transaction, &t, "a=9")?;
        // What it read was changed by the transaction that it joins.
        let joined = transaction.savepoint(|savepoint| late.commit_in(savepoint));
        refused(joined, ErrorKind::Conflict, "a transaction that joins late");
        Ok(())
    })?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(everything(&bed.store().snapshot()?, &t)?, "a=9 b=2");
    Ok(())
}

/// Transactions that are run again until they commit lose no update.
pub(super) fn retried_updates_are_exact<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    const THREADS: i64 = 4;
    const ROUNDS: i64 = 8;
    bed.reopen_with(&patient())?;
    let (store, t) = (&dynamic(bed), &bed.tree("t")?);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(move || {
                    (0..ROUNDS).try_for_each(|_| {
                        store.retry(|transaction| {
                            let count = number(transaction, t, "count")?;
                            // Lets another thread in between, also on a machine with one core.
                            thread::yield_now();
                            set(transaction, t, "count", count + 1)
                        })
                    })
                })
            })
            .collect();
        threads.into_iter().try_for_each(joined)
    })?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(number(&bed.store().snapshot()?, &t, "count")?, THREADS * ROUNDS);
    Ok(())
}

/// A retry that never succeeds ends with its last conflict, which says how often it was tried.
pub(super) fn retry_ends<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let tries = AtomicU32::new(0);
    let ended = Retry::new(&store).limit(Duration::from_millis(30)).run(|transaction| {
        let round = tries.fetch_add(1, Ordering::SeqCst);
        transaction.get(&t, b"a")?;
        make(transaction, &t, "b=never")?;
        commit(&store, &t, &format!("a={round}"))
    });
    let error = refused(ended, ErrorKind::Conflict, "a retry that never succeeds");
    let tries = tries.into_inner();
    let times = if tries == 1 { "once".into() } else { format!("{tries} times") };
    assert!(error.message().starts_with(&format!("run {times} within 30ms")), "{error}");
    assert_eq!((error.tree(), error.key()), (Some("t"), Some("a")));
    bed.settle()?;
    let t = bed.tree("t")?;
    let last = format!("a={}", tries - 1);
    assert_eq!(everything(&bed.store().snapshot()?, &t)?, last);
    Ok(())
}

/// An error of the closure ends a retry at once, and so does a panic; nothing is written.
pub(super) fn failed_closures_are_not_retried<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let mut runs = 0;
    let failed = store.try_retry(|transaction| {
        runs += 1;
        make(transaction, &t, "a=1")?;
        Err::<(), Box<dyn std::error::Error>>("the program's own error".into())
    });
    assert_eq!(failed.expect_err("the closure fails").to_string(), "the program's own error");
    assert_eq!(runs, 1, "how often the closure ran");
    let panicking = AssertUnwindSafe(|| {
        store.retry(|transaction| {
            make(transaction, &t, "b=1")?;
            std::panic::resume_unwind(Box::new("a panic of the closure"));
            #[allow(unreachable_code)]
            Ok(())
        })
    });
    let panic = catch_unwind(panicking).expect_err("the panic has to reach the caller");
    assert_eq!(panic_message(panic.as_ref()), Some("a panic of the closure"));
    store.retry(|transaction| make(transaction, &t, "c=1"))?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(everything(&bed.store().snapshot()?, &t)?, "c=1");
    Ok(())
}

/// Random transactions leave a history without anomalies: on one thread, step by step in a random
/// order, and on several.
pub(super) fn random_histories_are_serializable<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    bed.reopen_with(&patient())?;
    let (store, seed) = (dynamic(bed), seed());
    for (on_threads, tree) in [(false, "t"), (true, "u")] {
        let tree = bed.tree(tree)?;
        let begin = || {
            let transaction = store.begin_detached_with(Durability::None)?;
            Ok(KvLists::new(transaction, &tree))
        };
        let history = match on_threads {
            false => serializability::interleaved(seed, begin)?,
            true => serializability::on_threads(seed, begin)?,
        };
        if !on_threads {
            assert!(history.conflicts() > 0, "no transactions met, seed {seed}");
        }
        let anomalies = serializability::check(&history);
        assert!(anomalies.is_empty(), "{anomalies:?}, seed {seed}");
    }
    Ok(())
}
