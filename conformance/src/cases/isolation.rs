//! Isolation: two conflicting transactions have the same effect as one after the other.

use std::sync::{Condvar, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use arbour_core::{
    Batch, Durability, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Result, Writers,
};

use super::claims::{joined, number, refused, set};
use crate::harness::Undisturbed;
use crate::{Bed, Factory};

type Transaction<'s, F> = <<F as Factory>::Store as KvStore>::Transaction<'s>;

/// A rendezvous in two transactions: the first to reach it waits until the second arrives, or has
/// had some time to do so.
///
/// A store that serializes never lets the second arrive; one that does not makes its mistake here
/// every time instead of occasionally. Nothing is asserted about the time.
#[derive(Default)]
struct Meeting {
    arrived: Mutex<u32>,
    changed: Condvar,
}

impl Meeting {
    fn meet(&self) {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        *arrived += 1;
        self.changed.notify_all();
        // The result does not matter: either both are here, or only one can be.
        let _ = self.changed.wait_timeout_while(arrived, Duration::from_millis(30), |n| *n < 2);
    }
}

/// Runs a transaction on two threads that meet between its reads and its writes, if the store lets
/// them.
fn race<F: Factory>(
    bed: &Bed<F>,
    run: impl Fn(&mut Transaction<'_, F>, &Meeting, &str) -> Result<()> + Sync,
) -> Result<()> {
    let (store, meeting) = (bed.store(), Meeting::default());
    thread::scope(|scope| {
        let other = scope.spawn(|| store.write(|tx| run(tx, &meeting, "the other")));
        let own = store.write(|tx| run(tx, &meeting, "this"));
        joined(other)?;
        own
    })
}

/// Two transactions that both read a number and write it increased by one increase it by two.
/// Case 77.
pub(super) fn lost_update<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    for round in 0..4 {
        race(bed, |transaction, meeting, _| {
            let before = number(transaction, &t, "count")?;
            meeting.meet();
            set(transaction, &t, "count", before + 1)
        })?;
        assert_eq!(number(&bed.store().snapshot()?, &t, "count")?, 2 * (round + 1));
    }
    let store = bed.store();
    thread::scope(|scope| {
        let threads = [(); 4].map(|()| {
            scope.spawn(|| {
                for _ in 0..25 {
                    store.write_with(Durability::None, |transaction| {
                        let before = number(transaction, &t, "many")?;
                        set(transaction, &t, "many", before + 1)
                    })?;
                }
                Ok(())
            })
        });
        threads.into_iter().try_for_each(joined)
    })?;
    assert_eq!(number(&store.snapshot()?, &t, "many")?, 100);
    Ok(())
}

/// If two people are on call and each goes off call only while the other is on, one remains. Case
/// 78. Under snapshot isolation alone both go off, because they write different keys.
pub(super) fn write_skew<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    for _ in 0..4 {
        bed.store().write(|transaction| {
            set(transaction, &t, "on call", 1)?;
            set(transaction, &u, "on call", 1)
        })?;
        race(bed, |transaction, meeting, who| {
            let others = [&t, &u].map(|tree| number(transaction, tree, "on call"));
            let [in_t, in_u] = others;
            let both = in_t? + in_u? == 2;
            meeting.meet();
            let own = if who == "this" { &t } else { &u };
            if both { set(transaction, own, "on call", 0) } else { Ok(()) }
        })?;
        let snapshot = bed.store().snapshot()?;
        let left = number(&snapshot, &t, "on call")? + number(&snapshot, &u, "on call")?;
        assert_eq!(left, 1, "nobody is on call, or nobody went");
    }
    Ok(())
}

/// If two people each book a room only if it is free, one of them gets it, even though both read a
/// range with no key to lock. Case 79. RocksDB's TransactionDB lets both book it.
pub(super) fn phantom_in_empty_range<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    for round in 0..4 {
        let room = format!("room {round}/");
        race(bed, |transaction, meeting, who| {
            // Checked in two ways, by a scan and by a count.
            let range = KeyRange::prefix(room.as_bytes());
            let free = match round % 2 {
                0 => transaction.first(&t, range)?.is_none(),
                _ => transaction.len(&t)? == round,
            };
            meeting.meet();
            let booking = format!("{room}{who}");
            if free { transaction.put(&t, booking.as_bytes(), b"") } else { Ok(()) }
        })?;
        assert_eq!(bed.store().snapshot()?.len(&t)?, round + 1, "bookings of {room}");
    }
    Ok(())
}

/// An engine with many writers reports two conflicting transactions as `Conflict`, and `write` runs its
/// closure again until it succeeds; an engine with one writer never reports it, whatever its threads do.
/// Case 80.
pub(super) fn conflict_by_manifest<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    let (store, t) = (bed.store(), bed.tree("t")?);
    if bed.capabilities().writers == Writers::One {
        thread::scope(|scope| {
            let threads = [(); 4].map(|()| {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let mut transaction = store.begin_with(Durability::None)?;
                        let before = number(&transaction, &t, "count")?;
                        set(&mut transaction, &t, "count", before + 1)?;
                        transaction.commit()?;
                    }
                    Ok(())
                })
            });
            threads.into_iter().try_for_each(joined)
        })?;
        assert_eq!(number(&store.snapshot()?, &t, "count")?, 80);
        bed.negative();
        return Ok(());
    }
    let (mut first, mut second) = (store.begin()?, store.begin()?);
    for transaction in [&mut first, &mut second] {
        let before = number(transaction, &t, "count")?;
        set(transaction, &t, "count", before + 1)?;
    }
    first.commit()?;
    let error = refused(second.commit(), ErrorKind::Conflict, "the second to commit");
    assert!(error.kind().is_retryable());
    let mut runs = 0;
    store.write(|transaction| {
        runs += 1;
        let before = number(transaction, &t, "count")?;
        if runs <= 2 {
            let mut other = store.begin()?;
            set(&mut other, &t, "count", before + 10)?;
            other.commit()?;
        }
        set(transaction, &t, "count", before + 1)
    })?;
    assert!(runs >= 3, "{runs} runs of a transaction that was disturbed twice");
    assert_eq!(number(&store.snapshot()?, &t, "count")?, 22);
    Ok(())
}

/// A batch applied by another thread does not land between a transaction's reads and its writes,
/// even on an engine where batches may otherwise bypass transactions.
pub(super) fn batch_waits_for_transaction<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    for round in 1..=4 {
        let meeting = Meeting::default();
        store.put(&t, b"count", &0_i64.to_be_bytes())?;
        thread::scope(|scope| {
            let (begun, begins) = mpsc::channel();
            let (store, t, meeting) = (&store, &t, &meeting);
            let other = scope.spawn(move || {
                // If the transaction never begins, there is nothing to wait for.
                let _ = begins.recv();
                let mut batch = Batch::new();
                batch.put(t, b"count", &100_i64.to_be_bytes());
                store.apply(batch, Durability::default())?;
                meeting.meet();
                Ok(())
            });
            let own = store.write(|transaction| {
                let before = number(transaction, t, "count")?;
                let _ = begun.send(());
                meeting.meet();
                set(transaction, t, "count", before + round)
            });
            drop(begun);
            joined(other)?;
            own
        })?;
        // The batch does not read the number: it overwrites it, or the transaction adds to it.
        let found = number(&store.snapshot()?, &t, "count")?;
        assert!(found == 100 || found == 100 + round, "the batch was lost: {found}");
    }
    Ok(())
}
