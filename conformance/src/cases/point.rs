//! One key at a time: what is stored is what is read, by every kind of write and read.

use arbour_core::{Batch, Durability, KvRead, KvStore, KvWrite, Result, Tree};

use super::ways::{WritePath, assert_keys, fill, read, value_for};
use crate::{Bed, Factory, apply_in_parts};

/// Case 1. A key that was never written is absent, however close it is to existing keys.
pub(super) fn get_missing_is_none<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    fill(bed.store(), &t, [&b"a\0"[..], b"aa", b"b"])?;
    bed.settle()?;
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    for key in [&b"a"[..], b"a\0\0", b"A", b"ab", b"aaa", b"b\0", b"c", b"\xff"] {
        assert_eq!(read(bed.store(), &t, key)?, None, "{}", key.escape_ascii());
    }
    assert_eq!(read(bed.store(), &u, b"b")?, None, "a key of another tree");
    Ok(())
}

/// Case 2. A value stored in any way can be read in every way.
pub(super) fn put_then_get<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    for path in WritePath::ALL {
        path.put(bed.store(), &t, path.key(), &value_for(path.key()))?;
        assert_eq!(read(bed.store(), &t, path.key())?, Some(value_for(path.key())), "{path:?}");
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    for path in WritePath::ALL {
        assert_eq!(read(bed.store(), &t, path.key())?, Some(value_for(path.key())), "{path:?}");
    }
    assert_keys(bed.store(), &t, &WritePath::ALL.map(WritePath::key))
}

/// Case 3. A later value replaces an earlier one, whether it is longer, shorter or empty.
pub(super) fn overwrite<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let long = [b'x'; 5_000];
    let values = [&b"first"[..], b"2", &long, b"", b"after the empty one", b"last"];
    for path in WritePath::ALL {
        for value in values {
            path.put(bed.store(), &t, path.key(), value)?;
            let found = read(bed.store(), &t, path.key())?;
            assert!(found.as_deref() == Some(value), "{path:?} of {} bytes", value.len());
        }
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    for path in WritePath::ALL {
        assert_eq!(read(bed.store(), &t, path.key())?, Some(b"last".to_vec()), "{path:?}");
    }
    assert_eq!(bed.store().snapshot()?.len(&t)?, WritePath::ALL.len() as u64, "entries");
    Ok(())
}

/// Case 4. Deleting an absent key succeeds, changes nothing and makes no tree.
pub(super) fn delete_missing_is_ok<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let (t, u) = (bed.tree("t")?, bed.tree("u")?);
    fill(bed.store(), &t, [&b"a"[..], b"c"])?;
    for path in WritePath::ALL {
        for key in [&b"a\0"[..], b"b", b"d"] {
            path.delete(bed.store(), &t, key)?;
            path.delete(bed.store(), &u, key)?;
        }
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_keys(bed.store(), &t, &[b"a", b"c"])?;
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"]);
    Ok(())
}

/// Case 5. A deleted key is absent in every kind of read, and can be stored again.
pub(super) fn delete_then_put<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    for path in WritePath::ALL {
        bed.store().put(&t, path.key(), b"old")?;
        path.delete(bed.store(), &t, path.key())?;
        assert_eq!(read(bed.store(), &t, path.key())?, None, "{path:?}");
        path.delete(bed.store(), &t, path.key())?;
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_keys(bed.store(), &t, &[])?;
    for path in WritePath::ALL {
        path.put(bed.store(), &t, path.key(), &value_for(path.key()))?;
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_keys(bed.store(), &t, &WritePath::ALL.map(WritePath::key))
}

/// Case 6. An empty value is a value, not an absent key. SQLite returns a null pointer for one.
pub(super) fn empty_value_is_not_absent<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    for path in WritePath::ALL {
        path.put(bed.store(), &t, path.key(), b"")?;
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    for path in WritePath::ALL {
        assert_eq!(read(bed.store(), &t, path.key())?, Some(Vec::new()), "{path:?}");
    }
    assert_eq!(bed.trees_of(&bed.store().snapshot()?)?, ["t"], "it makes its tree exist");
    bed.store().delete(&t, WritePath::Batch.key())?;
    assert_eq!(read(bed.store(), &t, WritePath::Batch.key())?, None);
    Ok(())
}

/// Case 12. A value may contain any byte, alone and together with all others.
pub(super) fn every_byte_in_values<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    let all: Vec<u8> = (0..=u8::MAX).collect();
    let mut batch = Batch::new();
    for byte in 0..=u8::MAX {
        batch.put(&t, &[b'k', byte], &[byte]);
    }
    apply_in_parts(bed.store(), batch, Durability::default())?;
    for path in WritePath::ALL {
        path.put(bed.store(), &t, path.key(), &all)?;
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    for byte in 0..=u8::MAX {
        assert_eq!(read(bed.store(), &t, &[b'k', byte])?, Some(vec![byte]));
    }
    for path in WritePath::ALL {
        assert_eq!(read(bed.store(), &t, path.key())?, Some(all.clone()), "{path:?}");
    }
    Ok(())
}

/// Case 13. Keys and values need not be text: those that a lossy decoding would merge stay
/// distinct.
pub(super) fn non_utf8_keys<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_all_distinct(
        bed,
        &[b"\x80", b"\xc3", b"\xc3\x28", b"\xed\xa0\x80", b"\xef\xbf\xbd", b"\xfe", b"\xff"],
    )
}

/// Keys that are equal as text (by case, spaces, composition, or as numbers) are different keys,
/// and such values are returned unchanged. A column with SQLite's text or number affinity would
/// change them.
pub(super) fn keys_that_text_would_merge<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let keys = ["+1", "01", "1", "1.0", "1e0", "A", "a", "a\t", "a ", "e\u{301}", "\u{e9}"];
    let keys = keys.map(str::as_bytes);
    assert_all_distinct(bed, &keys)?;
    let t = bed.tree("t")?;
    for key in keys {
        bed.store().put(&t, key, key)?;
    }
    bed.settle()?;
    let t = bed.tree("t")?;
    for key in keys {
        assert_eq!(read(bed.store(), &t, key)?.as_deref(), Some(key));
    }
    Ok(())
}

/// Case 14. Neither keys nor values end at a NUL.
pub(super) fn nul_bytes<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    // `value_for` puts the key, with its NULs, at the end of the value.
    assert_all_distinct(
        bed,
        &[b"\0", b"\0\0", b"\0a", b"\0b", b"a\0\0b", b"a\0b", b"a\0c", b"b\0"],
    )?;
    let t = bed.tree("t")?;
    let values = [&b"\0"[..], b"\0\0", b"\0x", b"x\0", b"x\0y"];
    for value in values {
        for path in WritePath::ALL {
            path.put(bed.store(), &t, path.key(), value)?;
            assert_eq!(read(bed.store(), &t, path.key())?.as_deref(), Some(value), "{path:?}");
        }
    }
    Ok(())
}

/// Case 15. A key and the same key followed by a NUL are two keys.
pub(super) fn nul_suffix_is_another_key<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    assert_all_distinct(bed, &[b"a", b"a\0", b"a\0\0"])?;
    let t = bed.tree("t")?;
    bed.store().delete(&t, b"a\0")?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_keys(bed.store(), &t, &[b"a", b"a\0\0"])
}

/// Case 16. `contains` agrees with `get` for every key, also in a transaction with writes of its
/// own.
pub(super) fn contains_agrees_with_get<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    bed.store().put(&t, b"stored", b"1")?;
    bed.store().put(&t, b"stored empty", b"")?;
    bed.store().put(&t, b"removed", b"1")?;
    bed.store().put(&t, b"removed later", b"1")?;
    bed.store().delete(&t, b"removed")?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let mut transaction = bed.store().begin()?;
    transaction.put(&t, b"put here", b"")?;
    transaction.delete(&t, b"removed later")?;
    let snapshot = bed.store().snapshot()?;
    let keys: [(&[u8], bool, bool); 6] = [
        (b"stored", true, true),
        (b"stored empty", true, true),
        (b"removed", false, false),
        (b"removed later", true, false),
        (b"put here", false, true),
        (b"never", false, false),
    ];
    for (key, committed, written) in keys {
        let key_shown = key.escape_ascii();
        assert_eq!(snapshot.contains(&t, key)?, committed, "{key_shown}: snapshot");
        assert_eq!(snapshot.get(&t, key)?.is_some(), committed, "{key_shown}: snapshot, get");
        assert_eq!(transaction.contains(&t, key)?, written, "{key_shown}: transaction");
        assert_eq!(transaction.get(&t, key)?.is_some(), written, "{key_shown}: transaction, get");
    }
    Ok(())
}

/// Case 17. Many keys are answered in the requested order, each as often as requested.
pub(super) fn multi_get_keeps_order_and_duplicates<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    let t = bed.tree("t")?;
    fill(bed.store(), &t, [b"a", b"b", b"c"])?;
    bed.settle()?;
    let t = bed.tree("t")?;
    let asked = [&b"c"[..], b"missing", b"a", b"c", b"c", b"b", b"missing", b"a"];
    let expected = asked.map(|key| (key != b"missing").then(|| value_for(key)));
    assert_eq!(many(&bed.store().snapshot()?, &t, &asked)?, expected);
    assert_eq!(many(&bed.store().begin()?, &t, &asked)?, expected);
    assert!(many(&bed.store().snapshot()?, &t, &[])?.is_empty(), "no key asked for");
    Ok(())
}

fn many<R: KvRead>(reader: &R, tree: &Tree, keys: &[&[u8]]) -> Result<Vec<Option<Vec<u8>>>> {
    let values = reader.multi_get(tree, keys)?;
    Ok(values.iter().map(|value| value.as_ref().map(|value| value.as_ref().to_vec())).collect())
}

/// Stores the keys, given in order, on every path, and asserts that each has its own value.
#[track_caller]
fn assert_all_distinct<F: Factory>(bed: &mut Bed<F>, keys: &[&[u8]]) -> Result<()> {
    for path in WritePath::ALL {
        let t = bed.tree("t")?;
        keys.iter().try_for_each(|key| path.delete(bed.store(), &t, key))?;
        assert_keys(bed.store(), &t, &[])?;
        for key in keys {
            path.put(bed.store(), &t, key, &value_for(key))?;
        }
        bed.settle()?;
        let t = bed.tree("t")?;
        for key in keys {
            assert_eq!(read(bed.store(), &t, key)?, Some(value_for(key)), "{path:?}");
        }
        assert_keys(bed.store(), &t, keys)?;
    }
    Ok(())
}
