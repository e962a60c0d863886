//! The suite for events, on an engine that has passed [`suite!`](crate::suite).
//!
//! ```
//! use arbour_conformance::MemoryFactory;
//!
//! // `volatile`, for nothing is left when the store is closed.
//! arbour_conformance::events_suite!(MemoryFactory, volatile);
//! # fn main() {}
//! ```
//!
//! Every case becomes a test with a name of its own, on up to four axes: log and views in one store
//! (`fixed`), the same behind [`DynStore`](arbour_core::DynStore) (`dynamic`), closed and opened
//! again between writing and reading (`reopened`), and with the log in a store of its own, also
//! reopened (`apart`). The case `crashes::view_is_fold_after_each_step` breaks the store at every
//! single step of appending and applying. On an engine that persists, a process is killed while it
//! dispatches, and two processes dispatch at once.
//!
//! [`faulty`] holds stores that are each wrong in a way that only events can detect, and the case
//! meant for each.
//!

mod bed;
mod cases;
pub mod faulty;
mod killed;
mod ledger;
mod suite;

pub(crate) use bed::EventBed;
pub use killed::{killed_dispatcher_loses_nothing, two_dispatchers_by_manifest};
pub use suite::EventSuite;
