//! What all suites have in common. A suite implements [`Suite`] and lists its cases; from that come
//! its tests, its reports, and the check that it rejects its faulty stores.
//!
//! ```text
//! axis.rs         the circumstances in which a case is run
//! factory.rs      opening the stores under test
//! folder.rs       temporary folders
//! entries.rs      the entries of a cursor
//! parts.rs        writing in as many commits as the engine requires
//! neighbours.rs   the look-alike trees of the namespaced axis
//! case.rs         one case, and what it works with
//! bed.rs          a store in a folder of its own, on one axis
//! report.rs       the outcome of a run
//! suite.rs        running the cases, one by one or all together
//! named_tests.rs  a test with a name of its own for each case
//! fault.rs        the faults of a suite's faulty stores, each rejected by the case meant for it
//! child.rs        this executable again, in another process
//! second.rs       two processes with one store
//! kill.rs         a process that is killed again and again
//! undisturbed.rs  asks a planted engine not to disturb a case
//! ```

mod axis;
mod bed;
mod case;
mod child;
mod entries;
mod factory;
mod fault;
mod folder;
mod kill;
mod named_tests;
mod neighbours;
mod parts;
mod report;
mod second;
mod suite;
mod undisturbed;

pub use axis::Axis;
pub(crate) use bed::Bed;
pub(crate) use case::{Case, Proof, TestBed};
pub(crate) use child::{Part, Running, say};
pub(crate) use entries::entries;
pub use factory::{DynFactory, Factory, MemoryFactory};
pub use fault::assert_rejected;
pub(crate) use folder::{io, new_folder};
pub(crate) use kill::Killer;
pub(crate) use parts::{apply_in_parts, refused_as_too_large, things_per_commit};
pub use report::{Failure, Report};
pub(crate) use second::{assert_refused, start_beside, start_patient};
pub(crate) use suite::prove_on_bed;
pub use suite::{Suite, check_all, run, run_all};
pub(crate) use undisturbed::Undisturbed;
pub use undisturbed::is_undisturbed;
