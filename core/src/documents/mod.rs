//! Documents: schemaless where you want it, indexed where you need it.
//!
//! A collection holds documents of one type, be that a type of the program's or any JSON. It is
//! [declared](Declaration) by the program: which ids, which [fields](Field), which [indexes](Index).
//! Documents are written and read through the caller's own transaction or snapshot, so they change
//! together with whatever else the transaction changes, and their indexes with them.
//!
//! | | |
//! |---|---|
//! | declaring | [`Declaration`], [`Ids`], [`Field`], [`Index`], [`BodyCodec`] |
//! | writing | [`DocWrite`]: set, insert, update, patch, upsert, remove, change of ids, bulk |
//! | reading | [`DocRead`]: by id, by [`Query`] and [`Filter`], page by page, counted and summed; each once by [`DocCache`] |
//! | caring | [`DocCollection`]: building indexes online, scrubbing, following changes |
//!
//! # What is accepted can be read
//!
//! A document that [`put`](DocWrite::put) accepts reads back equal, and a field means the same whether
//! the document is of a type of the program's or any JSON, whatever the codec. What cannot keep that is
//! refused at the write, by an error that names the place, the value and the way out:
//!
//! | what | JSON bodies | bincode bodies |
//! |---|---|---|
//! | NaN and infinities | refused | kept; refused in a field, which has values of JSON |
//! | an option with null in it, as `Some(None)` | refused: it would be read as `None` | kept |
//! | arrays and objects nested deeper than [`Limits::DEPTH_MAX`](crate::Limits::DEPTH_MAX) | refused | refused |
//! | integers of 128 bits | kept; refused in what is flattened, untagged or tagged internally | kept |
//! | maps whose keys are numbers or bools | as integers of 128 bits | kept |
//! | maps whose keys have no text in JSON, as pairs | refused | kept; refused where the path of a field leads through one |
//! | skipped and flattened members, enums that are not tagged externally | kept | refused |
//!
//! A document of a codec of the program's own, and a bincode one, is read once before it is stored. The
//! rule holds as far as a type's own ways to be written and read are each other's opposite: an untagged
//! enum two of whose variants look alike is read as the first.
//!
//! A field is what reading the document's JSON text gives, also where no JSON is stored: an `f32` is the
//! number with its digits, a newtype what is in it, and a key of a map its text. Integers of up to 128
//! bits order and compare exactly; beyond 64 bits a value is an [`Integer`]. Comparing a field with what
//! its [`FieldKind`] excludes is an error, and so is a sum that leaves its range. A unique index is
//! unique from the moment it is declared, also while it is built, and a
//! [revision](Stored::revision) of an id never comes again.
//!
//! ---
//!
//! This module has what these are and promise. `arbour::documents::Documents` is the implementation
//! over any engine; one of an engine's own implements [`DocStore`]. [`layout`] says what is stored.

mod body;
mod body_format;
mod cache;
mod concurrent;
mod declaration;
mod document;
mod error;
mod explain;
mod field;
mod filter;
mod id;
mod index;
mod integer;
mod json_body;
mod json_form;
pub mod layout;
mod query;
mod reading;
mod scalar;
mod status;
mod store;
mod sum;
mod writing;

pub use body::{BodyCodec, Stored, Upgrade, Written};
pub use body_format::{BodyError, BodyFormat};
pub use cache::DocCache;
pub use declaration::Declaration;
pub use document::Document;
pub use error::{DocError, DocResult};
pub use explain::{Access, Considered, Explain};
pub use field::{Compute, Field, FieldKind, FieldSource};
pub use filter::{Filter, Predicate};
pub use id::{DocId, Ids};
pub use index::{Index, IndexPart, IndexState};
pub use integer::Integer;
pub use query::{Page, PageCursor, Query};
pub use reading::DocRead;
pub use scalar::{NotScalar, ScalarKind, decode_scalar, encode_scalar, encode_text_prefix};
pub use status::{Change, Duplicate, IndexStatus, Progress, Scrub, ScrubReport};
pub use store::{DocCollection, DocStore};
pub use writing::{DocWrite, Precondition, from_json, json_key, read_id, set_at, to_json};
