//! Grouped writes wait with a deadline, and a thread that would wait for itself does not wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use arbour::GroupCommit;
use arbour_core::engine::{SendSnapshot, TreeName};
use arbour_core::{
    Batch, Capabilities, Durability, Error, ErrorKind, KvStore, KvWrite, MemoryStore, Result,
    Stats, StoreOptions, Tree,
};
use parking_lot::Mutex;

type Store = Arc<GroupCommit<Impatient>>;

/// The timeout of a write that has to be refused: nothing else has to happen in this time.
const BRIEF: Duration = Duration::from_millis(20);

/// The timeout of things that have to happen, however slow the machine is: a test that waits longer
/// has failed.
const AMPLE: Duration = Duration::from_secs(120);

/// A store in memory whose timeout for grouped writes can be changed, so that of two writes in a
/// group one is refused early and the other is not.
struct Impatient {
    store: MemoryStore,
    wait: Mutex<Option<Duration>>,
}

impl KvStore for Impatient {
    type Snapshot<'s> = <MemoryStore as KvStore>::Snapshot<'s>;
    type Transaction<'s> = <MemoryStore as KvStore>::Transaction<'s>;

    fn capabilities(&self) -> &Capabilities {
        self.store.capabilities()
    }

    fn open_tree(&self, name: TreeName<'_>) -> Result<Tree> {
        self.store.open_tree(name)
    }

    fn snapshot(&self) -> Result<Self::Snapshot<'_>> {
        self.store.snapshot()
    }

    fn send_snapshot(&self) -> Result<SendSnapshot<'_>> {
        self.store.send_snapshot()
    }

    fn begin_with(&self, durability: Durability) -> Result<Self::Transaction<'_>> {
        self.store.begin_with(durability)
    }

    fn writer_wait(&self) -> Duration {
        self.wait.lock().unwrap_or_else(|| self.store.writer_wait())
    }

    fn apply(&self, batch: Batch, durability: Durability) -> Result<()> {
        self.store.apply(batch, durability)
    }

    fn sync(&self) -> Result<()> {
        self.store.sync()
    }

    fn close(&self) -> Result<()> {
        self.store.close()
    }

    fn stats(&self) -> Result<Stats> {
        self.store.stats()
    }
}

fn open(wait: Duration) -> Store {
    let options = StoreOptions::new().busy_timeout(wait);
    let store = MemoryStore::open(&options).expect("memory opens");
    Arc::new(GroupCommit::new(Impatient { store, wait: Mutex::new(None) }))
}

fn wait_until_queued(store: &Store, count: usize) {
    let began = Instant::now();
    while store.queued() != count {
        assert!(began.elapsed() < AMPLE, "{} writes are queued, not {count}", store.queued());
        thread::yield_now();
    }
}

/// Puts a key through the group on a thread of its own; the closure runs `first` before that.
fn put(
    store: &Store,
    key: &'static [u8],
    first: impl Fn() + Send + 'static,
) -> JoinHandle<Result<()>> {
    let store = Arc::clone(store);
    thread::spawn(move || {
        let tree = store.tree("t")?;
        store.write_grouped(Durability::default(), move |transaction| {
            first();
            transaction.put(&tree, key, b"")
        })
    })
}

/// Blocks the group with a closure that runs until it is told to end.
fn hold(store: &Store) -> (JoinHandle<Result<()>>, Sender<()>) {
    let (begun, has_begun) = channel();
    let (end, ended): (_, Receiver<()>) = channel();
    let held = put(store, b"holder", move || {
        begun.send(()).expect("the test waits for it");
        ended.recv().expect("the test ends it");
    });
    has_begun.recv().expect("the closure begins");
    (held, end)
}

fn refusal(result: Result<()>) -> ErrorKind {
    result.expect_err("it is refused").kind()
}

fn holds(store: &Store, key: &[u8]) -> bool {
    let tree = store.tree("t").expect("a good name");
    store.get(&tree, key).expect("it reads").is_some()
}

#[test]
fn a_closure_of_a_group_is_told_to_use_its_transaction() {
    let store = open(Duration::from_millis(1));
    let inner = store.clone();
    let refused = store.write_grouped(Durability::default(), move |_| {
        inner.write_grouped(Durability::default(), |_| Ok::<_, Error>(()))
    });
    let refused = refused.expect_err("it would wait for itself");
    assert_eq!(refused.kind(), ErrorKind::Busy);
    assert_eq!(refused.message(), "this thread runs a group: use the transaction it was given");
}

#[test]
fn a_thread_that_holds_a_transaction_is_busy_at_once_while_another_leads() {
    let store = open(Duration::MAX);
    let tree = store.tree("t").expect("a good name");
    for by_hand in [true, false] {
        let transaction = match by_hand {
            true => store.begin(),
            false => store.inner().begin(),
        };
        let transaction = transaction.expect("the store is free");
        let leader = put(&store, b"leader", || ());
        wait_until_queued(&store, 1);
        assert_eq!(refusal(store.put(&tree, b"own", b"")), ErrorKind::Busy);
        transaction.rollback().expect("it rolls back");
        leader.join().expect("no panic").expect("the leader gets through");
        assert!(holds(&store, b"leader") && !holds(&store, b"own"));
    }
    // The group has recovered: this thread can write again.
    store.put(&tree, b"own", b"").expect("it writes");
}

#[test]
fn a_thread_that_holds_a_transaction_is_busy_at_once_when_it_would_lead() {
    let store = open(Duration::MAX);
    let tree = store.tree("t").expect("a good name");
    let transaction = store.begin().expect("the store is free");
    assert_eq!(refusal(store.put(&tree, b"own", b"")), ErrorKind::Busy);
    assert_eq!(store.queued(), 0);
    transaction.commit().expect("it commits");
    store.put(&tree, b"own", b"").expect("it writes");
}

#[test]
fn a_queued_write_is_dropped_at_the_deadline_and_surely_not_run() {
    let store = open(BRIEF);
    let (held, end) = hold(&store);
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let late = put(&store, b"late", move || {
        count.fetch_add(1, Ordering::SeqCst);
    });
    assert_eq!(refusal(late.join().expect("no panic")), ErrorKind::Busy);
    assert_eq!(store.queued(), 0, "what is refused is not queued any more");
    assert_eq!(Arc::strong_count(&runs), 1, "its closure is dropped");
    end.send(()).expect("the holder waits");
    held.join().expect("no panic").expect("the holder writes");
    assert_eq!(runs.load(Ordering::SeqCst), 0);
    assert!(!holds(&store, b"late"));
    let after = put(&store, b"after", || ());
    after.join().expect("no panic").expect("the group goes on");
}

#[test]
fn writes_wait_for_a_transaction_begun_by_hand_no_longer_than_the_deadline() {
    let store = open(BRIEF);
    let transaction = store.begin().expect("the store is free");
    let writers: Vec<_> = (0..4).map(|_| put(&store, b"late", || ())).collect();
    for writer in writers {
        assert_eq!(refusal(writer.join().expect("no panic")), ErrorKind::Busy);
    }
    assert_eq!(store.queued(), 0);
    transaction.commit().expect("it commits");
    let after = put(&store, b"after", || ());
    after.join().expect("no panic").expect("the group goes on");
}

/// A closure waits for a thread that writes through the same group: queued behind it.
#[test]
fn a_group_that_waits_for_a_write_behind_it_ends_at_the_deadline() {
    let store = open(BRIEF);
    let inner = Arc::clone(&store);
    let queued = store.write_grouped(Durability::None, move |_| {
        Ok::<_, Error>(put(&inner, b"queued", || ()).join().expect("no panic"))
    });
    assert_eq!(refusal(queued.expect("the outer write goes on")), ErrorKind::Busy);
    assert!(!holds(&store, b"queued"));
}

/// A closure waits for a thread whose write is in its own group, and has run before it or comes
/// after it.
#[test]
fn a_group_that_waits_for_a_write_in_it_ends_at_the_deadline() {
    for (runs_first, expected) in [(false, ErrorKind::Busy), (true, ErrorKind::CommitUnknown)] {
        let mut waits = (0..12).map(|doublings| BRIEF * (1 << doublings));
        let is_expected = |wait| wait_in_group(runs_first, wait) == Some(expected);
        assert!(waits.any(is_expected), "runs first: {runs_first}");
    }
}

/// Returns how the write for which a closure of its group waits ended, or `None` if it ended before
/// that closure began, because the setup may take longer than `wait`.
fn wait_in_group(runs_first: bool, wait: Duration) -> Option<ErrorKind> {
    let store = open(AMPLE);
    let (held, end) = hold(&store);
    let (tell, told) = channel();
    let (pass_on, passed_on) = channel();
    let waiting = || {
        put(&store, b"waiting", move || {
            if told.try_recv() == Err(TryRecvError::Empty) {
                let kind = told.recv_timeout(AMPLE).expect("the other write ends");
                pass_on.send(kind).expect("the test listens");
            }
        })
    };
    let other = || {
        let queued = store.queued();
        *store.inner().wait.lock() = Some(wait);
        let other = put(&store, b"other", || ());
        // Until it has read its timeout: then it is queued, or already refused.
        while store.queued() == queued && !other.is_finished() {
            thread::yield_now();
        }
        *store.inner().wait.lock() = None;
        thread::spawn(move || {
            let ended = refusal(other.join().expect("no panic"));
            tell.send(ended).expect("the closure is there");
        })
    };
    // It leads them: a closure that waits for the thread on which it runs cannot be helped.
    let leader = put(&store, b"leader", || ());
    wait_until_queued(&store, 1);
    let (waiting, other) = if runs_first {
        let other = other();
        (waiting(), other)
    } else {
        let waiting = waiting();
        wait_until_queued(&store, 2);
        (waiting, other())
    };
    // The other write may have been refused meanwhile.
    let is_queued = || store.queued() == 3 || other.is_finished() && store.queued() == 2;
    while !is_queued() {
        thread::yield_now();
    }
    end.send(()).expect("the holder waits");
    for writer in [held, leader, waiting] {
        writer.join().expect("no panic").expect("it writes");
    }
    other.join().expect("no panic");
    let kind = passed_on.recv().ok()?;
    let is_committed = kind == ErrorKind::CommitUnknown;
    assert_eq!(holds(&store, b"other"), is_committed, "what ran is committed in the end");
    // No caller that left is still waited for.
    put(&store, b"after", || ()).join().expect("no panic").expect("the group goes on");
    Some(kind)
}

#[test]
fn a_store_that_must_not_wait_writes_while_it_is_free() {
    let store = open(Duration::ZERO);
    let tree = store.tree("t").expect("a good name");
    store.put(&tree, b"a", b"").expect("nothing is in its way");
    let (held, end) = hold(&store);
    assert_eq!(refusal(store.put(&tree, b"b", b"")), ErrorKind::Busy);
    end.send(()).expect("the holder waits");
    held.join().expect("no panic").expect("the holder writes");
    store.put(&tree, b"b", b"").expect("nothing is in its way");
}

#[test]
fn a_stronger_write_that_comes_late_is_committed_after_the_group() {
    // The transaction of the group was begun with a weaker durability, or is about to be.
    let store = open(Duration::MAX);
    let transaction = store.begin().expect("the store is free");
    let weak = {
        let store = Arc::clone(&store);
        thread::spawn(move || {
            let tree = store.tree("t")?;
            store.write_grouped(Durability::None, move |t| t.put(&tree, b"weak", b""))
        })
    };
    wait_until_queued(&store, 1);
    let strong = put(&store, b"strong", || ());
    wait_until_queued(&store, 2);
    transaction.commit().expect("it commits");
    weak.join().expect("no panic").expect("it writes");
    strong.join().expect("no panic").expect("it writes");
    assert!(holds(&store, b"weak") && holds(&store, b"strong"));
}
