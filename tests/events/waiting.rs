//! Waits: how long, how often a waiting thread wakes, and waiting for oneself.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use arbour::events::{
    Append, Event, EventError, EventQuery, Events, Model, NewEvent, Outbox, Projection,
};
use arbour::traced::TracedStore;
use arbour::{AnyResult, ErrorKind, KvRead, KvStore, KvWrite, MemoryStore, StoreOptions};

const LONG: Duration = Duration::from_secs(60);

fn noted() -> NewEvent {
    NewEvent::raw("diary", "noted", 1, Vec::new())
}

/// Runs an errand whenever an event is applied.
struct Errand(Box<dyn Fn() + Send + Sync>);

impl Model for Errand {
    type Change = ();

    fn name(&self) -> &str {
        "errand"
    }

    fn reduce<R: KvRead>(&self, _: &Event<'_>, _: &R, _: &mut Outbox) -> AnyResult<Option<()>> {
        self.0();
        Ok(None)
    }

    fn apply<W: KvWrite>(&self, (): (), _: &mut W, _: &mut Outbox) -> AnyResult {
        Ok(())
    }
}

/// Events with a projection that runs an errand, which is set later, on another thread, and waits
/// for it.
#[derive(Clone, Default)]
struct Waiter(Arc<Mutex<Option<Run>>>);

type Run = Box<dyn FnOnce() + Send>;

impl Waiter {
    fn set(&self, errand: impl FnOnce() + Send + 'static) {
        *self.0.lock().unwrap() = Some(Box::new(errand));
    }

    fn projection(&self) -> Projection {
        let errand = self.0.clone();
        let run = move || {
            let errand = errand.lock().unwrap().take();
            if let Some(errand) = errand {
                thread::spawn(errand).join().unwrap();
            }
        };
        Projection::new("bank", 1).model(Errand(Box::new(run)))
    }
}

#[test]
fn a_wait_without_end_is_a_wait_and_no_panic() {
    let events = Events::builder(Arc::new(MemoryStore::new()), "main")
        .projection(Projection::new("bank", 1).behind())
        .poll(Duration::MAX)
        .stall_timeout(Duration::MAX)
        .build()
        .unwrap();
    let mut mailer = events.subscribe("mailer", EventQuery::all()).unwrap();
    thread::scope(|scope| {
        let reading = scope.spawn(|| mailer.next(1, Duration::MAX).map(|events| events.len()));
        let waiting = scope.spawn(|| events.wait_for("bank", 2, Duration::MAX).map(drop));
        let following = scope.spawn(|| events.follow());
        for _ in 0..2 {
            events.dispatch_all(noted()).unwrap();
        }
        assert_eq!(reading.join().unwrap().unwrap(), 1);
        waiting.join().unwrap().unwrap();
        events.shut_down();
        following.join().unwrap().unwrap();
    });
}

#[test]
fn threads_that_wait_beside_a_held_writer_do_not_wake_each_other() {
    const WAIT: Duration = Duration::from_millis(300);
    let options = StoreOptions::new().busy_timeout(Duration::ZERO);
    let store = Arc::new(TracedStore::new(MemoryStore::open(&options).unwrap()));
    let events = Events::builder(Arc::clone(&store), "main")
        .projection(Projection::new("bank", 1).behind())
        .build()
        .unwrap();
    events.dispatch_all(noted()).unwrap();
    let writer = store.begin().unwrap();
    let before = store.counters().failed;
    thread::scope(|scope| {
        let waiting: Vec<_> =
            (0..3).map(|_| scope.spawn(|| events.wait_for("bank", 1, WAIT).map(drop))).collect();
        for waiting in waiting {
            let late = waiting.join().unwrap();
            assert!(
                matches!(
                    late.as_ref().unwrap_err().downcast_ref(),
                    Some(EventError::TimedOut { .. })
                ),
                "{late:?}"
            );
        }
    });
    let tries = store.counters().failed - before;
    assert!((3..=60).contains(&tries), "{tries} tries of three threads in {WAIT:?}");
    drop(writer);
    events.wait_for("bank", 1, LONG).unwrap();
}

/// A thread that stops waiting hands over to one that found its turn taken, however rarely that one
/// polls.
#[test]
fn a_thread_that_leaves_hands_its_turn_over() {
    let options = StoreOptions::new().busy_timeout(Duration::ZERO);
    let store = Arc::new(MemoryStore::open(&options).unwrap());
    let events = Events::builder(Arc::clone(&store), "main")
        .projection(Projection::new("bank", 1).behind())
        .poll(Duration::MAX)
        .build()
        .unwrap();
    events.dispatch_all(noted()).unwrap();
    let writer = store.begin().unwrap();
    thread::scope(|scope| {
        let patient: Vec<_> =
            (0..3).map(|_| scope.spawn(|| events.wait_for("bank", 1, LONG).map(drop))).collect();
        let hasty: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| events.wait_for("bank", 1, Duration::from_millis(50)).map(drop))
            })
            .collect();
        for hasty in hasty {
            assert!(hasty.join().unwrap().is_err());
        }
        drop(writer);
        for patient in patient {
            patient.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_wait_without_time_applies_one_commits_worth() {
    let events = Events::builder(Arc::new(MemoryStore::new()), "main")
        .projection(Projection::new("bank", 1).behind())
        .build()
        .unwrap();
    events.dispatch_all(noted()).unwrap();
    events.wait_for("bank", 1, Duration::ZERO).unwrap();
    let mut many = Append::new();
    for _ in 0..20_000 {
        many = many.event(noted());
    }
    events.dispatch_all(many).unwrap();
    let late = events.wait_for("bank", 20_001, Duration::ZERO).map(drop);
    assert!(
        matches!(late.as_ref().unwrap_err().downcast_ref(), Some(EventError::TimedOut { .. })),
        "{late:?}"
    );
    let applied = events.status().unwrap()[0].applied;
    assert!((2..20_001).contains(&applied), "{applied}");
    events.wait_for("bank", applied + 1, Duration::ZERO).unwrap();
    events.wait_for("bank", 20_001, LONG).unwrap();
}

/// A handler that waits for a thread that waits for the projection ends at the stall timeout.
#[test]
fn waiting_for_oneself_ends_at_the_stall_timeout() {
    let waiter = Waiter::default();
    let events = Events::builder(Arc::new(MemoryStore::new()), "main")
        .projection(waiter.projection().behind())
        .stall_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let (told, tell) = (events.clone(), mpsc::channel());
    waiter.set(move || {
        let wait = told.wait_for("bank", 1, Duration::from_millis(50)).map(drop);
        tell.0.send([told.catch_up("bank").map(drop), wait]).unwrap();
    });
    events.dispatch_all(noted()).unwrap();
    assert_eq!(events.catch_up("bank").unwrap(), 1);
    for ended in tell.1.recv().unwrap() {
        assert!(
            matches!(ended.as_ref().unwrap_err().downcast_ref(), Some(EventError::TimedOut { .. })),
            "{ended:?}"
        );
    }
}

/// A handler that waits for a thread that dispatches to the same store ends at the busy timeout.
fn a_handler_waits_for_a_thread_that_dispatches(is_inline: bool) {
    let waiter = Waiter::default();
    let bank = waiter.projection();
    let options = StoreOptions::new().busy_timeout(Duration::from_millis(50));
    let events = Events::builder(Arc::new(MemoryStore::open(&options).unwrap()), "main")
        .projection(if is_inline { bank } else { bank.behind() })
        .build()
        .unwrap();
    let (told, tell) = (events.clone(), mpsc::channel());
    waiter.set(move || tell.0.send(told.dispatch_all(noted())).unwrap());
    events.dispatch_all(noted()).unwrap();
    assert_eq!(events.catch_up("bank").unwrap(), 1);
    match tell.1.recv().unwrap() {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Busy),
        other => panic!("inline: {is_inline}: {other:?}"),
    }
    events.dispatch_all(noted()).unwrap();
}

#[test]
fn waiting_for_a_thread_that_dispatches_ends_at_the_busy_timeout() {
    a_handler_waits_for_a_thread_that_dispatches(false);
}

/// The handler runs within the commit of the dispatching thread, which is that of its group: the
/// other thread's event is queued behind it, and refused.
#[test]
fn waiting_inline_for_a_thread_that_dispatches_ends_at_the_busy_timeout() {
    a_handler_waits_for_a_thread_that_dispatches(true);
}

/// The deadline of a reader is its own, whatever others do.
#[test]
fn a_reader_returns_at_its_deadline() {
    let events = Events::builder(Arc::new(MemoryStore::new()), "main").build().unwrap();
    let mut tail = events.tail(EventQuery::all());
    let began = Instant::now();
    assert!(tail.next(1, Duration::from_millis(10)).unwrap().is_empty());
    assert!(began.elapsed() >= Duration::from_millis(10));
}
