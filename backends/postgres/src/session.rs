//! A connection to the server, ready to be used.

use std::future::Future;
use std::io;
use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use arbour_core::{Error, ErrorKind, Operation, Result};
use futures_util::future::{FutureExt as _, join, try_join, try_join_all};
use tokio_postgres::config::Host;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row, SimpleQueryMessage, Statement};

use crate::address::Address;
use crate::error::Failure;
use crate::line::Line;
use crate::socket::Socket;
use crate::statements::{Scan, Statements};

/// The oldest version of the server that Arbour works with: 15.
const VERSION_MIN: i32 = 150_000;

/// An open connection.
pub(crate) struct Session {
    client: Client,
    wire: Wire,
    pub(crate) server: Server,
    statements: Option<Statements>,
    /// Tells this connection from all others, in the table of commits.
    pub(crate) number: i64,
    /// How many commits it has begun.
    pub(crate) commits: i64,
}

/// The text that begins a transaction, and how long it may wait for another one to end.
struct Opening {
    text: String,
    wait: Duration,
}

/// Runs requests, each after what begins its transaction.
struct Wire {
    line: Line,
    /// The next request sends it.
    opening: Option<Opening>,
    /// How long a request may take.
    timeout: Duration,
}

impl Wire {
    fn run<T>(
        &mut self,
        client: &Client,
        request: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        let Some(Opening { text, wait }) = self.opening.take() else {
            return self.line.run(self.timeout, request);
        };
        // Both are sent before an answer is awaited. If the first fails, the second says only that.
        let both = join(client.batch_execute(&text), request);
        let both = both.map(|(opened, done)| opened.and(done));
        self.line.run(self.timeout.saturating_add(wait), both)
    }
}

fn prepared(statements: &Option<Statements>) -> &Statements {
    statements.as_ref().expect("a session is prepared before it is used")
}

/// The rows of several answers.
type Answers = Vec<Vec<Row>>;

/// What the server says of itself and of this connection.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) is_standby: bool,
    /// How often a standby has taken over from the server before it, so far; 0 of a standby.
    pub(crate) timeline: u32,
    /// Whether its commits do not wait for the device unless they are told to.
    pub(crate) is_lazy: bool,
    pub(crate) has_replicas: bool,
    pub(crate) process: i32,
    pub(crate) process_start: String,
}

/// Every plan is a walk along the primary key. The server would sort a table that it takes for small,
/// and, in a serializable transaction, lock all of it.
const SETTINGS: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; \
     SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan; SET jit = off; \
     SET bytea_output = hex; SET standard_conforming_strings = on;";

impl Session {
    /// Connects to the first server that can be written and is on a timeline or a later one; if none is
    /// asked for and there is no such server, to the first that can be read.
    pub(crate) fn connect(
        address: &Address,
        timeline: Option<u32>,
        deadline: Instant,
    ) -> Result<Self> {
        let mut readable = None;
        let mut refused: Option<Error> = None;
        for (host, port) in address.servers() {
            let connected = Self::connect_to(address, host, port, deadline);
            match (connected, timeline) {
                (Ok(session), None) if session.server.is_standby => {
                    readable = readable.or(Some(session));
                }
                (Ok(session), Some(wanted)) if session.server.timeline < wanted => {
                    let what = match session.server.is_standby {
                        true => "a standby",
                        false => "no longer the one that counts: a standby has taken over from it",
                    };
                    let message = format!("the server at {} is {what}", place(host, port));
                    let error = Error::new(ErrorKind::Unreachable, Operation::Open, message);
                    refused = refused.or(Some(error));
                }
                (Ok(session), _) => return Ok(session),
                (Err(error), _) => refused = refused.or(Some(error)),
            }
        }
        readable.ok_or_else(|| {
            let none =
                || Error::new(ErrorKind::InvalidArgument, Operation::Open, "no server is named");
            refused.unwrap_or_else(none).with_path(&address.name)
        })
    }

    fn connect_to(address: &Address, host: &Host, port: u16, deadline: Instant) -> Result<Self> {
        let socket = open_socket(host, port, deadline).map_err(|cause| {
            let message = format!("the server cannot be reached at {}", place(host, port));
            Error::new(ErrorKind::Unreachable, Operation::Open, message).with_source(cause)
        })?;
        let config = address.config_for(host, port)?;
        let opened = match (host, &address.encryption) {
            (Host::Tcp(name), Some(encryption)) => {
                Line::open(&config, socket, encryption.with(name)?, deadline)
            }
            _ => Line::open(&config, socket, NoTls, deadline),
        };
        let (client, mut line) = opened.map_err(Failure::into_refusal)?;
        let limit = deadline.saturating_duration_since(Instant::now());
        let milliseconds = address.timeout.as_millis();
        let settings = format!("{SETTINGS} SET statement_timeout = {milliseconds}; {SELF}");
        let answers = line.run(limit, client.simple_query(&settings));
        let answers = answers.map_err(|failure| failure.into_error(Operation::Open))?;
        let server = Server::read(&answers)?;
        let number = random();
        let wire = Wire { line, opening: None, timeout: address.timeout };
        Ok(Self { client, wire, server, statements: None, number, commits: 0 })
    }

    /// Prepares the statements; the tables have to exist.
    pub(crate) fn prepare(&mut self, schema: &str) -> Result<()> {
        let preparing = Statements::prepare(&self.client, schema);
        let statements = self.wire.line.run(self.wire.timeout, preparing);
        self.statements = Some(statements.map_err(|failure| failure.into_error(Operation::Open))?);
        Ok(())
    }

    /// Begins a transaction with the next request, in the same round trip: SQL text that may wait for
    /// another transaction. If it fails, so does that request.
    pub(crate) fn begin(&mut self, text: String, wait: Duration) {
        self.wire.opening = Some(Opening { text, wait });
    }

    /// Ends the transaction without its writes, and without waiting for an answer.
    pub(crate) fn roll_back(&mut self) {
        if self.wire.opening.take().is_none() {
            // The server answers before it answers the next request.
            self.wire.line.send(self.client.batch_execute("ROLLBACK"));
        }
    }

    /// Runs SQL text without parameters, beside any transaction.
    pub(crate) fn execute(&mut self, text: &str) -> Result<(), Failure> {
        self.execute_within(Duration::ZERO, text)
    }

    /// Runs SQL text without parameters that may have to wait for another transaction to end.
    pub(crate) fn execute_within(&mut self, wait: Duration, text: &str) -> Result<(), Failure> {
        let limit = self.wire.timeout.saturating_add(wait);
        self.wire.line.run(limit, self.client.batch_execute(text))
    }

    /// Runs a query of its own text.
    pub(crate) fn ask(
        &mut self,
        text: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        self.wire.run(&self.client, self.client.query(text, values))
    }

    /// Runs a prepared query.
    pub(crate) fn query(
        &mut self,
        statement: impl Fn(&Statements) -> &Statement,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let statement = statement(prepared(&self.statements));
        self.wire.run(&self.client, self.client.query(statement, values))
    }

    /// Reads the first entries of a span of a tree.
    pub(crate) fn scan(&mut self, scan: &Scan) -> Result<Vec<Row>, Failure> {
        self.wire.run(&self.client, prepared(&self.statements).scan(&self.client, scan))
    }

    /// Reads the values of keys of trees, and the first entries of spans, in one round trip.
    pub(crate) fn read_all(
        &mut self,
        values: &[(i32, Vec<&[u8]>)],
        scans: &[Scan],
    ) -> Result<(Answers, Answers), Failure> {
        let (client, statements) = (&self.client, prepared(&self.statements));
        let values = values
            .iter()
            .map(async |(tree, keys)| client.query(&statements.get_many, &[tree, keys]).await);
        let scans = scans.iter().map(|scan| statements.scan(client, scan));
        self.wire.run(client, try_join(try_join_all(values), try_join_all(scans)))
    }

    /// Makes writes, and what is to follow them, in one round trip. `after` may be empty.
    pub(crate) fn write(
        &mut self,
        values: &[&(dyn ToSql + Sync)],
        after: &str,
    ) -> Result<(), Failure> {
        let (client, statements) = (&self.client, prepared(&self.statements));
        let ended = async {
            match after.is_empty() {
                true => Ok(()),
                false => client.batch_execute(after).await,
            }
        };
        // They are sent in this order, before an answer is awaited.
        let both = join(client.execute(&statements.write, values), ended);
        self.wire.run(client, both.map(|(written, ended)| written.and(ended)))
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.wire.line.is_broken()
    }

    /// Whether the connection still stands, as far as it is known here.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.wire.line.check();
        !self.is_broken()
    }
}

/// What is asked of each server.
const SELF: &str = "SELECT pg_is_in_recovery(), current_setting('server_version_num'), \
     current_setting('synchronous_standby_names') <> '', pg_backend_pid(), \
     (SELECT backend_start FROM pg_stat_get_activity(pg_backend_pid())), current_setting('fsync'), \
     current_setting('synchronous_commit'), \
     CASE WHEN NOT pg_is_in_recovery() THEN pg_walfile_name(pg_current_wal_lsn()) END";

impl Server {
    /// Whether two connections are served by one process.
    pub(crate) fn is_same_process(&self, other: &Self) -> bool {
        (self.process, &self.process_start) == (other.process, &other.process_start)
    }

    fn read(answers: &[SimpleQueryMessage]) -> Result<Self> {
        let row = answers.iter().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let text = |place| row.and_then(|row| row.get(place)).unwrap_or_default();
        let version: i32 = text(1).parse().unwrap_or(0);
        if version < VERSION_MIN {
            let message =
                format!("the server has version {}, and at least 15 is needed", version / 10_000);
            return Err(Error::new(ErrorKind::Unsupported, Operation::Open, message));
        }
        if text(5) == "off" {
            let message =
                "the server runs with fsync = off, so no commit would survive a power loss";
            return Err(Error::new(ErrorKind::Unsupported, Operation::Open, message));
        }
        Ok(Self {
            is_standby: text(0) == "t",
            // The name of a file of the log begins with it.
            timeline: text(7)
                .get(..8)
                .and_then(|hex| u32::from_str_radix(hex, 16).ok())
                .unwrap_or(0),
            is_lazy: text(6) == "off",
            has_replicas: text(2) == "t",
            process: text(3).parse().unwrap_or(0),
            process_start: text(4).to_owned(),
        })
    }
}

fn open_socket(host: &Host, port: u16, deadline: Instant) -> io::Result<Socket> {
    match host {
        Host::Unix(folder) => Socket::unix(&folder.join(format!(".s.PGSQL.{port}"))),
        Host::Tcp(name) => {
            let mut refused = io::Error::from(io::ErrorKind::NotFound);
            for address in (name.as_str(), port).to_socket_addrs()? {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                match Socket::tcp(address, left) {
                    Ok(socket) => return Ok(socket),
                    Err(error) => refused = error,
                }
            }
            Err(refused)
        }
    }
}

fn place(host: &Host, port: u16) -> String {
    match host {
        Host::Tcp(name) => format!("{name}:{port}"),
        Host::Unix(folder) => folder.join(format!(".s.PGSQL.{port}")).display().to_string(),
    }
}

fn random() -> i64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    RandomState::new().build_hasher().finish().cast_signed()
}
