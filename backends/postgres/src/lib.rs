//! PostgreSQL as an engine of Arbour.
//!
//! A store is a schema of a database, and all its trees are in one table, `entries`, in the order of
//! `(tree, key)`. Many programs on many machines open the same store.

mod address;
mod contract;
mod cursor;
mod encryption;
mod environment;
mod error;
mod line;
mod numbers;
mod password_file;
mod pool;
mod prefetched;
mod reader;
mod schema;
mod session;
mod shared;
mod snapshot;
mod socket;
mod statements;
mod store;
mod transaction;
mod value;
mod writes;

pub use cursor::PostgresCursor;
pub use snapshot::PostgresSnapshot;
pub use store::PostgresStore;
pub use transaction::{PostgresTransaction, PostgresWriter};
pub use value::PostgresValue;
