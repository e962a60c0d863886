//! The operations of the contract, measured while what multiplies their cost grows.

use std::sync::Arc;

use arbour::GroupCommit;
use arbour_core::{
    Batch, Cursor as _, Direction, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore,
    KvWrite, Operation, Result, Tree,
};

use super::{Case, Work, time, time_steady};
use crate::workload::{key, random_entries};

/// How often an operation is repeated that does not change the size of the store.
const TIMES: u64 = 500;

pub(super) fn cases<S: KvStore>() -> Vec<Case<S>> {
    [taking(), deleted_keys(), own_writes(), entries(), snapshots(), handles_and_trees()]
        .into_iter()
        .flatten()
        .collect()
}

fn taking<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("take first, transaction", "entries taken", |store, size| {
            let tree = filled(&**store, size)?;
            let mut transaction = store.begin_with(Durability::None)?;
            let work = take(&mut transaction, &tree, &[Direction::Forward])?;
            transaction.commit()?;
            Ok(work)
        }),
        Case::<S>::new("take first, savepoint", "entries taken", |store, size| {
            let tree = filled(&**store, size)?;
            in_savepoint(&**store, |savepoint| take(savepoint, &tree, &[Direction::Forward]))
        }),
        Case::<S>::new("take both ends, nested savepoint", "entries taken", |store, size| {
            let tree = filled(&**store, size)?;
            let ends = [Direction::Forward, Direction::Reverse];
            in_savepoint(&**store, |savepoint| {
                savepoint.savepoint(|nested| take(nested, &tree, &ends))
            })
        }),
        Case::<S>::new("take first, group", "entries taken", |store, size| {
            let tree = filled(&**store, size)?;
            let group = GroupCommit::new(Arc::clone(store));
            group.write_grouped(Durability::None, move |transaction| {
                take(transaction, &tree, &[Direction::Forward])
            })
        }),
    ]
}

fn deleted_keys<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("first, after delete_range", "deleted keys", |store, size| {
            let tree = filled(&**store, size + 1)?;
            let mut transaction = store.begin_with(Durability::None)?;
            transaction.delete_range(&tree, KeyRange::new(..&key(size)[..]))?;
            // The first read after the writes pays for them all: it builds their index.
            has_first(&transaction, &tree)?;
            time_steady(TIMES, || repeat(TIMES, |_| has_first(&transaction, &tree)))
        }),
        Case::<S>::new("delete_range, savepoint, per key", "deleted keys", |store, size| {
            let tree = filled(&**store, size)?;
            in_savepoint(&**store, |savepoint| {
                time(size, || savepoint.delete_range(&tree, KeyRange::all()))
            })
        }),
        Case::<S>::new("put + first, amid deleted keys", "deleted keys", |store, size| {
            let tree = filled(&**store, size)?;
            in_savepoint(&**store, |savepoint| {
                savepoint.delete_range(&tree, KeyRange::all())?;
                savepoint.len(&tree)?;
                time_steady(TIMES, || {
                    repeat(TIMES, |number| {
                        let key = key(number * 7_919 % size);
                        savepoint.put(&tree, &key, b"value")?;
                        has_first(savepoint, &tree)?;
                        savepoint.delete(&tree, &key)
                    })
                })
            })
        }),
    ]
}

fn own_writes<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("savepoint with put and first", "savepoints before it", |store, size| {
            let tree = store.tree("t")?;
            let mut transaction = store.begin_with(Durability::None)?;
            time(size, || {
                repeat(size, |number| {
                    transaction.savepoint(|savepoint| {
                        savepoint.put(&tree, &key(number), b"value")?;
                        has_first(savepoint, &tree)
                    })
                })
            })
        }),
        Case::<S>::new("put over itself, savepoint", "writes to the key", |store, size| {
            let tree = store.tree("t")?;
            in_savepoint(&**store, |savepoint| {
                time(size, || {
                    repeat(size, |_| {
                        savepoint.put(&tree, b"key", b"value")?;
                        has_first(savepoint, &tree)
                    })
                })
            })
        }),
        Case::<S>::new("get, own writes", "writes", |store, size| {
            let tree = store.tree("t")?;
            let mut transaction = store.begin_with(Durability::None)?;
            repeat(size, |number| transaction.put(&tree, &key(number), b"value"))?;
            has_first(&transaction, &tree)?;
            gets(&transaction, &tree, size)
        }),
    ]
}

fn entries<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("get, snapshot", "entries", |store, size| {
            let tree = filled(&**store, size)?;
            gets(&store.snapshot()?, &tree, size)
        }),
        Case::<S>::new("seek + next, savepoint", "entries", |store, size| {
            let tree = filled(&**store, size)?;
            in_savepoint(&**store, |savepoint| {
                savepoint.put(&tree, &key(size / 2), b"written")?;
                let mut cursor = savepoint.scan(&tree, KeyRange::all(), Direction::Forward)?;
                let keys = random_entries(size, TIMES as usize);
                time_steady(TIMES, || {
                    keys.iter().try_for_each(|number| {
                        cursor.seek(&key(*number))?;
                        cursor.next().map(drop)
                    })
                })
            })
        }),
        Case::<S>::new("batch, per put", "puts", |store, size| {
            let tree = store.tree("t")?;
            let mut batch = Batch::new();
            (0..size).for_each(|number| batch.put(&tree, &key(number), b"value"));
            time(size, || store.apply(batch, Durability::None))
        }),
        Case::<S>::new("compare_and_swap", "entries", |store, size| {
            let tree = filled(&**store, size)?;
            let times = TIMES / 10;
            time_steady(times, || {
                repeat(times, |number| {
                    let key = key(number * 7_919 % size);
                    store.compare_and_swap(&tree, &key, Some(b"value"), Some(b"value")).map(drop)
                })
            })
        })
        .fewer(4),
    ]
}

fn snapshots<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("put, snapshots held", "snapshots", |store, size| {
            let tree = filled(&**store, TIMES)?;
            let held = held(&**store, &tree, size)?;
            let work = time_steady(TIMES, || repeat(TIMES, |number| put(&**store, &tree, number)));
            drop(held);
            work
        })
        .fewer(100),
        Case::<S>::new("put of one key, snapshots held", "snapshots", |store, size| {
            let tree = filled(&**store, TIMES)?;
            let held = held(&**store, &tree, size)?;
            let work = time_steady(TIMES, || repeat(TIMES, |_| put(&**store, &tree, 0)));
            drop(held);
            work
        })
        .fewer(100),
        Case::<S>::new("get, oldest of the snapshots", "snapshots", |store, size| {
            let tree = filled(&**store, TIMES)?;
            let held = held(&**store, &tree, size)?;
            held.first().map_or_else(|| Err(nothing_held()), |oldest| gets(oldest, &tree, TIMES))
        })
        .fewer(100),
        Case::<S>::new("scan beside an older snapshot", "changes in between", |store, size| {
            let tree = filled(&**store, size)?;
            let _older = store.snapshot()?;
            repeat_in_one(&**store, size, |transaction, number| {
                transaction.put(&tree, &key(number), b"changed")
            })?;
            let newer = store.snapshot()?;
            put(&**store, &tree, size / 2)?;
            time(size, || newer.len(&tree).map(drop))
        }),
        Case::<S>::new("first beside an older snapshot", "changes in between", |store, size| {
            let tree = filled(&**store, size)?;
            let _older = store.snapshot()?;
            repeat_in_one(&**store, size, |transaction, number| {
                transaction.put(&tree, &key(number), b"changed")
            })?;
            let newer = store.snapshot()?;
            put(&**store, &tree, size - 1)?;
            time_steady(TIMES, || repeat(TIMES, |_| has_first(&newer, &tree)))
        }),
    ]
}

fn handles_and_trees<S: KvStore>() -> Vec<Case<S>> {
    vec![
        Case::<S>::new("snapshot and get, by the last handle", "handles", |store, size| {
            let tree = last_handle(&**store, size)?;
            put(&**store, &tree, 0)?;
            time_steady(TIMES, || repeat(TIMES, |_| store.get(&tree, &key(0)).map(drop)))
        }),
        Case::<S>::new("transaction and put, by the last handle", "handles", |store, size| {
            let tree = last_handle(&**store, size)?;
            time_steady(TIMES, || repeat(TIMES, |number| put(&**store, &tree, number)))
        }),
        Case::<S>::new("tree", "handles", |store, size| {
            time(size, || last_handle(&**store, size).map(drop))
        }),
        Case::<S>::new("trees, per tree", "trees", |store, size| {
            with_trees(&**store, size)?;
            let times = TIMES / 10;
            let snapshot = store.snapshot()?;
            time_steady(times * size, || repeat(times, |_| snapshot.trees().map(drop)))
        })
        .fewer(64),
        Case::<S>::new("put, in one of many trees", "trees", |store, size| {
            with_trees(&**store, size)?;
            let tree = store.tree("tree-0")?;
            time_steady(TIMES, || repeat(TIMES, |number| put(&**store, &tree, number)))
        })
        .fewer(64),
    ]
}

fn filled<S: KvStore>(store: &S, size: u64) -> Result<Tree> {
    let tree = store.tree("t")?;
    repeat_in_one(store, size, |transaction, number| {
        transaction.put(&tree, &key(number), b"value")
    })?;
    Ok(tree)
}

fn repeat(times: u64, run: impl FnMut(u64) -> Result<()>) -> Result<()> {
    (0..times).try_for_each(run)
}

/// Repeats an operation in one transaction.
fn repeat_in_one<S: KvStore>(
    store: &S,
    times: u64,
    mut run: impl FnMut(&mut S::Transaction<'_>, u64) -> Result<()>,
) -> Result<()> {
    let mut transaction = store.begin_with(Durability::None)?;
    repeat(times, |number| run(&mut transaction, number))?;
    transaction.commit()
}

fn put<S: KvStore>(store: &S, tree: &Tree, number: u64) -> Result<()> {
    repeat_in_one(store, 1, |transaction, _| {
        // Another value each time, because SQLite would otherwise do nothing.
        transaction.put(tree, &key(number), &key(number.wrapping_add(1)))
    })
}

fn in_savepoint<S: KvStore>(
    store: &S,
    run: impl FnOnce(&mut arbour_core::Savepoint<'_, S::Transaction<'_>>) -> Result<Work>,
) -> Result<Work> {
    let mut transaction = store.begin_with(Durability::None)?;
    let work = transaction.savepoint(run)?;
    transaction.commit()?;
    Ok(work)
}

/// Removes all entries of a tree from its ends, alternately.
fn take<W: KvWrite>(transaction: &mut W, tree: &Tree, ends: &[Direction]) -> Result<Work> {
    let mut taken = 0;
    let work = time(0, || {
        for direction in ends.iter().cycle() {
            let entry = match direction {
                Direction::Forward => transaction.first(tree, KeyRange::all())?,
                Direction::Reverse => transaction.last(tree, KeyRange::all())?,
            };
            let Some((key, _)) = entry else { break };
            transaction.delete(tree, &key)?;
            taken += 1;
        }
        Ok(())
    })?;
    Ok(Work { operations: taken, ..work })
}

fn has_first<R: KvRead>(reader: &R, tree: &Tree) -> Result<()> {
    match reader.first(tree, KeyRange::all())? {
        Some(_) => Ok(()),
        None => Err(Error::new(ErrorKind::Engine, Operation::Scan, "there is no entry left")),
    }
}

/// Gets keys at random, after an untimed first round.
fn gets<R: KvRead>(reader: &R, tree: &Tree, size: u64) -> Result<Work> {
    let keys = random_entries(size, TIMES as usize);
    let get = || keys.iter().try_for_each(|number| reader.get(tree, &key(*number)).map(drop));
    get()?;
    time_steady(TIMES, get)
}

/// Holds snapshots, with a change after each.
fn held<'s, S: KvStore>(store: &'s S, tree: &Tree, snapshots: u64) -> Result<Vec<S::Snapshot<'s>>> {
    (0..snapshots)
        .map(|number| {
            let snapshot = store.snapshot()?;
            put(store, tree, number % TIMES)?;
            Ok(snapshot)
        })
        .collect()
}

fn nothing_held() -> Error {
    Error::new(ErrorKind::Engine, Operation::Snapshot, "no snapshot is held")
}

fn last_handle<S: KvStore>(store: &S, handles: u64) -> Result<Tree> {
    for number in 1..handles {
        store.tree(&format!("tree-{number}"))?;
    }
    store.tree("last")
}

fn with_trees<S: KvStore>(store: &S, trees: u64) -> Result<()> {
    let handles = (0..trees).map(|number| store.tree(&format!("tree-{number}")));
    let handles = handles.collect::<Result<Vec<_>>>()?;
    repeat_in_one(store, 1, |transaction, _| {
        handles.iter().try_for_each(|tree| transaction.put(tree, b"key", b"value"))
    })
}
