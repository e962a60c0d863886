//! Deleted keys are skipped once and not by every later cursor: measured in steps of the cursor
//! below. The notes that make this possible change no answer.

use std::cell::Cell;
use std::collections::BTreeMap;

use arbour_core::engine::forward;
use arbour_core::{
    Cursor, Direction, Error, KeyRange, KvRead, KvStore, KvWrite, MemoryStore, MemoryTransaction,
    Result, Tree,
};
use proptest::prelude::*;

/// A transaction that counts the calls of its cursors.
struct Counted<'s> {
    below: MemoryTransaction<'s>,
    steps: Cell<u64>,
}

struct CountedCursor<'t, C> {
    below: C,
    steps: &'t Cell<u64>,
}

impl<C: Cursor> Cursor for CountedCursor<'_, C> {
    fn next(&mut self) -> Result<Option<(&[u8], &[u8])>> {
        self.steps.set(self.steps.get() + 1);
        self.below.next()
    }

    fn seek(&mut self, key: &[u8]) -> Result<()> {
        self.steps.set(self.steps.get() + 1);
        self.below.seek(key)
    }
}

impl<'s> KvRead for Counted<'s> {
    type Value<'t>
        = <MemoryTransaction<'s> as KvRead>::Value<'t>
    where
        Self: 't;
    type Cursor<'t>
        = CountedCursor<'t, <MemoryTransaction<'s> as KvRead>::Cursor<'t>>
    where
        Self: 't;

    forward!(self => self.below; get, open_tree, trees);

    fn scan(
        &self,
        tree: &Tree,
        range: KeyRange<'_>,
        direction: Direction,
    ) -> Result<Self::Cursor<'_>> {
        let below = self.below.scan(tree, range, direction)?;
        Ok(CountedCursor { below, steps: &self.steps })
    }
}

impl KvWrite for Counted<'_> {
    forward!(self => self.below; put, delete, delete_range, check, commit_checks, commit, rollback);
}

const ENTRIES: u32 = 4_000;

/// The average cost of an operation, in steps below: a run that is not noted yet, a jump.
const STEPS_MAX: u64 = 24;

fn key(number: u32) -> [u8; 4] {
    number.to_be_bytes()
}

/// Runs a closure in a savepoint over a counting transaction, and returns the steps below.
fn count(run: impl Fn(&mut dyn Take, &Tree) -> Result<()>, is_nested: bool) -> Result<u64> {
    let store = MemoryStore::new();
    let tree = store.tree("t")?;
    let mut filling = store.begin()?;
    for number in 0..ENTRIES {
        filling.put(&tree, &key(number), b"")?;
    }
    filling.commit()?;
    let mut counted = Counted { below: store.begin()?, steps: Cell::new(0) };
    counted.savepoint(|outer| {
        if is_nested { outer.savepoint(|inner| run(inner, &tree)) } else { run(outer, &tree) }
    })?;
    Ok(counted.steps.get())
}

/// The part of a transaction that the tests use, whatever its type.
trait Take {
    fn at_end(&self, tree: &Tree, direction: Direction) -> Result<Option<Vec<u8>>>;
    fn set(&mut self, tree: &Tree, key: &[u8]) -> Result<()>;
    fn remove(&mut self, tree: &Tree, key: &[u8]) -> Result<()>;
    fn remove_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()>;
}

impl<W: KvWrite> Take for W {
    fn at_end(&self, tree: &Tree, direction: Direction) -> Result<Option<Vec<u8>>> {
        let entry = match direction {
            Direction::Forward => self.first(tree, KeyRange::all())?,
            Direction::Reverse => self.last(tree, KeyRange::all())?,
        };
        Ok(entry.map(|(key, _)| key))
    }

    fn set(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        KvWrite::put(self, tree, key, b"")
    }

    fn remove(&mut self, tree: &Tree, key: &[u8]) -> Result<()> {
        KvWrite::delete(self, tree, key)
    }

    fn remove_range(&mut self, tree: &Tree, range: KeyRange<'_>) -> Result<()> {
        KvWrite::delete_range(self, tree, range)
    }
}

#[track_caller]
fn each_costs_little(operations: u32, run: impl Fn(&mut dyn Take, &Tree) -> Result<()>) {
    for is_nested in [false, true] {
        let steps = count(&run, is_nested).expect("memory does not fail");
        let allowed = STEPS_MAX * u64::from(operations);
        assert!(steps <= allowed, "{steps} steps for {operations}, nested: {is_nested}");
    }
}

#[test]
fn taking_from_either_end_passes_over_few_deleted_keys() {
    for ends in [
        &[Direction::Forward][..],
        &[Direction::Reverse],
        &[Direction::Forward, Direction::Reverse],
    ] {
        each_costs_little(ENTRIES, |transaction, tree| {
            let mut taken = 0;
            for direction in ends.iter().cycle() {
                let Some(key) = transaction.at_end(tree, *direction)? else { break };
                transaction.remove(tree, &key)?;
                taken += 1;
            }
            assert_eq!(taken, ENTRIES);
            Ok(())
        });
    }
}

#[test]
fn what_a_range_deletion_left_is_found_at_once() {
    each_costs_little(2 * ENTRIES, |transaction, tree| {
        let (low, high) = (key(1), key(ENTRIES - 1));
        transaction.remove_range(tree, KeyRange::new(&low[..]..&high[..]))?;
        transaction.remove(tree, &key(0))?;
        for _ in 0..ENTRIES {
            assert_eq!(transaction.at_end(tree, Direction::Forward)?.as_deref(), Some(&high[..]));
        }
        transaction.remove(tree, &high)?;
        for _ in 0..ENTRIES / 2 {
            assert_eq!(transaction.at_end(tree, Direction::Reverse)?, None);
        }
        Ok(())
    });
}

#[test]
fn an_entry_put_amid_deleted_keys_leaves_the_others_noted() {
    each_costs_little(4 * ENTRIES, |transaction, tree| {
        transaction.remove_range(tree, KeyRange::all())?;
        for number in 0..ENTRIES {
            let key = key(number * 7 % ENTRIES);
            transaction.set(tree, &key)?;
            for direction in [Direction::Forward, Direction::Reverse] {
                assert_eq!(transaction.at_end(tree, direction)?.as_deref(), Some(&key[..]));
            }
            transaction.remove(tree, &key)?;
        }
        Ok(())
    });
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Delete(u8),
    DeleteRange(u8, u8),
    Scan { from: u8, to: u8, reverse: bool, seeks: Vec<(u8, u8)> },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seeks = proptest::collection::vec((0..20u8, any::<u8>()), 0..3);
    let scan = (any::<u8>(), any::<u8>(), any::<bool>(), seeks).prop_map(
        |(one, other, reverse, seeks)| Step::Scan {
            from: one.min(other),
            to: one.max(other),
            reverse,
            seeks,
        },
    );
    let whole = any::<bool>().prop_map(|reverse| Step::Scan {
        from: 0,
        to: 255,
        reverse,
        seeks: Vec::new(),
    });
    let step = prop_oneof![
        any::<u8>().prop_map(Step::Put),
        any::<u8>().prop_map(Step::Delete),
        (any::<u8>(), any::<u8>()).prop_map(|(a, b)| Step::DeleteRange(a.min(b), a.max(b))),
        scan,
        whole,
    ];
    proptest::collection::vec(step, 0..40)
}

/// Reads some entries, seeks, reads on, and compares each with the model.
fn scan_as_the_model(
    transaction: &impl KvRead,
    tree: &Tree,
    model: &BTreeMap<u8, u8>,
    (from, to, reverse, seeks): (u8, u8, bool, &[(u8, u8)]),
) -> Result<()> {
    let direction = if reverse { Direction::Reverse } else { Direction::Forward };
    let (low, high) = ([from], [to]);
    let mut cursor = transaction.scan(tree, KeyRange::new(&low[..]..=&high[..]), direction)?;
    let in_order = |start: Option<u8>| -> Vec<(u8, u8)> {
        let all = model.range(from..=to).map(|(key, value)| (*key, *value));
        match (reverse, start) {
            (false, start) => all.filter(|(key, _)| start.is_none_or(|s| *key >= s)).collect(),
            (true, start) => all.rev().filter(|(key, _)| start.is_none_or(|s| *key <= s)).collect(),
        }
    };
    let mut expected = in_order(None).into_iter();
    for (reads, to) in
        seeks.iter().copied().map(|(r, to)| (usize::from(r), Some(to))).chain([(300, None)])
    {
        for _ in 0..reads {
            let byte = |bytes: &[u8]| bytes.first().copied().unwrap_or_default();
            let read = cursor.next()?.map(|(key, value)| (byte(key), byte(value)));
            assert_eq!(read, expected.next());
        }
        if let Some(to) = to {
            cursor.seek(&[to])?;
            expected = in_order(Some(to)).into_iter();
        }
    }
    Ok(())
}

fn run<W: KvWrite>(
    transaction: &mut W,
    tree: &Tree,
    model: &mut BTreeMap<u8, u8>,
    steps: &[Step],
) -> Result<()> {
    for (number, step) in steps.iter().enumerate() {
        match step {
            Step::Put(key) => {
                transaction.put(tree, &[*key], &[number as u8])?;
                model.insert(*key, number as u8);
            }
            Step::Delete(key) => {
                transaction.delete(tree, &[*key])?;
                model.remove(key);
            }
            Step::DeleteRange(from, to) => {
                let (low, high) = ([*from], [*to]);
                let range = KeyRange::new(&low[..]..=&high[..]);
                transaction.delete_range(tree, range)?;
                model.retain(|key, _| !(from..=to).contains(&key));
            }
            Step::Scan { from, to, reverse, seeks } => {
                scan_as_the_model(transaction, tree, model, (*from, *to, *reverse, seeks))?;
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn cursors_agree_with_a_plain_map(
        below in proptest::collection::vec(any::<u8>(), 0..200),
        outer in steps(),
        inner in steps(),
    ) {
        let store = MemoryStore::new();
        let tree = store.tree("t").unwrap();
        let mut model = BTreeMap::new();
        let mut transaction = store.begin().unwrap();
        for key in below {
            transaction.put(&tree, &[key], &[255]).unwrap();
            model.insert(key, 255);
        }
        transaction
            .savepoint(|savepoint| {
                run(savepoint, &tree, &mut model, &outer)?;
                savepoint.savepoint(|nested| run(nested, &tree, &mut model, &inner))?;
                run(savepoint, &tree, &mut model, &outer)
            })
            .unwrap();
        run(&mut transaction, &tree, &mut model, &[Step::Scan { from: 0, to: 255, reverse: false, seeks: Vec::new() }])
            .unwrap();
        transaction.rollback().map_err(|error: Error| error).unwrap();
    }
}
