//! The seam between documents and an engine: what documents need of it, in bytes.
//!
//! Above this seam are types, paths, filters and the planner, which know the documents of type `D`.
//! Below it are keys and values, which know the engine. Everything that crosses it is bytes and
//! numbers of indexes, so the traits are object-safe: a query is compiled once for each type of
//! document and not once more for each engine, and an engine that keeps documents in tables and
//! columns of its own can answer the same calls in its own way.
//!
//! [`KvDocs`](super::kv_docs::KvDocs) implements them over any engine of keys and values.

use std::ops::ControlFlow;

use arbour_core::{DynSnapshot, Result};

use super::entries::{Entries, Entry};
use super::find::Find;

/// A found document before it is decoded: its key, and where it was found.
pub(super) struct Found<'f> {
    pub(super) id_key: &'f [u8],
    /// The number of the index, and the entry in it.
    pub(super) entry: Option<(usize, &'f [u8])>,
    /// The stored document, if finding it has read it.
    pub(super) value: Option<&'f [u8]>,
}

/// The result of a visitor: whether to continue.
pub(super) type Visited = Result<ControlFlow<()>>;

/// Takes what is found.
pub(super) type Visit<'v> = &'v mut dyn FnMut(&Found<'_>) -> Visited;

/// Another document that has the values of an entry of a unique index.
pub(super) struct Holder {
    pub(super) id_key: Vec<u8>,
    /// Its own entry.
    pub(super) entry: Vec<u8>,
}

/// What a collection notes beside its documents.
#[derive(Clone, Copy)]
pub(super) enum Notes {
    /// Its declaration, the states of its indexes, and the highest id and revision.
    Catalog,
    /// Its changes, by position.
    Feed,
    /// The positions that subscribers have acknowledged.
    Acknowledged,
    /// The keys of documents that were written while an upgrade checks all.
    Unchecked,
}

/// Reads the documents of one collection in a snapshot or a transaction.
pub(super) trait DocRead {
    /// Passes the stored document under a key to a closure. Returns whether there is one.
    fn get(&self, id_key: &[u8], read: &mut dyn FnMut(&[u8])) -> Result<bool>;

    /// Tells whether there is a document under a key.
    fn contains(&self, id_key: &[u8]) -> Result<bool>;

    /// Counts all documents.
    fn len(&self) -> Result<u64>;

    /// Counts all entries of an index.
    fn index_len(&self, index: usize) -> Result<u64>;

    /// Visits what an access path finds, in its order, each document once.
    fn find(&self, find: &Find, visit: Visit<'_>) -> Visited;

    /// Visits each entry that an access path finds. A document with several entries in an index is
    /// visited once for each.
    fn entries(&self, find: &Find, visit: Visit<'_>) -> Visited;

    /// Counts the entries that an access path finds, up to a limit, without reading documents.
    fn count(&self, find: &Find, limit: u64) -> Result<u64> {
        let mut count = 0;
        let mut visit = |_: &Found<'_>| {
            count += 1;
            Ok(if count < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        };
        self.entries(find, &mut visit).map(drop)?;
        Ok(count)
    }

    /// Returns the highest key of a document; `None` if there is none.
    fn last_key(&self) -> Result<Option<Vec<u8>>>;

    /// Adds the entries of all indexes that lead to a document, sound or not, by searching all
    /// indexes. Entries that cannot be decoded are left out.
    fn entries_of(&self, id_key: &[u8], entries: &mut Entries) -> Result<()>;

    /// Returns a note; `None` if it is absent.
    fn note(&self, notes: Notes, key: &[u8]) -> Result<Option<Vec<u8>>>;

    /// Returns the highest key of a note; `None` if there is none.
    fn last_note(&self, notes: Notes) -> Result<Option<Vec<u8>>>;

    /// Finds a document other than `own` that has the values of an entry of a complete index.
    fn holder(&self, entry: Entry<'_>, own: &[u8]) -> Result<Option<Holder>>;
}

/// A check that runs right before the commit.
pub(super) type CommitCheck = Box<dyn Fn(&DynSnapshot<'_>) -> Result<()> + Send>;

/// A document to write or to remove, with its entries before and after.
#[derive(Clone, Copy)]
pub(super) struct DocChange<'c> {
    pub(super) id_key: &'c [u8],
    /// The stored document, if there is one.
    pub(super) before: Option<&'c [u8]>,
    /// The document to store; `None` to remove it.
    pub(super) after: Option<&'c [u8]>,
    pub(super) old: &'c Entries,
    pub(super) new: &'c Entries,
}

/// Writes the documents of one collection in a transaction.
pub(super) trait DocWrite: DocRead {
    /// Makes every check by which the engine could refuse a change.
    ///
    /// # Errors
    /// The error with which the change would fail, such as `TooLarge`.
    fn check(&self, change: &DocChange<'_>) -> Result<()>;

    /// Adds a check that runs right before the commit.
    fn before_commit(&mut self, check: CommitCheck);

    /// Writes a document and its entries.
    ///
    /// # Errors
    /// Errors of the engine. Part of the change may be written then.
    fn apply(&mut self, change: &DocChange<'_>) -> Result<()>;

    /// Writes a note, or removes it.
    fn set_note(&mut self, notes: Notes, key: &[u8], value: Option<&[u8]>) -> Result<()>;

    /// Undoes a change, all of it or the part that was written. If undoing fails too, the engine
    /// refuses to commit the transaction.
    fn undo(&mut self, change: &DocChange<'_>);
}
