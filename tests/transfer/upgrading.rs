//! A store that is copied while the schema version of a collection is raised.

use std::ops::ControlFlow;

use arbour::documents::{Collection, Declaration, Field, Filter, Index};
use arbour::transfer::copy;
use arbour::{KvStore as _, Progress, Result};
use serde_json::{Value, json};

use super::bed::Bed;

const COUNT: u64 = 1_100;

fn first() -> Declaration<Value> {
    Declaration::new("people").field(Field::path("year")).index(Index::on("year"))
}

fn second() -> Declaration<Value> {
    Declaration::new("people").field(Field::path("born")).index(Index::on("born")).upgrade_json(
        1,
        |mut person| {
            let members = person.as_object_mut().ok_or("no object")?;
            let year = members.remove("year").unwrap_or_default();
            members.insert("born".to_owned(), year);
            Ok(person)
        },
    )
}

fn go_on(_: Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn a_copy_goes_on_with_the_upgrade_of_the_original() {
    let from = Bed::new("memory");
    let earlier = Collection::open(&from.store, first()).unwrap();
    let loaded: Result<()> = from.store.write(|transaction| {
        let mut people = (0..COUNT).map(|number| json!({"id": number.to_string(), "year": number}));
        people.try_for_each(|person| earlier.insert(transaction, person).map(drop))
    });
    loaded.unwrap();
    let later = Collection::open(&from.store, second()).unwrap();
    // Copied after each step of the upgrade.
    let mut states = Vec::new();
    loop {
        let is_finished =
            later.finish_upgrade(&from.store, &mut |_| ControlFlow::Break(())).unwrap();
        for to in Bed::all() {
            copy(&from.store, &to.store).unwrap();
            let is_open = Collection::open(&to.store, first()).is_ok();
            states.push(is_open);
            let later = Collection::open(&to.store, second()).unwrap();
            assert!(later.finish_upgrade(&to.store, &mut go_on).unwrap(), "{}", to.scheme);
            let snapshot = to.store.snapshot().unwrap();
            let found = later.find(Filter::eq("born", 77)).require_index().list(&snapshot).unwrap();
            assert_eq!(found, [json!({"id": "77", "born": 77})], "{}", to.scheme);
            assert_eq!(later.all().count(&snapshot).unwrap(), COUNT, "{}", to.scheme);
            assert!(later.scrub(&to.store, &mut go_on).unwrap().is_clean(), "{}", to.scheme);
        }
        if is_finished {
            break;
        }
    }
    assert!(states.first() == Some(&true) && states.last() == Some(&false), "{states:?}");
}
