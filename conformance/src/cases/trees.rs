//! Trees: their names, their separation, and their handles.

use std::hash::{BuildHasher, RandomState};

use arbour_core::engine::TreeName;
use arbour_core::{Batch, Durability, KeyRange, KvRead, KvStore, KvWrite, Result};

use super::ways::{WritePath, assert_keys, fill, read, value_for};
use crate::harness::Undisturbed;
use crate::{Bed, Factory, entries};

/// Case 45. The same key in two trees is two entries, and deleting everything in one leaves the
/// other.
pub(super) fn isolated<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let names = ["t", "u", "v"];
    for path in WritePath::ALL {
        for name in names {
            let tree = bed.tree(name)?;
            for key in [&b"\0"[..], b"a", b"\xff"] {
                path.put(bed.store(), &tree, key, name.as_bytes())?;
            }
        }
        path.delete(bed.store(), &bed.tree("u")?, b"a")?;
        bed.settle()?;
        for (name, count) in names.into_iter().zip([3, 2, 3]) {
            let tree = bed.tree(name)?;
            assert_eq!(read(bed.store(), &tree, b"\0")?.as_deref(), Some(name.as_bytes()));
            let found = entries(bed.store().snapshot()?.prefix(&tree, b"")?)?;
            assert_eq!(found.len(), count, "{name}: {found:?}");
            assert!(found.iter().all(|(_, value)| value == name.as_bytes()), "{name}: {found:?}");
        }
    }
    let t = bed.tree("t")?;
    bed.store().write(|transaction| transaction.delete_range(&t, KeyRange::all()))?;
    bed.settle()?;
    for (name, count) in names.into_iter().zip([0, 2, 3]) {
        assert_eq!(bed.store().snapshot()?.len(&bed.tree(name)?)?, count, "{name}");
    }
    Ok(())
}

/// Case 46. Resolving a name creates nothing, and resolving it twice gives the same handle; a
/// handle that was resolved before the first write is good after it.
pub(super) fn resolved_twice_is_equal<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (early, again) = (bed.tree("t")?, bed.tree("t")?);
    assert!(bed.trees_of(&bed.store().snapshot()?)?.is_empty(), "resolving made a tree");
    bed.store().put(&early, b"a", b"1")?;
    let late = bed.tree("t")?;
    let hasher = RandomState::new();
    for other in [&again, &late, &early.clone()] {
        assert!(*other == early, "handles of one tree are equal");
        assert_eq!(hasher.hash_one(other), hasher.hash_one(&early), "and so are their hashes");
        assert_eq!(other.name(), "t");
        assert_eq!(read(bed.store(), other, b"a")?, Some(b"1".to_vec()));
    }
    assert!(bed.tree("u")? != early, "handles of two trees are not");
    bed.store().delete(&late, b"a")?;
    assert_eq!(read(bed.store(), &early, b"a")?, None);
    Ok(())
}

/// Case 47. Exactly the trees that hold an entry are listed, each once, sorted by bytes.
pub(super) fn listed_sorted<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert!(bed.trees_of(&bed.store().snapshot()?)?.is_empty(), "a new store has no trees");
    let names = ["0", "Z", "a", "t", "u", "z", "\u{e9}", "\u{ffff}", "\u{10000}"];
    for name in names.iter().rev() {
        let tree = bed.tree(name)?;
        fill(bed.store(), &tree, [b"a", b"b"])?;
    }
    let (v, emptied) = (bed.tree("v")?, bed.tree("emptied")?);
    bed.store().delete(&v, b"a")?;
    bed.store().put(&emptied, b"a", b"1")?;
    bed.store().delete(&emptied, b"a")?;
    bed.settle()?;
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, names);
    assert_eq!(bed.trees_of(&bed.store().begin()?)?, names, "in a transaction");
    Ok(())
}

/// Case 48. A tree is its entries: it disappears with the last one, however that is deleted, and
/// returns with the next.
pub(super) fn emptied_and_refilled<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    for path in WritePath::ALL {
        for by_range in [false, true] {
            let t = bed.tree("t")?;
            assert!(bed.trees_of(&bed.store().snapshot()?)?.is_empty(), "{path:?}");
            path.put(bed.store(), &t, b"a", &value_for(b"a"))?;
            path.put(bed.store(), &t, b"b", &value_for(b"b"))?;
            assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"], "{path:?}");
            path.delete(bed.store(), &t, b"a")?;
            assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"], "{path:?}: one is left");
            if by_range {
                bed.store().write(|transaction| transaction.delete_range(&t, KeyRange::all()))?;
            } else {
                path.delete(bed.store(), &t, b"b")?;
            }
            bed.settle()?;
            let t = bed.tree("t")?;
            assert!(bed.trees_of(&bed.store().snapshot()?)?.is_empty(), "{path:?}: none is left");
            assert_keys(bed.store(), &t, &[])?;
            path.put(bed.store(), &t, b"c", &value_for(b"c"))?;
            bed.settle()?;
            let t = bed.tree("t")?;
            assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"], "{path:?}: refilled");
            assert_keys(bed.store(), &t, &[b"c"])?;
            path.delete(bed.store(), &t, b"c")?;
        }
    }
    Ok(())
}

/// Case 50. Neither a tree's name nor its keys mix with those of a tree with a longer name.
pub(super) fn prefix_names_do_not_bleed<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    // Name and key together make the same string in many ways.
    let filled: [(&str, [&[u8]; 2]); 6] = [
        ("a", [b"bc", b"\xff\xff"]),
        ("a\u{1}", [b"b", b"bc"]),
        ("a/", [b"b", b"c"]),
        ("ab", [b"\0", b"c"]),
        ("ab/", [b"c", b"c\0"]),
        ("abc", [b"\0", b"\xff"]),
    ];
    for (name, keys) in filled {
        let tree = bed.tree(name)?;
        fill(bed.store(), &tree, keys)?;
    }
    bed.settle()?;
    for (name, keys) in filled {
        assert_keys(bed.store(), &bed.tree(name)?, &keys)?;
    }
    let shortest = bed.tree("a")?;
    bed.store().write(|transaction| transaction.delete_range(&shortest, KeyRange::all()))?;
    bed.settle()?;
    assert_keys(bed.store(), &bed.tree("a")?, &[])?;
    for (name, keys) in filled.into_iter().skip(1) {
        assert_keys(bed.store(), &bed.tree(name)?, &keys)?;
    }
    Ok(())
}

/// Case 51. A tree that was never written reads as empty, and deleting from it does nothing. redb
/// fails to open a table that was never made.
pub(super) fn missing_reads_empty<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let u = bed.tree("u")?;
    bed.store().put(&u, b"a", b"1")?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(read(bed.store(), &t, b"a")?, None);
    assert_keys(bed.store(), &t, &[])?;
    for path in WritePath::ALL {
        path.delete(bed.store(), &t, b"a")?;
    }
    let mut transaction = bed.store().begin()?;
    assert_eq!(transaction.multi_get(&t, &[b"a", b"b"])?.len(), 2);
    transaction.delete_range(&t, KeyRange::prefix(b"a"))?;
    assert_eq!(transaction.len(&t)?, 0);
    transaction.put(&t, b"a", b"1")?;
    assert_eq!(transaction.len(&t)?, 1, "its first entry, after it was read empty");
    transaction.rollback()?;
    assert_eq!(read(bed.store(), &t, b"a")?, None, "rolled back");
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["u"]);
    Ok(())
}

/// Case 52. A tree that was first written after a snapshot was taken reads as empty in it, wherever
/// the handle was resolved.
pub(super) fn created_after_snapshot<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let before = bed.store().snapshot()?;
    let u = bed.tree("u")?;
    for tree in [&t, &u] {
        fill(bed.store(), tree, [b"a"])?;
        assert!(before.get(tree, b"a")?.is_none(), "get");
        assert!(entries(before.prefix(tree, b"")?)?.is_empty(), "scan");
        assert_eq!(before.len(tree)?, 0, "len");
    }
    assert!(bed.trees_of(&before)?.is_empty(), "trees");
    drop(before);
    bed.settle()?;
    for name in ["t", "u"] {
        assert_keys(bed.store(), &bed.tree(name)?, &[b"a"])?;
    }
    Ok(())
}

/// A name can be resolved while this thread holds a transaction, and the handle is good in it; if
/// the transaction is rolled back, the tree does not exist.
pub(super) fn resolved_beside_a_transaction<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    for commit in [false, true] {
        let mut transaction = bed.store().begin()?;
        let t = bed.tree("t")?;
        assert_eq!(transaction.len(&t)?, 0);
        transaction.put(&t, b"a", &value_for(b"a"))?;
        let again = bed.tree("t")?;
        assert!(transaction.contains(&again, b"a")?);
        assert!(bed.trees_of(&bed.store().snapshot()?)?.is_empty(), "uncommitted");
        let expected: &[&[u8]] = if commit { &[b"a"] } else { &[] };
        if commit {
            transaction.commit()?
        } else {
            transaction.rollback()?
        };
        assert_eq!(bed.trees_of(&bed.store().snapshot()?)?.len(), expected.len());
        assert_keys(bed.store(), &again, expected)?;
    }
    bed.settle()?;
    assert_keys(bed.store(), &bed.tree("t")?, &[b"a"])
}

/// A snapshot and a transaction resolve names as their store does, also one that the store has never
/// resolved.
pub(super) fn resolved_in_a_transaction<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let _undisturbed = Undisturbed::new();
    let name = TreeName::new("only here")?;
    let mut transaction = bed.store().begin()?;
    let t = transaction.open_tree(name)?;
    transaction.put(&t, b"a", &value_for(b"a"))?;
    assert!(transaction.contains(&t, b"a")?);
    transaction.commit()?;
    let snapshot = bed.store().snapshot()?;
    assert!(snapshot.open_tree(name)? == bed.store().open_tree(name)?, "they are one tree");
    drop(snapshot);
    bed.settle()?;
    assert_keys(bed.store(), &bed.store().open_tree(name)?, &[b"a"])
}

/// Case 54. A thousand trees work as well as three.
pub(super) fn a_thousand<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let names: Vec<String> = (0..1_000).map(|number| format!("tree {number:03}")).collect();
    let mut batch = Batch::new();
    for name in &names {
        batch.put(&bed.tree(name)?, b"name", name.as_bytes());
    }
    bed.store().apply(batch, Durability::default())?;
    bed.settle()?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(bed.trees_of(&snapshot)?, names);
    for name in &names {
        let found =
            snapshot.get_with(&bed.tree(name)?, b"name", |value| value == name.as_bytes())?;
        assert_eq!(found, Some(true), "{name}");
    }
    Ok(())
}

/// Case 55. Two handles of one tree, and two trees in turn, work in one transaction and in one
/// snapshot. redb fails to open a table twice.
pub(super) fn two_handles_in_one_transaction<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, again, u) = (bed.tree("t")?, bed.tree("t")?, bed.tree("u")?);
    bed.store().write(|transaction| {
        for key in [&b"a"[..], b"b", b"c"] {
            transaction.put(&t, key, &value_for(key))?;
            transaction.put(&u, key, &value_for(key))?;
            assert!(transaction.contains(&again, key)?, "written by the other handle");
        }
        assert_eq!(entries(transaction.prefix(&t, b"")?)?, entries(transaction.prefix(&u, b"")?)?);
        transaction.delete(&again, b"b")?;
        assert!(!transaction.contains(&t, b"b")?, "deleted by the other handle");
        assert!(transaction.contains(&u, b"b")?);
        transaction.delete_range(&u, KeyRange::prefix(b"c"))
    })?;
    bed.settle()?;
    let (t, again, u) = (bed.tree("t")?, bed.tree("t")?, bed.tree("u")?);
    let snapshot = bed.store().snapshot()?;
    let (one, other) = (snapshot.prefix(&t, b"")?, snapshot.prefix(&again, b"")?);
    assert_eq!(entries(one)?, entries(other)?);
    assert_keys(bed.store(), &again, &[b"a", b"c"])?;
    assert_keys(bed.store(), &u, &[b"a", b"b"])
}
