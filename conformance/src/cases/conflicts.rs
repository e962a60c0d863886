//! Which changes by others are a conflict for a detached transaction, and which are not.

use arbour_core::{
    Cursor as _, DetachedTransaction, Direction, DynStore, Error, ErrorKind, KeyRange, KvRead,
    KvStore, KvWrite, Operation, Result, Tree,
};

use super::claims::{commit, dynamic, everything, make, number, refused, set};
use crate::harness::Undisturbed;
use crate::{Bed, Factory};

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
    let _undisturbed = Undisturbed::new();
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
    let _undisturbed = Undisturbed::new();
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
pub(super) fn changed_keys<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
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

/// Values that are too many to be kept until the commit are compared all the same.
pub(super) fn large_values<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let large = |last: u8| [vec![b'x'; 700_000], vec![last]].concat();
    for (key, value, is_conflict) in [
        ("a", Some(large(b'2')), true),
        ("b", Some(large(b'2')), true),
        ("b", None, true),
        ("c", Some(b"2".to_vec()), true),
        ("b", Some(large(b'1')), false),
    ] {
        store.write(|transaction| {
            transaction.put(&t, b"a", &large(b'1'))?;
            transaction.put(&t, b"b", &large(b'1'))?;
            make(transaction, &t, "c=1 -d")
        })?;
        let mut transaction = store.begin_detached()?;
        for read in [b"a", b"b", b"c"] {
            assert!(transaction.get(&t, read)?.is_some());
        }
        make(&mut transaction, &t, "d=1")?;
        match value {
            Some(value) => store.put(&t, key.as_bytes(), &value)?,
            None => store.delete(&t, key.as_bytes())?,
        }
        let ended = transaction.commit().map_err(|error| error.kind());
        let expected = if is_conflict { Err(ErrorKind::Conflict) } else { Ok(()) };
        assert_eq!(ended, expected, "a change of {key}");
    }
    Ok(())
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
pub(super) fn changed_ranges<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
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
pub(super) fn changed_reverse_ranges<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
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
pub(super) fn changed_lengths<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let reads: &[(&str, Read)] = &[("len", |reader, t| reader.len(t).map(drop))];
    assert_conflicts(bed, reads, &["a=0", "-b", "-b -d -f"], &["d=9", "-b c=1"])
}

/// A list of trees that was read may not change.
pub(super) fn changed_tree_lists<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
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

/// What a savepoint read counts, even if its writes were undone.
pub(super) fn reads_of_undone_savepoints_count<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (dynamic(bed), bed.tree("t")?);
    let mut transaction = store.begin_detached()?;
    let is_free = transaction.savepoint(|savepoint| {
        savepoint.put(&t, b"b", b"")?;
        let is_free = !savepoint.contains(&t, b"a")?;
        Err::<(), _>(Error::new(ErrorKind::Failed, Operation::Layer, format!("free: {is_free}")))
    });
    assert_eq!(is_free.expect_err("it was not free").message(), "free: true");
    make(&mut transaction, &t, "c=because-a-was-free")?;
    commit(&store, &t, "a=1")?;
    refused(transaction.commit(), ErrorKind::Conflict, "a commit after an undone savepoint");
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1");
    Ok(())
}
