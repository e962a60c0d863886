//! An error in the middle of a scan surfaces through every layer and is never taken for its end.
//!
//! RocksDB's iterators just become invalid, at their end as well as at a damaged block, and layers
//! that did not distinguish the two lost entries silently. Here the engine fails at the third entry
//! of every scan: two entries come, then the error, then nothing for ever, whatever layers are in
//! between.

use std::path::Path;

use arbour::TypedTree;
use arbour::codec::Raw;
use arbour_conformance::{BTreeCursor, BTreeEngine};
use arbour_core::engine::{
    Engine, LiveCursor, LiveEngine, SnapshotLayer, TransactionLayer, TreeName,
};
use arbour_core::{
    Batch, Capabilities, Cursor, Direction, Durability, DynStore, Error, ErrorKind, KeyRange,
    KvRead, KvStore, KvWrite, Operation, Result, Stats, StoreOptions, Tree,
};

/// How many entries of a scan can be read.
const READABLE: usize = 2;

/// A seek to this key fails as well.
const BAD_KEY: &[u8] = b"bad";

struct Failing(BTreeEngine);

struct FailingCursor<'e> {
    below: BTreeCursor<'e>,
    left: usize,
    failed: bool,
}

impl FailingCursor<'_> {
    fn fail<T>(&mut self) -> Result<T> {
        self.failed = true;
        Err(Error::new(ErrorKind::Corrupted, Operation::Scan, "a block is damaged"))
    }
}

impl Cursor for FailingCursor<'_> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        match (self.failed, self.left.checked_sub(1)) {
            (true, _) => Ok(None),
            (false, None) => self.fail(),
            (false, Some(left)) => {
                self.left = left;
                self.below.next()
            }
        }
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        if key == BAD_KEY && !self.failed {
            return self.fail();
        }
        self.below.seek(key)
    }
}

impl LiveCursor for FailingCursor<'_> {
    fn shown(&self) -> Option<(&[u8], &[u8])> {
        if self.failed { None } else { self.below.shown() }
    }
}

impl Engine for Failing {
    fn capabilities(&self) -> &Capabilities {
        self.0.capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.0.open_tree(name)
    }

    fn owns(&self, tree: &Tree) -> bool {
        self.0.owns(tree)
    }

    fn apply(&self, batch: &Batch, durability: Durability) -> Result<()> {
        self.0.apply(batch, durability)
    }

    fn sync(&self) -> Result<()> {
        self.0.sync()
    }

    fn close(&self) -> Result<()> {
        self.0.close()
    }

    fn stats(&self) -> Result<Stats> {
        self.0.stats()
    }
}

impl LiveEngine for Failing {
    type Value = <BTreeEngine as LiveEngine>::Value;
    type Cursor<'e> = FailingCursor<'e>;

    fn get(&self, tree: &Tree, key: &[u8]) -> Result<Option<Self::Value>> {
        self.0.get(tree, key)
    }

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<FailingCursor<'_>> {
        let below = self.0.scan(tree, range, direction)?;
        Ok(FailingCursor { below, left: READABLE, failed: false })
    }

    fn trees(&self) -> Result<Vec<String>> {
        self.0.trees()
    }
}

type Store = TransactionLayer<SnapshotLayer<Failing>>;

/// Opens a store whose tree `t` holds six entries, and whose tree `ended` holds none.
fn open(folder: &Path) -> Result<Store> {
    let options = StoreOptions::new();
    let engine = Failing(BTreeEngine::open(&folder.join("store"), &options)?);
    let store = TransactionLayer::new(SnapshotLayer::new(engine), &options, None);
    let t = store.tree("t")?;
    for key in ["a", "b", "c", "d", "e", "f"] {
        store.put(&t, key.as_bytes(), b"1")?;
    }
    Ok(store)
}

fn assert_ended(cursor: &mut impl Cursor) -> Result<()> {
    for key in [&b""[..], b"b", b"z", BAD_KEY] {
        assert_eq!(cursor.next()?, None, "after the error");
        cursor.seek(key)?;
        assert_eq!(cursor.next()?, None, "after the error and a seek to {}", key.escape_ascii());
    }
    Ok(())
}

/// Asserts that a cursor reads these keys, then fails, and has ended for good.
fn assert_fails_after(mut cursor: impl Cursor, keys: &[&str]) -> Result<()> {
    for key in keys {
        let found = cursor.next()?.map(|(key, _)| key.to_vec());
        assert_eq!(found.as_deref(), Some(key.as_bytes()));
    }
    let error = cursor.next().expect_err("the error was taken for an entry or the end");
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    assert_ended(&mut cursor)
}

/// Asserts that a cursor whose seek fails reports it, and has ended for good.
fn assert_seek_fails(mut cursor: impl Cursor) -> Result<()> {
    let error = cursor.seek(BAD_KEY).expect_err("the seek fails below");
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    assert_ended(&mut cursor)
}

/// Asserts that every way of reading many entries fails in a reader of `a` to `f`; `first` and
/// `last` are the entries it can read in each direction.
fn assert_all_fail<R: KvRead>(reader: &R, t: &Tree, first: &[&str], last: &[&str]) -> Result<()> {
    let scan = |direction| reader.scan(t, KeyRange::all(), direction);
    assert_fails_after(scan(Direction::Forward)?, first)?;
    assert_fails_after(scan(Direction::Reverse)?, last)?;
    assert_seek_fails(scan(Direction::Forward)?)?;
    assert_seek_fails(scan(Direction::Reverse)?)?;
    // A cursor that was moved before fails too.
    let mut moved = scan(Direction::Forward)?;
    moved.seek(b"b")?;
    assert_fails_after(moved, &["b", "c"])?;
    let error = reader.len(t).expect_err("the entries that can be read were counted for all");
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    Ok(())
}

#[test]
fn through_a_snapshot() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    let t = store.tree("t")?;
    assert_all_fail(&store.snapshot()?, &t, &["a", "b"], &["f", "e"])
}

/// The snapshot merges the values from before a later change: these are not all of its entries.
#[test]
fn through_an_outdated_snapshot() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    let t = store.tree("t")?;
    let snapshot = store.snapshot()?;
    for key in [b"a", b"e", b"f"] {
        store.delete(&t, key)?;
    }
    // Below, `b c d` are left; the log knows the rest.
    let scan = |direction| snapshot.scan(&t, KeyRange::all(), direction);
    assert_fails_after(scan(Direction::Forward)?, &["a", "b", "c"])?;
    assert_fails_after(scan(Direction::Reverse)?, &["f", "e", "d", "c"])?;
    assert_seek_fails(scan(Direction::Forward)?)
}

#[test]
fn through_a_transaction() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    let t = store.tree("t")?;
    let mut transaction = store.begin()?;
    assert_all_fail(&transaction, &t, &["a", "b"], &["f", "e"])?;
    // Its own writes to another tree do not change that.
    transaction.put(&store.tree("u")?, b"a", b"2")?;
    assert_all_fail(&transaction, &t, &["a", "b"], &["f", "e"])
}

/// A transaction's own writes are before, between and after the readable entries below. They are
/// not returned in place of unreadable ones.
#[test]
fn through_a_transaction_with_writes() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    let t = store.tree("t")?;
    for (writes, first, last) in [
        (vec!["0"], vec!["0", "a", "b"], vec!["f", "e"]),
        (vec!["aa"], vec!["a", "aa", "b"], vec!["f", "e"]),
        (vec!["b"], vec!["a", "b"], vec!["f", "e"]),
        (vec!["z"], vec!["a", "b"], vec!["z", "f", "e"]),
        (vec!["0", "ee", "z"], vec!["0", "a", "b"], vec!["z", "f", "ee", "e"]),
    ] {
        let mut transaction = store.begin()?;
        for key in writes {
            transaction.put(&t, key.as_bytes(), b"2")?;
        }
        let scan = |direction| transaction.scan(&t, KeyRange::all(), direction);
        assert_fails_after(scan(Direction::Forward)?, &first)?;
        assert_fails_after(scan(Direction::Reverse)?, &last)?;
        assert_seek_fails(scan(Direction::Forward)?)?;
        assert_seek_fails(scan(Direction::Reverse)?)?;
        assert!(transaction.len(&t).is_err());
    }
    Ok(())
}

#[test]
fn through_savepoints() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    let t = store.tree("t")?;
    let mut transaction = store.begin()?;
    transaction.savepoint(|outer| {
        assert_all_fail(outer, &t, &["a", "b"], &["f", "e"])?;
        outer.put(&t, b"0", b"2")?;
        outer.savepoint(|inner| {
            inner.put(&t, b"z", b"3")?;
            let scan = |direction| inner.scan(&t, KeyRange::all(), direction);
            assert_fails_after(scan(Direction::Forward)?, &["0", "a", "b"])?;
            assert_fails_after(scan(Direction::Reverse)?, &["z", "f", "e"])?;
            assert_seek_fails(scan(Direction::Forward)?)
        })
    })
}

#[test]
fn through_dyn_store() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = DynStore::new(open(folder.path())?);
    let t = store.tree("t")?;
    assert_all_fail(&store.snapshot()?, &t, &["a", "b"], &["f", "e"])?;
    let mut transaction = store.begin()?;
    assert_all_fail(&transaction, &t, &["a", "b"], &["f", "e"])?;
    transaction.put(&t, b"0", b"2")?;
    let scan = transaction.scan(&t, KeyRange::all(), Direction::Forward)?;
    assert_fails_after(scan, &["0", "a", "b"])
}

#[test]
fn through_a_typed_tree() -> Result<()> {
    const T: TypedTree<String, Vec<u8>, Raw> = TypedTree::new("t");
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    let (tree, snapshot) = (T.open(&store)?, store.snapshot()?);
    let mut cursor = tree.scan(&snapshot, Direction::Forward)?;
    for key in ["a", "b"] {
        assert_eq!(cursor.next().transpose()?, Some((key.to_owned(), b"1".to_vec())));
    }
    assert_eq!(cursor.next().transpose().unwrap_err().kind(), ErrorKind::Corrupted);
    assert_eq!(cursor.next().transpose()?, None);
    cursor.seek("a")?;
    assert_eq!(cursor.next().transpose()?, None);
    let mut read = tree.scan(&snapshot, Direction::Reverse)?;
    assert_eq!(read.by_ref().take(2).collect::<Result<Vec<_>>>()?.len(), 2);
    assert_eq!(
        read.next().and_then(Result::err).map(|error| error.kind()),
        Some(ErrorKind::Corrupted)
    );
    assert!(read.next().is_none());
    assert_eq!(tree.len(&snapshot).unwrap_err().kind(), ErrorKind::Corrupted);
    Ok(())
}

/// A range deletion that cannot find all keys removes none, instead of only those it found.
#[test]
fn through_a_range_deletion() -> Result<()> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path())?;
    let t = store.tree("t")?;
    let mut transaction = store.begin()?;
    let error = transaction.delete_range(&t, KeyRange::all()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupted);
    let undone = transaction.savepoint(|savepoint| savepoint.delete_range(&t, KeyRange::all()));
    assert_eq!(undone.unwrap_err().kind(), ErrorKind::Corrupted);
    for key in [b"a", b"b", b"f"] {
        assert!(transaction.contains(&t, key)?, "removed by half");
    }
    Ok(())
}
