//! What exists at the path of a store before SQLite opens it.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use arbour_core::{Error, ErrorKind, Operation, Result};

/// Refuses names that SQLite takes for a store in memory.
pub(crate) fn check_name(path: &Path) -> Result<()> {
    let what = match path.to_str() {
        Some("") => "the path is empty",
        Some(":memory:") => "\":memory:\" is not the path of a file",
        _ => return Ok(()),
    };
    let message = format!(
        "{what}, and a SQLite store is always a file: for a store in memory use `MemoryStore`, or the \
         URL `memory:`"
    );
    Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, message))
}

/// Checks what exists at a path before SQLite opens it: SQLite would take an empty file for a new
/// database, and remove the log next to it.
pub(crate) fn check(path: &Path, create: bool) -> Result<()> {
    // Look at the log first. A process that is creating the store writes the file before its log,
    // so a log without a file is not a store being created.
    let log_bytes = fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
    let (cause, what) = match fs::metadata(path) {
        Ok(file) if file.len() > 0 || !file.is_file() => return check_names(&file),
        Ok(_) => (io::ErrorKind::UnexpectedEof.into(), "the file is empty"),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => (cause, "there is no file"),
        Err(cause) => {
            let message = "the database file cannot be examined";
            return Err(Error::from_io(cause, Operation::Open, message));
        }
    };
    let (kind, message) = if log_bytes > 0 {
        let message = format!(
            "{what}, but its -wal file holds {log_bytes} bytes: put the file back, or remove the -wal \
             file to begin anew"
        );
        (ErrorKind::Corrupted, message)
    } else if !create {
        (ErrorKind::NotFound, format!("{what}, and the options do not allow creating a store"))
    } else {
        return Ok(());
    };
    Err(Error::new(kind, Operation::Open, message).with_source(cause))
}

/// Refuses a file with several names. SQLite keeps the log next to the name by which the file is
/// opened: under another name the latest commits are missing, and later the older log overwrites
/// what is written then.
#[cfg(unix)]
fn check_names(file: &Metadata) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;

    let names = file.nlink();
    if names < 2 || !file.is_file() {
        return Ok(());
    }
    let message = format!(
        "the file has {names} names (hard links), and SQLite keeps a log beside each: remove the other \
         names, or open a copy"
    );
    Err(Error::new(ErrorKind::InvalidArgument, Operation::Open, message))
}

#[cfg(not(unix))]
fn check_names(_: &Metadata) -> Result<()> {
    Ok(())
}

/// Returns the path of a file that belongs to a database, such as its log.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}
