//! Tests of an application, on every engine.
//!
//! [`#[arbour::test]`](macro@crate::test) makes a test of each engine out of one function. The
//! function gets an opened store in a temporary folder of its own. If the test fails, it prints what
//! the store holds.
//!
//! The module needs the feature `testing`. A program asks for it among its dev-dependencies, so that
//! its release builds do not contain it:
//!
//! ```toml
//! [dependencies]
//! arbour = "0.1"
//!
//! [dev-dependencies]
//! arbour = { version = "0.1", features = ["testing", "sqlite"] }
//! ```
//!
//! | argument of the function | gets |
//! |---|---|
//! | `store: DynStore`, or what a `DynStore` converts into | a handle of the store |
//! | `store: &DynStore` | the store |
//! | `store: &mut TestStore` | the store, which can be [reopened](TestStore::reopen) and [crashed](TestStore::crash) |
//!
//! ```
//! use arbour::prelude::*;
//! use arbour::testing::TestStore;
//!
//! #[arbour::test(engines = "memory, redb")]
//! fn what_was_committed_survives_a_crash(store: &mut TestStore) -> arbour::Result<()> {
//!     let users = store.tree("users")?;
//!     store.put(&users, b"ada", b"1815")?;
//!     store.crash()?;
//!     let users = store.tree("users")?; // handles belong to the store that was open before
//!     let is_kept = store.get(&users, b"ada")?.is_some();
//!     assert_eq!(is_kept, store.capabilities().persistent);
//!     Ok(())
//! }
//! ```

mod contents;
mod copy_folder;
mod run;
mod test_store;

pub use run::run;
pub use test_store::TestStore;
