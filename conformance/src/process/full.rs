//! A full device.

use std::fs;
use std::path::Path;

use arbour_core::{Direction, Durability, ErrorKind, KeyRange, KvRead, KvStore, KvWrite, Result};

use crate::harness::{Factory, Part, Running, entries, new_folder, say};
use crate::random::Random;

const TREES: [&str; 2] = ["orders", "stock"];

/// How much longer a file may become than that of an empty store.
const ROOM_BYTES: u64 = 2 << 20;

/// Small enough for many commits to fit.
const VALUE_BYTES: usize = 8 << 10;

/// More commits than fit on the device.
const COMMITS_MAX: u64 = 10_000;

/// Runs a process that writes to a store until the system refuses to extend its files. Panics if
/// the store then lacks an acknowledged transaction, holds a part of one, or accepts no further one
/// once there is space again. The test `process::full_device_loses_nothing` calls it.
///
/// The system limits the length of the files that the child may write, and reports this like a full
/// device. The first refused write has to fail with [`Io`](ErrorKind::Io), or with
/// [`CommitUnknown`](ErrorKind::CommitUnknown) if the engine cannot tell whether it took effect.
///
/// `test` is the test's own path: `module_path!()` and its name. Unix only.
///
/// ```no_run
/// use arbour_conformance::{BTreeFactory, process};
/// #[test]
/// fn full() -> arbour_core::Result<()> {
///     process::full_device_loses_nothing(&BTreeFactory, concat!(module_path!(), "::full"))
/// }
/// ```
///
/// # Errors
/// What the engine reports.
pub fn full_device_loses_nothing<F: Factory>(factory: &F, test: &str) -> Result<()> {
    if let Some(part) = Part::of_this_process() {
        return write_until_refused(factory, &part);
    }
    let folder = new_folder()?;
    let path = folder.path().join("store");
    factory.open(&path, &Default::default())?.close()?;
    let length = fs::metadata(factory.data_file(&path)).map_or(0, |file| file.len());
    let room = length + ROOM_BYTES;
    let said = Running::start_with_room(test, &path, room)?.finish()?;
    let acknowledged = said.len() as u64;
    assert!(acknowledged > 10, "only {acknowledged} commits found room");
    assert!(acknowledged < COMMITS_MAX, "the system has set no limit");
    let found = whole_commits(factory, &path)?;
    assert!(
        (acknowledged..=acknowledged + 1).contains(&found),
        "{acknowledged} commits were acknowledged, {found} are there"
    );
    let store = factory.open(&path, &Default::default())?;
    commit(&store, found)?;
    store.close()?;
    assert_eq!(whole_commits(factory, &path)?, found + 1, "there is room again");
    Ok(())
}

/// The child's role: it prints a line for each commit.
fn write_until_refused<F: Factory>(factory: &F, part: &Part) -> Result<()> {
    let store = part.open(factory)?;
    for number in 0..COMMITS_MAX {
        if let Err(error) = commit(&store, number) {
            let kinds = [ErrorKind::Io, ErrorKind::CommitUnknown];
            assert!(kinds.contains(&error.kind()), "{error:?}");
            return Ok(());
        }
        say(number)?;
    }
    Ok(())
}

fn commit<S: KvStore>(store: &S, number: u64) -> Result<()> {
    let trees = TREES.map(|name| store.tree(name));
    let mut transaction = store.begin_with(Durability::PowerLoss)?;
    for tree in trees {
        transaction.put(&tree?, &number.to_be_bytes(), &value(number))?;
    }
    transaction.commit()
}

/// No engine can compress it: one that compresses its log would find room for every commit.
fn value(number: u64) -> Vec<u8> {
    let mut random = Random::new(number);
    (0..VALUE_BYTES).map(|_| random.next() as u8).collect()
}

/// Counts the commits, and asserts that no commit is missing before another, in either tree.
fn whole_commits<F: Factory>(factory: &F, path: &Path) -> Result<u64> {
    let store = factory.open(path, &Default::default())?;
    let snapshot = store.snapshot()?;
    let read = |name| {
        let tree = store.tree(name)?;
        entries(snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?)
    };
    let [orders, stock] = TREES.map(read);
    let (orders, stock) = (orders?, stock?);
    let count = orders.len() as u64;
    let expected: Vec<_> =
        (0..count).map(|number| (number.to_be_bytes().to_vec(), value(number))).collect();
    assert!(orders == expected, "a commit is missing or wrong among {count}");
    assert!(stock == expected, "the trees are of different commits");
    drop(snapshot);
    store.close()?;
    Ok(count)
}
