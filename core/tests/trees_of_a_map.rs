//! `TreeLayer` over a map whose keys are short, and which fails when it is told to.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arbour_core::engine::{
    Engine, MapEngine, MapSnapshot, MapWrites, SnapshotEngine, StorePath, TransactionLayer,
    TreeLayer, TreeName, unknown_commit,
};
use arbour_core::{
    Batch, Capabilities, Cursor, Direction, Durability, Error, ErrorKind, KeyRange, KvRead,
    KvStore, KvWrite, Operation, Result, StoreOptions, Tree,
};
use parking_lot::Mutex;
use tempfile::TempDir;

/// Four bytes of it are the number of a tree.
const KEY_BYTES_MAX: usize = 7;

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

struct Map {
    entries: Mutex<Arc<Entries>>,
    path: StorePath,
    fails: AtomicBool,
    closed: Arc<AtomicUsize>,
}

struct Snapshot {
    entries: Arc<Entries>,
    fails: bool,
}

struct Entry<'t> {
    entries: &'t Entries,
    range: KeyRange<'static>,
    direction: Direction,
    fails: bool,
    rest: std::collections::btree_map::Range<'t, Vec<u8>, Vec<u8>>,
}

impl Map {
    fn check(&self, operation: Operation) -> Result<()> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Io, operation, "the device is gone"));
        }
        Ok(())
    }
}

impl MapEngine for Map {
    type Snapshot = Snapshot;

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::new("toy");
        capabilities.limits.key_bytes_max = KEY_BYTES_MAX;
        capabilities.compaction = true;
        capabilities
    }

    fn path(&self) -> &StorePath {
        &self.path
    }

    fn snapshot(self: &Arc<Self>) -> Result<Snapshot> {
        let fails = self.fails.load(Ordering::Relaxed);
        Ok(Snapshot { entries: Arc::clone(&self.entries.lock()), fails })
    }

    fn apply(&self, writes: &MapWrites<'_>, _: Durability) -> Result<()> {
        self.check(Operation::Apply).map_err(unknown_commit)?;
        let (count, bytes) = writes.size_hint();
        let (mut written, mut length) = (0, 0);
        writes.for_each(|key, value| {
            written += 1;
            length += key.len() + value.map_or(0, <[u8]>::len);
            assert!(
                (4..=KEY_BYTES_MAX).contains(&key.len()) || key.starts_with(&[0; 4]),
                "{key:?}"
            );
            let mut entries = self.entries.lock();
            let entries = Arc::make_mut(&mut entries);
            match value {
                Some(value) => drop(entries.insert(key.to_vec(), value.to_vec())),
                None => drop(entries.remove(key)),
            }
        });
        assert!(written <= count + 2 && length <= bytes + 64, "{written} and {length}");
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.check(Operation::Sync)
    }

    fn close(&self) -> Result<()> {
        self.closed.fetch_add(1, Ordering::Relaxed);
        self.sync()
    }

    fn compact(&self) -> Result<()> {
        Ok(())
    }
}

impl MapSnapshot for Snapshot {
    type Value<'t> = &'t Vec<u8>;
    type Cursor<'t> = Entry<'t>;

    fn get(&self, key: &[u8]) -> Result<Option<&Vec<u8>>> {
        assert!(key.len() <= KEY_BYTES_MAX, "{key:?}");
        Ok(self.entries.get(key))
    }

    fn scan(&self, range: Range<&[u8]>, direction: Direction) -> Result<Entry<'_>> {
        assert!(range.start < range.end, "{range:?}");
        assert!(range.start.len().max(range.end.len()) <= KEY_BYTES_MAX, "{range:?}");
        let range = KeyRange::new(range).into_owned();
        let rest = self.entries.range::<[u8], _>(range.clone());
        Ok(Entry { entries: &self.entries, range, direction, fails: self.fails, rest })
    }
}

impl Cursor for Entry<'_> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        if std::mem::take(&mut self.fails) {
            return Err(Error::new(ErrorKind::Io, Operation::Get, "the device is gone"));
        }
        let next = match self.direction {
            Direction::Forward => self.rest.next(),
            Direction::Reverse => self.rest.next_back(),
        };
        Ok(next.map(|(key, value)| (key.as_slice(), value.as_slice())))
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        assert!(key.len() <= KEY_BYTES_MAX, "{key:?}");
        let range = self.range.from_key(key, self.direction);
        let nothing = (Bound::Excluded([].as_slice()), Bound::Included([].as_slice()));
        self.rest = match range.is_empty() {
            true => self.entries.range::<[u8], _>(nothing),
            false => self.entries.range::<[u8], _>(range),
        };
        Ok(())
    }
}

type Store = TransactionLayer<TreeLayer<Map>>;

/// A store of an empty map, how often the map was closed, and the folder it pretends to be in.
fn store() -> (Store, Arc<AtomicUsize>, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let closed = Arc::new(AtomicUsize::new(0));
    let map = map_in(&folder, Arc::default(), &closed);
    let layer = TreeLayer::new(map).expect("an empty map has an empty catalog");
    (layer.into_store(&StoreOptions::new()), closed, folder)
}

fn map_in(folder: &TempDir, entries: Arc<Entries>, closed: &Arc<AtomicUsize>) -> Map {
    let path = StorePath::resolve(folder.path()).expect("the folder is there");
    path.pin().expect("the folder is there");
    let (entries, closed) = (Mutex::new(entries), Arc::clone(closed));
    Map { entries, path, fails: AtomicBool::new(false), closed }
}

fn set_failing(store: &Store, fails: bool) {
    let map = store.engine().map(Operation::Apply).expect("the store is open");
    map.fails.store(fails, Ordering::Relaxed);
}

/// Every key of up to three bytes over a few that carry, and some that are too long to be stored.
fn keys() -> Vec<Vec<u8>> {
    const BYTES: [u8; 3] = [0, 1, 0xff];
    let mut keys = vec![vec![]];
    let mut begun = 0;
    for _ in 0..4 {
        let end = keys.len();
        for place in begun..end {
            let start = keys.get(place).cloned().expect("the place is in the list");
            keys.extend(BYTES.map(|byte| [&start[..], &[byte]].concat()));
        }
        begun = end;
    }
    keys
}

fn read(cursor: &mut impl Cursor) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while let Some((key, _)) = cursor.next().expect("the map reads") {
        found.push(key.to_vec());
    }
    found
}

/// What a range of a tree of these keys holds, in the direction, from a key on if there is one.
fn expected(
    stored: &[Vec<u8>],
    range: &KeyRange<'_>,
    direction: Direction,
    from: Option<&[u8]>,
) -> Vec<Vec<u8>> {
    let is_after = |key: &Vec<u8>| match direction {
        Direction::Forward => from.is_none_or(|from| key.as_slice() >= from),
        Direction::Reverse => from.is_none_or(|from| key.as_slice() <= from),
    };
    let found = stored.iter().filter(|key| range.contains(key) && is_after(key)).cloned();
    let mut found: Vec<_> = found.collect();
    found.sort();
    if direction == Direction::Reverse {
        found.reverse();
    }
    found
}

#[test]
fn bounds_and_seeks_beyond_the_longest_key_find_what_lies_between() -> Result<()> {
    let (store, _, _folder) = store();
    let (before, tree, after) = (store.tree("a")?, store.tree("b")?, store.tree("c")?);
    let keys = keys();
    let stored: Vec<_> = keys.iter().filter(|key| key.len() <= 3).cloned().collect();
    for key in &stored {
        for tree in [&before, &tree, &after] {
            store.put(tree, key, b"value")?;
        }
    }
    let too_long = store.put(&tree, b"long", b"").unwrap_err();
    assert_eq!(too_long.kind(), ErrorKind::TooLarge);
    let snapshot = store.snapshot()?;
    assert!(snapshot.get(&tree, b"long")?.is_none());
    assert_eq!(snapshot.len(&tree)?, stored.len() as u64);
    let long = keys.iter().filter(|key| key.len() == 4).step_by(5);
    let bounds: Vec<_> = stored.iter().step_by(7).chain(long).collect();
    for (start, end) in bounds.iter().flat_map(|start| bounds.iter().map(move |end| (start, end))) {
        for range in [
            KeyRange::from_bounds(Bound::Included(start), Bound::Excluded(end)),
            KeyRange::from_bounds(Bound::Excluded(start), Bound::Included(end)),
        ] {
            for direction in [Direction::Forward, Direction::Reverse] {
                let mut cursor = snapshot.scan(&tree, range.clone(), direction)?;
                assert_eq!(
                    read(&mut cursor),
                    expected(&stored, &range, direction, None),
                    "{range:?}"
                );
                for from in &bounds {
                    cursor.seek(from)?;
                    let found = read(&mut cursor);
                    let expected = expected(&stored, &range, direction, Some(from));
                    assert_eq!(found, expected, "{range:?}, {direction:?} from {from:?}");
                }
            }
        }
    }
    Ok(())
}

#[test]
fn the_catalog_lists_trees_with_entries_and_compacting_forgets_the_others() -> Result<()> {
    let (store, closed, folder) = store();
    let (a, b) = (store.tree("a")?, store.tree("b")?);
    store.tree("never written")?;
    store.put(&a, b"k", b"1")?;
    store.put(&b, b"k", b"2")?;
    assert_eq!(store.stats()?.entries, 2);
    store.delete(&a, b"k")?;
    assert_eq!(store.snapshot()?.trees()?, ["b"]);
    let raw =
        |store: &Store| Ok::<_, Error>(store.engine().map(Operation::Get)?.snapshot()?.entries);
    assert!(raw(&store)?.contains_key(b"\0\0\0\0a".as_slice()));
    store.compact()?;
    assert!(!raw(&store)?.contains_key(b"\0\0\0\0a".as_slice()));
    // The handle stays good, and the tree is entered again.
    store.put(&a, b"k", b"3")?;
    let entries = raw(&store)?;
    store.close()?;
    let reopened = TreeLayer::new(map_in(&folder, entries, &closed))?;
    let reopened = reopened.into_store(&StoreOptions::new());
    assert_eq!(reopened.snapshot()?.trees()?, ["a", "b"]);
    assert_eq!(reopened.get(&reopened.tree("a")?, b"k")?, Some(b"3".to_vec()));
    Ok(())
}

#[test]
fn a_damaged_catalog_is_refused_with_the_path() {
    let (_, closed, folder) = store();
    let entries = Entries::from([(b"\0\0\0\0a".to_vec(), b"7".to_vec())]);
    let refused = TreeLayer::new(map_in(&folder, Arc::new(entries), &closed)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Corrupted);
    assert_eq!(refused.path().and_then(|path| path.file_name()), folder.path().file_name());
}

#[test]
fn after_a_commit_that_failed_nothing_is_committed() -> Result<()> {
    let put = |store: &Store, tree: &Tree| store.put(tree, b"k", b"v");
    // A commit that failed, and a sync that failed.
    let failures: [fn(&Store, &Tree) -> Result<()>; 2] =
        [|store, tree| store.put(tree, b"x", b"v"), |store, _| store.sync()];
    for (fail, kind) in failures.into_iter().zip([ErrorKind::CommitUnknown, ErrorKind::Io]) {
        let (store, closed, _folder) = store();
        let tree = store.tree("t")?;
        put(&store, &tree)?;
        set_failing(&store, true);
        assert_eq!(fail(&store, &tree).unwrap_err().kind(), kind);
        set_failing(&store, false);
        for refused in [put(&store, &tree), store.sync(), store.compact(), store.close()] {
            let refused = refused.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Io, "{refused}");
            assert!(refused.to_string().contains("takes no more commits"), "{refused}");
            assert!(refused.path().is_some());
        }
        drop(store);
        assert_eq!(closed.load(Ordering::Relaxed), 0, "the map must not write");
    }
    Ok(())
}

#[test]
fn a_cursor_that_failed_has_ended_and_says_where() -> Result<()> {
    let (store, _, _folder) = store();
    let tree = store.tree("t")?;
    store.put(&tree, b"k", b"v")?;
    set_failing(&store, true);
    let snapshot = store.snapshot()?;
    set_failing(&store, false);
    let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
    let error = cursor.next().unwrap_err();
    assert_eq!((error.operation(), error.tree()), (Operation::Scan, Some("t")));
    assert!(error.path().is_some());
    assert_eq!(cursor.next()?, None);
    cursor.seek(b"k")?;
    assert_eq!(cursor.next()?, None);
    Ok(())
}

#[test]
fn closing_and_dropping_close_the_map_once_and_snapshots_read_on() -> Result<()> {
    let (store, closed, _folder) = store();
    let tree = store.tree("t")?;
    store.put(&tree, b"k", b"v")?;
    let snapshot = store.snapshot()?;
    store.close()?;
    store.close()?;
    assert_eq!(snapshot.get(&tree, b"k")?.map(Vec::as_slice), Some(&b"v"[..]));
    assert_eq!(store.engine().snapshot().err().map(|error| error.kind()), Some(ErrorKind::Closed));
    drop(snapshot);
    drop(store);
    assert_eq!(closed.load(Ordering::Relaxed), 1);
    Ok(())
}

#[test]
fn handles_of_another_store_are_refused() -> Result<()> {
    let (store, _, _folder) = store();
    let (other, _, _other_folder) = self::store();
    let (own, foreign) = (store.tree("t")?, other.tree("t")?);
    let snapshot = store.snapshot()?;
    let calls = [
        snapshot.get(&foreign, b"k").err(),
        snapshot.scan(&foreign, KeyRange::all(), Direction::Forward).err(),
        snapshot.len(&foreign).err(),
        store.put(&foreign, b"k", b"v").err(),
        store.write(|transaction| transaction.put(&foreign, b"k", b"v")).err(),
    ];
    for error in calls {
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::InvalidArgument));
    }
    let mut batch = Batch::new();
    batch.put(&own, b"k", b"v");
    assert!(store.engine().owns(&own) && !store.engine().owns(&foreign));
    assert_eq!(store.engine().open_tree(TreeName::new("t")?)?, own);
    store.apply(batch, Durability::None)
}
