//! The two programs of strato-db's README, on any engine: things in a collection, and things whose
//! every write is an event.
//!
//! ```text
//! strato --store redb:things.redb crud
//! strato --store redb:things.redb events
//! strato --store redb:things.redb history
//! ```
//!
//! They are in `crud.rs` and `event_sourcing.rs`. README.md shows them beside the originals, and
//! lists the features of strato-db with those of Arbour.
//!
//! The exit code is 0 on success, 1 if something failed, and 2 for wrong arguments.

mod arguments;
mod command;
mod crud;
mod event_sourcing;
mod failure;
#[path = "../packages/notice.rs"]
mod notice;
pub mod things;

use std::process::ExitCode;

use arguments::Arguments;

fn main() -> ExitCode {
    match command::run(&Arguments::read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            notice::print(format_args!("strato: {failure}"));
            ExitCode::FAILURE
        }
    }
}
