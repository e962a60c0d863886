//! The names that most programs need.
//!
//! A program imports them all by one line. Its `Cargo.toml` also names `serde`, without features: the
//! code that `Serialize` and `Deserialize` derive refers to that crate.
//!
#![cfg_attr(feature = "derive", doc = "```")]
#![cfg_attr(not(feature = "derive"), doc = "```text")]
//! use arbour::prelude::*;
//!
//! #[derive(Serialize, Deserialize, Document)]
//! #[document(collection = "people")]
//! struct Person {
//!     #[document(id)]
//!     name: String,
//!     #[document(index)]
//!     born: i32,
//! }
//!
//! let store = arbour::open("memory:")?;
//! let people = store.collection::<Person>()?;
//! store.write(|transaction| {
//!     people.insert(transaction, Person { name: "ada".to_owned(), born: 1815 })
//! })?;
//! let victorian = people.find(Person::BORN.at_most(1901)).sort(Person::BORN.ascending());
//! let page: Page<Person> = victorian.limit(20).page(&store.snapshot()?)?;
//! assert_eq!(page.items[0].name, "ada");
//! # Ok::<(), arbour::Error>(())
//! ```

pub use arbour_core::{DynStore, KvRead, KvStore, KvWrite};
#[cfg(feature = "json")]
pub use serde::{Deserialize, Serialize};

#[cfg(all(feature = "derive", feature = "events"))]
pub use arbour_derive::Event;

#[cfg(feature = "documents")]
pub use crate::documents::{Collection, Document, DocumentStore, Filter, IndexValue, Page};
#[cfg(feature = "events")]
pub use crate::events::{EventQuery, Events, Projection, Recorded, TypedEvent};
