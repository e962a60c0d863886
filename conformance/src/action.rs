//! What the model and the mirror do to a store: the single definition of a random action.

use std::ops::Bound;

use arbour_core::{Direction, Durability, ErrorKind, KeyRange, Limits};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Small enough that bad input is cheap to make.
pub(crate) const LIMITS: Limits = Limits {
    key_bytes_min: 0,
    key_bytes_max: 8,
    value_bytes_max: 64,
    transaction_writes_max: usize::MAX,
    transaction_bytes_max: usize::MAX,
};

/// The trees that actions use.
pub(crate) const TREES: [&str; 3] = ["t", "u", "v"];

/// The number of a handle of another store; lower numbers are handles of [`TREES`].
pub(crate) const FOREIGN: usize = TREES.len();

/// The bytes that keys are made of: those that delimiters, prefixes and separators handle wrongly.
const ALPHABET: [u8; 5] = [0x00, 0x01, 0x61, 0xfe, 0xff];

pub(crate) type Key = Vec<u8>;
pub(crate) type Value = Vec<u8>;

/// A read, through a snapshot or a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Access {
    Get { tree: usize, key: Key },
    Contains { tree: usize, key: Key },
    MultiGet { tree: usize, keys: Vec<Key> },
    Scan { tree: usize, range: KeyRange<'static>, direction: Direction, seek: Option<Seek> },
    Prefix { tree: usize, prefix: Key },
    First { tree: usize, range: KeyRange<'static> },
    Last { tree: usize, range: KeyRange<'static> },
    Len { tree: usize },
    Trees,
}

/// A move of a cursor after it has read some entries; then it reads to the end.
#[derive(Clone, Debug)]
pub(crate) struct Seek {
    pub(crate) after: usize,
    pub(crate) key: Key,
}

/// A write of one key; without a value it is a deletion.
#[derive(Clone, Debug)]
pub(crate) struct Set {
    pub(crate) tree: usize,
    pub(crate) key: Key,
    pub(crate) value: Option<Value>,
}

/// What can be done in a transaction and in a savepoint.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    Set(Set),
    DeleteRange { tree: usize, range: KeyRange<'static> },
    Read(Access),
}

/// What can be done in a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Move(Move),
    /// Reads through a snapshot taken beside the transaction, which must not see the transaction.
    ReadBeside(Access),
    Savepoint {
        moves: Vec<Move>,
        keep: bool,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Commit,
    Rollback,
    Drop,
}

/// What can be done to a store.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Set(Set),
    Batch {
        sets: Vec<Set>,
        durability: Durability,
    },
    Transaction {
        steps: Vec<Step>,
        durability: Durability,
        end: End,
    },
    Swap {
        tree: usize,
        key: Key,
        expected: Option<Value>,
        new: Option<Value>,
    },
    Read(Access),
    /// Takes a snapshot and keeps it.
    Pin,
    ReadPinned {
        which: usize,
        access: Access,
    },
    Unpin {
        which: usize,
    },
    Sync,
    /// Closes the store, reads all pinned snapshots, uses the closed store, and opens it again.
    Reopen,
}

/// The outcome of an action: equal on every store.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    Done,
    Value(Option<Value>),
    Values(Vec<Option<Value>>),
    Entries(Vec<(Key, Value)>),
    Names(Vec<String>),
    Count(u64),
    Truth(bool),
    Each(Vec<Outcome>),
    Refused(Refusal),
}

/// An error: its kind is compared, its text is only shown.
#[derive(Clone)]
pub(crate) struct Refusal {
    pub(crate) kind: ErrorKind,
    pub(crate) text: String,
}

impl PartialEq for Refusal {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl std::fmt::Debug for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.kind, self.text)
    }
}

impl From<ErrorKind> for Outcome {
    fn from(kind: ErrorKind) -> Self {
        Self::Refused(Refusal { kind, text: String::new() })
    }
}

/// Returns the reads that see everything.
pub(crate) fn read_all() -> Vec<Access> {
    let all = |tree| Access::Scan {
        tree,
        range: KeyRange::all(),
        direction: Direction::Forward,
        seek: None,
    };
    (0..TREES.len()).map(all).chain([Access::Trees]).collect()
}

/// Generates an action; half of the keys are among those `known`.
pub(crate) fn action(known: Vec<Key>) -> BoxedStrategy<Action> {
    let key = key(known);
    let access = access(&key);
    let set = set(&key);
    let swap = (any_tree(), key.clone(), option::of(value()), option::of(value()))
        .prop_map(|(tree, key, expected, new)| Action::Swap { tree, key, expected, new });
    let batch = (vec(good_set(&key), 0..6), option::weighted(0.1, set.clone()), durability())
        .prop_map(|(mut sets, bad, durability)| {
            sets.extend(bad);
            Action::Batch { sets, durability }
        });
    let transaction = (vec(step(&key), 0..12), durability(), end())
        .prop_map(|(steps, durability, end)| Action::Transaction { steps, durability, end });
    let pinned = (0..4_usize, access.clone());
    prop_oneof![
        12 => set.prop_map(Action::Set),
        8 => batch,
        16 => transaction,
        3 => swap,
        10 => access.prop_map(Action::Read),
        8 => Just(Action::Pin),
        16 => pinned.prop_map(|(which, access)| Action::ReadPinned { which, access }),
        4 => (0..4_usize).prop_map(|which| Action::Unpin { which }),
        1 => Just(Action::Sync),
        2 => Just(Action::Reopen),
    ]
    .boxed()
}

fn step(key: &BoxedStrategy<Key>) -> BoxedStrategy<Step> {
    let savepoint = (vec(a_move(key), 0..5), any::<bool>());
    prop_oneof![
        10 => a_move(key).prop_map(Step::Move),
        2 => access(key).prop_map(Step::ReadBeside),
        2 => savepoint.prop_map(|(moves, keep)| Step::Savepoint { moves, keep }),
    ]
    .boxed()
}

fn a_move(key: &BoxedStrategy<Key>) -> BoxedStrategy<Move> {
    prop_oneof![
        6 => set(key).prop_map(Move::Set),
        1 => (any_tree(), range(key))
            .prop_map(|(tree, range)| Move::DeleteRange { tree, range }),
        4 => access(key).prop_map(Move::Read),
    ]
    .boxed()
}

fn access(key: &BoxedStrategy<Key>) -> BoxedStrategy<Access> {
    let (tree, range) = (any_tree(), range(key));
    let seek = (0..4_usize, key.clone()).prop_map(|(after, key)| Seek { after, key });
    let one = (tree.clone(), key.clone());
    let ranged = (tree.clone(), range.clone());
    prop_oneof![
        4 => one.clone().prop_map(|(tree, key)| Access::Get { tree, key }),
        1 => one.clone().prop_map(|(tree, key)| Access::Contains { tree, key }),
        1 => (tree.clone(), vec(key.clone(), 1..4))
            .prop_map(|(tree, keys)| Access::MultiGet { tree, keys }),
        12 => (tree.clone(), range, direction(), option::of(seek)).prop_map(
            |(tree, range, direction, seek)| Access::Scan { tree, range, direction, seek }
        ),
        2 => one.prop_map(|(tree, prefix)| Access::Prefix { tree, prefix }),
        1 => ranged.clone().prop_map(|(tree, range)| Access::First { tree, range }),
        1 => ranged.prop_map(|(tree, range)| Access::Last { tree, range }),
        1 => tree.prop_map(|tree| Access::Len { tree }),
        1 => Just(Access::Trees),
    ]
    .boxed()
}

/// Makes puts that are mostly valid. Each of three mistakes occurs, but never two at once: which of
/// them would be reported is not specified.
fn set(key: &BoxedStrategy<Key>) -> BoxedStrategy<Set> {
    let bad = good_set(key).prop_flat_map(|good| {
        // Some engines refuse the empty key, which would be the second mistake.
        let key = if good.key.is_empty() { vec![0x61] } else { good.key };
        let good = Set { key, ..good };
        let long_key = Set { key: vec![0x61; LIMITS.key_bytes_max + 1], ..good.clone() };
        let long_value = vec![0; LIMITS.value_bytes_max + 1];
        let long_value = Set { value: Some(long_value), ..good.clone() };
        select(vec![Set { tree: FOREIGN, ..good }, long_key, long_value])
    });
    prop_oneof![30 => good_set(key), 1 => bad].boxed()
}

fn good_set(key: &BoxedStrategy<Key>) -> BoxedStrategy<Set> {
    (own_tree(), key.clone(), option::weighted(0.75, value()))
        .prop_map(|(tree, key, value)| Set { tree, key, value })
        .boxed()
}

fn key(known: Vec<Key>) -> BoxedStrategy<Key> {
    let fresh = vec(select(&ALPHABET[..]), 0..=4);
    if known.is_empty() { fresh.boxed() } else { prop_oneof![fresh, select(known)].boxed() }
}

fn value() -> impl Strategy<Value = Value> + Clone {
    prop_oneof![2 => Just(b"1".to_vec()), 3 => vec(any::<u8>(), 0..6)]
}

fn any_tree() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![40 => own_tree(), 1 => Just(FOREIGN)]
}

/// Mostly the first tree, so that many writes meet in one tree.
fn own_tree() -> impl Strategy<Value = usize> + Clone {
    prop_oneof![2 => Just(0), 1 => 1..TREES.len()]
}

/// About every fourth pair of two random bounds is inverted.
fn range(key: &BoxedStrategy<Key>) -> impl Strategy<Value = KeyRange<'static>> + Clone + use<> {
    let bound = prop_oneof![
        Just(Bound::Unbounded),
        key.clone().prop_map(Bound::Included),
        key.clone().prop_map(Bound::Excluded),
    ];
    (bound.clone(), bound).prop_map(|(start, end)| {
        let (start, end) = (start.as_ref().map(Vec::as_slice), end.as_ref().map(Vec::as_slice));
        KeyRange::from_bounds(start, end).into_owned()
    })
}

fn direction() -> impl Strategy<Value = Direction> + Clone {
    select(vec![Direction::Forward, Direction::Reverse])
}

/// Durable commits are slow, and survive a close no better.
fn durability() -> impl Strategy<Value = Durability> + Clone {
    prop_oneof![
        4 => Just(Durability::None),
        2 => Just(Durability::ProcessCrash),
        1 => Just(Durability::PowerLoss),
    ]
}

fn end() -> impl Strategy<Value = End> + Clone {
    prop_oneof![6 => Just(End::Commit), 1 => Just(End::Rollback), 1 => Just(End::Drop)]
}
