//! The oracle: random actions on a store and on plain maps, which have to agree.

use std::collections::BTreeMap;
use std::mem;
use std::ops::RangeBounds;
use std::sync::atomic::Ordering;

use arbour_core::{Direction, ErrorKind, KeyRange, Limits};
use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

use crate::Factory;
use crate::action::{
    Access, Action, End, Key, LIMITS, Move, Outcome, Set, Step, TREES, Value, action, read_all,
};
use crate::random::{number_from, seed, test_runner};
use crate::session::run;

/// The number of sequences, unless `ARBOUR_MODEL_CASES` sets another.
const CASES: u64 = 64;

/// The maximum number of snapshots kept at a time.
const PINNED_MAX: usize = 4;

/// Runs random actions on new stores and on a plain map for each, and panics with the shortest
/// sequence found for which they disagree, as the test `model::agrees_with_a_plain_map` does.
///
/// The actions are one-shots, batches, transactions with savepoints, snapshots that are kept and
/// read later, and closing and opening; reads of every kind, before, within and after. They include
/// bad input, which has to be refused with the right kind.
///
/// The environment variable `ARBOUR_MODEL_CASES` sets the number of sequences (default 64), and
/// `ARBOUR_SEED` repeats a run.
///
/// ```
/// # use arbour_conformance::Factory;
/// # use arbour_core::{MemoryStore, Result, StoreOptions};
/// # struct Memory;
/// # impl Factory for Memory {
/// #     type Store = MemoryStore;
/// #     fn open(&self, _: &std::path::Path, options: &StoreOptions) -> Result<MemoryStore> {
/// #         MemoryStore::open(options)
/// #     }
/// # }
/// arbour_conformance::agrees_with_a_plain_map(&Memory);
/// ```
pub fn agrees_with_a_plain_map<F: Factory>(factory: &F) {
    let cases = number_from("ARBOUR_MODEL_CASES").unwrap_or(CASES);
    examine(seed(), cases, |mut actions| {
        actions.push(Action::Reopen);
        actions.extend(read_all().into_iter().map(Action::Read));
        let mut model = None;
        run(factory, LIMITS, &actions, |capabilities, number, action, found| {
            let model = model
                .get_or_insert_with(|| Model::new(capabilities.limits, capabilities.persistent));
            let expected = model.perform(action);
            if found == expected {
                return Ok(());
            }
            Err(format!("action {number}, {action:?}\n expected {expected:?}\n found {found:?}"))
        })
    });
}

/// Runs a test on random sequences of actions; panics with the shortest one that fails.
pub(crate) fn examine(seed: u64, cases: u64, test: impl Fn(Vec<Action>) -> Result<(), String>) {
    println!("ARBOUR_SEED={seed}");
    let outcome =
        test_runner(seed, cases).run(&Model::sequential_strategy(1..60), |(_, actions, seen)| {
            if let Some(seen) = seen {
                seen.fetch_add(actions.len(), Ordering::SeqCst);
            }
            test(actions).map_err(TestCaseError::fail)
        });
    let failure = outcome.err().map(|error| error.to_string());
    assert!(
        failure.is_none(),
        "{}\nRun again with ARBOUR_SEED={seed} to repeat it.",
        failure.unwrap_or_default()
    );
}

type Trees = Vec<BTreeMap<Key, Value>>;

/// The expected state of a store: plain maps, copied for every snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    limits: Limits,
    persistent: bool,
    trees: Trees,
    pinned: Vec<Trees>,
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Action;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::new(LIMITS, true)).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Action> {
        action(model.trees.iter().flat_map(BTreeMap::keys).cloned().collect())
    }

    fn apply(mut model: Self, action: &Action) -> Self {
        model.perform(action);
        model
    }

    fn preconditions(model: &Self, action: &Action) -> bool {
        match action {
            Action::Pin => model.pinned.len() < PINNED_MAX,
            Action::ReadPinned { which, .. } | Action::Unpin { which } => {
                *which < model.pinned.len()
            }
            _ => true,
        }
    }
}

impl Model {
    fn new(limits: Limits, persistent: bool) -> Self {
        let trees = vec![BTreeMap::new(); TREES.len()];
        Self { limits, persistent, trees, pinned: Vec::new() }
    }

    fn perform(&mut self, action: &Action) -> Outcome {
        match action {
            Action::Set(set) => self.batch(std::slice::from_ref(set)),
            Action::Batch { sets, .. } => self.batch(sets),
            Action::Transaction { steps, end, .. } => self.transaction(steps, *end),
            Action::Swap { tree, key, expected, new } => {
                match read(&self.trees, &Access::Get { tree: *tree, key: key.clone() }) {
                    Outcome::Value(actual) if actual == *expected => {
                        let (tree, key, value) = (*tree, key.clone(), new.clone());
                        self.batch(&[Set { tree, key, value }])
                    }
                    other => other,
                }
            }
            Action::Read(access) => read(&self.trees, access),
            Action::Pin => {
                self.pinned.push(self.trees.clone());
                Outcome::Done
            }
            Action::ReadPinned { which, access } => match self.pinned.get(*which) {
                Some(trees) => read(trees, access),
                None => Outcome::Done,
            },
            Action::Unpin { which } => {
                if *which < self.pinned.len() {
                    self.pinned.remove(*which);
                }
                Outcome::Done
            }
            Action::Sync => Outcome::Done,
            Action::Reopen => self.reopen(),
        }
    }

    fn batch(&mut self, sets: &[Set]) -> Outcome {
        let before = self.trees.clone();
        for set in sets {
            let outcome = write(&mut self.trees, &self.limits, set);
            if outcome != Outcome::Done {
                self.trees = before;
                return outcome;
            }
        }
        Outcome::Done
    }

    fn transaction(&mut self, steps: &[Step], end: End) -> Outcome {
        let mut written = self.trees.clone();
        let mut outcomes = Vec::new();
        for step in steps {
            outcomes.push(match step {
                Step::Move(a_move) => perform_move(&mut written, &self.limits, a_move),
                Step::ReadBeside(access) => read(&self.trees, access),
                Step::Savepoint { moves, keep } => {
                    let before = written.clone();
                    let limits = &self.limits;
                    let each = moves.iter().map(|m| perform_move(&mut written, limits, m));
                    let each = each.chain([Outcome::Done]).collect();
                    if !keep {
                        written = before;
                    }
                    Outcome::Each(each)
                }
            });
        }
        if matches!(end, End::Commit) {
            self.trees = written;
        }
        outcomes.push(Outcome::Done);
        Outcome::Each(outcomes)
    }

    fn reopen(&mut self) -> Outcome {
        let mut outcomes = vec![Outcome::Done];
        for trees in mem::take(&mut self.pinned) {
            outcomes.extend(read_all().iter().map(|access| read(&trees, access)));
        }
        outcomes.extend(vec![ErrorKind::Closed.into(); crate::session::CLOSED_PROBES]);
        outcomes.push(Outcome::Done);
        if !self.persistent {
            self.trees.iter_mut().for_each(BTreeMap::clear);
        }
        Outcome::Each(outcomes)
    }
}

fn perform_move(trees: &mut Trees, limits: &Limits, a_move: &Move) -> Outcome {
    match a_move {
        Move::Set(set) => write(trees, limits, set),
        Move::DeleteRange { tree, range } => match trees.get_mut(*tree) {
            Some(entries) => {
                entries.retain(|key, _| !is_in(range, key));
                Outcome::Done
            }
            None => ErrorKind::InvalidArgument.into(),
        },
        Move::Read(access) => read(trees, access),
    }
}

fn write(trees: &mut Trees, limits: &Limits, set: &Set) -> Outcome {
    let Some(entries) = trees.get_mut(set.tree) else {
        return ErrorKind::InvalidArgument.into();
    };
    let value_bytes = set.value.as_ref().map_or(0, Vec::len);
    if set.key.len() > limits.key_bytes_max || value_bytes > limits.value_bytes_max {
        return ErrorKind::TooLarge.into();
    }
    if set.key.len() < limits.key_bytes_min {
        return ErrorKind::InvalidArgument.into();
    }
    match &set.value {
        Some(value) => entries.insert(set.key.clone(), value.clone()),
        None => entries.remove(&set.key),
    };
    Outcome::Done
}

fn read(trees: &Trees, access: &Access) -> Outcome {
    let tree = match access {
        Access::Trees => {
            let named = TREES.iter().zip(trees).filter(|(_, entries)| !entries.is_empty());
            return Outcome::Names(named.map(|(name, _)| (*name).to_owned()).collect());
        }
        Access::Get { tree, .. } | Access::Contains { tree, .. } => tree,
        Access::MultiGet { tree, .. } | Access::Scan { tree, .. } => tree,
        Access::Prefix { tree, .. } | Access::Len { tree } => tree,
        Access::First { tree, .. } | Access::Last { tree, .. } => tree,
    };
    match trees.get(*tree) {
        Some(entries) => read_tree(entries, access),
        None => ErrorKind::InvalidArgument.into(),
    }
}

fn read_tree(entries: &BTreeMap<Key, Value>, access: &Access) -> Outcome {
    match access {
        Access::Get { key, .. } => Outcome::Value(entries.get(key).cloned()),
        Access::Contains { key, .. } => Outcome::Truth(entries.contains_key(key)),
        Access::MultiGet { keys, .. } => {
            Outcome::Values(keys.iter().map(|key| entries.get(key).cloned()).collect())
        }
        Access::Scan { range, direction, seek, .. } => {
            let all = scan(entries, range, *direction);
            let Some(seek) = seek else {
                return Outcome::Entries(all);
            };
            let mut read: Vec<_> = all.iter().take(seek.after).cloned().collect();
            read.extend(all.into_iter().filter(|(key, _)| match direction {
                Direction::Forward => *key >= seek.key,
                Direction::Reverse => *key <= seek.key,
            }));
            Outcome::Entries(read)
        }
        Access::Prefix { prefix, .. } => {
            let mut all = scan(entries, &KeyRange::all(), Direction::Forward);
            all.retain(|(key, _)| key.starts_with(prefix));
            Outcome::Entries(all)
        }
        Access::First { range, .. } => first(entries, range, Direction::Forward),
        Access::Last { range, .. } => first(entries, range, Direction::Reverse),
        Access::Len { .. } => Outcome::Count(entries.len() as u64),
        Access::Trees => Outcome::Done,
    }
}

fn first(entries: &BTreeMap<Key, Value>, range: &KeyRange<'_>, direction: Direction) -> Outcome {
    Outcome::Entries(scan(entries, range, direction).into_iter().take(1).collect())
}

fn scan(
    entries: &BTreeMap<Key, Value>,
    range: &KeyRange<'_>,
    direction: Direction,
) -> Vec<(Key, Value)> {
    let inside = entries.iter().filter(|(key, _)| is_in(range, key));
    let inside = inside.map(|(key, value)| (key.clone(), value.clone()));
    match direction {
        Direction::Forward => inside.collect(),
        Direction::Reverse => inside.rev().collect(),
    }
}

/// Uses the standard library, not the code under test.
fn is_in(range: &KeyRange<'_>, key: &[u8]) -> bool {
    RangeBounds::<[u8]>::contains(&(range.start(), range.end()), key)
}
