//! Closing a store: what it waits for, and what is refused afterwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use arbour_core::{
    Batch, Durability, Error, ErrorKind, KvStore, KvWrite, Operation, Result, Update, Writers,
};

use super::claims::{commit, everything, impatient, joined, make, patient, refused};
use super::files::siblings;
use crate::{Bed, Factory};

/// Every operation on a closed store fails with `Closed`. Case 97. Pebble panics where LevelDB
/// reports an error, which crashed a program that had only switched its engine.
pub(super) fn use_after_close_fails<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    commit(bed.store(), &t, "a=1")?;
    bed.store().close()?;
    let (store, copy) = (bed.store(), bed.other_path("copy"));
    refused(store.tree("t"), ErrorKind::Closed, "tree, of a known name");
    refused(store.tree("never named before"), ErrorKind::Closed, "tree, of a new name");
    refused(store.snapshot(), ErrorKind::Closed, "snapshot");
    refused(store.get(&t, b"a"), ErrorKind::Closed, "get");
    for durability in Durability::ALL {
        refused(store.begin_with(durability), ErrorKind::Closed, "begin");
        let mut batch = Batch::new();
        batch.put(&t, b"b", b"2");
        refused(store.apply(batch, durability), ErrorKind::Closed, "apply");
    }
    refused(store.put(&t, b"b", b"2"), ErrorKind::Closed, "put");
    refused(store.delete(&t, b"a"), ErrorKind::Closed, "delete");
    let result = store.compare_and_swap(&t, b"a", None, None);
    refused(result, ErrorKind::Closed, "compare_and_swap");
    let result = store.fetch_and_update(&t, b"a", |_| Update::Delete);
    refused(result, ErrorKind::Closed, "fetch_and_update");
    let mut runs = 0;
    let result = store.write(|_| {
        runs += 1;
        Ok::<_, Error>(())
    });
    refused(result, ErrorKind::Closed, "write");
    let result = store.read(|_| {
        runs += 1;
        Ok::<_, Error>(())
    });
    refused(result, ErrorKind::Closed, "read");
    assert_eq!(runs, 0, "a closure ran over a closed store");
    refused(store.sync(), ErrorKind::Closed, "sync");
    refused(store.stats(), ErrorKind::Closed, "stats");
    // An operation that the engine never supports may still be refused for that reason.
    let capabilities = store.capabilities();
    for (result, supported, what) in [
        (store.compact(), capabilities.compaction, "compact"),
        (store.backup(&copy), capabilities.hot_backup, "backup"),
    ] {
        let kind = result.err().map(|error| error.kind());
        let unsupported = !supported && kind == Some(ErrorKind::Unsupported);
        assert!(kind == Some(ErrorKind::Closed) || unsupported, "{what}: {kind:?}");
    }
    assert!(siblings(&copy)?.is_empty(), "a refused backup left something");
    assert_eq!(t.name(), "t", "a handle keeps its name");
    Ok(())
}

/// Closing a closed store does nothing, on any thread.
pub(super) fn close_twice<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    let store = bed.store();
    store.close()?;
    store.close()?;
    thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(|| store.close()));
        threads.into_iter().try_for_each(joined)
    })?;
    bed.reopen()?;
    let expected = if bed.capabilities().persistent { "a=1" } else { "" };
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, expected);
    // Several threads close at once, and one of them is first.
    let store = bed.store();
    thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| store.close()));
        threads.into_iter().try_for_each(joined)
    })?;
    refused(store.snapshot(), ErrorKind::Closed, "a snapshot");
    Ok(())
}

/// Closing a store fails with `Busy` at once if the same thread holds a transaction, and also from
/// another thread that may not wait. The store stays open and the transaction commits.
pub(super) fn close_during_transaction<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if bed.capabilities().writers == Writers::Many {
        bed.negative();
        return Ok(());
    }
    for (options, own_thread) in [(patient(), true), (impatient(), false)] {
        bed.reopen_with(&options)?;
        let (store, t) = (bed.store(), &bed.tree("t")?);
        store.write(|transaction| make(transaction, t, "-a -b a=1"))?;
        let mut transaction = store.begin()?;
        make(&mut transaction, t, "a=2")?;
        let result = if own_thread {
            store.close()
        } else {
            thread::scope(|scope| joined(scope.spawn(|| Ok(store.close()))))?
        };
        let error = refused(result, ErrorKind::Busy, "close beside a transaction");
        assert_eq!(error.operation(), Operation::Close);
        assert_eq!(everything(&store.snapshot()?, t)?, "a=1", "the store is still open");
        assert_eq!(store.tree("t")?.name(), "t");
        make(&mut transaction, t, "b=2")?;
        transaction.commit()?;
        assert_eq!(everything(&store.snapshot()?, t)?, "a=2 b=2");
        commit(store, t, "b=3")?;
        bed.settle()?;
        assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=2 b=3");
    }
    Ok(())
}

/// Closing from another thread waits for the transaction, and its commit is not lost.
pub(super) fn close_waits_for_transaction<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if bed.capabilities().writers == Writers::Many {
        bed.negative();
        return Ok(());
    }
    bed.reopen_with(&patient())?;
    let (store, t, ended) = (bed.store(), &bed.tree("t")?, &AtomicBool::new(false));
    thread::scope(|scope| {
        let mut transaction = store.begin()?;
        make(&mut transaction, t, "a=1")?;
        let (closed, was_closed) = mpsc::channel();
        let closer = scope.spawn(move || {
            let result = store.close();
            assert!(ended.load(Ordering::SeqCst), "it closed beside a transaction");
            let _ = closed.send(());
            result
        });
        // A store that closes too early does so within a moment; a correct one waits for this
        // thread.
        let early = was_closed.recv_timeout(Duration::from_millis(30));
        assert_eq!(early, Err(RecvTimeoutError::Timeout), "close did not wait");
        make(&mut transaction, t, "b=1")?;
        ended.store(true, Ordering::SeqCst);
        transaction.commit()?;
        joined(closer)
    })?;
    refused(store.begin(), ErrorKind::Closed, "begin");
    bed.reopen()?;
    let expected = if bed.capabilities().persistent { "a=1 b=1" } else { "" };
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, expected);
    Ok(())
}
