//! A help desk as a web service: tickets and comments over HTTP, with search and a stream of changes, on
//! any engine.
//!
//! ```text
//! helpdesk --store redb:desk.redb --listen 127.0.0.1:8080
//! ```
//!
//! README.md shows how to use it, and what of Arbour it shows. It serves until it gets an interrupt or
//! a termination signal; then it completes the requests it has begun, and closes the store.
//!
//! The exit code is 0 on success, 1 if something failed, and 2 for wrong arguments.

mod app;
mod arguments;
mod changes;
mod comment;
mod comments;
mod error;
mod failure;
mod json;
mod listing;
#[path = "../packages/notice.rs"]
mod notice;
mod payments;
mod server;
mod ticket;
mod tickets;

use std::process::ExitCode;

use arguments::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    match server::run(&Arguments::read()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            notice::print(format_args!("helpdesk: {failure}"));
            ExitCode::FAILURE
        }
    }
}
