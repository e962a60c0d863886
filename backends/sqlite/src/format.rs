//! Whose file it is, its version, and whether it is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{Error, ErrorKind, Operation, Result};
use rusqlite::{Connection, ffi};

use crate::presence::beside;
use crate::statement::{ask, number, run};
use crate::{error, tables};

/// Marks a file as Arbour's: "Arbr".
const APPLICATION_ID: i64 = 0x4172_6272;

/// The version of the layout of trees in tables.
pub(crate) const VERSION: i64 = 1;

/// The newest version of SQLite's own file format that this SQLite knows: 2 stands for WAL.
const SQLITE_VERSION_MAX: u8 = 2;

/// How long to leave a database alone that another process is switching to WAL.
const SWITCH_PAUSE: Duration = Duration::from_millis(1);

/// Prepares a database for writing: checks it, marks it as Arbour's, and switches it to WAL. A
/// refused file is not changed.
pub(crate) fn prepare_writer(
    connection: &Connection,
    path: &Path,
    wait: Duration,
    vacuum: bool,
) -> Result<()> {
    let is_marked = within(connection, "BEGIN", || check(connection, path))?;
    let read_only = connection.is_readonly(rusqlite::MAIN_DB).map_err(error::open)?;
    if read_only {
        return Err(unwritable(path));
    }
    if vacuum && !is_marked {
        // This must be set before the first table is created.
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL").map_err(error::open)?;
    }
    let mode = switch_to_wal(connection, wait).map_err(error::open)?;
    if mode != "wal" {
        let message = format!(
            "SQLite cannot use its WAL mode on this file system, and stays in {mode} mode: move the store \
             to a local one"
        );
        return Err(Error::new(ErrorKind::Unsupported, Operation::Open, message));
    }
    if is_marked { Ok(()) } else { mark(connection, path) }
}

/// Switches a database to WAL and returns its mode afterwards.
///
/// SQLite does not wait here, whatever the busy timeout: it reads the header first, and waiting for
/// a writer while holding a read lock could block that writer. Releasing the lock and trying again
/// avoids this.
fn switch_to_wal(connection: &Connection, wait: Duration) -> rusqlite::Result<String> {
    let began = Instant::now();
    loop {
        match ask(connection, "PRAGMA main.journal_mode = WAL") {
            Err(cause) if error::is_busy(&cause) && began.elapsed() < wait => {
                thread::sleep(SWITCH_PAUSE);
            }
            switched => return switched,
        }
    }
}

/// Checks a database that is opened read-only.
pub(crate) fn prepare_reader(connection: &Connection, path: &Path) -> Result<()> {
    within(connection, "BEGIN", || check(connection, path)).map(drop)
}

/// Runs a closure within a transaction of a database that is being opened.
fn within<T>(connection: &Connection, begin: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    run(connection, begin).map_err(error::open)?;
    let done = work();
    let ended = run(connection, if done.is_ok() { "COMMIT" } else { "ROLLBACK" });
    done.and_then(|done| ended.map(|()| done).map_err(error::open))
}

/// Checks that a file belongs to Arbour or to no program, and that it is complete. Returns whether
/// it is already marked.
///
/// Only within a transaction are all answers consistent: another process may be creating the same
/// store.
fn check(connection: &Connection, path: &Path) -> Result<bool> {
    let identity = identity(connection).map_err(|cause| match error::code(&cause) {
        Some(ffi::SQLITE_NOTADB) if has_newer_header(path) => {
            let message = "the file has a newer format of SQLite than this program reads";
            Error::new(ErrorKind::TooNew, Operation::Open, message).with_source(cause)
        }
        // The file itself is already open.
        Some(code)
            if code & 0xff == ffi::SQLITE_CANTOPEN || code == ffi::SQLITE_READONLY_DIRECTORY =>
        {
            no_log(cause, path)
        }
        _ => error::open(cause),
    })?;
    check_length(connection, path)?;
    let refused = |kind, message| Err(Error::new(kind, Operation::Open, message));
    match identity {
        (APPLICATION_ID, version) if version > VERSION => {
            let message =
                format!("the file has format {version}, and this program reads format {VERSION}");
            refused(ErrorKind::TooNew, message)
        }
        (APPLICATION_ID, VERSION) => Ok(true),
        (APPLICATION_ID, version) => {
            let message = format!(
                "the header of the file is damaged: it names format {version}, which never was one"
            );
            refused(ErrorKind::Corrupted, message)
        }
        // An ordinary database without marks: its tables may stay.
        (0, 0) => Ok(false),
        // One flipped bit in our own mark looks the same.
        (id, version) => {
            let message = format!(
                "Arbour did not make this database: its application_id is {id}, its user_version \
                 {version}; if it is a store of yours, its header is damaged: restore a backup"
            );
            refused(ErrorKind::InvalidArgument, message)
        }
    }
}

/// Converts a failure to create the files next to a database. SQLite does not pass the system's
/// error on, so the operation is repeated with a file that no process has open.
fn no_log(cause: rusqlite::Error, path: &Path) -> Error {
    let index = beside(path, "-shm");
    let kind = match File::create_new(&index).map_err(|refused| refused.kind()) {
        Err(io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied) => {
            ErrorKind::ReadOnly
        }
        Err(_) => ErrorKind::Io,
        Ok(_) => {
            // Creating it succeeds by now. Remove it: the next opening would create it again.
            let _ = fs::remove_file(index);
            ErrorKind::Io
        }
    };
    let message = "the -wal and -shm files beside the database cannot be made or opened, which also \
                   reading needs: make the folder writable, or open a copy of the file in a folder \
                   that is";
    Error::new(kind, Operation::Open, message).with_source(cause)
}

/// Reads whose file it is and its version, and thereby the whole schema.
fn identity(connection: &Connection) -> rusqlite::Result<(i64, i64)> {
    let _: i64 = ask(connection, "SELECT count(*) FROM main.sqlite_schema")?;
    Ok((number(connection, "application_id")?, number(connection, "user_version")?))
}

/// Marks a database as Arbour's, unless another process has just done so.
fn mark(connection: &Connection, path: &Path) -> Result<()> {
    within(connection, "BEGIN IMMEDIATE", || {
        if check(connection, path)? {
            return Ok(());
        }
        let mark =
            format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}");
        connection.execute_batch(&mark).map_err(error::open)
    })
}

/// Checks that foreign SQL has not changed the mark.
pub(crate) fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let id = number(connection, "application_id")?;
    Ok(id == APPLICATION_ID && number(connection, "user_version")? == VERSION)
}

/// Refuses a file that ends too early: SQLite reads the missing part of its last page as zeros.
///
/// While there is a log the file may be shorter, because the missing part is in the log.
fn check_length(connection: &Connection, path: &Path) -> Result<()> {
    let has_log = || fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    if has_log() {
        return Ok(());
    }
    let page_bytes = number(connection, "page_size").map_err(error::open)?;
    let pages = number(connection, "page_count").map_err(error::open)?;
    let length = fs::metadata(path).map_or(0, |file| file.len());
    // SQLite takes a file of one byte for an empty one, as some systems once needed.
    let expected = ((page_bytes * pages) as u64).max(if length == 1 { 100 } else { 0 });
    // Another process may have started to write meanwhile.
    if length >= expected || has_log() {
        return Ok(());
    }
    let message = format!("the file ends early: it has {length} of its {expected} bytes");
    Err(Error::new(ErrorKind::Corrupted, Operation::Open, message))
}

/// Tells whether a file is SQLite's and has a newer format. SQLite's error for that is the same as
/// for any file that is not its own.
///
/// Closing a file releases the locks this process has on it. There are none on a file that cannot
/// be read, or only be read.
fn has_newer_header(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    let versions = header.last_chunk::<2>().copied().unwrap_or_default();
    read.is_ok()
        && header.starts_with(b"SQLite format 3\0")
        && versions.into_iter().any(|version| version > SQLITE_VERSION_MAX)
}

/// SQLite opens files for reading that it cannot write, or may not write because they are newer.
fn unwritable(path: &Path) -> Error {
    if has_newer_header(path) {
        let message = "the file has a newer format of SQLite than this program writes";
        return Error::new(ErrorKind::TooNew, Operation::Open, message);
    }
    // SQLite does not pass the system's error on, so the operation is repeated. It succeeds only if
    // the reason has just passed; the file is then leaked, because closing it would release
    // SQLite's locks.
    let Err(cause) = OpenOptions::new().write(true).open(path).map(std::mem::forget) else {
        let message = "SQLite could not open the file for writing, which is possible by now: open the \
                       store again";
        return Error::new(ErrorKind::Io, Operation::Open, message);
    };
    if cause.kind() != io::ErrorKind::PermissionDenied {
        return Error::from_io(cause, Operation::Open, "the file cannot be opened for writing");
    }
    let message = "the file can be read but not written: change its permissions, or open the store \
                   read-only";
    Error::new(ErrorKind::ReadOnly, Operation::Open, message).with_source(cause)
}

/// Checks the structure of a whole database, which reads all of it.
pub(crate) fn verify(connection: &Connection) -> Result<()> {
    tables::of_trees(connection, Operation::Open)?;
    let found: String = ask(connection, "PRAGMA main.integrity_check(1)").map_err(error::open)?;
    if found == "ok" {
        return Ok(());
    }
    // SQLite names the database on a separate line, which is always the same.
    let found: Vec<&str> = found.lines().filter(|line| !line.starts_with("***")).collect();
    let message = format!("the database file is damaged: {}", found.join(", "));
    Err(Error::new(ErrorKind::Corrupted, Operation::Open, message))
}
