//! Documents: schemaless where you want it, indexed where you need it.
//!
//! A collection holds documents of one type, either a type of the program or any JSON. A type of the
//! program declares its id, fields and indexes by `#[derive(Document)]`, and is filtered and sorted by
//! [typed fields](TypedField); the trait [`Document`](trait@Document) shows how. For any JSON, and for
//! what the macro has no attribute for, the program [declares](Declaration) the ids, [fields](Field)
//! and [indexes](Index) itself. Documents are written and
//! read through the caller's own transaction or snapshot, so they change atomically with everything
//! else in the transaction, and so do their indexes.
//!
//! ```
//! use arbour::KvStore;
//! use arbour::documents::{Collection, Declaration, Field, Filter, Index};
//! use serde_json::{Value, json};
//!
//! let store = arbour::MemoryStore::new(); // or any other
//! let people = Collection::open(
//!     &store,
//!     Declaration::<Value>::new("people").field(Field::path("born")).index(Index::on("born")),
//! )?;
//! store.write(|transaction| {
//!     people.insert(transaction, json!({"id": "ada", "born": 1815}))?;
//!     people.insert(transaction, json!({"id": "grace", "born": 1906}))
//! })?;
//! let snapshot = store.snapshot()?;
//! let victorian = people.find(Filter::at_most("born", 1901)).require_index();
//! assert_eq!(victorian.list(&snapshot)?[0]["id"], "ada");
//! # Ok::<(), arbour::Error>(())
//! ```
//!
//! | to | there is |
//! |---|---|
//! | declare a collection | [`Document`](trait@Document), [`DocumentStore::collection`], [`IndexValue`](trait@IndexValue); by hand [`Declaration`], [`Ids`], [`Field`], [`Index`], [`BodyCodec`] |
//! | write | [`Collection::insert`], [`modify`](Collection::modify), [`delete`](Collection::delete) and others, [`put_many`](Collection::put_many) for many documents, [`put_if`](Collection::put_if) under a [`Precondition`] |
//! | read | [`Collection::get`]; [`find`](Collection::find) by [`TypedField`] and [`Filter`], and what a [`Selection`] answers: [`Page`] after page, [`count`](Selection::count), [`sum_by`](Selection::sum_by); each document once by [`DocCache`] |
//! | know why | [`Selection::explain`] |
//! | operate | [`DocumentStore::collections`], [`DocumentStore::drop_collection`], [`Collection::build`] and [`IndexStatus`], [`finish_upgrade`](Collection::finish_upgrade), [`scrub`](Collection::scrub), [`changes`](Collection::changes) for subscribers |
//!
//! # What is accepted can be read
//!
//! A document that a collection accepts reads back equal, and a field means the same
//! whether the document has a type of the program or is any JSON, whatever the codec. What cannot
//! keep that promise is refused at the write, with an error that names the place, the value and the
//! way out:
//!
//! | what | JSON bodies | bincode bodies |
//! |---|---|---|
//! | NaN and infinities | refused | kept; refused in a field, which has JSON values |
//! | an option that contains null, such as `Some(None)` | refused: it would be read as `None` | kept |
//! | arrays and objects nested deeper than [`Limits::DEPTH_MAX`](crate::Limits::DEPTH_MAX) | refused | refused |
//! | integers of 128 bits | kept; refused in types that are flattened, untagged or tagged internally | kept |
//! | maps whose keys are numbers or booleans | as integers of 128 bits | kept |
//! | maps whose keys have no text in JSON, such as pairs | refused | kept; refused if the path of a field leads through one |
//! | skipped and flattened members, enums that are not tagged externally | kept | refused |
//!
//! A document with a codec of the program's own, or with bincode, is read back once before it is
//! stored. The rule holds as far as a type's own serialization and deserialization are inverse to
//! each other: an untagged enum with two variants that look alike is read as the first.
//!
//! A field has the value that reading the document's JSON text would give, even if no JSON is
//! stored: an `f32` is the number with its digits, a newtype its content, and a map key its text.
//! Integers of up to 128 bits sort and compare exactly; beyond 64 bits a value is an [`Integer`].
//! Comparing a field with a type that its [`FieldKind`] excludes is an error, and so is a sum that
//! overflows. A unique index is enforced from the moment it is declared, even while it is being
//! built, and a [revision](Stored::revision) of an id never occurs twice.
//!
//! [`layout`] describes what is stored.

mod admission;
mod any_reader;
mod apply;
mod body;
mod body_format;
mod build;
mod bulk;
mod cache;
mod candidate;
mod catalog;
mod changes;
pub(crate) mod chunk;
pub(crate) mod clearing;
mod collection;
mod concurrent;
mod condition;
mod consistency;
mod decimal;
mod declaration;
mod definition;
mod docs;
mod document;
mod document_store;
mod downgrade;
mod dropping;
mod entries;
mod error;
mod existing;
mod explain;
mod field;
mod field_kind;
mod field_name;
mod field_schema;
mod fields;
mod filter;
mod find;
mod follow;
mod goal;
mod groups;
mod highest_key;
mod id;
mod id_value;
mod index;
mod index_record;
mod index_state;
mod index_tree;
mod index_value;
mod integer;
mod json;
mod json_body;
mod json_form;
mod json_writes;
mod known;
mod made_id;
mod moment;
mod number;
mod opened;
mod order;
mod path;
mod plan;
mod position;
mod precondition;
mod prefetching;
mod query;
mod reader;
mod reading;
mod reads;
mod relevance;
mod revisions;
mod scalar;
mod schema;
mod scrub;
mod search;
mod selection;
mod sort;
mod status;
mod steps;
mod stored_collection;
#[cfg(feature = "migrations")]
mod stored_declaration;
mod sum;
mod sum_value;
mod trees;
mod typed_field;
mod unbuilt;
mod unchanged;
mod unique;
mod upgrade;
mod words;
mod write;
mod writer;
mod writes;

pub use arbour_core::engine::document_layout as layout;
#[cfg(feature = "derive")]
pub use arbour_derive::{Document, IndexValue};
pub use body::{Body, BodyCodec, Stored, Written};
pub(crate) use body_format::{BodyError, BodyFormat};
pub use cache::DocCache;
pub use collection::Collection;
pub use declaration::Declaration;
pub use document::Document;
pub use document_store::DocumentStore;
pub use error::DocError;
pub use explain::{Access, Considered, Explain};
pub use field::{Field, FieldSource};
pub use field_kind::FieldKind;
pub use field_name::{FieldName, SumField};
pub use filter::Filter;
pub use id::{DocId, Ids};
pub use id_value::{IdValue, MadeId};
#[doc(hidden)]
pub use index::IndexPart;
pub use index::{Index, IndexState};
pub use index_value::{IndexValue, ManyValues, TextValue};
pub use integer::Integer;
pub use json::{from_json, read_id, set_at, to_json};
pub use precondition::Precondition;
pub use query::Page;
use query::Query;
pub use scalar::encode_scalar;
pub use selection::Selection;
pub use sort::Sort;
pub use status::{Change, IndexStatus, ScrubReport};
pub use stored_collection::{StoredCollection, StoredField};
#[cfg(feature = "migrations")]
pub(crate) use stored_declaration::Refused;
pub use sum_value::SumValue;
pub use typed_field::TypedField;
