//! Prefixes: their end is where key-value layers most often go wrong.

use arbour_core::{Cursor, Direction, KeyRange, KvRead, KvStore, KvWrite, Result, Tree};

use super::ways::{assert_keys, assert_range, fill};
use crate::{Bed, Factory, entries};

/// Case 36. Every key begins with the empty prefix.
pub(super) fn empty_prefix_is_everything<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_prefix(bed, b"", &[], &[b"\0", b"a", b"\xff", &[0xff; 40]], &[])?;
    if bed.capabilities().limits.key_bytes_min == 0 {
        assert_prefix(bed, b"", &[], &[b"", b"\0", b"\xff\xff"], &[])?;
    }
    Ok(())
}

/// Case 37. A key begins with itself; its extensions follow, and neither neighbour is included.
pub(super) fn prefix_itself_included<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_prefix(
        bed,
        b"p",
        &[b"P", b"o", b"o\xff\xff"],
        &[b"p", b"p\0", b"p\0\0", b"pp", b"p\x7f", b"p\x80"],
        &[b"q", b"q\0"],
    )?;
    assert_prefix(bed, b"key", &[b"ke", b"kex"], &[b"key"], &[b"kez", b"ke\xff", b"kf"])?;
    assert_prefix(bed, b"a\0", &[b"a"], &[b"a\0", b"a\0\0", b"a\0b"], &[b"a\x01", b"ab"])
}

/// A prefix with which no key begins is empty, and so is one that is longer than any key.
pub(super) fn prefix_of_nothing<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_prefix(bed, b"key", &[b"k", b"ke"], &[], &[b"kf"])?;
    let over_long = vec![0xff; bed.capabilities().limits.key_bytes_max + 1];
    assert_prefix(bed, &over_long, &[b"a", b"\xff", b"\xff\xff"], &[], &[])?;
    let over_long = vec![b'k'; bed.capabilities().limits.key_bytes_max + 1];
    assert_prefix(bed, &over_long, &[b"k", b"kk"], &[], &[b"kkl", b"l"])
}

/// Case 38. No key comes after those that begin with `ff`.
pub(super) fn ff<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_prefix(
        bed,
        b"\xff",
        &[b"\0", b"\x7f", b"\xfe", b"\xfe\xff"],
        &[b"\xff", b"\xff\0", b"\xff\x7f", b"\xff\xff", b"\xff\xff\xff\xff"],
        &[],
    )
}

/// Case 39. No key comes after those that begin with two `ff`.
pub(super) fn ff_ff<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_prefix(
        bed,
        b"\xff\xff",
        &[b"\xfe\xff\xff", b"\xff", b"\xff\0", b"\xff\xfe", b"\xff\xfe\xff"],
        &[b"\xff\xff", b"\xff\xff\0", b"\xff\xff\xfe", b"\xff\xff\xff"],
        &[],
    )
}

/// Case 40. The end of a prefix is found by a carry: `02` does not begin with `01 ff`.
pub(super) fn carry_over_ff<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_prefix(
        bed,
        b"\x01\xff",
        &[b"\0\xff", b"\x01", b"\x01\0", b"\x01\xfe", b"\x01\xfe\xff"],
        &[b"\x01\xff", b"\x01\xff\0", b"\x01\xff\xff", b"\x01\xff\xff\xff"],
        &[b"\x02", b"\x02\0", b"\x02\xff", b"\xff"],
    )?;
    assert_prefix(
        bed,
        b"\x7f\xff\xff",
        &[b"\x7f", b"\x7f\xff", b"\x7f\xff\xfe\xff"],
        &[b"\x7f\xff\xff", b"\x7f\xff\xff\0", b"\x7f\xff\xff\xff"],
        &[b"\x80", b"\x80\xff\xff"],
    )
}

/// Case 41. A key that continues with `ff` begins with the prefix like any other key. SurrealDB,
/// whose bound was the prefix and one `ff`, left it out.
pub(super) fn ff_inside_is_included<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_prefix(
        bed,
        b"p",
        &[b"o\xff"],
        &[b"p", b"px", b"p\xff", b"p\xff\0", b"p\xffx", b"p\xff\xff", b"p\xff\xff\xffx"],
        &[b"q"],
    )
}

/// Case 42. Seventeen `ff`s are a prefix like any other. kvdb used an inverted range for them.
pub(super) fn seventeen_ff<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_all_ff(bed, 17)
}

/// Case 42. Thirty-three `ff`s are a prefix too. go-ethereum took 32 of them for the largest
/// possible key.
pub(super) fn thirty_three_ff<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_all_ff(bed, 33)
}

/// A descending scan of a prefix begins at its last key, and not at the key after it, even though
/// that key is the very end of the range.
pub(super) fn reverse_prefix<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let keys = [&b"a"[..], b"a\xff", b"b", b"\xfe", b"\xff", b"\xff\x01"];
    fill(bed.store(), &t, keys)?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let snapshot = bed.store().snapshot()?;
    let ends: [(&[u8], &[u8], &[u8]); 4] = [
        (b"", b"\xff\x01", b"a"),
        (b"a", b"a\xff", b"a"),
        (b"b", b"b", b"b"),
        (b"\xff", b"\xff\x01", b"\xff"),
    ];
    for (prefix, last, first) in ends {
        let shown = prefix.escape_ascii();
        let range = KeyRange::prefix(prefix);
        let mut cursor = snapshot.scan(&t, range.clone(), Direction::Reverse)?;
        assert_eq!(cursor.next()?.map(|(key, _)| key), Some(last), "the end of {shown}");
        cursor.seek(&[prefix, &[0xff; 4]].concat())?;
        assert_eq!(cursor.next()?.map(|(key, _)| key), Some(last), "a seek behind {shown}");
        cursor.seek(first)?;
        assert_eq!(cursor.next()?.map(|(key, _)| key), Some(first), "the beginning of {shown}");
        assert_eq!(cursor.next()?, None, "before {shown}");
    }
    Ok(())
}

/// Keys of parts joined by `fe` and `ff`, as Arbour's own keys are: a prefix that ends at a
/// delimiter excludes parts that merely begin with the same bytes.
pub(super) fn delimited_keys_do_not_mix<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_prefix(
        bed,
        b"ada\xfehall\xff",
        &[
            b"ada",
            b"adam\xfehall\xffdoor",
            b"ada\xfehall",
            b"ada\xfehall2\xffdoor",
            b"ada\xfehall\xfe1\xffdoor",
        ],
        &[b"ada\xfehall\xff", b"ada\xfehall\xffdoor", b"ada\xfehall\xff\xff"],
        &[b"ada\xff", b"ada\xffhall"],
    )?;
    assert_prefix(
        bed,
        b"ada\xff",
        &[b"adam\xff1900", b"ada\xfehall", b"ada\xfe\xff"],
        &[b"ada\xff", b"ada\xff1815"],
        &[b"bob\xff"],
    )
}

/// Case 43. Deleting a prefix removes exactly what a scan of it reads, at every edge of the earlier
/// cases.
pub(super) fn delete_prefix<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let long: [&[u8]; 3] = [&[0xff; 16], &[0xff; 17], &[0xff; 34]];
    let keys: [&[u8]; 17] = [
        b"\0",
        b"\x01",
        b"\x01\xfe\xff",
        b"\x01\xff",
        b"\x01\xff\0",
        b"\x01\xff\xff",
        b"\x02",
        b"o",
        b"p",
        b"p\0",
        b"p\xff",
        b"p\xff\xffx",
        b"q",
        b"\xfe\xff",
        b"\xff",
        b"\xff\0",
        b"\xff\xff",
    ];
    let keys = [&keys[..], &long].concat();
    let prefixes: [&[u8]; 10] = [
        b"\x01\xff",
        b"\x01",
        b"p",
        b"p\xff",
        b"\xff",
        b"\xff\xff",
        &[0xff; 17],
        &[0xff; 33],
        b"x",
        b"",
    ];
    for prefix in prefixes {
        let left: Vec<&[u8]> =
            keys.iter().copied().filter(|key| !key.starts_with(prefix)).collect();
        for in_savepoint in [false, true] {
            let t = bed.tree("t")?;
            fill(bed.store(), &t, &keys)?;
            bed.store().write(|transaction| {
                let range = KeyRange::prefix(prefix);
                if in_savepoint {
                    transaction.savepoint(|savepoint| savepoint.delete_range(&t, range))
                } else {
                    transaction.delete_range(&t, range)
                }
            })?;
            bed.settle()?;
            let t = bed.tree("t")?;
            assert_keys(bed.store(), &t, &left)?;
        }
    }
    Ok(())
}

/// Case 44. Reading page by page reads every key once, whatever the length of a page: the key after
/// `k` is `k 00`. SurrealDB raised the last byte or appended an `ff`, and skipped keys.
pub(super) fn pages_lose_nothing<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let keys: [&[u8]; 14] = [
        b"j\xff",
        b"k",
        b"k\0",
        b"k\0\0",
        b"k\0\x01",
        b"k\x01",
        b"ka",
        b"k\xff",
        b"k\xff\0",
        b"k\xff\xff",
        b"k\xff\xffa",
        b"l",
        b"\xff",
        b"\xff\xff",
    ];
    let t = bed.tree("t")?;
    fill(bed.store(), &t, keys)?;
    bed.settle()?;
    let t = bed.tree("t")?;
    for range in [KeyRange::all(), KeyRange::prefix(b"k"), KeyRange::prefix(b"k\0")] {
        let expected: Vec<&[u8]> = keys.into_iter().filter(|key| range.contains(key)).collect();
        for page in 1..=4 {
            let read = pages(bed.store(), &t, &range, Direction::Forward, page)?;
            assert_eq!(read, expected, "{range:?} in pages of {page}");
            let mut read = pages(bed.store(), &t, &range, Direction::Reverse, page)?;
            read.reverse();
            assert_eq!(read, expected, "{range:?} in pages of {page}, descending");
        }
    }
    Ok(())
}

/// Reads the keys of a range in pages, each from a snapshot of its own.
fn pages<S: KvStore>(
    store: &S,
    tree: &Tree,
    range: &KeyRange<'_>,
    direction: Direction,
    page: usize,
) -> Result<Vec<Vec<u8>>> {
    let mut keys: Vec<Vec<u8>> = Vec::new();
    loop {
        let rest = match (keys.last(), direction) {
            (None, _) => range.clone(),
            (Some(last), Direction::Forward) => range.clone().resume_after(last),
            (Some(last), Direction::Reverse) => range.clone().resume_before(last),
        };
        let snapshot = store.snapshot()?;
        let mut cursor = snapshot.scan(tree, rest, direction)?;
        for _ in 0..page {
            let Some((key, _)) = cursor.next()? else {
                return Ok(keys);
            };
            keys.push(key.to_vec());
        }
        assert!(keys.len() < 100, "a page begins again at what was read: {keys:?}");
    }
}

/// Asserts that of the keys, given in order, exactly those in the middle begin with a prefix.
#[track_caller]
fn assert_prefix<F: Factory>(
    bed: &mut Bed<F>,
    prefix: &[u8],
    before: &[&[u8]],
    inside: &[&[u8]],
    behind: &[&[u8]],
) -> Result<()> {
    let all = [before, inside, behind].concat();
    let t = bed.tree("t")?;
    bed.store().write(|transaction| transaction.delete_range(&t, KeyRange::all()))?;
    fill(bed.store(), &t, all.iter().rev())?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_keys(bed.store(), &t, &all)?;
    assert_range(bed.store(), &t, &KeyRange::prefix(prefix), inside)?;
    let snapshot = bed.store().snapshot()?;
    let found = entries(snapshot.prefix(&t, prefix)?)?;
    assert!(found.iter().map(|(key, _)| key.as_slice()).eq(inside.iter().copied()), "{found:?}");
    Ok(())
}

#[track_caller]
fn assert_all_ff<F: Factory>(bed: &mut Bed<F>, length: usize) -> Result<()> {
    let ff = vec![0xff; length + 20];
    let of = |length: usize| ff.get(..length).unwrap_or_default();
    let (prefix, shorter) = (of(length), of(length - 1));
    assert_prefix(
        bed,
        prefix,
        &[b"\xfe", b"\xff", shorter, &[shorter, b"\xfe\xff"].concat()],
        &[prefix, &[prefix, b"\0"].concat(), &[prefix, b"\xfe"].concat(), of(length + 1), &ff],
        &[],
    )
}
