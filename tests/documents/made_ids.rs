//! How much is read to make an id.

use arbour::documents::{Collection, Declaration, Field, Ids, Precondition};
use arbour::{KvStore as _, KvWrite as _, MemoryStore, Result};
use serde_json::{Value, json};

use crate::failing::Failing;

fn id_of(tale: &Value) -> String {
    tale["id"].as_str().expect("a slug was made").to_owned()
}

/// Inserts documents of one title, and returns the number of gets for inserting one more, and its
/// id.
fn gets_with(count: usize) -> (usize, String) {
    let store = MemoryStore::new();
    let ids = Ids::Slug { field: "title".to_owned() };
    let tales = Declaration::<Value>::new("tales").id("id", ids).field(Field::path("title"));
    let tales = Collection::open(&store, tales).unwrap();
    let tale = json!({"title": "Genji"});
    let loaded: Result<()> = store.write(|transaction| {
        (0..count).try_for_each(|_| tales.insert(transaction, tale.clone()).map(drop))
    });
    loaded.unwrap();
    let mut transaction = Failing::new(store.begin().unwrap(), usize::MAX);
    let inserted = tales.insert(&mut transaction, tale).unwrap();
    let gets = transaction.gets.get();
    transaction.rollback().unwrap();
    (gets, id_of(&inserted))
}

#[test]
fn a_slug_of_a_title_that_many_have_is_found_in_steps_that_double() {
    let (few, first) = gets_with(40);
    let (many, last) = gets_with(40 * 64);
    assert_eq!((first, last), ("genji-41".to_owned(), "genji-2561".to_owned()));
    // Six doublings more, and six halvings.
    assert!(many <= few + 2 * 6, "{few} gets among 40, {many} among 2,560");
}

#[test]
fn a_number_that_was_given_up_is_free_again_and_none_is_given_twice() {
    let store = MemoryStore::new();
    let ids = Ids::Slug { field: "title".to_owned() };
    let tales = Declaration::<Value>::new("tales").id("id", ids).field(Field::path("title"));
    let tales = Collection::open(&store, tales).unwrap();
    let tale = json!({"title": "Genji"});
    let written: Result<()> = store.write(|transaction| {
        let mut made = Vec::new();
        for round in 0..60 {
            let written = tales.put_if(transaction, &tale, Precondition::None)?;
            assert!(written.is_new, "{written:?}");
            made.push(written.id);
            if round % 3 == 2 {
                let removed = made.swap_remove(round % made.len());
                tales.delete(transaction, &removed)?;
            }
        }
        let mut different = made.clone();
        different.sort();
        different.dedup();
        assert_eq!(different.len(), made.len());
        Ok(())
    });
    written.unwrap();
}
