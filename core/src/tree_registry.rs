//! The handles a store has given out.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::{Operation, Result, Tree, TreeName, foreign_tree};

/// A ready-made [`Tree`] for engines that keep their tables by number.
///
/// It is resolved by a [`TreeRegistry`] and knows which registry, and so which store, it is of.
///
/// ```
/// use arbour_core::{TreeName, TreeRegistry};
/// let registry = TreeRegistry::new();
/// let users = registry.resolve(TreeName::new("users")?);
/// assert_eq!(users.index(), 0);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone)]
pub struct TreeHandle {
    store: u64,
    index: u32,
    name: Arc<str>,
}

impl TreeHandle {
    /// Returns the number of the tree within its store: small, starting at zero, stable for as
    /// long as the store is open.
    ///
    /// ```
    /// # use arbour_core::{TreeName, TreeRegistry};
    /// let registry = TreeRegistry::new();
    /// assert_eq!(registry.resolve(TreeName::new("a")?).index(), 0);
    /// assert_eq!(registry.resolve(TreeName::new("b")?).index(), 1);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn index(&self) -> usize {
        self.index as usize
    }
}

impl Tree for TreeHandle {
    fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for TreeHandle {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.store == other.store && self.index == other.index
    }
}

impl Eq for TreeHandle {}

impl Hash for TreeHandle {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.store.hash(state);
        self.index.hash(state);
    }
}

impl fmt::Debug for TreeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TreeHandle({:?})", self.name)
    }
}

/// The names a store has resolved, and the numbers they stand for.
///
/// Resolving takes a short lock and never waits for a writer.
///
/// ```
/// use arbour_core::{Operation, TreeName, TreeRegistry};
/// let (ours, theirs) = (TreeRegistry::new(), TreeRegistry::new());
/// let foreign = theirs.resolve(TreeName::new("users")?);
/// assert!(ours.check(&foreign, Operation::Get).is_err());
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct TreeRegistry {
    store: u64,
    indexes: RwLock<HashMap<Arc<str>, u32>>,
}

/// Tells the registries of one process apart, so that a foreign handle is one comparison away.
static NEXT_STORE: AtomicU64 = AtomicU64::new(1);

impl Default for TreeRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl TreeRegistry {
    /// Creates an empty registry whose handles no other registry accepts.
    ///
    /// ```
    /// let registry = arbour_core::TreeRegistry::new();
    /// # let _ = registry;
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            store: NEXT_STORE.fetch_add(1, Ordering::Relaxed),
            indexes: RwLock::new(HashMap::new()),
        }
    }

    /// Returns the handle of a name, the same each time.
    ///
    /// ```
    /// # use arbour_core::{TreeName, TreeRegistry};
    /// let registry = TreeRegistry::new();
    /// let name = TreeName::new("users")?;
    /// assert_eq!(registry.resolve(name), registry.resolve(name));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn resolve(&self, name: TreeName<'_>) -> TreeHandle {
        let known = self
            .indexes
            .read()
            .get_key_value(name.as_str())
            .map(|(name, index)| (Arc::clone(name), *index));
        let (name, index) = known.unwrap_or_else(|| {
            let mut indexes = self.indexes.write();
            let next = indexes.len() as u32;
            let name: Arc<str> = Arc::from(name.as_str());
            let index = *indexes.entry(Arc::clone(&name)).or_insert(next);
            (name, index)
        });
        TreeHandle { store: self.store, index, name }
    }

    /// Returns the names resolved so far whose number passes `keep`, sorted by bytes: the way to
    /// list trees for an engine that holds nothing under other names.
    ///
    /// ```
    /// # use arbour_core::{TreeName, TreeRegistry};
    /// let registry = TreeRegistry::new();
    /// for name in ["b", "a"] {
    ///     let _ = registry.resolve(TreeName::new(name)?);
    /// }
    /// assert_eq!(registry.names(|_| true), ["a", "b"]);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn names(&self, mut keep: impl FnMut(usize) -> bool) -> Vec<String> {
        let indexes = self.indexes.read();
        let kept = indexes.iter().filter(|(_, index)| keep(**index as usize));
        let mut names: Vec<String> = kept.map(|(name, _)| name.to_string()).collect();
        names.sort_unstable();
        names
    }

    /// Tells whether a handle was resolved here.
    ///
    /// ```
    /// # use arbour_core::{TreeName, TreeRegistry};
    /// let registry = TreeRegistry::new();
    /// assert!(registry.owns(&registry.resolve(TreeName::new("users")?)));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn owns(&self, tree: &TreeHandle) -> bool {
        tree.store == self.store
    }

    /// Checks that a handle was resolved here, and returns its number.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if it is another store's.
    ///
    /// ```
    /// # use arbour_core::{Operation, TreeName, TreeRegistry};
    /// let registry = TreeRegistry::new();
    /// let users = registry.resolve(TreeName::new("users")?);
    /// assert_eq!(registry.check(&users, Operation::Get)?, 0);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[inline]
    pub fn check(&self, tree: &TreeHandle, operation: Operation) -> Result<usize> {
        if self.owns(tree) { Ok(tree.index()) } else { Err(foreign_tree(tree, operation)) }
    }
}
