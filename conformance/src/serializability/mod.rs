//! A checker of serializability, and the random transactions whose histories it checks.
//!
//! Every transaction reads lists, scans ranges of them, and appends elements that are unique in the whole
//! history. So each list that was read tells which transactions came before, in which order, and the
//! next element of the final list tells which one it missed. From this the checker builds the graph
//! of dependencies and looks for cycles, as Elle does (Kingsbury and Alvaro, "Elle: Inferring
//! Isolation Anomalies from Experimental Observations", VLDB 2020); the anomalies are those of Adya's
//! thesis ("Weak Consistency", 1999). Elle infers the order of versions from the longest list that
//! was read; here it is the list that is left at the end.
//!
//! ```text
//! T ww U   U appended the next element after T's
//! T wr U   U read a list that ends with T's element
//! T rw U   T read a list, by key or in a scan, to which U appended the next element
//! ```
//!
//! It needs nothing of an engine but transactions: implement [`Lists`] for them, or wrap a
//! [`KvWrite`](arbour_core::KvWrite) in [`KvLists`]. It is tested on [`PlantedDatabase`], which has one
//! [`Flaw`] at a time.
//!
//! ```
//! use arbour_conformance::seed;
//! use arbour_conformance::serializability::{KvLists, check, interleaved};
//! use arbour_core::{DynStore, KvStore, MemoryStore};
//! let store = DynStore::new(MemoryStore::new());
//! let tree = store.tree("lists")?;
//! let history = interleaved(seed(), || Ok(KvLists::new(store.begin_detached()?, &tree)))?;
//! assert!(check(&history).is_empty());
//! # Ok::<(), arbour_core::Error>(())
//! ```

mod check;
mod graph;
mod history;
mod lists;
mod planted;
mod record;

pub use check::{Anomaly, AnomalyKind, check};
pub use history::{History, Observation, Outcome, Recorded};
pub use lists::{Element, Key, KvLists, List, Lists};
pub use planted::{Flaw, PlantedDatabase, PlantedTransaction};
pub use record::{interleaved, on_threads};
