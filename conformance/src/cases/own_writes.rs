//! A transaction reads its own writes, by key and in scans of both directions, as if they were
//! already committed.
//!
//! Most engines lay a transaction's writes over what is committed, and most mistakes happen at the
//! boundaries of that overlay.

use arbour_core::engine::Prefetch;
use arbour_core::{Cursor, Direction, Error, KeyRange, KvRead, KvStore, KvWrite, Result, Tree};

use super::claims::{ascending, commit, descending, everything, make, text};
use crate::{Bed, Factory};

type Transaction<'s, F> = <<F as Factory>::Store as KvStore>::Transaction<'s>;

/// Asserts what a transaction over `base` reads after its own writes, and that the same is there
/// after the commit.
fn reads<F: Factory>(
    bed: &mut Bed<F>,
    base: &str,
    run: impl Fn(&mut Transaction<'_, F>, &Tree) -> Result<()>,
    expected: &str,
) -> Result<()> {
    let t = bed.tree("t")?;
    bed.store().write(|transaction| {
        transaction.delete_range(&t, KeyRange::all())?;
        make(transaction, &t, base)
    })?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let found = bed.store().write(|transaction| {
        run(transaction, &t)?;
        everything(transaction, &t)
    })?;
    assert_eq!(found, expected, "within the transaction");
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, expected, "afterwards");
    Ok(())
}

/// What was prefetched changes nothing that is read: a transaction sees its own writes, and a snapshot its
/// moment.
pub(super) fn prefetched<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1 c=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let all = || {
        let value = |key: &[u8]| Prefetch::Value(t.clone(), key.to_vec());
        let first = |direction| Prefetch::First(t.clone(), KeyRange::all(), direction);
        let mut reads: Vec<_> = [b"a", b"b", b"c", b"d"].map(|key| value(key)).into();
        reads.extend([first(Direction::Forward), first(Direction::Reverse)]);
        reads
    };
    let snapshot = store.snapshot()?;
    snapshot.prefetch(&all)?;
    assert_eq!(values(&snapshot, &t)?, "1 1 1 -", "of the snapshot");
    let found = store.write(|transaction| {
        transaction.prefetch(&all)?;
        make(transaction, &t, "a=2 -c d=2")?;
        assert_eq!(values(transaction, &t)?, "2 1 - 2", "of the transaction");
        transaction.prefetch(&all)?;
        assert_eq!(values(transaction, &t)?, "2 1 - 2", "of the transaction, prefetched again");
        everything(transaction, &t)
    })?;
    assert_eq!(found, "a=2 b=1 d=2", "of the transaction, by scans");
    for _ in 0..2 {
        assert_eq!(values(&snapshot, &t)?, "1 1 1 -", "of the snapshot");
        assert_eq!(everything(&snapshot, &t)?, "a=1 b=1 c=1", "of the snapshot, by scans");
        snapshot.prefetch(&all)?;
    }
    let later = store.snapshot()?;
    later.prefetch(&all)?;
    assert_eq!(values(&later, &t)?, "2 1 - 2", "of a later snapshot");
    Ok(())
}

/// Shows the values of the keys `a` to `d`.
fn values(reader: &impl KvRead, tree: &Tree) -> Result<String> {
    let values = [b"a", b"b", b"c", b"d"].map(|key| {
        let value = reader.get_with(tree, key, |value| value.escape_ascii().to_string())?;
        Ok(value.unwrap_or_else(|| "-".to_owned()))
    });
    let values: Vec<_> = values.into_iter().collect::<Result<_>>()?;
    Ok(values.join(" "))
}

/// A get finds what the transaction put, deleted and overwrote, in every tree. Case 66.
pub(super) fn got<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    store.write(|transaction| {
        let got = |transaction: &Transaction<'_, F>, tree, key: &str| {
            transaction.get_with(tree, key.as_bytes(), <[u8]>::to_vec)
        };
        make(transaction, &t, "a=2 -b c=2 d")?;
        assert_eq!(got(transaction, &t, "a")?.as_deref(), Some(&b"2"[..]), "put over");
        assert_eq!(got(transaction, &t, "b")?, None, "deleted");
        assert_eq!(got(transaction, &t, "c")?.as_deref(), Some(&b"2"[..]), "put");
        assert_eq!(got(transaction, &t, "d")?.as_deref(), Some(&b""[..]), "put empty");
        assert_eq!(got(transaction, &u, "a")?, None, "of another tree");
        make(transaction, &u, "a=3")?;
        assert_eq!(got(transaction, &u, "a")?.as_deref(), Some(&b"3"[..]), "of another tree");
        assert_eq!(got(transaction, &t, "a")?.as_deref(), Some(&b"2"[..]), "put over");
        let found = transaction.multi_get(&t, &["b", "c", "a", "c"])?;
        let found: Vec<_> = found.iter().map(|value| value.as_ref().map(AsRef::as_ref)).collect();
        assert_eq!(found, [None, Some(&b"2"[..]), Some(b"2"), Some(b"2")], "in a multi_get");
        Ok::<_, Error>(())
    })
}

/// A scan merges the transaction's writes into what is committed: before it, between and after.
/// Case 67.
pub(super) fn scanned<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let run = |transaction: &mut Transaction<'_, F>, t: &Tree| {
        make(transaction, t, "a=2 c=2 d=2 e=2 -f g=2 h=2")?;
        assert_eq!(ascending(transaction, t, ..)?, "a=2 b=1 c=2 d=2 e=2 g=2 h=2");
        Ok(())
    };
    reads(bed, "b=1 d=1 f=1", run, "a=2 b=1 c=2 d=2 e=2 g=2 h=2")?;
    let run = |transaction: &mut Transaction<'_, F>, t: &Tree| make(transaction, t, "c=2 a=2");
    reads(bed, "", run, "a=2 c=2")
}

/// A reverse scan merges them in the same way. Case 68.
pub(super) fn scanned_in_reverse<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let run = |transaction: &mut Transaction<'_, F>, t: &Tree| {
        make(transaction, t, "a=2 c=2 d=2 e=2 -f g=2 h=2")?;
        assert_eq!(descending(transaction, t, ..)?, "h=2 g=2 e=2 d=2 c=2 b=1 a=2");
        Ok(())
    };
    reads(bed, "b=1 d=1 f=1", run, "a=2 b=1 c=2 d=2 e=2 g=2 h=2")
}

/// The bounds of a scan apply to the transaction's writes as well.
pub(super) fn scanned_in_part<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let run = |transaction: &mut Transaction<'_, F>, t: &Tree| {
        make(transaction, t, "a=2 c=2 d=2 e=2 -f g=2")?;
        let (b, c, e, f) = (&b"b"[..], &b"c"[..], &b"e"[..], &b"f"[..]);
        for (range, expected, mirrored) in [
            (KeyRange::new(c..e), "c=2 d=2", "d=2 c=2"),
            (KeyRange::new(c..=e), "c=2 d=2 e=2", "e=2 d=2 c=2"),
            (KeyRange::new(b..=c), "b=1 c=2", "c=2 b=1"),
            (KeyRange::new(..c), "a=2 b=1", "b=1 a=2"),
            (KeyRange::new(f..), "g=2", "g=2"),
            (KeyRange::new(f..=f), "", ""),
            (KeyRange::new(e..c), "", ""),
        ] {
            assert_eq!(ascending(transaction, t, range.clone())?, expected, "{range:?}");
            assert_eq!(descending(transaction, t, range.clone())?, mirrored, "{range:?}");
        }
        Ok(())
    };
    reads(bed, "b=1 d=1 f=1", run, "a=2 b=1 c=2 d=2 e=2 g=2")
}

/// What the transaction deleted is hidden from every read: the first entries, the last, several in
/// a row, and all. Case 69.
pub(super) fn tombstone_hides_base<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for (writes, expected) in [
        ("-a", "b=1 c=1 d=1 e=1"),
        ("-e", "a=1 b=1 c=1 d=1"),
        ("-b -c -d", "a=1 e=1"),
        ("-a -b -d -e", "c=1"),
        ("-a -b -c -d -e", ""),
        ("-a -b -c -d -e f=2", "f=2"),
        ("-missing -f -b", "a=1 c=1 d=1 e=1"),
    ] {
        reads(bed, "a=1 b=1 c=1 d=1 e=1", |transaction, t| make(transaction, t, writes), expected)?;
    }
    Ok(())
}

/// A key that is both committed and written is read once, with the written value. Case 70.
pub(super) fn write_replaces_base<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for (writes, expected) in [
        ("a=2", "a=2 b=1 c=1"),
        ("b=2 b=3", "a=1 b=3 c=1"),
        ("c", "a=1 b=1 c="),
        ("a=1 b=1 c=1", "a=1 b=1 c=1"),
        ("c=2 b=2 a=2", "a=2 b=2 c=2"),
    ] {
        reads(bed, "a=1 b=1 c=1", |transaction, t| make(transaction, t, writes), expected)?;
    }
    Ok(())
}

/// Writes made after a read are seen by the next one. An overlay that builds its index at the first
/// read has to keep it up to date.
pub(super) fn between_reads<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let run = |transaction: &mut Transaction<'_, F>, t: &Tree| {
        for (writes, expected) in [
            ("", "a=1 b=1"),
            ("c=2", "a=1 b=1 c=2"),
            ("-a", "b=1 c=2"),
            ("a=3 c=3", "a=3 b=1 c=3"),
            ("-c", "a=3 b=1"),
            ("c=4 -b", "a=3 c=4"),
        ] {
            make(transaction, t, writes)?;
            assert_eq!(everything(transaction, t)?, expected, "after {writes:?}");
        }
        Ok(())
    };
    reads(bed, "a=1 b=1", run, "a=3 c=4")
}

/// A range deletion inside a transaction removes what is committed within its bounds and nothing
/// else; an inverted range removes nothing. Case 84.
pub(super) fn delete_range_inside<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (b, d) = (&b"b"[..], &b"d"[..]);
    for (range, expected) in [
        (KeyRange::new(b..d), "a=1 d=1 e=1"),
        (KeyRange::new(b..=d), "a=1 e=1"),
        (KeyRange::new(..b), "b=1 c=1 d=1 e=1"),
        (KeyRange::new(d..), "a=1 b=1 c=1"),
        (KeyRange::prefix(d), "a=1 b=1 c=1 e=1"),
        (KeyRange::new(d..b), "a=1 b=1 c=1 d=1 e=1"),
        (KeyRange::new(b..b), "a=1 b=1 c=1 d=1 e=1"),
        (KeyRange::all(), ""),
    ] {
        let run = |transaction: &mut Transaction<'_, F>, t: &Tree| {
            transaction.delete_range(t, range.clone())
        };
        reads(bed, "a=1 b=1 c=1 d=1 e=1", run, expected)?;
    }
    Ok(())
}

/// A range deletion removes the transaction's earlier writes too, and later ones stay. Case 84.
pub(super) fn delete_range_sees_them<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let run = |transaction: &mut Transaction<'_, F>, t: &Tree| {
        make(transaction, t, "a=2 c=2 d=2 -f g=2")?;
        transaction.delete_range(t, KeyRange::new(&b"b"[..]..&b"g"[..]))?;
        assert_eq!(everything(transaction, t)?, "a=2 g=2");
        make(transaction, t, "c=3 f=3")?;
        transaction.delete_range(t, KeyRange::prefix(b"g"))?;
        make(transaction, t, "b=3 -b")
    };
    reads(bed, "b=1 d=1 f=1", run, "a=2 c=3 f=3")
}

/// A cursor seeks to written entries, over deleted ones, and back, in both directions.
pub(super) fn seek_over_them<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "b=1 d=1 f=1 h=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    store.write(|transaction| {
        make(transaction, &t, "a=2 c=2 -d e=2 -h")?; // a=2 b=1 c=2 e=2 f=1
        let rest = |seeks: &[&str], direction| {
            let mut cursor = transaction.scan(&t, KeyRange::all(), direction)?;
            for key in seeks {
                cursor.seek(key.as_bytes())?;
                cursor.next()?;
            }
            cursor.seek(seeks.last().copied().unwrap_or_default().as_bytes())?;
            text(cursor)
        };
        let forward = |seeks: &[&str]| rest(seeks, Direction::Forward);
        assert_eq!(forward(&["c"])?, "c=2 e=2 f=1", "to a key written");
        assert_eq!(forward(&["b"])?, "b=1 c=2 e=2 f=1", "to a key committed");
        assert_eq!(forward(&["d"])?, "e=2 f=1", "to a key deleted");
        assert_eq!(forward(&["bb"])?, "c=2 e=2 f=1", "between the two");
        assert_eq!(forward(&["g"])?, "", "to what is deleted at the end");
        assert_eq!(forward(&["h", "b", "e", "a"])?, "a=2 b=1 c=2 e=2 f=1", "to and fro");
        let reverse = |seeks: &[&str]| rest(seeks, Direction::Reverse);
        assert_eq!(reverse(&["c"])?, "c=2 b=1 a=2", "to a key written, in reverse");
        assert_eq!(reverse(&["d"])?, "c=2 b=1 a=2", "to a key deleted, in reverse");
        assert_eq!(reverse(&["h"])?, "f=1 e=2 c=2 b=1 a=2", "to the deleted end, in reverse");
        assert_eq!(reverse(&["a", "f", "0", "bb"])?, "b=1 a=2", "to and fro, in reverse");
        Ok::<_, Error>(())
    })
}

/// A prefix scan merges the transaction's writes, even if the end of the prefix carries over `FF`
/// bytes.
pub(super) fn prefix_over_them<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    bed.store().write(|transaction| {
        for key in [&b"p"[..], b"p\xff", b"p\xffa", b"p\xff\xff", b"q", b"o\xff"] {
            transaction.put(&t, key, b"1")?;
        }
        Ok::<_, Error>(())
    })?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    store.write(|transaction| {
        transaction.put(&t, b"p\xff\xff\xff", b"2")?;
        transaction.put(&t, b"p\xffb", b"2")?;
        transaction.put(&t, b"pa", b"2")?;
        transaction.put(&t, b"q\x00", b"2")?;
        transaction.delete(&t, b"p\xffa")?;
        transaction.delete(&t, b"p")?;
        let found = text(transaction.prefix(&t, b"p\xff")?)?;
        assert_eq!(found, r"p\xff=1 p\xffb=2 p\xff\xff=1 p\xff\xff\xff=2");
        let found = text(transaction.prefix(&t, b"p")?)?;
        assert_eq!(found, r"pa=2 p\xff=1 p\xffb=2 p\xff\xff=1 p\xff\xff\xff=2");
        let found = descending(transaction, &t, KeyRange::prefix(b"p\xff\xff"))?;
        assert_eq!(found, r"p\xff\xff\xff=2 p\xff\xff=1");
        Ok::<_, Error>(())
    })
}

/// The list of trees reflects the transaction's writes: a tree that it filled is listed, a tree
/// that it emptied is not, and outside the transaction nothing has changed.
pub(super) fn trees_listed<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    commit(bed.store(), &bed.tree("v")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t, u, v) = (bed.store(), bed.tree("t")?, bed.tree("u")?, bed.tree("v")?);
    let mut transaction = store.begin()?;
    assert_eq!(bed.trees_of(&transaction)?, ["t", "v"]);
    make(&mut transaction, &u, "a=2")?;
    assert_eq!(bed.trees_of(&transaction)?, ["t", "u", "v"], "with one it filled");
    make(&mut transaction, &t, "-a")?;
    make(&mut transaction, &v, "-a")?;
    assert_eq!(bed.trees_of(&transaction)?, ["u", "v"], "without one it emptied");
    transaction.delete_range(&v, KeyRange::all())?;
    make(&mut transaction, &u, "-a b=2")?;
    assert_eq!(bed.trees_of(&transaction)?, ["u"], "without one whose range it deleted");
    assert_eq!(bed.trees_of(&store.snapshot()?)?, ["t", "v"], "outside");
    transaction.commit()?;
    bed.settle()?;
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["u"], "afterwards");
    Ok(())
}

/// The number of entries reflects the transaction's writes: an overwritten entry is counted once, a
/// deleted one not at all.
pub(super) fn counted<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1 c=1")?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    store.write(|transaction| {
        for (writes, expected) in
            [("a=2", 3), ("d=2 e=2", 5), ("-b -missing", 4), ("d=3", 4), ("-d -d", 3), ("b=3", 4)]
        {
            make(transaction, &t, writes)?;
            assert_eq!(transaction.len(&t)?, expected, "after {writes:?}");
        }
        assert_eq!(transaction.len(&u)?, 0, "of another tree");
        transaction.delete_range(&t, KeyRange::all())?;
        assert_eq!(transaction.len(&t)?, 0, "after all were deleted");
        make(transaction, &t, "z=4")
    })?;
    assert_eq!(store.snapshot()?.len(&t)?, 1);
    Ok(())
}
