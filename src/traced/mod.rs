//! Stores that say what is done with them: by `tracing`, and in numbers.
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
//! The target of all of them is `arbour::store`.

mod counters;
mod store;
mod transaction;
mod watch;

pub use counters::StoreCounters;
pub use store::TracedStore;
pub use transaction::TracedTransaction;
