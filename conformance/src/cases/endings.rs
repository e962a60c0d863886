//! How transactions end: a commit shows all of their writes, any other ending shows none.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use arbour_core::{Durability, Error, KeyRange, KvStore, KvWrite, Result};

use super::claims::{commit, everything, joined, make};
use crate::harness::Undisturbed;
use crate::{Bed, Factory};

type Transaction<'s, F> = <<F as Factory>::Store as KvStore>::Transaction<'s>;

/// Makes a transaction that changes every tree, ends it in the given way, and asserts that nothing
/// of it is left.
fn undone<F: Factory>(
    bed: &mut Bed<F>,
    end: impl FnOnce(Transaction<'_, F>) -> Result<()>,
) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1 c=1")?;
    commit(bed.store(), &bed.tree("u")?, "a=1")?;
    bed.settle()?;
    let (store, t, u, v) = (bed.store(), bed.tree("t")?, bed.tree("u")?, bed.tree("v")?);
    let mut transaction = store.begin()?;
    make(&mut transaction, &t, "a=2 -b d=2")?;
    transaction.delete_range(&u, KeyRange::all())?;
    make(&mut transaction, &v, "a=2")?;
    end(transaction)?;
    let check = |bed: &Bed<F>, when: &str| {
        let snapshot = bed.store().snapshot()?;
        assert_eq!(everything(&snapshot, &bed.tree("t")?)?, "a=1 b=1 c=1", "{when}");
        assert_eq!(everything(&snapshot, &bed.tree("u")?)?, "a=1", "{when}");
        assert_eq!(bed.trees_of(&snapshot)?, ["t", "u"], "{when}");
        Ok::<_, Error>(())
    };
    check(bed, "at once")?;
    let next = store.begin()?;
    assert_eq!(everything(&next, &t)?, "a=1 b=1 c=1", "in the next transaction");
    next.commit()?;
    check(bed, "after the next transaction")?;
    bed.settle()?;
    check(bed, "once settled")
}

/// A rollback leaves nothing of a transaction. Case 72.
pub(super) fn rollback_undoes<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    undone(bed, |transaction| transaction.rollback())
}

/// Dropping a transaction rolls it back. Case 73.
pub(super) fn drop_undoes<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    undone(bed, |transaction| {
        drop(transaction);
        Ok(())
    })
}

/// No other reader sees a transaction's writes before its commit, and every reader sees them after
/// it. Case 74.
pub(super) fn invisible_before_commit<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), &bed.tree("t")?, &bed.tree("u")?);
    let sees = |in_t: &str, in_u: &str| {
        let check = || {
            let snapshot = store.snapshot()?;
            assert_eq!(everything(&snapshot, t)?, in_t);
            assert_eq!(everything(&snapshot, u)?, in_u);
            let got = store.get(t, b"a")?.map(|value| value.escape_ascii().to_string());
            assert_eq!(got, in_t.split([' ', '=']).nth(1).map(str::to_owned), "of a one-shot");
            Ok(())
        };
        check()?;
        thread::scope(|scope| joined(scope.spawn(check)))
    };
    let mut transaction = store.begin()?;
    sees("a=1 b=1", "")?;
    make(&mut transaction, t, "a=2 -b c=2")?;
    make(&mut transaction, u, "a=2")?;
    sees("a=1 b=1", "")?;
    // A read builds or flushes the write buffer of some engines.
    assert_eq!(everything(&transaction, t)?, "a=2 c=2");
    sees("a=1 b=1", "")?;
    transaction.commit()?;
    sees("a=2 c=2", "a=2")
}

/// A panic inside `write`, or while a transaction lives, rolls it back and frees the writer slot.
/// Case 75. An engine that keeps its writer behind a lock with poisoning refuses every later
/// writer.
pub(super) fn panic_undoes_and_frees<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), &bed.tree("t")?);
    // Unwinds as a panic does, but prints nothing.
    let in_write = catch_unwind(AssertUnwindSafe(|| {
        store.write(|transaction| -> Result<()> {
            make(transaction, t, "-a b=2")?;
            resume_unwind(Box::new("the case's own"))
        })
    }));
    assert!(in_write.is_err(), "the panic is the caller's");
    assert_eq!(everything(&store.snapshot()?, t)?, "a=1");
    commit(store, t, "c=1")?;
    let in_begin = catch_unwind(AssertUnwindSafe(|| -> Result<()> {
        let mut transaction = store.begin()?;
        make(&mut transaction, t, "-a b=2")?;
        resume_unwind(Box::new("the case's own"))
    }));
    assert!(in_begin.is_err(), "the panic is the caller's");
    thread::scope(|scope| joined(scope.spawn(|| commit(store, t, "d=1"))))?;
    let in_update = catch_unwind(AssertUnwindSafe(|| {
        store.fetch_and_update(t, b"a", |_| resume_unwind(Box::new("the case's own")))
    }));
    assert!(in_update.is_err(), "the panic is the caller's");
    store.put(t, b"e", b"1")?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 c=1 d=1 e=1");
    Ok(())
}

/// A transaction that wrote nothing commits at any durability and changes nothing.
pub(super) fn empty_commit_is_ok<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    for durability in Durability::ALL {
        bed.store().begin_with(durability)?.commit()?;
        let reading = bed.store().begin_with(durability)?;
        assert_eq!(everything(&reading, &bed.tree("t")?)?, "a=1");
        reading.commit()?;
    }
    bed.store().begin()?.rollback()?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1");
    Ok(())
}
