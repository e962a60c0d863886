//! Things, which both programs store.

use arbour::documents::{Declaration, Field, FieldKind, Ids, Index};
use serde_json::Value;

/// Declares things: any JSON with a number as its id, with an index over the count, if there is
/// one.
pub fn declaration(name: &str) -> Declaration<Value> {
    Declaration::new(name)
        .id("id", Ids::Integer)
        .field(Field::path("count").of(FieldKind::Integer))
        .index(Index::on("count").sparse())
}
