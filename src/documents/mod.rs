//! Documents over any engine.
//!
//! [`arbour_core::documents`] defines the model and its guarantees, and everything there is
//! re-exported here. A [`Collection`] reads and writes documents in any
//! [`KvStore`](arbour_core::KvStore).

mod apply;
mod build;
mod cache;
mod candidate;
mod catalog;
mod changes;
mod collection;
mod concurrent;
mod condition;
mod definition;
mod entries;
mod existing;
mod find;
mod index_state;
mod made_id;
mod order;
mod path;
mod plan;
mod position;
mod reader;
mod reading;
mod reads;
mod revisions;
mod rows;
mod scrub;
mod search;
mod sum;
mod unbuilt;
mod words;
mod write;
mod writer;
mod writes;

pub use arbour_core::documents::*;
pub use cache::DocCache;
pub use collection::Collection;
