//! Short and long keys and values: those within the limits are stored whole, and others are refused
//! before the engine sees them.

use arbour_core::engine::Write;
use arbour_core::{
    Batch, CompareAndSwap, Cursor, Direction, Durability, ErrorKind, KeyRange, KvRead, KvStore,
    KvWrite, Result, Update,
};

use super::claims::refused;
use super::ways::{WritePath, add, assert_keys, assert_range, fill, make, read, value_for};
use crate::harness::Undisturbed;
use crate::{Bed, Factory};

/// Case 7. The empty key is a key like any other, and the first; or it is refused before the engine
/// sees it. In fjall it panicked and poisoned the writer.
pub(super) fn empty_key_by_manifest<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    if bed.capabilities().limits.key_bytes_min > 0 {
        bed.negative();
        assert_write_refused(bed, b"", Some(b"1"), ErrorKind::InvalidArgument)?;
        return assert_write_refused(bed, b"", None, ErrorKind::InvalidArgument);
    }
    let t = bed.tree("t")?;
    fill(bed.store(), &t, [&b"\0"[..], b"a", b"\xff"])?;
    for path in WritePath::ALL {
        path.put(bed.store(), &t, b"", b"replaced below")?;
        path.delete(bed.store(), &t, b"")?;
        assert_eq!(read(bed.store(), &t, b"")?, None, "{path:?}");
        path.put(bed.store(), &t, b"", &value_for(b""))?;
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, b"")?, Some(value_for(b"")));
    assert_keys(bed.store(), &t, &[b"", b"\0", b"a", b"\xff"])
}

/// Reading a key that no store can hold finds nothing and is no error. LMDB refused such reads, and
/// fjall panicked at an empty key.
pub(super) fn keys_nobody_can_store_are_absent<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let longest = vec![b'k'; bed.capabilities().limits.key_bytes_max];
    bed.store().put(&t, &longest, b"1")?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let over_long = vec![b'k'; longest.len() + 1];
    assert_eq!(read(bed.store(), &t, &over_long)?, None, "read as the key it begins with");
    assert_eq!(read(bed.store(), &t, b"")?, None, "the empty key");
    let snapshot = bed.store().snapshot()?;
    let found = snapshot.multi_get(&t, &[&over_long[..], b"", &longest])?;
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
    Ok(())
}

/// Case 8. The longest key is stored whole on every path: two that differ in their last byte stay
/// distinct.
pub(super) fn longest_key<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let stem = vec![b'k'; bed.capabilities().limits.key_bytes_max - 1];
    let keys = [&stem[..], &[&stem[..], b"a"].concat(), &[&stem[..], b"b"].concat()];
    for path in WritePath::ALL {
        let t = bed.tree("t")?;
        for key in keys {
            path.delete(bed.store(), &t, key)?;
            assert_eq!(read(bed.store(), &t, key)?, None, "{path:?}");
        }
        for key in keys {
            path.put(bed.store(), &t, key, &value_for(key))?;
        }
        bed.settle()?;
        let t = bed.tree("t")?;
        for key in keys {
            assert!(read(bed.store(), &t, key)? == Some(value_for(key)), "{path:?}");
        }
    }
    let t = bed.tree("t")?;
    assert_range(bed.store(), &t, &KeyRange::all(), &keys)?;
    assert_range(bed.store(), &t, &KeyRange::prefix(&stem), &keys)?;
    // A page that ends at the longest key resumes at a key longer than any.
    for (position, key) in keys.iter().enumerate() {
        let (before, rest) = keys.split_at(position);
        let behind = rest.get(1..).unwrap_or_default();
        assert_range(bed.store(), &t, &KeyRange::all().resume_after(key), behind)?;
        assert_range(bed.store(), &t, &KeyRange::all().resume_before(key), before)?;
    }
    Ok(())
}

/// Case 9. A key one byte over the limit is refused on every path, for puts and deletes, and
/// nothing else is lost with it.
pub(super) fn over_long_key_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    let key = vec![b'k'; bed.capabilities().limits.key_bytes_max + 1];
    assert_write_refused(bed, &key, Some(b"1"), ErrorKind::TooLarge)?;
    assert_write_refused(bed, &key, None, ErrorKind::TooLarge)
}

/// Keys of lengths at which length fields and pages overflow are stored whole, and a key sorts
/// before its extensions.
pub(super) fn keys_of_awkward_lengths<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let longest = vec![b'k'; bed.capabilities().limits.key_bytes_max];
    let lengths = [
        1, 127, 128, 255, 256, 257, 511, 512, 1_023, 1_024, 4_095, 4_096, 16_383, 16_384, 32_767,
        32_768, 65_534, 65_535,
    ];
    let keys: Vec<&[u8]> = lengths.iter().filter_map(|length| longest.get(..*length)).collect();
    let t = bed.tree("t")?;
    fill(bed.store(), &t, keys.iter().rev())?;
    bed.settle()?;
    let t = bed.tree("t")?;
    for key in &keys {
        assert!(read(bed.store(), &t, key)? == Some(value_for(key)), "{} bytes", key.len());
    }
    assert_keys(bed.store(), &t, &keys)
}

/// Values of lengths at which length fields and pages overflow are stored whole.
pub(super) fn values_of_awkward_lengths<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let lengths = [
        1, 127, 128, 255, 256, 257, 1_023, 1_024, 4_095, 4_096, 4_097, 16_383, 16_384, 32_767,
        32_768, 65_534, 65_535, 65_536, 65_537, 131_072, 200_000,
    ];
    for path in WritePath::ALL {
        let t = bed.tree("t")?;
        for length in lengths {
            let value = patterned(length);
            path.put(bed.store(), &t, &length.to_string().into_bytes(), &value)?;
        }
        bed.settle()?;
        let t = bed.tree("t")?;
        for length in lengths {
            let found = read(bed.store(), &t, &length.to_string().into_bytes())?;
            assert!(found == Some(patterned(length)), "{path:?}: {length} bytes");
            path.delete(bed.store(), &t, &length.to_string().into_bytes())?;
        }
    }
    Ok(())
}

/// Case 10. A value of a mebibyte is stored whole on every path, and neighbouring values are
/// unchanged.
pub(super) fn one_mebibyte_value<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let value = patterned(1 << 20);
    fill(bed.store(), &t, [&b"a"[..], b"one", b"z"])?;
    for path in WritePath::ALL {
        path.put(bed.store(), &t, path.key(), &value)?;
        assert!(read(bed.store(), &t, path.key())?.as_ref() == Some(&value), "{path:?}");
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    for path in WritePath::ALL {
        assert!(read(bed.store(), &t, path.key())?.as_ref() == Some(&value), "{path:?}");
    }
    for key in [&b"a"[..], b"one", b"z"] {
        assert_eq!(read(bed.store(), &t, key)?, Some(value_for(key)));
    }
    assert_eq!(bed.store().snapshot()?.len(&t)?, 7, "entries");
    Ok(())
}

/// A value as long as the limit is stored whole, and can be read by `get` and by a scan.
pub(super) fn longest_value<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    let t = bed.tree("t")?;
    let value = patterned(bed.capabilities().limits.value_bytes_max);
    let mut transaction = bed.store().begin()?;
    transaction.put(&t, b"b", &value)?;
    assert!(transaction.get_with(&t, b"b", |found| found == value)? == Some(true), "uncommitted");
    transaction.commit()?;
    fill(bed.store(), &t, [b"a", b"c"])?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(snapshot.get_with(&t, b"b", |found| found == value)?, Some(true), "get");
    for direction in [Direction::Forward, Direction::Reverse] {
        let mut cursor = snapshot.scan(&t, KeyRange::all(), direction)?;
        cursor.seek(b"b")?;
        let found = cursor.next()?;
        assert!(found == Some((b"b", &value)), "a {direction:?} scan");
    }
    for key in [b"a", b"c"] {
        assert_eq!(read(bed.store(), &t, key)?, Some(value_for(key)));
    }
    Ok(())
}

/// Case 11. A value one byte over the limit is refused on every path, and nothing else is lost with
/// it.
pub(super) fn over_long_value_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    let value = vec![b'v'; bed.capabilities().limits.value_bytes_max + 1];
    assert_write_refused(bed, b"key", Some(&value), ErrorKind::TooLarge)?;
    let t = bed.tree("t")?;
    bed.store().put(&t, b"key", b"kept")?;
    let swapped = bed.store().compare_and_swap(&t, b"key", Some(b"kept"), Some(&value));
    refused(swapped, ErrorKind::TooLarge, "compare_and_swap");
    let differs = bed.store().compare_and_swap(&t, b"key", Some(b"other"), Some(&value))?;
    assert_eq!(differs, CompareAndSwap::Differs { actual: Some(b"kept".to_vec()) });
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, b"key")?, Some(b"kept".to_vec()));
    Ok(())
}

/// Asserts that a write is refused on every path and by every call, alone and among other writes;
/// that a transaction continues after it; and that in the end only the accepted writes are there.
#[track_caller]
fn assert_write_refused<F: Factory>(
    bed: &mut Bed<F>,
    key: &[u8],
    value: Option<&[u8]>,
    kind: ErrorKind,
) -> Result<()> {
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    let store = bed.store();
    let write = Write { tree: &t, key, value };
    fill(store, &t, [b"before"])?;
    for path in WritePath::ALL {
        refused(path.write(store, &write), kind, path.name());
    }
    if let Some(value) = value {
        let update = |_: Option<&[u8]>| Update::Put(value.to_vec());
        refused(store.fetch_and_update(&t, key, update), kind, "fetch_and_update");
    }
    for position in 0..3 {
        let mut batch = Batch::new();
        for turn in 0..3 {
            if turn == position {
                add(&mut batch, &write);
            } else {
                batch.put(&u, b"beside", b"1");
                batch.delete(&t, b"before");
            }
        }
        refused(store.apply(batch, Durability::default()), kind, "a batch");
    }
    let mut transaction = store.begin()?;
    transaction.put(&t, b"first", &value_for(b"first"))?;
    refused(transaction.check(&write), kind, "check");
    refused(make(&mut transaction, &write), kind, "a write in a transaction");
    transaction.savepoint(|savepoint| {
        savepoint.put(&t, b"second", &value_for(b"second"))?;
        refused(savepoint.check(&write), kind, "check of a savepoint");
        refused(make(savepoint, &write), kind, "a write in a savepoint");
        savepoint.put(&t, b"third", &value_for(b"third"))
    })?;
    transaction.put(&t, b"fourth", &value_for(b"fourth"))?;
    transaction.commit()?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, key)?, None, "the refused write");
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"], "trees");
    assert_keys(bed.store(), &t, &[b"before", b"first", b"fourth", b"second", b"third"])
}

/// Makes a value in which every block of 256 bytes is different, so that a misplaced part is
/// detected.
fn patterned(length: usize) -> Vec<u8> {
    let mut value = vec![0xa5; length];
    for (number, block) in value.chunks_exact_mut(256).enumerate() {
        if let Some(mark) = block.first_chunk_mut() {
            *mark = (number as u64).to_le_bytes();
        }
    }
    if let Some(last) = value.last_mut() {
        *last = 0x5a;
    }
    value
}
