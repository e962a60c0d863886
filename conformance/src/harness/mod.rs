//! What all suites have in common.
//!
//! ```text
//! factory.rs  opening the stores under test
//! folder.rs   temporary folders
//! entries.rs  the entries of a cursor
//! child.rs    this executable again, in another process
//! second.rs   two processes with one store
//! kill.rs     a process that is killed again and again
//! ```

mod child;
mod entries;
mod factory;
mod folder;
mod kill;
mod second;

pub(crate) use child::{Part, Running, say};
pub(crate) use entries::entries;
pub use factory::{DynFactory, Factory, MemoryFactory};
pub(crate) use folder::{io, new_folder};
pub(crate) use kill::Killer;
pub(crate) use second::{assert_refused, start_beside, start_patient};
