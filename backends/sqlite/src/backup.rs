//! Backups of a store in use, with SQLite's own backup: page by page, from one snapshot.

use std::fs;
use std::path::Path;

use arbour_core::engine::write_backup;
use arbour_core::{Error, ErrorKind, KvStore as _, Operation, Result};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use crate::presence::beside;
use crate::{SqliteStore, error};

/// How many pages are copied at once. The source is pinned, so longer steps do not disturb others.
const PAGES_PER_STEP: i32 = 1024;

pub(crate) fn backup(store: &SqliteStore, destination: &Path) -> Result<()> {
    let failed = |cause| {
        let error = error::own(cause, Operation::Backup);
        // The copy is newly written, so corruption comes from the source.
        let is_source = error.kind() == ErrorKind::Corrupted;
        if is_source { store.locate(error) } else { error.with_path(destination) }
    };
    let snapshot = store.snapshot().map_err(|error| error.with_operation(Operation::Backup))?;
    for ending in ["-wal", "-journal"] {
        // SQLite would take it for the log of the copy.
        if beside(destination, ending).symlink_metadata().is_ok() {
            let message = format!("the {ending} file of another database is at the destination");
            let error = Error::new(ErrorKind::InvalidArgument, Operation::Backup, message);
            return Err(error.with_path(destination));
        }
    }
    write_backup(destination, |unfinished| {
        for ending in ["-wal", "-shm", "-journal"] {
            // Leftovers of an attempt that was killed; usually there are none.
            let _ = fs::remove_file(beside(unfinished, ending));
        }
        copy(snapshot.connection(), unfinished).map_err(failed)
    })
}

fn copy(source: &Connection, unfinished: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copied = Connection::open_with_flags(unfinished, flags)?;
    // No rollback is needed: after a failure the file is removed.
    copied.execute_batch("PRAGMA fullfsync = TRUE; PRAGMA journal_mode = OFF")?;
    let backup = Backup::new(source, &mut copied)?;
    loop {
        match backup.step(PAGES_PER_STEP)? {
            StepResult::Done => break,
            StepResult::More => {}
            // No other connection knows the copy, and the source is pinned, so `Busy` cannot
            // happen.
            _ => return Err(rusqlite::Error::InvalidQuery),
        }
    }
    drop(backup);
    copied.close().map_err(|(_, cause)| cause)
}
