//! Savepoints: parts of a transaction that are kept or undone as a whole.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use arbour_core::{Error, ErrorKind, KeyRange, KvStore, KvWrite, Operation, Result, Savepoint};

use super::claims::{commit, descending, everything, make, refused};
use crate::{Bed, Factory};

/// The error of a savepoint that fails for no other reason.
fn failure() -> Error {
    Error::new(ErrorKind::Decode, Operation::Decode, "the caller thought better of it")
}

/// If the closure of a savepoint fails, its writes are undone, and the transaction continues. Case
/// 85.
pub(super) fn undone<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    store.write(|transaction| {
        make(transaction, &t, "c=2")?;
        let result = transaction.savepoint(|savepoint| {
            make(savepoint, &t, "a=3 -b -c d=3")?;
            make(savepoint, &u, "a=3")?;
            assert_eq!(everything(savepoint, &t)?, "a=3 d=3", "within");
            Err::<(), _>(failure())
        });
        refused(result, ErrorKind::Decode, "the closure's own error");
        assert_eq!(everything(transaction, &t)?, "a=1 b=1 c=2", "undone");
        assert_eq!(everything(transaction, &u)?, "", "undone in the other tree");
        make(transaction, &t, "e=2")
    })?;
    bed.settle()?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(everything(&snapshot, &bed.tree("t")?)?, "a=1 b=1 c=2 e=2");
    assert_eq!(bed.trees_of(&snapshot)?, ["t"]);
    Ok(())
}

/// If the closure of a savepoint succeeds, its writes are the transaction's: committed with it and
/// rolled back with it. Case 85.
pub(super) fn kept<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let mut transaction = store.begin()?;
    transaction.savepoint(|savepoint| make(savepoint, &t, "a=0 c=0"))?;
    transaction.rollback()?;
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1 b=1", "rolled back");
    store.write(|transaction| {
        let answer = transaction.savepoint(|savepoint| {
            make(savepoint, &t, "a=2 -b c=2 d=2 -d d=3")?;
            Ok::<_, Error>(42)
        })?;
        assert_eq!(answer, 42, "what the closure returned");
        assert_eq!(everything(transaction, &t)?, "a=2 c=2 d=3");
        make(transaction, &t, "c=4")
    })?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=2 c=4 d=3");
    Ok(())
}

/// Savepoints nest: undoing the inner one keeps the outer one, undoing the outer one undoes the
/// inner one.
pub(super) fn nested<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    store.write(|transaction| {
        transaction.savepoint(|outer| {
            make(outer, &t, "b=2")?;
            let undone = outer.savepoint(|inner| {
                make(inner, &t, "-a -b c=3")?;
                Err::<(), _>(failure())
            });
            refused(undone, ErrorKind::Decode, "the inner one");
            assert_eq!(everything(outer, &t)?, "a=1 b=2", "the inner one was undone");
            outer.savepoint(|inner| make(inner, &t, "d=3"))
        })?;
        assert_eq!(everything(transaction, &t)?, "a=1 b=2 d=3", "both were kept");
        let undone = transaction.savepoint(|outer| {
            outer.savepoint(|inner| make(inner, &t, "-a -d e=4"))?;
            assert_eq!(everything(outer, &t)?, "b=2 e=4", "the inner one was kept");
            Err::<(), _>(failure())
        });
        refused(undone, ErrorKind::Decode, "the outer one");
        assert_eq!(everything(transaction, &t)?, "a=1 b=2 d=3", "the outer one was undone");
        Ok::<_, Error>(())
    })?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 b=2 d=3");
    Ok(())
}

/// A range deletion in a savepoint removes what is committed, what the transaction wrote and what
/// the savepoint wrote, and can be undone.
pub(super) fn delete_range_undone<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1 c=1 d=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let middle = || KeyRange::new(&b"b"[..]..&b"d"[..]);
    store.write(|transaction| {
        make(transaction, &t, "bb=2")?;
        let undone = transaction.savepoint(|savepoint| {
            make(savepoint, &t, "cc=3")?;
            savepoint.delete_range(&t, middle())?;
            assert_eq!(everything(savepoint, &t)?, "a=1 d=1");
            Err::<(), _>(failure())
        });
        refused(undone, ErrorKind::Decode, "the first");
        assert_eq!(everything(transaction, &t)?, "a=1 b=1 bb=2 c=1 d=1", "undone");
        transaction.savepoint(|savepoint| {
            savepoint.delete_range(&t, middle())?;
            make(savepoint, &t, "c=3")
        })?;
        assert_eq!(everything(transaction, &t)?, "a=1 c=3 d=1", "kept");
        Ok::<_, Error>(())
    })?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 c=3 d=1");
    Ok(())
}

/// Reads in a savepoint see its writes over the transaction's writes over what is committed,
/// including scans of both directions and the list of trees.
pub(super) fn reads_over_all_levels<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1 c=1 d=1")?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    store.write(|transaction| {
        make(transaction, &t, "b=2 -c e=2")?;
        make(transaction, &u, "a=2")?;
        transaction.savepoint(|outer| {
            make(outer, &t, "c=3 -d e=3")?;
            make(outer, &u, "-a")?;
            let mut inner = Savepoint::new(outer);
            make(&mut inner, &t, "-a d=4 f=4")?;
            assert_eq!(everything(&inner, &t)?, "b=2 c=3 d=4 e=3 f=4");
            assert_eq!(descending(&inner, &t, ..)?, "f=4 e=3 d=4 c=3 b=2");
            assert_eq!(bed.trees_of(&inner)?, ["t"]);
            inner.rollback()?;
            assert_eq!(everything(outer, &t)?, "a=1 b=2 c=3 e=3");
            Ok::<_, Error>(())
        })?;
        assert_eq!(bed.trees_of(transaction)?, ["t"]);
        Ok::<_, Error>(())
    })
}

/// If a savepoint refuses a write and the closure returns the error, nothing of the savepoint is
/// left, and the transaction can still be committed.
pub(super) fn refused_write_is_undone<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    let long = vec![b'k'; bed.capabilities().limits.key_bytes_max + 1];
    store.write(|transaction| {
        make(transaction, &t, "a=1")?;
        let result = transaction.savepoint(|savepoint| {
            make(savepoint, &t, "b=2")?;
            savepoint.put(&t, &long, b"")
        });
        refused(result, ErrorKind::TooLarge, "an over-long key in a savepoint");
        assert_eq!(everything(transaction, &t)?, "a=1");
        make(transaction, &t, "c=1")
    })?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 c=1");
    Ok(())
}

/// A panic in a savepoint undoes the whole transaction and frees the writer slot.
pub(super) fn panic_undoes_all<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let caught = catch_unwind(AssertUnwindSafe(|| {
        store.write(|transaction| {
            make(transaction, &t, "b=2")?;
            transaction.savepoint(|savepoint| -> Result<()> {
                make(savepoint, &t, "-a c=3")?;
                resume_unwind(Box::new("the case's own"))
            })
        })
    }));
    assert!(caught.is_err(), "the panic is the caller's");
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1");
    commit(store, &t, "d=1")?;
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1 d=1");
    Ok(())
}
