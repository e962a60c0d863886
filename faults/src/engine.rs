//! What the harness needs from a store, with Arbour or without.

use std::fmt;
use std::path::Path;

use arbour_core::{Durability, ErrorKind};

use crate::model::{Change, Contents, Entry};

/// The result of a call that may be refused.
pub type Attempt<T> = std::result::Result<T, Refusal>;

/// Why a call was refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The kind, or `None` for an engine without Arbour.
    pub kind: Option<ErrorKind>,
    /// The error on one line.
    pub text: String,
    /// Whether an error of the system, or of the engine, is its source.
    pub has_source: bool,
}

impl Refusal {
    /// Makes the refusal of an engine without Arbour.
    pub fn raw(error: impl fmt::Display) -> Self {
        Self { kind: None, text: error.to_string(), has_source: true }
    }
}

impl From<arbour_core::Error> for Refusal {
    fn from(error: arbour_core::Error) -> Self {
        let has_source = std::error::Error::source(&error).is_some();
        Self { kind: Some(error.kind()), text: error.in_one_line(), has_source }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Some(kind) => write!(f, "{kind}: {}", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// An open store.
pub trait Store {
    /// Commits changes to several trees, all or none.
    ///
    /// # Errors
    /// What the engine reports, here and below.
    fn commit(&self, changes: &[Change], durability: Durability) -> Attempt<()>;

    /// Reads a tree in each possible way, in ascending order; `keys` are the keys to get one by
    /// one.
    fn reads(&self, tree: usize, keys: &[&[u8]]) -> Vec<(&'static str, Attempt<Vec<Entry>>)>;

    /// Makes everything committed durable.
    ///
    /// # Errors
    /// What the engine reports.
    fn sync(&self) -> Attempt<()>;

    /// Runs `meanwhile` while a snapshot is held, and returns the contents of the snapshot; `None`
    /// if the engine has none.
    ///
    /// # Errors
    /// What the engine reports.
    fn held(&self, meanwhile: &mut dyn FnMut() -> Attempt<()>) -> Attempt<Option<Contents>> {
        meanwhile().map(|()| None)
    }

    /// Copies the store to an unused path. Returns whether the engine can do that.
    ///
    /// # Errors
    /// What the engine reports.
    fn backup(&self, to: &Path) -> Attempt<bool> {
        let _ = to;
        Ok(false)
    }

    /// Makes all other calls, whether or not an earlier one failed.
    fn others(&self) -> Vec<(&'static str, Attempt<()>)> {
        Vec::new()
    }

    /// Closes the store.
    ///
    /// # Errors
    /// What the engine reports.
    fn close(self: Box<Self>) -> Attempt<()>;
}

/// How a store is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// It is created if there is none.
    Create,
    /// It exists.
    Existing,
    /// It exists, and everything is checked first if the engine can do that.
    Verified,
}

/// Opens a store at a path.
pub type Open = fn(path: &Path, opening: Opening) -> Attempt<Box<dyn Store>>;

/// An engine under test.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// Its name on the command line.
    pub name: &'static str,
    /// Opens a store.
    pub open: Open,
    /// The same engine without Arbour.
    pub raw: Option<Raw>,
    /// Whether it has an option to check everything at open.
    pub verifies: bool,
    /// Whether its errors report a full device for every call. SQLite reports it for writes only,
    /// and hides the system's error of other calls.
    pub names_full_device: bool,
}

/// An engine without Arbour, which is used to judge Arbour's refusals.
#[derive(Clone, Copy, Debug)]
pub struct Raw {
    /// Its name.
    pub name: &'static str,
    /// Whether it finds the trees that Arbour wrote. If not, it is only asked to open the store.
    pub reads: bool,
}
