//! Two versions of one program write to one file from two processes during a deploy.

use std::ops::ControlFlow;
use std::path::Path;

use arbour::Error;
use arbour::documents::{
    Collection, Declaration, DocError, DocumentStore as _, Field, Filter, Index, IndexState,
};
use arbour_core::KvStore as _;
use arbour_sqlite::SqliteStore;
use serde_json::{Value, json};

use super::other::{Other, open, path_of_other, say};

/// Enough documents for several chunks of a build.
const CROWD: u64 = 700;

/// How often the earlier version is killed, and how many times each version writes in between.
const KILLS: u64 = 3;
const ROUNDS: u64 = 8;

const TEST: &str = "versions::two_versions_write_side_by_side_and_find_what_is_there";

fn earlier() -> Declaration<Value> {
    Declaration::new("tickets")
        .field(Field::path("status"))
        .field(Field::path("title"))
        .index(Index::on("status"))
        .index(Index::words("title"))
}

/// Declares other indexes than the earlier version, among them a different one named `status`.
fn later() -> Declaration<Value> {
    Declaration::new("tickets")
        .field(Field::path("status"))
        .field(Field::path("tags").many())
        .field(Field::path("reference"))
        .field(Field::computed("urgent", is_urgent))
        .index(Index::on("status").then_descending("reference").named("status"))
        .index(Index::on("tags"))
        .index(Index::on("reference").unique())
        .index(Index::on("urgent"))
}

fn is_urgent(ticket: &Value) -> Value {
    let first = ticket.pointer("/tags/0");
    (is(ticket, "status", 1) && first.is_some_and(|tag| *tag == 2)).into()
}

fn is(ticket: &Value, member: &str, value: u64) -> bool {
    ticket.get(member).is_some_and(|found| *found == value)
}

fn id_of(ticket: &Value) -> &str {
    ticket.get("id").and_then(Value::as_str).expect("each ticket has an id")
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn ticket(&mut self) -> Value {
        let id = self.below(CROWD);
        self.ticket_of(id)
    }

    fn ticket_of(&mut self, id: u64) -> Value {
        let titles = ["printer on fire", "Printer is empty", "fire drill"];
        json!({
            "id": format!("{id:05}"), "status": self.below(4), "tags": [self.below(3), self.below(5)],
            "title": titles.get(self.below(3) as usize), "reference": self.below(4 * CROWD),
        })
    }
}

/// Writes and removes a few tickets in one transaction. A reference that is taken is left out.
fn write(store: &SqliteStore, tickets: &Collection<Value>, numbers: &mut Numbers) {
    let written = store.write(|transaction| {
        for _ in 0..4 {
            let ticket = numbers.ticket();
            let id = id_of(&ticket).to_owned();
            let done = if numbers.below(4) == 0 {
                tickets.delete(transaction, &*id).map(drop)
            } else {
                tickets.put(transaction, ticket).map(drop)
            };
            done.or_else(|error: Error| match error.downcast_ref() {
                Some(DocError::Unique { .. }) => Ok(()),
                _ => Err(error),
            })?;
        }
        Ok(())
    });
    written.expect("both versions can write");
}

/// Asserts that a filter finds the documents that a check of each finds, in one snapshot.
fn agree(
    store: &SqliteStore,
    tickets: &Collection<Value>,
    filter: Filter<Value>,
    is_meant: impl Fn(&Value) -> bool + Send + Sync + 'static,
) {
    let snapshot = store.snapshot().expect("it reads");
    let what = format!("{filter:?}");
    let find = |filter| {
        let found = tickets.find(filter).ascending("id").list(&snapshot).expect("it is found");
        found.iter().map(|ticket| id_of(ticket).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(find(filter), find(Filter::custom("each ticket", is_meant)), "{what}");
}

fn searches_of_earlier(store: &SqliteStore, tickets: &Collection<Value>) {
    for status in 0..4 {
        agree(store, tickets, Filter::eq("status", status), move |ticket| {
            is(ticket, "status", status)
        });
    }
    agree(store, tickets, Filter::words("title", "printer"), |ticket| {
        ticket.get("title").and_then(Value::as_str).is_some_and(|title| title.contains("rinter"))
    });
}

fn searches_of_later(store: &SqliteStore, tickets: &Collection<Value>) {
    for number in 0..4 {
        agree(store, tickets, Filter::eq("status", number), move |ticket| {
            is(ticket, "status", number)
        });
        agree(store, tickets, Filter::contains_any("tags", [number]), move |ticket| {
            let tags = ticket.get("tags").and_then(Value::as_array);
            tags.is_some_and(|tags| tags.contains(&json!(number)))
        });
    }
    agree(store, tickets, Filter::eq("urgent", true), |ticket| is_urgent(ticket) == true);
    let snapshot = store.snapshot().expect("it reads");
    let references = tickets.all().count_by(&snapshot, "reference").expect("they are counted");
    let repeated = references.iter().find(|(_, count)| *count > 1);
    assert_eq!(repeated, None, "a reference is unique");
}

/// The child's role: the earlier version under load, until it is killed.
fn write_until_killed(path: &Path) {
    let store = open(path);
    let tickets = Collection::open(&store, earlier()).expect("the earlier version opens");
    let mut numbers = Numbers(u64::from(std::process::id()));
    for round in 0_u64.. {
        write(&store, &tickets, &mut numbers);
        if round % 4 == 0 {
            searches_of_earlier(&store, &tickets);
            say(round);
        }
    }
}

/// The earlier version runs, is killed and started again, while the later one opens the file, builds its
/// indexes, writes and searches. Every search of both is right throughout, references are unique from the
/// moment the later version has opened, and in the end all indexes are as they should be.
#[test]
fn two_versions_write_side_by_side_and_find_what_is_there() {
    if let Some(path) = path_of_other() {
        return write_until_killed(&path);
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    let mut numbers = Numbers(1);
    let tickets = Collection::open(&store, earlier()).unwrap();
    store
        .write(|transaction| {
            (0..CROWD).try_for_each(|id| {
                let mut ticket = numbers.ticket_of(id);
                ticket["reference"] = id.into();
                tickets.insert(transaction, ticket).map(drop)
            })
        })
        .unwrap();
    // It is declared before the first write of the child, whose references would not be unique.
    let tickets = Collection::declare(&store, later()).unwrap();
    for _ in 0..KILLS {
        let mut other = Other::start(TEST, &path);
        other.hear();
        let again = Collection::open(&store, later()).unwrap();
        for round in 0..ROUNDS {
            write(&store, if round % 2 == 0 { &tickets } else { &again }, &mut numbers);
            searches_of_later(&store, &tickets);
            if round % 4 == 0 {
                other.hear();
            }
        }
    }
    check_end(&store);
}

fn check_end(store: &SqliteStore) {
    for declaration in [later(), earlier()] {
        let tickets = Collection::open(store, declaration).expect("it opens");
        let snapshot = store.snapshot().expect("it reads");
        let indexes = tickets.indexes(&snapshot).expect("it lists its indexes");
        assert!(indexes.iter().all(|index| index.state == IndexState::Readable), "{indexes:?}");
        let report = tickets.scrub(store, &mut |_| ControlFlow::Continue(())).expect("it reads");
        assert!(report.is_clean() && report.entries > 0, "{report:?}");
    }
    let collections = store.collections().expect("they are listed");
    let indexes = collections.iter().flat_map(|collection| &collection.indexes);
    let names: Vec<&str> = indexes.map(|index| &*index.name).collect();
    assert_eq!(names, ["status", "title:words", "status/2", "tags", "reference", "urgent"]);
}
