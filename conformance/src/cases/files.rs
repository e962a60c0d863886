//! The files of a store, as the operating system sees them.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbour_core::{Error, ErrorKind, Operation, Result};

use crate::{Bed, Factory};

/// Copies a store, open or closed, to another path. The copy holds what would be left if the
/// process died now.
///
/// A store at `store` consists of that file or folder and of files beside it with a longer name,
/// such as `store-wal`.
pub(super) fn copy_files(from: &Path, to: &Path) -> Result<()> {
    let name = from.file_name().unwrap_or_default();
    for file in siblings(from)? {
        let rest = beyond(&file, name).unwrap_or_default();
        let mut target = to.as_os_str().to_owned();
        target.push(rest);
        attempt(copy_tree(&file, Path::new(&target)), "cannot copy a store's files")?;
    }
    Ok(())
}

/// Returns the files and folders of a store; empty if there is no store.
pub(super) fn siblings(path: &Path) -> Result<Vec<PathBuf>> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in attempt(fs::read_dir(folder), "cannot list a folder")? {
            let file = attempt(entry, "cannot list a folder")?.path();
            if beyond(&file, name).is_some() {
                found.push(file);
            }
        }
    }
    Ok(found)
}

/// Asserts that an error names its store. A store in files is named by its path and one on a server by its
/// address; one in memory has no name.
#[track_caller]
pub(super) fn assert_named<F: Factory>(bed: &Bed<F>, error: &Error, path: &Path) {
    let (capabilities, named) = (bed.capabilities(), error.path());
    if capabilities.remote {
        assert!(named.is_some(), "the error does not name the store: {error:?}");
    } else {
        let expected = capabilities.persistent.then_some(path);
        assert_eq!(named, expected, "the error does not name the store: {error:?}");
    }
}

/// Returns the bytes of the file in which a closed store keeps its entries.
pub(super) fn data_bytes<F: Factory>(factory: &F, path: &Path) -> Result<Vec<u8>> {
    let file = factory.data_file(path);
    let message = "cannot read the file that `Factory::data_file` names: the entries of a closed store \
                   must be in it";
    attempt(fs::read(&file), message).map_err(|error| error.with_path(file))
}

/// Replaces the file in which a closed store keeps its entries.
pub(super) fn set_data_bytes<F: Factory>(factory: &F, path: &Path, bytes: &[u8]) -> Result<()> {
    attempt(fs::write(factory.data_file(path), bytes), "cannot write a store's file")
}

/// Converts an error of the file system to one of the contract.
pub(super) fn attempt<T>(result: io::Result<T>, message: &'static str) -> Result<T> {
    result.map_err(|error| Error::new(ErrorKind::Io, Operation::Open, message).with_source(error))
}

/// Returns the rest of a file's name after `name`, if it begins with it.
fn beyond(file: &Path, name: &OsStr) -> Option<OsString> {
    let own = file.file_name()?.to_str()?;
    own.strip_prefix(name.to_str()?).map(OsString::from)
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_tree(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
