//! A handle of a tree of any engine.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::{Operation, Result, Tree, foreign_tree};

/// The handle of a tree of a [`DynStore`](crate::DynStore): the engine's own, without its type.
///
/// ```
/// use arbour_core::{DynStore, DynTree, KvStore, MemoryStore, Tree};
/// let store = DynStore::new(MemoryStore::new());
/// let users: DynTree = store.tree("users")?;
/// assert_eq!(users.name(), "users");
/// # Ok::<(), arbour_core::Error>(())
/// ```
#[derive(Clone)]
pub struct DynTree {
    handle: Arc<dyn AnyTree>,
}

/// What [`Tree`] promises, for a handle whose type is not known.
trait AnyTree: Any + Send + Sync {
    fn name(&self) -> &str;
    fn equals(&self, other: &dyn Any) -> bool;
    fn hash_into(&self, state: &mut dyn Hasher);
}

impl<T: Tree> AnyTree for T {
    fn name(&self) -> &str {
        Tree::name(self)
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<T>() == Some(self)
    }

    fn hash_into(&self, mut state: &mut dyn Hasher) {
        self.hash(&mut state);
    }
}

impl DynTree {
    pub(super) fn new(handle: impl Tree) -> Self {
        Self { handle: Arc::new(handle) }
    }

    fn as_any(&self) -> &dyn Any {
        &*self.handle
    }

    /// Returns the engine's own handle, or the error for another engine's.
    #[inline]
    pub(super) fn downcast<T: Tree>(&self, operation: Operation) -> Result<&T> {
        self.as_any().downcast_ref::<T>().ok_or_else(|| foreign_tree(self, operation))
    }
}

impl Tree for DynTree {
    fn name(&self) -> &str {
        self.handle.name()
    }
}

impl PartialEq for DynTree {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.handle, &other.handle) || self.handle.equals(other.as_any())
    }
}

impl Eq for DynTree {}

impl Hash for DynTree {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.handle.hash_into(state);
    }
}

impl fmt::Debug for DynTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynTree({:?})", Tree::name(self))
    }
}
