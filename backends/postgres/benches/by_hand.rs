//! What the engine costs above the same work done by hand with the crate `postgres`, on a server of its own:
//! each operation once by hand and once with Arbour, in turns, and the medians.
//!
//! ```text
//! cargo bench -p arbour-postgres --bench by_hand
//! ```

#![allow(clippy::unwrap_used, reason = "a measurement that fails has no result")]

use std::thread;
use std::time::{Duration, Instant};

use arbour_core::{
    Batch, Cursor as _, Direction, Durability, KeyRange, KvRead as _, KvStore as _, KvWrite as _,
    StoreOptions,
};
use arbour_postgres::PostgresStore;
use arbour_servers::{Postgres, Proxy};
use postgres::{Client, NoTls, Statement};

const ENTRIES: u32 = 100_000;
const ROUNDS: usize = 301;
const UPSERT: &str = "INSERT INTO app.entries VALUES ($1, $2, $3) \
     ON CONFLICT (tree, key) DO UPDATE SET value = excluded.value";

fn key(number: u32) -> [u8; 4] {
    (number.wrapping_mul(2_654_435_761) % ENTRIES).to_be_bytes()
}

/// One round of something, given a number that differs each time.
type Round<'r> = Box<dyn FnMut(u32) + 'r>;

/// Runs both in turns, and returns the medians.
fn pair<'r>(rounds: usize, mut hand: Round<'r>, mut arbour: Round<'r>) -> [Duration; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..rounds as u32 {
        for (times, run) in times.iter_mut().zip([&mut hand, &mut arbour]) {
            let begin = Instant::now();
            run(round);
            times.push(begin.elapsed());
        }
    }
    times.map(|mut times| {
        times.sort();
        times.get(times.len() / 2).copied().unwrap_or_default()
    })
}

fn show(name: &str, [hand, arbour]: [Duration; 2]) {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let ratio = micros(arbour) / micros(hand);
    println!("| {name} | {:.0} | {:.0} | {ratio:.2} |", micros(hand), micros(arbour));
}

struct ByHand {
    client: Client,
    get: Statement,
    upsert: Statement,
    scan: Statement,
}

impl ByHand {
    fn connect(port: u16) -> Self {
        let url = format!("postgres://arbour@127.0.0.1:{port}/postgres");
        let mut client = Client::connect(&url, NoTls).unwrap();
        // The plans that the engine has.
        client.batch_execute("SET enable_seqscan = off; SET enable_bitmapscan = off").unwrap();
        let get = client.prepare("SELECT value FROM app.entries WHERE tree = $1 AND key = $2");
        let upsert = client.prepare(UPSERT).unwrap();
        let scan = "SELECT key, value FROM app.entries WHERE tree = $1 AND key >= $2 ORDER BY key LIMIT 10000";
        let (get, scan) = (get.unwrap(), client.prepare(scan).unwrap());
        Self { client, get, upsert, scan }
    }
}

fn latencies(port: u16, rounds: usize) {
    let url = format!("postgres://arbour@127.0.0.1:{port}/postgres?schema=app");
    let store = PostgresStore::open(&url, &StoreOptions::new()).unwrap();
    let t = store.tree("t").unwrap();
    let hand = std::cell::RefCell::new(ByHand::connect(port));
    println!("| operation | by hand, us | Arbour, us | ratio |\n|---|--:|--:|--:|");
    let get = pair(
        rounds,
        Box::new(|n| {
            let ByHand { client, get, .. } = &mut *hand.borrow_mut();
            client.query_one(get, &[&1_i32, &&key(n)[..]]).unwrap();
        }),
        Box::new(|n| assert!(store.get(&t, &key(n)).unwrap().is_some())),
    );
    show("get", get);
    let put = pair(
        rounds,
        Box::new(|n| {
            let ByHand { client, upsert, .. } = &mut *hand.borrow_mut();
            client.execute(upsert, &[&1_i32, &&key(n)[..], &&[7_u8; 100][..]]).unwrap();
        }),
        Box::new(|n| store.put(&t, &key(n), &[8; 100]).unwrap()),
    );
    show("put, durable (by hand without a lock)", put);
    let transaction = pair(
        rounds,
        Box::new(|n| {
            let ByHand { client, get, upsert, .. } = &mut *hand.borrow_mut();
            let mut transaction = client.transaction().unwrap();
            transaction.batch_execute("LOCK TABLE app.arbour IN EXCLUSIVE MODE").unwrap();
            for step in 0..10 {
                transaction.query_one(get, &[&1_i32, &&key(n + step)[..]]).unwrap();
            }
            for step in 0..10 {
                let key = key(n + step);
                transaction.execute(upsert, &[&1_i32, &&key[..], &&[7_u8; 100][..]]).unwrap();
            }
            transaction.commit().unwrap();
        }),
        Box::new(|n| {
            let written = store.write(|transaction| {
                for step in 0..10 {
                    assert!(transaction.get(&t, &key(n + step))?.is_some());
                    transaction.put(&t, &key(n + step), &[8; 100])?;
                }
                Ok(())
            });
            written.unwrap();
        }),
    );
    show("transaction of 10 reads and 10 writes", transaction);
    let scan = pair(
        rounds / 10 + 1,
        Box::new(|_| {
            let ByHand { client, scan, .. } = &mut *hand.borrow_mut();
            let rows = client.query(scan, &[&1_i32, &&[0_u8][..]]).unwrap();
            assert_eq!(rows.len(), 10_000);
        }),
        Box::new(|_| {
            let snapshot = store.snapshot().unwrap();
            let mut cursor = snapshot.scan(&t, KeyRange::all(), Direction::Forward).unwrap();
            (0..10_000).for_each(|_| assert!(cursor.next().unwrap().is_some()));
        }),
    );
    show("scan of 10,000 entries", scan);
    store.close().unwrap();
}

/// Operations of many clients in a second.
fn throughput(server: &Postgres) {
    println!("\n| clients | gets/s by hand | gets/s | puts/s by hand, without a lock | puts/s |");
    println!("|--:|--:|--:|--:|--:|");
    for clients in [1_u32, 8, 64] {
        let url = server.url("app") + "&connections=80";
        let store = PostgresStore::open(&url, &StoreOptions::new()).unwrap();
        let t = store.tree("t").unwrap();
        let by_hand = |is_get: bool| {
            count(clients, |client, until| {
                let mut hand = ByHand::connect(server.port());
                let mut done = 0_u32;
                while Instant::now() < until {
                    let key = key(client * 1000 + done);
                    let ByHand { client, get, upsert, .. } = &mut hand;
                    if is_get {
                        client.query_one(get, &[&1_i32, &&key[..]]).unwrap();
                    } else {
                        client.execute(upsert, &[&1_i32, &&key[..], &&[7_u8; 100][..]]).unwrap();
                    }
                    done += 1;
                }
                done
            })
        };
        let with_arbour = |is_get: bool| {
            count(clients, |client, until| {
                let mut done = 0_u32;
                while Instant::now() < until {
                    let key = key(client * 1000 + done);
                    if is_get {
                        store.get(&t, &key).unwrap();
                    } else {
                        store.put(&t, &key, &[8; 100]).unwrap();
                    }
                    done += 1;
                }
                done
            })
        };
        let figures = [by_hand(true), with_arbour(true), by_hand(false), with_arbour(false)];
        let figures = figures.map(|figure| format!("{figure:.0}"));
        println!("| {clients} | {} |", figures.join(" | "));
    }
}

fn count(clients: u32, run: impl Fn(u32, Instant) -> u32 + Sync) -> f64 {
    const SECONDS: u64 = 3;
    // Connections are opened before it counts.
    let run = &run;
    thread::scope(|scope| {
        let until = Instant::now() + Duration::from_secs(SECONDS);
        let running: Vec<_> =
            (0..clients).map(|client| scope.spawn(move || run(client, until))).collect();
        let done: u32 = running.into_iter().map(|client| client.join().unwrap()).sum();
        f64::from(done) / SECONDS as f64
    })
}

fn main() {
    let server = Postgres::start(&["max_connections=300"]).unwrap();
    let store = PostgresStore::open(&server.url("app"), &StoreOptions::new()).unwrap();
    let t = store.tree("t").unwrap();
    let mut batch = Batch::new();
    for number in 0..ENTRIES {
        batch.put(&t, &number.to_be_bytes(), &[7; 100]);
    }
    store.apply(batch, Durability::PowerLoss).unwrap();
    println!("A server on this machine\n");
    latencies(server.port(), ROUNDS);
    let proxy = Proxy::start(server.port()).unwrap();
    proxy.delay(Duration::from_millis(1));
    println!("\nWith a millisecond more in each direction\n");
    latencies(proxy.port(), ROUNDS / 5);
    throughput(&server);
}
