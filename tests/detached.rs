//! Documents, typed trees and events in detached transactions: they work unchanged, and what one of
//! them reads of the store's own trees is compared too.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use arbour::documents::{Collection, Declaration, Field, Filter, Ids, Index};
use arbour::events::{Append, EventType, Log};
use arbour::{
    DetachedTransaction, Durability, DynStore, Error, ErrorKind, GroupCommit, KvRead, KvStore,
    KvWrite, MemoryStore, OwnedSnapshot, Result, Retry,
};
use serde_json::{Value, json};

fn store() -> DynStore {
    arbour::open("memory:").expect("memory opens")
}

fn users(store: &DynStore) -> Collection<Value> {
    let users = Declaration::new("users")
        .id("id", Ids::Chosen)
        .field(Field::path("email"))
        .field(Field::path("age"))
        .index(Index::on("email").unique())
        .index(Index::on("age"));
    Collection::open(store, users).expect("it is declared alike each time")
}

#[test]
fn two_documents_cannot_take_one_unique_value() {
    let store = store();
    let users = users(&store);
    let adding = |id: &str| {
        let mut transaction = store.begin_detached()?;
        users.insert(&mut transaction, json!({"id": id, "email": "a@b.org", "age": 1}))?;
        Ok::<_, Error>(transaction)
    };
    let (ada, bob) = (adding("ada").unwrap(), adding("bob").unwrap());
    bob.commit().unwrap();
    assert_eq!(ada.commit().unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(users.all().count(&store.snapshot().unwrap()).unwrap(), 1);
    // Run again, the transaction is told by the layer itself.
    assert_eq!(adding("ada").err().unwrap().kind(), ErrorKind::Exists);
}

#[test]
fn a_document_that_joins_the_result_of_a_query_is_a_conflict() {
    let store = store();
    let users = users(&store);
    let add = |id: &str, age: u32| {
        let user = json!({"id": id, "email": id, "age": age});
        store.write(|transaction| users.insert(transaction, user.clone())).unwrap();
    };
    add("ada", 30);
    for (id, age, conflicts) in [("bob", 35, true), ("cyd", 80, false)] {
        let mut transaction = store.begin_detached().unwrap();
        let young = users.find(Filter::below("age", 40)).list(&transaction).unwrap().len();
        let tree = store.tree("counts").unwrap();
        transaction.put(&tree, b"young", &[young as u8]).unwrap();
        add(id, age);
        let committed = transaction.commit().map_err(|error| error.kind());
        assert_eq!(committed.is_err(), conflicts, "{id}: {committed:?}");
    }
}

#[test]
fn two_appends_to_one_log_do_not_take_one_position() {
    let store = store();
    let log = Log::open(&store, "main").unwrap();
    let appending = |stream: &str| {
        let mut transaction = store.begin_detached()?;
        let opened = EventType::<()>::new("opened");
        log.append(&mut transaction, &Append::new().event(opened.event(stream, &())?))?;
        Ok::<_, Error>(transaction)
    };
    let (one, other) = (appending("ada").unwrap(), appending("bob").unwrap());
    one.commit().unwrap();
    assert_eq!(other.commit().unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(log.head(&store.snapshot().unwrap()).unwrap().position, 1);
}

#[test]
fn grouped_detached_transactions_share_commits() {
    let store = store();
    let (tree, group) = (store.tree("t").unwrap(), GroupCommit::new(store.clone()));
    thread::scope(|scope| {
        for key in 0..8_u8 {
            let (store, tree, group) = (&store, &tree, &group);
            scope.spawn(move || {
                let mut transaction = store.begin_detached().unwrap();
                assert!(!transaction.contains(tree, &[key]).unwrap());
                transaction.put(tree, &[key], b"").unwrap();
                let ended = group.write_grouped(Durability::PowerLoss, move |shared| {
                    transaction.commit_in(shared)
                });
                ended.unwrap();
            });
        }
    });
    assert_eq!(store.stats().unwrap().entries, 8);
}

/// A future of a detached transaction can be sent, as the handlers of web services have to be.
fn is_send<T: Send>(value: T) -> T {
    value
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

async fn retry<R, F: Future<Output = Result<R>>>(
    store: &DynStore,
    mut run: impl FnMut(DetachedTransaction) -> F,
) -> Result<R> {
    let mut retry = Retry::new(store);
    loop {
        let result = run(retry.begin()?).await?;
        let Some(transaction) = retry.take_back()? else { return Ok(result) };
        match transaction.commit() {
            Ok(()) => return Ok(result),
            Err(error) => drop(retry.wait_after(error)?),
        }
    }
}

#[test]
fn a_future_that_holds_one_across_an_await_is_send() {
    let store = store();
    let users = users(&store);
    let (users, store) = (&users, &store);
    let tries = std::sync::atomic::AtomicU32::new(0);
    let future = is_send(retry(store, |mut transaction| {
        let tries = &tries;
        async move {
            let found = users.get(&transaction, "ada")?.is_some();
            std::future::ready(()).await;
            if tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
                // Another caller is faster once.
                let ada = json!({"id": "ada", "email": "a", "age": 1});
                store.write(|transaction| users.insert(transaction, ada.clone()))?;
            }
            let bob = json!({"id": "bob", "email": "b", "age": 2, "knew_ada": found});
            users.insert(&mut transaction, bob)?;
            Ok(())
        }
    }));
    block_on(future).unwrap();
    assert_eq!(tries.into_inner(), 2);
    let bob = users.get(&store.snapshot().unwrap(), "bob").unwrap().unwrap();
    assert_eq!(bob["knew_ada"], json!(true));
}

#[test]
fn a_transaction_comes_back_to_its_own_try() {
    let store = store();
    let tree = store.tree("t").unwrap();
    let mut retry = Retry::new(&store);
    let mut committed = retry.begin().unwrap();
    committed.put(&tree, b"a", b"1").unwrap();
    committed.commit().unwrap();
    assert!(retry.take_back().unwrap().is_none());
    assert!(store.get(&tree, b"a").unwrap().is_some());

    let mut earlier = retry.begin().unwrap();
    earlier.put(&tree, b"b", b"1").unwrap();
    let kept = retry.begin().unwrap();
    drop(earlier);
    let error = retry.take_back().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument, "the earlier one came back");
    drop(kept);
}

#[test]
fn a_snapshot_keeps_its_store() {
    let (send, receive) = mpsc::channel::<OwnedSnapshot>();
    let reader = thread::spawn(move || {
        let snapshot = receive.recv_timeout(Duration::from_secs(60)).unwrap();
        snapshot.trees().unwrap()
    });
    let store = DynStore::new(MemoryStore::new());
    store.put(&store.tree("t").unwrap(), b"a", b"1").unwrap();
    send.send(store.owned_snapshot().unwrap()).unwrap();
    drop(store);
    assert_eq!(reader.join().unwrap(), ["t"]);
}
