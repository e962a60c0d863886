//! Calls that change nothing commit nothing.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arbour::events::{EventQuery, Events, Log, NewEvent, Projection};
use arbour::traced::TracedStore;
use arbour::{KvStore as _, MemoryStore};

use crate::counting::{counting, reads_of};

type Store = TracedStore<MemoryStore>;

fn noted() -> NewEvent {
    NewEvent::raw("diary", "noted", 1, Vec::new())
}

fn commits_of<R>(store: &Store, run: impl FnOnce() -> R) -> (R, u64) {
    let before = store.counters().committed;
    let result = run();
    (result, store.counters().committed - before)
}

#[test]
fn what_changes_nothing_commits_nothing() {
    let store = Arc::new(TracedStore::new(MemoryStore::new()));
    let build = || {
        Events::builder(Arc::clone(&store), "main")
            .projection(Projection::new("bank", 1))
            .index_types()
            .build()
            .unwrap()
    };
    let events = build();
    for _ in 0..3 {
        events.dispatch_all(noted()).unwrap();
    }
    let mut mailer = events.subscribe("mailer", EventQuery::all()).unwrap();
    mailer.next(2, Duration::ZERO).unwrap();
    let ((), commits) = commits_of(&store, || mailer.acknowledge().unwrap());
    assert_eq!(commits, 1, "what is to be remembered is");
    events.trim(2).unwrap();

    let idle: [(&str, &dyn Fn()); 12] = [
        ("resume", &|| events.resume("bank").unwrap()),
        ("skip", &|| events.skip("bank").unwrap()),
        ("release", &|| assert_eq!(events.release("bank", "diary").unwrap(), 0)),
        ("replay", &|| drop(events.replay("bank", 3).unwrap_err())),
        ("acknowledge", &|| mailer.acknowledge().unwrap()),
        ("trim", &|| assert_eq!(events.trim(2).unwrap(), 3)),
        ("trim more", &|| assert_eq!(events.trim(u64::MAX).unwrap(), 3)),
        ("catch_up", &|| assert_eq!(events.catch_up("bank").unwrap(), 3)),
        ("rebuild", &|| {
            assert!(events.rebuild("bank", 1, &mut |_| ControlFlow::Continue(())).unwrap());
        }),
        ("wait_for", &|| drop(events.wait_for("bank", 3, Duration::ZERO).unwrap())),
        ("index_types", &|| events.log().index_types(events.log_store()).unwrap()),
        ("build", &|| drop(build())),
    ];
    for (name, run) in idle {
        let ((), commits) = commits_of(&store, run);
        assert_eq!(commits, 0, "{name}");
    }
    let (claimed, commits) =
        commits_of(&store, || events.claim("work", "one", 9, Duration::MAX).unwrap().len());
    assert_eq!((claimed, commits), (1, 1), "the one that is left");
    let (claimed, commits) =
        commits_of(&store, || events.claim("work", "other", 9, Duration::MAX).unwrap().len());
    assert_eq!((claimed, commits), (0, 0), "a claim of nothing");

    // In a transaction of the caller, an earlier position than the known one.
    let log = Log::open(&*store, "main").unwrap();
    store.write(|transaction| log.acknowledge(transaction, "mailer", Some(1))).unwrap();
    assert_eq!(log.acknowledged(&store.snapshot().unwrap(), "mailer").unwrap(), Some(2));
}

#[test]
fn a_follower_with_nothing_to_do_sleeps() {
    let (store, reads) = counting();
    let events = Events::builder(store, "main")
        .projection(Projection::new("bank", 1).behind())
        .poll(Duration::from_secs(60))
        .build()
        .unwrap();
    thread::scope(|scope| {
        let following = scope.spawn(|| events.follow());
        for _ in 0..3 {
            events.dispatch_all(noted()).unwrap();
        }
        events.wait_for("bank", 3, Duration::from_secs(60)).unwrap();
        let ((), reads) = reads_of(&reads, || thread::sleep(Duration::from_millis(300)));
        assert!(reads < 100, "{reads} reads while nothing happened");
        events.shut_down();
        following.join().unwrap().unwrap();
    });
}
