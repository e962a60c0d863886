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
//! This module has what these are and promise. `arbour::documents::Documents` is the implementation
//! over any engine; one of an engine's own implements [`DocStore`]. [`layout`] says what is stored.

mod body;
mod body_format;
mod cache;
mod concurrent;
mod declaration;
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

pub use body::{BodyCodec, Document, Stored, Upgrade, Written};
pub use body_format::{BodyError, BodyFormat};
pub use cache::DocCache;
pub use declaration::Declaration;
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
