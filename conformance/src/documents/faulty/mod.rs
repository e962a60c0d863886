//! The test of the suite for documents: stores that are each wrong in one way, and the case meant
//! for each.
//!
//! Each [`DocFault`] was the mistake of a real database, or is one that is easily made. A
//! [`FaultyDocuments`] has it, and leaves everything else to the sound store below: it changes the
//! request, the answer or the declaration, or writes to the store's trees without its knowledge. A
//! test fails unless the suite rejects each by the case that [`DocFault::case`] names.
//!
//! ```
//! use arbour_conformance::documents::faulty::{DocFault, FaultyDocFactory};
//! use arbour_conformance::documents::DocumentSuite;
//! use arbour_conformance::{Axis, MemoryFactory, run};
//! let faulty = DocumentSuite(FaultyDocFactory::new(DocFault::SetInsertsOnly));
//! let (topic, name) = DocFault::SetInsertsOnly.case().split_once("::").unwrap();
//! // Some cases refuse by an error, most by a panic.
//! assert!(run(&faulty, MemoryFactory, Axis::Fixed, topic, name).is_err());
//! ```
//!
//! ```text
//! fault.rs        the list of faults, each with its case
//! factory.rs      making the stores
//! store.rs        opening collections
//! declaration.rs  what is declared
//! collection.rs   the collection: its state, and building indexes
//! reader.rs       reading
//! query.rs        what is asked
//! filter.rs       which documents are meant
//! order.rs        in which order they come
//! page.rs         paging
//! writer.rs       writing
//! body.rs         what is written
//! residue.rs      what writes leave behind
//! trees.rs        what is stored
//! memory.rs       what is remembered outside of the store
//! contract.rs     the calls of a collection: building, scrubbing, following changes
//! ```

mod body;
mod collection;
mod contract;
mod declaration;
mod factory;
mod fault;
mod filter;
mod memory;
mod order;
mod page;
mod query;
mod reader;
mod residue;
mod store;
mod trees;
mod writer;

pub use collection::FaultyCollection;
pub use factory::FaultyDocFactory;
pub use fault::DocFault;
pub use reader::FaultyReader;
pub use store::FaultyDocuments;
pub use writer::FaultyWriter;
