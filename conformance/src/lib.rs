//! The suite that an engine has to pass to be an engine of Arbour.
//!
//! Implement [`Factory`] for the engine and call [`suite!`] in an integration test:
//!
//! ```
//! use arbour_conformance::Factory;
//! use arbour_core::{MemoryStore, Result, StoreOptions};
//! use std::path::Path;
//!
//! struct Memory;
//!
//! impl Factory for Memory {
//!     type Store = MemoryStore;
//!
//!     fn open(&self, _: &Path, options: &StoreOptions) -> Result<MemoryStore> {
//!         MemoryStore::open(options)
//!     }
//! }
//!
//! // `volatile`, for nothing is left when the store is closed.
//! arbour_conformance::suite!(Memory, volatile);
//! # fn main() {}
//! ```
//!
//! Every case becomes a test with a name of its own, on four axes: the store's own type (`fixed`),
//! behind [`DynStore`](arbour_core::DynStore) (`dynamic`), amid trees full of look-alike keys
//! (`namespaced`), and closed and opened again between writing and reading (`reopened`). If an
//! engine's [`Capabilities`](arbour_core::Capabilities) say that it cannot do something, the case
//! requests it and expects the typed refusal: nothing is skipped.
//!
//! Beside the cases, [`suite!`] generates tests that look for unforeseen mistakes:
//!
//! - `model::agrees_with_a_plain_map`: random actions on a store and on plain maps, including kept
//!   snapshots and reopening; see [`agrees_with_a_plain_map`].
//! - `process::killed_writer_loses_nothing`, `process::second_process_by_manifest` and, on Unix,
//!   `process::full_device_loses_nothing`: a writer killed at random moments, two processes with
//!   one store, and a writer that runs out of space; see [`process`]. For a volatile engine there
//!   is `process::nothing_outlives_the_store` instead.
//!
//! [`mirror`] performs the random actions on two engines and finds differences in their answers.
//! [`BTreeEngine`] is the worked example for engine authors: the suite runs on it too.
//!
//! The suite itself is tested: [`faulty`] holds stores that are each wrong in one way, and a test
//! fails unless the suite rejects every one of them by the case meant for it.
//!
//! [`documents`] holds the suite for documents, for which [`documents_suite!`] generates tests;
//! [`events`] and [`events_suite!`] do the same for events, [`migrations`] and
//! [`migrations_suite!`] for migrations. Outside of tests, [`run`] runs one case of any [`Suite`] and
//! [`run_all`] all of them. An application pins the stores that its versions left behind with
//! [`migration_fixture`].
//!
//! # Environment variables
//! | variable | what it sets | default |
//! |---|---|---|
//! | `ARBOUR_SEED` | the seed of everything random; a failure prints it | a new one each time |
//! | `ARBOUR_MODEL_CASES` | the random sequences of the model, or plans of the planner | 64, 24 |
//! | `ARBOUR_KILLS` | how often a writer is killed; 200 for a long run | 10 |
//!
//! Variables that begin with `ARBOUR_CHILD_` pass parameters from a test to the process it starts.
//!
//! # What the suite cannot prove
//! - Killing a process shows what survives the death of a process, not what survives a loss of
//!   power: the operating system keeps what was written to it, and a kill hardly ever tears a
//!   single write to a file. An engine that never writes its data to the device passes.
//! - The model acts on one thread. It proves nothing about concurrent threads; the cases on
//!   isolation try, but a finite number of threads and kills cannot show the absence of a race.
//! - A seed repeats the actions, not their timing: a kill happens at a different moment each time.
//! - The mirror shows that two engines agree, not that either is right.

mod action;
mod breaking;
mod btree_engine;
mod cases;
mod counting;
mod deploy;
pub mod documents;
pub mod events;
pub mod faulty;
pub mod fixture;
mod forwarding;
mod harness;
pub mod migration_fixture;
pub mod migrations;
mod mirror;
mod model;
pub mod process;
mod random;
pub mod serializability;
mod session;
mod suite;

pub use btree_engine::{BTreeCursor, BTreeEngine, BTreeFactory, BTreeStore};
pub use forwarding::{Probe, Watched, check_forwarding};
pub use harness::{
    Axis, DynFactory, Factory, Failure, MemoryFactory, Report, Suite, is_undisturbed, run, run_all,
};
pub(crate) use harness::{Bed, entries};
pub use mirror::mirror;
pub use model::agrees_with_a_plain_map;
pub use random::seed;
pub use suite::KeyValueSuite;

#[doc(hidden)]
pub mod __private {
    pub use crate::harness::{assert_rejected, check_all};

    /// What a test of a suite returns.
    pub type Outcome = arbour_core::Result<()>;
}
