//! Batches: all of the writes, in their order, or none.

use std::collections::BTreeMap;

use arbour_core::engine::Write;
use arbour_core::{Batch, Durability, ErrorKind, KvRead, KvStore, KvWrite, Result, StoreOptions};

use super::claims::refused;
use super::ways::{add, assert_keys, fill, read, value_for};
use crate::{Bed, Factory, entries};

/// A key named for the writes made to it in order, those writes, and what they leave.
type Order<'k> = (&'k [u8], &'k [Option<&'k [u8]>], Option<&'k [u8]>);

/// Case 87. Of several writes to one key the last one counts, whether it is a put or a delete.
/// grovedb let a put win over a later delete.
pub(super) fn ordered_duplicates<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let orders: [Order<'_>; 8] = [
        (b"put put", &[Some(b"1"), Some(b"2")], Some(b"2")),
        (b"put delete", &[Some(b"1"), None], None),
        (b"delete put", &[None, Some(b"1")], Some(b"1")),
        (b"put delete put", &[Some(b"1"), None, Some(b"2")], Some(b"2")),
        (b"delete put delete", &[None, Some(b"1"), None], None),
        (b"put put delete", &[Some(b"1"), Some(b"2"), None], None),
        (b"delete delete put", &[None, None, Some(b"9")], Some(b"9")),
        (b"put the greater first", &[Some(b"9"), Some(b"1"), Some(b"")], Some(b"")),
    ];
    for stored_before in [false, true] {
        let t = bed.tree("t")?;
        let mut batch = Batch::new();
        for (key, writes, _) in orders {
            if stored_before {
                bed.store().put(&t, key, b"before")?;
            }
            for value in writes {
                add(&mut batch, &Write { tree: &t, key, value: *value });
            }
        }
        bed.store().apply(batch, Durability::default())?;
        bed.settle()?;
        let t = bed.tree("t")?;
        for (key, _, expected) in orders {
            let found = read(bed.store(), &t, key)?;
            assert_eq!(found.as_deref(), expected, "{}", key.escape_ascii());
            bed.store().delete(&t, key)?;
        }
    }
    Ok(())
}

/// A long run of puts and deletes of a few keys leaves the same entries as making them one by one.
pub(super) fn same_as_one_by_one<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let mut expected = [BTreeMap::new(), BTreeMap::new()];
    // A generator with a fixed seed, so that a failure repeats.
    let mut state: u32 = 1;
    for _ in 0..20 {
        let trees = [bed.tree("t")?, bed.tree("u")?];
        let mut batch = Batch::new();
        for turn in 0..100_u32 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let choice = state >> 16;
            let key = vec![b'k', (choice % 7) as u8];
            let side = usize::from(choice % 11 > 5);
            let (Some(tree), Some(model)) = (trees.get(side), expected.get_mut(side)) else {
                continue;
            };
            if choice % 5 < 3 {
                let value = turn.to_be_bytes().to_vec();
                batch.put(tree, &key, &value);
                model.insert(key, value);
            } else {
                batch.delete(tree, &key);
                model.remove(&key);
            }
        }
        bed.store().apply(batch, Durability::default())?;
        bed.settle()?;
        for (name, model) in ["t", "u"].into_iter().zip(&expected) {
            let found = entries(bed.store().snapshot()?.prefix(&bed.tree(name)?, b"")?)?;
            assert!(found.iter().map(|(key, value)| (key, value)).eq(model), "{name}: {found:?}");
        }
    }
    Ok(())
}

/// Case 88. If one write is refused, none is made, wherever it is in the batch. go-datastore's
/// basic batch wrote the writes before the refused one.
pub(super) fn all_or_nothing<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    fill(bed.store(), &t, [b"a", b"b"])?;
    let over_long = vec![b'k'; bed.capabilities().limits.key_bytes_max + 1];
    for position in 0..=4 {
        let (t, u) = (bed.tree("t")?, bed.tree("u")?);
        let writes = [
            Write { tree: &t, key: b"a", value: None },
            Write { tree: &u, key: b"a", value: Some(b"1") },
            Write { tree: &t, key: b"b", value: Some(b"changed") },
            Write { tree: &t, key: b"c", value: Some(b"1") },
        ];
        let (before, after) = writes.split_at(position);
        let refused_write = Write { tree: &t, key: &over_long, value: Some(b"1") };
        let mut batch = Batch::new();
        for write in before.iter().chain([&refused_write]).chain(after) {
            add(&mut batch, write);
        }
        let applied = bed.store().apply(batch, Durability::default());
        refused(applied, ErrorKind::TooLarge, "a batch with a key too long");
        bed.settle()?;
        assert_keys(bed.store(), &bed.tree("t")?, &[b"a", b"b"])?;
        assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"], "at position {position}");
    }
    Ok(())
}

/// Case 89. An empty batch succeeds and changes nothing, and so does a batch that was cleared.
pub(super) fn empty<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    fill(bed.store(), &t, [b"a"])?;
    for durability in Durability::ALL {
        bed.store().apply(Batch::new(), durability)?;
        let mut emptied = Batch::new();
        emptied.put(&u, b"a", b"1");
        emptied.delete(&t, b"a");
        emptied.clear();
        bed.store().apply(emptied, durability)?;
    }
    bed.settle()?;
    assert_keys(bed.store(), &bed.tree("t")?, &[b"a"])?;
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"]);
    Ok(())
}

/// Case 90. A batch that was cleared holds only the writes added after that. A batch that is
/// applied twice, or extended after it was applied, makes its writes again.
pub(super) fn cleared_and_reused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    let mut batch = Batch::new();
    batch.put(&t, b"cleared", b"1");
    batch.put(&u, b"cleared", b"1");
    batch.clear();
    assert!(batch.is_empty() && batch.byte_len() == 0);
    batch.put(&u, b"a", &value_for(b"a"));
    batch.delete(&u, b"b");
    bed.store().apply(batch.clone(), Durability::default())?;
    assert_keys(bed.store(), &u, &[b"a"])?;
    bed.store().delete(&u, b"a")?;
    fill(bed.store(), &u, [b"b"])?;
    batch.put(&u, b"c", &value_for(b"c"));
    bed.store().apply(batch, Durability::default())?;
    bed.settle()?;
    assert_keys(bed.store(), &bed.tree("u")?, &[b"a", b"c"])?;
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["u"]);
    Ok(())
}

/// Case 91. A batch spans trees, in turn: each write goes to its own tree.
pub(super) fn across_trees<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, u, v) = (bed.tree("t")?, bed.tree("u")?, bed.tree("v")?);
    fill(bed.store(), &v, [b"a", b"b"])?;
    let mut batch = Batch::new();
    for key in [&b"a"[..], b"b", b"c"] {
        batch.put(&t, key, &value_for(key));
        batch.delete(&v, key);
        batch.put(&u, key, b"not the one for it");
        batch.put(&t, key, &value_for(key));
    }
    batch.delete(&t, b"b");
    batch.put(&v, b"z", &value_for(b"z"));
    let before = bed.store().snapshot()?;
    bed.store().apply(batch, Durability::default())?;
    assert_eq!(bed.trees_of(&before)?, ["v"], "a snapshot sees none of it");
    drop(before);
    bed.settle()?;
    assert_keys(bed.store(), &bed.tree("t")?, &[b"a", b"c"])?;
    assert_keys(bed.store(), &bed.tree("v")?, &[b"z"])?;
    let u = bed.tree("u")?;
    for key in [b"a", b"b", b"c"] {
        assert_eq!(read(bed.store(), &u, key)?, Some(b"not the one for it".to_vec()));
    }
    Ok(())
}

/// If a batch contains a handle of another store, anywhere, the whole batch is refused.
pub(super) fn foreign_handle_refused<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let other = bed.factory().open(&bed.other_path("other"), &StoreOptions::new())?;
    let foreign = other.tree("t")?;
    for position in 0..3 {
        for value in [Some(&b"1"[..]), None] {
            let t = bed.tree("t")?;
            let mut batch = Batch::new();
            for turn in 0..3 {
                if turn == position {
                    add(&mut batch, &Write { tree: &foreign, key: b"a", value });
                } else {
                    batch.put(&t, b"a", b"1");
                }
            }
            let applied = bed.store().apply(batch, Durability::default());
            refused(applied, ErrorKind::InvalidArgument, "a batch with a foreign handle");
        }
    }
    bed.settle()?;
    assert_keys(bed.store(), &bed.tree("t")?, &[])?;
    assert_keys(&other, &foreign, &[])?;
    other.close()
}

/// Ten thousand writes are a batch like any other, and a transaction takes as many.
pub(super) fn large<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    // Three writes for two keys.
    let count = (bed.capabilities().limits.transaction_writes_max / 6 * 4).min(10_000);
    let keys: Vec<String> = (0..count).map(|number| format!("{number:05}")).collect();
    let odd: Vec<&[u8]> = keys.iter().skip(1).step_by(2).map(String::as_bytes).collect();
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    let mut batch = Batch::new();
    for key in &keys {
        batch.put(&t, key.as_bytes(), &value_for(key.as_bytes()));
    }
    for key in keys.iter().step_by(2) {
        batch.delete(&t, key.as_bytes());
    }
    bed.store().apply(batch, Durability::default())?;
    bed.store().write(|transaction| {
        for key in &odd {
            transaction.put(&u, key, &value_for(key))?;
        }
        Ok::<_, arbour_core::Error>(())
    })?;
    bed.settle()?;
    assert_keys(bed.store(), &bed.tree("t")?, &odd)?;
    assert_keys(bed.store(), &bed.tree("u")?, &odd)
}

/// A batch is visible when `apply` returns, at any durability, and still there after a `sync`.
pub(super) fn visible_at_every_durability<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let keys: [&[u8]; 3] = [b"a", b"b", b"c"];
    for (durability, key) in Durability::ALL.into_iter().zip(keys).rev() {
        let mut batch = Batch::new();
        batch.put(&t, key, &value_for(key));
        bed.store().apply(batch, durability)?;
        assert_eq!(read(bed.store(), &t, key)?, Some(value_for(key)), "{durability}");
    }
    bed.store().sync()?;
    bed.settle()?;
    assert_keys(bed.store(), &bed.tree("t")?, &keys)
}
