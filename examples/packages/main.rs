//! The package index of a Debian machine as documents: imports it, and searches it by section,
//! maintainer, size, dependency, name and words, page by page, on any engine.
//!
//! ```text
//! apt-cache dumpavail | packages --store redb:packages.redb import -
//! packages --store redb:packages.redb search --words 'text editor' --sort -size --limit 5
//! ```
//!
//! `/var/lib/dpkg/status` can be imported too. A document is found by the name of its package: a
//! record replaces an earlier one of the same name, even of another version or architecture.
//!
//! The exit code is 0 on success, 1 if something was not found, is wrong or failed, and 2 for wrong
//! arguments.

mod arguments;
mod collection;
mod command;
pub mod control;
mod counted;
mod failure;
mod import;
mod notice;
pub mod package;
mod progress;
mod search;
mod table;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

fn main() -> ExitCode {
    match command::run(&Arguments::parse()) {
        Ok(code) => code,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            notice::print(format_args!("packages: {failure}"));
            ExitCode::FAILURE
        }
    }
}
