//! Performing random actions on a store.

use arbour::{ErrorKind, Operation};
use arbour_core::{
    Batch, Capabilities, CompareAndSwap, Cursor, Durability, Error, KvRead, KvStore, KvWrite,
    Limits, Result, StoreOptions, Tree,
};
use tempfile::TempDir;

use crate::action::{Access, Action, End, Move, Outcome, Refusal, Set, Step, TREES, read_all};
use crate::{Factory, entries};

/// How many uses of the closed store [`Action::Reopen`] makes.
pub(crate) const CLOSED_PROBES: usize = 8;

/// Performs actions on a new store, and reports the outcome of each until a report is an error.
pub(crate) fn run<F: Factory>(
    factory: &F,
    limits: Limits,
    actions: &[Action],
    mut report: impl FnMut(&Capabilities, usize, &Action, Outcome) -> Result<(), String>,
) -> Result<(), String> {
    let folder = TempDir::with_prefix("arbour-actions-").map_err(|error| error.to_string())?;
    let options = StoreOptions::new().limits(limits);
    let open = |name| factory.open(&folder.path().join(name), &options);
    let other_store = open("other").map_err(describe)?;
    let foreign = other_store.tree(TREES[0]).map_err(describe)?;
    let mut rest = actions.iter().enumerate();
    let mut has_more = true;
    while has_more {
        let store = open("store").map_err(describe)?;
        let mut session = Session::new(&store, &foreign).map_err(describe)?;
        has_more = false;
        for (number, action) in rest.by_ref() {
            let outcome = session.perform(action);
            report(store.capabilities(), number, action, outcome)?;
            if matches!(action, Action::Reopen) {
                has_more = true;
                break;
            }
        }
    }
    Ok(())
}

fn describe(error: Error) -> String {
    format!("{error:?}")
}

/// An open store with the handles of its trees and the kept snapshots.
struct Session<'s, S: KvStore> {
    store: &'s S,
    /// The handles of [`TREES`], then a foreign one.
    handles: Vec<Tree>,
    pinned: Vec<S::Snapshot<'s>>,
}

impl<'s, S: KvStore> Session<'s, S> {
    fn new(store: &'s S, foreign: &Tree) -> Result<Self> {
        let mut handles = TREES.iter().map(|name| store.tree(name)).collect::<Result<Vec<_>>>()?;
        handles.push(foreign.clone());
        Ok(Self { store, handles, pinned: Vec::new() })
    }

    fn perform(&mut self, action: &Action) -> Outcome {
        self.try_perform(action).into()
    }

    fn try_perform(&mut self, action: &Action) -> Result<Outcome> {
        match action {
            Action::Set(set) => match &set.value {
                Some(value) => self.store.put(self.handle(set.tree), &set.key, value).map(done),
                None => self.store.delete(self.handle(set.tree), &set.key).map(done),
            },
            Action::Batch { sets, durability } => {
                let mut batch = Batch::new();
                for Set { tree, key, value } in sets {
                    match value {
                        Some(value) => batch.put(self.handle(*tree), key, value),
                        None => batch.delete(self.handle(*tree), key),
                    }
                }
                self.store.apply(batch, *durability).map(done)
            }
            Action::Transaction { steps, durability, end } => {
                self.transaction(steps, *durability, *end)
            }
            Action::Swap { tree, key, expected, new } => {
                let tree = self.handle(*tree);
                let (expected, new) = (expected.as_deref(), new.as_deref());
                Ok(match self.store.compare_and_swap(tree, key, expected, new)? {
                    CompareAndSwap::Swapped => Outcome::Done,
                    CompareAndSwap::Differs { actual } => Outcome::Value(actual),
                })
            }
            Action::Read(access) => read(&self.store.snapshot()?, &self.handles, access),
            Action::Pin => {
                self.pinned.push(self.store.snapshot()?);
                Ok(Outcome::Done)
            }
            Action::ReadPinned { which, access } => match self.pinned.get(*which) {
                Some(snapshot) => read(snapshot, &self.handles, access),
                None => Ok(Outcome::Done),
            },
            Action::Unpin { which } => {
                if *which < self.pinned.len() {
                    self.pinned.remove(*which);
                }
                Ok(Outcome::Done)
            }
            Action::Sync => self.store.sync().map(done),
            Action::Reopen => Ok(self.close()),
        }
    }

    fn handle(&self, tree: usize) -> &Tree {
        handle(&self.handles, tree)
    }

    fn transaction(&self, steps: &[Step], durability: Durability, end: End) -> Result<Outcome> {
        let mut transaction = self.store.begin_with(durability)?;
        let mut outcomes = Vec::new();
        for step in steps {
            outcomes.push(match step {
                Step::Move(a_move) => perform_move(&mut transaction, &self.handles, a_move),
                Step::ReadBeside(access) => {
                    let beside = self.store.snapshot();
                    beside.and_then(|beside| read(&beside, &self.handles, access)).into()
                }
                Step::Savepoint { moves, keep } => {
                    savepoint(&mut transaction, &self.handles, moves, *keep)
                }
            });
        }
        let ended = match end {
            End::Commit => transaction.commit(),
            End::Rollback => transaction.rollback(),
            End::Drop => {
                drop(transaction);
                Ok(())
            }
        };
        outcomes.push(ended.map(done).into());
        Ok(Outcome::Each(outcomes))
    }

    fn close(&self) -> Outcome {
        let mut outcomes = vec![self.store.close().map(done).into()];
        for snapshot in &self.pinned {
            outcomes.extend(
                read_all().iter().map(|access| read(snapshot, &self.handles, access).into()),
            );
        }
        let (store, tree) = (self.store, self.handle(0));
        let mut batch = Batch::new();
        batch.put(tree, b"a", b"");
        let uses: [Result<()>; CLOSED_PROBES] = [
            store.tree(TREES[0]).map(drop),
            store.snapshot().map(drop),
            store.begin().map(drop),
            store.get(tree, b"a").map(drop),
            store.put(tree, b"a", b""),
            store.apply(batch, Durability::None),
            store.sync(),
            store.stats().map(drop),
        ];
        outcomes.extend(uses.map(|used| used.map(done).into()));
        outcomes.push(store.close().map(done).into());
        Outcome::Each(outcomes)
    }
}

fn savepoint<W: KvWrite>(
    transaction: &mut W,
    handles: &[Tree],
    moves: &[Move],
    keep: bool,
) -> Outcome {
    let mut outcomes = Vec::new();
    let on_purpose = "undone on purpose";
    let ended = transaction.savepoint(|savepoint| {
        outcomes.extend(moves.iter().map(|a_move| perform_move(savepoint, handles, a_move)));
        let undone = || Error::new(ErrorKind::Failed, Operation::Put, on_purpose);
        if keep { Ok(()) } else { Err(undone()) }
    });
    outcomes.push(match ended {
        Err(error) if error.message() == on_purpose => Outcome::Done,
        ended => ended.map(done).into(),
    });
    Outcome::Each(outcomes)
}

fn perform_move<W: KvWrite>(writer: &mut W, handles: &[Tree], a_move: &Move) -> Outcome {
    let outcome = match a_move {
        Move::Set(Set { tree, key, value: Some(value) }) => {
            writer.put(handle(handles, *tree), key, value).map(done)
        }
        Move::Set(Set { tree, key, value: None }) => {
            writer.delete(handle(handles, *tree), key).map(done)
        }
        Move::DeleteRange { tree, range } => {
            writer.delete_range(handle(handles, *tree), range.clone()).map(done)
        }
        Move::Read(access) => read(writer, handles, access),
    };
    outcome.into()
}

fn read<R: KvRead>(reader: &R, handles: &[Tree], access: &Access) -> Result<Outcome> {
    let one = |entry: Option<_>| Outcome::Entries(entry.into_iter().collect());
    Ok(match access {
        Access::Get { tree, key } => {
            Outcome::Value(reader.get_with(handle(handles, *tree), key, <[u8]>::to_vec)?)
        }
        Access::Contains { tree, key } => {
            Outcome::Truth(reader.contains(handle(handles, *tree), key)?)
        }
        Access::MultiGet { tree, keys } => {
            let values = reader.multi_get(handle(handles, *tree), keys)?;
            let copy = |value: Option<R::Value<'_>>| value.map(|value| value.as_ref().to_vec());
            Outcome::Values(values.into_iter().map(copy).collect())
        }
        Access::Scan { tree, range, direction, seek } => {
            let mut cursor = reader.scan(handle(handles, *tree), range.clone(), *direction)?;
            let mut found = Vec::new();
            if let Some(seek) = seek {
                found = first_entries(&mut cursor, seek.after)?;
                cursor.seek(&seek.key)?;
            }
            found.extend(entries(cursor)?);
            Outcome::Entries(found)
        }
        Access::Prefix { tree, prefix } => {
            Outcome::Entries(entries(reader.prefix(handle(handles, *tree), prefix)?)?)
        }
        Access::First { tree, range } => one(reader.first(handle(handles, *tree), range.clone())?),
        Access::Last { tree, range } => one(reader.last(handle(handles, *tree), range.clone())?),
        Access::Len { tree } => Outcome::Count(reader.len(handle(handles, *tree))?),
        Access::Trees => Outcome::Names(reader.trees()?),
    })
}

fn first_entries(cursor: &mut impl Cursor, count: usize) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut found = Vec::new();
    for _ in 0..count {
        found.extend(cursor.next()?.map(|(key, value)| (key.to_vec(), value.to_vec())));
    }
    Ok(found)
}

fn handle<T>(handles: &[T], tree: usize) -> &T {
    handles.get(tree).expect("actions name the trees of the session and a foreign one")
}

fn done(_: ()) -> Outcome {
    Outcome::Done
}

impl From<Result<Outcome>> for Outcome {
    fn from(result: Result<Outcome>) -> Self {
        result.unwrap_or_else(|error| {
            Self::Refused(Refusal { kind: error.kind(), text: error.to_string() })
        })
    }
}
