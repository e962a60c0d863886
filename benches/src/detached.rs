//! What a detached transaction costs above a plain one.

use std::sync::Arc;

use arbour_core::{Durability, DynStore, KvStore, KvWrite, Result, Retry, StoreOptions, Tree};

use crate::comparison::{Bound, Row, Rows, Scale, time};
use crate::scratch::Scratch;
use crate::subject::{Memory, Native, Subject, Visit, is_asked_for, visit_each};
use crate::threads::at_once;
use crate::workload::{self, Entry};

/// What a detached transaction may cost, if no other one is in its way.
const BOUND: Bound = Bound::Ratio(1.3);

/// How many entries a transaction reads, and how many of them it writes.
const READ: usize = 10;
const WRITTEN: usize = 2;

/// How many threads run transactions at once.
const THREADS: usize = 8;

/// Measures the named engines, or all if none is named. A plain transaction is the other side of
/// each row: alone, and with eight threads that change one entry or some of a thousand. Plain ones
/// wait for each other; detached ones are run again after a conflict.
///
/// # Errors
/// What a store reports.
///
/// ```
/// use arbour_benches::comparison::Scale;
/// let mut rows = Vec::new();
/// arbour_benches::detached::measure(Scale::QUICK, &["memory".to_owned()], &mut |row| rows.push(row))?;
/// assert_eq!(rows.len(), 6);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub fn measure(scale: Scale, asked: &[String], report: &mut dyn FnMut(Row)) -> Result<()> {
    let entries = workload::entries(scale.entries);
    let mut detached = Detached { scale, entries: &entries, report };
    if is_asked_for(Memory::NAME, asked) {
        detached.rows::<Memory>()?;
    }
    visit_each(asked, &mut detached)
}

struct Detached<'r> {
    scale: Scale,
    entries: &'r [Entry],
    report: &'r mut dyn FnMut(Row),
}

impl Visit for Detached<'_> {
    fn visit<N: Native>(&mut self) -> Result<()> {
        self.rows::<N>()
    }
}

impl Detached<'_> {
    fn rows<S: Subject>(&mut self) -> Result<()> {
        let scratch = Scratch::new()?;
        let store = S::open(&scratch.store("detached")?, &StoreOptions::new())?;
        let store = DynStore::new(Arc::new(store));
        let tree = store.tree("entries")?;
        store.write(|transaction| {
            self.entries.iter().try_for_each(|(key, value)| transaction.put(&tree, key, value))
        })?;
        let place = Place { store, tree };
        let (flushes, many) = (self.scale.flushes, self.scale.flushes * 20);
        let mut rows = Rows { scale: self.scale, report: self.report };
        let mut rows = rows.of(format!("{}, detached above plain", S::NAME), BOUND);
        let entries = self.entries;
        for (op, durability, count) in [
            ("10 reads and 2 writes, power loss", Durability::PowerLoss, flushes),
            ("10 reads and 2 writes, none", Durability::None, many),
        ] {
            let chunks = || entries.chunks_exact(READ).cycle().take(count);
            rows.row(
                op,
                count,
                || time(|| chunks().try_for_each(|chunk| place.plain(durability, chunk, WRITTEN))),
                || {
                    time(|| {
                        chunks().try_for_each(|chunk| place.detached(durability, chunk, WRITTEN))
                    })
                },
            )?;
        }
        rows.bound = Bound::Informative;
        for (op, durability, keys) in [
            ("8 threads on 1 key, power loss", Durability::PowerLoss, 1),
            ("8 threads on 1 key, none", Durability::None, 1),
            ("8 threads on 1,000 keys, power loss", Durability::PowerLoss, 1_000),
            ("8 threads on 1,000 keys, none", Durability::None, 1_000),
        ] {
            let each = if durability == Durability::None { many / 4 } else { flushes };
            let hot = entries.get(..keys).unwrap_or(entries);
            let work = |run: &(dyn Fn(&[Entry]) -> Result<()> + Sync)| {
                at_once((0..THREADS as u64).collect(), |thread| {
                    // Each thread goes another way through the entries.
                    let chosen = workload::random_entries(hot.len() as u64, each + thread as usize);
                    chosen.into_iter().skip(thread as usize).try_for_each(|entry| {
                        let entry = entry as usize;
                        run(hot.get(entry..=entry).unwrap_or_default())
                    })
                })
            };
            rows.row(
                op,
                each * THREADS,
                || work(&|entry| place.plain(durability, entry, 1)),
                || work(&|entry| place.detached(durability, entry, 1)),
            )?;
        }
        Ok(())
    }
}

struct Place {
    store: DynStore,
    tree: Tree,
}

impl Place {
    fn plain(&self, durability: Durability, entries: &[Entry], written: usize) -> Result<()> {
        self.store.write_with(durability, |transaction| self.change(transaction, entries, written))
    }

    fn detached(&self, durability: Durability, entries: &[Entry], written: usize) -> Result<()> {
        let retry = Retry::new(&self.store).durability(durability);
        retry.run(|transaction| self.change(transaction, entries, written))
    }

    /// Reads entries, and changes the first byte of some.
    fn change(
        &self,
        transaction: &mut impl KvWrite,
        entries: &[Entry],
        written: usize,
    ) -> Result<()> {
        for (place, (key, _)) in entries.iter().enumerate() {
            let value = transaction.get_with(&self.tree, key, <[u8]>::to_vec)?;
            if place < written {
                let mut value = value.unwrap_or_default();
                if let Some(first) = value.first_mut() {
                    *first = first.wrapping_add(1);
                }
                transaction.put(&self.tree, key, &value)?;
            }
        }
        Ok(())
    }
}
