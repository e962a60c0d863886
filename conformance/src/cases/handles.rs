//! Handles of another store, and of a store that was closed: refused wherever a handle is accepted.

use arbour_core::engine::Write;
use arbour_core::{
    Batch, Direction, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Result,
    StoreOptions, Tree, Update,
};

use super::claims::refused;
use super::ways::{WritePath, assert_keys, fill, value_for};
use crate::harness::Undisturbed;
use crate::{Bed, Factory};

/// Case 53. Every read refuses a handle of another store, even if both stores have a tree of that
/// name.
pub(super) fn foreign_handle_refused_by_reads<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    let t = bed.tree("t")?;
    fill(bed.store(), &t, [b"a"])?;
    let other = bed.factory().open(&bed.other_path("other"), &StoreOptions::new())?;
    let foreign = other.tree("t")?;
    assert!(foreign != t, "handles of two stores are not equal");
    fill(&other, &foreign, [b"b"])?;
    assert_reads_refused(&bed.store().snapshot()?, &foreign)?;
    let mut transaction = bed.store().begin()?;
    assert_reads_refused(&transaction, &foreign)?;
    transaction.savepoint(|savepoint| assert_reads_refused(savepoint, &foreign))?;
    transaction.put(&t, b"c", &value_for(b"c"))?;
    assert_reads_refused(&transaction, &foreign)?;
    transaction.commit()?;
    refused(bed.store().get(&foreign, b"b"), ErrorKind::InvalidArgument, "get");
    assert_reads_refused(&other.snapshot()?, &t)?;
    assert_keys(bed.store(), &t, &[b"a", b"c"])?;
    assert_keys(&other, &foreign, &[b"b"])?;
    other.close()
}

/// Case 53. Every write refuses it too, and then neither store changes; a transaction continues.
pub(super) fn foreign_handle_refused_by_writes<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    let t = bed.tree("t")?;
    fill(bed.store(), &t, [b"a"])?;
    let other = bed.factory().open(&bed.other_path("other"), &StoreOptions::new())?;
    let foreign = other.tree("t")?;
    fill(&other, &foreign, [b"b"])?;
    assert_writes_refused(bed.store(), &foreign)?;
    let mut transaction = bed.store().begin()?;
    transaction.put(&t, b"c", &value_for(b"c"))?;
    let kind = ErrorKind::InvalidArgument;
    refused(transaction.put(&foreign, b"b", b"changed"), kind, "put");
    refused(transaction.delete(&foreign, b"b"), kind, "delete");
    refused(transaction.delete_range(&foreign, KeyRange::all()), kind, "delete_range");
    let check = transaction.check(&Write { tree: &foreign, key: b"b", value: None });
    refused(check, kind, "check");
    transaction.savepoint(|savepoint| {
        savepoint.put(&t, b"d", &value_for(b"d"))?;
        refused(savepoint.put(&foreign, b"b", b"changed"), kind, "put in a savepoint");
        refused(savepoint.delete(&foreign, b"b"), kind, "delete in a savepoint");
        let removed = savepoint.delete_range(&foreign, KeyRange::all());
        refused(removed, kind, "delete_range in a savepoint");
        Ok::<_, Error>(())
    })?;
    transaction.commit()?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_keys(bed.store(), &t, &[b"a", b"c", b"d"])?;
    assert_keys(&other, &foreign, &[b"b"])?;
    other.close()
}

/// A handle that was resolved before the store was closed belongs to another store once it is
/// opened again, and is refused by both the new and the old one.
pub(super) fn handle_of_closed_store_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let old = bed.tree("t")?;
    fill(bed.store(), &old, [b"a"])?;
    bed.reopen()?;
    let new = bed.tree("t")?;
    bed.store().put(&new, b"b", b"1")?;
    bed.store().delete(&new, b"a")?;
    assert!(old != new, "handles of two stores are not equal");
    assert_reads_refused(&bed.store().snapshot()?, &old)?;
    assert_writes_refused(bed.store(), &old)?;
    assert_eq!(bed.store().get(&new, b"b")?, Some(b"1".to_vec()));
    assert_eq!(bed.store().snapshot()?.len(&new)?, 1);
    Ok(())
}

fn assert_reads_refused<R: KvRead>(reader: &R, foreign: &Tree) -> Result<()> {
    let kind = ErrorKind::InvalidArgument;
    refused(reader.get(foreign, b"b").map(drop), kind, "get");
    refused(reader.get(foreign, b"missing").map(drop), kind, "get of what is not there");
    refused(reader.get_with(foreign, b"b", drop_bytes), kind, "get_with");
    refused(reader.contains(foreign, b"b"), kind, "contains");
    refused(reader.multi_get(foreign, &[b"b", b"c"]).map(drop), kind, "multi_get");
    refused(reader.prefix(foreign, b"b").map(drop), kind, "prefix");
    refused(reader.first(foreign, KeyRange::all()), kind, "first");
    refused(reader.last(foreign, KeyRange::all()), kind, "last");
    refused(reader.len(foreign), kind, "len");
    for direction in [Direction::Forward, Direction::Reverse] {
        refused(reader.scan(foreign, KeyRange::all(), direction).map(drop), kind, "scan");
        let inverted = KeyRange::new(&b"z"[..]..&b"a"[..]);
        refused(reader.scan(foreign, inverted, direction).map(drop), kind, "an empty scan");
    }
    Ok(())
}

fn drop_bytes(_: &[u8]) {}

fn assert_writes_refused<S: KvStore>(store: &S, foreign: &Tree) -> Result<()> {
    let kind = ErrorKind::InvalidArgument;
    for path in WritePath::ALL {
        refused(path.put(store, foreign, b"b", b"changed"), kind, path.name());
        refused(path.delete(store, foreign, b"b"), kind, path.name());
    }
    refused(store.compare_and_swap(foreign, b"b", None, None), kind, "compare_and_swap");
    refused(store.fetch_and_update(foreign, b"b", |_| Update::Delete), kind, "fetch_and_update");
    let removed = store.write(|transaction| transaction.delete_range(foreign, KeyRange::all()));
    refused(removed, kind, "delete_range");
    let mut batch = Batch::new();
    batch.delete(foreign, b"b");
    refused(store.apply(batch, Durability::None), kind, "a batch");
    Ok(())
}
