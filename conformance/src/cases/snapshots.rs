//! Snapshots: all trees at the one moment the snapshot was taken.

use arbour_core::{Batch, Durability, KeyRange, KvRead, KvStore, KvWrite, Result, Tree};

use super::claims::{ascending, commit, descending, everything, make};
use crate::{Bed, Factory};

type Transaction<'s, F> = <<F as Factory>::Store as KvStore>::Transaction<'s>;

/// Asserts that a snapshot does not see a later change, whether it was read before the change or
/// not, and that a later snapshot does.
fn stays<F: Factory>(
    bed: &mut Bed<F>,
    change: impl Fn(&mut Transaction<'_, F>, &Tree) -> Result<()>,
    after: &str,
) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "b=1 d=1 f=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let (read, unread) = (store.snapshot()?, store.snapshot()?);
    assert_eq!(everything(&read, &t)?, "b=1 d=1 f=1");
    store.write(|transaction| {
        change(transaction, &t)?;
        assert_eq!(everything(&read, &t)?, "b=1 d=1 f=1", "it sees what is not committed");
        Ok::<_, arbour_core::Error>(())
    })?;
    assert_eq!(everything(&read, &t)?, "b=1 d=1 f=1", "of the snapshot that was read before");
    assert_eq!(everything(&unread, &t)?, "b=1 d=1 f=1", "of the snapshot that was not");
    assert_eq!(everything(&store.snapshot()?, &t)?, after, "of a snapshot taken afterwards");
    Ok(())
}

/// A later put of a new key changes nothing that a snapshot reads. Case 56. sled's iterators miss
/// some such inserts and show others.
pub(super) fn unaffected_by_put<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let after = "a=2 b=1 c=2 d=1 e=2 f=1 g=2";
    stays(bed, |transaction, t| make(transaction, t, "a=2 c=2 e=2 g=2"), after)
}

/// A later overwrite changes nothing that a snapshot reads. Case 57.
pub(super) fn unaffected_by_overwrite<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    stays(bed, |transaction, t| make(transaction, t, "b=2 d f=longer"), "b=2 d= f=longer")
}

/// A later delete changes nothing that a snapshot reads. Case 58. sled's iterators lose the key.
pub(super) fn unaffected_by_delete<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    stays(bed, |transaction, t| make(transaction, t, "-b -f"), "d=1")
}

/// A later range deletion, and later puts into its gap, change nothing that a snapshot reads.
pub(super) fn unaffected_by_delete_range<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let change = |transaction: &mut Transaction<'_, F>, t: &Tree| {
        transaction.delete_range(t, KeyRange::all())?;
        make(transaction, t, "e=2")
    };
    stays(bed, change, "e=2")
}

/// A one-shot or a batch, which may bypass transactions, does not reach a snapshot.
pub(super) fn unaffected_by_batch<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "b=1 d=1 f=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let before = store.snapshot()?;
    let mut batch = Batch::new();
    for (key, value) in [(b"a", b"2"), (b"b", b"2")] {
        batch.put(&t, key, value);
    }
    batch.delete(&t, b"d");
    store.apply(batch, Durability::default())?;
    store.put(&t, b"c", b"3")?;
    store.delete(&t, b"f")?;
    assert_eq!(everything(&before, &t)?, "b=1 d=1 f=1");
    assert_eq!(everything(&store.snapshot()?, &t)?, "a=2 b=2 c=3");
    Ok(())
}

/// A snapshot spans all trees: a tree that it reads late is of the same moment as one it read
/// early. Case 59.
pub(super) fn across_trees<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for name in ["t", "u"] {
        commit(bed.store(), &bed.tree(name)?, "a=1 b=1")?;
    }
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    let (v, unknown) = (bed.tree("v")?, bed.tree("never written before")?);
    let snapshot = store.snapshot()?;
    assert_eq!(everything(&snapshot, &t)?, "a=1 b=1");
    store.write(|transaction| {
        make(transaction, &t, "a=2 -b")?;
        make(transaction, &u, "a=2 -b c=2")?;
        make(transaction, &v, "a=2")?;
        make(transaction, &unknown, "a=2")
    })?;
    assert_eq!(everything(&snapshot, &u)?, "a=1 b=1", "the second tree is of a later moment");
    assert_eq!(everything(&snapshot, &v)?, "", "a tree that was empty then");
    assert_eq!(everything(&snapshot, &unknown)?, "", "a tree that did not exist then");
    assert_eq!(everything(&snapshot, &t)?, "a=1 b=1");
    Ok(())
}

/// A snapshot sees the moment it was taken, not the moment it is first read. Case 60. A DEFERRED
/// transaction of SQLite pins at the first read.
pub(super) fn pinned_at_begin<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    // Each is read for the first time in a different way.
    let [got, contained, scanned, reversed, counted, listed] = [(); 6].map(|()| store.snapshot());
    commit(store, &t, "a=2 -b c=2")?;
    commit(store, &u, "a=2")?;
    assert_eq!(got?.get_with(&t, b"a", <[u8]>::to_vec)?, Some(b"1".to_vec()));
    assert!(contained?.contains(&t, b"b")?);
    assert_eq!(ascending(&scanned?, &t, ..)?, "a=1 b=1");
    assert_eq!(descending(&reversed?, &t, ..)?, "b=1 a=1");
    assert_eq!(counted?.len(&t)?, 2);
    assert_eq!(bed.trees_of(&listed?)?, ["t"]);
    Ok(())
}

/// Two snapshots of different moments differ, and each stays as it is. Case 62.
pub(super) fn two_differ<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t) = (bed.store(), bed.tree("t")?);
    let first = store.snapshot()?;
    commit(store, &t, "a=2 -b c=2")?;
    let second = store.snapshot()?;
    commit(store, &t, "a=3 b=3 -c")?;
    let third = store.snapshot()?;
    for _ in 0..2 {
        assert_eq!(everything(&first, &t)?, "a=1 b=1");
        assert_eq!(everything(&third, &t)?, "a=3 b=3");
        assert_eq!(everything(&second, &t)?, "a=2 c=2");
    }
    drop(first);
    commit(store, &t, "-a -b")?;
    assert_eq!(everything(&second, &t)?, "a=2 c=2", "after an older one was dropped");
    drop(third);
    assert_eq!(everything(&second, &t)?, "a=2 c=2", "after a newer one was dropped");
    Ok(())
}

/// The list of trees is pinned too: a tree that was filled later is not in it, and a tree that was
/// emptied later is.
pub(super) fn tree_list_is_pinned<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    commit(bed.store(), &bed.tree("t")?, "a=1")?;
    commit(bed.store(), &bed.tree("u")?, "a=1 b=1")?;
    bed.settle()?;
    let (store, t, u, v) = (bed.store(), bed.tree("t")?, bed.tree("u")?, bed.tree("v")?);
    let (listed, unlisted) = (store.snapshot()?, store.snapshot()?);
    assert_eq!(bed.trees_of(&listed)?, ["t", "u"]);
    store.write(|transaction| {
        make(transaction, &t, "-a")?;
        make(transaction, &u, "-a")?;
        make(transaction, &v, "a=1")
    })?;
    assert_eq!(bed.trees_of(&listed)?, ["t", "u"]);
    assert_eq!(bed.trees_of(&unlisted)?, ["t", "u"], "of the snapshot first read afterwards");
    assert_eq!(bed.trees_of(&store.snapshot()?)?, ["u", "v"]);
    Ok(())
}

/// Many snapshots of one key's many values exist at the same time and are dropped in any order.
pub(super) fn many_versions_of_one_key<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (store, t) = (bed.store(), bed.tree("t")?);
    // A transaction may need one too.
    let versions = bed.capabilities().snapshots_max.map_or(40, |most| most.min(41) - 1);
    let mut living = Vec::new();
    for version in 0..versions {
        living.push((version, store.snapshot()?));
        // Every fourth time the key is absent.
        match version % 4 {
            3 => commit(store, &t, "-k")?,
            _ => commit(store, &t, &format!("k={version}"))?,
        }
    }
    // Every third one is dropped at a time, so that the remaining ones are never just the oldest.
    for dropped in 0..3 {
        for (version, snapshot) in &living {
            let expected = match version.checked_sub(1) {
                Some(before) if before % 4 != 3 => format!("k={before}"),
                _ => String::new(),
            };
            assert_eq!(ascending(snapshot, &t, ..)?, expected, "of version {version}");
        }
        living.retain(|(version, _)| version % 3 != dropped);
        commit(store, &t, "k=now")?;
    }
    assert_eq!(everything(&store.snapshot()?, &t)?, "k=now");
    Ok(())
}
