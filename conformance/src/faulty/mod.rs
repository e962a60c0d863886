//! The suite's test: stores that are each wrong in one way, and the case meant for each.
//!
//! A suite that passes everything proves nothing. Each [`Fault`] here was the mistake of a real
//! engine, or of a layer above one; [`FaultyFactory`] opens stores that have it and are right
//! otherwise. A test fails unless the suite rejects every one of them by the case that [`Fault::case`] names. If you add a case, add the fault it is for; if you write an
//! engine, look here for what others got wrong.
//!
//! ```
//! use arbour_conformance::faulty::{Fault, FaultyFactory};
//! use arbour_conformance::{Axis, KeyValueSuite, run_all};
//! # std::panic::set_hook(Box::new(|_| {})); // what follows panics many times
//! let factory = || FaultyFactory::new(Fault::MultiGetSorts);
//! let report = run_all(&KeyValueSuite, factory, &[Axis::Fixed]);
//! assert!(report.rejected_by(Fault::MultiGetSorts.case()));
//! ```
//!
//! ```text
//! fault.rs        the list of faults, each with its case
//! factory.rs      opening: what is wrong before there is a store
//! store.rs        the store around a sound one: its state, and what all writes go through
//! shared.rs       the static that some stores share
//! manifest.rs     what a store says of itself: its capabilities, its errors
//! view.rs         reading, alike in snapshots and transactions
//! snapshot.rs     when a snapshot is pinned
//! stale.rs        what is compared at the commit of a detached transaction
//! transaction.rs  a snapshot and the writes laid over it
//! cursor.rs       the entries of a range
//! contract.rs     the calls of the store
//! ```

mod contract;
mod cursor;
mod factory;
mod fault;
mod manifest;
mod shared;
mod snapshot;
mod stale;
mod store;
mod transaction;
mod view;

pub use cursor::FaultyCursor;
pub use factory::FaultyFactory;
pub use fault::Fault;
pub use snapshot::FaultySnapshot;
pub use store::FaultyStore;
pub use transaction::FaultyTransaction;

use arbour_core::Tree;
use arbour_core::engine::Write;

/// A write that is kept until the end of its transaction or batch.
#[derive(Clone)]
struct Edit {
    tree: Tree,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
}

impl Edit {
    fn as_write(&self) -> Write<'_> {
        Write { tree: &self.tree, key: &self.key, value: self.value.as_deref() }
    }
}

/// Drops the writes to all trees but the first.
fn keep_first_tree(edits: &mut Vec<Edit>) {
    let first = edits.first().map(|edit| edit.tree.clone());
    edits.retain(|edit| Some(&edit.tree) == first.as_ref());
}

/// A key and its value.
type Entry = (Vec<u8>, Vec<u8>);

/// Panics like an engine that meets something unforeseen, but prints nothing.
fn panic(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}
