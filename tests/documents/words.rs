//! An index of words that an earlier program built by another rule is built anew.

use arbour::documents::layout::{CATALOG_TREE, index_tree};
use arbour::documents::{Collection, Declaration, Field, Filter, Index, IndexState, encode_scalar};
use arbour::{Direction, KeyRange, KvRead as _, KvStore as _, KvWrite as _, MemoryStore, Result};
use arbour_core::Cursor as _;
use arbour_core::engine::TreeName;
use serde_json::{Value, json};

fn notes() -> Declaration<Value> {
    Declaration::new("notes").field(Field::path("text")).index(Index::words("text"))
}

/// Makes the index of words one of an earlier program: its fingerprint, and an entry in lower case
/// with its accent.
fn made_old(store: &MemoryStore) -> Result<()> {
    let catalog = store.open_tree(TreeName::stored(CATALOG_TREE)?)?;
    let index = store.open_tree(TreeName::stored(&index_tree("notes", "text:words"))?)?;
    let key = b"collection\xffnotes";
    store.write(|transaction| {
        let record = transaction.get(&catalog, key)?.map(|bytes| bytes.to_vec()).unwrap();
        let record = String::from_utf8(record).unwrap();
        let old = record.replace("words true folding 2", "words true");
        assert_ne!(old, record);
        transaction.put(&catalog, key, old.as_bytes())?;
        transaction.delete_range(&index, KeyRange::all())?;
        let mut entry = Vec::new();
        assert!(encode_scalar(&json!("caf\u{e9}"), &mut entry));
        entry.extend_from_slice(b"\xffa");
        transaction.put(&index, &entry, b"")
    })
}

#[test]
fn an_index_of_an_earlier_rule_is_built_anew() {
    let store = MemoryStore::new();
    let collection = Collection::open(&store, notes()).unwrap();
    let note = json!({"id": "a", "text": "Caf\u{e9}"});
    store.write(|transaction| collection.insert(transaction, note.clone()).map(drop)).unwrap();
    made_old(&store).unwrap();

    let collection = Collection::declare(&store, notes()).unwrap();
    let snapshot = store.snapshot().unwrap();
    let states = collection.indexes(&snapshot).unwrap();
    assert_eq!(states[0].state, IndexState::WriteOnly, "it is not used until it is built");
    let cafe = || Filter::words("text", "cafe");
    assert_eq!(collection.find(cafe()).list(&snapshot).unwrap().len(), 1);

    let collection = Collection::open(&store, notes()).unwrap();
    let snapshot = store.snapshot().unwrap();
    assert_eq!(collection.find(cafe()).require_index().list(&snapshot).unwrap().len(), 1);
    let index = index_tree("notes", "text:words");
    let index = store.open_tree(TreeName::stored(&index).unwrap()).unwrap();
    let mut cursor = snapshot.scan(&index, KeyRange::all(), Direction::Forward).unwrap();
    let mut entries = Vec::new();
    while let Some((key, _)) = cursor.next().unwrap() {
        entries.push(key.to_vec());
    }
    assert_eq!(entries, [b"\x06cafe\x00\xffa"], "the old entry is gone");
}
