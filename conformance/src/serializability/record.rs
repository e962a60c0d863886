//! Random transactions, and the history they leave.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use arbour_core::{Direction, Error, ErrorKind, Result};

use super::{Element, History, Key, Lists, Observation, Outcome, Recorded};
use crate::random::Random;

/// The keys of the lists: few, so that transactions meet.
const KEYS: Range<Key> = 0..6;

/// How many transactions run at the same time.
const CLIENTS: u64 = 4;

/// How many transactions each client runs.
const TRANSACTIONS: usize = 60;

/// Runs random transactions of several clients on one thread, where a seed decides which of them
/// makes its next step. So a seed repeats the history. Only for transactions that never wait for each
/// other.
///
/// # Errors
/// Errors of what is tested, other than conflicts.
///
/// ```
/// use arbour_conformance::serializability::{PlantedDatabase, check, interleaved};
/// let database = PlantedDatabase::new(None);
/// let history = interleaved(7, || Ok(database.begin()))?;
/// assert!(check(&history).is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn interleaved<L: Lists>(seed: u64, begin: impl Fn() -> Result<L>) -> Result<History> {
    let (mut random, elements) = (Random::new(seed), AtomicU64::new(1));
    let mut history = History::default();
    let mut running = Vec::new();
    while history.transactions.len() < TRANSACTIONS * CLIENTS as usize {
        if running.len() < CLIENTS as usize {
            running.push(Running::begin(begin()?, &mut random));
            continue;
        }
        let chosen = random.below(CLIENTS) as usize;
        let mut one = running.swap_remove(chosen);
        if one.step(&elements)? {
            running.push(one);
        } else {
            history.transactions.push(one.end()?);
        }
    }
    drop(running);
    finish(history, begin()?)
}

/// Runs random transactions of several clients, each on a thread of its own.
///
/// # Errors
/// Errors of what is tested, other than conflicts.
///
/// ```
/// use arbour_conformance::serializability::{KvLists, check, on_threads};
/// use arbour_core::{KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let tree = store.tree("lists")?;
/// let history = on_threads(7, || Ok(KvLists::new(store.begin()?, &tree)))?;
/// assert!(check(&history).is_empty());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn on_threads<L: Lists>(seed: u64, begin: impl Fn() -> Result<L> + Sync) -> Result<History> {
    let (begin, elements) = (&begin, &AtomicU64::new(1));
    let transactions = thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn(move || {
                    let mut random = Random::new(seed.wrapping_add(client));
                    let one = |_| {
                        let mut one = Running::begin(begin()?, &mut random);
                        while one.step(elements)? {
                            // Lets another client in between, also on a machine with one core.
                            thread::yield_now();
                        }
                        one.end()
                    };
                    (0..TRANSACTIONS).map(one).collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        let joined = clients
            .into_iter()
            .map(|client| client.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect::<Result<Vec<_>>>()
    })?;
    let transactions = transactions.into_iter().flatten().collect();
    finish(History { transactions, ..History::default() }, begin()?)
}

/// Adds what is left, read by a last transaction.
fn finish(mut history: History, mut last: impl Lists) -> Result<History> {
    for key in KEYS {
        history.left.insert(key, last.read(key)?);
    }
    Ok(history)
}

enum Step {
    Read(Key),
    Scan(Range<Key>, Direction),
    Append(Key),
}

/// A transaction that has begun.
struct Running<L> {
    lists: L,
    /// What is left to do, the next step last.
    steps: Vec<Step>,
    rolls_back: bool,
    observed: Vec<Observation>,
    appended: BTreeMap<Key, Element>,
}

impl<L: Lists> Running<L> {
    fn begin(lists: L, random: &mut Random) -> Self {
        let count = 1 + random.below(4);
        let steps = (0..count).map(|_| step(random)).collect();
        let rolls_back = random.one_in(10);
        Self { lists, steps, rolls_back, observed: Vec::new(), appended: BTreeMap::new() }
    }

    /// Makes the next step; `false` if there is none.
    fn step(&mut self, elements: &AtomicU64) -> Result<bool> {
        match self.steps.pop() {
            None => return Ok(false),
            Some(Step::Read(key)) => {
                let list = self.lists.read(key)?;
                self.observed.push(Observation { key, list, by_scan: false });
            }
            Some(Step::Scan(keys, direction)) => {
                let found: BTreeMap<_, _> =
                    self.lists.scan(keys.clone(), direction)?.into_iter().collect();
                self.observed.extend(keys.map(|key| {
                    let list = found.get(&key).cloned().unwrap_or_default();
                    Observation { key, list, by_scan: true }
                }));
            }
            Some(Step::Append(key)) if !self.appended.contains_key(&key) => {
                let mut list = self.lists.read(key)?;
                self.observed.push(Observation { key, list: list.clone(), by_scan: false });
                let element = elements.fetch_add(1, Ordering::Relaxed);
                list.push(element);
                self.lists.write(key, list)?;
                self.appended.insert(key, element);
            }
            Some(Step::Append(_)) => {}
        }
        Ok(true)
    }

    fn end(self) -> Result<Recorded> {
        let Self { lists, rolls_back, observed, appended, .. } = self;
        let outcome = if rolls_back {
            drop(lists);
            Outcome::RolledBack
        } else {
            match lists.commit().map_err(|error| (error.kind(), error)) {
                Ok(()) => Outcome::Committed,
                Err((ErrorKind::Conflict, _)) => Outcome::Conflict,
                Err((ErrorKind::CommitUnknown, _)) => Outcome::Unknown,
                Err((_, error)) => return Err::<_, Error>(error),
            }
        };
        Ok(Recorded { observed, appended, outcome })
    }
}

fn step(random: &mut Random) -> Step {
    let key = |random: &mut Random| random.below(u64::from(KEYS.end)) as Key;
    match random.below(8) {
        0..3 => Step::Append(key(random)),
        3..6 => Step::Read(key(random)),
        _ => {
            let (one, other) = (key(random), key(random));
            let direction = if random.one_in(2) { Direction::Forward } else { Direction::Reverse };
            Step::Scan(one.min(other)..one.max(other) + 1, direction)
        }
    }
}
