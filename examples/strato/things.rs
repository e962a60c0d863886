//! Things, which both programs keep.

use arbour::documents::{Declaration, Field, FieldKind, Ids, Index};
use serde_json::Value;

/// Declares things: any JSON with a number as its id, found by the count of those that have one.
pub fn declaration(name: &str) -> Declaration<Value> {
    Declaration::new(name)
        .id("id", Ids::Integer)
        .field(Field::path("count").of(FieldKind::Integer))
        .index(Index::on("count").sparse())
}
