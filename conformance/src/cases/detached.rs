//! Detached transactions: they hold no lock, and what they read is compared when they commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use arbour_core::engine::panic_message;
use arbour_core::{
    Cursor as _, DetachedTransaction, Direction, Durability, DynStore, Error, ErrorKind, KeyRange,
    KvRead, KvStore, KvWrite, MemoryStore, Operation, Result, Retry, Tree,
};

use super::claims::{commit, everything, joined, make, number, patient, refused, set};
use crate::serializability::{self, KvLists};
use crate::{Bed, Factory, seed};

/// Returns the store of a bed in the form that has detached transactions.
fn dynamic<F: Factory>(bed: &Bed<F>) -> DynStore {
    DynStore::new(Arc::clone(bed.shared_store()))
}

/// How a transaction reads.
type Read = fn(&DetachedTransaction, &Tree) -> Result<()>;

/// Lets a transaction read a tree with the entries `b=1 d=2 f=3`, commits the changes of a line, and
/// tells whether the transaction then conflicts. If so, it must have written nothing.
fn conflicts(store: &DynStore, t: &Tree, read: Read, changes: &str) -> Result<bool> {
    let written = store.tree("written")?;
    store.write(|transaction| {
        transaction.delete_range(t, KeyRange::all())?;
        transaction.delete_range(&written, KeyRange::all())?;
        make(transaction, t, "b=1 d=2 f=3")
    })?;
    let mut transaction = store.begin_detached()?;
    read(&transaction, t)?;
    transaction.put(&written, b"w", b"1")?;
    commit(store, t, changes)?;
    let ended = transaction.commit();
    let is_written = store.get(&written, b"w")?.is_some();
    match ended {
        Ok(()) => {
            assert!(is_written, "a transaction was committed, and its write is not there");
            Ok(false)
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
            assert!(!is_written, "a transaction conflicted, and its write is there");
            Ok(true)
        }
    }
}

/// Asserts which changes to what a transaction read are a conflict.
fn assert_conflicts<F: Factory>(
    bed: &mut Bed<F>,
    reads: &[(&str, Read)],
    conflicting: &[&str],
    harmless: &[&str],
) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    for (name, read) in reads {
        for changes in conflicting {
            assert!(conflicts(&store, &t, *read, changes)?, "{name}, {changes}: no conflict");
        }
        for changes in harmless {
            assert!(!conflicts(&store, &t, *read, changes)?, "{name}, {changes}: a conflict");
        }
    }
    Ok(())
}

/// Of two transactions that read a number and write it raised by one, the second is refused.
pub(super) fn lost_update<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    store.write(|transaction| set(transaction, &t, "count", 1))?;
    let raised = |store: &DynStore| {
        let mut transaction = store.begin_detached()?;
        let count = number(&transaction, &t, "count")?;
        set(&mut transaction, &t, "count", count + 1)?;
        Ok::<_, Error>(transaction)
    };
    let (first, second) = (raised(&store)?, raised(&store)?);
    first.commit()?;
    let error = refused(second.commit(), ErrorKind::Conflict, "the second commit");
    let place = (error.operation(), error.tree(), error.key());
    assert_eq!(place, (Operation::Commit, Some("t"), Some("count")));
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(number(&bed.store().snapshot()?, &t, "count")?, 2);
    Ok(())
}

/// Two doctors are on call, and each leaves because the other one stays: only one may.
pub(super) fn write_skew<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    commit(&store, &t, "a=on b=on")?;
    let leaving = |who: &str| {
        let mut transaction = store.begin_detached()?;
        assert_eq!(everything(&transaction, &t)?, "a=on b=on");
        make(&mut transaction, &t, &format!("{who}=off"))?;
        Ok::<_, Error>(transaction)
    };
    let (first, second) = (leaving("a")?, leaving("b")?);
    second.commit()?;
    refused(first.commit(), ErrorKind::Conflict, "the second doctor to leave");
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=on b=off");
    Ok(())
}

/// A key that was read, in whatever way, may not change; one that was absent may not appear.
pub(super) fn changed_keys_conflict<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let valued: &[(&str, Read)] = &[
        ("get", |reader, t| reader.get(t, b"d").map(drop)),
        ("get_with", |reader, t| reader.get_with(t, b"d", |_| ()).map(drop)),
        ("multi_get", |reader, t| reader.multi_get(t, &[b"b", b"d"]).map(drop)),
        ("contains and get", |reader, t| {
            reader.contains(t, b"d")?;
            reader.get(t, b"d").map(drop)
        }),
    ];
    assert_conflicts(bed, valued, &["d=3", "-d", "d", "d=2x", "c=1 d="], &["d=2", "c=1 -f"])?;
    let looked_for: &[(&str, Read)] =
        &[("contains", |reader, t| reader.contains(t, b"d").map(drop))];
    assert_conflicts(bed, looked_for, &["-d"], &["d=3", "-b"])?;
    let absent: &[(&str, Read)] = &[
        ("get of an absent key", |reader, t| reader.get(t, b"c").map(drop)),
        ("get_with of an absent key", |reader, t| reader.get_with(t, b"c", |_| ()).map(drop)),
        ("contains of an absent key", |reader, t| reader.contains(t, b"c").map(drop)),
        ("multi_get of an absent key", |reader, t| reader.multi_get(t, &[b"c"]).map(drop)),
    ];
    assert_conflicts(bed, absent, &["c=1", "c"], &["-c", "cc=1", "-d"])
}

/// Reads the first entries of a range, or all.
fn scan_some(
    reader: &DetachedTransaction,
    t: &Tree,
    range: KeyRange<'_>,
    direction: Direction,
    entries: usize,
) -> Result<()> {
    let mut cursor = reader.scan(t, range, direction)?;
    for _ in 0..entries {
        cursor.next()?;
    }
    Ok(())
}

/// Entries of a scanned range may not change, vanish or appear; beyond what was scanned they may.
pub(super) fn changed_ranges_conflict<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let whole: &[(&str, Read)] = &[
        ("scan", |reader, t| everything_forward(reader, t, KeyRange::all())),
        ("prefix of nothing", |reader, t| reader.prefix(t, b"").and_then(drain)),
    ];
    assert_conflicts(
        bed,
        whole,
        &["a=0", "c=1", "g=1", "-b", "-d", "-f", "d=x", "-d c=2"],
        &["d=2"],
    )?;
    let part: &[(&str, Read)] = &[
        ("scan from c before f", |reader, t| {
            everything_forward(reader, t, KeyRange::new(&b"c"[..]..&b"f"[..]))
        }),
        ("two entries from c", |reader, t| {
            scan_some(reader, t, KeyRange::new(&b"c"[..]..&b"f"[..]), Direction::Forward, 2)
        }),
    ];
    assert_conflicts(bed, part, &["c=1", "e=1", "-d", "d=1"], &["b=9", "-f", "a=1 g=1", "bb=1"])?;
    let first: &[(&str, Read)] = &[
        ("first", |reader, t| reader.first(t, KeyRange::all()).map(drop)),
        ("one entry", |reader, t| scan_some(reader, t, KeyRange::all(), Direction::Forward, 1)),
    ];
    assert_conflicts(bed, first, &["a=0", "-b", "b=2"], &["c=1", "-d", "d=9", "-f"])?;
    let empty: &[(&str, Read)] =
        &[("prefix of no key", |reader, t| reader.prefix(t, b"c").and_then(drain))];
    assert_conflicts(bed, empty, &["c=1", "cc=1"], &["bb=1", "d=1", "-d"])?;
    let sought: &[(&str, Read)] = &[("seek", |reader, t| {
        let mut cursor = reader.scan(t, KeyRange::all(), Direction::Forward)?;
        cursor.next()?;
        cursor.seek(b"e")?;
        cursor.next().map(drop)
    })];
    assert_conflicts(bed, sought, &["a=0", "b=9", "e=1", "-f"], &["d=9", "c=1", "-d", "g=1"])?;
    let undriven: &[(&str, Read)] = &[("scan without a step", |reader, t| {
        scan_some(reader, t, KeyRange::all(), Direction::Forward, 0)
    })];
    assert_conflicts(bed, undriven, &[], &["a=0", "-b -d -f"])
}

fn drain(mut cursor: impl arbour_core::Cursor) -> Result<()> {
    while cursor.next()?.is_some() {}
    Ok(())
}

fn everything_forward(reader: &DetachedTransaction, t: &Tree, range: KeyRange<'_>) -> Result<()> {
    drain(reader.scan(t, range, Direction::Forward)?)
}

/// The same, for scans that begin at the end.
pub(super) fn changed_reverse_ranges_conflict<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let whole: &[(&str, Read)] = &[("reverse scan", |reader, t| {
        drain(reader.scan(t, KeyRange::all(), Direction::Reverse)?)
    })];
    assert_conflicts(bed, whole, &["a=0", "c=1", "g=1", "-b", "-f", "d=x"], &["d=2"])?;
    let last: &[(&str, Read)] = &[
        ("last", |reader, t| reader.last(t, KeyRange::all()).map(drop)),
        ("two entries", |reader, t| {
            let mut cursor = reader.scan(t, KeyRange::new(&b"e"[..]..), Direction::Reverse)?;
            cursor.next()?;
            Ok(())
        }),
    ];
    assert_conflicts(bed, last, &["g=0", "-f", "f=9"], &["e=1", "-d", "-b", "a=1"])?;
    let sought: &[(&str, Read)] = &[("reverse seek", |reader, t| {
        let mut cursor = reader.scan(t, KeyRange::all(), Direction::Reverse)?;
        cursor.seek(b"c")?;
        cursor.next().map(drop)
    })];
    assert_conflicts(bed, sought, &["c=1", "-b", "bb=1"], &["a=1", "d=9", "-f"])
}

/// A number of entries that was read may not change, whichever entries they are.
pub(super) fn changed_lengths_conflict<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let reads: &[(&str, Read)] = &[("len", |reader, t| reader.len(t).map(drop))];
    assert_conflicts(bed, reads, &["a=0", "-b", "-b -d -f"], &["d=9", "-b c=1"])
}

/// A list of trees that was read may not change.
pub(super) fn changed_tree_lists_conflict<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let reads: &[(&str, Read)] = &[("trees", |reader, _| reader.trees().map(drop))];
    // The tree of the conflicting write is not there yet when the list is read.
    assert_conflicts(bed, reads, &["-b -d -f"], &["d=9", "-b", "a=1"])
}

/// `delete_range` depends on the keys of its range, but not on their values.
pub(super) fn range_deletions_see_all_keys<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    for (changes, expected) in [("c=1", None), ("-d", None), ("d=9 g=1", Some("a=0 g=1"))] {
        store.write(|transaction| {
            transaction.delete_range(&t, KeyRange::all())?;
            make(transaction, &t, "a=0 b=1 d=2")
        })?;
        let mut transaction = store.begin_detached()?;
        make(&mut transaction, &t, "f=3")?;
        transaction.delete_range(&t, KeyRange::new(&b"b"[..]..&b"g"[..]))?;
        assert_eq!(everything(&transaction, &t)?, "a=0");
        // Reading everything above would make every change a conflict.
        drop(transaction);
        let mut transaction = store.begin_detached()?;
        transaction.delete_range(&t, KeyRange::new(&b"b"[..]..&b"g"[..]))?;
        commit(&store, &t, changes)?;
        match expected {
            None => {
                refused(transaction.commit(), ErrorKind::Conflict, changes);
            }
            Some(expected) => {
                transaction.commit()?;
                assert_eq!(everything(&store.snapshot()?, &t)?, expected);
            }
        }
    }
    Ok(())
}

/// Writes to what was not read do not conflict: the last commit wins.
pub(super) fn blind_writes_do_not_conflict<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let (mut first, mut second) = (store.begin_detached()?, store.begin_detached()?);
    make(&mut first, &t, "a=1 b=1 -c")?;
    make(&mut second, &t, "a=2 c=2")?;
    // Reads of what it wrote itself depend on nothing else.
    assert!(second.contains(&t, b"a")?);
    second.commit()?;
    first.commit()?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(everything(&bed.store().snapshot()?, &t)?, "a=1 b=1");
    Ok(())
}

/// It sees its own writes over its snapshot, in every way of reading, and its savepoints undo theirs.
pub(super) fn own_writes_are_seen<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
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

/// What a savepoint read counts, even if its writes were undone.
pub(super) fn reads_of_undone_savepoints_count<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let mut transaction = store.begin_detached()?;
    let is_free = transaction.savepoint(|savepoint| {
        savepoint.put(&t, b"b", b"")?;
        let is_free = !savepoint.contains(&t, b"a")?;
        Err::<(), _>(Error::new(ErrorKind::Failed, Operation::Layer, format!("free: {is_free}")))
    });
    assert_eq!(is_free.unwrap_err().message(), "free: true");
    make(&mut transaction, &t, "c=because-a-was-free")?;
    commit(&store, &t, "a=1")?;
    refused(transaction.commit(), ErrorKind::Conflict, "a commit after an undone savepoint");
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1");
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
    thread::scope(|scope| joined(scope.spawn(move || transaction.commit())))?;
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
    if bed.capabilities().optimistic {
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
    let (joining, late) = (reading("b=2")?, reading("c=3")?);
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
    assert_eq!(failed.unwrap_err().to_string(), "the program's own error");
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
