//! The suite for migrations, on an engine that has passed [`suite!`](crate::suite).
//!
//! ```
//! use arbour_conformance::MemoryFactory;
//!
//! // `volatile`, for nothing is left when the store is closed.
//! arbour_conformance::migrations_suite!(MemoryFactory, volatile);
//! # fn main() {}
//! ```
//!
//! Every case becomes a test with a name of its own, on three axes: the store's own type (`fixed`),
//! behind [`DynStore`](arbour_core::DynStore) (`dynamic`), and closed and opened again between
//! writing and reading (`reopened`). The case `fixtures::same_end_wherever_it_breaks` breaks the
//! store at every single step of a chain of migrations. On an engine that persists, a process is
//! killed while it migrates, and two processes migrate at once.
//!
//! [`faulty`] holds stores that are each wrong in a way that only migrations can detect, and the
//! case meant for each. An application tests its own steps with
//! [`migration_fixture`](crate::migration_fixture).

mod bed;
mod cases;
pub mod faulty;
mod killed;
mod suite;

pub(crate) use bed::MigrationBed;
pub use killed::{killed_migrator_goes_on, two_migrators_by_manifest};
pub use suite::MigrationSuite;
