//! Engines chosen at run time: the same contract behind one type.
//!
//! Generics choose an engine when the program is compiled. [`DynStore`] chooses it when the
//! program runs, and is itself a [`KvStore`](crate::KvStore), so that code is written once for
//! both. There is one implementation: an object-safe mirror of the contract, given to every store
//! by the compiler.

mod erased;
mod snapshot;
mod store;
mod transaction;
mod value;

pub use snapshot::{DynCursor, DynSnapshot};
pub use store::DynStore;
pub use transaction::DynTransaction;
pub use value::DynValue;
