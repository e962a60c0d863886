//! People as two versions of a program declare them.

use arbour::documents::Declaration;
use arbour::documents::layout::{Header, documents_tree};
use arbour::documents::{Field, Index};
use arbour::{AnyResult, Result};
use arbour_core::{KvRead as _, KvStore};
use serde_json::{Value, json};

use super::claims::raw;
use crate::Factory;
use crate::documents::{DocBed, DocFactory, TestCollection, TestDocuments as _, TestWriter as _};

/// More documents than one chunk holds.
pub(super) const FEW: usize = 600;

/// People as the first version of a program declares them.
pub(super) fn earlier() -> Declaration<Value> {
    Declaration::new("people")
        .field(Field::path("name"))
        .index(Index::on("name").unique())
        .field(Field::path("year"))
        .index(Index::on("year"))
}

/// People as the second version declares them: what was a year is a birth.
pub(super) fn later() -> Declaration<Value> {
    upgraded().downgrade_json(1, |person| renamed(person, "born", "year"))
}

/// The second version without a way to write for the first one.
pub(super) fn upgraded() -> Declaration<Value> {
    Declaration::new("people")
        .field(Field::path("name").unchanged_since(1))
        .index(Index::on("name").unique())
        .field(Field::path("born"))
        .index(Index::on("born"))
        .upgrade_json(1, |person| {
            if person.get("year").is_some_and(Value::is_string) {
                return Err("the year is no number".into());
            }
            renamed(person, "year", "born")
        })
}

/// Gives a member another name.
pub(super) fn renamed(mut person: Value, from: &str, to: &str) -> AnyResult<Value> {
    let members = person.as_object_mut().ok_or("no object")?;
    if let Some(value) = members.remove(from) {
        members.insert(to.to_owned(), value);
    }
    Ok(person)
}

/// A person as the first version stores it.
pub(super) fn person(number: usize) -> Value {
    json!({"id": format!("p{number:05}"), "name": format!("name {number}"), "year": number % 50})
}

pub(super) fn crowd(count: usize) -> Vec<Value> {
    (0..count).map(person).collect()
}

/// The headers of all stored documents.
pub(super) fn headers<S: KvStore>(store: &S) -> Result<Vec<Header>> {
    let documents = raw(store, &documents_tree("people"))?;
    let header = |(_, value): &(Vec<u8>, Vec<u8>)| Header::split(value).expect("a header").0;
    Ok(documents.iter().map(header).collect())
}

/// A tree with its entries.
pub(super) type Contents = (String, Vec<(Vec<u8>, Vec<u8>)>);

/// Everything that the store holds.
pub(super) fn contents<S: KvStore>(store: &S) -> Result<Vec<Contents>> {
    let names = store.snapshot()?.trees()?;
    names.into_iter().map(|name| Ok((name.clone(), raw(store, &name)?))).collect()
}

/// The schema version that the store is at, and that of an upgrade that was begun.
pub(super) fn versions<F: Factory, M: DocFactory>(
    bed: &DocBed<F, M>,
) -> Result<(u32, Option<u32>)> {
    let collections = bed.documents_of(bed.store()).collections()?;
    let people = collections.iter().find(|found| found.name == "people");
    let people = people.expect("the collection is there");
    Ok((people.schema, people.upgrading_to))
}

pub(super) fn set<S: KvStore>(
    store: &S,
    people: &impl TestCollection<Value>,
    body: &Value,
) -> Result<u64> {
    Ok(store.write(|transaction| people.writer(transaction)?.set(body))?.revision)
}
