//! The names of trees and their numbers, for an engine that has all trees in one keyspace.

use std::collections::{BTreeSet, HashMap};

use parking_lot::RwLock;

use super::keyspace::{CATALOG, NUMBER_BYTES, stored_key};
use crate::engine::{TreeName, TreeRegistry};
use crate::{Batch, Error, ErrorKind, Operation, Result, Tree};

/// The trees of a store known so far: those in the database, and those resolved since.
///
/// The keys are those of [`keyspace`](crate::engine::keyspace). A number is assigned when a name is
/// first resolved, and entered in the database by each batch that writes to the tree until one of
/// them has succeeded. Concurrent batches may enter the same tree twice, which does no harm.
///
/// ```
/// use arbour_core::Batch;
/// use arbour_core::engine::{TreeCatalog, TreeName};
/// let catalog = TreeCatalog::new();
/// let users = catalog.resolve(TreeName::new("users")?)?;
/// let mut batch = Batch::new();
/// batch.put(&users, b"ada", b"1815");
/// let mut keys = Vec::new();
/// let entered = catalog.stored_writes(&batch, |key, _value| keys.push(key.to_vec()));
/// assert_eq!(keys, [&b"\0\0\0\0users"[..], b"\0\0\0\x01ada"]);
/// // The engine has written them.
/// catalog.note_entered(&entered);
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Debug)]
pub struct TreeCatalog {
    registry: TreeRegistry,
    trees: RwLock<Trees>,
    /// The trees that the database is known to contain.
    entered: RwLock<BTreeSet<u32>>,
}

#[derive(Debug)]
struct Trees {
    by_name: HashMap<String, Tree>,
    next: u32,
}

impl Default for TreeCatalog {
    fn default() -> Self {
        Self::new()
    }
}

impl TreeCatalog {
    /// Creates the catalog of an empty database.
    ///
    /// ```
    /// assert!(arbour_core::engine::TreeCatalog::new().names().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        let trees = Trees { by_name: HashMap::new(), next: CATALOG + 1 };
        Self {
            registry: TreeRegistry::new(),
            trees: RwLock::new(trees),
            entered: RwLock::default(),
        }
    }

    /// Adds an entry of the catalog that the database holds, when the store is opened.
    ///
    /// # Errors
    /// As [`entry`](Self::entry).
    ///
    /// ```
    /// use arbour_core::engine::{TreeCatalog, TreeName};
    /// let mut catalog = TreeCatalog::new();
    /// catalog.add(b"users", &7u32.to_be_bytes())?;
    /// assert_eq!(catalog.resolve(TreeName::new("users")?)?.number(), 7);
    /// assert_eq!(catalog.resolve(TreeName::new("rooms")?)?.number(), 8);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn add(&mut self, name: &[u8], number: &[u8]) -> Result<()> {
        let (name, number) = Self::entry(name, number, Operation::Open)?;
        let tree = self.registry.numbered(TreeName::stored(name)?, number);
        self.entered.get_mut().insert(number);
        let trees = self.trees.get_mut();
        trees.by_name.insert(name.to_owned(), tree);
        trees.next = trees.next.max(number.saturating_add(1));
        Ok(())
    }

    /// Decodes an entry of the catalog: the name of a tree and its number.
    ///
    /// # Errors
    /// [`Corrupted`](ErrorKind::Corrupted) if it is not an entry.
    ///
    /// ```
    /// use arbour_core::engine::TreeCatalog;
    /// use arbour_core::{ErrorKind, Operation};
    /// let entry = TreeCatalog::entry(b"users", &7u32.to_be_bytes(), Operation::Trees)?;
    /// assert_eq!(entry, ("users", 7));
    /// let error = TreeCatalog::entry(b"users", b"7", Operation::Trees).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Corrupted);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn entry<'e>(
        name: &'e [u8],
        number: &[u8],
        operation: Operation,
    ) -> Result<(&'e str, u32)> {
        let name = str::from_utf8(name).ok();
        let number = number.try_into().map(u32::from_be_bytes).ok();
        match (name, number.filter(|number| *number != CATALOG)) {
            (Some(name), Some(number)) => Ok((name, number)),
            _ => {
                let message = "the list of the trees is damaged";
                Err(Error::new(ErrorKind::Corrupted, operation, message))
            }
        }
    }

    /// Returns the handle of a name; the same one each time.
    ///
    /// # Errors
    /// [`Engine`](ErrorKind::Engine) if all numbers are used.
    ///
    /// ```
    /// use arbour_core::engine::{TreeCatalog, TreeName};
    /// let catalog = TreeCatalog::new();
    /// let name = TreeName::new("users")?;
    /// assert_eq!(catalog.resolve(name)?, catalog.resolve(name)?);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn resolve(&self, name: TreeName<'_>) -> Result<Tree> {
        if let Some(tree) = self.trees.read().by_name.get(name.as_str()) {
            return Ok(tree.clone());
        }
        let mut trees = self.trees.write();
        if let Some(tree) = trees.by_name.get(name.as_str()) {
            return Ok(tree.clone());
        }
        let number = trees.next;
        if number == u32::MAX {
            let message =
                format!("all {number} numbers for trees are used: copy the store to a new one");
            return Err(Error::new(ErrorKind::Engine, Operation::Tree, message));
        }
        trees.next += 1;
        let tree = self.registry.numbered(name, number);
        trees.by_name.insert(name.as_str().to_owned(), tree.clone());
        Ok(tree)
    }

    /// Tells whether a handle was resolved here.
    ///
    /// ```
    /// # use arbour_core::engine::{TreeCatalog, TreeName};
    /// let catalog = TreeCatalog::new();
    /// assert!(catalog.owns(&catalog.resolve(TreeName::new("users")?)?));
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn owns(&self, tree: &Tree) -> bool {
        self.registry.owns(tree)
    }

    /// Checks that a handle was resolved here.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) if it belongs to another store.
    ///
    /// ```
    /// # use arbour_core::engine::{TreeCatalog, TreeName};
    /// # use arbour_core::Operation;
    /// let catalog = TreeCatalog::new();
    /// catalog.check(&catalog.resolve(TreeName::new("users")?)?, Operation::Get)?;
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[inline]
    pub fn check(&self, tree: &Tree, operation: Operation) -> Result<()> {
        self.registry.check(tree, operation)
    }

    /// Returns all names resolved so far, sorted by bytes. A tree that holds an entry is among them.
    ///
    /// ```
    /// use arbour_core::engine::{TreeCatalog, TreeName};
    /// let catalog = TreeCatalog::new();
    /// catalog.resolve(TreeName::new("users")?)?;
    /// assert_eq!(catalog.names(), ["users"]);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.trees.read().by_name.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Calls `write` for each write of a batch, with its stored key; and for the catalog's entry of
    /// each tree that the database is not known to contain, before the tree's first write. Returns
    /// the numbers of these trees, for [`note_entered`](Self::note_entered).
    ///
    /// See [`TreeCatalog`] for an example.
    #[must_use]
    pub fn stored_writes(
        &self,
        batch: &Batch,
        mut write: impl FnMut(&[u8], Option<&[u8]>),
    ) -> Vec<u32> {
        let (mut last, mut seen, mut entered) = (CATALOG, Vec::new(), Vec::new());
        let mut key = Vec::with_capacity(64);
        for each in batch.iter() {
            let number = each.tree.number();
            if number != last {
                last = number;
                key.clear();
                key.extend_from_slice(&number.to_be_bytes());
                if let Err(place) = seen.binary_search(&number) {
                    seen.insert(place, number);
                    if !self.entered.read().contains(&number) {
                        let name = stored_key(CATALOG, each.tree.name().as_bytes());
                        write(name.as_ref(), Some(&number.to_be_bytes()));
                        entered.push(number);
                    }
                }
            }
            key.truncate(NUMBER_BYTES);
            key.extend_from_slice(each.key);
            write(&key, each.value);
        }
        entered
    }

    /// Records that the database contains trees.
    ///
    /// See [`TreeCatalog`] for an example.
    pub fn note_entered(&self, trees: &[u32]) {
        if !trees.is_empty() {
            self.entered.write().extend(trees);
        }
    }

    /// Records that the database may no longer contain trees: the engine is about to remove their
    /// entries from the catalog. No batch may be in progress.
    ///
    /// ```
    /// use arbour_core::Batch;
    /// use arbour_core::engine::{TreeCatalog, TreeName};
    /// let mut catalog = TreeCatalog::new();
    /// catalog.add(b"users", &1u32.to_be_bytes())?;
    /// let mut batch = Batch::new();
    /// batch.put(&catalog.resolve(TreeName::new("users")?)?, b"ada", b"1815");
    /// assert!(catalog.stored_writes(&batch, |_, _| {}).is_empty());
    /// catalog.leave_out(&["users".to_owned()]);
    /// assert_eq!(catalog.stored_writes(&batch, |_, _| {}), [1]);
    /// # Ok::<(), arbour_core::Error>(())
    /// ```
    pub fn leave_out(&self, names: &[String]) {
        let (trees, mut entered) = (self.trees.read(), self.entered.write());
        for tree in names.iter().filter_map(|name| trees.by_name.get(name)) {
            entered.remove(&tree.number());
        }
    }
}
