//! A store that holds something of each layer.

use std::sync::Arc;
use std::time::Duration;

use arbour::documents::{Collection, Declaration, Field, FieldKind, Ids, Index};
use arbour::events::{
    Append, Event, EventCollection, Events, FailurePolicy, Model, NewEvent, Outbox, Projection,
    StreamSnapshots,
};
use arbour::migrations::{Group, Migrations, Step};
use arbour::{
    AnyResult, Cursor as _, Direction, KeyRange, KvRead, KvStore as _, KvWrite, MemoryStore,
    Result, Tree,
};
use arbour_core::engine::TreeName;
use serde_json::{Value, json};

/// An entry of a tree.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) tree: String,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

pub(crate) fn notes(store: &MemoryStore) -> Result<Collection<Value>> {
    let declaration = Declaration::new("notes")
        .id("id", Ids::Slug { field: "title".to_owned() })
        .field(Field::path("title").of(FieldKind::Text))
        .field(Field::path("shelf").of(FieldKind::Integer))
        .field(Field::path("isbn"))
        .field(Field::path("tags").many())
        .index(Index::on("shelf").then_descending("title"))
        .index(Index::on("isbn").unique())
        .index(Index::on("tags"))
        .index(Index::words("title"))
        .with_feed();
    Collection::open(store, declaration)
}

/// A projection that dead-letters what it is asked to refuse, with a model of its own and a
/// collection.
pub(crate) fn projection(
    store: &MemoryStore,
    name: &str,
    version: u32,
    policy: FailurePolicy,
) -> Result<Projection> {
    let projection = Projection::new(name, version);
    let people = Declaration::<Value>::new(&projection.view("people"));
    let people = EventCollection::new("people").model(Collection::open(store, people)?);
    Ok(projection.model(people).model(Refusing).on_failure(policy))
}

/// Refuses events of the type `refused`.
struct Refusing;

impl Model for Refusing {
    type Change = ();

    fn name(&self) -> &str {
        "refusing"
    }

    fn reduce<R: KvRead>(&self, event: &Event<'_>, _: &R, _: &mut Outbox) -> AnyResult<Option<()>> {
        if event.event_type == "refused" {
            return Err("it is refused".into());
        }
        Ok(None)
    }

    fn apply<W: KvWrite>(&self, (): (), _: &mut W, _: &mut Outbox) -> AnyResult {
        Ok(())
    }
}

pub(crate) fn events(store: &Arc<MemoryStore>) -> Result<Events> {
    let letters = projection(store, "letters", 1, FailurePolicy::dead_letter())?;
    let next = projection(store, "letters", 2, FailurePolicy::dead_letter())?;
    let held = projection(store, "held", 1, FailurePolicy::quarantine())?;
    Events::builder(Arc::clone(store), "main")
        .projection(letters)
        .projection(next)
        .projection(held)
        .index_types()
        .poll(Duration::from_millis(1))
        .stall_timeout(Duration::from_millis(20))
        .build()
}

pub(crate) fn migrations(group: &str, steps: u64) -> Migrations {
    let group = (1..=steps).fold(Group::new(group), |group, number| {
        let step = Step::numbered(number).revision("visits");
        if number % 2 == 0 {
            let each = |trees: &mut arbour::migrations::StepTrees<'_>, key: &[u8], _: &[u8]| {
                Ok(trees.put("visited", key, b"seen")?)
            };
            group.step(
                step.each("plain", each)
                    .down(|trees| Ok(trees.delete_range("visited", KeyRange::all())?)),
            )
        } else {
            let put = |trees: &mut arbour::migrations::StepTrees<'_>| {
                Ok(trees.put("plain", b"key", b"value")?)
            };
            group.step(
                step.atomic(put).down(|trees| Ok(trees.delete_range("plain", KeyRange::all())?)),
            )
        }
    });
    Migrations::new("program", "1").group(group)
}

pub(crate) fn set_person(name: &str) -> NewEvent {
    let writes = EventCollection::<Value>::new("people");
    writes.set(&json!({"id": name, "name": name})).expect("JSON becomes an event")
}

/// Makes a store with a little of everything.
pub(crate) fn filled() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    let notes = notes(&store).expect("the collection is declared");
    store
        .write(|transaction| -> Result<()> {
            for number in 0..5 {
                let note = json!({
                    "title": format!("note {}", number / 2), "shelf": number / 2, "isbn": number,
                    "tags": ["a", format!("b{number}")],
                });
                notes.insert(transaction, note)?;
            }
            notes.delete(transaction, "note-0")?;
            notes.acknowledge(transaction, "search", Some(3))
        })
        .expect("notes are put");
    let events = events(&store).expect("events open");
    for number in 0..3 {
        let append = Append::new().event(set_person(&format!("person-{number}")));
        events.dispatch_all(append.key(format!("key-{number}"))).expect("it is dispatched");
        let refused = NewEvent::raw(format!("stream-{number}"), "refused", 1, b"body".to_vec());
        events.dispatch_all(refused).expect("it is dispatched");
        events.dispatch_all(NewEvent::raw("stream-0", "noted", 1, Vec::new())).expect("dispatched");
    }
    let mut mailer = events.subscribe("mailer", arbour::events::EventQuery::all()).expect("read");
    mailer.next(2, Duration::ZERO).expect("there are events");
    mailer.acknowledge().expect("they are acknowledged");
    let claimed = events.claim("workers", "one", 4, Duration::from_secs(1_000_000));
    for event in claimed.expect("there are events").iter().skip(1).take(2) {
        events.complete("workers", "one", event.as_event().position).expect("it was claimed");
    }
    let counts = StreamSnapshots::<u64>::open(&*store, events.log(), "counts", 1);
    let counts = counts.expect("snapshots open");
    store
        .write(|transaction| {
            let folded = counts.fold(transaction, "stream-0", |sum, _| Ok(sum + 1))?;
            counts.save(transaction, "stream-0", &folded)
        })
        .expect("it is folded");
    events.shut_down();
    migrations("model", 3).run(&*store).expect("steps run");
    store
}

/// Opens a tree of a layer or of the program.
fn open(store: &MemoryStore, tree: &str) -> Tree {
    let name = TreeName::stored(tree).expect("it is a name");
    store.open_tree(name).expect("the store is open")
}

pub(crate) fn entries(store: &MemoryStore) -> Vec<Entry> {
    let snapshot = store.snapshot().expect("the store is open");
    let mut entries = Vec::new();
    for tree in snapshot.trees().expect("the store is open") {
        let handle = open(store, &tree);
        let mut cursor = snapshot.scan(&handle, KeyRange::all(), Direction::Forward).expect("open");
        while let Some((key, value)) = cursor.next().expect("nothing is damaged yet") {
            let (tree, key, value) = (tree.clone(), key.to_vec(), value.to_vec());
            entries.push(Entry { tree, key, value });
        }
    }
    entries
}

/// Makes a store of these entries, except that one of them is damaged.
pub(crate) fn with(
    entries: &[Entry],
    damaged: &Entry,
    now: Option<(Vec<u8>, Vec<u8>)>,
) -> Arc<MemoryStore> {
    let store = MemoryStore::new();
    let mut transaction = store.begin().expect("the store is new");
    let is_damaged = |entry: &&Entry| entry.tree == damaged.tree && entry.key == damaged.key;
    let whole = entries.iter().filter(|entry| !is_damaged(entry));
    let whole = whole.map(|entry| (&entry.tree, &entry.key, &entry.value));
    let changed = now.iter().map(|(key, value)| (&damaged.tree, key, value));
    for (tree, key, value) in whole.chain(changed) {
        let tree = open(&store, tree);
        transaction.put(&tree, key, value).expect("it fits");
    }
    transaction.commit().expect("the store is new");
    Arc::new(store)
}
