//! A store that two versions of Arbour have written in turn.
//!
//! `store.dump` was made by three programs, one after the other, on a file of redb. The first and the
//! last were built with the commit before indexes of other programs were kept, 014f8f3, and the second with
//! the version that wrote the dump:
//!
//! 1. stored tickets 0 to 19 with the indexes [`earlier`], appended 5 events, which version 1 of the
//!    projection `bank` counted, and ran step 1 of its migrations;
//! 2. opened the collection with the indexes [`later`], stored tickets 20 to 39, and appended 5 events, which
//!    version 2 of the projection counted;
//! 3. opened the collection as the first did, stored tickets 40 to 59, and appended 5 events.
//!
//! The second and the third also deleted the ticket 3 before their first one, and gave that 2 before it the
//! status 7 and the owner 9.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::ops::ControlFlow;

use arbour::documents::{
    Collection, Declaration, DocumentStore as _, Field, Filter, Index, IndexState,
};
use arbour::events::{Event, Events, Model, Outbox, Projection};
use arbour::migrations::{Group, Migrations, Step};
use arbour::{AnyResult, DynStore, KvRead, KvStore, KvWrite, MemoryStore, Result, Tree};
use serde_json::Value;

/// The tickets that are left: 60 without those that were deleted.
const TICKETS: u64 = 58;
const EVENTS: u64 = 15;

fn tickets() -> Declaration<Value> {
    Declaration::new("tickets")
        .field(Field::path("status"))
        .field(Field::path("title"))
        .field(Field::path("owner"))
        .field(Field::path("code"))
}

fn earlier() -> Declaration<Value> {
    tickets().index(Index::on("status")).index(Index::words("title"))
}

fn later() -> Declaration<Value> {
    tickets()
        .index(Index::on("owner").then_descending("status"))
        .index(Index::on("status").then("owner").named("status"))
        .index(Index::on("code").unique())
}

/// Counts events, in a tree of its own.
struct Counter(Tree);

impl Model for Counter {
    type Change = u64;

    fn name(&self) -> &str {
        "count"
    }

    fn reduce<R: KvRead>(
        &self,
        _: &Event<'_>,
        before: &R,
        _: &mut Outbox,
    ) -> AnyResult<Option<u64>> {
        Ok(Some(count(before, &self.0)? + 1))
    }

    fn apply<W: KvWrite>(&self, count: u64, view: &mut W, _: &mut Outbox) -> AnyResult<()> {
        Ok(view.put(&self.0, b"n", &count.to_be_bytes())?)
    }
}

fn count<R: KvRead>(reader: &R, tree: &Tree) -> Result<u64> {
    let count = |bytes: &[u8]| bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    Ok(reader.get_with(tree, b"n", count)?.unwrap_or(0))
}

fn store() -> DynStore {
    let store = MemoryStore::new();
    let loaded = arbour::transfer::load(Cursor::new(include_bytes!("store.dump")), &store);
    loaded.expect("the dump is whole");
    DynStore::new(store)
}

/// Returns the ids of the tickets that a filter finds.
fn found(store: &DynStore, tickets: &Collection<Value>, filter: Filter<Value>) -> BTreeSet<String> {
    let snapshot = store.snapshot().expect("it reads");
    let found = tickets.find(filter).list(&snapshot).expect("it is found");
    found.iter().map(|ticket| ticket["id"].to_string()).collect()
}

/// Opens the collection, and asserts that it has every ticket, under every index.
fn check(store: &DynStore, declaration: Declaration<Value>) -> Collection<Value> {
    let tickets = Collection::open(store, declaration).expect("it opens");
    let snapshot = store.snapshot().expect("it reads");
    assert_eq!(tickets.all().count(&snapshot).expect("they are counted"), TICKETS);
    let indexes = tickets.indexes(&snapshot).expect("they are listed");
    assert!(indexes.iter().all(|index| index.state == IndexState::Readable), "{indexes:?}");
    for value in 0..10 {
        for field in ["status", "owner", "code"] {
            let meant = Filter::custom("each", move |ticket: &Value| ticket[field] == value);
            let of_field = Filter::eq(field, value);
            assert_eq!(found(store, &tickets, of_field), found(store, &tickets, meant), "{field}");
        }
    }
    let of_word = Filter::custom("each", |ticket: &Value| ticket["title"] == "word1 fire");
    let by_word = Filter::words("title", "word1");
    assert_eq!(found(store, &tickets, by_word), found(store, &tickets, of_word));
    let report = tickets.scrub(store, &mut |_| ControlFlow::Continue(())).expect("it is read");
    assert!(report.is_clean() && report.entries > 0, "{report:?}");
    tickets
}

/// Whichever version comes next, it finds every document by its indexes, in either order.
#[test]
fn documents_are_found_by_the_indexes_of_both_versions() {
    for declarations in [[earlier, later], [later, earlier]] {
        let store = store();
        for declaration in declarations {
            check(&store, declaration());
        }
        for declaration in declarations {
            check(&store, declaration());
        }
    }
}

/// Both versions of the projection get what the other program appended.
#[test]
fn views_of_both_versions_are_brought_up_to_date() {
    let store = store();
    for version in [1, 2] {
        let bank = Projection::new("bank", version);
        let tree = store.tree(&bank.view("count")).unwrap();
        let bank = bank.model(Counter(tree.clone()));
        let events = Events::builder(store.clone(), "main").projection(bank).build().unwrap();
        assert_eq!(events.catch_up("bank").unwrap(), EVENTS);
        assert_eq!(count(&store.snapshot().unwrap(), &tree).unwrap(), EVENTS, "of {version}");
    }
}

/// A step over the documents needs to know how each index is maintained. The earlier program did not record
/// that, so the step says what to do, and runs once that is done.
#[test]
fn migrations_say_what_they_need() {
    let migrate = |store: &DynStore| {
        let first = Step::numbered(1).atomic(|_| Ok(()));
        let second = Step::numbered(2).each_document("tickets", |_, ticket: &mut Value| {
            ticket["status"] = 1.into();
            Ok(())
        });
        let steps = Group::new("g").step(first).step(second);
        Migrations::new("app", "2.0").group(steps).run(store)
    };
    let drop_undeclared = |store: &DynStore| {
        let tickets = Collection::open(store, later()).unwrap();
        for index in tickets.undeclared_indexes(&store.snapshot().unwrap()).unwrap() {
            store.drop_index("tickets", &index.name, |_| ControlFlow::Continue(())).unwrap();
        }
    };
    let open_earlier = |store: &DynStore| drop(Collection::open(store, earlier()).unwrap());
    let remedies: [&dyn Fn(&DynStore); 2] = [&drop_undeclared, &open_earlier];
    for remedy in remedies {
        let store = store();
        let error = migrate(&store).unwrap_err().to_string();
        assert!(error.contains("open the collection once") && error.contains("drop"), "{error}");
        remedy(&store);
        assert_eq!(migrate(&store).unwrap().steps.len(), 1);
        let tickets = Collection::open(&store, later()).unwrap();
        assert_eq!(found(&store, &tickets, Filter::eq("status", 1)).len() as u64, TICKETS);
    }
}
