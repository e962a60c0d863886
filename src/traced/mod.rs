//! Stores that report their operations, through `tracing` and as counters.
//!
//! | | level | fields |
//! |---|---|---|
//! | `begin` | trace | `engine`, `durability`, `waited` |
//! | `commit`, `apply` | debug | `engine`, `writes`, `open` (how long the transaction was), `took` |
//! | `rollback` | debug | `engine`, `writes`, `open` |
//! | `conflict` | debug | `engine`, `operation` |
//! | `failed` | warn | `engine`, `operation`, `error` |
//! | `slow` | warn | `engine`, `operation`, `took` |
//!
//! All of them have the target `arbour::store`.

mod counters;
mod store;
mod transaction;
mod watch;

pub use counters::StoreCounters;
pub use store::TracedStore;
