//! A copy of a store that is in use.
//!
//! redb has no backup of its own and its file changes under a reader, so the entries of one
//! snapshot are copied into a new file. It takes its name only when it is whole.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbour_core::{Error, ErrorKind, KvStore as _, Operation, Result, StoreOptions, copy};

use crate::RedbStore;

pub(crate) fn backup(store: &RedbStore, destination: &Path) -> Result<()> {
    if destination.exists() {
        let message = "something is at the destination already";
        let error = Error::new(ErrorKind::InvalidArgument, Operation::Backup, message);
        return Err(error.with_path(destination));
    }
    let unfinished = unfinished(destination);
    let copied = copy_into(store, &unfinished).and_then(|()| {
        fs::rename(&unfinished, destination).map_err(|cause| io(cause, destination))
    });
    if copied.is_err() {
        // What failed is reported; a rest that cannot be removed either is under a name that
        // says what it is.
        let _ = fs::remove_file(&unfinished);
    }
    copied
}

fn copy_into(store: &RedbStore, path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(io(cause, path)),
        _ => {}
    }
    let copied = RedbStore::open(path, &StoreOptions::new().limits(store.capabilities().limits))?;
    copy(store, &copied)?;
    copied.close()
}

/// The name of a backup that is not whole yet.
fn unfinished(destination: &Path) -> PathBuf {
    let mut name = OsString::from(destination);
    name.push(".unfinished");
    PathBuf::from(name)
}

fn io(cause: io::Error, path: &Path) -> Error {
    Error::new(ErrorKind::Io, Operation::Backup, "cannot write the backup")
        .with_path(path)
        .with_source(cause)
}
