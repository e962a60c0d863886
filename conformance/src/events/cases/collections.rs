//! A collection whose writes are events.

use std::sync::Arc;

use arbour::Result;
use arbour::documents::{Collection, Declaration, Field, Ids, Index};
use arbour::events::layout::view_name;
use arbour::events::{EventCollection, Events, Metadata, Outcome, Projection};
use arbour_core::KvStore;
use serde_json::{Value, json};

use super::claims::whole;
use crate::Factory;
use crate::events::EventBed;

fn declaration(name: &str, ids: &Ids) -> Declaration<Value> {
    Declaration::new(name)
        .id("id", ids.clone())
        .field(Field::path("email"))
        .field(Field::path("name"))
        .index(Index::on("email").unique().sparse())
}

fn open<F: Factory>(bed: &EventBed<F>, name: &str, ids: &Ids) -> Result<Events> {
    let projection = Projection::new(name, 1);
    let declaration = declaration(&projection.view("people"), ids);
    open_declared(bed, projection, declaration)
}

fn open_declared<F: Factory>(
    bed: &EventBed<F>,
    projection: Projection,
    declaration: Declaration<Value>,
) -> Result<Events> {
    let collection = Collection::open(&**bed.views(), declaration)?;
    let model = EventCollection::new("people").model(collection);
    bed.builder().projection(projection.model(model)).build()
}

/// Returns the documents of a projection, each as JSON, in the order of their ids.
fn people<F: Factory>(bed: &EventBed<F>, name: &str, ids: &Ids) -> Result<Vec<Value>> {
    let declaration = declaration(&view_name(name, 1, "people"), ids);
    let collection = Collection::open(&**bed.views(), declaration)?;
    let snapshot = bed.views().snapshot()?;
    collection.all().list(&snapshot)
}

/// Dispatches a write, and returns the result of the model.
fn said(events: &Events, event: Result<arbour::events::NewEvent>) -> Result<Value> {
    let dispatched = events.dispatch_all(event?)?;
    let projected = dispatched.projected.first_key_value();
    let outcome = projected.and_then(|(_, outcomes)| outcomes.first());
    assert!(matches!(outcome, Some(Outcome::Applied { .. })), "{outcome:?}");
    Ok(projected.map_or(Value::Null, |(projection, _)| {
        dispatched.result(projection, "people").cloned().unwrap_or_default()
    }))
}

/// Returns a member of the result of a model.
fn part(said: Value, name: &str) -> Value {
    said.get(name).cloned().unwrap_or_default()
}

/// M1 to M6, M10. Writes are events; each has the same effect as on any collection.
pub(super) fn writes_are_events<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = open(bed, "people", &Ids::Chosen)?;
    let writes = EventCollection::<Value>::new("people");
    let ada = json!({"id": "ada", "email": "a@x", "born": 1815});
    assert_eq!(said(&events, writes.insert(&ada))?, json!({"id": "ada", "revision": 1}));
    assert_eq!(
        part(said(&events, writes.set(&json!({"id": "bob", "email": "b@x"})))?, "revision"),
        1
    );
    let changed = writes.update("ada", &json!({"born": null, "name": "Ada"}));
    assert_eq!(said(&events, changed)?, json!({"id": "ada", "revision": 2}));
    assert_eq!(part(said(&events, writes.change_id("bob", "cyd"))?, "id"), "cyd");
    assert_eq!(said(&events, writes.remove("nobody"))?, json!({"removed": false}));
    let made = said(&events, writes.upsert(&json!({"id": "dan", "email": null})))?;
    let next = part(made, "revision").as_u64().map(|revision| revision + 1);
    assert!(next > Some(1), "a revision is a number");
    let changed = said(&events, writes.upsert(&json!({"id": "dan"})))?;
    assert_eq!(part(changed, "revision").as_u64(), next);
    assert_eq!(said(&events, writes.remove("dan"))?, json!({"removed": true}));
    drop(events);
    bed.settle()?;
    let expected =
        [json!({"id": "ada", "email": "a@x", "name": "Ada"}), json!({"id": "cyd", "email": "b@x"})];
    assert_eq!(people(bed, "people", &Ids::Chosen)?, expected);
    let types: Vec<String> = bed
        .log()?
        .read(&bed.log_store().snapshot()?, &arbour::events::EventQuery::stream("people/ada"))?
        .iter()
        .map(|event| event.as_event().event_type.to_owned())
        .collect();
    assert_eq!(types, ["people/insert", "people/update"]);
    Ok(())
}

/// M5. A refused write is reported as refused, and does not count as a failure: later events are
/// applied.
pub(super) fn refusals_are_results<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = open(bed, "people", &Ids::Chosen)?;
    let writes = EventCollection::<Value>::new("people");
    let ada = json!({"id": "ada", "email": "a@x"});
    said(&events, writes.insert(&ada))?;
    for (write, kind) in [
        (writes.insert(&ada), "exists"),
        (writes.update("bob", &json!({})), "missing"),
        (writes.change_id("bob", "cyd"), "missing"),
        (writes.insert(&json!({"id": "bob", "email": "a@x"})), "unique"),
        (writes.insert(&json!({"email": "b@x"})), "required"),
        (writes.insert(&json!({"id": true})), "wrong-type"),
    ] {
        let said = said(&events, write)?;
        assert_eq!(part(said.clone(), "kind"), kind, "{said}");
        assert!(part(said.clone(), "refused").is_string(), "{said}");
    }
    assert_eq!(
        part(said(&events, writes.set(&json!({"id": "ada", "email": "c@x"})))?, "revision"),
        2
    );
    drop(events);
    bed.settle()?;
    assert_eq!(people(bed, "people", &Ids::Chosen)?, [json!({"id": "ada", "email": "c@x"})]);
    assert_eq!(bed.log()?.head(&bed.log_store().snapshot()?)?.position, 8);
    Ok(())
}

/// A write whose values are taken is refused alone, also if its collection defers that to the commit:
/// the events that share its commit are applied.
pub(super) fn deferred_refusals_are_results<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let projection = Projection::new("people", 1);
    let mut declaration = declaration(&projection.view("people"), &Ids::Chosen);
    declaration.indexes = vec![Index::on("email").unique_deferred().sparse()];
    let events = open_declared(bed, projection, declaration)?;
    let writes = EventCollection::<Value>::new("people");
    let mut append = arbour::events::Append::default();
    for (id, email) in [("ada", "a@x"), ("bob", "a@x"), ("cyd", "c@x")] {
        append = append.event(writes.insert(&json!({"id": id, "email": email}))?);
    }
    let dispatched = events.dispatch_all(append)?;
    let results = dispatched.outcomes("people").iter().map(|outcome| match outcome {
        Outcome::Applied { result, .. } => {
            result.get("people").and_then(|said| said.get("kind")).cloned()
        }
        _ => Some(json!(format!("{outcome:?}"))),
    });
    assert_eq!(results.collect::<Vec<_>>(), [None, Some(json!("unique")), None]);
    drop(events);
    bed.settle()?;
    let people = people(bed, "people", &Ids::Chosen)?;
    let ids: Vec<_> = people.iter().filter_map(|person| person.get("id")?.as_str()).collect();
    assert_eq!(ids, ["ada", "cyd"]);
    Ok(())
}

/// M4, M7 and section 3 of strato-db's review. Generated ids are generated once: if the events are
/// applied again, the documents are the same, byte for byte.
pub(super) fn made_ids_come_again<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    for (name, ids) in [("uuids", Ids::Uuid), ("numbers", Ids::Integer)] {
        let events = open(bed, name, &ids)?;
        let writes = EventCollection::<Value>::new("people");
        for number in 0..4 {
            let body = json!({"name": format!("number {number}")});
            let said = said(&events, writes.set(&body))?;
            assert_eq!(part(said.clone(), "revision"), 1, "{said}");
        }
        drop(events);
        bed.settle()?;
        let first = people(bed, name, &ids)?;
        assert!(first.len() >= 4, "{first:?}");
        let again = open(bed, &format!("{name} again"), &ids)?;
        again.catch_up(&format!("{name} again"))?;
        assert_eq!(people(bed, &format!("{name} again"), &ids)?, first);
        let digest = again.digest(&format!("{name} again"), 1)?;
        assert_eq!(digest, again.digest(name, 1)?, "the same bytes");
        assert_ne!(digest, again.digest("nothing", 1)?);
        clear(bed)?;
    }
    Ok(())
}

/// Ends the test of one kind of ids: the next has a log of its own.
fn clear<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    for name in ["log", "stream", "key"] {
        let name = format!("arbour/{name}/main");
        let store = Arc::clone(bed.log_store());
        let tree = store.open_tree(arbour_core::engine::TreeName::layer(&name)?)?;
        store.write(|transaction| {
            arbour_core::KvWrite::delete_range(transaction, &tree, arbour_core::KeyRange::all())
        })?;
    }
    Ok(())
}

/// M2, M9. A write has metadata like any event; a collection's first event is appended once.
pub(super) fn metadata_and_init<F: Factory>(bed: &mut EventBed<F>) -> Result<()> {
    let events = open(bed, "people", &Ids::Chosen)?;
    let writes = EventCollection::<Value>::new("people");
    events.dispatch_all(writes.init())?;
    let ada = writes.set(&json!({"id": "ada"}))?;
    events.dispatch_all(ada.with_metadata(Metadata::default().with("user", "eve")))?;
    drop(events);
    bed.settle()?;
    let events = open(bed, "people", &Ids::Chosen)?;
    assert!(events.dispatch_all(writes.init())?.appended.is_repeated);
    let query = arbour::events::EventQuery::all();
    let read = events.read(&query)?;
    let metadata = read.last().and_then(|event| event.as_event().metadata().ok());
    let user = metadata.and_then(|metadata| metadata.extra.get("user").cloned());
    assert_eq!(user.as_deref(), Some("eve"));
    assert_eq!(whole(bed)?.split(", ").count(), 2);
    Ok(())
}
