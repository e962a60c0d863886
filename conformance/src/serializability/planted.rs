//! A small database whose transactions are serializable unless it has a flaw.

use std::collections::BTreeMap;
use std::ops::Range;

use arbour_core::{Direction, Error, ErrorKind, Operation, Result};
use parking_lot::Mutex;

use super::{Key, List, Lists};

/// What a [`PlantedDatabase`] does wrong.
///
/// ```
/// use arbour_conformance::serializability::Flaw;
/// assert_eq!(Flaw::ALL.len(), 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A commit does not compare what the transaction also writes.
    LostUpdate,
    /// A commit compares only what the transaction also writes.
    WriteSkew,
    /// A commit does not compare what was read in scans.
    Phantom,
    /// Reads see what other transactions have written and not committed.
    DirtyRead,
    /// Each half of the readers sees half of the lists late.
    LongFork,
}

impl Flaw {
    /// Every flaw.
    pub const ALL: [Self; 5] =
        [Self::LostUpdate, Self::WriteSkew, Self::Phantom, Self::DirtyRead, Self::LongFork];
}

/// How many commits a reader lags behind in half of the lists.
const LAG: u64 = 4;

/// A database of lists in memory: a snapshot for each transaction, which is compared at its commit.
///
/// ```
/// use arbour_conformance::serializability::{Lists, PlantedDatabase};
/// let database = PlantedDatabase::new(None);
/// let (mut first, mut second) = (database.begin(), database.begin());
/// for transaction in [&mut first, &mut second] {
///     let mut list = transaction.read(1)?;
///     list.push(1);
///     transaction.write(1, list)?;
/// }
/// assert!(first.commit().is_ok() && second.commit().is_err());
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct PlantedDatabase {
    flaw: Option<Flaw>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The number of commits.
    now: u64,
    /// The number of transactions.
    begun: u64,
    /// The versions of each list, with the commits that made them.
    versions: BTreeMap<Key, Vec<(u64, List)>>,
    /// What running transactions have written, by their numbers.
    uncommitted: BTreeMap<(Key, u64), List>,
}

impl State {
    fn at(&self, key: Key, moment: u64) -> List {
        let mut versions = self.versions.get(&key).into_iter().flatten().rev();
        let version = versions.find(|(made, _)| *made <= moment);
        version.map(|(_, list)| list.clone()).unwrap_or_default()
    }

    fn uncommitted(&self, key: Key) -> Option<&List> {
        let mut all = self.uncommitted.range((key, 0)..=(key, u64::MAX));
        all.next_back().map(|(_, list)| list)
    }
}

impl PlantedDatabase {
    /// Creates an empty database.
    ///
    /// ```
    /// # use arbour_conformance::serializability::{Flaw, PlantedDatabase};
    /// let database = PlantedDatabase::new(Some(Flaw::DirtyRead));
    /// # let _ = database;
    /// ```
    #[must_use]
    pub fn new(flaw: Option<Flaw>) -> Self {
        Self { flaw, state: Mutex::default() }
    }

    /// Begins a transaction.
    ///
    /// ```
    /// # use arbour_conformance::serializability::{Lists, PlantedDatabase};
    /// PlantedDatabase::new(None).begin().commit()?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn begin(&self) -> PlantedTransaction<'_> {
        let mut state = self.state.lock();
        state.begun += 1;
        let (number, moment) = (state.begun, state.now);
        let (read, written) = (BTreeMap::new(), BTreeMap::new());
        PlantedTransaction { database: self, number, moment, read, written }
    }
}

/// A transaction of a [`PlantedDatabase`].
///
/// ```
/// use arbour_conformance::serializability::{Lists, PlantedDatabase, PlantedTransaction};
/// let database = PlantedDatabase::new(None);
/// let transaction: PlantedTransaction<'_> = database.begin();
/// transaction.commit()?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct PlantedTransaction<'d> {
    database: &'d PlantedDatabase,
    number: u64,
    moment: u64,
    /// What was read, and whether only in scans.
    read: BTreeMap<Key, (List, bool)>,
    written: BTreeMap<Key, List>,
}

impl PlantedTransaction<'_> {
    fn get(&mut self, key: Key, by_scan: bool) -> List {
        if let Some(list) = self.written.get(&key) {
            return list.clone();
        }
        let state = self.database.state.lock();
        let is_late =
            self.database.flaw == Some(Flaw::LongFork) && u64::from(key % 2) == self.number % 2;
        let moment = if is_late { self.moment.saturating_sub(LAG) } else { self.moment };
        let list = state.at(key, moment);
        let dirty = match self.database.flaw {
            Some(Flaw::DirtyRead) => state.uncommitted(key).cloned(),
            _ => None,
        };
        let read = self.read.entry(key).or_insert_with(|| (list.clone(), by_scan));
        read.1 &= by_scan;
        dirty.unwrap_or(list)
    }

    /// Tells whether the commit compares what was read of a list.
    fn compares(&self, key: Key, only_by_scan: bool) -> bool {
        match self.database.flaw {
            Some(Flaw::LostUpdate) => !self.written.contains_key(&key),
            Some(Flaw::WriteSkew) => self.written.contains_key(&key),
            Some(Flaw::Phantom) => !only_by_scan,
            Some(Flaw::DirtyRead | Flaw::LongFork) | None => true,
        }
    }
}

impl Lists for PlantedTransaction<'_> {
    fn read(&mut self, key: Key) -> Result<List> {
        Ok(self.get(key, false))
    }

    fn scan(&mut self, keys: Range<Key>, _: Direction) -> Result<Vec<(Key, List)>> {
        Ok(keys.map(|key| (key, self.get(key, true))).collect())
    }

    fn write(&mut self, key: Key, list: List) -> Result<()> {
        self.database.state.lock().uncommitted.insert((key, self.number), list.clone());
        self.written.insert(key, list);
        Ok(())
    }

    fn commit(self) -> Result<()> {
        if self.written.is_empty() {
            return Ok(());
        }
        let mut state = self.database.state.lock();
        let changed = self.read.iter().find(|(key, (list, only_by_scan))| {
            self.compares(**key, *only_by_scan) && state.at(**key, u64::MAX) != *list
        });
        if let Some((key, _)) = changed {
            let message = format!("list {key} has changed");
            return Err(Error::new(ErrorKind::Conflict, Operation::Commit, message));
        }
        state.now += 1;
        let now = state.now;
        for (key, list) in &self.written {
            state.versions.entry(*key).or_default().push((now, list.clone()));
        }
        Ok(())
    }
}

impl Drop for PlantedTransaction<'_> {
    fn drop(&mut self) {
        self.database.state.lock().uncommitted.retain(|(_, number), _| *number != self.number);
    }
}
