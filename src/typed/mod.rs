//! Typed trees: a name, a key type, a value type and a codec, bound together once.

use std::marker::PhantomData;

mod cursor;
mod definition;
mod open_tree;
mod reading;
#[cfg(all(test, feature = "bincode", feature = "zerocopy"))]
mod tests;
mod writing;

pub use cursor::TypedCursor;
pub use definition::TypedTree;
pub use open_tree::OpenTree;

/// Names the types of a tree without holding values of them, so that a tree is `Send` and `Sync`
/// whatever they are.
type Types<K, V, C> = PhantomData<fn() -> (K, V, C)>;
