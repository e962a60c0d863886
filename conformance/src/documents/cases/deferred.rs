//! Unique indexes that are checked right before the commit.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arbour::documents::{Declaration, DocError, DocId, Field, Filter, Index, IndexState};
use arbour::{DynStore, ErrorKind, GroupCommit, Result};
use arbour_core::{Durability, Error, KvStore, KvWrite, StoreOptions};
use serde_json::{Value, json};

use super::claims::{found, load, refused};
use crate::Factory;
use crate::documents::{DocBed, DocFactory, Query, TestCollection, TestReader, TestWriter};

/// Racks, each at a place of its own.
fn racks(place: Index) -> Declaration<Value> {
    Declaration::new("racks").field(Field::path("place")).index(place)
}

fn deferred() -> Declaration<Value> {
    racks(Index::on("place").unique_deferred())
}

fn rack(id: &str, place: u32) -> Value {
    json!({"id": id, "place": place})
}

/// Loads the racks a, b and c at the places 1, 2 and 3.
fn load_racks<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let racks = [("a", 1), ("b", 2), ("c", 3)].map(|(id, place)| rack(id, place));
    load(bed.store(), &bed.open(deferred())?, &racks)?;
    bed.settle()
}

/// Puts racks at places, given as `a=2 b=1`, in this order.
fn place<W: KvWrite>(
    racks: &impl TestCollection<Value>,
    transaction: &mut W,
    places: &str,
) -> Result<()> {
    let mut writer = racks.writer(transaction)?;
    for (id, place) in places.split(' ').filter_map(|part| part.split_once('=')) {
        writer.set(&rack(id, place.parse().unwrap_or_default()))?;
    }
    Ok(())
}

/// Asserts that the rack of each place is the one in a line like `b a c`, and that the index is sound.
fn assert_places<S: KvStore>(
    store: &S,
    racks: &impl TestCollection<Value>,
    expected: &str,
) -> Result<()> {
    let snapshot = store.snapshot()?;
    let reader = racks.reader(&snapshot);
    let query = Query::new(Filter::at_least("place", 0)).ascending("place");
    assert_eq!(found(&reader, &query)?, expected);
    assert_eq!(racks.duplicates(&snapshot, "place", 9)?, []);
    drop(reader);
    drop(snapshot);
    let scrubbed = racks.scrub(store, &mut |_| ControlFlow::Continue(()))?;
    assert!(scrubbed.is_clean(), "{scrubbed:?}");
    Ok(())
}

/// Asserts that a write was refused because a place is taken.
#[track_caller]
fn assert_taken<T: std::fmt::Debug>(result: Result<T>, place: u32, holders: &[&'static str]) {
    let error = refused(result, "a place that is taken");
    let DocError::Unique { fields, values, holder, .. } = &error else {
        unreachable!("not refused as taken: {error:?}")
    };
    assert_eq!((&fields[..], &values[..]), (&["place".to_owned()][..], &[place.into()][..]));
    assert!(holders.iter().any(|id| DocId::from(*id) == *holder), "{error:?}");
}

/// A program that does not declare the index defers its checks as the one that does.
pub(super) fn of_other_programs<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load_racks(bed)?;
    let (plain, store) = (bed.open(Declaration::new("racks"))?, bed.store());
    store.write(|transaction| place(&plain, transaction, "a=2 b=1"))?;
    let taken = store.write(|transaction| place(&plain, transaction, "a=3 b=2"));
    assert_taken(taken, 3, &["a", "c"]);
    drop(plain);
    let racks = bed.open(deferred())?;
    assert_places(bed.store(), &racks, "b a c")
}

/// Documents exchange their values in one transaction, in every way of writing.
pub(super) fn exchanged<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load_racks(bed)?;
    let (racks, store) = (bed.open(deferred())?, bed.store());
    store.write(|transaction| place(&racks, transaction, "a=2 b=1"))?;
    assert_places(store, &racks, "b a c")?;
    store.write(|transaction| place(&racks, transaction, "a=3 c=1 b=2"))?;
    assert_places(store, &racks, "c b a")?;
    let mut transaction = store.begin()?;
    let mut writer = racks.writer(&mut transaction)?;
    writer.update("c", &json!({"place": 2}))?;
    writer.modify_whole("b", |rack| *rack = self::rack("b", 1))?;
    drop(writer);
    transaction.commit()?;
    assert_places(store, &racks, "b c a")?;
    store.write(|transaction| {
        let mut writer = racks.writer(transaction)?;
        // Each but the last moves to the place of the next.
        let next = |rack: &mut Value| {
            let place = rack.get("place").and_then(Value::as_u64).unwrap_or_default();
            *rack = json!({"id": rack.get("id"), "place": place + 1});
        };
        assert_eq!(writer.update_where(Filter::All, next)?, 3);
        // A document that is gone at the end takes nothing.
        writer.set(&rack("d", 3))?;
        writer.remove("c")?;
        writer.change_id("d", "e")?;
        writer.upsert_whole(rack("a", 0), |rack| *rack = self::rack("a", 2))?;
        writer.modify_whole("b", |rack| *rack = self::rack("b", 4)).map(drop)
    })?;
    drop(racks);
    bed.settle()?;
    let racks = bed.open(deferred())?;
    assert_places(bed.store(), &racks, "a e b")
}

/// If two documents have the same values at the end, the commit is refused, and nothing of its
/// transaction is written.
pub(super) fn taken_at_commit_refused<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    load_racks(bed)?;
    let (racks, store) = (bed.open(deferred())?, bed.store());
    let notes = bed.open(Declaration::<Value>::new("notes"))?;
    let mut has_ended = false;
    let committed = store.write(|transaction| {
        notes.writer(transaction)?.set(&json!({"id": "n"}))?;
        place(&racks, transaction, "a=2 b=3 d=7")?;
        has_ended = true;
        Ok(())
    });
    assert!(has_ended, "a write is refused before the commit");
    assert_taken(committed, 3, &["b", "c"]);
    assert_eq!(notes.reader(&store.snapshot()?).count(&Filter::All)?, 0);
    assert_places(store, &racks, "a b c")?;
    let mut transaction = store.begin()?;
    place(&racks, &mut transaction, "new=1")?;
    assert_taken(transaction.commit(), 1, &["a", "new"]);
    let mut transaction = store.begin()?;
    place(&racks, &mut transaction, "new=1")?;
    transaction.rollback()?;
    // What was taken once, and is taken again after it was free.
    let again = store.write(|transaction| place(&racks, transaction, "a=2 b=9 c=2"));
    assert_taken(again, 2, &["a", "c"]);
    drop((racks, notes));
    bed.settle()?;
    let racks = bed.open(deferred())?;
    assert_places(bed.store(), &racks, "a b c")
}

/// Null is never taken; each of many values is; the values of a compound index are taken together.
pub(super) fn nulls_many_values_and_compounds<F: Factory, M: DocFactory>(
    bed: &mut DocBed<F, M>,
) -> Result<()> {
    let declaration = || {
        Declaration::<Value>::new("users")
            .field(Field::path("emails").many())
            .field(Field::path("first"))
            .field(Field::path("last"))
            .index(Index::on("emails").unique_deferred())
            .index(Index::on("first").then_descending("last").unique_deferred())
    };
    let users = bed.open(declaration())?;
    let user = |id: &str, emails: &[&str], first: Option<&str>| json!({"id": id, "emails": emails, "first": first, "last": "x"});
    let first = [user("a", &["1", "2"], Some("ada")), user("b", &["3"], Some("bob"))];
    load(bed.store(), &users, &first)?;
    let exchanged = [user("a", &["3", "4"], Some("bob")), user("b", &["1"], Some("ada"))];
    load(bed.store(), &users, &exchanged)?;
    load(bed.store(), &users, &[user("c", &[], None), user("d", &[], None)])?;
    for (wrong, taken) in [
        (user("c", &["8", "4"], None), json!(["4"])),
        (user("c", &[], Some("ada")), json!(["ada", "x"])),
    ] {
        let error = refused(load(bed.store(), &users, &[wrong]), "values that are taken");
        let is_right = matches!(&error, DocError::Unique { values, .. } if json!(values) == taken);
        assert!(is_right, "{error:?}");
    }
    drop(users);
    bed.settle()?;
    let users = bed.open(declaration())?;
    let snapshot = bed.store().snapshot()?;
    let reader = users.reader(&snapshot);
    for (email, id) in [("1", "b"), ("2", ""), ("3", "a"), ("4", "a"), ("8", "")] {
        assert_eq!(found(&reader, &Query::new(Filter::contains_any("emails", [email])))?, id);
    }
    Ok(())
}

/// A savepoint that is kept is checked with its transaction, and one that is undone is not.
pub(super) fn of_savepoints<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load_racks(bed)?;
    let (racks, store) = (bed.open(deferred())?, bed.store());
    store.write(|transaction| {
        transaction.savepoint(|savepoint| place(&racks, savepoint, "a=2"))?;
        transaction.savepoint(|savepoint| place(&racks, savepoint, "b=1"))
    })?;
    store.write(|transaction| {
        let undone = transaction.savepoint(|savepoint| {
            place(&racks, savepoint, "a=1 c=1")?;
            Err::<(), _>(Error::new(ErrorKind::Failed, arbour::Operation::Layer, "undone"))
        });
        assert!(undone.is_err());
        place(&racks, transaction, "d=4")
    })?;
    assert_places(store, &racks, "b a c d")?;
    let committed = store.write(|transaction| {
        transaction.savepoint(|savepoint| place(&racks, savepoint, "a=3"))?;
        place(&racks, transaction, "d=5")
    });
    assert_taken(committed, 3, &["a", "c"]);
    drop(racks);
    bed.settle()?;
    let racks = bed.open(deferred())?;
    assert_places(bed.store(), &racks, "b a c d")
}

/// A member of a group that leaves values taken is refused alone, whatever members come after it.
pub(super) fn of_group_members<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    bed.reopen_with(&StoreOptions::new().busy_timeout(Duration::from_secs(3600)))?;
    load_racks(bed)?;
    let store = GroupCommit::new(Arc::clone(bed.shared_store()));
    let racks = Arc::new(arbour::documents::Collection::open(&store, deferred())?);
    let write = |places: &'static str| {
        let racks = Arc::clone(&racks);
        store.write_grouped(Durability::default(), move |member| place(&*racks, member, places))
    };
    // The members that come while the writer is taken share a commit.
    let before = bed.store().begin()?;
    let (right, wrong) = thread::scope(|scope| {
        let right = scope.spawn(|| write("a=2 b=1"));
        let wrong = scope.spawn(|| write("c=1 d=1"));
        thread::sleep(Duration::from_millis(20));
        before.commit()?;
        Ok::<_, Error>((right.join(), wrong.join()))
    })?;
    right.expect("the member does not panic")?;
    assert_taken(wrong.expect("the member does not panic"), 1, &["a", "b", "c", "d"]);
    drop((racks, store));
    bed.settle()?;
    let racks = bed.open(deferred())?;
    assert_places(bed.store(), &racks, "b a c")
}

/// A detached transaction is checked when it commits, on what it sees; a document that the check met
/// and that has changed is a conflict.
pub(super) fn of_detached<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load_racks(bed)?;
    let store = DynStore::new(Arc::clone(bed.shared_store()));
    let racks = bed.open(deferred())?;
    store.retry(|transaction| place(&racks, transaction, "a=2 b=1"))?;
    assert_places(&store, &racks, "b a c")?;
    let mut transaction = store.begin_detached()?;
    place(&racks, &mut transaction, "a=3")?;
    assert_taken(transaction.commit(), 3, &["a", "c"]);
    let mut late = store.begin_detached()?;
    place(&racks, &mut late, "b=2 a=1")?;
    store.write(|transaction| place(&racks, transaction, "d=9 a=8"))?;
    assert_eq!(late.commit().map_err(|error| error.kind()), Err(ErrorKind::Conflict));
    assert_places(&store, &racks, "b c a d")?;
    drop((racks, store));
    bed.settle()?;
    let racks = bed.open(deferred())?;
    assert_places(bed.store(), &racks, "b c a d")
}

/// When an index is checked is no property of what is stored: it can be declared either way, neither
/// builds it anew, and programs with both work side by side.
pub(super) fn declared_either_way<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    load_racks(bed)?;
    let at_once = || racks(Index::on("place").unique());
    let (late, early) = (bed.declare(deferred())?, bed.declare(at_once())?);
    for racks in [&late, &early] {
        let states = racks.indexes(&bed.store().snapshot()?)?;
        assert!(states.iter().all(|index| index.state == IndexState::Readable), "{states:?}");
    }
    assert_taken(bed.store().write(|t| place(&early, t, "a=2 b=1")), 2, &["b"]);
    bed.store().write(|t| place(&late, t, "a=2 b=1"))?;
    assert_taken(bed.store().write(|t| place(&early, t, "c=1")), 1, &["b"]);
    drop((late, early));
    bed.settle()?;
    let racks = bed.declare(at_once())?;
    assert_places(bed.store(), &racks, "b a c")
}

/// While the index is built, each write is checked at once, whether the build has reached the documents
/// or not.
pub(super) fn while_built<F: Factory, M: DocFactory>(bed: &mut DocBed<F, M>) -> Result<()> {
    let plain = || Declaration::<Value>::new("racks").field(Field::path("place"));
    let ids: Vec<_> = (1..=700).map(|place| (format!("{place:03}"), place)).collect();
    let racks: Vec<_> = ids.iter().map(|(id, place)| rack(id, *place)).collect();
    load(bed.store(), &bed.open(plain())?, &racks)?;
    bed.settle()?;
    let racks = bed.declare(deferred())?;
    let refused_at_once = |places: &str, place: u32, holder: &'static str| {
        let mut is_at_once = false;
        let written = bed.store().write(|transaction| {
            let written = self::place(&racks, transaction, places);
            is_at_once = written.is_err();
            written
        });
        assert_taken(written, place, &[holder]);
        assert!(is_at_once, "{places} is refused by the commit only");
    };
    refused_at_once("001=2 002=1", 2, "002");
    racks.build(bed.store(), &mut |_| ControlFlow::Break(()))?;
    let states = racks.indexes(&bed.store().snapshot()?)?;
    assert!(states.iter().all(|index| index.state == IndexState::WriteOnly), "{states:?}");
    refused_at_once("001=2 002=1", 2, "002");
    refused_at_once("001=700 700=1", 700, "700");
    racks.build(bed.store(), &mut |_| ControlFlow::Continue(()))?;
    bed.store().write(|transaction| place(&racks, transaction, "001=2 002=1 700=699 699=700"))?;
    let snapshot = bed.store().snapshot()?;
    assert_eq!(racks.duplicates(&snapshot, "place", 9)?, []);
    let last = Query::new(Filter::at_least("place", 699)).ascending("place");
    assert_eq!(found(&racks.reader(&snapshot), &last)?, "700 699");
    Ok(())
}
