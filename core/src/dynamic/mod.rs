//! Engines chosen at run time: the same contract with one type.
//!
//! Generics choose an engine at compile time. [`DynStore`] chooses it at run time, and is itself a
//! [`KvStore`](crate::KvStore), so that code is written once for both. It builds on an object-safe
//! mirror of the contract, with a blanket implementation for every store.

mod erased;
mod erased_read;
mod owned_snapshot;
mod snapshot;
mod store;
mod transaction;
mod value;

pub use owned_snapshot::OwnedSnapshot;
pub use snapshot::{DynSnapshot, SendSnapshot};
pub use store::DynStore;
pub use transaction::DynTransaction;
