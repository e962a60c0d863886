//! Errors of PostgreSQL and of the way to it, as Arbour's.

use std::error::Error as _;
use std::io;

use arbour_core::{Error, ErrorKind, Operation};
use tokio_postgres::error::SqlState;

/// A failure of a request.
#[derive(Debug)]
pub(crate) enum Failure {
    Server(tokio_postgres::Error),
    Socket(io::Error),
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Server(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Socket(error)
    }
}

impl Failure {
    /// Whether the server did not answer, so that what was asked of it may have been done.
    pub(crate) fn is_silent(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Server(error) => {
                error.code().is_none_or(|code| kind(code) == ErrorKind::Unreachable)
            }
        }
    }

    /// As the error of a connection that could not be opened.
    pub(crate) fn into_refusal(self) -> Error {
        let Self::Server(error) = self else { return self.into_error(Operation::Open) };
        let cause = error.source().filter(|_| error.as_db_error().is_none());
        let message = match cause.map(|cause| cause.downcast_ref::<io::Error>()) {
            // What it says is not about the network, as "server does not support TLS".
            Some(None) => "no connection as the address asks for it can be made with the server",
            Some(Some(cause)) => match cause.get_ref().and_then(|cause| cause.downcast_ref()) {
                Some(rustls::Error::InvalidCertificate(_)) => {
                    "the certificate of the server cannot be verified: name the file with that of its issuer as in \
                     `&sslrootcert=/etc/ssl/issuer.pem`, and the server as its certificate does"
                }
                Some(_) => "the server and this program do not agree on an encrypted connection",
                None => return Self::Server(error).into_error(Operation::Open),
            },
            None => return Self::Server(error).into_error(Operation::Open),
        };
        Error::new(ErrorKind::InvalidArgument, Operation::Open, message).with_source(error)
    }

    pub(crate) fn into_error(self, operation: Operation) -> Error {
        match self {
            Self::Server(error) => match error.as_db_error() {
                Some(answer) => {
                    let message = answer.message().to_owned();
                    Error::new(kind(answer.code()), operation, message).with_source(error)
                }
                None => {
                    let message = "the connection to the server was lost";
                    Error::new(ErrorKind::Unreachable, operation, message).with_source(error)
                }
            },
            Self::Socket(error) => {
                let message = match error.kind() {
                    io::ErrorKind::TimedOut => "the server did not answer in time",
                    _ => "the connection to the server was lost",
                };
                Error::new(ErrorKind::Unreachable, operation, message).with_source(error)
            }
        }
    }
}

/// What the caller can do about an answer of the server.
fn kind(code: &SqlState) -> ErrorKind {
    match *code {
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED => {
            ErrorKind::Conflict
        }
        SqlState::LOCK_NOT_AVAILABLE | SqlState::TOO_MANY_CONNECTIONS => ErrorKind::Busy,
        SqlState::READ_ONLY_SQL_TRANSACTION => ErrorKind::ReadOnly,
        SqlState::DISK_FULL => ErrorKind::DiskFull,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED => ErrorKind::Corrupted,
        SqlState::PROGRAM_LIMIT_EXCEEDED => ErrorKind::TooLarge,
        SqlState::INVALID_PASSWORD | SqlState::INVALID_AUTHORIZATION_SPECIFICATION => {
            ErrorKind::InvalidArgument
        }
        SqlState::INVALID_CATALOG_NAME => ErrorKind::NotFound,
        SqlState::UNDEFINED_TABLE | SqlState::INVALID_SCHEMA_NAME => ErrorKind::Moved,
        SqlState::INSUFFICIENT_PRIVILEGE => ErrorKind::Io,
        SqlState::QUERY_CANCELED
        | SqlState::ADMIN_SHUTDOWN
        | SqlState::CRASH_SHUTDOWN
        | SqlState::CANNOT_CONNECT_NOW
        | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => ErrorKind::Unreachable,
        _ => ErrorKind::Engine,
    }
}

/// An address that cannot be used.
pub(crate) fn refuse(message: String) -> Error {
    Error::new(ErrorKind::InvalidArgument, Operation::Open, message)
}
