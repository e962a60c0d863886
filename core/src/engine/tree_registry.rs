//! The registry of a store's tree handles.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::engine::{TreeName, foreign_tree};
use crate::{Operation, Result, Tree};

/// The names a store has resolved, and their numbers.
///
/// Resolving a name takes a short lock and never waits for a writer.
///
/// ```
/// use arbour_core::engine::{TreeName, TreeRegistry};
/// use arbour_core::Operation;
/// let (ours, theirs) = (TreeRegistry::new(), TreeRegistry::new());
/// let foreign = theirs.resolve(TreeName::new("users")?);
/// assert!(ours.check(&foreign, Operation::Get).is_err());
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct TreeRegistry {
    store: u64,
    numbers: RwLock<HashMap<Arc<str>, u32>>,
}

/// Numbers the registries of a process, so that a foreign handle is detected with one comparison.
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
    /// let registry = arbour_core::engine::TreeRegistry::new();
    /// # let _ = registry;
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            store: NEXT_STORE.fetch_add(1, Ordering::Relaxed),
            numbers: RwLock::new(HashMap::new()),
        }
    }

    /// Returns the handle of a name; the same one each time.
    ///
    /// ```
    /// # use arbour_core::engine::{TreeName, TreeRegistry};
    /// let registry = TreeRegistry::new();
    /// let name = TreeName::new("users")?;
    /// assert_eq!(registry.resolve(name), registry.resolve(name));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn resolve(&self, name: TreeName<'_>) -> Tree {
        let known = self
            .numbers
            .read()
            .get_key_value(name.as_str())
            .map(|(name, number)| (Arc::clone(name), *number));
        let (name, number) = known.unwrap_or_else(|| {
            let mut numbers = self.numbers.write();
            let next = numbers.len() as u32;
            let name: Arc<str> = Arc::from(name.as_str());
            // Another thread may have added it since the read lock was released.
            let number = *numbers.entry(Arc::clone(&name)).or_insert(next);
            (name, number)
        });
        Tree::new(self.store, number, name)
    }

    /// Creates the handle of a tree whose number the engine chose. The engine then keeps its own
    /// list: [`resolve`](Self::resolve) and [`names`](Self::names) do not know this tree.
    ///
    /// ```
    /// # use arbour_core::engine::{TreeName, TreeRegistry};
    /// # use arbour_core::Operation;
    /// let registry = TreeRegistry::new();
    /// let users = registry.numbered(TreeName::new("users")?, 7);
    /// assert_eq!(users.number(), 7);
    /// registry.check(&users, Operation::Get)?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn numbered(&self, name: TreeName<'_>, number: u32) -> Tree {
        Tree::new(self.store, number, Arc::from(name.as_str()))
    }

    /// Returns the names resolved so far for whose numbers `keep` returns true, sorted by bytes. An
    /// engine whose entries all belong to resolved names can use it to list trees.
    ///
    /// ```
    /// # use arbour_core::engine::{TreeName, TreeRegistry};
    /// let registry = TreeRegistry::new();
    /// for name in ["b", "a"] {
    ///     let _ = registry.resolve(TreeName::new(name)?);
    /// }
    /// assert_eq!(registry.names(|_| true), ["a", "b"]);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn names(&self, mut keep: impl FnMut(u32) -> bool) -> Vec<String> {
        let numbers = self.numbers.read();
        let kept = numbers.iter().filter(|(_, number)| keep(**number));
        let mut names: Vec<String> = kept.map(|(name, _)| name.to_string()).collect();
        names.sort_unstable();
        names
    }

    /// Tells whether a handle was resolved here.
    ///
    /// ```
    /// # use arbour_core::engine::{TreeName, TreeRegistry};
    /// let registry = TreeRegistry::new();
    /// assert!(registry.owns(&registry.resolve(TreeName::new("users")?)));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn owns(&self, tree: &Tree) -> bool {
        tree.store() == self.store
    }

    /// Checks that a handle was resolved here.
    ///
    /// # Errors
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) if it belongs to another store.
    ///
    /// ```
    /// # use arbour_core::engine::{TreeName, TreeRegistry};
    /// # use arbour_core::Operation;
    /// let registry = TreeRegistry::new();
    /// let users = registry.resolve(TreeName::new("users")?);
    /// registry.check(&users, Operation::Get)?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[inline]
    pub fn check(&self, tree: &Tree, operation: Operation) -> Result<()> {
        if self.owns(tree) { Ok(()) } else { Err(foreign_tree(tree, operation)) }
    }
}
