//! Trees and their handles.
//!
//! A tree *is* its entries: it exists while it holds one. There is no call to create or drop a
//! tree, because engines differ in whether that can happen inside a transaction; the handle of an
//! empty tree stays valid and reads nothing.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::{Error, ErrorKind, Operation};

/// The handle of a tree, which every operation takes instead of a name.
///
/// [`KvStore::tree`](crate::KvStore::tree) resolves a name once. Handles of the same tree of the
/// same store are equal; cloning one is cheap. A handle is valid while its store is open. Any other
/// store, including the same one opened again, refuses it with [`ErrorKind::InvalidArgument`].
///
/// ```
/// use arbour_core::{KvStore, MemoryStore};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// assert_eq!(users.name(), "users");
/// assert!(users == store.tree("users")?);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Tree {
    store: u64,
    number: u32,
    name: Arc<str>,
}

impl Tree {
    pub(crate) fn new(store: u64, number: u32, name: Arc<str>) -> Self {
        Self { store, number, name }
    }

    /// Returns the name that the handle was resolved from.
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore};
    /// assert_eq!(MemoryStore::new().tree("rooms")?.name(), "rooms");
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the number by which the engine identifies the tree. It stays the same while the
    /// store is open.
    ///
    /// ```
    /// # use arbour_core::engine::{TreeName, TreeRegistry};
    /// let registry = TreeRegistry::new();
    /// assert_eq!(registry.resolve(TreeName::new("a")?).number(), 0);
    /// assert_eq!(registry.resolve(TreeName::new("b")?).number(), 1);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn number(&self) -> u32 {
        self.number
    }

    #[inline]
    pub(crate) fn store(&self) -> u64 {
        self.store
    }
}

impl PartialEq for Tree {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        // Within a store each name has one number, so names need not be compared.
        self.store == other.store && self.number == other.number
    }
}

impl Eq for Tree {}

impl Hash for Tree {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.store.hash(state);
        self.number.hash(state);
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({:?})", self.name)
    }
}

/// Builds the error for a handle of another store.
///
/// ```
/// use arbour_core::engine::foreign_tree;
/// use arbour_core::{ErrorKind, KvStore, MemoryStore, Operation};
/// let users = MemoryStore::new().tree("users")?;
/// assert_eq!(foreign_tree(&users, Operation::Get).kind(), ErrorKind::InvalidArgument);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[cold]
pub fn foreign_tree(tree: &Tree, operation: Operation) -> Error {
    Error::new(ErrorKind::InvalidArgument, operation, "the tree handle belongs to another store")
        .with_tree(tree.name())
}
