//! The test of the suite for migrations: stores that are each wrong in one way that only migrations
//! can detect, and the case meant for each.
//!
//! A [`MigrationFault`] drops, keeps, changes or separates one kind of what the migrations layer
//! writes, like an implementation that forgot to write it, or wrote it in another transaction. A
//! test fails unless the suite rejects each by the case that [`MigrationFault::case`] names.
//!
//! ```
//! use arbour_conformance::migrations::MigrationSuite;
//! use arbour_conformance::migrations::faulty::{DistortedFactory, MigrationFault};
//! use arbour_conformance::{Axis, run};
//! let (topic, name) = MigrationFault::JournalForgotten.case().split_once("::").unwrap();
//! let examined = std::panic::catch_unwind(|| {
//!     let factory = DistortedFactory::new(MigrationFault::JournalForgotten);
//!     run(&MigrationSuite, factory, Axis::Fixed, topic, name)
//! });
//! assert!(!matches!(examined, Ok(Ok(()))));
//! ```

mod fault;
mod store;
mod transaction;

pub use fault::MigrationFault;
pub use store::{Distorted, DistortedFactory};
pub use transaction::DistortedTransaction;
