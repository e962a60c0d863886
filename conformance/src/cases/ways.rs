//! The ways to write to a store and to read from it. A case that tries them all finds an engine on
//! which they differ.

use arbour_core::engine::Write;
use arbour_core::{Batch, Direction, Durability, KeyRange, KvRead, KvStore, KvWrite, Result, Tree};

use crate::{apply_in_parts, entries};

/// A way to make a write.
#[derive(Clone, Copy, Debug)]
pub(super) enum WritePath {
    Batch,
    OneShot,
    Savepoint,
    Transaction,
}

impl WritePath {
    /// Every path, in the order of their names.
    pub(super) const ALL: [Self; 4] =
        [Self::Batch, Self::OneShot, Self::Savepoint, Self::Transaction];

    /// Returns the name of the path, which is also the key that is written on it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::OneShot => "one-shot",
            Self::Savepoint => "savepoint",
            Self::Transaction => "transaction",
        }
    }

    pub(super) fn key(self) -> &'static [u8] {
        self.name().as_bytes()
    }

    pub(super) fn put<S: KvStore>(
        self,
        store: &S,
        tree: &Tree,
        key: &[u8],
        value: &[u8],
    ) -> Result<()> {
        self.write(store, &Write { tree, key, value: Some(value) })
    }

    pub(super) fn delete<S: KvStore>(self, store: &S, tree: &Tree, key: &[u8]) -> Result<()> {
        self.write(store, &Write { tree, key, value: None })
    }

    pub(super) fn write<S: KvStore>(self, store: &S, write: &Write<'_>) -> Result<()> {
        match (self, write.value) {
            (Self::OneShot, Some(value)) => store.put(write.tree, write.key, value),
            (Self::OneShot, None) => store.delete(write.tree, write.key),
            (Self::Batch, _) => {
                let mut batch = Batch::new();
                add(&mut batch, write);
                store.apply(batch, Durability::default())
            }
            (Self::Transaction, _) => store.write(|transaction| make(transaction, write)),
            (Self::Savepoint, _) => {
                store.write(|transaction| transaction.savepoint(|savepoint| make(savepoint, write)))
            }
        }
    }
}

/// Adds a write to a batch.
pub(super) fn add(batch: &mut Batch, write: &Write<'_>) {
    match write.value {
        Some(value) => batch.put(write.tree, write.key, value),
        None => batch.delete(write.tree, write.key),
    }
}

/// Makes a write in a transaction.
pub(super) fn make<W: KvWrite>(transaction: &mut W, write: &Write<'_>) -> Result<()> {
    match write.value {
        Some(value) => transaction.put(write.tree, write.key, value),
        None => transaction.delete(write.tree, write.key),
    }
}

/// Gets a value in every possible way, in a snapshot and in a transaction; all of them have to
/// agree.
#[track_caller]
pub(super) fn read<S: KvStore>(store: &S, tree: &Tree, key: &[u8]) -> Result<Option<Vec<u8>>> {
    let value = store.get(tree, key)?;
    assert_read(&store.snapshot()?, tree, key, value.as_deref(), "a snapshot")?;
    assert_read(&store.begin()?, tree, key, value.as_deref(), "a transaction")?;
    Ok(value)
}

#[track_caller]
fn assert_read<R: KvRead>(
    reader: &R,
    tree: &Tree,
    key: &[u8],
    value: Option<&[u8]>,
    of: &str,
) -> Result<()> {
    let shown = key.get(..48).unwrap_or(key).escape_ascii();
    let found = reader.get(tree, key)?;
    assert!(found.as_ref().map(AsRef::as_ref) == value, "get of {of} differs for {shown}");
    let same = reader.get_with(tree, key, |found| Some(found) == value)?;
    assert_eq!(same, value.map(|_| true), "get_with of {of} differs for {shown}");
    let present = reader.contains(tree, key)?;
    assert_eq!(present, value.is_some(), "contains of {of} differs for {shown}");
    let expected: Vec<_> = value.iter().map(|value| (key.to_vec(), value.to_vec())).collect();
    for direction in [Direction::Forward, Direction::Reverse] {
        let found = entries(reader.scan(tree, KeyRange::new(key..=key), direction)?)?;
        assert!(found == expected, "a {direction:?} scan of {of} differs for {shown}");
    }
    Ok(())
}

/// Returns the value that [`fill`] stores under a key.
pub(super) fn value_for(key: &[u8]) -> Vec<u8> {
    [b"value of ", key].concat()
}

/// Stores a distinct value under each key.
pub(super) fn fill<S: KvStore>(
    store: &S,
    tree: &Tree,
    keys: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Result<()> {
    let mut batch = Batch::new();
    for key in keys {
        batch.put(tree, key.as_ref(), &value_for(key.as_ref()));
    }
    apply_in_parts(store, batch, Durability::default())
}

/// Asserts which keys of [`fill`] are in a range: in both directions, in a snapshot and in a
/// transaction.
#[track_caller]
pub(super) fn assert_range<S: KvStore>(
    store: &S,
    tree: &Tree,
    range: &KeyRange<'_>,
    expected: &[&[u8]],
) -> Result<()> {
    assert_range_in(&store.snapshot()?, tree, range, expected)?;
    assert_range_in(&store.begin()?, tree, range, expected)
}

/// Asserts which keys of [`fill`] a tree holds, and that it counts them correctly.
#[track_caller]
pub(super) fn assert_keys<S: KvStore>(store: &S, tree: &Tree, expected: &[&[u8]]) -> Result<()> {
    assert_range(store, tree, &KeyRange::all(), expected)?;
    let count = expected.len() as u64;
    assert_eq!(store.snapshot()?.len(tree)?, count, "the count of a snapshot");
    assert_eq!(store.begin()?.len(tree)?, count, "the count of a transaction");
    Ok(())
}

#[track_caller]
fn assert_range_in<R: KvRead>(
    reader: &R,
    tree: &Tree,
    range: &KeyRange<'_>,
    expected: &[&[u8]],
) -> Result<()> {
    let forward = entries(reader.scan(tree, range.clone(), Direction::Forward)?)?;
    assert_eq!(shown(&forward), shown_keys(expected), "{range:?}, ascending");
    let mut reverse = entries(reader.scan(tree, range.clone(), Direction::Reverse)?)?;
    reverse.reverse();
    assert_eq!(shown(&reverse), shown_keys(expected), "{range:?}, descending and turned round");
    for (key, value) in forward.iter().chain(&reverse) {
        assert_eq!(*value, value_for(key), "a scan gave a key another's value");
    }
    let first = reader.first(tree, range.clone())?;
    assert_eq!(first.as_ref(), forward.first(), "the first of {range:?}");
    let last = reader.last(tree, range.clone())?;
    assert_eq!(last.as_ref(), forward.last(), "the last of {range:?}");
    Ok(())
}

fn shown(entries: &[(Vec<u8>, Vec<u8>)]) -> Vec<String> {
    entries.iter().map(|(key, _)| key.escape_ascii().to_string()).collect()
}

fn shown_keys(keys: &[&[u8]]) -> Vec<String> {
    keys.iter().map(|key| key.escape_ascii().to_string()).collect()
}
