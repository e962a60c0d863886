//! Checkpoints: when the log is moved to the database file.
//!
//! By default SQLite tries at every commit once the log is long. A snapshot taken when the whole
//! log had been moved blocks all moves, yet each attempt first reads the index of the whole log, so
//! that writing gets slower the longer the snapshot lives. Here, after an attempt that could not
//! finish, the next follows when the log has grown by a share of what was left.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arbour_core::engine::WriteLatch;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB, Result};

use crate::latch;
use crate::statement::ask;

/// The share of the remaining log by which the log must grow before the next attempt: a quarter.
/// All attempts together then read at most five times the log's index, and the log grows by no more
/// than that quarter after the snapshot has ended.
const SHARE: u32 = 4;

/// When to move the log, for all connections that write one after the other.
#[derive(Clone)]
pub(crate) struct Checkpoints {
    /// The number of pages that the log may have, or grow by, before it is moved; zero for never.
    pages: u32,
    state: Arc<State>,
    latch: Arc<WriteLatch>,
}

/// Only one connection writes at a time, so the two fields never change concurrently.
struct State {
    /// The number of pages in the log at the last attempt.
    tried: AtomicU32,
    /// The number of pages that triggers the next attempt.
    next: AtomicU32,
}

impl Checkpoints {
    pub(crate) fn new(pages: u32, latch: Arc<WriteLatch>) -> Self {
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

    /// Moves the log, if that is due, after a commit that left it with this many pages.
    ///
    /// Failing to move the log is not a failure of the commit, which is in the log. But after an
    /// I/O error it is unknown which pages of the file have reached the device, so the next commit
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
                // Another process is moving the log, the disk is full, or the device failed.
                Err(cause) => {
                    latch::note(&self.latch, &cause);
                    0
                }
            };
            self.tried(pages, moved);
        }
    }

    /// Tells whether a log of this many pages must be moved.
    fn is_due(&self, pages: u32) -> bool {
        if pages <= self.state.tried.load(Ordering::Relaxed) {
            // The log has started over.
            self.state.tried.store(0, Ordering::Relaxed);
            self.state.next.store(self.pages, Ordering::Relaxed);
        }
        pages >= self.state.next.load(Ordering::Relaxed)
    }

    /// Records how much of the log was moved. If it was everything and there is no reader, the log
    /// starts over with the next commit.
    fn tried(&self, pages: u32, moved: u32) {
        let left = pages.saturating_sub(moved);
        let growth = self.pages.max(left / SHARE);
        self.state.tried.store(pages, Ordering::Relaxed);
        self.state.next.store(pages.saturating_add(growth), Ordering::Relaxed);
    }
}

/// Moves all of the log to the file and truncates it. Tells whether nothing was in the way.
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

    /// Counts the attempts while the log grows by a page at a time and only part of it can be
    /// moved.
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
        // If most of it moves each time, there is equally little to read each time.
        let checkpoints = Checkpoints::new(100, Arc::default());
        assert_eq!(tries(&checkpoints, 100_000, |pages| pages - 1), 1000);
        // A log that has started over is tried as early as the first.
        assert!(!checkpoints.is_due(99));
        assert!(checkpoints.is_due(100));
    }

    /// A snapshot taken when the whole log was moved reads only the file, to which nothing can be
    /// moved before the snapshot ends, while the log may start over once.
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
        let tried = || store.connector.checkpoints().state.tried.load(Ordering::Relaxed);
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
