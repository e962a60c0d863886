//! The store for programs on tokio.
//!
//! The calls of a store block, as those of the engines do, and must not run on a thread of the runtime.
//! [`Store`] runs them on tokio's pool of blocking threads, and concurrent writes share a commit, so a
//! service with many requests at once pays for one flush of the device instead of one for each.
//!
#![cfg_attr(feature = "derive", doc = "```")]
#![cfg_attr(not(feature = "derive"), doc = "```text")]
//! use arbour::prelude::*;
//! use arbour::tokio::Store;
//!
//! #[derive(Serialize, Deserialize, Document)]
//! #[document(collection = "notes")]
//! struct Note {
//!     #[document(id)]
//!     name: String,
//!     text: String,
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> arbour::Result<()> {
//! let store = arbour::open("memory:")?;
//! let notes = store.collection::<Note>()?;
//! let store = Store::new(store);
//!
//! let into = notes.clone();
//! let note = |name: &str| Note { name: name.to_owned(), text: "hello".to_owned() };
//! store.write(move |tx| into.insert(tx, note("a"))).await?; // shares a commit with concurrent writes
//!
//! let found = store.read(move |snapshot| notes.get(snapshot, "a")).await?;
//! assert_eq!(found.expect("it was stored").text, "hello");
//! store.shutdown().await
//! # }
//! ```
//!
//! # What a dropped future leaves
//!
//! A future that is dropped, by a timeout or because the client went away, ends the wait and nothing
//! else. A write that has not begun then never runs. A write that has begun runs to its end and is
//! committed whole, or rolled back whole if its closure fails. The writes of other tasks in the same
//! commit are not affected.
//!
//! # Transactions across awaits
//!
//! The closures of `write` and `read` are not async, because a transaction holds the writer. One that
//! awaits something else in between goes to [`Store::retry`].
//!
//! # Back-pressure
//!
//! The store accepts a bounded number of writes and reads at once; the [`Options`] say how many. Further
//! callers wait in their own futures, in the order they came in, so no queue grows with the load. A caller
//! that does not want to wait for long uses `tokio::time::timeout`.
//!
//! # Streams
//!
//! [`Store::changes`] follows a collection that keeps a feed; with the feature `events`,
//! `Events::stream` follows a log and `Subscription::into_stream` a subscription. A stream
//! holds a position and a few items, and no snapshot. A reader that is slow delays no writer. If what it
//! would read next was trimmed meanwhile, it gets an error that names the positions, and goes on after
//! them.

mod blocking;
#[cfg(feature = "documents")]
mod changes;
#[cfg(feature = "documents")]
mod following;
mod options;
mod retry;
mod store;
mod write_queue;

#[cfg(feature = "events")]
pub(crate) use blocking::run_blocking;
#[cfg(feature = "documents")]
pub use changes::Changes;
#[cfg(feature = "events")]
pub(crate) use following::{Following, Source, Step};
pub use options::Options;
pub use store::Store;
