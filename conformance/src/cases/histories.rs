//! Histories: the random actions of many threads are equivalent to some serial order.

use std::collections::BTreeMap;
use std::thread;

use arbour_core::{Batch, Durability, Error, KvRead, KvStore, Result};

use super::claims::{joined, number, patient, set};
use crate::random::Random;
use crate::{Bed, Factory};

type Transaction<'s, F> = <<F as Factory>::Store as KvStore>::Transaction<'s>;

/// However many threads move money between accounts of two trees, every snapshot finds the same
/// sum. Case 81.
pub(super) fn bank_transfer<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    const ACCOUNTS: u64 = 6;
    bed.reopen_with(&patient())?;
    let (store, t, u) = (bed.store(), bed.tree("t")?, bed.tree("u")?);
    let account =
        |index: u64| (if index.is_multiple_of(2) { &t } else { &u }, format!("account {index}"));
    store.write(|transaction| {
        (0..ACCOUNTS).try_for_each(|index| {
            let (tree, key) = account(index);
            set(transaction, tree, &key, 100)
        })
    })?;
    let sum = || {
        let snapshot = store.snapshot()?;
        let balances = (0..ACCOUNTS).map(|index| {
            let (tree, key) = account(index);
            number(&snapshot, tree, &key)
        });
        balances.sum::<Result<i64>>()
    };
    thread::scope(|scope| {
        let threads = [1, 2, 3, 4].map(|seed| {
            scope.spawn(move || {
                let mut random = Random::new(seed);
                for _ in 0..40 {
                    let (from, to) =
                        (account(random.below(ACCOUNTS)), account(random.below(ACCOUNTS)));
                    let amount = random.below(30) as i64;
                    store.write_with(Durability::None, |transaction| {
                        let balance = number(transaction, from.0, &from.1)?;
                        set(transaction, from.0, &from.1, balance - amount)?;
                        let balance = number(transaction, to.0, &to.1)?;
                        set(transaction, to.0, &to.1, balance + amount)
                    })?;
                }
                Ok(())
            })
        });
        while !threads.iter().all(|thread| thread.is_finished()) {
            assert_eq!(sum()?, 100 * ACCOUNTS as i64, "while money is moved");
        }
        threads.into_iter().try_for_each(joined)
    })?;
    assert_eq!(sum()?, 100 * ACCOUNTS as i64, "afterwards");
    Ok(())
}

/// What one transaction of [`serializable`] read and wrote.
struct Happened {
    /// How many committed transactions it found.
    version: i64,
    reads: Vec<(String, i64)>,
    writes: Vec<(String, i64)>,
}

/// Random transactions of several threads read what they would have read one after another, in the
/// order in which they counted themselves. The same holds for snapshots.
pub(super) fn serializable<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    const KEYS: u64 = 4;
    const THREADS: [u64; 4] = [11, 12, 13, 14];
    const EACH: i64 = 40;
    bed.reopen_with(&patient())?;
    let (store, t, u) = (bed.store(), &bed.tree("t")?, &bed.tree("u")?);
    let tree = |key: &str| if key < "key 2" { t } else { u };
    let run = |transaction: &mut Transaction<'_, F>, random: &mut Random| {
        let version = number(transaction, t, "version")?;
        let mut happened = Happened { version, reads: Vec::new(), writes: Vec::new() };
        for _ in 0..=random.below(3) {
            let key = format!("key {}", random.below(KEYS));
            if random.below(2) == 0 {
                // Each value is unique, so it identifies its write.
                let value = random.below(1 << 40) as i64;
                set(transaction, tree(&key), &key, value)?;
                happened.writes.push((key, value));
            } else if !happened.writes.iter().any(|(written, _)| *written == key) {
                let value = number(transaction, tree(&key), &key)?;
                happened.reads.push((key, value));
            }
        }
        set(transaction, t, "version", version + 1)?;
        Ok::<_, Error>(happened)
    };
    let mut seen = Vec::new();
    let mut history = thread::scope(|scope| {
        let threads = THREADS.map(|seed| {
            scope.spawn(move || {
                let mut random = Random::new(seed);
                (0..EACH)
                    .map(|_| store.write_with(Durability::None, |tx| run(tx, &mut random)))
                    .collect::<Result<Vec<_>>>()
            })
        });
        while !threads.iter().all(|thread| thread.is_finished()) {
            seen.push(pinned(store, |snapshot| {
                let version = number(snapshot, t, "version")?;
                let keys = (0..KEYS).map(|key| format!("key {key}"));
                let values = keys.map(|key| Ok((number(snapshot, tree(&key), &key)?, key)));
                let reads = values.map(|read: Result<_>| read.map(|(value, key)| (key, value)));
                Ok(Happened { version, reads: reads.collect::<Result<_>>()?, writes: Vec::new() })
            })?);
        }
        let mut history = Vec::new();
        for thread in threads {
            history.extend(joined(thread)?);
        }
        Ok::<_, Error>(history)
    })?;
    history.sort_by_key(|happened| happened.version);
    seen.sort_by_key(|happened| happened.version);
    replay(&history, &seen);
    assert_eq!(history.len() as i64, EACH * THREADS.len() as i64);
    Ok(())
}

/// Runs a closure over a snapshot, with the error type settled.
fn pinned<S: KvStore, R>(store: &S, run: impl FnOnce(&S::Snapshot<'_>) -> Result<R>) -> Result<R> {
    store.read(run)
}

/// Replays a history, one transaction after another, and asserts that all reads were right.
fn replay(history: &[Happened], seen: &[Happened]) {
    let mut model: BTreeMap<&str, i64> = BTreeMap::new();
    let mut snapshots = seen.iter().peekable();
    let holds = |model: &BTreeMap<&str, i64>, happened: &Happened, who: &str| {
        for (key, value) in &happened.reads {
            let expected = model.get(key.as_str()).copied().unwrap_or(0);
            assert_eq!(*value, expected, "{who} read {key} at version {}", happened.version);
        }
    };
    for (position, happened) in history.iter().enumerate() {
        assert_eq!(happened.version, position as i64, "two transactions read the same version");
        while let Some(snapshot) = snapshots.next_if(|seen| seen.version == happened.version) {
            holds(&model, snapshot, "a snapshot");
        }
        holds(&model, happened, "a transaction");
        model.extend(happened.writes.iter().map(|(key, value)| (key.as_str(), *value)));
    }
    snapshots.for_each(|snapshot| holds(&model, snapshot, "a snapshot"));
}

/// No read, of a snapshot or a one-shot, finds half of a value or of a batch, even though values
/// span many pages and are written all the time.
pub(super) fn no_torn_reads<F: Factory>(bed: &mut Bed<F>) -> Result<()> {
    const LENGTH: usize = 40_000;
    let (store, t, u) = (bed.store(), &bed.tree("t")?, &bed.tree("u")?);
    let whole = |value: &[u8]| {
        let first = value.first().copied();
        assert_eq!(value.len(), LENGTH, "a value is cut off");
        assert!(value.iter().all(|byte| Some(*byte) == first), "a value is of two writes");
        first
    };
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for byte in 0..60 {
                let value = vec![byte; LENGTH];
                let mut batch = Batch::new();
                batch.put(t, b"value", &value);
                batch.put(u, b"value", &value);
                store.apply(batch, Durability::None)?;
            }
            Ok(())
        });
        while !writer.is_finished() {
            store.get(t, b"value")?.as_deref().map(whole);
            let snapshot = store.snapshot()?;
            let [in_t, in_u] = [t, u].map(|tree| snapshot.get_with(tree, b"value", whole));
            assert_eq!(in_t?, in_u?, "a batch is half there");
        }
        joined(writer)
    })?;
    bed.settle()?;
    let t = bed.tree("t")?;
    assert_eq!(bed.store().get(&t, b"value")?, Some(vec![59; LENGTH]));
    Ok(())
}
