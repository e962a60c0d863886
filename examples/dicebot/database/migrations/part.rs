//! The part of the database that knows its versions.

use std::fmt;
use std::sync::Arc;

use arbour::migrations::Status;
use arbour::{Cursor as _, Direction, KeyRange, KvRead as _, KvStore};

use super::{Error, UNREADABLE, declared};

/// An entry that no step could read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The original key: room, user and name, without delimiters.
    pub key: Vec<u8>,
    /// The value: the four bytes of the variable's value.
    pub value: Vec<u8>,
}

/// The steps that have run on the data.
pub struct Migrations<S: KvStore> {
    store: Arc<S>,
}

impl<S: KvStore> Migrations<S> {
    pub(in crate::database) fn new(store: Arc<S>) -> Self {
        Self { store }
    }

    /// Returns which steps have run, when, and by which version.
    ///
    /// # Errors
    /// What the store reports.
    pub fn status(&self) -> Result<Status, Error> {
        Ok(declared().status(&*self.store)?)
    }

    /// Returns the entries that no step could read, in the order of the keys.
    ///
    /// # Errors
    /// What the store reports.
    pub fn unreadable(&self) -> Result<Vec<Unreadable>, Error> {
        let tree = self.store.tree(UNREADABLE)?;
        let snapshot = self.store.snapshot()?;
        let mut cursor = snapshot.scan(&tree, KeyRange::all(), Direction::Forward)?;
        let mut entries = Vec::new();
        while let Some((key, value)) = cursor.next()? {
            entries.push(Unreadable { key: key.to_vec(), value: value.to_vec() });
        }
        Ok(entries)
    }
}

impl<S: KvStore> fmt::Debug for Migrations<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrations").finish_non_exhaustive()
    }
}
