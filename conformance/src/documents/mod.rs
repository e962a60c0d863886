//! The suite that a document store has to pass, on an engine that has passed
//! [`suite!`](crate::suite).
//!
//! ```
//! use arbour_conformance::MemoryFactory;
//!
//! // `volatile`, for nothing is left when the store is closed.
//! arbour_conformance::documents_suite!(MemoryFactory, volatile);
//! # fn main() {}
//! ```
//!
//! Every case becomes a test with a name of its own, on up to three axes: the store's own type
//! (`fixed`), behind [`DynStore`](arbour_core::DynStore) (`dynamic`), and closed and opened again
//! between writing and reading (`reopened`). On an engine that persists, a process is also killed
//! while it builds an index.
//!
//! The suite tests [`Collection`](arbour::documents::Collection). To test documents of another kind,
//! implement [`DocFactory`] for them and run [`DocumentSuite`] on them.

mod bed;
mod cases;
mod collection;
mod factory;
pub mod faulty;
mod killed;
mod query;
mod suite;
mod tested;

pub(crate) use bed::DocBed;
pub use factory::{DocFactory, SoundDocuments};
pub use killed::killed_builder_goes_on;
pub use query::Query;
pub use suite::DocumentSuite;
#[doc(hidden)]
pub use suite::prove_dynamic_documents;
pub use tested::{TestCollection, TestDocuments, TestReader, TestWriter};
