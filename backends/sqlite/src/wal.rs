//! The log of a store that was not closed.
//!
//! When a sync fails, the system may keep in its memory what never reached the device, and report
//! success from then on. A store refuses commits after that, but the next one that is opened reads the
//! log from memory, adds commits to it and syncs them: after a loss of power they would follow a gap,
//! and be lost. So what is in the log is written over itself when a store is opened, which makes the
//! system write it again.

use std::path::Path;
use std::time::Duration;

use arbour_core::engine::write_over;
use arbour_core::{Error, Operation, Result};
use rusqlite::Connection;

use crate::statement::run;
use crate::writer::is_read_only;
use crate::{error, presence};

/// Writes the log over itself and syncs it, if there is one. No other connection may add to it
/// meanwhile: if one is about to, it is the log of a store that is open, and left alone. Returns the
/// error if the connection can only read, because SQLite could not open a file for writing.
///
/// # Errors
/// What the system reports.
pub(crate) fn rewrite(
    connection: &Connection,
    database: &Path,
    wait: Duration,
) -> Result<Option<rusqlite::Error>> {
    let path = presence::beside(database, "-wal");
    if path.metadata().map_or(0, |log| log.len()) == 0 {
        return Ok(None);
    }
    connection.busy_timeout(Duration::ZERO).map_err(error::open)?;
    let begun = run(connection, "BEGIN IMMEDIATE");
    connection.busy_timeout(wait).map_err(error::open)?;
    match begun {
        Err(cause) if error::is_busy(&cause) => return Ok(None),
        Err(cause) if is_read_only(&cause) => return Ok(Some(cause)),
        begun => begun.map_err(error::open)?,
    }
    let written = write_over(&path).map_err(|cause| {
        let message = "the -wal file of a store that was not closed cannot be written again";
        Error::from_io(cause, Operation::Open, message)
    });
    run(connection, "ROLLBACK").map_err(error::open)?;
    written.map(|()| None)
}
