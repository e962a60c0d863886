//! Cursors: where a seek takes them, where they end, and that they do not affect each other.

use std::ops::Bound::Excluded;

use arbour_core::{Cursor, Direction, KeyRange, KvRead, KvStore, Result, Tree};

use super::grid::{between, grid, grid_bounds};
use super::ways::{fill, value_for};
use crate::{Bed, Factory};

/// The keys that most cases here read: every second letter.
const KEYS: [&[u8]; 7] = [b"b", b"d", b"f", b"h", b"j", b"l", b"n"];

/// Case 29. A cursor may be dropped after none, one or all of its entries, without side effects.
pub(super) fn limits<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_limits(bed, Direction::Forward, &KEYS)
}

/// Case 30. Descending, a limit takes the last keys of the range, not the first ones reversed.
pub(super) fn reverse_limits<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let mut keys = KEYS;
    keys.reverse();
    assert_limits(bed, Direction::Reverse, &keys)
}

/// Case 32. A seek lands on the key if it exists, otherwise on the next one in the cursor's
/// direction, otherwise at the end.
pub(super) fn seek_exact_between_past_end<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let seeks = [
        ("", "b", ""),
        ("b", "b", "b"),
        ("d", "d", "d"),
        ("d\0", "f", "d"),
        ("e", "f", "d"),
        ("n", "n", "n"),
        ("n\0", "", "n"),
        ("z", "", "n"),
    ];
    assert_seeks(bed, &KeyRange::all(), &seeks)
}

/// Case 33. A seek does not leave the range of the scan, at either end.
pub(super) fn seek_outside_range<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (f, j) = (&b"f"[..], &b"j"[..]);
    let seeks = [
        ("a", "f", ""),
        ("d", "f", ""),
        ("f", "f", "f"),
        ("j", "j", "j"),
        ("l", "", "j"),
        ("z", "", "j"),
    ];
    assert_seeks(bed, &KeyRange::new(f..=j), &seeks)?;
    assert_seeks(bed, &KeyRange::new(&b"e"[..]..&b"k"[..]), &seeks)?;
    let seeks = [
        ("", "h", ""),
        ("f", "h", ""),
        ("g", "h", ""),
        ("h", "h", "h"),
        ("i", "", "h"),
        ("j", "", "h"),
        ("n", "", "h"),
    ];
    assert_seeks(bed, &KeyRange::from_bounds(Excluded(f), Excluded(j)), &seeks)?;
    assert_seeks(bed, &KeyRange::prefix(b"h"), &seeks)?;
    let seeks = [("d", "", ""), ("f", "", ""), ("h", "", ""), ("j", "", ""), ("n", "", "")];
    assert_seeks(bed, &KeyRange::new(j..f), &seeks)?;
    assert_seeks(bed, &KeyRange::new(&b"i"[..]..j), &seeks)
}

/// A seek can go back to entries that were already read, and back and forth, from anywhere.
pub(super) fn seek_backwards<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    fill(bed.store(), &t, KEYS)?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let snapshot = bed.store().snapshot()?;
    let transaction = bed.store().begin()?;
    seek_to_and_fro(snapshot.scan(&t, KeyRange::all(), Direction::Forward)?, &KEYS)?;
    seek_to_and_fro(transaction.scan(&t, KeyRange::all(), Direction::Forward)?, &KEYS)?;
    let mut keys = KEYS;
    keys.reverse();
    seek_to_and_fro(snapshot.scan(&t, KeyRange::all(), Direction::Reverse)?, &keys)?;
    seek_to_and_fro(transaction.scan(&t, KeyRange::all(), Direction::Reverse)?, &keys)
}

/// From any key, in any range, in both directions, a seek lands on the next key within the range.
pub(super) fn seek_everywhere<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let keys = grid();
    fill(bed.store(), &t, &keys)?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let targets = [&b""[..], b"\0", b"\0\0\0\0", b"\x01\xff", b"\x02", b"\x80", b"\xff\x02"];
    for start in grid_bounds() {
        for end in grid_bounds() {
            let inside: Vec<&[u8]> =
                keys.iter().map(Vec::as_slice).filter(|key| between(start, key, end)).collect();
            let seeks = targets.map(|target| {
                let next = inside.iter().copied().find(|key| *key >= target);
                let previous = inside.iter().copied().rfind(|key| *key <= target);
                (target, next, previous)
            });
            let range = KeyRange::from_bounds(start, end);
            // The rest of each scan is long; its beginning shows where the seek went.
            assert_seeks_in(&bed.store().snapshot()?, &t, &range, &inside, &seeks, 2)?;
            assert_seeks_in(&bed.store().begin()?, &t, &range, &inside, &seeks, 2)?;
        }
    }
    Ok(())
}

/// Case 34. A cursor that has ended stays ended, however often it is called, until a seek.
pub(super) fn ended_cursor_stays_ended<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    fill(bed.store(), &t, KEYS)?;
    bed.settle()?;
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    let snapshot = bed.store().snapshot()?;
    let transaction = bed.store().begin()?;
    for direction in [Direction::Forward, Direction::Reverse] {
        let bounded = || KeyRange::new(&b"d"[..]..&b"k"[..]);
        assert_stays_ended(snapshot.scan(&t, KeyRange::all(), direction)?, 7)?;
        assert_stays_ended(transaction.scan(&t, KeyRange::all(), direction)?, 7)?;
        assert_stays_ended(snapshot.scan(&t, bounded(), direction)?, 4)?;
        assert_stays_ended(transaction.scan(&t, bounded(), direction)?, 4)?;
        assert_stays_ended(snapshot.scan(&t, KeyRange::prefix(b"c"), direction)?, 0)?;
        assert_stays_ended(transaction.scan(&t, KeyRange::prefix(b"c"), direction)?, 0)?;
        assert_stays_ended(snapshot.scan(&u, KeyRange::all(), direction)?, 0)?;
        assert_stays_ended(transaction.scan(&u, KeyRange::all(), direction)?, 0)?;
    }
    Ok(())
}

/// Cursors over one tree, in both directions, and point reads between their steps do not affect
/// each other. They would on an engine that caches one statement by its text, or can open a table
/// only once.
pub(super) fn interleaved_cursors_do_not_mix<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for name in ["t", "u"] {
        let tree = bed.tree(name)?;
        fill(bed.store(), &tree, KEYS)?;
    }
    bed.settle()?;
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    read_interleaved(&bed.store().snapshot()?, &t, &u)?;
    read_interleaved(&bed.store().begin()?, &t, &u)
}

fn read_interleaved<R: KvRead>(reader: &R, t: &Tree, u: &Tree) -> Result<()> {
    let mut forward = reader.scan(t, KeyRange::all(), Direction::Forward)?;
    let mut late = reader.scan(t, KeyRange::all(), Direction::Forward)?;
    let mut reverse = reader.scan(t, KeyRange::all(), Direction::Reverse)?;
    let mut other = reader.scan(u, KeyRange::all(), Direction::Forward)?;
    late.seek(b"h")?;
    for (position, key) in KEYS.iter().enumerate() {
        assert_eq!(next_key(&mut forward)?.as_deref(), Some(*key), "the first cursor");
        let expected = KEYS.get(position + 3).copied();
        assert_eq!(next_key(&mut late)?.as_deref(), expected, "the one that began later");
        let expected = KEYS.iter().rev().nth(position).copied();
        assert_eq!(next_key(&mut reverse)?.as_deref(), expected, "the descending one");
        assert_eq!(next_key(&mut other)?.as_deref(), Some(*key), "the other tree's");
        let read = reader.get_with(t, b"f", <[u8]>::to_vec)?;
        assert_eq!(read, Some(value_for(b"f")), "get amid scans");
    }
    Ok(())
}

#[track_caller]
fn assert_limits<F: Factory>(bed: &mut Bed<F>, direction: Direction, keys: &[&[u8]]) -> Result<()> {
    let t = bed.tree("t")?;
    fill(bed.store(), &t, KEYS)?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let snapshot = bed.store().snapshot()?;
    for limit in 0..=keys.len() + 2 {
        let mut cursor = snapshot.scan(&t, KeyRange::all(), direction)?;
        let mut found = Vec::new();
        for _ in 0..limit {
            found.extend(cursor.next()?.map(|(key, _)| key.to_vec()));
        }
        assert_eq!(found, keys.get(..limit).unwrap_or(keys), "limit {limit}");
        drop(cursor);
        bed.store().put(&t, b"written beside", b"1")?;
    }
    Ok(())
}

/// The target of a seek, the key it lands on ascending, and the key it lands on descending.
type Seek<'k> = (&'k [u8], Option<&'k [u8]>, Option<&'k [u8]>);

/// Asserts where seeks land among [`KEYS`], ascending and descending; `""` is the end.
#[track_caller]
fn assert_seeks<F: Factory>(
    bed: &mut Bed<F>,
    range: &KeyRange<'_>,
    seeks: &[(&str, &str, &str)],
) -> Result<()> {
    let t = bed.tree("t")?;
    fill(bed.store(), &t, KEYS)?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let within = |key: &&[u8]| between(range.start(), key, range.end());
    let inside: Vec<&[u8]> = KEYS.into_iter().filter(within).collect();
    for (target, next, previous) in seeks {
        let seek = (target.as_bytes(), landing(next), landing(previous));
        assert_seeks_in(&bed.store().snapshot()?, &t, range, &inside, &[seek], KEYS.len() + 1)?;
        assert_seeks_in(&bed.store().begin()?, &t, range, &inside, &[seek], KEYS.len() + 1)?;
    }
    Ok(())
}

/// Returns the key that a seek lands on, or `None` for the end.
fn landing(key: &str) -> Option<&[u8]> {
    (!key.is_empty()).then_some(key.as_bytes())
}

/// Makes all seeks with one cursor for each direction, and asserts what `next` returns after each,
/// up to a number of calls.
#[track_caller]
fn assert_seeks_in<R: KvRead>(
    reader: &R,
    tree: &Tree,
    range: &KeyRange<'_>,
    inside: &[&[u8]],
    seeks: &[Seek<'_>],
    count_max: usize,
) -> Result<()> {
    let mut forward = reader.scan(tree, range.clone(), Direction::Forward)?;
    let mut reverse = reader.scan(tree, range.clone(), Direction::Reverse)?;
    for (target, next, previous) in seeks {
        let shown = target.escape_ascii();
        forward.seek(target)?;
        let mut expected = inside.iter().copied().skip_while(|key| Some(*key) != *next);
        for _ in 0..count_max {
            let found = next_key(&mut forward)?;
            assert_eq!(found.as_deref(), expected.next(), "{range:?}, ascending from {shown}");
        }
        reverse.seek(target)?;
        let mut expected = inside.iter().copied().rev().skip_while(|key| Some(*key) != *previous);
        for _ in 0..count_max {
            let found = next_key(&mut reverse)?;
            assert_eq!(found.as_deref(), expected.next(), "{range:?}, descending from {shown}");
        }
    }
    Ok(())
}

/// Moves a cursor over [`KEYS`], given in its direction, to earlier and later keys.
fn seek_to_and_fro(mut cursor: impl Cursor, keys: &[&[u8]]) -> Result<()> {
    for from in keys {
        for (to, key) in keys.iter().enumerate() {
            cursor.seek(from)?;
            assert_eq!(next_key(&mut cursor)?.as_deref(), Some(*from));
            cursor.seek(key)?;
            assert_eq!(next_key(&mut cursor)?.as_deref(), Some(*key), "seek forth or back");
            assert_eq!(next_key(&mut cursor)?.as_deref(), keys.get(to + 1).copied(), "after it");
        }
    }
    while next_key(&mut cursor)?.is_some() {}
    cursor.seek(keys.first().copied().unwrap_or_default())?;
    let mut rest = Vec::new();
    while let Some(key) = next_key(&mut cursor)? {
        rest.push(key);
    }
    assert_eq!(rest, keys, "a seek after the end reads all again");
    Ok(())
}

#[track_caller]
fn assert_stays_ended(mut cursor: impl Cursor, count: usize) -> Result<()> {
    for _ in 0..count {
        assert!(next_key(&mut cursor)?.is_some(), "an entry is missing");
    }
    for _ in 0..5 {
        assert_eq!(next_key(&mut cursor)?, None, "it was at its end");
    }
    Ok(())
}

fn next_key(cursor: &mut impl Cursor) -> Result<Option<Vec<u8>>> {
    let Some((key, value)) = cursor.next()? else {
        return Ok(None);
    };
    assert_eq!(value, value_for(key), "a cursor gave a key another's value");
    Ok(Some(key.to_vec()))
}
