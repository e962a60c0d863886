//! Ranges, cursors and the order of keys.

use std::ops::Bound::{self, Excluded, Included, Unbounded};

use arbour_core::{Cursor, Direction, KeyRange, KvRead, KvStore, KvWrite, Result};

use super::grid::{between, grid, grid_bounds};
use super::ways::{assert_keys, assert_range, fill, value_for};
use crate::{Bed, Factory, entries};

/// Case 18. Keys are ordered by their bytes as unsigned numbers: `7f` comes before `80`.
pub(super) fn unsigned_bytewise<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let mut keys: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
    for byte in [0, 1, 0x7f, 0x80, 0xff] {
        keys.extend([0, 0x7f, 0x80, 0xff].map(|second| vec![byte, second]));
    }
    // Stored in no particular order: every 7th, repeatedly.
    let count = keys.len();
    fill(bed.store(), &t, (0..count).filter_map(|turn| keys.get(turn * 7 % count)))?;
    bed.settle()?;
    let t = bed.tree("t")?;
    keys.sort();
    assert_keys(bed.store(), &t, &borrowed(&keys))?;
    let below_80 = KeyRange::new(..&b"\x80"[..]);
    let expected: Vec<&[u8]> =
        keys.iter().map(Vec::as_slice).filter(|key| **key < *b"\x80".as_slice()).collect();
    assert_range(bed.store(), &t, &below_80, &expected)
}

/// Case 19. Digits, letters and lengths have no meaning: keys are not sorted as numbers, by case,
/// as UTF-16, or by length.
pub(super) fn digits_as_text<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let keys = [
        "-1",
        "01",
        "1",
        "10",
        "100",
        "2",
        "9",
        "A",
        "B",
        "a",
        "aa",
        "aaa",
        "ab",
        "b",
        "z",
        "\u{e9}",
        "\u{ffff}",
        "\u{10000}",
    ];
    let keys = keys.map(str::as_bytes);
    let t = bed.tree("t")?;
    fill(bed.store(), &t, keys.iter().rev())?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_keys(bed.store(), &t, &keys)
}

/// Case 20. A tree that was emptied and a tree that was never written have no first entry, no last
/// one, and none between.
pub(super) fn empty_tree<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    bed.store().put(&t, b"a", b"1")?;
    bed.store().delete(&t, b"a")?;
    bed.settle()?;
    for name in ["t", "u"] {
        let tree = bed.tree(name)?;
        assert_keys(bed.store(), &tree, &[])?;
        for range in [KeyRange::prefix(b"a"), KeyRange::new(&b"a"[..]..), KeyRange::prefix(b"")] {
            assert_range(bed.store(), &tree, &range, &[])?;
        }
        for direction in [Direction::Forward, Direction::Reverse] {
            let snapshot = bed.store().snapshot()?;
            let mut cursor = snapshot.scan(&tree, KeyRange::all(), direction)?;
            for key in [&b""[..], b"a", b"\xff"] {
                cursor.seek(key)?;
                assert_eq!(cursor.next()?, None, "{name}: {direction:?}");
            }
        }
    }
    Ok(())
}

/// Case 21. Both ends of a range can be included.
pub(super) fn included_included<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_bounds(bed, Included(b"b"), Included(b"d"), &[b"b", b"b\0", b"c", b"d"])
}

/// Case 22. The upper end of a range can be excluded alone.
pub(super) fn included_excluded<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_bounds(bed, Included(b"b"), Excluded(b"d"), &[b"b", b"b\0", b"c"])
}

/// Case 23. The lower end of a range can be excluded alone: its extensions stay in the range.
pub(super) fn excluded_included<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_bounds(bed, Excluded(b"b"), Included(b"d"), &[b"b\0", b"c", b"d"])
}

/// Case 24. Both ends of a range can be excluded.
pub(super) fn excluded_excluded<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_bounds(bed, Excluded(b"b"), Excluded(b"d"), &[b"b\0", b"c"])
}

/// A range may be open at one end.
pub(super) fn open_ended_ranges<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_bounds(bed, Included(b"d"), Unbounded, &[b"d", b"d\0", b"e"])?;
    assert_bounds(bed, Excluded(b"d"), Unbounded, &[b"d\0", b"e"])?;
    assert_bounds(bed, Unbounded, Included(b"b"), &[b"a", b"b"])?;
    assert_bounds(bed, Unbounded, Excluded(b"b"), &[b"a"])
}

/// Case 25. An inverted range is empty, for reads and for deletions. The standard library's map
/// panics.
pub(super) fn inverted_range_is_empty<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for (start, end) in [
        (Included(&b"d"[..]), Included(&b"b"[..])),
        (Included(b"d"), Excluded(b"b")),
        (Excluded(b"d"), Included(b"b")),
        (Excluded(b"d"), Excluded(b"b")),
        (Included(b"z"), Included(b"")),
        (Included(b"b\0"), Included(b"b")),
    ] {
        assert_bounds(bed, start, end, &[])?;
    }
    Ok(())
}

/// Case 26. A range from a key to itself is empty unless both bounds include it. The standard
/// library's map panics if both exclude it.
pub(super) fn excluded_equal_is_empty<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_bounds(bed, Excluded(b"b"), Excluded(b"b"), &[])?;
    assert_bounds(bed, Included(b"b"), Excluded(b"b"), &[])?;
    assert_bounds(bed, Excluded(b"b"), Included(b"b"), &[])?;
    assert_bounds(bed, Included(b"b"), Included(b"b"), &[b"b"])
}

/// Case 27. Bounds need not be existing keys, whether they are included or excluded.
pub(super) fn bounds_between_keys<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for (start, end) in [
        (Included(&b"aa"[..]), Included(&b"cc"[..])),
        (Included(b"aa"), Excluded(b"cc")),
        (Excluded(b"aa"), Included(b"cc")),
        (Excluded(b"aa"), Excluded(b"cc")),
        (Excluded(b"a"), Excluded(b"c\0")),
        (Included(b"a\0"), Excluded(b"c\0")),
    ] {
        assert_bounds(bed, start, end, &[b"b", b"b\0", b"c"])?;
    }
    assert_bounds(bed, Included(b"bb"), Included(b"bz"), &[])?;
    assert_bounds(bed, Included(b"0"), Included(b"zz"), &KEYS)?;
    assert_bounds(bed, Included(b"f"), Unbounded, &[])?;
    assert_bounds(bed, Unbounded, Excluded(b"a"), &[])
}

/// Bounds that cannot be keys (the empty one, one over the limit) are valid bounds. A page that
/// ends at the longest key resumes at such a bound.
pub(super) fn bounds_no_key_can_be<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let length = bed.capabilities().limits.key_bytes_max + 1;
    let between = [&b"b"[..], &vec![0; length]].concat();
    let behind = vec![0xff; length];
    assert_bounds(bed, Included(b""), Included(&behind), &KEYS)?;
    assert_bounds(bed, Excluded(b""), Excluded(&behind), &KEYS)?;
    assert_bounds(bed, Included(&behind), Unbounded, &[])?;
    assert_bounds(bed, Unbounded, Included(b""), &[])?;
    assert_bounds(bed, Unbounded, Excluded(b""), &[])?;
    assert_bounds(bed, Included(b"b"), Included(&between), &[b"b", b"b\0"])?;
    assert_bounds(bed, Excluded(&between), Included(b"c"), &[b"c"])
}

/// Every pair of bounds near to keys selects exactly the keys between them, and deleting the range
/// removes exactly those.
pub(super) fn every_range_of_a_grid<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let keys = grid();
    fill(bed.store(), &t, &keys)?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let bounds = grid_bounds();
    for start in &bounds {
        for end in &bounds {
            let range = KeyRange::from_bounds(*start, *end);
            let (inside, outside): (Vec<&[u8]>, Vec<&[u8]>) =
                keys.iter().map(Vec::as_slice).partition(|key| between(*start, key, *end));
            assert_range(bed.store(), &t, &range, &inside)?;
            let mut transaction = bed.store().begin()?;
            transaction.delete_range(&t, range.clone())?;
            let left = entries(transaction.scan(&t, KeyRange::all(), Direction::Forward)?)?;
            assert!(left.iter().map(|(key, _)| key.as_slice()).eq(outside), "removing {range:?}");
            transaction.rollback()?;
        }
    }
    Ok(())
}

/// Case 28. A descending scan is the reverse of an ascending one, over many pages and values of
/// many lengths.
pub(super) fn reverse_mirrors_forward<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let keys: Vec<Vec<u8>> = (0..2_000_usize)
        .map(|number| [format!("{number:05}").as_bytes(), &vec![b'.'; number * 37 % 90]].concat())
        .collect();
    let t = bed.tree("t")?;
    fill(bed.store(), &t, keys.iter().step_by(2))?;
    fill(bed.store(), &t, keys.iter().skip(1).step_by(2).rev())?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let keys = borrowed(&keys);
    assert_keys(bed.store(), &t, &keys)?;
    for (start, end) in [(0, 2_000), (1, 1_999), (700, 701), (333, 1_444), (5, 5)] {
        let expected = keys.get(start..end).unwrap_or_default();
        let bound = |position: usize| format!("{position:05}").into_bytes();
        let (start, end) = (bound(start), bound(end));
        assert_range(bed.store(), &t, &KeyRange::new(&start[..]..&end[..]), expected)?;
    }
    Ok(())
}

/// The first and the last key of a range, if it has any.
type Ends<'k> = Option<(&'k [u8], &'k [u8])>;

/// Case 31. `first` and `last` find the ends of a tree, of a range and of a prefix, or nothing.
pub(super) fn first_and_last<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    fill(bed.store(), &t, KEYS)?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let cases: [(KeyRange<'_>, Ends<'_>); 7] = [
        (KeyRange::all(), Some((b"a", b"e"))),
        (KeyRange::prefix(b"b"), Some((b"b", b"b\0"))),
        (KeyRange::new(&b"aa"[..]..&b"d"[..]), Some((b"b", b"c"))),
        (KeyRange::new(&b"aa"[..]..=&b"d"[..]), Some((b"b", b"d"))),
        (KeyRange::new(&b"c"[..]..=&b"c"[..]), Some((b"c", b"c"))),
        (KeyRange::new(&b"bb"[..]..&b"c"[..]), None),
        (KeyRange::prefix(b"f"), None),
    ];
    for (range, expected) in cases {
        let entry = |key: &[u8]| (key.to_vec(), value_for(key));
        let (first, last) =
            (expected.map(|ends| entry(ends.0)), expected.map(|ends| entry(ends.1)));
        let snapshot = bed.store().snapshot()?;
        assert_eq!(snapshot.first(&t, range.clone())?, first, "the first of {range:?}");
        assert_eq!(snapshot.last(&t, range.clone())?, last, "the last of {range:?}");
        let transaction = bed.store().begin()?;
        assert_eq!(transaction.first(&t, range.clone())?, first, "transaction: {range:?}");
        assert_eq!(transaction.last(&t, range.clone())?, last, "transaction: {range:?}");
    }
    Ok(())
}

/// The keys that most cases here read.
const KEYS: [&[u8]; 7] = [b"a", b"b", b"b\0", b"c", b"d", b"d\0", b"e"];

/// Stores [`KEYS`] and asserts which of them are between two bounds, and that deleting the range
/// removes exactly those.
#[track_caller]
fn assert_bounds<F: Factory>(
    bed: &mut Bed<F>,
    start: Bound<&[u8]>,
    end: Bound<&[u8]>,
    expected: &[&[u8]],
) -> Result<()> {
    let range = KeyRange::from_bounds(start, end);
    let t = bed.tree("t")?;
    fill(bed.store(), &t, KEYS)?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_range(bed.store(), &t, &range, expected)?;
    bed.store().write(|transaction| transaction.delete_range(&t, range.clone()))?;
    let left: Vec<&[u8]> = KEYS.into_iter().filter(|key| !expected.contains(key)).collect();
    assert_keys(bed.store(), &t, &left)?;
    fill(bed.store(), &t, KEYS)?;
    bed.store().write(|transaction| {
        transaction.savepoint(|savepoint| savepoint.delete_range(&t, range.clone()))
    })?;
    assert_keys(bed.store(), &t, &left)
}

fn borrowed(keys: &[Vec<u8>]) -> Vec<&[u8]> {
    keys.iter().map(Vec::as_slice).collect()
}
