//! Every call, and its result.

use std::fs;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;

use arbour_core::{
    Batch, Cursor, Direction, Durability, Error, ErrorKind, KeyRange, KvRead, KvStore, KvWrite,
    Result, StoreOptions, Tree,
};
use arbour_redb::RedbStore;

use crate::files::TREES;

/// A call and its result.
#[derive(Default)]
pub(crate) struct Outcomes {
    pub(crate) panics: Vec<String>,
    pub(crate) wrong: Vec<String>,
    pub(crate) refused: usize,
    pub(crate) answered: usize,
}

impl Outcomes {
    /// Makes a call and drops its result.
    fn call<T>(&mut self, what: &str, call: impl FnOnce() -> Result<T>) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(call)) {
            Ok(Ok(answer)) => {
                self.answered += 1;
                Some(answer)
            }
            Ok(Err(error)) => {
                self.refused += 1;
                if !is_damage(&error) {
                    self.wrong.push(format!("{what}: {error:?}"));
                }
                None
            }
            Err(_) => {
                self.panics.push(what.to_owned());
                None
            }
        }
    }

    fn drop<T>(&mut self, what: &str, held: T) {
        self.call(what, || {
            drop(held);
            Ok(())
        });
    }
}

/// `Corrupted`, also as the cause of a commit whose outcome is unknown. A damaged version byte
/// cannot be distinguished from another version, and the text says so.
pub(crate) fn is_damage(error: &Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<Error>());
    match error.kind() {
        ErrorKind::Corrupted => true,
        ErrorKind::CommitUnknown => cause.is_some_and(is_damage),
        ErrorKind::TooNew | ErrorKind::Unsupported => {
            error.message().contains("or its version bytes are damaged")
        }
        _ => false,
    }
}

fn read_all(snapshot: &impl KvRead, tree: &Tree, direction: Direction) -> Result<usize> {
    let mut cursor = snapshot.scan(tree, KeyRange::all(), direction)?;
    let mut count = 0;
    while let Some((key, value)) = cursor.next()? {
        count += key.len() + value.len();
    }
    cursor.seek(&9_u32.to_be_bytes())?;
    cursor.next()?;
    Ok(count)
}

fn read(store: &RedbStore, outcomes: &mut Outcomes) {
    let Some(snapshot) = outcomes.call("snapshot", || store.snapshot()) else { return };
    outcomes.call("trees", || snapshot.trees());
    for name in TREES {
        let Some(tree) = outcomes.call("tree", || store.tree(name)) else { return };
        outcomes.call("len", || snapshot.len(&tree));
        for direction in [Direction::Forward, Direction::Reverse] {
            outcomes.call("scan", || read_all(&snapshot, &tree, direction));
        }
        for number in [0, 7, 49, 51, 200, 300_u32] {
            let key = number.to_be_bytes();
            outcomes.call("get", || Ok(snapshot.get(&tree, &key)?.map(|v| v.as_ref().len())));
            outcomes.call("get_with", || snapshot.get_with(&tree, &key, |value| value.len()));
            let held = outcomes.call("get", || snapshot.get(&tree, &key));
            outcomes.drop("drop of a value", held);
        }
        let cursor = outcomes.call("scan", || snapshot.prefix(&tree, b""));
        outcomes.drop("drop of a cursor", cursor);
    }
    outcomes.drop("drop of a snapshot", snapshot);
}

fn write(store: &RedbStore, outcomes: &mut Outcomes, durability: Durability) {
    let Some(mut transaction) = outcomes.call("begin", || store.begin_with(durability)) else {
        return;
    };
    for name in TREES {
        let Some(tree) = outcomes.call("tree", || store.tree(name)) else { return };
        outcomes.call("read in a transaction", || transaction.get(&tree, b"absent").map(|_| ()));
        for number in [3, 14, 400_u32] {
            outcomes.call("put", || transaction.put(&tree, &number.to_be_bytes(), &[9; 200]));
        }
        let savepoint = outcomes.call("savepoint", || {
            transaction.savepoint(|inner| {
                inner.put(&tree, b"inner", b"1")?;
                inner.delete(&tree, &21_u32.to_be_bytes())
            })
        });
        outcomes.drop("drop of a savepoint", savepoint);
        outcomes.call("delete_range", || {
            let key = 350_u32.to_be_bytes();
            transaction.delete_range(&tree, KeyRange::new(&key[..]..))
        });
        outcomes.call("own writes", || read_all(&transaction, &tree, Direction::Forward));
        outcomes.call("own trees", || transaction.trees());
    }
    outcomes.call("commit", || transaction.commit());
}

pub(crate) fn exercise(
    path: &Path,
    folder: &Path,
    options: &StoreOptions,
    outcomes: &mut Outcomes,
) {
    let Some(store) = outcomes.call("open", || RedbStore::open(path, options)) else { return };
    read(&store, outcomes);
    outcomes.call("stats", || store.stats());
    let copy = folder.join("copy");
    outcomes.call("backup", || store.backup(&copy));
    let _ = fs::remove_file(&copy);
    let outliving = outcomes.call("snapshot", || store.snapshot());
    if !options.is_read_only() {
        for durability in [Durability::None, Durability::PowerLoss] {
            write(&store, outcomes, durability);
        }
        let dropped = outcomes.call("begin", || store.begin());
        outcomes.drop("drop of a transaction", dropped);
        let rolled_back = outcomes.call("begin", || store.begin());
        rolled_back.map(|transaction| outcomes.call("rollback", || transaction.rollback()));
        outcomes.call("apply", || {
            let tree = store.tree(TREES[0])?;
            let mut batch = Batch::new();
            batch.put(&tree, b"batch", b"1");
            store.apply(batch, Durability::PowerLoss)
        });
        outcomes.call("sync", || store.sync());
    }
    outcomes.call("close", || store.close());
    outcomes.drop("drop of a snapshot that outlives the store", outliving);
    outcomes.drop("drop of a store", store);
    if !options.is_read_only()
        && let Some(store) = outcomes.call("open", || RedbStore::open(path, options))
    {
        outcomes.call("compact", || store.compact());
        read(&store, outcomes);
        outcomes.drop("drop of a store", store);
    }
}

/// Keeps redb's panics, which are caught, from filling the output.
pub(crate) fn silence() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let is_here = |place: &panic::Location<'_>| place.file() == file!();
            if panic.location().is_some_and(is_here) {
                hook(panic);
            }
        }));
    });
}
