//! Numbered transactions: the writes of each depend only on its number and the seed.

use std::collections::BTreeMap;

use arbour_core::{Batch, Direction, Durability, KeyRange, KvRead, KvStore, KvWrite, Result, Tree};

use crate::harness::entries;
use crate::random::Random;

const TREES: [&str; 3] = ["orders", "stock", "journal"];

/// The key under which each tree holds the number of the last transaction that changed it.
const LAST: &[u8] = b"last";

/// A transaction removes the entry of the transaction this many numbers before it, so that the
/// store stays small.
const ENTRIES_KEPT: u64 = 64;

/// How many keys are overwritten and deleted repeatedly.
const SLOTS: u64 = 32;

/// One numbered transaction.
struct Numbered {
    durability: Durability,
    /// The writes, each with the number of its tree; without a value it is a deletion.
    writes: Vec<(usize, Vec<u8>, Option<Vec<u8>>)>,
}

impl Numbered {
    /// Every transaction changes the first tree and one or both of the others.
    fn new(seed: u64, number: u64) -> Self {
        let mut random = Random::new(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        let durability = match random.below(5) {
            0 | 1 => Durability::None,
            2 | 3 => Durability::ProcessCrash,
            _ => Durability::PowerLoss,
        };
        let touched: &[usize] = match random.below(4) {
            0 => &[0, 1],
            1 => &[0, 2],
            _ => &[0, 1, 2],
        };
        let mut writes = Vec::new();
        for &tree in touched {
            let mark = number.to_be_bytes().to_vec();
            writes.push((tree, mark.clone(), Some(mark.clone())));
            writes.push((tree, LAST.to_vec(), Some(mark)));
            if let Some(old) = number.checked_sub(ENTRIES_KEPT) {
                writes.push((tree, old.to_be_bytes().to_vec(), None));
            }
            for _ in 0..random.below(4) {
                let slot = format!("slot {}", random.below(SLOTS)).into_bytes();
                let bytes_max = if random.one_in(20) { 20_000 } else { 200 };
                let length = random.below(bytes_max) as usize;
                let value = (!random.one_in(4)).then(|| vec![number as u8; length]);
                writes.push((tree, slot, value));
            }
        }
        Self { durability, writes }
    }
}

/// Commits a transaction, one in three as a batch, and returns its durability. `durability`
/// overrides the transaction's own.
pub(super) fn commit<S: KvStore>(
    store: &S,
    seed: u64,
    number: u64,
    durability: Option<Durability>,
) -> Result<Durability> {
    let numbered = Numbered::new(seed, number);
    let durability = durability.unwrap_or(numbered.durability);
    let trees = handles(store)?;
    let writes = numbered
        .writes
        .iter()
        .filter_map(|(tree, key, value)| Some((trees.get(*tree)?, key, value.as_deref())));
    if number.is_multiple_of(3) {
        let mut batch = Batch::new();
        for (tree, key, value) in writes {
            match value {
                Some(value) => batch.put(tree, key, value),
                None => batch.delete(tree, key),
            }
        }
        store.apply(batch, durability)?;
    } else {
        let mut transaction = store.begin_with(durability)?;
        for (tree, key, value) in writes {
            match value {
                Some(value) => transaction.put(tree, key, value)?,
                None => transaction.delete(tree, key)?,
            }
        }
        transaction.commit()?;
    }
    Ok(durability)
}

fn handles<S: KvStore>(store: &S) -> Result<Vec<Tree>> {
    TREES.iter().map(|name| store.tree(name)).collect()
}

/// Returns the number of the last transaction in a store; zero if there is none.
pub(super) fn last_number<S: KvStore>(store: &S) -> Result<u64> {
    let found = store.get(&store.tree(TREES[0])?, LAST)?;
    let Some(found) = found else { return Ok(0) };
    let bytes = found.first_chunk().copied();
    Ok(u64::from_be_bytes(bytes.expect("the last number is one of those written")))
}

/// The expected contents of a store after the transactions up to a number.
pub(super) struct Replay {
    seed: u64,
    number: u64,
    trees: [BTreeMap<Vec<u8>, Vec<u8>>; TREES.len()],
}

impl Replay {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, number: 0, trees: Default::default() }
    }

    /// Returns the number of the last transaction.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Computes the transactions up to a number.
    pub(super) fn advance_to(&mut self, number: u64) {
        while self.number < number {
            self.number += 1;
            for (tree, key, value) in Numbered::new(self.seed, self.number).writes {
                let Some(tree) = self.trees.get_mut(tree) else {
                    continue;
                };
                match value {
                    Some(value) => tree.insert(key, value),
                    None => tree.remove(&key),
                };
            }
        }
    }

    /// Asserts that a store holds exactly this, in all trees.
    pub(super) fn check<S: KvStore>(&self, store: &S) -> Result<()> {
        let snapshot = store.snapshot()?;
        for ((tree, name), expected) in handles(store)?.iter().zip(TREES).zip(&self.trees) {
            let found = snapshot.scan(tree, KeyRange::all(), Direction::Forward)?;
            let found: BTreeMap<_, _> = entries(found)?.into_iter().collect();
            let differs = expected
                .keys()
                .chain(found.keys())
                .find(|key| expected.get(*key) != found.get(*key));
            assert!(
                differs.is_none(),
                "by tree {:?} the last transaction is {}, but tree {name:?} does not hold what \
                 it left: {:?} differs (last there: {:?})",
                TREES[0],
                self.number,
                differs.map(|key| key.escape_ascii().to_string()),
                found.get(LAST),
            );
        }
        Ok(())
    }
}
