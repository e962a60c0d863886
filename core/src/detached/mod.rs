//! Transactions that hold no lock, and are checked when they commit.
//!
//! A [`DetachedTransaction`] reads a pinned snapshot, keeps its writes in an overlay and records what
//! it read. Its commit takes the store's writer, reads the same again, and compares: optimistic
//! concurrency control with backward validation (Kung and Robinson, "On Optimistic Methods for
//! Concurrency Control", 1981), by values instead of versions, because engines have no versions of
//! entries in common. Ranges are compared entry by entry, so phantoms are found too.
//!
//! ```text
//! begin    snapshot ─────────────────────────────────────────── no lock, any thread, any length
//! get      own writes ─► snapshot ─► recorded: tree, key, value
//! scan     own writes over the snapshot ─► recorded: range, direction, how many entries, whether the end
//! commit   writer ─► all of it again: the same? ─► writes ─► the engine's commit
//!                                     otherwise ─► Conflict, nothing is written
//! ```

mod home;
mod reads;
mod recorded_snapshot;
mod recording_cursor;
mod retry;
mod transaction;
mod work;

pub use retry::Retry;
pub use transaction::DetachedTransaction;
