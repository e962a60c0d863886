//! Mistakes of strato-db.

use std::ops::ControlFlow;
use std::sync::mpsc::channel;
use std::thread;

use arbour::documents::{Field, Filter, Ids, Index, Selection};
use arbour::events::layout::log_tree;
use arbour::events::{Event, EventError, EventQuery, Events, Model, Outbox, Outcome};
use arbour::key::Key as _;
use arbour::{AnyResult, DynStore, Error, ErrorKind, KvRead, KvStore as _, KvWrite as _};
use arbour_core::engine::TreeName;
use serde_json::{Value, json};

use crate::bed::{Bed, with_every_queue};
use crate::collection::{Things, ids};
use crate::engines::on_every_engine;
use crate::shop::{Shop, order};
use crate::stores::{Stores, WAIT, ends, writes};
use crate::things;

on_every_engine!(
    pages_lose_and_repeat_nothing_beside_nulls_and_negatives,
    the_last_page_says_that_it_is_the_last,
    an_index_over_a_field_that_was_there_is_built,
    a_field_that_comes_later_is_found_in_documents_of_before,
    a_transaction_in_a_transaction_is_an_error,
    a_write_joins_no_transaction_of_somebody_else,
);

with_every_queue!(
    instances_that_share_a_queue_never_hang_each_other,
    replay_makes_the_same_ids_and_bytes,
    positions_go_beyond_32_bits,
    a_failing_reducer_is_told_and_can_be_mended,
    a_dispatch_within_a_reducer_is_an_error,
);

/// Returns the ids of all pages of a selection, one text for each page.
fn pages(things: &Things, mut selection: Selection<Value>) -> Vec<String> {
    let mut pages = Vec::new();
    loop {
        let page = things.read(|_, snapshot| selection.stored(snapshot));
        pages.push(ids(&page.items));
        let Some(next) = page.next else { return pages };
        selection = selection.at(next);
    }
}

/// Of eight things, some without a count and some with a negative one, strato-db returned six, one
/// of them twice; by a virtual column it returned three of seven.
fn pages_lose_and_repeat_nothing_beside_nulls_and_negatives(bed: &Bed) {
    let counts =
        [json!(-3), json!(null), json!(0), json!(2), json!(null), json!(-1), json!(2), json!(-3)];
    let plain = |thing: &Value| thing["count"].as_i64().into();
    let declaration = things::declaration("things")
        .field(Field::path("count").named("indexed"))
        .field(Field::computed("virtual", plain))
        .index(Index::on("indexed"));
    let things = Things::open(bed, declaration);
    let numbered = counts.into_iter().zip(1..);
    things.fill(numbered.map(|(count, id)| json!({"id": id, "count": count})));
    for field in ["count", "indexed", "virtual"] {
        for limit in 1..=9 {
            let limited = || things.collection.all().limit(limit);
            let up = pages(&things, limited().ascending(field)).join(" ");
            assert_eq!(up, "2 5 1 8 6 3 4 7", "{field} {limit}");
            let down = pages(&things, limited().descending(field)).join(" ");
            assert_eq!(down, "7 4 3 6 8 1 5 2", "{field} {limit}");
        }
    }
}

/// If the number of things is a multiple of the page, strato-db's last page leads to an empty one.
fn the_last_page_says_that_it_is_the_last(bed: &Bed) {
    let things = Things::open(bed, things::declaration("things"));
    things.fill((1..=4).map(|id| json!({"id": id})));
    assert_eq!(pages(&things, things.collection.all().limit(2)), ["1 2", "3 4"]);
    let none = things.collection.find(Filter::eq("count", 1)).limit(2);
    assert_eq!(pages(&things, none), [""]);
}

/// strato-db never builds it.
fn an_index_over_a_field_that_was_there_is_built(bed: &Bed) {
    let store = bed.open();
    let named = || things::declaration("things").field(Field::path("name"));
    let before = Things::open_in(&store, named()).unwrap();
    before.fill([json!({"id": 1, "name": "a"}), json!({"id": 2, "name": "b"})]);
    let after = Things::open_in(&store, named().index(Index::on("name"))).unwrap();
    assert_eq!(after.find_by_index(Filter::eq("name", "b")), "2");
}

/// strato-db does not find existing documents by it.
fn a_field_that_comes_later_is_found_in_documents_of_before(bed: &Bed) {
    let store = bed.open();
    let before = Things::open_in(&store, things::declaration("things")).unwrap();
    before.fill([json!({"id": 1, "name": "a"}), json!({"id": 2})]);
    let later = things::declaration("things")
        .field(Field::path("name"))
        .field(Field::path("stock").default(7))
        .index(Index::on("name"))
        .index(Index::on("stock"));
    let after = Things::open_in(&store, later).unwrap();
    assert_eq!(after.find_by_index(Filter::eq("name", "a")), "1");
    assert_eq!(after.find_by_index(Filter::eq("stock", 7)), "1 2");
}

/// strato-db waits for itself.
fn a_transaction_in_a_transaction_is_an_error(bed: &Bed) {
    let store = bed.open();
    ends(move || {
        let tree = store.tree("things").unwrap();
        let outer = store.write(|transaction| {
            transaction.put(&tree, b"outer", b"1")?;
            let nested = store.write(|nested| nested.put(&tree, b"nested", b"1"));
            assert_eq!(nested.unwrap_err().kind(), ErrorKind::Busy);
            Ok::<_, Error>(())
        });
        outer.unwrap();
        let snapshot = store.snapshot().unwrap();
        assert!(snapshot.contains(&tree, b"outer").unwrap());
        assert!(!snapshot.contains(&tree, b"nested").unwrap());
    });
}

/// In strato-db it joins, and is lost when the other transaction rolls back.
fn a_write_joins_no_transaction_of_somebody_else(bed: &Bed) {
    let store = bed.open();
    let tree = store.tree("things").unwrap();
    let mut transaction = store.begin().unwrap();
    transaction.put(&tree, b"mine", b"1").unwrap();
    let (begun, wait) = channel();
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            begun.send(()).unwrap();
            store.put(&tree, b"theirs", b"2")
        });
        wait.recv().unwrap();
        transaction.rollback().unwrap();
        other.join().unwrap().unwrap();
    });
    assert_eq!(store.get(&tree, b"mine").unwrap(), None);
    assert_eq!(store.get(&tree, b"theirs").unwrap().as_deref(), Some(&b"2"[..]));
}

/// In strato-db a dispatch sometimes waits for ever, if another instance applied its event.
fn instances_that_share_a_queue_never_hang_each_other(bed: &Bed) {
    let stores = bed.open_all();
    ends(move || {
        let instances = [stores.open(), stores.open()];
        thread::scope(|scope| {
            for (instance, base) in instances.iter().zip([0, 100]) {
                for first in [base, base + 50] {
                    scope.spawn(move || {
                        for id in first..first + 25 {
                            let set = writes().set(&json!({"id": id})).unwrap();
                            assert_eq!(instance.dispatch(set)["things"]["id"], id);
                        }
                    });
                }
            }
        });
        let [one, other] = &instances;
        assert_eq!(one.events.head().unwrap().position, 100);
        assert!((0..25).all(|id| one.get(id + 100).is_some() && other.get(id).is_some()));
    });
}

/// strato-db makes new ids, and overwrites those in the queue.
fn replay_makes_the_same_ids_and_bytes(bed: &Bed) {
    let stores = bed.open_all();
    let opened = stores.open_as(1, Ids::Uuid, |projection, _| projection);
    for name in ["a", "b"] {
        opened.dispatch(writes().set(&json!({"name": name})).unwrap());
    }
    let queued = opened.events.read(&EventQuery::all()).unwrap();
    let both = stores
        .builder()
        .projection(stores.projection(1, Ids::Uuid).0)
        .projection(stores.projection(2, Ids::Uuid).0)
        .build()
        .unwrap();
    assert!(both.rebuild("things", 2, &mut |_| ControlFlow::Continue(())).unwrap());
    assert_eq!(both.digest("things", 1).unwrap(), both.digest("things", 2).unwrap());
    assert_eq!(both.read(&EventQuery::all()).unwrap(), queued);
}

/// Makes it look as if all events up to a position had existed, been applied, and been trimmed,
/// because a test cannot wait for so many. The layout says where the positions are stored.
fn move_on(stores: &Stores, position: u64) {
    let write_over = |store: &DynStore, key: &[u8], numbers: &[(usize, u64)]| {
        let tree = store.open_tree(TreeName::layer(&log_tree("queue")).unwrap()).unwrap();
        let mut value = store.get(&tree, key).unwrap().unwrap();
        for (place, number) in numbers {
            value[*place..place + 8].copy_from_slice(&number.to_be_bytes());
        }
        store.put(&tree, key, &value).unwrap();
    };
    let head = [0xff_u8];
    let state = [&head[..], &("things", 1_u32).to_key_bytes()].concat();
    write_over(stores.queue_store(), &head, &[(17, position), (57, position + 1)]);
    write_over(&stores.store, &state, &[(1, position)]);
}

/// A position beyond 2^31 is 0 in strato-db.
fn positions_go_beyond_32_bits(bed: &Bed) {
    let stores = bed.open_all();
    stores.open().dispatch(writes().set(&json!({"id": 1})).unwrap());
    for position in [1_u64 << 31, 1 << 32, 1 << 40] {
        move_on(&stores, position - 1);
        let opened = stores.open();
        let id = position as i64;
        let set = opened.events.dispatch_all(writes().set(&json!({"id": id})).unwrap()).unwrap();
        assert_eq!(set.appended.first, position);
        assert!(opened.events.wait_for("things", position, WAIT).is_ok());
        drop(opened);
        let opened = stores.open();
        assert_eq!(opened.events.status().unwrap()[0].applied, position);
        assert!(opened.get(id).is_some() && opened.get(1).is_some());
    }
}

/// strato-db tries for an hour, ends the process, and never completes the dispatch, even if the
/// event is repaired.
fn a_failing_reducer_is_told_and_can_be_mended(bed: &Bed) {
    let stores = bed.open_all();
    ends(move || {
        let open = |is_mended| {
            stores.open_as(1, Ids::Integer, |projection, things| {
                projection.model(Shop { is_mended, ..Shop::new(things) })
            })
        };
        let failing = open(false);
        failing.dispatch(writes().set(&json!({"id": 5, "count": 1})).unwrap());
        let told = |outcome: Outcome| matches!(outcome, Outcome::Halted { position: 2, reason } if reason.contains("there are 1 of thing 5"));
        assert!(told(failing.outcome(order(5, 2))));
        assert!(told(failing.outcome(order(5, 1))), "who comes behind it is told too");
        let waited = failing.events.wait_for("things", 3, WAIT).map(drop);
        assert!(
            matches!(
                waited.as_ref().unwrap_err().downcast_ref(),
                Some(EventError::Halted { position: 2, .. })
            ),
            "{waited:?}"
        );
        assert_eq!(failing.events.dead_letters("things").unwrap()[0].position, 2);
        assert_eq!(failing.get(5).unwrap()["count"], 1);
        drop(failing);
        let mended = open(true);
        mended.events.resume("things").unwrap();
        assert_eq!(mended.events.catch_up("things").unwrap(), 3);
        assert!(mended.events.dead_letters("things").unwrap().is_empty());
        assert_eq!(mended.get(5).unwrap()["count"], 0);
        assert!(mended.dispatch(order(5, 1))["shop"]["refused"].is_string());
    });
}

/// A model that dispatches events itself.
struct Meddler(Events);

impl Model for Meddler {
    type Change = ();

    fn name(&self) -> &str {
        "meddler"
    }

    fn reduce<R: KvRead>(
        &self,
        _event: &Event<'_>,
        _before: &R,
        out: &mut Outbox,
    ) -> AnyResult<Option<()>> {
        let refused = self.0.dispatch_all(writes().remove(5)?).err().ok_or("it was dispatched")?;
        out.returns(refused.to_string());
        Ok(None)
    }
}

/// strato-db waits for itself.
fn a_dispatch_within_a_reducer_is_an_error(bed: &Bed) {
    let stores = bed.open_all();
    ends(move || {
        let meddler = Meddler(stores.open().events);
        let opened = stores.open_as(1, Ids::Integer, |projection, _| projection.model(meddler));
        let result = opened.dispatch(writes().set(&json!({"id": 5})).unwrap());
        let said = result["meddler"].as_str().unwrap();
        assert!(said.contains("a handler cannot wait for events"), "{said}");
        assert_eq!(opened.events.head().unwrap().position, 1);
    });
}
