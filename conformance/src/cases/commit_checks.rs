//! Checks that run right before a commit.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use arbour::GroupCommit;
use arbour_core::{
    Durability, Error, ErrorKind, KvRead as _, KvStore, KvWrite, Operation, Result, Retry, Tree,
};

use super::claims::{commit, dynamic, everything, joined, make, patient, refused};
use crate::harness::Undisturbed;
use crate::{Bed, Factory};

/// The error of a check that refuses.
fn refusal() -> Error {
    Error::new(ErrorKind::Failed, Operation::Commit, "the check of the case refuses")
}

/// Adds a check that counts its runs.
fn count<W: KvWrite>(transaction: &mut W) -> Arc<AtomicU32> {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    transaction.before_commit(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(())
    });
    runs
}

fn runs(counted: &AtomicU32) -> u32 {
    counted.load(Ordering::SeqCst)
}

/// Adds a check that refuses if a key is there at the end.
fn refuse_key<W: KvWrite>(transaction: &mut W, tree: &Tree, key: &'static str) {
    let tree = tree.clone();
    transaction.before_commit(move |reader| {
        if reader.contains(&tree, key.as_bytes())? { Err(refusal()) } else { Ok(()) }
    });
}

/// A check runs once, at the commit. It reads what was committed before with the writes of the
/// transaction over it, also those that were made after the check was added.
pub(super) fn read_what_is_committed<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1 c=1")?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    for durability in [Durability::None, Durability::PowerLoss] {
        let mut transaction = store.begin_with(durability)?;
        make(&mut transaction, &t, "-a b=2")?;
        let (checked_t, checked_u) = (t.clone(), u.clone());
        transaction.before_commit(move |reader| {
            assert_eq!(everything(reader, &checked_t)?, "b=2 c=1 d=2");
            assert_eq!(everything(reader, &checked_u)?, "a=2");
            Ok(())
        });
        let counted = count(&mut transaction);
        make(&mut transaction, &t, "d=2")?;
        make(&mut transaction, &u, "a=2")?;
        assert_eq!(runs(&counted), 0, "before the commit");
        transaction.commit()?;
        assert_eq!(runs(&counted), 1, "after the commit");
        commit(store, &u, "-a")?;
        assert_eq!(runs(&counted), 1, "after the next commit");
    }
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "b=2 c=1 d=2");
    Ok(())
}

/// If a check fails, the commit returns its error and has written nothing; the checks after it do not
/// run.
pub(super) fn failure_undoes<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let mut later = Vec::new();
    for durability in [Durability::None, Durability::PowerLoss] {
        let committed = store.write_with(durability, |transaction| {
            make(transaction, &t, "-a")?;
            refuse_key(transaction, &t, "b");
            later.push(count(transaction));
            make(transaction, &t, "b=2")
        });
        let error = refused(committed, ErrorKind::Failed, "a commit whose check fails");
        assert_eq!(error.message(), refusal().message());
        assert_eq!(everything(&store.snapshot()?, &t)?, "a=1");
    }
    assert!(later.iter().all(|later| runs(later) == 0), "a check ran after one that failed");
    // What does not hold in between may hold at the end.
    store.write(|transaction| {
        refuse_key(transaction, &t, "b");
        make(transaction, &t, "b=3 c=3 -b")
    })?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 c=3");
    Ok(())
}

/// A transaction that is rolled back, dropped, or left by an error or a panic runs no check.
pub(super) fn not_run_without_commit<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    let begin = || {
        let mut transaction = store.begin()?;
        make(&mut transaction, &t, "a=1")?;
        Ok::<_, Error>((count(&mut transaction), transaction))
    };
    let (of_rolled_back, transaction) = begin()?;
    transaction.rollback()?;
    let (of_dropped, transaction) = begin()?;
    drop(transaction);
    let mut of_failed = None;
    let failed: Result<()> = store.write(|transaction| {
        of_failed = Some(count(transaction));
        Err(refusal())
    });
    refused(failed, ErrorKind::Failed, "the closure");
    let mut of_panicked = None;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.write(|transaction| -> Result<()> {
            of_panicked = Some(count(transaction));
            resume_unwind(Box::new("the case's own"))
        })
    }));
    assert!(panicked.is_err(), "the panic is the caller's");
    let all = [Some(of_rolled_back), Some(of_dropped), of_failed, of_panicked];
    for (counted, ending) in all.iter().zip(["rollback", "drop", "error", "panic"]) {
        assert_eq!(counted.as_deref().map(runs), Some(0), "after a {ending}");
    }
    store.write(|transaction| make(transaction, &t, "b=1"))
}

/// If a check panics, nothing was written, and the next writer can begin.
pub(super) fn panic_undoes<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        store.write(|transaction| {
            // Unwinds as a panic does, but prints nothing.
            transaction.before_commit(|_| resume_unwind(Box::new("the case's own")));
            make(transaction, &t, "a=1")
        })
    }));
    assert!(panicked.is_err(), "the panic is the caller's");
    assert_eq!(everything(&store.snapshot()?, &t)?, "");
    commit(store, &t, "b=1")?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "b=1");
    Ok(())
}

/// The checks of a savepoint that is kept run before the commit of the transaction, on the state of
/// then; those of one that is undone do not, at every depth.
pub(super) fn of_savepoints<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    store.write(|transaction| {
        transaction.savepoint(|savepoint| {
            make(savepoint, &t, "a=1 b=1")?;
            savepoint.savepoint(|inner| {
                refuse_key(inner, &t, "a");
                Ok(())
            })
        })?;
        let undone = transaction.savepoint(|savepoint| {
            savepoint.savepoint(|inner| {
                refuse_key(inner, &t, "b");
                Ok(())
            })?;
            Err::<(), _>(refusal())
        });
        refused(undone, ErrorKind::Failed, "the savepoint");
        make(transaction, &t, "-a")
    })?;
    let committed = store.write(|transaction| {
        transaction.savepoint(|savepoint| {
            refuse_key(savepoint, &t, "c");
            Ok(())
        })?;
        make(transaction, &t, "c=1")
    });
    refused(committed, ErrorKind::Failed, "a commit whose savepoint has a check that fails");
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "b=1");
    Ok(())
}

/// Checks can be run before the commit. In a savepoint, those of the savepoint run, which then fails
/// alone. Those that passed do not run again; those that failed do.
pub(super) fn run_early<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    store.write(|transaction| {
        let of_transaction = count(transaction);
        let alone = transaction.savepoint(|savepoint| {
            make(savepoint, &t, "a=1")?;
            refuse_key(savepoint, &t, "a");
            savepoint.run_checks()
        });
        refused(alone, ErrorKind::Failed, "the check of the savepoint");
        let of_savepoint = transaction.savepoint(|savepoint| {
            let counted = count(savepoint);
            savepoint.run_checks()?;
            Ok(counted)
        })?;
        assert_eq!((runs(&of_transaction), runs(&of_savepoint)), (0, 1));
        transaction.run_checks()?;
        transaction.run_checks()?;
        assert_eq!((runs(&of_transaction), runs(&of_savepoint)), (1, 1));
        make(transaction, &t, "b=1")
    })?;
    let committed = store.write(|transaction| {
        make(transaction, &t, "c=1")?;
        refuse_key(transaction, &t, "c");
        refused(transaction.run_checks(), ErrorKind::Failed, "the check");
        Ok(())
    });
    refused(committed, ErrorKind::Failed, "a commit after an early check that failed");
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "b=1");
    Ok(())
}

/// Each member of a group is checked at its own end, and fails or panics alone.
pub(super) fn of_group_members<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    bed.reopen_with(&patient())?;
    let (store, t) = (&GroupCommit::new(Arc::clone(bed.shared_store())), &bed.tree("t")?);
    let write = |writes: &'static str, panics: bool| {
        let t = t.clone();
        store.write_grouped(Durability::default(), move |member| {
            refuse_key(member, &t, "x");
            if panics {
                member.before_commit(|_| resume_unwind(Box::new("the case's own")));
            }
            make(member, &t, writes)
        })
    };
    // The members that come while the writer is taken share a commit.
    let before = bed.store().begin()?;
    thread::scope(|scope| {
        let right = ["a=1", "b=1", "c=1"].map(|writes| scope.spawn(move || write(writes, false)));
        let wrong = scope.spawn(move || write("d=1 x=1", false));
        let panicking = scope.spawn(move || write("e=1", true));
        thread::sleep(Duration::from_millis(20));
        before.commit()?;
        refused(joined(wrong), ErrorKind::Failed, "a member whose check fails");
        assert!(panicking.join().is_err(), "the panic is the member's");
        right.into_iter().try_for_each(joined)
    })?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 b=1 c=1");
    Ok(())
}

/// A detached transaction is checked when it commits, by itself or in another transaction. What the
/// check reads counts as read, and after a check that fails it has ended.
pub(super) fn of_detached<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let detached = |writes: &str| {
        let mut transaction = store.begin_detached()?;
        refuse_key(&mut transaction, &t, "x");
        make(&mut transaction, &t, writes)?;
        Ok::<_, Error>(transaction)
    };
    detached("a=1 x=1 -x")?.commit()?;
    refused(detached("b=1 x=1")?.commit(), ErrorKind::Failed, "a commit whose check fails");
    let (mut joining, mut refused_one) = (detached("c=1")?, detached("d=1 x=1")?);
    bed.store().write(|transaction| {
        joining.commit_in(transaction)?;
        let error = refused_one.commit_in(transaction);
        refused(error, ErrorKind::Failed, "a part whose check fails");
        make(transaction, &t, "e=1")
    })?;
    let late = detached("f=1")?;
    commit(&store, &t, "x=2")?;
    let error = refused(late.commit(), ErrorKind::Conflict, "a check of what has changed");
    assert_eq!(error.key(), Some("x"));
    commit(&store, &t, "-x")?;

    let mut retry = Retry::new(&store);
    let mut transaction = retry.begin()?;
    transaction.before_commit(|_| Err(refusal()));
    make(&mut transaction, &t, "g=1")?;
    refused(transaction.commit(), ErrorKind::Failed, "a commit whose check fails");
    assert!(retry.take_back()?.is_none(), "a transaction that has ended comes back");
    let mut transaction = retry.begin()?;
    transaction.before_commit(|_| Err(refusal()));
    make(&mut transaction, &t, "g=1")?;
    drop(transaction);
    let back = retry.take_back()?.expect("it was dropped");
    refused(back.commit(), ErrorKind::Failed, "a commit whose check came back with it");
    drop((retry, store));
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 c=1 e=1");
    Ok(())
}
