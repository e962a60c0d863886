//! `#[arbour::test]`, and the stores that it opens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use arbour::events::NewEvent;
use arbour::prelude::*;
use arbour::testing::{self, TestStore};
use arbour::{
    Batch, Capabilities, Durability, DynStore, ErrorKind, MemoryStore, Stats, StoreOptions, Tree,
};
use arbour_core::engine::{TreeName, forward};

fn put(store: &DynStore, name: &str, key: &[u8]) -> arbour::Result<()> {
    store.put(&store.tree(name)?, key, b"")
}

fn has(store: &DynStore, name: &str, key: &[u8]) -> arbour::Result<bool> {
    Ok(store.get(&store.tree(name)?, key)?.is_some())
}

#[arbour::test(engines = "memory, redb, sled, sqlite")]
fn reopening_keeps_what_was_committed(store: &mut TestStore) -> arbour::Result<()> {
    let users = store.tree("users")?;
    store.write_with(Durability::None, |tx| tx.put(&users, b"ada", b""))?;
    let earlier = DynStore::clone(store);
    store.reopen()?;
    assert_eq!(has(store, "users", b"ada")?, store.capabilities().persistent);
    assert_eq!(earlier.snapshot().map(drop).unwrap_err().kind(), ErrorKind::Closed);
    put(store, "users", b"bob")?;
    store.reopen()?;
    assert_eq!(has(store, "users", b"bob")?, store.capabilities().persistent);
    Ok(())
}

#[arbour::test(engines = "memory, redb, sled, sqlite")]
fn a_crash_keeps_what_is_durable(store: &mut TestStore) -> arbour::Result<()> {
    let users = store.tree("users")?;
    store.write_with(Durability::ProcessCrash, |tx| tx.put(&users, b"ada", b""))?;
    let folder = store.folder();
    let earlier = DynStore::clone(store);
    let mut open = earlier.begin()?;
    open.put(&users, b"bob", b"")?;
    store.crash()?;
    assert_ne!(store.folder(), folder);
    assert_eq!(has(store, "users", b"ada")?, store.capabilities().persistent);
    assert!(!has(store, "users", b"bob")?, "its transaction was open");
    drop(open);
    for name in ["cleo", "dan"] {
        put(store, "users", name.as_bytes())?;
        store.crash()?;
        assert_eq!(has(store, "users", name.as_bytes())?, store.capabilities().persistent);
    }
    Ok(())
}

/// A store of the program's own.
struct App(DynStore);

impl From<DynStore> for App {
    fn from(store: DynStore) -> Self {
        Self(store)
    }
}

#[arbour::test]
fn every_engine_gets_what_the_function_takes(app: App) {
    // A test runs on a thread of its name, unless there is only one thread.
    let thread = std::thread::current();
    let engine = thread.name().and_then(|name| name.rsplit("::").next()).unwrap_or("main");
    assert!(engine == "main" || engine == app.0.capabilities().engine, "{engine}");
    put(&app.0, "users", b"ada").unwrap();
    assert!(has(&app.0, "users", b"ada").unwrap());
}

#[arbour::test(engines = "memory")]
fn a_store_is_lent(store: &DynStore) -> Result<(), Box<dyn std::error::Error>> {
    put(store, "users", b"ada")?;
    Ok(())
}

#[arbour::test(engines = "memory, redb")]
#[should_panic(expected = "is the test")]
fn a_failure_is_passed_on(store: DynStore) {
    put(&store, "users", b"ada").unwrap();
    panic!("this is the test");
}

#[arbour::test(engines = "memory")]
#[should_panic(expected = "the test failed")]
fn an_error_fails_the_test(_store: &DynStore) -> Result<(), &'static str> {
    Err("a reason")
}

#[arbour::test(engines = "redb")]
fn a_test_may_close_its_store(store: &DynStore) -> arbour::Result<()> {
    store.close()
}

/// Claims to be persistent, and keeps nothing.
struct Forgetful(MemoryStore, Capabilities);

impl KvStore for Forgetful {
    type Snapshot<'s> = <MemoryStore as KvStore>::Snapshot<'s>;
    type Transaction<'s> = <MemoryStore as KvStore>::Transaction<'s>;

    forward!(self => self.0; open_tree, snapshot, send_snapshot, begin_with, writer_wait, sync, close);
    forward!(self => self.0; stats, compact, backup, apply);

    fn capabilities(&self) -> &Capabilities {
        &self.1
    }
}

fn failure_of(engine: &str, test: impl FnOnce(&mut TestStore) -> arbour::Result<()>) -> String {
    let ended = catch_unwind(AssertUnwindSafe(|| testing::run(engine, test)));
    let panic = ended.expect_err("the test passed");
    panic.downcast_ref::<String>().expect("a message").clone()
}

#[test]
fn a_store_that_forgets_fails_its_test() {
    let open = |_: &str, options: &StoreOptions| {
        let store = MemoryStore::open(options)?;
        let mut capabilities = store.capabilities().clone();
        capabilities.persistent = true;
        Ok(DynStore::new(Forgetful(store, capabilities)))
    };
    arbour::register("forgetful", open).unwrap();
    testing::run("forgetful", |_| Ok::<(), arbour::Error>(()));
    let failure = failure_of("forgetful", |store| put(store, "users", b"ada"));
    assert!(failure.contains("{\"users\": 1}"), "{failure}");
    let failure = failure_of("paper", |_| Ok(()));
    assert!(failure.contains("there is no engine \"paper\""), "{failure}");
}

#[derive(Clone, Serialize, Deserialize, Document)]
#[document(collection = "tickets", index(title))]
struct Ticket {
    #[document(id, made)]
    id: u64,
    title: String,
}

#[test]
fn it_shows_documents_events_and_trees() {
    let store = TestStore::open("memory").unwrap();
    let tickets = store.collection::<Ticket>().unwrap();
    let events = Events::builder(DynStore::clone(&store), "main").build().unwrap();
    let ticket = Ticket { id: 0, title: "printer on fire".to_owned() };
    store.write(|tx| tickets.insert(tx, ticket.clone())).unwrap();
    events.dispatch_all(NewEvent::raw("ada", "noted", 1, b"{}".to_vec())).unwrap();
    let notes = store.tree("notes").unwrap();
    for number in 0..7_u8 {
        store.put(&notes, &[number], &[b'x'; 300]).unwrap();
    }
    let shown = store.to_string();
    let lines = [
        "the memory store holds ",
        "arbour/doc/tickets: 1 entry\n  {\"id\":1,\"title\":\"printer on fire\"}\n",
        "arbour/index/tickets/title: 1 entry\n",
        "arbour/log/main: 2 entries\n  1 ada/1 noted {}\n",
        "notes: 7 entries\n  \"\\x00\": xxx",
        "xxx...\n  ...\n",
    ];
    for line in lines {
        assert!(shown.contains(line), "{line:?} in {shown}");
    }
    assert!(!shown.contains("\\x05"), "five entries of a tree: {shown}");
    store.close().unwrap();
    assert!(store.to_string().starts_with("the memory store cannot be shown: "), "{store}");
}

#[test]
fn its_folder_is_deleted_with_it() {
    let store = TestStore::open("redb").unwrap();
    let folder = store.folder();
    assert!(folder.join("store").exists());
    drop(store);
    assert!(!Path::new(&folder).exists());
}

#[test]
fn options_hold_after_a_crash() {
    let options = StoreOptions::new().busy_timeout(Duration::from_millis(1));
    let mut store = TestStore::open_with("redb", &options).unwrap();
    store.crash().unwrap();
    assert_eq!(store.writer_wait(), Duration::from_millis(1));
}

#[expect(dead_code, reason = "the imports that `forward!` refers to")]
fn imports(_: Batch, _: Durability, _: Stats, _: Tree, _: TreeName<'_>) {}
