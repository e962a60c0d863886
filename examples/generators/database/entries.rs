//! The database: JSON values under text keys.

use std::fmt;
use std::sync::Arc;

use arbour::codec::{Json, Raw};
use arbour::key::StartsWith;
use arbour::{
    Direction, Durability, DynSnapshot, DynStore, DynTransaction, KeyRange, KvRead, KvStore as _,
    KvWrite as _, OpenTree, Result,
};
use serde_json::Value;

use super::open::init;
use super::replica::{CURRENT, POINTER};
use super::{Error, Op, Replica};

/// The entries of a namespace.
pub(super) type Entries = OpenTree<String, Value, Json>;

/// The database, with a view of the current replica or of one namespace. It is cheap to clone: the
/// clones share one store.
///
/// Each operation reads which replica is current in its own transaction, so it cannot use one that
/// a migration has just left.
#[derive(Clone)]
pub struct Database {
    pub(super) store: DynStore,
    url: Arc<str>,
    durability: Durability,
    pointer: OpenTree<String, Replica, Json>,
    x: Entries,
    y: Entries,
    /// The namespace; `None` for the current replica.
    namespace: Option<Entries>,
}

impl Database {
    /// Opens the database in an open store. Errors name it by the URL.
    ///
    /// # Errors
    /// [`Error::Init`] if the store was closed.
    pub fn over(store: DynStore, url: &str) -> Result<Self, Error> {
        let open = || {
            let nodes = |replica: Replica| store.tree(replica.nodes()).map(OpenTree::new);
            Ok((POINTER.open(&store)?, nodes(Replica::X)?, nodes(Replica::Y)?))
        };
        let (pointer, x, y) = open().map_err(|cause| init(url, "OPEN", cause))?;
        let (url, durability) = (Arc::from(url), Durability::default());
        Ok(Self { store, url, durability, pointer, x, y, namespace: None })
    }

    /// Returns the store, for operations that the database does not offer.
    pub fn store(&self) -> &DynStore {
        &self.store
    }

    /// Returns the same database with a view of a namespace. Namespaces are separate.
    ///
    /// # Errors
    /// [`Error::Query`] if the name is not valid for a tree, or the database was closed.
    pub fn namespace(&self, name: &str) -> Result<Self, Error> {
        let tree = self.store.tree(name);
        let tree = tree.map_err(|cause| self.failed(format!("NAMESPACE {name}"), cause))?;
        Ok(Self { namespace: Some(OpenTree::new(tree)), ..self.clone() })
    }

    /// Returns the same database with writes that do not wait for the device: readers see them at
    /// once, but they survive the end of the process only once [`sync`](Self::sync) has returned.
    /// Until then the last ones may be lost, but never a part of a batch.
    #[must_use]
    pub fn buffered(&self) -> Self {
        Self { durability: Durability::None, ..self.clone() }
    }

    /// Stores a value, replacing an existing one. It survives a loss of power when the call
    /// returns, unless the database is [`buffered`](Self::buffered).
    ///
    /// # Errors
    /// [`Error::Query`] with `PUT key`.
    pub fn put(&self, key: &str, value: &Value) -> Result<(), Error> {
        self.write(
            || format!("PUT {key}"),
            |transaction, entries| entries.put(transaction, key, value),
        )
    }

    /// Gets a value, or `None` if the key is absent: a stored `null` is a value.
    ///
    /// # Errors
    /// [`Error::Query`] with `GET key`, of kind [`Decode`](arbour::ErrorKind::Decode) if the stored
    /// value is not JSON.
    pub fn get(&self, key: &str) -> Result<Option<Value>, Error> {
        self.read(|| format!("GET {key}"), |snapshot, entries| entries.get(snapshot, key))
    }

    /// Deletes a key. Does nothing if it is absent.
    ///
    /// # Errors
    /// [`Error::Query`] with `DEL key`.
    pub fn del(&self, key: &str) -> Result<(), Error> {
        self.write(|| format!("DEL {key}"), |transaction, entries| entries.delete(transaction, key))
    }

    /// Lists the keys that begin with a prefix, in the order of their bytes, without reading their
    /// values.
    ///
    /// # Errors
    /// [`Error::Query`] with `KEYS prefix*`: a list is complete or an error.
    pub fn keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        self.read(
            || format!("KEYS {prefix}*"),
            |snapshot, entries| keys_in(snapshot, entries, prefix),
        )
    }

    /// Lists the entries whose keys begin with a prefix, in the order of the bytes of the keys.
    ///
    /// # Errors
    /// [`Error::Query`] with `GETALL prefix*`: a list is complete or an error.
    pub fn get_all(&self, prefix: &str) -> Result<Vec<(String, Value)>, Error> {
        self.read(
            || format!("GETALL {prefix}*"),
            |snapshot, entries| {
                entries.prefix(snapshot, StartsWith(prefix), Direction::Forward)?.collect()
            },
        )
    }

    /// Performs operations in their order, all of them or none. An empty batch writes nothing.
    ///
    /// # Errors
    /// [`Error::Query`] with `BATCH n ops`.
    pub fn batch(&self, ops: &[Op]) -> Result<(), Error> {
        self.batch_across(&[(self, ops)])
    }

    /// Performs operations on several namespaces, all of them or none, with the durability of the
    /// database on which it is called.
    ///
    /// # Errors
    /// As [`batch`](Self::batch).
    pub fn batch_across(&self, parts: &[(&Self, &[Op])]) -> Result<(), Error> {
        let count: usize = parts.iter().map(|(_, ops)| ops.len()).sum();
        if count == 0 {
            return Ok(());
        }
        self.write(
            || format!("BATCH {count} ops"),
            |transaction, _| {
                parts.iter().try_for_each(|(namespace, ops)| {
                    let entries = namespace.entries(transaction)?;
                    ops.iter().try_for_each(|op| op.perform(transaction, entries))
                })
            },
        )
    }

    /// Deletes all entries of the namespace, and of no other.
    ///
    /// # Errors
    /// [`Error::Query`] with `CLEAR`.
    pub fn clear(&self) -> Result<(), Error> {
        self.write(
            || "CLEAR".to_owned(),
            |transaction, entries| transaction.delete_range(entries.raw(), KeyRange::all()),
        )
    }

    /// Makes all writes so far survive a loss of power.
    ///
    /// # Errors
    /// [`Error::Query`] with `SYNC`; buffered writes may then still be lost.
    pub fn sync(&self) -> Result<(), Error> {
        self.store.sync().map_err(|cause| self.failed("SYNC".to_owned(), cause))
    }

    /// Closes the store, for all clones. Later calls are refused with
    /// [`Closed`](arbour::ErrorKind::Closed), except `close` itself, which does nothing.
    ///
    /// # Errors
    /// [`Error::Query`] with `CLOSE`.
    pub fn close(&self) -> Result<(), Error> {
        self.store.close().map_err(|cause| self.failed("CLOSE".to_owned(), cause))
    }

    /// Returns the URL of the store.
    pub(super) fn url(&self) -> String {
        self.url.to_string()
    }

    /// Reads which replica is the current one.
    pub(super) fn current<R: KvRead>(&self, reader: &R) -> Result<Replica> {
        Ok(self.pointer.get(reader, CURRENT)?.unwrap_or_default())
    }

    fn entries<R: KvRead>(&self, reader: &R) -> Result<&Entries> {
        Ok(match &self.namespace {
            Some(namespace) => namespace,
            None => match self.current(reader)? {
                Replica::X => &self.x,
                Replica::Y => &self.y,
            },
        })
    }

    /// Reads from one snapshot. The name of the query is computed only if it failed.
    pub(super) fn read<T>(
        &self,
        query: impl FnOnce() -> String,
        run: impl FnOnce(&DynSnapshot<'_>, &Entries) -> Result<T>,
    ) -> Result<T, Error> {
        let read = self.store.read(|snapshot| run(snapshot, self.entries(snapshot)?));
        read.map_err(|cause| self.failed(query(), cause))
    }

    /// Writes in one transaction.
    pub(super) fn write<T>(
        &self,
        query: impl FnOnce() -> String,
        mut run: impl FnMut(&mut DynTransaction<'_>, &Entries) -> Result<T>,
    ) -> Result<T, Error> {
        let written = self.store.write_with(self.durability, |transaction| {
            let entries = self.entries(transaction)?;
            run(transaction, entries)
        });
        written.map_err(|cause| self.failed(query(), cause))
    }

    fn failed(&self, query: String, cause: arbour::Error) -> Error {
        Error::Query { path: self.url(), query, cause }
    }
}

/// Lists the keys that begin with a prefix, whatever their values.
pub(super) fn keys_in<R: KvRead>(
    reader: &R,
    entries: &Entries,
    prefix: &str,
) -> Result<Vec<String>> {
    let bytes: OpenTree<String, Vec<u8>, Raw> = OpenTree::new(entries.raw().clone());
    let found = bytes.prefix(reader, StartsWith(prefix), Direction::Forward)?;
    found.into_iter().map(|entry| Ok(entry?.0)).collect()
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("url", &self.url)
            .field("durability", &self.durability)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
