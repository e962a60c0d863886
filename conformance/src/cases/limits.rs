//! Limits: keys and values up to them are accepted, one byte more is refused.

use arbour_core::{
    Batch, Direction, Durability, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Limits, Operation,
    Result, StoreOptions, Tree,
};

use super::claims::{commit, everything, refused};
use crate::{Bed, Factory, entries};

/// Asserts that every kind of write accepts keys and values up to the limits, that they can be read
/// back, and that one byte more fails with `TooLarge` in each and writes nothing.
fn exact<S: KvStore>(store: &S, tree: &Tree, limits: Limits, values: bool) -> Result<()> {
    let key = |first: u8, length: usize| {
        let mut key = vec![b'k'; length];
        if let Some(byte) = key.first_mut() {
            *byte = first;
        }
        key
    };
    let longest = if values { vec![7; limits.value_bytes_max] } else { Vec::new() };
    for (way, name) in [(b'p', "put"), (b'b', "batch"), (b't', "transaction")] {
        let good = key(way, limits.key_bytes_max);
        write(store, tree, way, &good, &longest)?;
        let got = store.get(tree, &good)?;
        assert!(got.as_ref() == Some(&longest), "{name}: the longest key does not come back");
        let result = write(store, tree, way, &key(way, limits.key_bytes_max + 1), b"");
        let error = refused(result, ErrorKind::TooLarge, &format!("{name}: a longer key"));
        assert_eq!(error.operation(), Operation::Put);
        let result = write(store, tree, way, b"value", &vec![7; limits.value_bytes_max + 1]);
        refused(result, ErrorKind::TooLarge, &format!("{name}: a longer value"));
        assert_eq!(store.snapshot()?.len(tree)?, 1, "{name}: a refused write wrote something");
        store.delete(tree, &good)?;
        assert_eq!(store.get(tree, &good)?, None, "{name}: the longest key is not deleted");
        let result = store.delete(tree, &key(way, limits.key_bytes_max + 1));
        refused(result, ErrorKind::TooLarge, "deleting a longer key");
    }
    Ok(())
}

/// Makes a write in the named way, after a valid write.
fn write<S: KvStore>(store: &S, tree: &Tree, way: u8, key: &[u8], value: &[u8]) -> Result<()> {
    let mut batch = Batch::new();
    match way {
        b'p' => store.put(tree, key, value),
        b'b' => {
            batch.put(tree, b"beside", b"");
            batch.put(tree, key, value);
            batch.delete(tree, b"beside");
            store.apply(batch, Durability::default())
        }
        _ => store.write(|transaction| {
            transaction.put(tree, b"beside", b"")?;
            transaction.put(tree, key, value)?;
            transaction.delete(tree, b"beside")
        }),
    }
}

/// The limits in the capabilities are exact for every kind of write; bounds of a scan may be
/// longer. Case 105.
pub(super) fn are_exact<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t, limits) = (bed.store(), bed.tree("t")?, bed.capabilities().limits);
    exact(store, &t, limits, false)?;
    commit(store, &t, "a=1 k=1 z=1")?;
    let long = vec![b'k'; limits.key_bytes_max + 1];
    let snapshot = store.snapshot()?;
    assert!(!snapshot.contains(&t, &long)?, "a key nobody can store");
    let behind = entries(snapshot.scan(&t, KeyRange::new(&long[..]..), Direction::Forward)?)?;
    assert_eq!(behind, [(b"z".to_vec(), b"1".to_vec())], "behind a long bound");
    let before = KeyRange::new(..=&long[..]);
    let before = entries(snapshot.scan(&t, before, Direction::Reverse)?)?;
    assert_eq!(before.len(), 2, "before a long bound: {before:?}");
    store.write(|transaction| transaction.delete_range(&t, KeyRange::new(&long[..]..)))?;
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=1 k=1", "a range with a long bound");
    Ok(())
}

/// The limits of a transaction in the capabilities are exact: one that writes as much as they say is
/// committed, and one that writes more is refused at its commit, with the limit, as is a batch. Nothing of it
/// is written. An engine that states no limits takes thousands of writes.
pub(super) fn of_transactions<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t, limits) = (bed.store(), bed.tree("t")?, bed.capabilities().limits);
    let batch = |writes: usize, value: &[u8]| {
        let mut batch = Batch::new();
        (0..writes).for_each(|number| batch.put(&t, format!("{number:07}").as_bytes(), value));
        batch
    };
    let most = limits.transaction_writes_max.min(3000);
    store.write(|transaction| transaction.apply(&batch(most, b"")))?;
    assert_eq!(store.snapshot()?.len(&t)?, most as u64);
    store.apply(batch(most, b"1"), Durability::default())?;
    store.write(|transaction| transaction.delete_range(&t, KeyRange::all()))?;
    let mut beyond = Vec::new();
    if limits.transaction_writes_max < usize::MAX {
        beyond.push((batch(most + 1, b""), limits.transaction_writes_max));
    }
    if limits.transaction_bytes_max < usize::MAX {
        // Keys of seven bytes, and two values that fill the transaction to the last byte.
        let half = limits.transaction_bytes_max / 2 - 7;
        store.write(|transaction| transaction.apply(&batch(2, &vec![7; half])))?;
        store.write(|transaction| transaction.delete_range(&t, KeyRange::all()))?;
        beyond.push((batch(2, &vec![7; half + 1]), limits.transaction_bytes_max));
    }
    for (batch, limit) in beyond {
        let result = store.write(|transaction| transaction.apply(&batch));
        let error = refused(result, ErrorKind::TooLarge, "a transaction beyond the limits");
        assert_eq!(error.operation(), Operation::Commit, "{error}");
        assert!(error.to_string().contains(&limit.to_string()), "{error}");
        let applied = store.apply(batch, Durability::default());
        let error = refused(applied, ErrorKind::TooLarge, "a batch beyond the limits");
        assert_eq!(error.operation(), Operation::Apply, "{error}");
        assert_eq!(store.snapshot()?.len(&t)?, 0, "nothing of it is written");
    }
    Ok(())
}

/// Lower limits in the options are enforced just as exactly, the capabilities show them, and what
/// was stored before stays readable.
pub(super) fn can_be_lowered<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let key = [b'x'; 80];
    bed.store().put(&bed.tree("u")?, &key, &[7; 5000])?;
    let own = bed.capabilities().limits;
    let limits = Limits { key_bytes_max: 64, value_bytes_max: 1000, ..own };
    bed.reopen_with(&StoreOptions::new().limits(limits))?;
    assert_eq!(bed.capabilities().limits, limits);
    exact(bed.store(), &bed.tree("t")?, limits, true)?;
    if bed.capabilities().persistent {
        let (snapshot, u) = (bed.store().snapshot()?, bed.tree("u")?);
        let stored = snapshot.first(&u, KeyRange::all())?;
        assert_eq!(stored, Some((key.to_vec(), vec![7; 5000])), "found by a scan");
        let stored = snapshot.get_with(&u, &key, <[u8]>::to_vec)?;
        assert_eq!(stored, Some(vec![7; 5000]), "found by a get");
    }
    // An engine does not promise more than it can do, whatever is requested.
    let asked =
        Limits { key_bytes_max: usize::MAX, value_bytes_max: usize::MAX, ..Limits::default() };
    bed.reopen_with(&StoreOptions::new().limits(asked))?;
    let raised = bed.capabilities().limits;
    assert_eq!(raised, asked.within(raised));
    assert!(raised.value_bytes_max >= own.value_bytes_max, "{raised:?}");
    assert_eq!(raised.key_bytes_min, own.key_bytes_min, "{raised:?}");
    Ok(())
}
