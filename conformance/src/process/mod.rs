//! The death of a process, two processes at once, and a process that runs out of space.
//!
//! A test runs its own executable again, naming itself as the only test to run, with environment
//! variables that tell the child its role. The child reports through its standard output:
//!
//! ```text
//! parent                                child
//! spawn, with part, path and seed  -->  open the store, commit numbered transactions
//! count                            <--  "ack 17 process-crash" after each commit returned
//! kill at a random moment          -->  X
//! open the store, compare it with the transactions 1, 2, 3 ... computed anew, commit one more
//! ```

mod child;
mod full;
mod killed;
mod second;
mod volatile;
mod workload;

pub(crate) use child::{Part, Running, say};
pub use full::full_device_loses_nothing;
pub use killed::killed_writer_loses_nothing;
pub use second::second_process_by_manifest;
pub use volatile::nothing_outlives_the_store;

/// Converts a result of the system to one of the contract.
pub(crate) fn io(error: std::io::Error) -> arbour_core::Error {
    use arbour_core::{Error, ErrorKind, Operation};

    Error::new(ErrorKind::Io, Operation::Open, "the system failed the test itself")
        .with_source(error)
}
