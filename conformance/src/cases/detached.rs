//! Detached transactions: they hold no lock and move between threads, and are transactions otherwise.

use std::thread;

use arbour_core::{
    Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, MemoryStore, Operation, Result, Writers,
};

use super::claims::{commit, dynamic, everything, joined, make, patient, refused};
use crate::harness::Undisturbed;
use crate::{Bed, Factory};

/// It sees its own writes over its snapshot, in every way of reading, and its savepoints undo theirs.
pub(super) fn own_writes_are_seen<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    commit(&store, &t, "a=0 b=0 c=0")?;
    let mut transaction = store.begin_detached()?;
    make(&mut transaction, &t, "b=1 -c d=1")?;
    assert_eq!(everything(&transaction, &t)?, "a=0 b=1 d=1");
    let undone = transaction.savepoint(|savepoint| {
        make(savepoint, &t, "-a e=2")?;
        assert_eq!(everything(savepoint, &t)?, "b=1 d=1 e=2");
        Err::<(), _>(Error::new(ErrorKind::Failed, Operation::Layer, "the savepoint is undone"))
    });
    refused(undone, ErrorKind::Failed, "the savepoint");
    transaction.savepoint(|savepoint| make(savepoint, &t, "f=3"))?;
    assert_eq!(everything(&transaction, &t)?, "a=0 b=1 d=1 f=3");
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=0 b=0 c=0", "before the commit");
    transaction.commit()?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(everything(&bed.store().snapshot()?, &t)?, "a=0 b=1 d=1 f=3");
    Ok(())
}

/// However long it lives, it reads the moment at which it began.
pub(super) fn snapshot_is_pinned<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    commit(&store, &t, "a=1 b=1")?;
    let (transaction, snapshot) = (store.begin_detached()?, store.owned_snapshot()?);
    for round in 0..20 {
        commit(&store, &t, &format!("a={round} c={round} -b"))?;
        assert_eq!(everything(&transaction, &t)?, "a=1 b=1");
        assert_eq!(everything(&snapshot, &t)?, "a=1 b=1");
    }
    // It has written nothing, so it was right at its moment.
    transaction.commit()
}

/// Beside it, on the same thread too, others write as if it were not there.
pub(super) fn holds_no_lock<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    bed.reopen_with(&patient())?;
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let mut transaction = store.begin_detached()?;
    assert_eq!(everything(&transaction, &t)?, "");
    make(&mut transaction, &t, "z=1")?;
    commit(&store, &t, "a=1")?;
    store.put(&t, b"b", b"2")?;
    let mut other = store.begin_detached()?;
    make(&mut other, &t, "c=3")?;
    other.commit()?;
    drop(transaction);
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1 b=2 c=3");
    Ok(())
}

/// It reads on one thread, writes on another and commits on a third.
pub(super) fn moves_between_threads<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), &bed.tree("t")?);
    commit(&store, t, "a=1 b=2")?;
    let mut transaction = store.begin_detached()?;
    assert_eq!(everything(&transaction, t)?, "a=1 b=2");
    let transaction = thread::scope(|scope| {
        joined(scope.spawn(move || {
            assert_eq!(everything(&transaction, t)?, "a=1 b=2");
            make(&mut transaction, t, "c=3")?;
            Ok(transaction)
        }))
    })?;
    assert_eq!(everything(&transaction, t)?, "a=1 b=2 c=3");
    thread::scope(|scope| {
        joined(scope.spawn(move || {
            let _undisturbed = Undisturbed::new();
            transaction.commit()
        }))
    })?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(everything(&bed.store().snapshot()?, &t)?, "a=1 b=2 c=3");
    Ok(())
}

/// Dropped or rolled back, it leaves nothing, and the next one is free of it.
pub(super) fn dropped_leaves_nothing<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let mut dropped = store.begin_detached()?;
    make(&mut dropped, &t, "a=1")?;
    drop(dropped);
    let mut rolled_back = store.begin_detached()?;
    make(&mut rolled_back, &t, "a=2")?;
    rolled_back.rollback()?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(everything(&bed.store().snapshot()?, &t)?, "");
    commit(bed.store(), &t, "b=1")
}

/// Without writes it commits even on the thread that holds the writer; with writes it is refused
/// there at once, because it would wait for itself.
pub(super) fn only_writes_take_the_writer<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if bed.capabilities().writers == Writers::Many {
        bed.negative();
        return Ok(());
    }
    bed.reopen_with(&patient())?;
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let mut writer = store.begin()?;
    make(&mut writer, &t, "a=1")?;
    let reader = store.begin_detached()?;
    assert_eq!(everything(&reader, &t)?, "");
    reader.commit()?;
    for reads in [false, true] {
        let mut refused_one = store.begin_detached()?;
        make(&mut refused_one, &t, "b=1")?;
        if reads {
            refused_one.len(&t)?;
        }
        let error = refused(refused_one.commit(), ErrorKind::Busy, "a commit beside a writer");
        assert_eq!(error.operation(), Operation::Commit);
    }
    writer.commit()?;
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1");
    Ok(())
}

/// A write that the store cannot hold, or to another store's tree, is refused when it is made.
pub(super) fn refused_writes_leave_it_usable<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let foreign = MemoryStore::new().tree("t")?;
    let long = vec![b'k'; bed.capabilities().limits.key_bytes_max + 1];
    let mut transaction = store.begin_detached()?;
    let put = transaction.put(&foreign, b"a", b"1");
    let error = refused(put, ErrorKind::InvalidArgument, "a put with a foreign handle");
    assert_eq!(error.operation(), Operation::Put);
    refused(transaction.delete(&foreign, b"a"), ErrorKind::InvalidArgument, "a foreign delete");
    let range = transaction.delete_range(&foreign, KeyRange::all());
    refused(range, ErrorKind::InvalidArgument, "a foreign range");
    refused(transaction.get(&foreign, b"a"), ErrorKind::InvalidArgument, "a foreign get");
    refused(transaction.put(&t, &long, b"1"), ErrorKind::TooLarge, "a long key");
    make(&mut transaction, &t, "b=1")?;
    transaction.commit()?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(everything(&bed.store().snapshot()?, &t)?, "b=1");
    Ok(())
}

/// It reads on after its store was closed, and its commit is refused.
pub(super) fn closed_stores_refuse_it<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    commit(&store, &t, "a=1")?;
    let mut transaction = store.begin_detached()?;
    make(&mut transaction, &t, "b=1")?;
    store.close()?;
    assert_eq!(everything(&transaction, &t)?, "a=1 b=1");
    refused(transaction.commit(), ErrorKind::Closed, "a commit to a closed store");
    refused(store.begin_detached(), ErrorKind::Closed, "a transaction of a closed store");
    refused(store.owned_snapshot(), ErrorKind::Closed, "a snapshot of a closed store");
    Ok(())
}
