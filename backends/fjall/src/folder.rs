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

use arbour_core::engine::{StoreFolder, StorePath, sync_folder};
use arbour_core::{Error, ErrorKind, Operation, Result, StoreOptions};

use crate::{error, file_list, journal};

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

/// Makes the names of fjall's files durable. fjall does not sync the folder of its keyspaces after it
/// created one there, nor that of its files of values.
pub(crate) fn sync_names(path: &Path) -> io::Result<()> {
    let keyspaces = path.join(KEYSPACES);
    let entries = keyspaces.join("1");
    for folder in [&entries.join("blobs"), &entries, &keyspaces, path] {
        sync_folder(folder)?;
    }
    Ok(())
}

/// Checks that the files are there that fjall would create again, or take for the end of its data, if
/// they were missing, and that the journals can be read.
fn check_files(path: &Path) -> Result<()> {
    check_version(path)?;
    let damaged = |what| Err(error::corrupted(what));
    let Ok(newest) = newest_journal(path) else {
        return damaged("the journal is missing");
    };
    let keyspaces = path.join(KEYSPACES);
    for name in ["0", "1"] {
        let keyspace = keyspaces.join(name);
        if !keyspace.join(file_list::CURRENT).exists() {
            return damaged("a file of a keyspace is missing");
        }
        if !file_list::is_whole(&keyspace).map_err(unreadable)? {
            return damaged("the list of a keyspace's files is damaged");
        }
    }
    let is_number = |name: &String| name.parse::<u64>().is_ok();
    if !list(&keyspaces).map_err(unreadable)?.iter().all(is_number) {
        return damaged("among the keyspaces is something else");
    }
    for earlier in journals(path).map_err(unreadable)? {
        if earlier != newest && !journal::is_whole(&earlier).map_err(unreadable)? {
            return damaged("a part of a journal is missing");
        }
    }
    if journal::cut_torn_end(&newest).map_err(unreadable)? {
        return Ok(());
    }
    damaged("a commit in the journal has another checksum")
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
    let number = |path: &PathBuf| path.file_stem()?.to_str()?.parse::<u64>().ok();
    let newest = journals(path)?.into_iter().max_by_key(number);
    newest.ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn journals(path: &Path) -> io::Result<Vec<PathBuf>> {
    let names = list(path)?.into_iter().filter(|name| is_journal(name));
    Ok(names.map(|name| path.join(name)).collect())
}

fn is_journal(name: &str) -> bool {
    name.ends_with(".jnl")
}

fn list(path: &Path) -> io::Result<Vec<String>> {
    let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name()));
    names.map(|name: io::Result<_>| Ok(name?.to_string_lossy().into_owned())).collect()
}

#[cold]
fn unreadable(cause: io::Error) -> Error {
    Error::from_io(cause, Operation::Open, "the files of the store cannot be read")
}
