//! Why the program failed, in one line for a person.

use std::io;
use std::net::SocketAddr;

/// A failure of the program.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The store cannot be opened or closed.
    #[error("{}", .0.in_one_line())]
    Store(#[from] arbour::Error),
    /// The address is taken, or not this machine's.
    #[error("cannot listen on {address}: {cause}: choose another address with --listen")]
    Listen { address: SocketAddr, cause: io::Error },
    /// The server or its signals failed.
    #[error("cannot serve: {0}")]
    Serve(#[from] io::Error),
}
