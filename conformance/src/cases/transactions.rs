//! Transactions: many writes, in many trees, as one.

use arbour_core::engine::Write;
use arbour_core::{
    Batch, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Operation, Result,
    StoreOptions, Update, Writers,
};

use super::claims::{ascending, commit, everything, make, patient, refused};
use crate::harness::Undisturbed;
use crate::{Bed, Factory};

/// A refused write writes nothing, and the transaction continues and commits the rest. Case 76.
/// fjall panics at an empty key and poisons its writer permanently.
pub(super) fn failed_write_leaves_it_usable<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    let other = bed.factory().open(&bed.other_path("other"), &StoreOptions::new())?;
    let foreign = other.tree("t")?;
    let limits = bed.capabilities().limits;
    let long_key = vec![b'k'; limits.key_bytes_max + 1];
    let long_value = vec![0; limits.value_bytes_max + 1];
    let (store, t) = (bed.store(), bed.tree("t")?);
    let mut transaction = store.begin()?;
    make(&mut transaction, &t, "a=1")?;
    let result = transaction.put(&t, &long_key, b"");
    refused(result, ErrorKind::TooLarge, "an over-long key");
    let result = transaction.put(&t, b"a", &long_value);
    refused(result, ErrorKind::TooLarge, "an over-long value");
    let result = transaction.check(&Write { tree: &t, key: &long_key, value: None });
    refused(result, ErrorKind::TooLarge, "a check of an over-long key");
    let result = transaction.delete(&t, &long_key);
    refused(result, ErrorKind::TooLarge, "deleting an over-long key");
    if limits.key_bytes_min > 0 {
        let result = transaction.put(&t, b"", b"");
        refused(result, ErrorKind::InvalidArgument, "a key that is too short");
    }
    let result = transaction.put(&foreign, b"b", b"1");
    refused(result, ErrorKind::InvalidArgument, "another store's tree");
    let result = transaction.delete_range(&foreign, KeyRange::all());
    refused(result, ErrorKind::InvalidArgument, "a range of another store's tree");
    let result = transaction.get_with(&foreign, b"a", <[u8]>::to_vec);
    refused(result, ErrorKind::InvalidArgument, "a read of another store's tree");
    assert_eq!(everything(&transaction, &t)?, "a=1");
    make(&mut transaction, &t, "c=1")?;
    transaction.commit()?;
    commit(store, &t, "d=1")?;
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=1 c=1 d=1");
    Ok(())
}

/// A commit spans all trees it wrote to: existing ones, those it filled first, and those it
/// emptied.
pub(super) fn across_trees<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    commit(bed.store(), &bed.tree("u")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t, u, v) = (bed.store(), bed.tree("t")?, bed.tree("u")?, bed.tree("v")?);
    store.write(|transaction| {
        // Alternates, so that each tree is written to more than once.
        for writes in ["b=2", "c=2"] {
            make(transaction, &t, writes)?;
            make(transaction, &v, writes)?;
        }
        make(transaction, &u, "-a -b")?;
        make(transaction, &t, "a=3")
    })?;
    bed.settle()?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(everything(&snapshot, &bed.tree("t")?)?, "a=3 b=2 c=2");
    assert_eq!(everything(&snapshot, &bed.tree("u")?)?, "");
    assert_eq!(everything(&snapshot, &bed.tree("v")?)?, "b=2 c=2");
    assert_eq!(bed.trees_of(&snapshot)?, ["t", "v"]);
    Ok(())
}

/// One commit may fill sixty trees, and the next one change every one of them.
pub(super) fn many_trees<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let names: Vec<String> = (0..60).map(|number| format!("many {number:02}")).collect();
    for writes in ["a=1 b=1", "-a c=2"] {
        let trees = names.iter().map(|name| bed.tree(name)).collect::<Result<Vec<_>>>()?;
        bed.store().write(|transaction| {
            trees.iter().try_for_each(|tree| make(transaction, tree, writes))
        })?;
        bed.settle()?;
    }
    let snapshot = bed.store().snapshot()?;
    for name in &names {
        assert_eq!(everything(&snapshot, &bed.tree(name)?)?, "b=1 c=2", "of {name}");
    }
    assert_eq!(bed.trees_of(&snapshot)?, names);
    Ok(())
}

/// One transaction may write tens of thousands of times and read in between.
pub(super) fn many_writes<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    const WRITES: u32 = 20_000;
    let t = bed.tree("t")?;
    bed.store().write(|transaction| {
        for number in 0..WRITES {
            // Scattered, so that the writes are not in order.
            let key = number.wrapping_mul(0x9e37_79b1).to_be_bytes();
            transaction.put(&t, &key, &number.to_be_bytes())?;
            if number % 3 == 0 {
                transaction.delete(&t, &key)?;
            }
            if number % 5_000 == 0 {
                assert_eq!(transaction.contains(&t, &key)?, number % 3 != 0);
            }
        }
        transaction.len(&t).map(|count| assert_eq!(count, u64::from(WRITES - WRITES / 3 - 1)))
    })?;
    bed.settle()?;
    let (snapshot, t) = (bed.store().snapshot()?, bed.tree("t")?);
    for number in 0..WRITES {
        let key = number.wrapping_mul(0x9e37_79b1).to_be_bytes();
        let expected = (number % 3 != 0).then(|| number.to_be_bytes().to_vec());
        assert_eq!(snapshot.get_with(&t, &key, <[u8]>::to_vec)?, expected, "of {number}");
    }
    Ok(())
}

/// Of several writes to one key in one transaction the last one counts, with and without a read in
/// between. Case 71. In grovedb a put won over a later delete.
pub(super) fn put_delete_put<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for read_between in [false, true] {
        let t = bed.tree("t")?;
        bed.store().write(|transaction| {
            transaction.delete_range(&t, KeyRange::all())?;
            make(transaction, &t, "a=0 b=0 c=0")
        })?;
        bed.settle()?;
        let t = bed.tree("t")?;
        bed.store().write(|transaction| {
            for writes in ["a=1 d=1 b=1", "-a -d -b -e", "a=2 d=2 e=2", "e=3", "-c c=4 -c"] {
                make(transaction, &t, writes)?;
                if read_between {
                    ascending(transaction, &t, ..)?;
                }
            }
            assert_eq!(everything(transaction, &t)?, "a=2 d=2 e=3");
            Ok::<_, Error>(())
        })?;
        bed.settle()?;
        assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=2 d=2 e=3");
        // Without any read, because an engine may behave differently then.
        let t = bed.tree("t")?;
        commit(bed.store(), &t, "a=1 -a a=3 -d d=3 -d e=4 e=5")?;
        bed.settle()?;
        assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "a=3 e=5");
    }
    Ok(())
}

/// An error of a caller's own type.
#[derive(Debug)]
enum Refusal {
    Full(u32),
    Store(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

/// The error of the closure of `write` and `try_write` is returned unchanged, whatever its type, and nothing is
/// written; an error of the store is returned inside it.
pub(super) fn closure_error_is_the_callers<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    let result = store.try_write(|transaction| {
        make(transaction, &t, "a=1")?;
        Err::<(), _>(Refusal::Full(7))
    });
    assert!(matches!(result, Err(Refusal::Full(7))), "{result:?}");
    let long = vec![b'k'; bed.capabilities().limits.key_bytes_max + 1];
    let result = store.try_write(|transaction| {
        make(transaction, &t, "a=1")?;
        transaction.put(&t, &long, b"")?;
        Ok::<_, Refusal>(())
    });
    assert!(
        matches!(&result, Err(Refusal::Store(error)) if error.kind() == ErrorKind::TooLarge),
        "{result:?}"
    );
    let result = store.try_read(|_| Err::<(), _>(Refusal::Full(8)));
    assert!(matches!(result, Err(Refusal::Full(8))), "{result:?}");
    let result = store.write(|transaction| {
        make(transaction, &t, "a=1")?;
        Err::<(), _>(Error::new(ErrorKind::Conflict, Operation::Put, "not the store's"))
    });
    refused(result, ErrorKind::Conflict, "the closure's own");
    bed.settle()?;
    assert_eq!(everything(&bed.store().snapshot()?, &bed.tree("t")?)?, "");
    Ok(())
}

/// Within a transaction, calls that need the writer slot fail at once with `Busy` on the same
/// thread, and the others work: resolving and reading. sled hangs when it is read inside its
/// transaction.
pub(super) fn one_shots_inside_are_busy<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    bed.reopen_with(&patient())?;
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let mut transaction = store.begin()?;
    make(&mut transaction, &t, "b=2")?;
    let new = store.tree("a tree nobody has named yet")?;
    assert_eq!(store.get(&t, b"a")?, Some(b"1".to_vec()));
    assert_eq!(store.get(&t, b"b")?, None, "a one-shot is not of the transaction");
    assert_eq!(everything(&store.snapshot()?, &new)?, "");
    store.stats()?;
    if bed.capabilities().writers == Writers::Many {
        transaction.rollback()?;
        bed.negative();
        return Ok(());
    }
    let mut batch = Batch::new();
    batch.put(&t, b"c", b"2");
    refused(store.apply(batch, Durability::None), ErrorKind::Busy, "apply");
    refused(store.put(&t, b"c", b"2"), ErrorKind::Busy, "put");
    refused(store.delete(&t, b"a"), ErrorKind::Busy, "delete");
    let result = store.compare_and_swap(&t, b"a", Some(b"1"), None);
    refused(result, ErrorKind::Busy, "compare_and_swap");
    let result = store.fetch_and_update(&t, b"a", |_| Update::Delete);
    refused(result, ErrorKind::Busy, "fetch_and_update");
    refused(commit(store, &t, "c=2"), ErrorKind::Busy, "write");
    // Engines differ in whether these need the slot, but they all return.
    if let Err(error) = store.sync() {
        assert_eq!(error.kind(), ErrorKind::Busy, "sync: {error:?}");
    }
    let expected =
        if bed.capabilities().compaction { ErrorKind::Busy } else { ErrorKind::Unsupported };
    let error = store.compact().err();
    let kind = error.as_ref().map(Error::kind);
    assert!(kind == Some(ErrorKind::Busy) || kind == Some(expected), "compact: {error:?}");
    make(&mut transaction, &new, "a=2")?;
    transaction.commit()?;
    bed.settle()?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(everything(&snapshot, &bed.tree("t")?)?, "a=1 b=2");
    let new = bed.tree("a tree nobody has named yet")?;
    assert_eq!(everything(&snapshot, &new)?, "a=2", "a tree resolved within");
    Ok(())
}
