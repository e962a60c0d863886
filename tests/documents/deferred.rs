//! A handle that defers checks is used after its deferral.

use arbour::documents::{Collection, Declaration, DocError, Field, Index};
use arbour::{KvStore as _, MemoryStore};
use serde_json::{Value, json};

#[test]
fn a_handle_that_outlives_its_deferral_checks_each_write() {
    let store = MemoryStore::new();
    let codes = Declaration::<Value>::new("codes").field(Field::path("code"));
    let codes = Collection::open(&store, codes.index(Index::on("code").unique())).unwrap();
    let kept = store.write(|tx| codes.defer_unique(tx, |codes, _| Ok(codes.clone()))).unwrap();
    let refused = store.write(|tx| {
        kept.insert(tx, json!({"id": "a", "code": 1}))?;
        kept.insert(tx, json!({"id": "b", "code": 1}))
    });
    let refused = refused.unwrap_err();
    assert!(matches!(refused.downcast_ref(), Some(DocError::Unique { .. })), "{refused}");
}
