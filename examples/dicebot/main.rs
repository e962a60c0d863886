//! The database of a chat bot as a program: migrates what any version of the bot stored, step by
//! step, and reads and changes what is known about rooms, on any engine. The variables of users
//! have a program of their own, `variables`.
//!
//! ```text
//! dicebot --store sled:bot.sled plan
//! dicebot --store sled:bot.sled migrate
//! dicebot --store sled:bot.sled join '!lobby:x' @ada:x
//! ```
//!
//! The exit code is 0 on success, 1 if something was not found, is wrong or failed, and 2 for wrong
//! arguments.

mod arguments;
mod command;
pub mod database;
mod failure;
mod migrating;
#[path = "../ledger/moment.rs"]
mod moment;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

fn main() -> ExitCode {
    match command::run(&Arguments::parse()) {
        Ok(code) => code,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("dicebot: {failure}");
            ExitCode::FAILURE
        }
    }
}
