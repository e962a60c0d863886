//! Documents over any engine.
//!
//! [`arbour_core::documents`] defines the model and its guarantees, and everything there is
//! re-exported here. [`Documents`] implements it over any [`KvStore`](arbour_core::KvStore).

mod apply;
mod build;
mod candidate;
mod catalog;
mod changes;
mod collection;
mod condition;
mod definition;
mod entries;
mod existing;
mod find;
mod made_id;
mod maintenance;
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
mod store;
mod unbuilt;
mod words;
mod write;
mod writer;
mod writes;

pub use arbour_core::documents::*;
pub use collection::Collection;
pub use reader::CollectionReader;
pub use store::Documents;
pub use writer::CollectionWriter;
