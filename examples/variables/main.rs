//! The variables of a chat bot's users, as a program: imports them from tab-separated lines,
//! reads and changes them, and verifies and repairs what is stored, on any engine. The database is that of
//! the example `dicebot`.
//!
//! ```text
//! printf '@ada:x\t!lobby:x\tstr\t12\n' | variables --store redb:vars.redb import -
//! variables --store redb:vars.redb list @ada:x '!lobby:x'
//! ```
//!
//! The exit code is 0 on success, 1 if something was not found, is wrong or failed, and 2 for wrong
//! arguments.

mod arguments;
mod command;
#[path = "../dicebot/database/mod.rs"]
pub mod database;
mod failure;
mod import;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

fn main() -> ExitCode {
    match command::run(&Arguments::parse()) {
        Ok(code) => code,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("variables: {failure}");
            ExitCode::FAILURE
        }
    }
}
