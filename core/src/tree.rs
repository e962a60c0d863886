//! Trees, and the handles their names are resolved to once.
//!
//! A tree *is* its entries: it exists while it holds one. There is no call to create or drop a
//! tree, because engines differ in whether that can happen inside a transaction; a handle of an
//! empty tree reads empty and stays good.

use std::hash::Hash;

use crate::{Error, ErrorKind, Operation};

/// A resolved handle of a tree: what every operation takes instead of a name.
///
/// Handles of the same tree of the same store are equal. A handle is good for as long as its
/// store is open; another store refuses it with
/// [`ErrorKind::InvalidArgument`].
///
/// ```
/// use arbour_core::{KvStore, MemoryStore, Tree};
/// let store = MemoryStore::new();
/// let users = store.tree("users")?;
/// assert_eq!(users.name(), "users");
/// assert!(users == store.tree("users")?);
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub trait Tree: Clone + Eq + Hash + Send + Sync + 'static {
    /// Returns the name the handle was resolved from.
    ///
    /// ```
    /// # use arbour_core::{KvStore, MemoryStore, Tree};
    /// assert_eq!(MemoryStore::new().tree("rooms")?.name(), "rooms");
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    fn name(&self) -> &str;
}

/// Builds the error for a handle of another store.
///
/// ```
/// use arbour_core::{ErrorKind, KvStore, MemoryStore, Operation, foreign_tree};
/// let users = MemoryStore::new().tree("users")?;
/// assert_eq!(foreign_tree(&users, Operation::Get).kind(), ErrorKind::InvalidArgument);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[cold]
pub fn foreign_tree(tree: &impl Tree, operation: Operation) -> Error {
    Error::new(ErrorKind::InvalidArgument, operation, "the tree handle belongs to another store")
        .with_tree(tree.name())
}
