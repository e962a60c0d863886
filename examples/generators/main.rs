//! The database of generators as a program: JSON under text keys, read and written, listed by
//! prefix, changed in batches and migrated, on any engine.
//!
//! ```text
//! generators --store redb:generators.redb put event:1 '{"type":"walk"}'
//! generators --store redb:generators.redb put modifier:1:place '"park"'
//! generators --store redb:generators.redb keys event:
//! generators --store redb:generators.redb delete-event 1
//! ```
//!
//! The exit code is 0 on success, 1 if something was not found or failed, and 2 for wrong
//! arguments.

mod arguments;
mod command;
pub mod database;
mod failure;
mod input;
mod upgrades;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

fn main() -> ExitCode {
    match command::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("generators: {failure}");
            ExitCode::FAILURE
        }
    }
}
