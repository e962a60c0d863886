//! A store, and its folder as a dying process would leave it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use arbour_core::{Durability, KvStore, KvWrite as _, Result, StoreOptions};
use arbour_sled::SledStore;
use tempfile::TempDir;

/// A folder with stores in it, removed at the end.
pub(crate) struct Bed {
    folder: TempDir,
}

impl Bed {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    /// Opens the store of a name.
    pub(crate) fn open(&self, name: &str) -> Result<SledStore> {
        open(&self.path(name))
    }

    /// Copies the files of an open store under another name, which is what a process that is killed
    /// now leaves.
    pub(crate) fn kill(&self, name: &str, copy: &str) -> PathBuf {
        let copied = self.path(copy);
        copy_folder(&self.path(name), &copied);
        copied
    }
}

pub(crate) fn open(path: &Path) -> Result<SledStore> {
    SledStore::open(path, &StoreOptions::new())
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let copy = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &copy);
        } else {
            match fs::copy(entry.path(), copy) {
                // A thread of sled has removed it meanwhile.
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                copied => drop(copied.unwrap()),
            }
        }
    }
}

/// Puts the numbers of a range, each in a commit of its own that survives a loss of power.
pub(crate) fn put_numbers(store: &SledStore, numbers: std::ops::Range<u32>) -> Result<()> {
    let tree = store.tree("t")?;
    for number in numbers {
        store.write_with(Durability::PowerLoss, |transaction| {
            transaction.put(&tree, &number.to_be_bytes(), &value(number))
        })?;
    }
    Ok(())
}

/// The value of a number, with its own length and bytes.
pub(crate) fn value(number: u32) -> Vec<u8> {
    vec![number as u8; 8 + number as usize % 300]
}

/// Counts the numbers of a range that are there with their values.
pub(crate) fn count_numbers(store: &SledStore, numbers: std::ops::Range<u32>) -> Result<usize> {
    let tree = store.tree("t")?;
    let mut found = 0;
    for number in numbers {
        found += usize::from(store.get(&tree, &number.to_be_bytes())? == Some(value(number)));
    }
    Ok(found)
}
