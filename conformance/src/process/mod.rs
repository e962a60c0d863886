//! The death of a process, two processes at once, and a process that runs out of space.
//!
//! These tests run their own executable again, as another process. The child commits numbered
//! transactions and reports each one when its commit has returned. The parent computes the same
//! transactions anew and compares them with what the store holds.

mod full;
mod killed;
mod second;
mod volatile;
mod workload;

pub use full::full_device_loses_nothing;
pub use killed::killed_writer_loses_nothing;
pub use second::second_process_by_manifest;
pub use volatile::nothing_outlives_the_store;
