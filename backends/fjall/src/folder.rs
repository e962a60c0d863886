//! The folder of a store: whether it is complete.
//!
//! fjall creates an empty database where it misses its first file, deletes folders of keyspaces that
//! its list does not name, and panics over names that it does not expect. So the files that it needs
//! are checked before it opens them.
//!
//! ```text
//! arbour       the mark of a store: "arbour-fjall 1\n"
//! version      fjall's format             lock   fjall's own lock
//! N.jnl        fjall's journals           keyspaces/0 (fjall's list), keyspaces/1 (all trees)
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbour_core::engine::{StoreFolder, StorePath};
use arbour_core::{Error, ErrorKind, Operation, Result, StoreOptions};

use crate::error;

/// The version of the layout of Arbour's trees in fjall.
const FORMAT: u32 = 1;

/// fjall's format in its file `version`: `FJL` and a number.
const FJALL: &[u8] = b"FJL\x03";

const VERSION: &str = "version";
const KEYSPACES: &str = "keyspaces";

/// Opens and locks a folder, creating it if it is absent and that is allowed, and checks that what
/// fjall needs is there.
pub(crate) fn open(path: StorePath, options: &StoreOptions) -> Result<StoreFolder> {
    let folder = StoreFolder::open(path, options, "fjall", FORMAT, |name| {
        matches!(name, VERSION | KEYSPACES | "lock") || is_journal(name)
    })?;
    if !folder.is_new() {
        check_files(folder.path())?;
    }
    Ok(folder)
}

/// Checks that the files are there that fjall would create again, or take for the end of its data, if
/// they were missing.
fn check_files(path: &Path) -> Result<()> {
    check_version(path)?;
    let missing = |what| Err(error::corrupted(what));
    if newest_journal(path).is_err() {
        return missing("the journal is missing");
    }
    let keyspaces = path.join(KEYSPACES);
    for name in ["0", "1"] {
        if !keyspaces.join(name).join("current").exists() {
            return missing("a file of a keyspace is missing");
        }
    }
    let names = list(&keyspaces).map_err(|cause| {
        Error::from_io(cause, Operation::Open, "the keyspaces of the store cannot be listed")
    })?;
    if !names.iter().all(|name| name.parse::<u64>().is_ok()) {
        return missing("among the keyspaces is something else");
    }
    Ok(())
}

fn check_version(path: &Path) -> Result<()> {
    let found = fs::read(path.join(VERSION)).unwrap_or_default();
    match (found.as_slice(), FJALL) {
        (found, known) if found == known => Ok(()),
        ([b'F', b'J', b'L', number], [.., known]) if number > known => {
            let message = "a newer version of fjall wrote the store than this program reads";
            Err(Error::new(ErrorKind::TooNew, Operation::Open, message))
        }
        _ => Err(error::corrupted("fjall's file `version` is missing or damaged")),
    }
}

/// Returns the journal that fjall appends to.
pub(crate) fn newest_journal(path: &Path) -> io::Result<PathBuf> {
    let names = list(path)?.into_iter().filter(|name| is_journal(name));
    let newest = names.max_by_key(|name| name.trim_end_matches(".jnl").parse::<u64>().ok());
    Ok(path.join(newest.ok_or(io::ErrorKind::NotFound)?))
}

fn is_journal(name: &str) -> bool {
    name.ends_with(".jnl")
}

fn list(path: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name()));
    names.map(|name: io::Result<_>| Ok(name?.to_string_lossy().into_owned())).collect()
}
