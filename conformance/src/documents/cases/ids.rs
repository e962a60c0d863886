//! Ids: how they are made, which ones are possible, how they sort.

use std::thread;
use std::time::Duration;

use arbour::Result;
use arbour::documents::{Declaration, DocError, DocId, Field, Filter, Ids, Index, Written};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::{found, ids, invalid, load, means, member, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

fn with(name: &str, ids: Ids) -> Declaration<Value> {
    Declaration::new(name).id("id", ids)
}

/// Inserts a body in a transaction of its own.
fn insert<S: KvStore>(
    store: &S,
    collection: &impl TestCollection<Value>,
    body: &Value,
) -> Result<Written> {
    store.write(|transaction| collection.writer(transaction)?.insert(body))
}

/// J2. A document without an id gets a UUID, which is then in the document; UUIDs sort by their
/// time of creation. A document with an id keeps it, however it is spelled.
pub(super) fn uuid_made_and_sorted<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let things = bed.open(with("things", Ids::Uuid))?;
    let mut made = Vec::new();
    for number in 0..20 {
        let body =
            if number % 2 == 0 { json!({"n": number}) } else { json!({"id": null, "n": number}) };
        let id = insert(bed.store(), &things, &body)?.id;
        assert!(matches!(id, DocId::Uuid(uuid) if uuid.get_version_num() == 7), "{id:?}");
        made.push(id);
        thread::sleep(Duration::from_millis(2));
    }
    assert!(made.is_sorted_by(|one, next| one < next), "ids sort by when they were made: {made:?}");
    let mine = "6BA7B810-9DAD-11D1-80B4-00C04FD430C8";
    let given = insert(bed.store(), &things, &json!({"id": mine}))?.id;
    assert_eq!(given.to_string(), mine.to_lowercase());
    drop(things);
    bed.settle()?;
    let things = bed.open(with("things", Ids::Uuid))?;
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    for (number, id) in made.iter().enumerate() {
        let stored = reader.get(id)?.expect("it was inserted");
        assert_eq!(stored.body, json!({"id": id.to_string(), "n": number}));
        let spelled = reader.get(id.to_string().to_uppercase())?.map(|stored| stored.id);
        assert_eq!(spelled.as_ref(), Some(id));
        let query = Query::new(Filter::eq("id", id.to_string()));
        assert_eq!(found(&reader, &query)?, id.to_string());
    }
    let all = reader.search(&Query::new(Filter::All))?.items;
    let in_order: Vec<DocId<'_>> = all.into_iter().map(|stored| stored.id).collect();
    made.push(given);
    made.sort();
    assert_eq!(in_order, made);
    Ok(())
}

/// J2. A document without an id gets the next number: one more than any number so far, including
/// those that were removed, given by the program, or used before the store was closed.
pub(super) fn integers_go_on_after_removal<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let things = bed.open(with("things", Ids::Integer))?;
    let made: Vec<DocId<'_>> =
        (0..3).map(|_| Ok(insert(bed.store(), &things, &json!({}))?.id)).collect::<Result<_>>()?;
    let [DocId::Integer(first), ..] = *made.as_slice() else {
        unreachable!("ids are numbers: {made:?}");
    };
    assert_eq!(made, [first, first + 1, first + 2].map(DocId::Integer));
    for id in made {
        assert!(bed.store().write(|t| things.writer(t)?.remove(&id))?);
    }
    drop(things);
    bed.settle()?;
    let things = bed.open(with("things", Ids::Integer))?;
    let next = insert(bed.store(), &things, &json!({"n": 1}))?.id;
    assert_eq!(next, DocId::Integer(first + 3), "all before were removed");
    let stored = things.reader(&bed.store().snapshot()?).get(&next)?.expect("it was inserted");
    assert_eq!(stored.body, json!({"id": first + 3, "n": 1}));
    let given = first + 100;
    insert(bed.store(), &things, &json!({"id": given}))?;
    insert(bed.store(), &things, &json!({"id": -7}))?;
    assert!(bed.store().write(|t| things.writer(t)?.remove(given))?);
    drop(things);
    bed.settle()?;
    let things = bed.open(with("things", Ids::Integer))?;
    let two = bed.store().write(|transaction| {
        let mut things = things.writer(transaction)?;
        Ok([things.set(&json!({}))?.id, things.set(&json!({"id": null}))?.id])
    })?;
    assert_eq!(two, [given + 1, given + 2].map(DocId::Integer), "one was given and removed");
    insert(bed.store(), &things, &json!({"id": i64::MAX, "last": true}))?;
    let behind = bed.store().write(|t| things.writer(t)?.set(&json!({})));
    refused(behind, "a number behind the last");
    let stored = things.reader(&bed.store().snapshot()?).get(i64::MAX)?;
    assert_eq!(stored.map(|stored| member(&stored.body, "last")), Some(json!(true)));
    Ok(())
}

/// J2. A document without an id gets the slug of a field, followed by a number if the slug is
/// taken.
pub(super) fn slug_stays_unique<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let tales = || {
        let ids = Ids::Slug { field: "title".to_owned() };
        with("tales", ids).field(Field::path("title"))
    };
    let titles = ["The Tale of Genji", "the tale of genji!", "  The  Tale of Genji ", "Ägypten"];
    let expected = ["the-tale-of-genji", "the-tale-of-genji-2", "the-tale-of-genji-3", "agypten"];
    let collection = bed.open(tales())?;
    for (title, slug) in titles.into_iter().zip(expected).take(2) {
        let written = insert(bed.store(), &collection, &json!({"title": title}))?;
        assert_eq!(written.id, DocId::from(slug));
    }
    drop(collection);
    bed.settle()?;
    let collection = bed.open(tales())?;
    bed.store().write(|transaction| {
        let mut collection = collection.writer(transaction)?;
        for (title, slug) in titles.into_iter().zip(expected).skip(2) {
            assert_eq!(collection.set(&json!({"title": title}))?.id, DocId::from(slug));
        }
        let given = json!({"id": "chosen", "title": "The Tale of Genji"});
        assert_eq!(collection.set(&given)?.id, DocId::from("chosen"));
        Ok(())
    })?;
    let nameless = insert(bed.store(), &collection, &json!({"text": "once upon a time"}));
    let error = refused(nameless, "a slug of nothing");
    assert!(matches!(error, DocError::Required { .. }), "{error:?}");
    let renamed = bed.store().write(|transaction| {
        collection.writer(transaction)?.update("the-tale-of-genji", &json!({"title": "Genji"}))
    })?;
    assert_eq!(renamed.id, DocId::from("the-tale-of-genji"), "an id does not follow its field");
    let snapshot = bed.store().snapshot()?;
    let reader = collection.reader(&snapshot);
    let all = found(&reader, &Query::new(Filter::All))?;
    let sorted = "agypten chosen the-tale-of-genji the-tale-of-genji-2 the-tale-of-genji-3";
    assert_eq!(all, sorted);
    let stored = reader.get("the-tale-of-genji-2")?.map(|stored| stored.body);
    let body = json!({"id": "the-tale-of-genji-2", "title": "the tale of genji!"});
    assert_eq!(stored, Some(body));
    Ok(())
}

/// A document that needs an id of its own is refused without one.
pub(super) fn chosen_is_required<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    for (name, ids, path) in [
        ("texts", Ids::Chosen, "id"),
        ("numbers", Ids::ChosenInteger, "number"),
        ("deep", Ids::Chosen, "meta.key"),
    ] {
        let collection = bed.open(Declaration::<Value>::new(name).id(path, ids))?;
        for body in [json!({}), json!({"id": null, "number": null, "meta": {}}), json!({"meta": 7})]
        {
            let error = refused(insert(bed.store(), &collection, &body), "one without an id");
            let is_right = matches!(&error, DocError::Required { field, .. } if field == path);
            assert!(is_right, "{name}, {body}: {error:?}");
        }
        let snapshot = bed.store().snapshot()?;
        assert_eq!(collection.reader(&snapshot).count(&Filter::All)?, 0);
    }
    let deep = || Declaration::<Value>::new("deep").id("meta.key", Ids::Chosen);
    let collection = bed.open(deep())?;
    load(bed.store(), &collection, &[json!({"meta": {"key": "ada", "more": 1}})])?;
    drop(collection);
    bed.settle()?;
    let collection = bed.open(deep())?;
    bed.store().write(|t| collection.writer(t)?.change_id("ada", "zoe"))?;
    let snapshot = bed.store().snapshot()?;
    let stored = collection.reader(&snapshot).get("zoe")?.map(|stored| stored.body);
    assert_eq!(stored, Some(json!({"meta": {"key": "zoe", "more": 1}})));
    let query = Query::new(Filter::eq("meta.key", "zoe"));
    assert_eq!(found(&collection.reader(&snapshot), &query)?, "zoe");
    Ok(())
}

/// An id of another kind is refused, in a document, in a call, and for a whole collection.
pub(super) fn wrong_sort_refused<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let sorts = [
        (Ids::Chosen, json!("fits"), vec![json!(7), json!(""), json!(true), json!([]), json!({})]),
        (Ids::ChosenInteger, json!(7), vec![json!("7"), json!(1.5), json!(u64::MAX), json!(false)]),
        (Ids::Integer, json!(7), vec![json!("7"), json!(-0.5), json!([7])]),
        (
            Ids::Uuid,
            json!("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
            vec![json!("ada"), json!(7), json!("")],
        ),
    ];
    for (number, (sort, fits, wrong)) in sorts.iter().enumerate() {
        let collection = bed.open(with(&number.to_string(), sort.clone()))?;
        insert(bed.store(), &collection, &json!({"id": fits}))?;
        for id in wrong {
            let error = refused(insert(bed.store(), &collection, &json!({"id": id})), "an id");
            // An integer that is only too large is refused with the greatest one.
            let wanted = if id.is_u64() && matches!(sort, Ids::ChosenInteger) {
                "an integer of at most 9223372036854775807 (2^63 - 1)"
            } else {
                sort.expected()
            };
            let is_right = matches!(
                &error,
                DocError::WrongType { field, expected, found, .. }
                    if field == "id" && *expected == wanted && **found == *id
            );
            assert!(is_right, "{sort:?}, {id}: {error:?}");
        }
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        let other = if matches!(sort, Ids::Chosen | Ids::Uuid) {
            DocId::Integer(7)
        } else {
            DocId::from("ada")
        };
        invalid(reader.get(&other), "a get by an id of another sort");
        assert_eq!(reader.count(&Filter::All)?, 1);
    }
    bed.settle()?;
    let declared = bed.declare(with("0", Ids::Integer)).map(drop);
    invalid(declared, "a collection with ids of another sort than are stored");
    Ok(())
}

/// Similar ids, which sort as numbers and as bytes do, are each found by themselves, also through
/// an index, and in their order.
pub(super) fn awkward_ids_kept_apart<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let long = "a".repeat(100);
    let texts: [DocId<'_>; 12] =
        ["\0", "\u{1}", " ", "A", "a", "a\0", "a\0b", "a/b", "aa", &long, "b", "\u{10ffff}"]
            .map(DocId::from);
    let numbers: [DocId<'_>; 7] = [i64::MIN, -256, -1, 0, 1, 256, i64::MAX].map(DocId::from);
    for (name, sort, expected) in
        [("texts", Ids::Chosen, &texts[..]), ("numbers", Ids::ChosenInteger, &numbers[..])]
    {
        let declaration = || {
            with(name, sort.clone())
                .field(Field::path("same"))
                .index(Index::on("same"))
                .index(Index::descending("same"))
        };
        let collection = bed.open(declaration())?;
        let body = |id: &DocId<'_>| json!({"id": id.to_json(), "same": 1});
        let bodies: Vec<Value> = expected.iter().rev().map(body).collect();
        load(bed.store(), &collection, &bodies)?;
        drop(collection);
        bed.settle()?;
        let collection = bed.open(declaration())?;
        let snapshot = bed.store().snapshot()?;
        let reader = collection.reader(&snapshot);
        let same = Query::new(Filter::eq("same", 1));
        let queries = [
            Query::new(Filter::All),
            same.clone().ascending("same"),
            same.clone(),
            same.clone().ascending("id"),
        ];
        for query in queries {
            let items = reader.search(&query)?.items;
            let in_order: Vec<_> = items.iter().map(|stored| &stored.id).collect();
            assert!(in_order.iter().copied().eq(expected), "{query:?}: {}", ids(&items));
        }
        let mut backwards = reader.search(&same.descending("same"))?.items;
        backwards.reverse();
        assert!(backwards.iter().map(|stored| &stored.id).eq(expected), "{}", ids(&backwards));
        for id in expected {
            let stored = reader.get(id)?.expect("it was stored");
            assert_eq!((&stored.id, stored.body), (id, body(id)));
            let by_filter = reader.one(&Query::new(Filter::eq("id", id.to_json())))?;
            assert_eq!(by_filter.map(|stored| stored.id).as_ref(), Some(id));
        }
    }
    Ok(())
}

/// A UUID is compared as its text in lower case: by prefix and by ranges, on documents with and
/// without an index, however a document or a filter spells it.
pub(super) fn uuids_are_texts<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let spelled = [
        "00000000-0000-4000-8000-000000000001",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "01890A5D-FFFF-774B-BCCE-B302099A8057",
        "ffffffff-ffff-4fff-bfff-ffffffffffff",
    ];
    let small: Vec<String> = spelled.iter().map(|id| id.to_lowercase()).collect();
    let [first, second, third, last] = small.as_slice() else { unreachable!("there are four") };
    let declaration = || with("things", Ids::Uuid).field(Field::path("n")).index(Index::on("n"));
    let things = bed.open(declaration())?;
    let bodies: Vec<Value> = spelled.iter().map(|id| json!({"id": id, "n": 1})).collect();
    load(bed.store(), &things, &bodies)?;
    drop(things);
    bed.settle()?;
    let things = bed.open(declaration())?;
    let snapshot = bed.store().snapshot()?;
    let reader = things.reader(&snapshot);
    for (filter, expected) in [
        (Filter::prefix("id", "01890a5d"), vec![second, third]),
        (Filter::prefix("id", "01890a5d-a"), vec![second]),
        (Filter::prefix("id", "1890"), vec![]),
        (Filter::at_least("id", "01"), vec![second, third, last]),
        (Filter::at_most("id", second.as_str()), vec![first, second]),
        (Filter::below("id", second.as_str()), vec![first]),
        (Filter::above("id", "01890a5e"), vec![last]),
        (Filter::eq("id", spelled[2]), vec![third]),
        (Filter::eq("id", third.as_str()), vec![third]),
    ] {
        let expected: Vec<&str> = expected.into_iter().map(String::as_str).collect();
        means(&reader, &filter, &expected.join(" "))?;
        means(&reader, &filter.and(Filter::eq("n", 1)), &expected.join(" "))?;
    }
    Ok(())
}
