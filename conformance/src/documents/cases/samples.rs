//! Collections that the cases of several files use.

use arbour::documents::{Declaration, Field, FieldKind, Index};
use serde_json::{Value, json};

/// People by their time of birth; their mail addresses are unique.
pub(super) fn people() -> Declaration<Value> {
    Declaration::new("people")
        .field(Field::path("born").of(FieldKind::Integer))
        .field(Field::path("email"))
        .index(Index::on("born"))
        .index(Index::on("email").unique())
}

/// Packages of sections, with indexes over some fields or without.
pub(super) fn packages(has_indexes: bool) -> Declaration<Value> {
    let plain = Declaration::new(if has_indexes { "indexed" } else { "plain" })
        .field(Field::path("section"))
        .field(Field::path("size"))
        .field(Field::path("name"))
        .field(Field::path("tags").many());
    if !has_indexes {
        return plain;
    }
    plain
        .index(Index::on("section").then_descending("size"))
        .index(Index::on("size").sparse())
        .index(Index::on("name").unique())
        .index(Index::on("tags"))
}

/// The packages of both collections.
pub(super) fn package_bodies() -> Vec<Value> {
    vec![
        json!({"id": "a", "section": "net", "size": 3, "name": "n1", "tags": ["x", "y"]}),
        json!({"id": "b", "section": "web", "size": 1.5, "name": "n2", "tags": ["y"]}),
        json!({"id": "c", "section": "net", "size": -3, "name": "n3", "tags": [2, "x"]}),
        json!({"id": "d", "section": "net", "size": null, "name": "n4"}),
        json!({"id": "e", "section": "web", "size": "big", "name": "n5", "tags": []}),
        json!({"id": "f", "size": 3, "name": "n6", "tags": ["x"]}),
        json!({"id": "g", "section": "net", "size": 3.0, "name": "n7"}),
        json!({"id": "h", "section": "net", "size": true}),
    ]
}
