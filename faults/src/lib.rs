//! Injects faults: what is left of a store after power is lost, its process is killed, its files
//! are damaged, or a system call fails.
//!
//! ```text
//! workload ─► recorder ─► recording ─► image at any moment ─► check in a process of its own ─► outcome
//!                                      damaged copy of a store ─┘
//!             recorder that fails a call ─► recording ─► image ─┘
//! ```
//!
//! 1. A [`workload`] runs in a process of its own, under the [`recorder`], which writes down every
//!    call that changes a file. The workload notes what was acknowledged, and how durably.
//! 2. A [`disk`] replays the [`recording`] up to some moment and makes an image: what may be on the
//!    device if power is lost just then, or what is there if only the process is killed.
//! 3. A [`check`] opens the image in a process of its own, compares it with what was acknowledged,
//!    and writes to it. A panic, an abort and a hang are [`outcome`]s like others.
//! 4. Stores that were closed or killed are [`damage`]d: bits, sectors, ends of files.
//! 5. Each call of the workload fails or is short once ([`failing`]); the program opens the store
//!    again, commits more, and then power is lost.
//!
//! The engines themselves, without Arbour, go through the same faults, so that the [`table`]
//! separates the engine's own limits from Arbour's. Linux only, with a C compiler for the recorder.

pub mod check;
pub mod damage;
pub mod disk;
pub mod engine;
mod engines;
pub mod error;
pub mod failing;
pub mod file;
pub mod harness;
pub mod lie;
pub mod model;
pub mod outcome;
pub mod power;
mod process;
pub mod random;
pub mod recorder;
pub mod recording;
pub mod roster;
pub mod share;
pub mod table;
pub mod toy;
pub mod workload;

pub use error::{Error, Result};
pub use harness::{Extent, Harness};
pub use share::Share;

/// Injects every fault for an engine, and counts the outcomes. A part of the failing calls other
/// than the first injects no other faults.
///
/// # Errors
/// Whatever keeps the harness itself from working.
pub fn run(harness: &mut Harness, engine: &engine::Engine, table: &mut table::Table) -> Result<()> {
    failing::run(harness, engine, table)?;
    if harness.extent().share.number > 0 {
        return Ok(());
    }
    power::run(harness, engine, recorder::Meddling::None, table)?;
    damage::run(harness, engine, table)
}
