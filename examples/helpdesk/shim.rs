//! The calls of collections that return documents.

use arbour::documents::{Collection, DocError, DocId, Document, Precondition, from_json, to_json};
use arbour::prelude::*;

pub(crate) fn insert<D: Document, W: KvWrite>(
    collection: &Collection<D>,
    tx: &mut W,
    document: D,
) -> arbour::Result<D> {
    let written = collection.insert(tx, &document)?;
    get(collection, tx, &written.id)?.ok_or_else(|| missing(collection, written.id))
}

pub(crate) fn get<'i, D: Document, R: KvRead>(
    collection: &Collection<D>,
    reader: &R,
    id: impl Into<DocId<'i>>,
) -> arbour::Result<Option<D>> {
    Ok(collection.get(reader, id)?.map(|stored| stored.body))
}

pub(crate) fn modify<'i, D: Document, W: KvWrite>(
    collection: &Collection<D>,
    tx: &mut W,
    id: impl Into<DocId<'i>>,
    change: impl FnOnce(&mut D),
) -> arbour::Result<D> {
    let id = id.into().into_owned();
    let name = &collection.declaration().name.clone();
    collection.modify(tx, &id, Precondition::Present, |json| {
        let mut document = from_json(name, json)?;
        change(&mut document);
        to_json(name, &document)
    })?;
    get(collection, tx, &id)?.ok_or_else(|| missing(collection, id))
}

pub(crate) fn delete_where<D: Document, W: KvWrite>(
    collection: &Collection<D>,
    tx: &mut W,
    filter: Filter<D>,
) -> arbour::Result<()> {
    for stored in collection.all(tx, &Query::new(filter))? {
        collection.remove(tx, &stored.id)?;
    }
    Ok(())
}

pub(crate) fn list<D: Document, R: KvRead>(
    collection: &Collection<D>,
    reader: &R,
    filter: Filter<D>,
) -> arbour::Result<Vec<D>> {
    let all = collection.all(reader, &Query::new(filter))?;
    Ok(all.into_iter().map(|stored| stored.body).collect())
}

fn missing<D: Document>(collection: &Collection<D>, id: DocId<'static>) -> arbour::Error {
    DocError::Missing { collection: collection.declaration().name.clone(), id }.into()
}
