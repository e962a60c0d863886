//! The arguments of the program.

use std::net::SocketAddr;

use clap::Parser;

/// Serves a help desk over HTTP, with its tickets in any store.
#[derive(Debug, Parser)]
#[command(name = "helpdesk", version)]
pub(crate) struct Arguments {
    /// The tickets: an engine and its path, such as redb:desk.redb.
    #[arg(long, value_name = "URL")]
    pub(crate) store: String,

    /// Where to listen. Port 0 takes a free one; the address is printed.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
}

impl Arguments {
    pub(crate) fn read() -> Self {
        Self::parse()
    }
}
