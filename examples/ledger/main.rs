//! Accounts, and the history of a repository, kept as events: events are appended to a log, and
//! questions are answered from documents that are folded from it, on any engine.
//!
//! ```text
//! ledger --store redb:ledger.redb open ada
//! ledger --store redb:ledger.redb deposit ada 500
//!
//! git log --reverse --numstat --date=short --pretty=format:'commit %H%x09%at%x09%ad%x09%aN%x09%s' |
//!     ledger --store redb:ledger.redb import -
//! ledger --store redb:ledger.redb authors --limit 5
//! ```
//!
//! The log may be in a store of its own, of another engine: pass `--log URL` in every call.
//!
//! The exit code is 0 on success, 1 if something was refused, is wrong or failed, and 2 for wrong
//! arguments.

mod account;
mod arguments;
mod command;
pub mod commit;
mod counted;
mod failure;
mod follow;
pub mod git_log;
mod import;
mod ledger;
mod listing;
mod mending;
mod moment;
#[path = "../packages/notice.rs"]
mod notice;
mod progress;
mod rebuild;
mod status;
#[path = "../packages/table.rs"]
mod table;
mod tally;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

fn main() -> ExitCode {
    match command::run(&Arguments::parse()) {
        Ok(code) => code,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            notice::print(format_args!("ledger: {failure}"));
            ExitCode::FAILURE
        }
    }
}
