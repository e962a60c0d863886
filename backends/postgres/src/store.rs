//! The store and its parts.

use std::fmt;
use std::time::Instant;

use arbour_core::engine::{TreeRegistry, WriterSlot};
use arbour_core::{
    Capabilities, DamageDetection, Durability, Error, ErrorKind, Limits, Operation, Provision,
    Result, StoreOptions,
};

use crate::address::Address;
use crate::numbers::Numbers;
use crate::pool::{Pool, Use};
use crate::schema;
use crate::session::Session;
use crate::shared::Shared;

/// The longest key that fits into an index of the server, which keeps a third of a page for each.
const KEY_BYTES_MAX: usize = 2600;

/// A store in a schema of a PostgreSQL database.
///
/// ```no_run
/// use arbour_core::{KvStore, StoreOptions};
/// use arbour_postgres::PostgresStore;
/// let url = "postgres://app@db1,db2/app?schema=shop";
/// let store = PostgresStore::open(url, &StoreOptions::new())?;
/// let users = store.tree("users")?;
/// store.put(&users, b"ada", b"1815")?;
/// # Ok::<(), arbour_core::Error>(())
/// ```
pub struct PostgresStore {
    pub(crate) shared: Shared,
}

impl PostgresStore {
    /// Opens the store at an address, `postgres://user@host1,host2/database?schema=app`, and creates its
    /// tables if there are none and the options allow it.
    ///
    /// # Errors
    /// [`InvalidArgument`](arbour_core::ErrorKind::InvalidArgument) for an address that cannot be read, a password that
    /// the server refuses, or a schema with tables of another program;
    /// [`NotFound`](arbour_core::ErrorKind::NotFound) if there is no such database or store;
    /// [`Unreachable`](arbour_core::ErrorKind::Unreachable) if no server answers;
    /// [`TooNew`](arbour_core::ErrorKind::TooNew) if a later version of Arbour made the tables;
    /// [`Unsupported`](arbour_core::ErrorKind::Unsupported) for a server older than 15, one that runs with
    /// `fsync = off`, where no commit would survive a power loss, and one behind a pooler that spreads transactions, as
    /// PgBouncer does in the transaction mode.
    ///
    /// See [`PostgresStore`] for an example.
    pub fn open(url: &str, options: &StoreOptions) -> Result<Self> {
        let address = Address::parse(url)?;
        let placed = |error: Error| error.with_path(&address.name);
        let deadline = Instant::now() + address.timeout;
        let mut first = Session::connect(&address, None, deadline)?;
        // A program that reads while it writes has two connections anyway.
        let mut second = Session::connect(&address, None, deadline)?;
        if first.server.is_same_process(&second.server) {
            return Err(placed(pooled()));
        }
        schema::prepare(&mut first, &address.schema, options.may_create()).map_err(placed)?;
        first.prepare(&address.schema).map_err(placed)?;
        second.prepare(&address.schema).map_err(placed)?;
        if !options.is_read_only() && !first.server.is_standby {
            schema::forget_lost_connections(&mut first, &address.schema);
        }
        let capabilities = capabilities(&address, &first, options);
        let slot = WriterSlot::new(options, Some(address.name.clone()));
        let (wait, is_lazy) = (options.writer_wait(), first.server.is_lazy);
        let pool = Pool::new(address, [second, first], wait);
        let (trees, numbers) = (TreeRegistry::new(), Numbers::default());
        Ok(Self { shared: Shared { pool, trees, numbers, capabilities, wait, is_lazy, slot } })
    }
}

/// Two connections of this program have met in one process of the server.
fn pooled() -> Error {
    let message = "a pooler spreads the transactions of a connection over several processes of the server, and \
                   they would not know its statements: use PgBouncer with pool_mode = session";
    Error::new(ErrorKind::Unsupported, Operation::Open, message)
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresStore").field(self.shared.pool.address()).finish()
    }
}

fn capabilities(address: &Address, first: &Session, options: &StoreOptions) -> Capabilities {
    let mut capabilities = Capabilities::new("postgres");
    capabilities.persistent = true;
    capabilities.remote = true;
    capabilities.durability = vec![Durability::None, Durability::PowerLoss];
    let engine =
        Limits { key_bytes_max: KEY_BYTES_MAX, value_bytes_max: 1 << 28, ..Limits::default() };
    capabilities.limits = options.requested_limits().within(engine);
    capabilities.transactions = Provision::Native;
    capabilities.multi_process = true;
    capabilities.read_only = true;
    capabilities.snapshots_max = Some(address.connections - Use::Snapshot.left_free());
    capabilities.open_files_max = Some(0);
    capabilities.replicated = first.server.has_replicas;
    capabilities.damage = DamageDetection::Structure;
    capabilities
}
