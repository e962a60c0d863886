//! Standbys: what can be read there, and what becomes of a store whose server is replaced.

#![allow(clippy::unwrap_used, reason = "what helps a test may panic as the test may")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use arbour_conformance::serializability::{
    History, KvLists, Lists as _, Observation, Outcome, Recorded, check,
};
use arbour_core::{ErrorKind, KvStore, Result, StoreOptions, Tree};
use arbour_postgres::PostgresStore;
use arbour_servers::Postgres;

/// A commit waits until the standby has it.
const SYNCHRONOUS: [&str; 2] = ["cluster_name=standby", "synchronous_standby_names=standby"];

const KEYS: u64 = 4;
const CLIENTS: u64 = 4;

fn open(url: &str) -> Result<PostgresStore> {
    PostgresStore::open(url, &StoreOptions::new())
}

#[test]
fn a_standby_is_read_only() -> Result<()> {
    let server = Postgres::start(&[]).unwrap();
    let store = open(&server.url("app"))?;
    store.put(&store.tree("t")?, b"a", b"1")?;
    let standby = server.start_standby().unwrap();
    let copy = open(&standby.url("app"))?;
    let t = copy.tree("t")?;
    assert_eq!(copy.get(&t, b"a")?.as_deref(), Some(&b"1"[..]));
    let error = copy.put(&t, b"a", b"2").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error:?}");
    assert_eq!(copy.get(&t, b"a")?.as_deref(), Some(&b"1"[..]));
    assert_eq!(open(&standby.url("none")).unwrap_err().kind(), ErrorKind::NotFound);
    copy.close()?;
    // With both in the address, the one that can be written is used, wherever it stands.
    let both = server.url("app").replacen('@', &format!("@127.0.0.1:{},", standby.port()), 1);
    let store = open(&both)?;
    store.put(&store.tree("t")?, b"a", b"3")
}

/// A store that has seen a standby take over does not go back to the server before it.
#[test]
fn a_replaced_server_is_left_for_ever() -> Result<()> {
    let server = Postgres::start(&[]).unwrap();
    let standby = server.start_standby().unwrap();
    let both = server
        .url("app")
        .replace("/postgres?", &format!(",127.0.0.1:{}/postgres?timeout=3&", standby.port()));
    let store = open(&both)?;
    let t = store.tree("t")?;
    store.put(&t, b"a", b"1")?;
    server.kill().unwrap();
    standby.promote().unwrap();
    store.put(&t, b"a", b"2")?;
    // It comes back as it was, and knows nothing of that.
    standby.kill().unwrap();
    server.run().unwrap();
    let error = store.get(&t, b"a").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable, "{error:?}");
    standby.run().unwrap();
    assert_eq!(store.get(&t, b"a")?.as_deref(), Some(&b"2"[..]));
    Ok(())
}

/// What clients share.
struct Clients {
    store: PostgresStore,
    tree: Tree,
    elements: AtomicU64,
    commits: AtomicU64,
    is_over: AtomicBool,
}

impl Clients {
    /// Appends to lists that it has read, until it is over.
    fn run(&self, client: u64) -> Vec<Recorded> {
        let mut history = Vec::new();
        for round in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            history.push(self.once(client + round));
            thread::sleep(Duration::from_millis(8));
        }
        history
    }

    fn once(&self, number: u64) -> Recorded {
        let mut recorded = Recorded {
            observed: Vec::new(),
            appended: BTreeMap::new(),
            outcome: Outcome::RolledBack,
        };
        if let Err(error) = self.attempt(number, &mut recorded) {
            recorded.outcome = match error.kind() {
                // It says that nothing was written, or waited for its turn in vain.
                ErrorKind::Unreachable | ErrorKind::Busy => Outcome::RolledBack,
                kind => {
                    assert_eq!(kind, ErrorKind::CommitUnknown, "{error:?}");
                    Outcome::Unknown
                }
            };
        }
        recorded
    }

    fn attempt(&self, number: u64, recorded: &mut Recorded) -> Result<()> {
        let mut lists = KvLists::new(self.store.begin()?, &self.tree);
        for key in [number % KEYS, (number + 1 + number % 3) % KEYS] {
            let key = u8::try_from(key).unwrap();
            let mut list = lists.read(key)?;
            recorded.observed.push(Observation { key, list: list.clone(), by_scan: false });
            let element = self.elements.fetch_add(1, Ordering::Relaxed);
            list.push(element);
            lists.write(key, list)?;
            recorded.appended.insert(key, element);
        }
        lists.commit()?;
        recorded.outcome = Outcome::Committed;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Waits until so many more transactions have committed, and returns how long that took.
    fn wait_for(&self, more: u64) -> Duration {
        let (begin, before) = (Instant::now(), self.commits.load(Ordering::Relaxed));
        while self.commits.load(Ordering::Relaxed) < before + more {
            assert!(begin.elapsed() < Duration::from_secs(60), "nothing commits any more");
            thread::sleep(Duration::from_millis(2));
        }
        begin.elapsed()
    }
}

/// The primary is killed again and again while clients write, and its standby takes over. Every
/// acknowledged write is there, each of them once, and the history is serializable.
///
/// There are two rounds, or as many as `ARBOUR_FAILOVER_ROUNDS` says.
#[test]
fn a_standby_takes_over() -> Result<()> {
    let rounds = std::env::var("ARBOUR_FAILOVER_ROUNDS").map_or(2, |text| text.parse().unwrap());
    // The first commits wait for the standby.
    let mut primary = Postgres::start(&SYNCHRONOUS).unwrap();
    let mut standby = primary.start_standby().unwrap();
    let both = format!(",127.0.0.1:{}/postgres?", standby.port());
    let store = open(&primary.url("app").replace("/postgres?", &both))?;
    let tree = store.tree("lists")?;
    let (elements, commits) = (AtomicU64::new(1), AtomicU64::new(0));
    let clients = Clients { store, tree, elements, commits, is_over: AtomicBool::new(false) };
    let transactions: Vec<Recorded> = thread::scope(|scope| {
        let running: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let clients = &clients;
                scope.spawn(move || clients.run(client))
            })
            .collect();
        for round in 0..rounds {
            clients.wait_for(60);
            primary.kill().unwrap();
            let begin = Instant::now();
            standby.promote().unwrap();
            let promoted = begin.elapsed();
            std::mem::swap(&mut primary, &mut standby);
            // Until another machine has them, commits wait.
            standby.follow(&primary).unwrap();
            clients.wait_for(1);
            println!(
                "round {round}: promoted after {promoted:?}, written after {:?}",
                begin.elapsed()
            );
        }
        clients.wait_for(60);
        clients.is_over.store(true, Ordering::Relaxed);
        running.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let mut last = KvLists::new(clients.store.begin()?, &clients.tree);
    let mut history = History { transactions, ..History::default() };
    for key in 0..u8::try_from(KEYS).unwrap() {
        history.left.insert(key, last.read(key)?);
    }
    let unknown = history.transactions.iter().filter(|one| one.outcome == Outcome::Unknown).count();
    println!("{} transactions, {unknown} with an unknown outcome", history.transactions.len());
    let anomalies = check(&history);
    assert!(anomalies.is_empty(), "{anomalies:?}");
    Ok(())
}
