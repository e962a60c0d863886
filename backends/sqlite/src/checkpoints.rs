//! When the log is moved into the database file.
//!
//! SQLite by itself tries at every commit once the log is long. A snapshot that was taken when all of
//! the log was moved keeps it from moving anything, yet each try first reads the index of all of the
//! log, so that writing takes the longer the longer the snapshot lives. Here a try that could not
//! finish is followed by the next when the log has grown by a share of what it left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB, Result};

use crate::connection::ask;
use crate::latch::Latch;

/// Which part of what a try had to leave the log has to grow by before the next: a quarter. All
/// tries together then read five times the log's index at most, and the log grows by no more than
/// that quarter after the snapshot has gone.
const SHARE: u32 = 4;

/// When to move the log, for all connections that write one after the other.
#[derive(Clone)]
pub(crate) struct Checkpoints {
    /// How many pages the log may have, or grow by, before it is moved; zero if it never is.
    pages: u32,
    state: Arc<State>,
    latch: Arc<Latch>,
}

/// One connection writes at a time, so that the two never change at once.
struct State {
    /// How many pages the log had at the last try.
    tried: AtomicU32,
    /// How many it has to have for the next.
    next: AtomicU32,
}

impl Checkpoints {
    pub(crate) fn new(pages: u32, latch: Arc<Latch>) -> Self {
        let state = State { tried: AtomicU32::new(0), next: AtomicU32::new(pages) };
        Self { pages, state: Arc::new(state), latch }
    }

    /// Moves the log after commits of a connection from now on, in place of SQLite.
    pub(crate) fn attach(&self, connection: &mut Connection) -> Result<()> {
        let checkpoints = self.clone();
        let hook = move |wal: &mut Wal, pages| {
            checkpoints.committed(wal, u32::try_from(pages).unwrap_or(0));
            Ok(())
        };
        connection.wal_hook((self.pages > 0).then_some(hook))
    }

    /// Moves the log, if it is due, after a commit that left it with this many pages.
    ///
    /// A log that cannot be moved is no failure of the commit: its entries are in the log. But after
    /// an I/O error nobody knows which pages of the file have reached the device, so the next commit
    /// is refused.
    fn committed(&self, wal: &mut Wal, pages: u32) {
        if wal.name() != MAIN_DB {
            // A database that a closure attached is treated as SQLite would.
            if pages >= self.pages {
                let _ = wal.checkpoint();
            }
        } else if self.is_due(pages) {
            let moved = match wal.checkpoint_v2(CheckpointMode::PASSIVE) {
                Ok((_, moved)) => u32::try_from(moved).unwrap_or(0),
                // Another process is at it, the disk is full, or the device failed.
                Err(cause) => {
                    self.latch.note(&cause);
                    0
                }
            };
            self.tried(pages, moved);
        }
    }

    /// Tells whether a log of so many pages is to be moved.
    fn is_due(&self, pages: u32) -> bool {
        if pages <= self.state.tried.load(Ordering::Relaxed) {
            // It has begun anew.
            self.state.tried.store(0, Ordering::Relaxed);
            self.state.next.store(self.pages, Ordering::Relaxed);
        }
        pages >= self.state.next.load(Ordering::Relaxed)
    }

    /// Hears how much of the log was moved, which begins anew with the next commit if it was all and
    /// nobody reads it.
    fn tried(&self, pages: u32, moved: u32) {
        let left = pages.saturating_sub(moved);
        let growth = self.pages.max(left / SHARE);
        self.state.tried.store(pages, Ordering::Relaxed);
        self.state.next.store(pages.saturating_add(growth), Ordering::Relaxed);
    }
}

/// Moves all of the log into the file and empties it. Tells whether nothing was in the way.
pub(crate) fn move_all(connection: &Connection) -> Result<bool> {
    let is_blocked: i64 = ask(connection, "PRAGMA main.wal_checkpoint(TRUNCATE)")?;
    Ok(is_blocked == 0)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use arbour_core::{Durability, KvStore as _, KvWrite as _, StoreOptions};

    use super::Checkpoints;
    use crate::{SqliteOptions, SqliteStore};

    /// Counts the tries while the log grows by a page at a time and only some of it can be moved.
    fn tries(checkpoints: &Checkpoints, pages: u32, moved: impl Fn(u32) -> u32) -> u32 {
        let mut tries = 0;
        for pages in 1..=pages {
            if checkpoints.is_due(pages) {
                checkpoints.tried(pages, moved(pages));
                tries += 1;
            }
        }
        tries
    }

    #[test]
    fn tries_become_rare_where_nothing_moves() {
        let checkpoints = Checkpoints::new(100, Arc::default());
        assert!((10..=40).contains(&tries(&checkpoints, 100_000, |_| 0)));
        // Where most of it moves each time there is as little to read each time.
        let checkpoints = Checkpoints::new(100, Arc::default());
        assert_eq!(tries(&checkpoints, 100_000, |pages| pages - 1), 1000);
        // A log that has begun anew is tried as early as the first.
        assert!(!checkpoints.is_due(99));
        assert!(checkpoints.is_due(100));
    }

    /// A snapshot that was taken when all of the log was moved reads nothing but the file, which
    /// nothing can be moved to before it ends, while the log may begin anew once.
    #[test]
    fn a_snapshot_of_the_bare_file_is_not_tried_against_at_every_commit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let sqlite = SqliteOptions::new().checkpoint_pages(20).wal_limit_bytes(0);
        let store = SqliteStore::open_with(&path, &StoreOptions::new(), &sqlite).unwrap();
        let t = store.tree("t").unwrap();
        let commit = |number: u32| {
            let durability = Durability::ProcessCrash;
            store
                .write_with(durability, |transaction| {
                    transaction.put(&t, &(number % 64).to_be_bytes(), &[number as u8; 1000])
                })
                .unwrap();
        };
        (0..64).for_each(commit);
        store.compact().unwrap();
        let snapshot = store.snapshot().unwrap();
        let tried = || store.connector().checkpoints().state.tried.load(Ordering::Relaxed);
        let (mut last, mut tries) = (tried(), 0);
        let file = std::fs::read(&path).unwrap();
        for number in 0..1000 {
            commit(number);
            tries += u32::from(tried() != last);
            last = tried();
        }
        assert!(std::fs::read(&path).unwrap() == file, "something was moved");
        assert!((5..=40).contains(&tries), "it was tried {tries} times");
        drop(snapshot);
        (0..1000).for_each(commit);
        assert!(tried() <= 40, "the log of {} pages did not begin anew", tried());
    }
}
