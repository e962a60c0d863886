//! Ids that a collection makes.

use arbour_core::documents::{DocError, DocId, DocResult, Document, Ids};
use arbour_core::key::KeyPart as _;
use arbour_core::{KeyRange, KvRead, KvWrite};
use serde_json::Value;

use super::collection::Collection;
use crate::ordered_uuid::ordered_uuid;

/// What stands before the name of a collection in the catalog, where the highest number that was an id
/// of a document is kept once that document is gone.
const HIGHEST: &str = "highest id";

fn highest_key(collection: &str) -> Vec<u8> {
    use arbour_core::key::Key as _;
    (HIGHEST, collection).to_key_bytes()
}

/// Makes an id for a document that has none.
pub(super) fn make<R: KvRead, D: Document>(
    collection: &Collection<D>,
    reader: &R,
    body: &D,
) -> DocResult<DocId<'static>> {
    let definition = &collection.definition;
    let missing = || DocError::Required {
        collection: definition.name().to_owned(),
        field: definition.id_name.clone(),
    };
    match &definition.declaration.ids {
        Ids::Uuid => Ok(ordered_uuid().into()),
        Ids::Integer => {
            let highest = highest(collection, reader)?.unwrap_or(0);
            let next = highest.max(0).checked_add(1).ok_or_else(|| {
                definition.invalid("there is no integer left for an id".to_owned())
            })?;
            Ok(next.into())
        }
        Ids::Slug { field } => {
            let field = definition.field(field)?;
            let slug = match definition.value(field, body) {
                Value::String(text) => slug::slugify(text),
                Value::Number(number) => slug::slugify(number.to_string()),
                _ => return Err(missing()),
            };
            if slug.is_empty() {
                return Err(missing());
            }
            free_slug(collection, reader, slug)
        }
        _ => Err(missing()),
    }
}

/// Returns the slug, or one with a number behind it that no document has: the first such, unless
/// documents with lower numbers were removed.
///
/// Many documents may have one title. So the number is looked for in steps that double, until one is
/// free, and then halfway between the last that was taken and it: the one before it is always taken.
fn free_slug<R: KvRead, D: Document>(
    collection: &Collection<D>,
    reader: &R,
    slug: String,
) -> DocResult<DocId<'static>> {
    let documents = &collection.trees.documents;
    if !reader.contains(documents, slug.as_bytes())? {
        return Ok(slug.into());
    }
    let numbered = |number: u64| format!("{slug}-{number}");
    let (mut taken, mut free) = (1_u64, 2_u64);
    while reader.contains(documents, numbered(free).as_bytes())? {
        taken = free;
        free = free.saturating_mul(2);
    }
    while free - taken > 1 {
        let middle = taken + (free - taken) / 2;
        if reader.contains(documents, numbered(middle).as_bytes())? {
            taken = middle;
        } else {
            free = middle;
        }
    }
    Ok(numbered(free).into())
}

/// Returns the highest number that is or was an id.
fn highest<R: KvRead, D: Document>(
    collection: &Collection<D>,
    reader: &R,
) -> DocResult<Option<i64>> {
    let last = reader.last(&collection.trees.documents, KeyRange::all())?;
    let last = last.map(|(key, _)| number(collection, &key)).transpose()?;
    let kept = reader.get_with(
        &collection.trees.catalog,
        &highest_key(collection.definition.name()),
        <[u8]>::to_vec,
    )?;
    let kept = kept.map(|key| number(collection, &key)).transpose()?;
    Ok(last.max(kept))
}

fn number<D: Document>(collection: &Collection<D>, key: &[u8]) -> DocResult<i64> {
    i64::decode_part(key).map_err(|cause| collection.undecodable(key, cause))
}

/// Notes the id of a document that is about to be removed, if it is the highest: it is not made again.
pub(super) fn keep_highest<W: KvWrite, D: Document>(
    collection: &Collection<D>,
    transaction: &mut W,
    id_key: &[u8],
) -> DocResult<()> {
    if collection.definition.declaration.ids != Ids::Integer {
        return Ok(());
    }
    let removed = number(collection, id_key)?;
    if highest(collection, transaction)?.is_none_or(|highest| removed >= highest) {
        let key = highest_key(collection.definition.name());
        transaction.put(&collection.trees.catalog, &key, id_key)?;
    }
    Ok(())
}
