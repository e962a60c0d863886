//! Servers that tests and benches start for themselves: on free ports, in temporary folders, and gone
//! when the process is, however it ends.

mod certificate;
mod pgbouncer;
mod postgres;
mod program;
mod proxy;
mod watchdog;

pub use pgbouncer::{PgBouncer, PoolMode};
pub use postgres::Postgres;
pub use proxy::{Cut, Proxy};
